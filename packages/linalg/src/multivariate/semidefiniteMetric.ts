/**
 * What a positive semi-definite matrix C gives: eigenvalues not below 0, and the metric ‖x‖_C² = xᵀ C x.
 *
 * | name | shape  | meaning                                                                        |
 * |------|--------|--------------------------------------------------------------------------------|
 * | E    | [d, r] | eigenvectors of C kept, C = E diag(e) Eᵀ                                       |
 * | R    | [d, r] | E diag(e)^½, the root: R Rᵀ = C, ‖xᵀR‖ = ‖x‖_C                                 |
 * | W    | [d, r] | E diag(e)^−½, the whitener: WᵀCW = I, W Wᵀ = C⁺                                |
 * | Π    | [d, d] | R Wᵀ = E Eᵀ, the orthogonal projector on the range of C: Π C = C               |
 *
 * Eigenvalues that are 0 in truth come out as rounding errors of either sign. Those up to `tolerance` times the largest count
 * as 0 and their eigenvectors are left out, so that 1/√e never enlarges noise. An eigenvalue further below 0 than rounding
 * explains means that C is no moment of anything, and is refused.
 */

import { DomainError, referenceKernels } from '@rankwise/tensor';
import type { FloatDType, Kernels, Tensor } from '@rankwise/tensor';
import { copySquareMatrix, matrixTensor, scaleToSafeRangeInPlace, unscaleInPlace } from '../dense/denseMatrix.ts';
import type { LinalgOptions } from '../dense/options.ts';
import { leadingColumns, scaleColumnsInPlace } from '../dense/products.ts';
import { SYMMETRY_TOLERANCE, eigenOfSymmetric } from '../eigen/symmetricEigen.ts';

/** The part of C that is kept. */
export interface SemidefiniteMetric {
  /** r, the numerical rank of C. */
  readonly rank: number;
  /** All d, with the ridge, descending, not below 0. */
  readonly eigenvalues: Float64Array;
  /** √e of those kept; their own, not the roots of `eigenvalues`, which may have lost digits to underflow. */
  readonly roots: Float64Array;
  /** E [d, r]. */
  readonly vectors: Tensor<'f64'>;
}

export interface MetricOptions extends LinalgOptions {
  /**
   * Eigenvalues up to this share of the largest count as zero. Default 16 d ε: the eigenvalues' own errors stay well below
   * it, and it is (3e-7 … 1.4e-6)² for d = 32 … 512, the energy of rounding noise in samples held as f32.
   */
  readonly tolerance?: number;
}

/** Default share of the largest eigenvalue that counts as zero, per dimension: see MetricOptions. */
const ZERO_SHARE_PER_DIMENSION = 16 * Number.EPSILON;

export interface SemidefiniteEigen {
  /** [count], descending, not below 0: those of power · C, which are doubles when those of C are not. */
  readonly values: Float64Array;
  /** [d, count]. */
  readonly vectors: Tensor<'f64'>;
  /** The sum of the eigenvalues not listed, trace(C) − Σ values, over the largest; not below 0, and 0 when all are listed. */
  readonly rest: number;
  /** A power of two. */
  readonly power: number;
}

/**
 * The `count` largest eigenvalues, d by default, and eigenvectors of a positive semi-definite matrix. With fewer than d, a
 * matrix that is not semi-definite is noticed by its diagonal, or by a trace below the sum of the eigenvalues found.
 * @throws ShapeError, DomainError as `pca`, naming `caller` and `argument`.
 */
