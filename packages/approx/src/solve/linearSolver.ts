/**
 * The linear solver: the best low-rank affine map of responses, without regard to the nonlinearity.
 *
 *   min over M, b with rank M ≤ d' of Σ ‖y_i − (M ŷ_i + b)‖²
 *
 * Symmetric (ŷ = y): M = U Uᵀ with U the top d' eigenvectors of the covariance of y, b = ȳ − M ȳ: principal component
 * analysis (Zhang et al. 2015, §2.1). Asymmetric: reduced-rank regression of y on ŷ, b = ȳ − M ŷ̄ (§2.3 without r).
 *
 * Cost: one or two d × d moments over n samples (n d² multiply-adds each) and one symmetric eigenproblem of size d,
 * two when asymmetric.
 */

import { referenceKernels, zeros } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { balancedFactors, prepareRegressor, reducedRankRegression } from '@rankwise/linalg';
import type { Regressor } from '@rankwise/linalg';
import { centredMoment, meanRow } from './moments.ts';
import { checkProblem } from './samples.ts';
import type { LowRankMap, ResponseSamples } from './samples.ts';

export interface LinearSolution {
  readonly map: LowRankMap;
  /** Rank of the map: the one asked for, or the numerical rank of the regressor's moment where that is less (at least 1). */
  readonly rank: number;
}

/** First and second moments of one problem; the alternation needs them at every iteration. */
export interface ProblemMoments {
  readonly targetMean: Float64Array;
  readonly regressorMean: Float64Array;
  /** Σ (ŷ − ŷ̄)(ŷ − ŷ̄)ᵀ, [d, d]. */
  readonly regressorMoment: Tensor<'f64'>;
  /** Σ (y − ȳ)(ŷ − ŷ̄)ᵀ, [d, d]; the regressor's moment itself when symmetric. */
  readonly crossMoment: Tensor<'f64'>;
}

/**
 * The optimal linear low-rank map.
 * @param samples - target and regressor, f32 [n, d]; pass one tensor twice for the symmetric problem
 * @param rank - d', 1…d
 * @returns map with left [d, k], right [k, d], offset [d] in f64, k ≤ rank
 * @throws ShapeError when the samples do not fit each other.
 * @throws DomainError when rank is not an integer in 1…d.
 * @example
 * import { solveLinear } from '@rankwise/approx';
 * import { fromNested } from '@rankwise/tensor';
 * // Two filters that always respond alike need one direction only.
 * const y = fromNested('f32', [[1, 1], [2, 2], [5, 5]]);
 * const { map } = solveLinear({ target: y, regressor: y }, 1);
 * Math.round(map.left.data[0] * map.right.data[0] * 1e6) / 1e6 // => 0.5
 */
export function solveLinear(
  samples: ResponseSamples,
  rank: number,
  kernels: Kernels = referenceKernels,
): LinearSolution {
  return linearStart(samples, rank, kernels).solution;
}

/** A problem's moments, and what is worked out from them before any iteration. */
export interface LinearStart {
  readonly moments: ProblemMoments;
  readonly regressor: Regressor;
  readonly solution: LinearSolution;
}

/** The linear solution with what it was made from, for solvers that go on from there; throws as solveLinear does. */
export function linearStart(samples: ResponseSamples, rank: number, kernels: Kernels): LinearStart {
  checkProblem('solveLinear', samples, rank);
  const moments = problemMoments(samples, kernels);
  const regressor = prepareRegressor(moments.regressorMoment, { kernels });
  return { moments, regressor, solution: linearSolution(moments, rank, kernels, regressor) };
}

/** The optimal linear map from moments alone. `regressor` is prepareRegressor(moments.regressorMoment). */
export function linearSolution(
  moments: ProblemMoments,
  rank: number,
  kernels: Kernels = referenceKernels,
  regressor: Regressor = prepareRegressor(moments.regressorMoment, { kernels }),
): LinearSolution {
  const { regressorMoment, crossMoment, targetMean } = moments;
  return crossMoment === regressorMoment && regressor.rank > 0
    ? principalMap(regressor, moments, Math.min(rank, regressor.rank))
    : regressionMap(regressor, crossMoment, moments, targetMean, rank, kernels).solution;
}

