/**
 * The singular value decomposition A = U diag(s) Vᵀ, by bidiagonal divide and conquer (svdFactors.ts has the steps).
 *
 * (Golub & Kahan 1965; Gu & Eisenstat 1995; Golub & Van Loan, 4th ed., §8.6; LAPACK dgesdd.)
 *
 * The caller may rely on: s descending and not negative; orthonormal columns of U and V, also for zero singular values; in
 * each column of U the element of largest magnitude, the first of ties, is positive; ‖A − U diag(s) Vᵀ‖ below 30 max(m, n) ε ‖A‖;
 * singular values to ε ‖A‖ absolutely (jacobiSvd: relatively, where A determines them). Every iteration is capped.
 *
 * Cost, m = n: 8n³/3 for the reduction, at most as much for the bidiagonal matrix, 4n³ for U and V.
 */

import { referenceKernels, tensorOf } from '@rankwise/tensor';
import type { FloatDType, Tensor } from '@rankwise/tensor';
import type { LinalgOptions } from '../dense/options.ts';
import { singularValuesOf, svdFactors } from './svdFactors.ts';

/** A = U diag(s) Vᵀ, k = min(m, n). */
export interface Svd {
  /** [m, k], orthonormal columns; [m, m] when complete. */
  readonly u: Tensor<'f64'>;
  /** [k], descending, none negative; Infinity where one is beyond the doubles. */
  readonly s: Tensor<'f64'>;
  /** [n, k], orthonormal columns; [n, n] when complete. */
  readonly v: Tensor<'f64'>;
}

export interface SvdOptions extends LinalgOptions {
  /** True for orthogonal u [m, m] and v [n, n]: columns after the first k complete a basis. Default false. */
  readonly full?: boolean;
}

/**
 * The singular value decomposition, thin unless `full`.
 * @param a - [m, n] f64 (f32 is promoted), any strides
 * @returns u [m, k], s [k] descending, v [n, k], k = min(m, n); with `full: true` u [m, m] and v [n, n]
 * @throws ShapeError when `a` does not have 2 axes.
 * @throws DomainError when `a` holds NaN or an infinity.
 * @throws ConvergenceError when an iteration reaches its cap; no such matrix is known.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { svd } from '@rankwise/linalg';
 * const { u, s, v } = svd(fromNested('f64', [[0, 2], [3, 0]]));
 * toNested(s) // => [3, 2]
 * toNested(u) // => [[0, 1], [1, 0]]
 * toNested(v) // => [[1, 0], [0, 1]]
 */
export function svd(a: Tensor<FloatDType>, { kernels = referenceKernels, full = false }: SvdOptions = {}): Svd {
  const { u, s, v } = svdFactors('svd', 'a', a, kernels, full ? 'full' : 'thin');
  return { u, s: tensorOf(s, [s.length]), v };
}

/**
 * The singular values alone: less than half the work of `svd`.
 * @param a - [m, n] f64 (f32 is promoted), any strides
 * @returns [min(m, n)], descending; Infinity where one is beyond the doubles
 * @throws ShapeError when `a` does not have 2 axes.
 * @throws DomainError when `a` holds NaN or an infinity.
 * @throws ConvergenceError when the QR iteration reaches its cap; no such matrix is known.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { singularValues } from '@rankwise/linalg';
 * toNested(singularValues(fromNested('f64', [[0, 2], [3, 0]]))) // => [3, 2]
 */
export function singularValues(
  a: Tensor<FloatDType>,
  { kernels = referenceKernels }: LinalgOptions = {},
): Tensor<'f64'> {
  const s = singularValuesOf('singularValues', 'a', a, kernels);
  return tensorOf(s, [s.length]);
}
