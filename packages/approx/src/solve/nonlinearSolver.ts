/**
 * The nonlinear solver: a low-rank map whose responses agree AFTER the nonlinearity r, the ReLU or another (nonlinearity.ts).
 *
 *   min over M, b with rank M ≤ d' of Σ ‖r(y_i) − r(M ŷ_i + b)‖²
 *
 * relaxed with auxiliary responses z_i and a penalty λ,
 *
 *   Σ ‖r(y_i) − r(z_i)‖² + λ ‖z_i − (M ŷ_i + b)‖²,
 *
 * which is lowered by turns: (i) M, b by reduced-rank regression of z on ŷ with b = z̄ − M ŷ̄, (ii) each element of z at its global
 * minimum (auxiliaryStep.ts). Neither raises the relaxed objective at a fixed λ. Step (ii) is exact. Step (i) is exact for layers of fewer
 * than 128 filters and at the end of each λ's iterations; in between, where M changes little, wide layers have the last M
 * improved instead of an eigenproblem solved anew (reducedRankRegression's `initial`): on responses of real layers that lowers
 * the objective by 98 to 99.999 % of what an exact step would. For the same layers the passes over the samples in between form
 * their products in f32 (relaxation.ts has the bounds). It starts from the linear solution; the default schedule is the paper's: λ = 0.01
 * for 25 iterations, then λ = 1 for 25 more.
 *
 * Over-relaxation is not in the paper: with ω > 1 step (i) regresses w = y' + ω (z − y') instead of z. At full rank the relaxed objective
 * then still falls, by ω (2 − ω) of what ω = 1 takes off it, but z follows a longer way; at a lower rank nothing proves that it falls,
 * and the end is compared with the start as ever. It costs two products of d² d' a fit.
 *
 * Source: Zhang et al. 2015, §2.2 (symmetric, ŷ = y) and §2.3 (asymmetric). Cost per iteration: n d (2 d' + d) multiply-adds
 * over the samples, 9 d² d' more for an improvement, one symmetric eigenproblem of size d for an exact step.
 */

import { DomainError, referenceKernels } from '@rankwise/tensor';
import type { Kernels } from '@rankwise/tensor';
import type { Regressor } from '@rankwise/linalg';
import { auxiliaryRegression, residualOf } from './auxiliaryRegression.ts';
import { linearStart, regressionMap } from './linearSolver.ts';
import type { LinearSolution, LinearStart } from './linearSolver.ts';
import { checkNonlinearity } from './nonlinearity.ts';
import type { Nonlinearity } from './nonlinearity.ts';
import { isSingleFit, relax } from './relaxation.ts';
import { responseEnergy, squaredResponseError } from './responseError.ts';
import { checkProblem } from './samples.ts';
import type { LowRankMap, ResponseSamples } from './samples.ts';

/** `iterations` alternations at one λ. */
export interface PenaltyStage {
  readonly lambda: number;
  readonly iterations: number;
  /** ω, 1 ≤ ω ≤ 2; default 1: M is fitted to y' + ω (z − y'), beyond z where ω is above 1. */
  readonly overRelaxation?: number;
}

/** The schedule of Zhang et al. 2015, §2.2: a small λ first, so that z may move far; then a firm one. */
export const paperSchedule: readonly PenaltyStage[] = [
  { lambda: 0.01, iterations: 25 },
  { lambda: 1, iterations: 25 },
];

/**
 * A firm λ from the start, and steps of nearly twice the length: in a fifth to a half of the paper's iterations it is where those end,
 * and goes lower; in a last layer of very sparse responses it may stop a little above. Measured in the README, under what was tried.
 */
export const acceleratedSchedule: readonly PenaltyStage[] = [{ lambda: 1, iterations: 20, overRelaxation: 1.8 }];

/** A λ at which z cannot move by a part in 2^40 any more, and far from where λ y'² overflows. */
const largestLambda = 2 ** 40;

/**
 * Filters below which every fit is exact: the eigenproblem then takes some 10 ms, little beside a pass over the samples. From
 * there on improving a fit takes a fifth of the time at ranks up to a quarter of the width, a half at half the width.
 */
const leastWidthToImprove = 128;

/** What one iteration did; every value is divided by Σ ‖r(y_i) − mean of r(y)‖². */
export interface IterationTrace {
  readonly iteration: number;
  readonly lambda: number;
  /** Σ ‖r(y) − r(M ŷ + b)‖² at the M, b that the iteration started from. */
  readonly nonlinear: number;
  /** The relaxed objective after step (ii). */
  readonly relaxedAfterAuxiliary: number;
  /** The relaxed objective after the fit of step (i) that follows. */
  readonly relaxedAfterFit: number;
}

/** Where the alternation stands: all that its next iteration depends on, besides the samples. */
export interface AlternationState {
  readonly map: LowRankMap;
  /** One for each iteration that was made. */
  readonly trace: readonly IterationTrace[];
}

export interface NonlinearSolution {
  readonly map: LowRankMap;
  readonly rank: number;
  readonly trace: readonly IterationTrace[];
  /** The nonlinear objective of the linear start and of the answer, on the same scale as the trace. */
  readonly initial: number;
  readonly final: number;
}

export interface NonlinearOptions {
  /** r; default the ReLU. */
  readonly nonlinearity?: Nonlinearity;
  readonly schedule?: readonly PenaltyStage[];
  readonly kernels?: Kernels;
  /** Called after each iteration; what it throws ends the solve. */
  readonly onIteration?: (trace: IterationTrace) => void;
}

export interface AlternationOptions extends Omit<NonlinearOptions, 'onIteration'> {
  /** Where to go on; by default the linear solution. */
  readonly resume?: AlternationState;
  /** linearStart of the same samples and rank, where it is there already. */
  readonly start?: LinearStart;
}

