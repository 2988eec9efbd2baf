/**
 * Plane rotations collected over several sweeps of an iteration and applied to the vectors together.
 *
 * Rotation k acts on columns k and k + 1 of a row-major matrix:
 *
 *     (x_k, x_{k+1}) ← (c x_k + s x_{k+1},  c x_{k+1} − s x_k)
 *
 * A sweep is a chain of rotations over neighbouring columns, downwards (k falling, QL) or upwards (k rising, QR). The
 * iteration on the tridiagonal or bidiagonal matrix never looks at the vectors, so its rotations can wait: when the store
 * is full, each group of four rows is taken through all sweeps while it lies in the first-level cache. Along a row the
 * element shared by two rotations stays in a register. Cost: 6 operations per rotation and row.
 *
 * Reference for the delay: Van Zee, van de Geijn, Quintana-Ortí, Restructuring the tridiagonal and bidiagonal QR
 * algorithms for performance, ACM TOMS 40 (2014), §4.
 */

/** Sweeps kept before they are applied: with n = 512, 32 sweeps of (c, s) take 256 KiB, which a second-level cache holds. */
const SWEEPS_KEPT = 32;

export interface RotationSweeps {
  /** The matrix whose columns are rotated, [rows, columns] row-major. */
  readonly target: Float64Array;
  readonly rows: number;
  readonly columns: number;
  /** Sweep w's rotation k at w · columns + k. */
  readonly cosines: Float64Array;
  readonly sines: Float64Array;
  /** Per sweep: first k, last k (inclusive), direction (1 upwards, −1 downwards). */
  readonly extents: Int32Array;
  count: number;
}

/** An empty store for a target of this size. */
export function makeRotationSweeps(target: Float64Array, rows: number, columns: number): RotationSweeps {
  return {
    target,
    rows,
    columns,
    cosines: new Float64Array(SWEEPS_KEPT * columns),
    sines: new Float64Array(SWEEPS_KEPT * columns),
    extents: new Int32Array(SWEEPS_KEPT * 3),
    count: 0,
  };
}

/** Where the next sweep's rotation 0 is to be written in `cosines` and `sines`; room is made by applying the full store. */
export function openSweepInPlace(sweeps: RotationSweeps): number {
  if (sweeps.count === SWEEPS_KEPT) applySweepsInPlace(sweeps);
  return sweeps.count * sweeps.columns;
}

/** Declares the sweep written: rotations first .. last (inclusive), rising or falling. */
export function closeSweepInPlace(sweeps: RotationSweeps, first: number, last: number, direction: 1 | -1): void {
  const at = sweeps.count * 3;
  sweeps.extents[at] = first;
  sweeps.extents[at + 1] = last;
  sweeps.extents[at + 2] = direction;
  sweeps.count++;
}

/** Applies all sweeps kept, in order, and empties the store. */
export function applySweepsInPlace(sweeps: RotationSweeps): void {
  const { target, rows, columns, cosines, sines, extents, count } = sweeps;
  let row = 0;
  for (; row + 4 <= rows; row += 4) {
    for (let sweep = 0; sweep < count; sweep++) {
      const apply = extents[sweep * 3 + 2] === 1 ? rotateFourRowsUpInPlace : rotateFourRowsDownInPlace;
      apply(
        target,
        row * columns,
        columns,
        cosines,
        sines,
        sweep * columns,
        extents[sweep * 3]!,
        extents[sweep * 3 + 1]!,
      );
    }
  }
  for (; row < rows; row++) {
    for (let sweep = 0; sweep < count; sweep++) {
      const apply = extents[sweep * 3 + 2] === 1 ? rotateRowUpInPlace : rotateRowDownInPlace;
      apply(target, row * columns, cosines, sines, sweep * columns, extents[sweep * 3]!, extents[sweep * 3 + 1]!);
    }
  }
  sweeps.count = 0;
}

function rotateFourRowsDownInPlace(
  target: Float64Array,
  row0: number,
  stride: number,
  cosines: Float64Array,
  sines: Float64Array,
  base: number,
  first: number,
  last: number,
): void {
  const row1 = row0 + stride;
  const row2 = row1 + stride;
  const row3 = row2 + stride;
  let high0 = target[row0 + last + 1]!;
  let high1 = target[row1 + last + 1]!;
  let high2 = target[row2 + last + 1]!;
  let high3 = target[row3 + last + 1]!;
  for (let k = last; k >= first; k--) {
    const c = cosines[base + k]!;
    const s = sines[base + k]!;
    const low0 = target[row0 + k]!;
    const low1 = target[row1 + k]!;
    const low2 = target[row2 + k]!;
    const low3 = target[row3 + k]!;
    target[row0 + k + 1] = c * high0 - s * low0;
    target[row1 + k + 1] = c * high1 - s * low1;
    target[row2 + k + 1] = c * high2 - s * low2;
    target[row3 + k + 1] = c * high3 - s * low3;
    high0 = c * low0 + s * high0;
    high1 = c * low1 + s * high1;
    high2 = c * low2 + s * high2;
    high3 = c * low3 + s * high3;
  }
  target[row0 + first] = high0;
  target[row1 + first] = high1;
  target[row2 + first] = high2;
  target[row3 + first] = high3;
}

function rotateFourRowsUpInPlace(
  target: Float64Array,
  row0: number,
  stride: number,
  cosines: Float64Array,
  sines: Float64Array,
  base: number,
  first: number,
  last: number,
): void {
  const row1 = row0 + stride;
  const row2 = row1 + stride;
  const row3 = row2 + stride;
  let low0 = target[row0 + first]!;
  let low1 = target[row1 + first]!;
  let low2 = target[row2 + first]!;
  let low3 = target[row3 + first]!;
  for (let k = first; k <= last; k++) {
    const c = cosines[base + k]!;
    const s = sines[base + k]!;
    const high0 = target[row0 + k + 1]!;
    const high1 = target[row1 + k + 1]!;
    const high2 = target[row2 + k + 1]!;
    const high3 = target[row3 + k + 1]!;
    target[row0 + k] = c * low0 + s * high0;
    target[row1 + k] = c * low1 + s * high1;
    target[row2 + k] = c * low2 + s * high2;
    target[row3 + k] = c * low3 + s * high3;
    low0 = c * high0 - s * low0;
    low1 = c * high1 - s * low1;
    low2 = c * high2 - s * low2;
    low3 = c * high3 - s * low3;
  }
  target[row0 + last + 1] = low0;
  target[row1 + last + 1] = low1;
  target[row2 + last + 1] = low2;
  target[row3 + last + 1] = low3;
}

function rotateRowDownInPlace(
  target: Float64Array,
  row: number,
  cosines: Float64Array,
  sines: Float64Array,
  base: number,
  first: number,
  last: number,
): void {
  let high = target[row + last + 1]!;
  for (let k = last; k >= first; k--) {
    const low = target[row + k]!;
    const c = cosines[base + k]!;
    const s = sines[base + k]!;
    target[row + k + 1] = c * high - s * low;
    high = c * low + s * high;
  }
  target[row + first] = high;
}

function rotateRowUpInPlace(
  target: Float64Array,
  row: number,
  cosines: Float64Array,
  sines: Float64Array,
  base: number,
  first: number,
  last: number,
): void {
  let low = target[row + first]!;
  for (let k = first; k <= last; k++) {
    const high = target[row + k + 1]!;
    const c = cosines[base + k]!;
    const s = sines[base + k]!;
    target[row + k] = c * low + s * high;
    low = c * high - s * low;
  }
  target[row + last + 1] = low;
}
