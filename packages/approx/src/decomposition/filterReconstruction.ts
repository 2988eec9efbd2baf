/**
 * Filter reconstruction in closed form: the spatial decomposition whose filters are nearest to the layer's own.
 *
 *   min over V, H of Σ (W(f, c, y, x) − Σ_k H(f, k, x) V(k, c, y))²  =  min over rank-K Ã of ‖A − Ã‖_F²
 *
 * with A the (c kₕ) × (d k_w) rearrangement of W (spatialFactors.ts). By Eckart and Young the minimum is A's leading K singular
 * triples, Ã = Σ_{k ≤ K} s_k u_k v_kᵀ, and its value is Σ_{k > K} s_k²: a global minimum, where Jaderberg et al. 2014 (§3.1, scheme
 * 2) descend by turns (alternatingReconstruction.ts). V = U s^½, H = s^½ Vᵀ: each layer takes half of the scale.
 *
 * Cost, m the shorter side of A and n the longer: up to m = 256 the SVD. Beyond, the K leading eigenvectors U of the m × m matrix A Aᵀ
 * and one product H = Uᵀ A: m² n multiply-adds and an eigenproblem without its rotations, instead of a bidiagonalisation, half
 * of which is products with vectors. Ã = U Uᵀ A is a projection of A, as exact as U is orthonormal; squaring costs digits only
 * of singular values below 2^-26 of the largest, and the weights themselves are rounded at 2^-24.
 */

import { DomainError, checkFinite, referenceKernels, transpose, zeros } from '@rankwise/tensor';
import type { FloatDType, Kernels, Tensor } from '@rankwise/tensor';
import { singularValues, symmetricEigen, symmetricEigenvalues, truncatedSvd } from '@rankwise/linalg';
import { factorsFromMatrices, rearrangeWeights } from './spatialFactors.ts';
import type { SpatialFactors } from './spatialFactors.ts';

export interface FilterReconstruction {
  readonly factors: SpatialFactors;
  /** ‖W − W̃‖². */
  readonly squaredError: number;
  /** ‖W‖². */
  readonly squaredNorm: number;
}

/** Share of the filters' squared norm that a reconstruction holds; 1 when there is none to hold. */
export function filterEnergyKept({ squaredError, squaredNorm }: FilterReconstruction): number {
  return squaredNorm > 0 ? 1 - squaredError / squaredNorm : 1;
}

/** The longest shorter side for which the SVD itself is taken; it takes under a second there. */
const largestSvd = 256;

/**
 * The nearest spatial decomposition of a layer's filters.
 * @param weight - [d, c, kernelHeight, kernelWidth]
 * @param rank - K, 1…min(c · kernelHeight, d · kernelWidth)
 * @throws ShapeError when the weights do not have four axes.
 * @throws DomainError when a weight is not finite, or the rank is out of range.
 * @example
 * import { composeSpatial, filterReconstruction } from '@rankwise/approx';
 * import { fromNested } from '@rankwise/tensor';
 * // A separable filter needs one vertical filter only; the sum of two needs two.
 * filterReconstruction(fromNested('f32', [[[[1, 2], [2, 4]]]]), 1).squaredError < 1e-20 // => true
 * Math.round(filterReconstruction(fromNested('f32', [[[[3, 0], [0, 1]]]]), 1).squaredError) // => 1
 */
export function filterReconstruction(
  weight: Tensor<FloatDType>,
  rank: number,
  kernels: Kernels = referenceKernels,
): FilterReconstruction {
  const matrix = rearrangeWeights('filterReconstruction', weight);
  checkFinite('filterReconstruction', 'weight', weight);
  checkSpatialRank('filterReconstruction', rank, matrix);
  const squaredNorm = sumOfSquares(matrix);
  const { left, right, kept } =
    Math.min(...matrix.shape) <= largestSvd
      ? bySingularValues(matrix, rank, kernels)
      : byEigenvectors(matrix, rank, kernels);
  const factors = factorsFromMatrices(left, right, weight.shape);
  return { factors, squaredError: Math.max(0, squaredNorm - kept), squaredNorm };
}

/**
 * The squared singular values of a layer's rearranged weights, descending: what each further vertical filter takes off the error.
 * @param weight - [d, c, kernelHeight, kernelWidth]
 * @returns [min(c · kernelHeight, d · kernelWidth)]
 * @throws as filterReconstruction.
 * @example
 * import { filterSpectrum } from '@rankwise/approx';
 * import { fromNested } from '@rankwise/tensor';
 * filterSpectrum(fromNested('f32', [[[[3, 0], [0, 1]]]])) // => new Float64Array([9, 1])
 */
