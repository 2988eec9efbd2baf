/**
 * What the singular values of a matrix alone tell: σ_1 ≥ σ_2 ≥ … ≥ σ_k, k = min(m, n).
 *
 *     ‖A‖₂ = σ_1,   κ₂(A) = σ_1 / σ_k,   rank(A) = the number of σ_i > tolerance · σ_1
 *
 * σ_{r+1} is the distance of A, in the 2-norm, to the matrices of rank r (Eckart & Young 1936; Mirsky 1960): a numerical rank r
 * says that some matrix of rank r, and none of a lower rank, is within tolerance · ‖A‖₂ of A. So 1 / κ₂ is the relative distance
 * to a matrix that is not of full rank. (Golub & Van Loan, 4th ed., §2.4, §2.6.2, §5.4.1.)
 *
 * Computed singular values are off by some n ε ‖A‖₂ (Weyl): a κ₂ beyond 1 / (n ε) is known only to be as large as that. Ratios
 * are those of the scaled values: σ_1 itself may be beyond the doubles, and the rank and κ₂ be right all the same.
 */

import { referenceKernels } from '@rankwise/tensor';
import type { FloatDType, Tensor } from '@rankwise/tensor';
import { copyMatrix, matrixTensor, scaleToSafeRangeInPlace } from '../dense/denseMatrix.ts';
import type { LinalgOptions } from '../dense/options.ts';
import { rankTolerance } from '../orthogonal/pivotedQr.ts';
import type { RankOptions } from '../orthogonal/pivotedQr.ts';
import { singularValuesOf } from './svdFactors.ts';

/**
 * The largest singular value, ‖A‖₂ = max ‖A x‖₂ / ‖x‖₂.
 * @param a - [m, n] f64 (f32 is promoted), any strides
 * @returns 0 for an empty matrix; Infinity where σ_1 is beyond the doubles
 * @throws ShapeError when `a` does not have 2 axes.
 * @throws DomainError when `a` holds NaN or an infinity.
 * @throws ConvergenceError when the QR iteration reaches its cap; no such matrix is known.
 * @example
 * import { fromNested } from '@rankwise/tensor';
 * import { spectralNorm } from '@rankwise/linalg';
 * spectralNorm(fromNested('f64', [[3, 0], [4, 0]])) // => 5
 */
export function spectralNorm(a: Tensor<FloatDType>, { kernels = referenceKernels }: LinalgOptions = {}): number {
  return singularValuesOf('spectralNorm', 'a', a, kernels)[0] ?? 0;
}

/**
 * The condition number in the 2-norm, σ_1 / σ_k. (conditionEstimate finds that in the 1-norm with less work, for square matrices.)
 * @param a - [m, n] f64 (f32 is promoted), any strides
 * @returns at least 1; Infinity when σ_k is 0 or the ratio beyond the doubles; 0 for an empty matrix
 * @throws ShapeError when `a` does not have 2 axes.
 * @throws DomainError when `a` holds NaN or an infinity.
 * @throws ConvergenceError when the QR iteration reaches its cap; no such matrix is known.
 * @example
 * import { fromNested } from '@rankwise/tensor';
 * import { conditionNumber } from '@rankwise/linalg';
 * conditionNumber(fromNested('f64', [[0, 8], [2, 0], [0, 0]])) // => 4
 */
export function conditionNumber(a: Tensor<FloatDType>, { kernels = referenceKernels }: LinalgOptions = {}): number {
  const s = singularValuesOf('conditionNumber', 'a', inSafeRange('conditionNumber', a), kernels);
  const smallest = s[s.length - 1];
  if (smallest === undefined) return 0;
  return smallest === 0 ? Infinity : s[0]! / smallest;
}

/**
 * The numerical rank: how many singular values are above tolerance · σ_1.
 * @param a - [m, n] f64 (f32 is promoted), any strides
 * @param options - `tolerance` in [0, 1), default max(m, n) ε
 * @throws ShapeError when `a` does not have 2 axes.
 * @throws DomainError when `a` holds NaN or an infinity, or the tolerance is not in [0, 1).
 * @throws ConvergenceError when the QR iteration reaches its cap; no such matrix is known.
 * @example
 * import { fromNested } from '@rankwise/tensor';
 * import { rank } from '@rankwise/linalg';
 * rank(fromNested('f64', [[1, 2], [2, 4]])) // => 1
 */
export function rank(a: Tensor<FloatDType>, options: RankOptions = {}): number {
  const { kernels = referenceKernels } = options;
  const [m = 0, n = 0] = a.shape;
  const tolerance = rankTolerance('rank', m, n, options.tolerance);
  return rankOf(singularValuesOf('rank', 'a', inSafeRange('rank', a), kernels), tolerance);
}

/** A copy times a power of two, whose singular values are doubles. */
function inSafeRange(caller: string, a: Tensor<FloatDType>): Tensor<'f64'> {
  const matrix = copyMatrix(caller, 'a', a);
  scaleToSafeRangeInPlace(matrix.data);
  return matrixTensor(matrix);
}

/** How many of the descending values are above tolerance times the first. */
export function rankOf(values: Float64Array, tolerance: number): number {
  const threshold = tolerance * (values[0] ?? 0);
  let count = 0;
  while (count < values.length && values[count]! > threshold) count++;
  return count;
}
