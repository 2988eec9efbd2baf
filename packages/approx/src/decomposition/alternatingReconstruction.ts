/**
 * Filter reconstruction by turns: the same objective as filterReconstruction, lowered as Jaderberg et al. 2014 (§3.1) do.
 *
 *   min over V, H of ‖A − Vᵀ H‖²,    H ← argmin at fixed V,    V ← argmin at fixed H
 *
 * with A the (c kₕ) × (d k_w) rearrangement of the weights. Each half-step is a least squares problem, solved by QR, so the error never
 * rises; from a random start the two converge to the leading singular subspaces, linearly with the ratio s²_{K+1} / s²_K. It shares
 * no step with the closed form and needs no eigenproblem: it is there to check that one, and for objectives that have none.
 *
 * Cost per half-step: some m n K + (m + n) K² multiply-adds for an m × n matrix A.
 */

import { DomainError, checkFinite, createRandom, referenceKernels, transpose, zeros } from '@rankwise/tensor';
import type { FloatDType, Kernels, Tensor } from '@rankwise/tensor';
import { leastSquares } from '@rankwise/linalg';
import { checkSpatialRank, sumOfSquares } from './filterReconstruction.ts';
import type { FilterReconstruction } from './filterReconstruction.ts';
import { factorsFromMatrices, rearrangeWeights } from './spatialFactors.ts';

export interface AlternatingReconstruction extends FilterReconstruction {
  /** ‖W − W̃‖² after each half-step; it never rises. */
  readonly trace: readonly number[];
}

export interface AlternatingOptions {
  /** Most pairs of half-steps; default 100. */
  readonly iterations?: number;
  /** Ends when a pair of half-steps takes less than this part of ‖W‖² off the error; default 0: never. */
  readonly tolerance?: number;
  /** Of the random start; default 0. */
  readonly seed?: number;
  readonly kernels?: Kernels;
}

/**
 * A spatial decomposition of a layer's filters by alternating least squares from a random start.
 * @param weight - [d, c, kernelHeight, kernelWidth]
 * @param rank - K, 1…min(c · kernelHeight, d · kernelWidth)
 * @throws ShapeError when the weights do not have four axes.
 * @throws DomainError when a weight is not finite, or the rank or an option is out of range.
 * @example
 * import { alternatingReconstruction } from '@rankwise/approx';
 * import { fromNested } from '@rankwise/tensor';
 * const { squaredError, trace } = alternatingReconstruction(fromNested('f32', [[[[3, 0], [0, 1]]]]), 1, { iterations: 20 });
 * Math.round(squaredError * 1e6) / 1e6 // => 1
 * trace.length // => 40
 */
export function alternatingReconstruction(
  weight: Tensor<FloatDType>,
  rank: number,
  { iterations = 100, tolerance = 0, seed = 0, kernels = referenceKernels }: AlternatingOptions = {},
): AlternatingReconstruction {
  const matrix = rearrangeWeights('alternatingReconstruction', weight);
  checkFinite('alternatingReconstruction', 'weight', weight);
  checkSpatialRank('alternatingReconstruction', rank, matrix);
  checkOptions(iterations, tolerance);
  const squaredNorm = sumOfSquares(matrix);
  let left = createRandom(seed).fillNormalInPlace(zeros('f64', [matrix.shape[0] ?? 0, rank]));
  let right = zeros('f64', [rank, matrix.shape[1] ?? 0]);
  const trace: number[] = [];
  for (let i = 0; i < iterations; i++) {
    const before = trace.at(-1) ?? Infinity;
    const horizontal = leastSquares(left, matrix, { kernels });
    right = horizontal.x;
    const vertical = leastSquares(transpose(right), transpose(matrix), { kernels });
    left = transpose(vertical.x);
    trace.push(sumOfSquares(horizontal.residualNorms), sumOfSquares(vertical.residualNorms));
    if (before - (trace.at(-1) ?? 0) < tolerance * squaredNorm) break;
  }
  const factors = factorsFromMatrices(left, right, weight.shape);
  return { factors, squaredError: trace.at(-1) ?? 0, squaredNorm, trace };
}

function checkOptions(iterations: number, tolerance: number): void {
  if (!Number.isInteger(iterations) || iterations < 1) {
    throw new DomainError(`alternatingReconstruction: iterations: expected a positive integer, got ${iterations}`);
  }
  if (!(tolerance >= 0 && tolerance < 1)) {
    throw new DomainError(`alternatingReconstruction: tolerance: expected 0 ≤ part < 1, got ${tolerance}`);
  }
}