/**
 * Runs the alternation to its end.
 * @param samples - target and regressor, f32 [n, d]; pass one tensor twice for the symmetric problem
 * @param rank - d', 1…d
 * @returns the last map (left [d, k], right [k, d], offset [d], f64), or the linear start should the last one be worse
 * @throws ShapeError when the samples do not fit each other, or a PReLU's slopes do not fit them.
 * @throws DomainError when the rank is not an integer in 1…d, a λ is not positive and finite, or a slope or bound of r is no number.
 * @example
 * import { solveNonlinear } from '@rankwise/approx';
 * import { createRandom, zeros } from '@rankwise/tensor';
 * const random = createRandom(1);
 * const y = zeros('f32', [200, 4]);
 * for (let i = 0; i < y.data.length; i++) y.data[i] = random.normal();
 * const { initial, final } = solveNonlinear({ target: y, regressor: y }, 2);
 * final < initial // => true
 */
export function solveNonlinear(
  samples: ResponseSamples,
  rank: number,
  options: NonlinearOptions = {},
): NonlinearSolution {
  const steps = nonlinearIterations(samples, rank, options);
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) return step.value;
    const last = step.value.trace.at(-1);
    if (last !== undefined) options.onIteration?.(last);
  }
}

/**
 * The alternation as a generator that yields after each iteration, for callers that share the thread with others or keep where it
 * stands. From a state that it yielded, on the same samples, at the same rank and with the same schedule, it goes on as if it had not
 * been interrupted.
 * @example
 * import { nonlinearIterations } from '@rankwise/approx';
 * import { fromNested } from '@rankwise/tensor';
 * const y = fromNested('f32', [[1, -1], [2, 0], [-3, 4], [0, 1]]);
 * const steps = nonlinearIterations({ target: y, regressor: y }, 1, { schedule: [{ lambda: 1, iterations: 2 }] });
 * [...steps].map(({ trace }) => trace.length) // => [1, 2]
 */
export function* nonlinearIterations(
  samples: ResponseSamples,
  rank: number,
  options: AlternationOptions = {},
): Generator<AlternationState, NonlinearSolution, void> {
  const { nonlinearity = { kind: 'relu' }, schedule = paperSchedule, kernels = referenceKernels, resume } = options;
  checkProblem('solveNonlinear', samples, rank);
  checkSchedule('solveNonlinear', schedule);
  checkNonlinearity('solveNonlinear', nonlinearity, samples.target.shape[1] ?? 0, samples.window);
  const energy = responseEnergy(samples.target, nonlinearity, samples.window) || 1;
  const { moments, regressor, solution: start } = options.start ?? linearStart(samples, rank, kernels);
  const improvable = isImprovable(start, regressor);
  const precision = improvable && isSingleFit(samples) ? 'single' : 'double';
  const trace: IterationTrace[] = [...(resume?.trace ?? [])];
  const [count = 0] = samples.target.shape;
  let { map } = resume ?? start;
  let before = 0;
  for (const { lambda, iterations, overRelaxation = 1 } of schedule) {
    for (let i = Math.max(0, trace.length - before); i < iterations; i++) {
      const between = improvable && i < iterations - 1;
      const sums = relax(samples, map, nonlinearity, lambda, kernels, between ? precision : 'double');
      const fit = auxiliaryRegression({ map, sums, moments, count, overRelaxation, kernels });
      const initial = between ? map.left : undefined;
      const { solution, explained } = regressionMap(
        regressor,
        fit.cross,
        moments,
        fit.mean,
        start.rank,
        kernels,
        initial,
      );
      const missed = Math.max(0, fit.deviation - explained);
      const residual =
        overRelaxation === 1 ? missed : residualOf(missed, map, solution.map, sums, overRelaxation, kernels);
      map = solution.map;
      trace.push({
        iteration: trace.length,
        lambda,
        nonlinear: sums.nonlinear / energy,
        relaxedAfterAuxiliary: sums.relaxed / energy,
        relaxedAfterFit: (sums.relaxed + lambda * (residual - sums.shiftSquares)) / energy,
      });
      yield { map, trace: [...trace] };
    }
    before += iterations;
  }
  const final = squaredResponseError(samples, map, nonlinearity, kernels) / energy;
  const initial = trace[0]?.nonlinear ?? final;
  const better = final <= initial ? map : start.map;
  return { map: better, rank: better.left.shape[1] ?? 0, trace, initial, final: Math.min(initial, final) };
}

/** Whether fits in between may be improved ones; a regressor that never varies has no subspace to start from. */
function isImprovable({ rank }: LinearSolution, regressor: Regressor): boolean {
  return regressor.rank > 0 && regressor.dimension >= leastWidthToImprove && 2 * rank <= regressor.dimension;
}

/**
 * Refuses stages that cannot be run.
 * @throws DomainError when a λ is not positive and finite, a number of iterations is not an integer ≥ 0, or ω is not in 1…2.
 */
export function checkSchedule(caller: string, schedule: readonly PenaltyStage[]): void {
  for (const { lambda, iterations, overRelaxation = 1 } of schedule) {
    if (!(lambda > 0 && lambda <= largestLambda)) {
      throw new DomainError(`${caller}: schedule: expected 0 < lambda ≤ ${largestLambda}, got ${lambda}`);
    }
    if (!Number.isInteger(iterations) || iterations < 0) {
      throw new DomainError(`${caller}: schedule: expected iterations ≥ 0 as an integer, got ${iterations}`);
    }
    if (!(overRelaxation >= 1 && overRelaxation <= 2)) {
      throw new DomainError(`${caller}: schedule: expected 1 ≤ overRelaxation ≤ 2, got ${overRelaxation}`);
    }
  }
}