/** Moments of a problem, computed in f64. */
export function problemMoments(samples: ResponseSamples, kernels: Kernels): ProblemMoments {
  const { target, regressor } = samples;
  const regressorMean = meanRow(regressor);
  const regressorMoment = centredMoment(regressor, regressorMean, regressor, regressorMean, kernels);
  if (target === regressor) {
    return { targetMean: regressorMean, regressorMean, regressorMoment, crossMoment: regressorMoment };
  }
  const targetMean = meanRow(target);
  const crossMoment = centredMoment(target, targetMean, regressor, regressorMean, kernels);
  return { targetMean, regressorMean, regressorMoment, crossMoment };
}

/**
 * Reduced-rank regression of a response with moments `cross` and mean `mean` on the regressor, with its offset.
 * `explained` is Σ ‖M (ŷ − ŷ̄)‖², what the fit takes off the response's squared deviation. With `initial`, the left factor of
 * an earlier fit, that is improved instead of solving anew: the fit is then nearly the best, and never worse than any by it.
 */
export function regressionMap(
  regressor: Regressor,
  cross: Tensor<'f64'>,
  moments: ProblemMoments,
  mean: Float64Array,
  rank: number,
  kernels: Kernels,
  initial?: Tensor<'f64'>,
): { readonly solution: LinearSolution; readonly explained: number } {
  const options = { kernels, ...(initial === undefined ? {} : { initial }) };
  const { left, right, singularValues } = reducedRankRegression(regressor, cross, rank, options);
  let explained = 0;
  for (const value of singularValues.data) explained += value * value;
  return { solution: withOffset(left, right, mean, moments.regressorMean), explained };
}

/**
 * The same map with balanced factors P = U S^½ and Qᵀ = S^½ Vᵀ, M = U S Vᵀ (Zhang et al. 2015, §2.1).
 * @example
 * import { balanced } from '@rankwise/approx';
 * import { fromNested, toNested } from '@rankwise/tensor';
 * const map = { left: fromNested('f64', [[1]]), right: fromNested('f64', [[4]]), offset: new Float64Array(1) };
 * toNested(balanced(map).left) // => [[2]]
 */
export function balanced(map: LowRankMap): LowRankMap {
  const { left, right } = balancedFactors(map.left, map.right);
  return { left, right, offset: map.offset };
}

/** The leading eigenvectors of the covariance, which are the whitener's columns at length 1: w_j = u_j / √e_j. */
function principalMap(regressor: Regressor, moments: ProblemMoments, rank: number): LinearSolution {
  const { dimension: width, rank: columns, whitener, eigenvalues } = regressor;
  const left = zeros('f64', [width, rank]);
  const right = zeros('f64', [rank, width]);
  for (let j = 0; j < rank; j++) {
    const length = Math.sqrt(eigenvalues.data[j]!);
    for (let i = 0; i < width; i++) {
      const component = whitener.data[i * columns + j]! * length;
      left.data[i * rank + j] = component;
      right.data[j * width + i] = component;
    }
  }
  return withOffset(left, right, moments.targetMean, moments.regressorMean);
}

/** b = mean − M ŷ̄. A map of rank 0 (a regressor that never varies) becomes one direction of zeros: layers need a filter. */
function withOffset(
  left: Tensor<'f64'>,
  right: Tensor<'f64'>,
  mean: Float64Array,
  regressorMean: Float64Array,
): LinearSolution {
  const width = mean.length;
  const rank = left.shape[1] ?? 0;
  if (rank === 0) {
    return {
      map: { left: zeros('f64', [width, 1]), right: zeros('f64', [1, width]), offset: Float64Array.from(mean) },
      rank: 1,
    };
  }
  const offset = Float64Array.from(mean);
  for (let k = 0; k < rank; k++) {
    let projected = 0;
    for (let j = 0; j < width; j++) projected += right.data[k * width + j]! * regressorMean[j]!;
    for (let i = 0; i < width; i++) offset[i]! -= left.data[i * rank + k]! * projected;
  }
  return { map: { left, right, offset }, rank };
}
