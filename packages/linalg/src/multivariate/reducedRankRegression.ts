/**
 * Reduced-rank regression: the matrix M of rank ≤ ρ that minimises ‖Z − M Y‖_F, from moments alone.
 *
 * | name  | shape  | meaning                                                             |
 * |-------|--------|---------------------------------------------------------------------|
 * | C     | [d, d] | Y Yᵀ, of centred samples; sum or mean, the answer is the same       |
 * | cross | [p, d] | Z Yᵀ, scaled alike                                                  |
 * | W     | [d, r] | E_r diag(e_r)^−½, from C = E diag(e) Eᵀ with the r eigenvalues kept |
 * | G     | [p, r] | cross · W                                                           |
 * | U     | [p, k] | top k left singular vectors of G, k = min(ρ, r, p)                  |
 *
 *     M = U Uᵀ cross W Wᵀ,    ‖Z − M Y‖² = ‖Z‖² − σ_1² − … − σ_k²   (σ: singular values of G)
 *
 * Why: W whitens, WᵀCW = I, so ‖Z − MY‖² = ‖Z‖² − ‖G‖² + ‖G − M̃‖² with M̃ = M E_r diag(e_r)^½, and the best M̃ of rank ρ is
 * the truncated SVD of G (Eckart & Young 1936); Izenman 1975, Theorem 1. W Wᵀ is C's pseudo-inverse, so of all minimisers
 * the one of least norm is found, and a variable that never varies gets weight 0 exactly. In the wording of Zhang et al. 2015,
 * §2.2, where M̂ = Z Yᵀ (Y Yᵀ)⁻¹ = U S Vᵀ with UᵀU = I and Vᵀ (Y Yᵀ) V = I: that V is W times the right singular vectors of G.
 *
 * U is taken from the symmetric eigenproblem of G Gᵀ, not from an SVD of G, at about a third of the cost. Squaring loses
 * small singular values, but not the objective: U is optimal for G Gᵀ + ΔG with ‖ΔG‖ ≤ c p ε ‖G‖², so the minimum is missed
 * by at most 2k ‖ΔG‖ ≤ 2k c p ε ‖Z‖² whatever the gaps, which is the rounding of ‖Z − M Y‖² itself. The singular values
 * returned are lengths of uᵀG, with errors ε ‖G‖ and not √ε ‖G‖.
 */

import { DomainError, ShapeError, formatShape, referenceKernels, tensorOf, transpose, zeros } from '@rankwise/tensor';
import type { FloatDType, Tensor } from '@rankwise/tensor';
import { copyMatrix, matrixTensor, scaleToSafeRangeInPlace, unscaleInPlace } from '../dense/denseMatrix.ts';
import type { LinalgOptions } from '../dense/options.ts';
import { semidefiniteEigen } from './pca.ts';
import { leadingColumns, product, scaleColumnsInPlace } from '../dense/products.ts';
import { symmetricEigen } from '../eigen/symmetricEigen.ts';
import { norm2 } from '../dense/vectorOps.ts';

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

export interface RegressorOptions extends LinalgOptions {
  /**
   * Eigenvalues up to this share of the largest count as zero. Default 16 d ε: the eigenvalues' own errors stay well below
   * it, and it is (3e-7 … 1.4e-6)² for d = 32 … 512, the energy of rounding noise in responses held as f32.
   */
  readonly tolerance?: number;
  /** Adds ridge · trace(C) / d to each diagonal element of C: minimises ‖Z − MY‖² + (that) ‖M‖² instead. Default 0. */
  readonly ridge?: number;
}

export interface ReducedRankRegression {
  /** U [p, k], orthonormal columns. */
  readonly left: Tensor<'f64'>;
  /** [k, d]; M = left · right. */
  readonly right: Tensor<'f64'>;
  /** [k], the k largest singular values of G, descending: Σ σ² is the sum of squares explained. */
  readonly singularValues: Tensor<'f64'>;
}