export function semidefiniteEigen(
  caller: string,
  argument: string,
  moment: Tensor<FloatDType>,
  kernels: Kernels,
  count?: number,
): SemidefiniteEigen {
  const matrix = copySquareMatrix(caller, argument, moment);
  const power = scaleToSafeRangeInPlace(matrix.data);
  const { values, vectors } = eigenOfSymmetric(caller, argument, matrixTensor(matrix), kernels, count);
  const [d = 0, k = 0] = vectors.shape;
  const diagonal = Array.from({ length: d }, (_, i) => matrix.data[i * d + i]!);
  const largest = values.data[0] ?? Math.max(0, ...diagonal);
  let rest = 0;
  if (k < d && largest > 0) {
    for (const element of diagonal) rest += element / largest;
    for (const value of values.data) rest -= value / largest;
  }
  const lowest = Math.min(values.data[k - 1] ?? 0, rest * Math.abs(largest), ...(k < d ? diagonal : []));
  // Elements off by the symmetry tolerance each move an eigenvalue by at most d times that (Weyl).
  if (lowest < -d * SYMMETRY_TOLERANCE * Math.abs(largest)) {
    throw new DomainError(
      `${caller}: ${argument}: expected a positive semi-definite matrix, got eigenvalues from ${lowest / power} to ${largest / power}`,
    );
  }
  return { values: values.data.map((value) => Math.max(value, 0)), vectors, power, rest: Math.max(rest, 0) };
}

/**
 * The metric of C, or of C + ridge · (trace(C) / d) I, which has the same eigenvectors.
 * @throws as semidefiniteEigen; DomainError when an option is negative or not finite.
 */
export function semidefiniteMetric(
  caller: string,
  argument: string,
  moment: Tensor<FloatDType>,
  { tolerance, ridge = 0, kernels = referenceKernels }: MetricOptions & { readonly ridge?: number },
): SemidefiniteMetric {
  const matrix = copySquareMatrix(caller, argument, moment);
  const { rows: d, data } = matrix;
  expectNonNegative(caller, 'tolerance', tolerance ?? 0);
  expectNonNegative(caller, 'ridge', ridge);
  const power = scaleToSafeSquareInPlace(data);
  const dead = Array.from({ length: d }, (_, i) => data[i * d + i] === 0);
  const { values, vectors: all } = semidefiniteEigen(caller, argument, matrixTensor(matrix), kernels);
  let trace = 0;
  for (const value of values) trace += value;
  const eigenvalues = values.map((value) => value + (ridge * trace) / d);
  const threshold = (tolerance ?? ZERO_SHARE_PER_DIMENSION * d) * (eigenvalues[0] ?? 0);
  let rank = 0;
  while (rank < d && eigenvalues[rank]! > threshold) rank++;
  const vectors = leadingColumns(all, rank);
  // A variable that never varies has c_ii = Σ_j e_j E_ij² = 0, hence E_ij = 0 for every j kept, but for rounding.
  if (ridge === 0) dead.forEach((isDead, i) => isDead && vectors.data.fill(0, i * rank, (i + 1) * rank));
  const roots = eigenvalues.subarray(0, rank).map((value) => Math.sqrt(value) / Math.sqrt(power));
  unscaleInPlace(eigenvalues, power);
  return { rank, eigenvalues, roots, vectors };
}

/** R = E diag(e)^½ [d, r]. */
export function rootOf({ vectors, roots }: SemidefiniteMetric): Tensor<'f64'> {
  return scaleColumnsInPlace(leadingColumns(vectors, roots.length), roots);
}

/** W = E diag(e)^−½ [d, r]. */
export function whitenerOf({ vectors, roots }: SemidefiniteMetric): Tensor<'f64'> {
  const inverses = roots.map((root) => 1 / root);
  return scaleColumnsInPlace(leadingColumns(vectors, roots.length), inverses);
}

/** As scaleToSafeRangeInPlace, by a power of four, whose root is exact. */
function scaleToSafeSquareInPlace(data: Float64Array): number {
  const power = scaleToSafeRangeInPlace(data);
  if (Number.isInteger(Math.log2(power) / 2)) return power;
  for (let i = 0; i < data.length; i++) data[i] = data[i]! / 2;
  return power / 2;
}

function expectNonNegative(caller: string, argument: string, value: number): void {
  if (!(value >= 0 && value < Infinity)) {
    throw new DomainError(`${caller}: ${argument}: expected a finite number >= 0, got ${value}`);
  }
}
