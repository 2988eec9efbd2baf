/**
 * One plane rotation as a value: what QR updates, and whatever else clears a single element, are made of.
 *
 *     |  c  s | | f |   | r |
 *     | −s  c | | g | = | 0 |,   c² + s² = 1,   r = ±√(f² + g²) with the sign of f
 *
 * (Golub & Van Loan, 4th ed., §5.1.8; LAPACK dlartg.) The iterations of the package use `planeRotation.ts` itself, which
 * makes no objects.
 */

import { DomainError } from '@rankwise/tensor';
import { COSINE, LENGTH, SINE, makeRotationSlots, rotationInto } from './planeRotation.ts';

export interface GivensRotation {
  /** c, in [0, 1]. */
  readonly cosine: number;
  /** s, in [−1, 1]. */
  readonly sine: number;
  /** r; infinite when √(f² + g²) is beyond the doubles. */
  readonly length: number;
}

/**
 * The rotation that maps (f, g) to (r, 0): c f + s g = r and c g − s f = 0.
 * @param f - finite; with g = 0 the rotation is the identity and r = f
 * @param g - finite; with f = 0 it is (0, ±1) and r = |g|
 * @returns right to a few ulps at every scale, subnormal and near overflow too
 * @throws DomainError when `f` or `g` is NaN or infinite.
 * @example
 * import { givensRotation } from '@rankwise/linalg';
 * givensRotation(3, 4) // => { cosine: 0.6, sine: 0.8, length: 5 }
 */
export function givensRotation(f: number, g: number): GivensRotation {
  for (const [name, value] of [
    ['f', f],
    ['g', g],
  ] as const) {
    if (!Number.isFinite(value)) {
      throw new DomainError(`givensRotation: ${name}: expected a finite number, got ${value}`);
    }
  }
  const slots = makeRotationSlots();
  rotationInto(slots, f, g);
  return { cosine: slots[COSINE]!, sine: slots[SINE]!, length: slots[LENGTH]! };
}
