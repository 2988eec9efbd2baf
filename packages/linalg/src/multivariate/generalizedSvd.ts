/**
 * The singular value decomposition in the metric of a positive semi-definite C: M Π = U diag(s) Vᵀ, UᵀU = I, VᵀCV = I.
 *
 * | name | shape  | meaning                                                                        |
 * |------|--------|--------------------------------------------------------------------------------|
 * | M    | [p, d] | any matrix; rows are compared in the metric of C                               |
 * | C    | [d, d] | positive semi-definite, of rank r                                              |
 * | Π    | [d, d] | orthogonal projector on the range of C; I when C is regular                    |
 * | U    | [p, k] | orthonormal columns, k = min(p, r) or the rank asked for                       |
 * | s    | [k]    | descending: the square roots of the eigenvalues of M C Mᵀ                      |
 * | V    | [d, k] | columns orthonormal in the metric, all in the range of C                       |
 *
 * With ‖X‖_C² = tr(X C Xᵀ): (M − U diag(s) Vᵀ) C = 0, so the product and M agree wherever C looks, and among all X that agree
 * with M there it is the one of least norm; Σ s² = ‖M‖_C²; and the first k terms are, of all X of rank ≤ k, one nearest to M,
 *
 *     min ‖M − X‖_C² = s_{k+1}² + s_{k+2}² + …        (Eckart & Young 1936; Mirsky 1960, in the metric)
 *
 * Why: with C = R Rᵀ, ‖X‖_C = ‖X R‖, so G = M R is approximated in the ordinary norm, G = U diag(s) Ṽᵀ, and V = W Ṽ is pulled
 * back by the whitener: VᵀCV = ṼᵀWᵀCWṼ = I and U diag(s) Vᵀ = G Wᵀ = M Π (semidefiniteMetric.ts). Gower & Dijksterhuis,
 * Procrustes Problems, 2004, appendix A; Greenacre 1984, appendix A; "GSVD" in Zhang et al. 2015, §2.2, where C = Y Yᵀ. It is
 * not the GSVD of two matrices of Van Loan 1976. reducedRankRegression.ts is this for M̂ = cross C⁺, where G = M̂ R = cross W.
 *
 * Cost: an eigenproblem of size d, 2 p d r + 2 d r k operations and an SVD of [p, r]. Errors in s are ε ‖M‖_C; in U diag(s) Vᵀ
 * they grow with √κ, κ = e_1 / e_r of the eigenvalues kept, as W does.
 */

import { ShapeError, formatShape, referenceKernels, tensorOf } from '@rankwise/tensor';
import type { FloatDType, Tensor } from '@rankwise/tensor';
import { copyMatrix, matrixTensor, scaleToSafeRangeInPlace, unscaleInPlace } from '../dense/denseMatrix.ts';
import { leadingColumns, product } from '../dense/products.ts';
import { svd } from '../svd/svd.ts';
import { checkRank } from './checkRank.ts';
import { rootOf, semidefiniteMetric, whitenerOf } from './semidefiniteMetric.ts';
import type { MetricOptions } from './semidefiniteMetric.ts';

export interface GeneralizedSvd {
  /** U [p, k], orthonormal columns; in each the element of largest magnitude, the first of ties, is positive. */
  readonly u: Tensor<'f64'>;
  /** [k], descending, none negative; Infinity where one is beyond the doubles. */
  readonly s: Tensor<'f64'>;
  /** V [d, k]: VᵀCV = I. */
  readonly v: Tensor<'f64'>;
}

export interface GeneralizedSvdOptions extends MetricOptions {
  /** Leading terms wanted; default all min(p, r). */
  readonly rank?: number;
}

/**
 * The singular value decomposition of a matrix in a metric on its rows.
 * @param m - M [p, d] f64 (f32 is promoted)
 * @param metric - C [d, d] f64 (f32 is promoted), symmetric positive semi-definite; the lower triangle is read
 * @returns u [p, k], s [k], v [d, k], k = min(rank, p, numerical rank of C)
 * @throws ShapeError when `m` is not [p, d] or `metric` not [d, d].
 * @throws DomainError when an element is not finite, `metric` is not symmetric (as in symmetricEigen) or has an eigenvalue below
 * −d 2^-32 times the largest, or an option is out of range.
 * @throws ConvergenceError as `svd` and `symmetricEigen`; no such matrix is known.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { generalizedSvd } from '@rankwise/linalg';
 * // The second variable counts four times as much: in this metric 2 is longer than 3. The third does not count at all.
 * const m = fromNested('f64', [[3, 0, 5], [0, 2, 7]]);
 * const { u, s, v } = generalizedSvd(m, fromNested('f64', [[1, 0, 0], [0, 4, 0], [0, 0, 0]]));
 * toNested(s) // => [4, 3]
 * toNested(u) // => [[0, 1], [1, 0]]
 * toNested(v) // => [[0, 1], [0.5, 0], [0, 0]]
 */
export function generalizedSvd(
  m: Tensor<FloatDType>,
  metric: Tensor<FloatDType>,
  options: GeneralizedSvdOptions = {},
): GeneralizedSvd {
  const { rank = Number.MAX_SAFE_INTEGER, kernels = referenceKernels } = options;
  checkRank('generalizedSvd', 'rank', rank);
  const matrix = copyMatrix('generalizedSvd', 'm', m);
  const space = semidefiniteMetric('generalizedSvd', 'metric', metric, options);
  if (metric.shape[0] !== matrix.columns) {
    throw new ShapeError(
      `generalizedSvd: m: expected [p, d] to fit the metric ${formatShape(metric.shape)}, got ${formatShape(m.shape)}`,
    );
  }
  const power = scaleToSafeRangeInPlace(matrix.data);
  const { u, s, v } = svd(product(kernels, matrixTensor(matrix), rootOf(space)), { kernels });
  const k = Math.min(rank, s.data.length);
  const values = s.data.slice(0, k);
  unscaleInPlace(values, power);
  return {
    u: leadingColumns(u, k),
    s: tensorOf(values, [k]),
    v: product(kernels, whitenerOf(space), leadingColumns(v, k)),
  };
}
