/**
 * Data reconstruction: the spatial decomposition whose RESPONSES are nearest to the layer's, on patches that it really gets.
 *
 *   min over V, H, b of Σ ‖y − b − W̃ x̂‖² + ρ ‖W − W̃‖²,    W̃(f, c, y, x) = Σ_k H(f, k, x) V(k, c, y)
 *
 * (Jaderberg et al. 2014, §3.2; with y of the original network and x̂ of the approximated one it is asymmetric as in Zhang et al. 2015,
 * §2.3.) b = ȳ − W̃ x̄. The ridge ρ draws towards filter reconstruction, to which ρ → ∞ leads; without it, directions in which the
 * patches do not vary would be left to chance.
 *
 * By turns, from filter reconstruction: H in one step (horizontalStep), V by conjugate gradients from where it stands (verticalStep).
 * Neither raises the objective, so that the error on the patches is never above that of filter reconstruction.
 *
 * Cost, K vertical filters, p = c kₕ k_w, f64: K p² multiply-adds per conjugate gradient step and K (k_w + 1) p² per H; for 512 channels of
 * 3×3 at K = 200 some 4 · 10⁹ a step. Memory: the moments (spatialProblem.ts), which are not copied, and 2 K k_w p · 8 bytes.
 */

import { DomainError, referenceKernels } from '@rankwise/tensor';
import type { FloatDType, Kernels, Tensor } from '@rankwise/tensor';
import { filterReconstruction } from './filterReconstruction.ts';
import type { PatchMoments } from './patchMoments.ts';
import { prepareSpatialProblem, spatialMatrices, spatialObjective } from './spatialProblem.ts';
import type { SpatialFactors } from './spatialFactors.ts';
import { horizontalStep, verticalStep } from './spatialSteps.ts';

export interface DataReconstruction {
  readonly factors: Required<SpatialFactors>;
  /**
   * The objective over Σ ‖y − ȳ‖²: of filter reconstruction with its bias solved anew, then after each half-step. It never rises
   * beyond rounding.
   */
  readonly trace: readonly number[];
}

export interface DataReconstructionOptions {
  /** ρ as a part of the mean variance of a patch's elements; default 0.01. */
  readonly ridge?: number;
  /** Most pairs of half-steps; default 20. */
  readonly iterations?: number;
  /** Ends when a pair of half-steps takes less than this part off the objective; default 0.001. */
  readonly tolerance?: number;
  readonly kernels?: Kernels;
}

/**
 * A spatial decomposition fitted to data.
 * @param moments - of the patches the layer gets and the responses wanted of them (sumPatchMoments)
 * @param weight - of the original layer, [d, c, kernelHeight, kernelWidth]
 * @param rank - K, 1…min(c · kernelHeight, d · kernelWidth)
 * @returns vertical [K, c, kernelHeight, 1], horizontal [d, K, 1, kernelWidth] and bias [d], f64
 * @throws ShapeError when the moments do not fit the weights.
 * @throws DomainError when a weight is not finite, or the rank or an option is out of range.
 * @example
 * import { dataReconstruction, sumPatchMoments } from '@rankwise/approx';
 * import { fromNested } from '@rankwise/tensor';
 * // Filter reconstruction keeps the larger of two diagonal elements; the data hardly show it.
 * const weight = fromNested('f32', [[[[3, 0], [0, 1]]]]);
 * const sums = sumPatchMoments(4, 1);
 * sums.add(fromNested('f32', [[0, 0, 0, 8], [0.5, 0, 0, 0], [0, 1, 1, 0]]), fromNested('f32', [[8], [1.5], [0]]));
 * const { trace } = dataReconstruction(sums.finish(), weight, 1);
 * [(trace[0] ?? 0) > 1, (trace.at(-1) ?? 1) < 0.05] // => [true, true]
 */
export function dataReconstruction(
  moments: PatchMoments,
  weight: Tensor<FloatDType>,
  rank: number,
  options: DataReconstructionOptions = {},
): DataReconstruction {
  const start = filterReconstruction(weight, rank, options.kernels);
  const steps = dataReconstructionSteps(moments, weight, start.factors, options);
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
}

/** As dataReconstruction, from a given start, one half-step at a time; yields the objective after each. */
export function* dataReconstructionSteps(
  moments: PatchMoments,
  weight: Tensor<FloatDType>,
  start: SpatialFactors,
  { ridge = 0.01, iterations = 20, tolerance = 0.001, kernels = referenceKernels }: DataReconstructionOptions,
): Generator<number, DataReconstruction, void> {
  checkOptions(ridge, iterations, tolerance);
  const problem = prepareSpatialProblem(moments, weight, ridge, kernels);
  let pair = spatialMatrices(start);
  const scale = problem.energy > 0 ? problem.energy : 1;
  const trace = [spatialObjective(problem, pair) / scale];
  for (let i = 0; i <= iterations; i++) {
    const before = trace.at(-1) ?? 0;
    const solved = horizontalStep(problem, pair);
    pair = solved.pair;
    trace.push(solved.objective / scale);
    yield solved.objective / scale;
    if (i === iterations) break;
    const moved = verticalStep(problem, pair);
    pair = moved.pair;
    trace.push(moved.objective / scale);
    yield moved.objective / scale;
    if (i > 0 && before - moved.objective / scale <= tolerance * before) break;
  }
  return { factors: problem.factorsOf(pair), trace };
}

function checkOptions(ridge: number, iterations: number, tolerance: number): void {
  if (!(ridge > 0 && ridge < Infinity)) {
    throw new DomainError(`dataReconstruction: ridge: expected a number > 0, got ${ridge}`);
  }
  if (!Number.isInteger(iterations) || iterations < 0) {
    throw new DomainError(`dataReconstruction: iterations: expected an integer ≥ 0, got ${iterations}`);
  }
  if (!(tolerance >= 0 && tolerance < 1)) {
    throw new DomainError(`dataReconstruction: tolerance: expected 0 ≤ part < 1, got ${tolerance}`);
  }
}
