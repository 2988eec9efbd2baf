/**
 * Implicit-shift QR iteration on an upper bidiagonal matrix, B = X diag(σ) Yᵀ, with zero-shift sweeps where a shift would
 * cost small singular values their digits.
 *
 * Convergence, shifts and the direction of the chase are those of Demmel & Kahan, Accurate singular values of bidiagonal
 * matrices, SIAM J. Sci. Stat. Comput. 11 (1990), §§2–4, as in LAPACK dbdsqr: every singular value of B is found to a relative
 * accuracy of about 100 ε.
 *
 * The bulge is chased from the larger end of a block to the smaller. A chase upwards on B is a chase downwards on
 * J Bᵀ J, which is upper bidiagonal as well (J reverses the order); so one routine serves both, with the roles of X and Y
 * exchanged and indices running backwards.
 *
 * Cost: O(n²) for the values; the rotations go to two stores that apply them to U and V. Capped: see MAX_PASSES.
 */

import { ConvergenceError } from '@rankwise/tensor';
import { bidiagonalShift, singularLowerBound, zeroNegligibleInPlace } from './bidiagonalTests.ts';
import type { Chase } from './bidiagonalTests.ts';
import { SAFE_MINIMUM } from '../dense/denseMatrix.ts';
import { COSINE, LENGTH, SINE, makeRotationSlots, rotationInto } from '../orthogonal/planeRotation.ts';
import type { RotationSlots } from '../orthogonal/planeRotation.ts';
import {
  applySweepsInPlace,
  closeSweepInPlace,
  openSweepInPlace,
  setRotationInPlace,
} from '../orthogonal/rotationSweeps.ts';
import type { RotationSweeps } from '../orthogonal/rotationSweeps.ts';

/** dbdsqr's cap, in rotations: 6 n² is 6 sweeps over the whole matrix per singular value, where 2 over half of it are usual. */
const MAX_PASSES = 6;

/** dbdsqr's max(10, min(100, u^(−1/8))) u, u = 2^-53: about 1.1e-14, the relative accuracy of the values. */
const TOLERANCE = Math.max(10, Math.min(100, (Number.EPSILON / 2) ** (-1 / 8))) * (Number.EPSILON / 2);

interface Sides {
  readonly left: RotationSweeps;
  readonly right: RotationSweeps;
}

/**
 * Turns `main` into the singular values, in no order and of either sign; `above` (n elements, the last unused) is destroyed.
 * The targets of the stores become left · X and right · Y.
 * @throws ConvergenceError naming `caller` when 6 n² rotations were not enough.
 */
export function bidiagonalQrInPlace(
  caller: string,
  main: Float64Array,
  above: Float64Array,
  left: RotationSweeps,
  right: RotationSweeps,
): void {
  const n = main.length;
  const threshold = Math.max(TOLERANCE * singularLowerBound(main, above), MAX_PASSES * n * n * SAFE_MINIMUM);
  const slots = makeRotationSlots();
  let rotations = 0;
  let previous: Chase = { first: n, last: -1, step: 1 };
  let last = n - 1;
  while (last > 0) {
    const first = startOfBlock(above, last, threshold);
    if (first === last) {
      last--;
      continue;
    }
    const isNew = first > previous.last || last < previous.first;
    const chase: Chase = { first, last, step: isNew ? directionOf(main, first, last) : previous.step };
    const smallest = zeroNegligibleInPlace(main, above, chase, TOLERANCE);
    if (smallest === undefined) continue;
    previous = chase;

    rotations += last - first;
    if (rotations > MAX_PASSES * n * n) {
      throw new ConvergenceError(
        `${caller}: a: expected QR to converge within ${MAX_PASSES * n * n} rotations, got ${last + 1} singular values left`,
        rotations,
        Math.abs(above[last - 1]!),
      );
    }
    const shift = bidiagonalShift(main, above, chase, smallest, n * TOLERANCE);
    sweepInPlace(main, above, chase, shift, { left, right }, slots);
  }
  applySweepsInPlace(left);
  applySweepsInPlace(right);
}

/** The first row of the unreduced block that ends at `last`; the element above it, if negligible, is set to 0. */
function startOfBlock(above: Float64Array, last: number, threshold: number): number {
  for (let i = last - 1; i >= 0; i--) {
    if (Math.abs(above[i]!) <= threshold) {
      above[i] = 0;
      return i + 1;
    }
  }
  return 0;
}

