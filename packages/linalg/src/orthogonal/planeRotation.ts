/**
 * The plane rotation that maps (f, g) to (r, 0): c f + s g = r, c g − s f = 0, c² + s² = 1 (Golub & Van Loan, 4th ed.,
 * §5.1.8; LAPACK dlartg). r has the sign of f; with g = 0 the rotation is the identity.
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
  const length = lengthOfPair(f, g);
  const r = f < 0 ? -length : length;
  slots[COSINE] = f / r;
  slots[SINE] = g / r;
  slots[LENGTH] = r;
}

/** √(f² + g²); the slow way only where squares underflow or overflow. */
export function lengthOfPair(f: number, g: number): number {
  const square = f * f + g * g;
  return square >= SMALLEST_SAFE_SQUARE && square < Infinity ? Math.sqrt(square) : Math.hypot(f, g);
}