export function filterSpectrum(weight: Tensor<FloatDType>, kernels: Kernels = referenceKernels): Float64Array {
  const matrix = rearrangeWeights('filterSpectrum', weight);
  checkFinite('filterSpectrum', 'weight', weight);
  if (Math.min(...matrix.shape) <= largestSvd) {
    return Float64Array.from(singularValues(matrix, { kernels }).data, (value) => value * value);
  }
  const values = symmetricEigenvalues(gram(shortSideFirst(matrix), kernels), { kernels });
  return Float64Array.from(values.data, (value) => Math.max(0, value));
}

/** @throws DomainError naming `caller` when the rank is not an integer in 1…the shorter side. */
export function checkSpatialRank(caller: string, rank: number, matrix: Tensor<FloatDType>): void {
  const most = Math.min(...matrix.shape);
  if (!Number.isInteger(rank) || rank < 1 || rank > most) {
    throw new DomainError(`${caller}: rank: expected an integer from 1 to ${most}, got ${rank}`);
  }
}

/** Σ of the squares of all elements of a contiguous tensor. */
export function sumOfSquares({ data }: Tensor<FloatDType>): number {
  let squares = 0;
  for (const value of data) squares += value * value;
  return squares;
}

/** Ã = left · right, and the part of ‖A‖² that it holds. */
interface LowRankMatrix {
  readonly left: Tensor<'f64'>;
  readonly right: Tensor<'f64'>;
  readonly kept: number;
}

function bySingularValues(matrix: Tensor<FloatDType>, rank: number, kernels: Kernels): LowRankMatrix {
  const { u, s, v } = truncatedSvd(matrix, rank, { kernels });
  const left = scaledColumns(u, (k) => Math.sqrt(s.data[k]!));
  const right = transpose(scaledColumns(v, (k) => Math.sqrt(s.data[k]!)));
  return { left, right, kept: sumOfSquares(s) };
}

function byEigenvectors(matrix: Tensor<FloatDType>, rank: number, kernels: Kernels): LowRankMatrix {
  const short = shortSideFirst(matrix);
  const { vectors } = symmetricEigen(gram(short, kernels), { count: rank, kernels });
  const columns = short.shape[1] ?? 0;
  const projected = zeros('f64', [rank, columns]);
  kernels.matmul({ a: transpose(vectors), b: short, out: projected });
  // s_k is the length of row k, found without squaring A; a row of zeros stays one.
  const lengths = Array.from({ length: rank }, (_, k) => {
    let squares = 0;
    for (let j = 0; j < columns; j++) squares += projected.data[k * columns + j]! ** 2;
    return Math.sqrt(squares);
  });
  const left = scaledColumns(vectors, (k) => Math.sqrt(lengths[k] ?? 0));
  const scaled = scaledColumns(transpose(projected), (k) =>
    (lengths[k] ?? 0) > 0 ? 1 / Math.sqrt(lengths[k] ?? 1) : 0,
  );
  const kept = sumOfSquares(projected);
  return short === matrix ? { left, right: transpose(scaled), kept } : { left: scaled, right: transpose(left), kept };
}

function shortSideFirst(matrix: Tensor<FloatDType>): Tensor<FloatDType> {
  const [rows = 0, columns = 0] = matrix.shape;
  return rows <= columns ? matrix : transpose(matrix);
}

function gram(matrix: Tensor<FloatDType>, kernels: Kernels): Tensor<'f64'> {
  const [rows = 0] = matrix.shape;
  const out = zeros('f64', [rows, rows]);
  kernels.matmul({ a: matrix, b: transpose(matrix), out });
  return out;
}

/** A new contiguous tensor: column k of an [n, columns] one times scale(k). */
function scaledColumns(matrix: Tensor<'f64'>, scale: (k: number) => number): Tensor<'f64'> {
  const [rows = 0, columns = 0] = matrix.shape;
  const [rowStride = 0, columnStride = 0] = matrix.strides;
  const scaled = zeros('f64', [rows, columns]);
  for (let k = 0; k < columns; k++) {
    const factor = scale(k);
    for (let i = 0; i < rows; i++) {
      scaled.data[i * columns + k] = matrix.data[matrix.offset + i * rowStride + k * columnStride]! * factor;
    }
  }
  return scaled;
}