function directionOf(main: Float64Array, first: number, last: number): 1 | -1 {
  return Math.abs(main[first]!) >= Math.abs(main[last]!) ? 1 : -1;
}

/** One sweep; upwards it is a downward sweep on J Bᵀ J. */
function sweepInPlace(
  main: Float64Array,
  above: Float64Array,
  chase: Chase,
  shift: number,
  sides: Sides,
  slots: RotationSlots,
): void {
  const { first, last, step } = chase;
  const inner = step === 1 ? sides.right : sides.left;
  const outer = step === 1 ? sides.left : sides.right;
  openSweepInPlace(inner, step);
  openSweepInPlace(outer, step);
  const sweep = shift === 0 ? zeroShiftSweepInPlace : shiftedSweepInPlace;
  sweep(main, above, chase, shift, slots, (k, which) => {
    setRotationInPlace(which === 'inner' ? inner : outer, k, slots[COSINE]!, step * slots[SINE]!);
  });
  closeSweepInPlace(inner, first, last - 1);
  closeSweepInPlace(outer, first, last - 1);
}

/** Called with the rotation of columns k and k + 1 in the slots; inner acts on the right of B as the chase sees it. */
type Record = (k: number, which: 'inner' | 'outer') => void;

/** Demmel & Kahan §3: no subtraction occurs, so every quantity keeps its relative accuracy. */
function zeroShiftSweepInPlace(
  main: Float64Array,
  above: Float64Array,
  chase: Chase,
  _shift: number,
  slots: RotationSlots,
  record: Record,
): void {
  const { first, last, step } = chase;
  const count = last - first;
  const head = step === 1 ? first : last;
  // e(i) couples d(i) and d(i + 1) as the chase counts: above[head + i] downwards, above[head − 1 − i] upwards.
  const e0 = step === 1 ? head : head - 1;
  let cosine = 1;
  let oldCosine = 1;
  let oldSine = 0;
  for (let i = 0; i < count; i++) {
    const d = head + step * i;
    const e = e0 + step * i;
    rotationInto(slots, main[d]! * cosine, above[e]!);
    cosine = slots[COSINE]!;
    const sine = slots[SINE]!;
    const r = slots[LENGTH]!;
    record(e, 'inner');
    if (i > 0) above[e - step] = oldSine * r;
    rotationInto(slots, oldCosine * r, main[d + step]! * sine);
    oldCosine = slots[COSINE]!;
    oldSine = slots[SINE]!;
    main[d] = slots[LENGTH]!;
    record(e, 'outer');
  }
  const tail = head + step * count;
  const h = main[tail]! * cosine;
  main[tail] = h * oldCosine;
  above[e0 + step * (count - 1)] = h * oldSine;
}

/** Golub & Kahan's chase with a shift. */
function shiftedSweepInPlace(
  main: Float64Array,
  above: Float64Array,
  chase: Chase,
  shift: number,
  slots: RotationSlots,
  record: Record,
): void {
  const { first, last, step } = chase;
  const count = last - first;
  const head = step === 1 ? first : last;
  const e0 = step === 1 ? head : head - 1;
  const d0 = main[head]!;
  let f = (Math.abs(d0) - shift) * (Math.sign(d0) + shift / d0);
  let g = above[e0]!;
  for (let i = 0; i < count; i++) {
    const d = head + step * i;
    const e = e0 + step * i;
    rotationInto(slots, f, g);
    const cosRight = slots[COSINE]!;
    const sinRight = slots[SINE]!;
    if (i > 0) above[e - step] = slots[LENGTH]!;
    record(e, 'inner');
    f = cosRight * main[d]! + sinRight * above[e]!;
    above[e] = cosRight * above[e]! - sinRight * main[d]!;
    g = sinRight * main[d + step]!;
    main[d + step] = cosRight * main[d + step]!;

    rotationInto(slots, f, g);
    const cosLeft = slots[COSINE]!;
    const sinLeft = slots[SINE]!;
    main[d] = slots[LENGTH]!;
    record(e, 'outer');
    f = cosLeft * above[e]! + sinLeft * main[d + step]!;
    main[d + step] = cosLeft * main[d + step]! - sinLeft * above[e]!;
    if (i < count - 1) {
      g = sinLeft * above[e + step]!;
      above[e + step] = cosLeft * above[e + step]!;
    }
  }
  above[e0 + step * (count - 1)] = f;
}
