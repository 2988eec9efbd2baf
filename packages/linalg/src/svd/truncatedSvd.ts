/**
 * The best approximation of given rank: A_k = U_k diag(σ_1 … σ_k) V_kᵀ, the leading part of the SVD.
 *
 *     ‖A − A_k‖₂ = σ_{k+1},   ‖A − A_k‖_F² = Σ_{i>k} σ_i²,   and ‖A − M‖ is not less for any M of rank at most k
 *
 * in these and every other unitarily invariant norm (Eckart & Young 1936; Mirsky, Symmetric gauge functions and unitarily
 * invariant norms, 1960; Golub & Van Loan, 4th ed., Thm 2.4.8). A_k is unique where σ_k > σ_{k+1}.
 *
 * The reduction and the bidiagonal part are done in full, but only k pairs of vectors led back: less work than svd, exact, and
 * with the error known. randomizedSvd does with much less when k is small and the singular values fall.
 */

import { DomainError, referenceKernels, tensorOf } from '@rankwise/tensor';
import type { FloatDType, Tensor } from '@rankwise/tensor';
import type { LinalgOptions } from '../dense/options.ts';
import { norm2 } from '../dense/vectorOps.ts';
import type { Svd } from './svd.ts';
import { svdFactors } from './svdFactors.ts';

/** u [m, count], s [count], v [n, count]. */
export interface TruncatedSvd extends Svd {
  /** ‖A − U diag(s) Vᵀ‖₂: the first singular value left out, 0 when none is. */
  readonly error: number;
  /** ‖A − U diag(s) Vᵀ‖_F; Infinity when beyond the doubles. */
  readonly frobeniusError: number;
}

/**
 * The leading `count` singular values and vectors.
 * @param a - [m, n] f64 (f32 is promoted), any strides
 * @param count - an integer from 0 to min(m, n)
 * @returns u [m, count], s [count], v [n, count], signs as in `svd`, and the errors of the approximation
 * @throws ShapeError when `a` does not have 2 axes.
 * @throws DomainError when `a` holds NaN or an infinity, or `count` is not an integer from 0 to min(m, n).
 * @throws ConvergenceError when an iteration of the SVD reaches its cap; no such matrix is known.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { truncatedSvd } from '@rankwise/linalg';
 * const { s, v, error } = truncatedSvd(fromNested('f64', [[0, 2], [3, 0]]), 1);
 * toNested(s) // => [3]
 * toNested(v) // => [[1], [0]]
 * error // => 2
 */
export function truncatedSvd(
  a: Tensor<FloatDType>,
  count: number,
  { kernels = referenceKernels }: LinalgOptions = {},
): TruncatedSvd {
  checkCount('truncatedSvd', count, a);
  const { u, s, v } = svdFactors('truncatedSvd', 'a', a, kernels, count);
  return {
    u,
    s: tensorOf(s.slice(0, count), [count]),
    v,
    error: s[count] ?? 0,
    frobeniusError: norm2(s, count, s.length - count),
  };
}

/** @throws DomainError when `count` is not an integer from 0 to the shorter side of `a`. */
export function checkCount(caller: string, count: number, a: Tensor<FloatDType>): void {
  const most = Math.min(...a.shape);
  if (a.shape.length === 2 && !(Number.isInteger(count) && count >= 0 && count <= most)) {
    throw new DomainError(`${caller}: count: expected an integer from 0 to ${most}, got ${count}`);
  }
}
