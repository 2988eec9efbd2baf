/**
 * The quadratic that data reconstruction lowers, in matrices.
 *
 *   E(V, H) = T − 2 ⟨S Bᵀ, H⟩ + ⟨H (B G Bᵀ), H⟩,    B = V at each column of the patch
 *
 * | symbol | shape          | meaning                                                                                        |
 * |--------|----------------|------------------------------------------------------------------------------------------------|
 * | V      | [K, m]         | vertical filters, m = c kₕ                                                                      |
 * | H      | [d, K k_w]     | horizontal filters, column (k, x)                                                              |
 * | B      | [K k_w, p]     | B((k, x), (i, x')) = V(k, i) where x = x', else 0; p = m k_w, column (i, x)                       |
 * | G      | [p, p]         | the patches' centred moment; ρ I is added to it wherever it is used, never in memory            |
 * | S      | [d, p]         | the cross moment and ρ W                                                                        |
 * | T      |                | Σ ‖y − ȳ‖² + ρ ‖W‖²                                                                             |
 *
 * B is never formed: its products are those of V with every k_w-th row or column, as strided views.
 */

import {
  ShapeError,
  cast,
  contiguous,
  copyOf,
  formatShape,
  reshape,
  sameShape,
  transpose,
  zeros,
} from '@rankwise/tensor';
import type { FloatDType, Kernels, Tensor } from '@rankwise/tensor';
import { cholesky } from '@rankwise/linalg';
import { sumOfSquares } from './filterReconstruction.ts';
import type { PatchMoments } from './patchMoments.ts';
import { composeSpatial } from './spatialFactors.ts';
import type { SpatialFactors } from './spatialFactors.ts';

/** V and H. */
export interface SpatialMatrices {
  /** [K, m], contiguous. */
  readonly vertical: Tensor<'f64'>;
  /** [d, K k_w], contiguous. */
  readonly horizontal: Tensor<'f64'>;
}

export interface SpatialProblem {
  /** G without ρ I, [p, p]. */
  readonly moment: Tensor<'f64'>;
  readonly ridge: number;
  /** S, [d, p]. */
  readonly cross: Tensor<'f64'>;
  /** T. */
  readonly total: number;
  /** Σ ‖y − ȳ‖². */
  readonly energy: number;
  /** k_w. */
  readonly width: number;
  /** Cholesky factor of the mean of G's k_w diagonal blocks [m, m] and ρ I, the preconditioner of V's system. */
  readonly preconditioner: Tensor<'f64'>;
  readonly kernels: Kernels;
  /** The two layers, with b = ȳ − W̃ x̄. */
  factorsOf(pair: SpatialMatrices): Required<SpatialFactors>;
}

/** The problem of a layer with these weights. `ridge` is a part of the mean variance of a patch's elements. */
export function prepareSpatialProblem(
  moments: PatchMoments,
  weight: Tensor<FloatDType>,
  ridge: number,
  kernels: Kernels,
): SpatialProblem {
  const [filters = 0, channels = 0, height = 0, width = 0] = weight.shape;
  const patchSize = channels * height * width;
  const { patchMoment, crossMoment } = moments;
  if (!sameShape(crossMoment.shape, [filters, patchSize]) || !sameShape(patchMoment.shape, [patchSize, patchSize])) {
    throw new ShapeError(
      `dataReconstruction: moments: expected those of [${filters}, ${channels}, ${height}, ${width}], got ` +
        `${formatShape(patchMoment.shape)} and ${formatShape(crossMoment.shape)}`,
    );
  }
  // Where the patches do not vary at all, any ridge keeps the systems definite.
  const rho = (ridge * (trace(patchMoment) || 1)) / patchSize;
  const cross = copyOf(crossMoment);
  const original = reshape(cast(contiguous(weight), 'f64'), [filters, patchSize]);
  for (let i = 0; i < cross.data.length; i++) cross.data[i]! += rho * original.data[original.offset + i]!;
  return {
    moment: patchMoment,
    ridge: rho,
    cross,
    total: moments.energy + rho * sumOfSquares(original),
    energy: moments.energy,
    width,
    preconditioner: cholesky(meanBlock(patchMoment, channels * height, width, rho), { kernels }),
    kernels,
    factorsOf: ({ vertical, horizontal }) => {
      const rank = vertical.shape[0] ?? 0;
      const factors = {
        vertical: reshape(vertical, [rank, channels, height, 1]),
        horizontal: reshape(horizontal, [filters, rank, 1, width]),
      };
      return { ...factors, bias: biasOf(composeSpatial(factors, kernels), moments) };
    },
  };
}

