/**
 * The pseudo-inverse of Moore and Penrose, A⁺ = V_r diag(1/σ_1 … 1/σ_r) U_rᵀ, r the numerical rank of A.
 *
 * A⁺ is the one matrix X with
 *
 *     A X A = A,   X A X = X,   (A X)ᵀ = A X,   (X A)ᵀ = X A
 *
 * (Penrose, A generalized inverse for matrices, 1955), so that x = A⁺ b is the shortest vector that minimises ‖A x − b‖₂. It is
 * A⁻¹ where that exists. (Golub & Van Loan, 4th ed., §5.5.2.)
 *
 * A⁺ depends on the rank: it jumps where a singular value reaches zero. The result is that of a matrix within
 * tolerance · ‖A‖₂ of A; if it has the same rank as A itself, ‖X − A⁺‖ ≤ c n ε κ ‖A⁺‖ with κ = σ_1 / σ_r (Wedin 1973). To solve
 * one system, leastSquares needs less work and errs less. Cost: that of the SVD and 2 m n r.
 */

import { DomainError, referenceKernels, slice, transpose } from '@rankwise/tensor';
import type { FloatDType, Tensor } from '@rankwise/tensor';
import { copyMatrix, matrixTensor, scaleToSafeRangeInPlace } from '../dense/denseMatrix.ts';
import { product, scaleColumnsInPlace } from '../dense/products.ts';
import { rankTolerance } from '../orthogonal/pivotedQr.ts';
import type { RankOptions } from '../orthogonal/pivotedQr.ts';
import { rankOf } from './conditionNumber.ts';
import { svdFactors } from './svdFactors.ts';

/**
 * A⁺.
 * @param a - [m, n] f64 (f32 is promoted), any strides
 * @param options - `tolerance` in [0, 1): singular values up to tolerance · σ_1 count as zero; default max(m, n) ε
 * @returns [n, m]
 * @throws ShapeError when `a` does not have 2 axes.
 * @throws DomainError when `a` holds NaN or an infinity, the tolerance is not in [0, 1), or A⁺ is beyond the range of doubles.
 * @throws ConvergenceError when an iteration of the SVD reaches its cap; no such matrix is known.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { pseudoInverse } from '@rankwise/linalg';
 * toNested(pseudoInverse(fromNested('f64', [[0, 4], [0, 0], [2, 0]]))) // => [[0, 0, 0.5], [0.25, 0, 0]]
 */
export function pseudoInverse(a: Tensor<FloatDType>, options: RankOptions = {}): Tensor<'f64'> {
  const { kernels = referenceKernels } = options;
  const [m = 0, n = 0] = a.shape;
  const tolerance = rankTolerance('pseudoInverse', m, n, options.tolerance);
  const matrix = copyMatrix('pseudoInverse', 'a', a);
  const power = scaleToSafeRangeInPlace(matrix.data);
  const { u, s, v } = svdFactors('pseudoInverse', 'a', matrixTensor(matrix), kernels, 'thin');
  const r = rankOf(s, tolerance);
  const inverses = s.map((value, j) => (j < r ? 1 / value : 0));
  const weighted = scaleColumnsInPlace(v, inverses);
  const columns = [undefined, [0, r]] as const;
  const result = product(kernels, slice(weighted, columns), transpose(slice(u, columns)));
  for (let at = 0; at < result.data.length; at++) result.data[at] = result.data[at]! * power;
  if (!result.data.every(Number.isFinite)) {
    throw new DomainError(
      `pseudoInverse: a: expected an inverse in the range of doubles, got singular value ${s[r - 1]! / power}`,
    );
  }
  return result;
}
