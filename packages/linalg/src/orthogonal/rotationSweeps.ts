/**
 * Plane rotations collected over several sweeps of an iteration and applied to the vectors together.
 *
 * Rotation k acts on columns k and k + 1 of a row-major matrix:
 *
 *     (x_k, x_{k+1}) ← (c x_k + s x_{k+1},  c x_{k+1} − s x_k)
 *
 * A sweep is a chain of rotations over neighbouring columns, downwards (k falling, QL) or upwards (k rising, QR). The
 * iteration on the tridiagonal or bidiagonal matrix never looks at the vectors, so its rotations can wait: when the store
 * is full, each group of four rows is copied to a panel, row beside row, and taken through all sweeps while it lies in the
 * first-level cache. Two sweeps go together, the second one column behind the first, so that each element is loaded and
 * stored once for two rotations. Upward sweeps are downward sweeps on reversed columns, with the sine's sign changed.
 * Cost: 6 operations per rotation and row.
 *
 * Reference: Van Zee, van de Geijn, Quintana-Ortí, Restructuring the tridiagonal and bidiagonal QR algorithms for
 * performance, ACM TOMS 40 (2014), §§4–5.
 */

/** Sweeps kept before they are applied, even; with n = 512 their (c, s) take 256 KiB, which a second-level cache holds. */
const SWEEPS_KEPT = 32;

/** Rows in a panel. */
const PANEL = 4;

/** 1: k rises along the sweep, −1: k falls. */
export type SweepDirection = 1 | -1;

export interface RotationSweeps {
  /** The matrix whose columns are rotated, [rows, columns] row-major. */
  readonly target: Float64Array;
  readonly rows: number;
  readonly columns: number;
  /** Sweep w's (c, s) for position j at 2 (w · columns + j); position is k downwards, columns − 2 − k upwards. */
  readonly coefficients: Float64Array;
  /** Per sweep: first and last position, inclusive. */
  readonly extents: Int32Array;
  /** Of all sweeps kept. */
  direction: SweepDirection;
  count: number;
}

/** An empty store for a target of this size. */
export function makeRotationSweeps(target: Float64Array, rows: number, columns: number): RotationSweeps {
  return {
    target,
    rows,
    columns,
    coefficients: new Float64Array(2 * SWEEPS_KEPT * columns),
    extents: new Int32Array(2 * SWEEPS_KEPT),
    direction: -1,
    count: 0,
  };
}

/** Begins a sweep; what is kept is applied first when the store is full or the direction changes. */
export function openSweepInPlace(sweeps: RotationSweeps, direction: SweepDirection): void {
  if (sweeps.count === SWEEPS_KEPT || sweeps.direction !== direction) applySweepsInPlace(sweeps);
  sweeps.direction = direction;
}

/** Sets rotation k of the open sweep. */
export function setRotationInPlace(sweeps: RotationSweeps, k: number, cosine: number, sine: number): void {
  const isUp = sweeps.direction === 1;
  const at = 2 * (sweeps.count * sweeps.columns + (isUp ? sweeps.columns - 2 - k : k));
  sweeps.coefficients[at] = cosine;
  sweeps.coefficients[at + 1] = isUp ? -sine : sine;
}

/** Ends the open sweep, whose rotations first .. last (inclusive) have all been set. */
export function closeSweepInPlace(sweeps: RotationSweeps, first: number, last: number): void {
  const isUp = sweeps.direction === 1;
  sweeps.extents[2 * sweeps.count] = isUp ? sweeps.columns - 2 - last : first;
  sweeps.extents[2 * sweeps.count + 1] = isUp ? sweeps.columns - 2 - first : last;
  sweeps.count++;
}

/** Applies all sweeps kept, in order, and empties the store. */
export function applySweepsInPlace(sweeps: RotationSweeps): void {
  if (sweeps.count === 0) return;
  pairSweepsInPlace(sweeps);
  const { rows, columns, coefficients, extents, count } = sweeps;
  const panel = new Float64Array(PANEL * (columns + 1));
  for (let row = 0; row < rows; row += PANEL) {
    copyPanel(sweeps, row, panel, 'pack');
    for (let w = 0; w < count; w += 2) {
      const base = 2 * w * columns;
      rotatePanelInPlace(panel, coefficients, base, base + 2 * columns, extents[2 * w]!, extents[2 * w + 1]!);
    }
    copyPanel(sweeps, row, panel, 'unpack');
  }
  sweeps.count = 0;
}