/** V and H of two layers. */
export function spatialMatrices({ vertical, horizontal }: SpatialFactors): SpatialMatrices {
  const [rank = 0, channels = 0, height = 0] = vertical.shape;
  const [filters = 0, , , width = 0] = horizontal.shape;
  return {
    vertical: reshape(vertical, [rank, channels * height]),
    horizontal: reshape(horizontal, [filters, rank * width]),
  };
}

/** E. */
export function spatialObjective(problem: SpatialProblem, { vertical, horizontal }: SpatialMatrices): number {
  const { kernels, total } = problem;
  const moment = innerMoment(problem, vertical, timesMoment(problem, vertical));
  const predicted = zeros('f64', horizontal.shape);
  kernels.matmul({ a: horizontal, b: moment, out: predicted });
  return total - 2 * dotOf(timesCross(problem, vertical), horizontal) + dotOf(predicted, horizontal);
}

/** B (G + ρ I), [K k_w, p]. */
export function timesMoment({ moment, ridge, width, kernels }: SpatialProblem, vertical: Tensor<'f64'>): Tensor<'f64'> {
  const [rank = 0, height = 0] = vertical.shape;
  const patchSize = height * width;
  const product = zeros('f64', [rank * width, patchSize]);
  for (let x = 0; x < width; x++) {
    kernels.matmul({ a: vertical, b: everyRow(moment, x, width), out: everyRow(product, x, width) });
    for (let k = 0; k < rank; k++) {
      const row = (k * width + x) * patchSize;
      for (let i = 0; i < height; i++) product.data[row + i * width + x]! += ridge * vertical.data[k * height + i]!;
    }
  }
  return product;
}

/** B (G + ρ I) Bᵀ, [K k_w, K k_w], from its left part. */
export function innerMoment(
  { width, kernels }: SpatialProblem,
  vertical: Tensor<'f64'>,
  product: Tensor<'f64'>,
): Tensor<'f64'> {
  return timesColumns(product, vertical, width, kernels);
}

/** S Bᵀ, [d, K k_w]. */
export function timesCross({ cross, width, kernels }: SpatialProblem, vertical: Tensor<'f64'>): Tensor<'f64'> {
  return timesColumns(cross, vertical, width, kernels);
}

/** Rows x, x + width, x + 2 width, … of a contiguous matrix. */
export function everyRow(matrix: Tensor<'f64'>, x: number, width: number): Tensor<'f64'> {
  const [rows = 0, columns = 0] = matrix.shape;
  return {
    ...matrix,
    offset: matrix.offset + x * columns,
    shape: [rows / width, columns],
    strides: [width * columns, 1],
  };
}

/** Columns x, x + width, x + 2 width, … of a contiguous matrix. */
export function everyColumn(matrix: Tensor<'f64'>, x: number, width: number): Tensor<'f64'> {
  const [rows = 0, columns = 0] = matrix.shape;
  return { ...matrix, offset: matrix.offset + x, shape: [rows, columns / width], strides: [columns, width] };
}

/** Σ of the products of corresponding elements of two contiguous tensors. */
export function dotOf(a: Tensor<'f64'>, b: Tensor<'f64'>): number {
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += a.data[i]! * b.data[i]!;
  return sum;
}

/** matrix · Bᵀ. */
function timesColumns(matrix: Tensor<'f64'>, vertical: Tensor<'f64'>, width: number, kernels: Kernels): Tensor<'f64'> {
  const product = zeros('f64', [matrix.shape[0] ?? 0, (vertical.shape[0] ?? 0) * width]);
  for (let x = 0; x < width; x++) {
    kernels.matmul({
      a: everyColumn(matrix, x, width),
      b: transpose(vertical),
      out: everyColumn(product, x, width),
    });
  }
  return product;
}

function meanBlock(moment: Tensor<'f64'>, height: number, width: number, ridge: number): Tensor<'f64'> {
  const mean = zeros('f64', [height, height]);
  const patchSize = height * width;
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < height; j++) {
      let sum = 0;
      for (let x = 0; x < width; x++) sum += moment.data[(i * width + x) * patchSize + j * width + x]!;
      mean.data[i * height + j] = sum / width + (i === j ? ridge : 0);
    }
  }
  return mean;
}

function biasOf(composed: Tensor<'f64'>, { patchMean, responseMean }: PatchMoments): Float64Array {
  const patchSize = patchMean.length;
  return responseMean.map((mean, f) => {
    let bias = mean;
    for (let i = 0; i < patchSize; i++) bias -= composed.data[f * patchSize + i]! * patchMean[i]!;
    return bias;
  });
}

function trace(matrix: Tensor<'f64'>): number {
  const [rows = 0] = matrix.shape;
  let sum = 0;
  for (let i = 0; i < rows; i++) sum += matrix.data[i * rows + i]!;
  return sum;
}
