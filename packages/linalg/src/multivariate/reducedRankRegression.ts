/**
 * Reduced-rank regression: the matrix M of rank ≤ ρ that minimises ‖Z − M Y‖_F, from moments alone.
 *
 * | name  | shape  | meaning                                                             |
 * |-------|--------|---------------------------------------------------------------------|
 * | C     | [d, d] | Y Yᵀ, of centred samples; sum or mean, the answer is the same       |
 * | cross | [p, d] | Z Yᵀ, scaled alike                                                  |
 * | W     | [d, r] | whitener of C: WᵀCW = I, W Wᵀ = C⁺ (semidefiniteMetric.ts)          |
 * | G     | [p, r] | cross · W                                                           |
 * | U     | [p, k] | top k left singular vectors of G, k = min(ρ, r, p)                  |
 *
 *     M = U Uᵀ cross W Wᵀ,    ‖Z − M Y‖² = ‖Z‖² − σ_1² − … − σ_k²   (σ: singular values of G)
 *
 * Why: with M̂ = cross C⁺, a least-squares solution, ‖Z − MY‖² = ‖Z − M̂Y‖² + ‖M̂ − M‖_C², so M is M̂ truncated in the metric of
 * C: Eckart & Young 1936 through generalizedSvd.ts; Izenman 1975, Theorem 1. There G = M̂ R = cross W, and U and S of M̂ = U S Vᵀ,
 * VᵀCV = I, are those of G; right = UᵀG Wᵀ = S Vᵀ. For a singular C, of all minimisers this is the one of least norm, and a
 * variable that never varies gets weight 0 exactly. (Zhang et al. 2015, §2.2, where C = Y Yᵀ is inverted.)
 *
 * U comes from an eigenproblem of the smaller side of G, or by improvement of an earlier U: leadingSubspace.ts. The singular
 * values returned are lengths of uᵀG, with errors ε ‖G‖ and not √ε ‖G‖. Cost: 2 p d r + 2 p r min(p, r) operations and the
 * eigenproblem; improved, 14 p d k.
 */

import { DomainError, ShapeError, formatShape, referenceKernels, tensorOf, transpose, zeros } from '@rankwise/tensor';
import type { FloatDType, Tensor } from '@rankwise/tensor';
import { applyColumnOrder, columnSigns, descendingOrder } from '../dense/columnOrder.ts';
import { copyMatrix, matrixTensor, scaleToSafeRangeInPlace } from '../dense/denseMatrix.ts';
import type { LinalgOptions } from '../dense/options.ts';
import { timesPowerOfTwo } from '../dense/powerOfTwo.ts';
import { product } from '../dense/products.ts';
import { norm2 } from '../dense/vectorOps.ts';
import { checkRank } from './checkRank.ts';
import { improvedLeftVectors, leadingLeftVectors } from './leadingSubspace.ts';
import type { LeadingSubspace } from './leadingSubspace.ts';
import { semidefiniteMetric, whitenerOf } from './semidefiniteMetric.ts';
import type { MetricOptions } from './semidefiniteMetric.ts';

/** A regressor's moment, ready for any number of regressions on it. */
export interface Regressor {
  /** d, the number of regressor variables. */
  readonly dimension: number;
  /** r, the numerical rank of the moment. */
  readonly rank: number;
  /** W [d, r]: Wᵀ C W = I. */
  readonly whitener: Tensor<'f64'>;
  /** [d], the eigenvalues of C (with the ridge), descending, not below 0. */
  readonly eigenvalues: Tensor<'f64'>;
}

export interface RegressorOptions extends MetricOptions {
  /** Adds ridge · trace(C) / d to each diagonal element of C: minimises ‖Z − MY‖² + (that) ‖M‖² instead. Default 0. */
  readonly ridge?: number;
}

export interface RegressionOptions extends LinalgOptions {
  /**
   * [p, k] with orthonormal columns, the `left` of an earlier regression that this one differs little from. It is improved
   * instead of solving anew: the residual is then that of no M with this left or, to `leastGain`, the least. Default none.
   */
  readonly initial?: Tensor<FloatDType>;
  /**
   * Improvement ends with a step that adds no more than this share to Σ σ²; when four are not enough, the problem is
   * solved anew. Default 2^-10: in the alternation of Zhang et al. 2015, §2.2, a further step adds a 50th to a 10^5th of that.
   */
  readonly leastGain?: number;
}

export interface ReducedRankRegression {
  /** U [p, k], orthonormal columns. */
  readonly left: Tensor<'f64'>;
  /** [k, d]; M = left · right. */
  readonly right: Tensor<'f64'>;
  /**
   * [k], descending: Σ σ² is the sum of squares explained; Infinity where one is beyond the doubles. Without `initial`, the k
   * largest singular values of G.
   */
  readonly singularValues: Tensor<'f64'>;
}

/** Default of RegressionOptions.leastGain. */
const LEAST_GAIN = 2 ** -10;

/**
 * Whitens the moment of a regressor; done once for many regressions.
 * @param moment - C [d, d] f64 (f32 is promoted), symmetric positive semi-definite; the lower triangle is read
 * @throws ShapeError when `moment` is not square.
 * @throws DomainError when `moment` is not finite, not symmetric or has an eigenvalue clearly below 0, or an option is negative
 * or not finite.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { prepareRegressor } from '@rankwise/linalg';
 * const regressor = prepareRegressor(fromNested('f64', [[4, 0], [0, 0]]));
 * regressor.rank // => 1
 * toNested(regressor.whitener) // => [[0.5], [0]]
 */