/** Gives both sweeps of each pair the union of their extents, with identity rotations where one had none and just above. */
function pairSweepsInPlace(sweeps: RotationSweeps): void {
  const { extents, columns, coefficients } = sweeps;
  // An odd sweep is paired with an empty one.
  if (sweeps.count % 2 === 1) {
    extents[2 * sweeps.count] = extents[2 * sweeps.count - 2]!;
    extents[2 * sweeps.count + 1] = extents[2 * sweeps.count - 2]! - 1;
  }
  for (let w = 0; w < sweeps.count; w += 2) {
    const first = Math.min(extents[2 * w]!, extents[2 * w + 2]!);
    const last = Math.max(extents[2 * w + 1]!, extents[2 * w + 3]!);
    for (const sweep of [w, w + 1]) {
      const base = 2 * sweep * columns;
      fillIdentity(coefficients, base, first, extents[2 * sweep]! - 1);
      fillIdentity(coefficients, base, extents[2 * sweep + 1]! + 1, last);
      fillIdentity(coefficients, base, last + 1, last + 1);
      extents[2 * sweep] = first;
      extents[2 * sweep + 1] = last;
    }
  }
}

function fillIdentity(coefficients: Float64Array, base: number, first: number, last: number): void {
  for (let j = first; j <= last; j++) {
    coefficients[base + 2 * j] = 1;
    coefficients[base + 2 * j + 1] = 0;
  }
}

/** Four rows to or from panel[4 j + i], columns reversed for upward sweeps. Rows past the end are left as they are. */
function copyPanel(sweeps: RotationSweeps, row: number, panel: Float64Array, way: 'pack' | 'unpack'): void {
  const { target, rows, columns, direction } = sweeps;
  const count = Math.min(PANEL, rows - row);
  for (let i = 0; i < count; i++) {
    let from = (row + i) * columns + (direction === 1 ? columns - 1 : 0);
    for (let j = i; j < PANEL * columns; j += PANEL, from -= direction) {
      if (way === 'pack') panel[j] = target[from]!;
      else target[from] = panel[j]!;
    }
  }
}

/**
 * Two downward sweeps over positions last .. first. `a` carries the element that the first sweep will meet again, `b` the
 * second's; what leaves the first sweep, `mid`, is what the second takes in one column later. So the second starts with an
 * identity at last + 1, and the panel has a column of zeros past the end.
 */
function rotatePanelInPlace(
  panel: Float64Array,
  coefficients: Float64Array,
  base1: number,
  base2: number,
  first: number,
  last: number,
): void {
  let at = PANEL * last;
  let q1 = base1 + 2 * last;
  let q2 = base2 + 2 * last + 2;
  let a0 = panel[at + 4]!;
  let a1 = panel[at + 5]!;
  let a2 = panel[at + 6]!;
  let a3 = panel[at + 7]!;
  let b0 = panel[at + 8]!;
  let b1 = panel[at + 9]!;
  let b2 = panel[at + 10]!;
  let b3 = panel[at + 11]!;
  for (; at >= PANEL * first; at -= PANEL, q1 -= 2, q2 -= 2) {
    const c = coefficients[q1]!;
    const s = coefficients[q1 + 1]!;
    const d = coefficients[q2]!;
    const t = coefficients[q2 + 1]!;
    const x0 = panel[at]!;
    const mid0 = c * a0 - s * x0;
    a0 = c * x0 + s * a0;
    panel[at + 8] = d * b0 - t * mid0;
    b0 = d * mid0 + t * b0;
    const x1 = panel[at + 1]!;
    const mid1 = c * a1 - s * x1;
    a1 = c * x1 + s * a1;
    panel[at + 9] = d * b1 - t * mid1;
    b1 = d * mid1 + t * b1;
    const x2 = panel[at + 2]!;
    const mid2 = c * a2 - s * x2;
    a2 = c * x2 + s * a2;
    panel[at + 10] = d * b2 - t * mid2;
    b2 = d * mid2 + t * b2;
    const x3 = panel[at + 3]!;
    const mid3 = c * a3 - s * x3;
    a3 = c * x3 + s * a3;
    panel[at + 11] = d * b3 - t * mid3;
    b3 = d * mid3 + t * b3;
  }
  at += PANEL;
  const d = coefficients[q2]!;
  const t = coefficients[q2 + 1]!;
  panel[at + 4] = d * b0 - t * a0;
  panel[at + 5] = d * b1 - t * a1;
  panel[at + 6] = d * b2 - t * a2;
  panel[at + 7] = d * b3 - t * a3;
  panel[at] = d * a0 + t * b0;
  panel[at + 1] = d * a1 + t * b1;
  panel[at + 2] = d * a2 + t * b2;
  panel[at + 3] = d * a3 + t * b3;
}