/** Default share of the largest eigenvalue that counts as zero, per dimension: see RegressorOptions. */
const ZERO_SHARE_PER_DIMENSION = 16 * Number.EPSILON;

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
  const {
    tolerance = ZERO_SHARE_PER_DIMENSION * (moment.shape[0] ?? 0),
    ridge = 0,
    kernels = referenceKernels,
  } = options;
  checkNonNegative('tolerance', tolerance);
  checkNonNegative('ridge', ridge);
  const { values, vectors } = semidefiniteEigen('prepareRegressor', 'moment', moment, kernels);
  const d = values.length;
  let trace = 0;
  for (const value of values) trace += value;
  // C and C + μI have the same eigenvectors.
  const shift = d === 0 ? 0 : (ridge * trace) / d;
  const eigenvalues = values.map((value) => value + shift);
  const threshold = tolerance * (eigenvalues[0] ?? 0);
  let rank = 0;
  while (rank < d && eigenvalues[rank]! > threshold) rank++;

  const inverseRoots = eigenvalues.subarray(0, rank).map((value) => 1 / Math.sqrt(value));
  const whitener = scaleColumnsInPlace(leadingColumns(vectors, rank), inverseRoots);
  if (ridge === 0) clearDeadRowsInPlace(whitener, moment);
  return { dimension: d, rank, whitener, eigenvalues: tensorOf(eigenvalues, [d]) };
}

/**
 * The best M of rank at most `rank`, as left · right.
 * @param regressor - from `prepareRegressor`
 * @param cross - Z Yᵀ [p, d] f64 (f32 is promoted)
 * @param rank - at least 0; k = min(rank, regressor.rank, p), so a moment of zeros gives k = 0
 * @returns left [p, k] with orthonormal columns, right [k, d], singularValues [k]
 * @throws ShapeError when `cross` is not [p, d].
 * @throws DomainError when `cross` is not finite or `rank` is not a non-negative integer.
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
  { kernels = referenceKernels }: LinalgOptions = {},
): ReducedRankRegression {
  if (!Number.isSafeInteger(rank) || rank < 0) {
    throw new DomainError(`reducedRankRegression: rank: expected a non-negative integer, got ${rank}`);
  }
  const { dimension: d, rank: r, whitener } = regressor;
  const crossMatrix = copyMatrix('reducedRankRegression', 'cross', cross);
  const { rows: p } = crossMatrix;
  if (cross.shape[1] !== d) {
    throw new ShapeError(
      `reducedRankRegression: cross: expected [p, ${d}] to fit the regressor, got ${formatShape(cross.shape)}`,
    );
  }
  const k = Math.min(rank, r, p);
  const g = product(kernels, matrixTensor(crossMatrix), whitener);
  const power = scaleToSafeRangeInPlace(g.data);
  const left = leadingColumns(symmetricEigen(product(kernels, g, transpose(g)), { kernels }).vectors, k);
  const projected = product(kernels, transpose(left), g);
  const singularValues = zeros('f64', [k]);
  for (let i = 0; i < k; i++) singularValues.data[i] = norm2(projected.data, i * r, r);
  unscaleInPlace(singularValues.data, power);
  unscaleInPlace(projected.data, power);
  return { left, right: product(kernels, projected, transpose(whitener)), singularValues };
}

/**
 * A variable that never varies has c_ii = Σ_j e_j E_ij² = 0, hence E_ij = 0 for every j kept: its row of W is zero but for
 * rounding, and is made so.
 */
function clearDeadRowsInPlace(whitener: Tensor<'f64'>, moment: Tensor<FloatDType>): void {
  const [d = 0, rank = 0] = whitener.shape;
  const [rowStride = 0, columnStride = 0] = moment.strides;
  for (let i = 0; i < d; i++) {
    const variance = moment.data[moment.offset + i * (rowStride + columnStride)]!;
    if (variance === 0) whitener.data.fill(0, i * rank, (i + 1) * rank);
  }
}

function checkNonNegative(argument: string, value: number): void {
  if (!(value >= 0 && value < Infinity)) {
    throw new DomainError(`prepareRegressor: ${argument}: expected a finite number >= 0, got ${value}`);
  }
}