export function prepareRegressor(moment: Tensor<FloatDType>, options: RegressorOptions = {}): Regressor {
  const metric = semidefiniteMetric('prepareRegressor', 'moment', moment, options);
  const { rank, eigenvalues } = metric;
  const dimension = eigenvalues.length;
  return { dimension, rank, whitener: whitenerOf(metric), eigenvalues: tensorOf(eigenvalues, [dimension]) };
}

/**
 * The best M of rank at most `rank`, as left · right.
 * @param regressor - from `prepareRegressor`
 * @param cross - Z Yᵀ [p, d] f64 (f32 is promoted)
 * @param rank - at least 0; k = min(rank, regressor.rank, p), so a moment of zeros gives k = 0
 * @returns left [p, k] with orthonormal columns, the largest element of each positive; right [k, d], singularValues [k]
 * @throws ShapeError when `cross` is not [p, d] or `initial` not [p, k].
 * @throws DomainError when `cross` or `initial` is not finite, `rank` is not a non-negative integer, `leastGain` is not a
 * number ≥ 0, or M is beyond the range of doubles.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { prepareRegressor, reducedRankRegression } from '@rankwise/linalg';
 * // Y = I, Z = diag(3, 1): the best matrix of rank 1 is diag(3, 0).
 * const regressor = prepareRegressor(fromNested('f64', [[1, 0], [0, 1]]));
 * const { left, right } = reducedRankRegression(regressor, fromNested('f64', [[3, 0], [0, 1]]), 1);
 * toNested(left) // => [[1], [0]]
 * toNested(right) // => [[3, 0]]
 */
export function reducedRankRegression(
  regressor: Regressor,
  cross: Tensor<FloatDType>,
  rank: number,
  options: RegressionOptions = {},
): ReducedRankRegression {
  checkRank('reducedRankRegression', 'rank', rank);
  const { dimension: d, rank: r, whitener } = regressor;
  const { kernels = referenceKernels, initial, leastGain = LEAST_GAIN } = options;
  const matrix = copyMatrix('reducedRankRegression', 'cross', cross);
  if (matrix.columns !== d) {
    throw new ShapeError(
      `reducedRankRegression: cross: expected [p, ${d}] to fit the regressor, got ${formatShape(cross.shape)}`,
    );
  }
  if (!(leastGain >= 0)) {
    throw new DomainError(`reducedRankRegression: leastGain: expected a number >= 0, got ${leastGain}`);
  }
  const k = Math.min(rank, r, matrix.rows);
  const start = initial === undefined ? undefined : copyInitial(initial, matrix.rows, k);
  const crossPower = scaleToSafeRangeInPlace(matrix.data);
  const scaled = matrixTensor(matrix);
  let gPower = 1;
  let subspace = start && improvedLeftVectors(kernels, scaled, whitener, start, leastGain);
  if (subspace === undefined) {
    const g = product(kernels, scaled, whitener);
    gPower = scaleToSafeRangeInPlace(g.data);
    subspace = leadingLeftVectors(kernels, g, k);
  }
  const { left, projected, lengths } = inOrder(subspace);
  const exponent = -Math.log2(gPower) - Math.log2(crossPower);
  const singularValues = lengths.map((value) => timesPowerOfTwo(value, exponent));
  // The whitener's elements are roots of doubles: what is in the safe range times them is a double.
  const rightExponent = exponent - Math.log2(scaleToSafeRangeInPlace(projected.data));
  const right = product(kernels, projected, transpose(whitener));
  for (let i = 0; i < right.data.length; i++) right.data[i] = timesPowerOfTwo(right.data[i]!, rightExponent);
  expectFinite('reducedRankRegression', 'cross', right.data);
  return { left, right, singularValues: tensorOf(singularValues, [k]) };
}

/** @throws DomainError when an element of a fitted map is not finite. */
export function expectFinite(caller: string, argument: string, map: Float64Array): void {
  if (!map.every(Number.isFinite)) {
    throw new DomainError(`${caller}: ${argument}: expected a map in the range of doubles, got overflow`);
  }
}

function copyInitial(initial: Tensor<FloatDType>, p: number, k: number): Tensor<'f64'> {
  const copy = copyMatrix('reducedRankRegression', 'initial', initial);
  if (copy.rows !== p || copy.columns !== k) {
    throw new ShapeError(`reducedRankRegression: initial: expected [${p}, ${k}], got ${formatShape(initial.shape)}`);
  }
  return matrixTensor(copy);
}

/** Columns of U by descending length of uᵀG, each with its largest element positive; new arrays. */
function inOrder(subspace: LeadingSubspace): LeadingSubspace & { readonly lengths: Float64Array } {
  const [k = 0, r = 0] = subspace.projected.shape;
  const rows = subspace.projected.data;
  const left = copyMatrix('reducedRankRegression', 'left', subspace.left);
  const lengths = Float64Array.from({ length: k }, (_, i) => norm2(rows, i * r, r));
  const order = descendingOrder(lengths);
  const signs = columnSigns(left);
  const projected = zeros('f64', [k, r]);
  order.forEach((from, to) => {
    for (let j = 0; j < r; j++) projected.data[to * r + j] = signs[from]! * rows[from * r + j]!;
  });
  return {
    left: matrixTensor(applyColumnOrder(left, order, signs)),
    projected,
    lengths: Float64Array.from(order, (from) => lengths[from]!),
  };
}
