/**
 * The plane rotation that maps (f, g) to (r, 0): c f + s g = r, c g − s f = 0, c² + s² = 1 (Golub & Van Loan, 4th ed.,
 * §5.1.8; Anderson, Algorithm 978: safe scaling in the Level 1 BLAS, ACM TOMS 44, 2017, which is LAPACK's dlartg). r has the
 * sign of f, so c ≥ 0; with g = 0 the rotation is the identity. c, s and r are right to a few ulps for all finite f and g,
 * r apart from rounding to a subnormal or overflowing when no double is near √(f² + g²).
 */

import { EPSILON, SAFE_MINIMUM } from '../dense/denseMatrix.ts';

/** Sums of squares between these have lost nothing to underflow and have not overflowed. */
const SMALLEST_SAFE_SQUARE = SAFE_MINIMUM / (EPSILON * EPSILON);

/** c, s and r of one rotation, in a Float64Array that the caller keeps, as iterations make millions of them. */
export type RotationSlots = Float64Array;
export const COSINE = 0;
export const SINE = 1;
export const LENGTH = 2;

export function makeRotationSlots(): RotationSlots {
  return new Float64Array(3);
}

/** Writes c, s and r for (f, g), both finite. */
export function rotationInto(slots: RotationSlots, f: number, g: number): void {
  if (g === 0) {
    slots[COSINE] = 1;
    slots[SINE] = 0;
    slots[LENGTH] = f;
    return;
  }
  const square = f * f + g * g;
  // NaN takes this way as well, and comes out as NaN.
  if (!(square < SMALLEST_SAFE_SQUARE || square === Infinity)) {
    const length = Math.sqrt(square);
    const r = f < 0 ? -length : length;
    slots[COSINE] = f / r;
    slots[SINE] = g / r;
    slots[LENGTH] = r;
    return;
  }
  // By powers of two, the larger goes to [1, 2): f / r with a subnormal r would have the few digits that r has. 2^1074 is no
  // double, so the smallest numbers only come up to 2^-51, whose square is as safe.
  const factor = 2 ** Math.min(-Math.floor(Math.log2(Math.max(Math.abs(f), Math.abs(g)))), 1023);
  rotationInto(slots, f * factor, g * factor);
  slots[LENGTH] = slots[LENGTH]! / factor;
}

/** √(f² + g²); the slow way only where squares underflow or overflow. */
export function lengthOfPair(f: number, g: number): number {
  const square = f * f + g * g;
  return square >= SMALLEST_SAFE_SQUARE && square < Infinity ? Math.sqrt(square) : Math.hypot(f, g);
}
