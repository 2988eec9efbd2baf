/** One layer: the low-rank map by the chosen solver, and its errors on samples it was fitted to and on samples it was not. */

import { slice } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { balanced, linearStart } from '../solve/linearSolver.ts';
import { isIdentity } from '../solve/nonlinearity.ts';
import type { Nonlinearity } from '../solve/nonlinearity.ts';
import { nonlinearIterations } from '../solve/nonlinearSolver.ts';
import type { AlternationState, IterationTrace, PenaltyStage } from '../solve/nonlinearSolver.ts';
import { relativeResponseError } from '../solve/responseError.ts';
import type { LowRankMap, ResponseSamples } from '../solve/samples.ts';
import type { CalibratedLayer } from './calibrate.ts';
import type { FitAndHeldOut, Solver } from './report.ts';

export interface LayerSolution {
  /** With balanced factors, ready to be installed. */
  readonly map: LowRankMap;
  readonly rank: number;
  readonly error: FitAndHeldOut;
  readonly linearError: FitAndHeldOut;
  readonly trace: readonly IterationTrace[];
}

export interface LayerSolverOptions {
  readonly solver: Solver;
  readonly schedule: readonly PenaltyStage[];
  readonly kernels: Kernels;
  /** Where an earlier run stood. */
  readonly resume: AlternationState | undefined;
  /** Awaited after each iteration. */
  readonly afterIteration: (state: AlternationState) => Promise<void>;
}

/**
 * Solves one layer. A layer without a nonlinearity behind it is solved linearly whatever the solver.
 * @param regressor - f32 [n, d], rows as in `calibrated.target`; the same tensor for symmetric reconstruction
 */
export async function solveLayer(
  calibrated: CalibratedLayer,
  regressor: Tensor<'f32'>,
  rank: number,
  options: LayerSolverOptions,
): Promise<LayerSolution> {
  const { kernels, solver } = options;
  const { nonlinearity } = calibrated.layer;
  const fit = fittingRows(calibrated, regressor);
  const start = linearStart(fit, rank, kernels);
  const linear = start.solution;
  const linearError = errorsOf(linear.map, calibrated, regressor, nonlinearity, kernels);
  if (solver === 'linear' || isIdentity(nonlinearity)) {
    return { map: balanced(linear.map), rank: linear.rank, error: linearError, linearError, trace: [] };
  }
  const resume = options.resume === undefined ? {} : { resume: options.resume };
  const { window = 1 } = calibrated.positions;
  const steps = nonlinearIterations({ ...fit, window }, rank, {
    nonlinearity,
    schedule: options.schedule,
    kernels,
    start,
    ...resume,
  });
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) {
      const { map, rank: found, trace } = step.value;
      const error = errorsOf(map, calibrated, regressor, nonlinearity, kernels);
      return { map: balanced(map), rank: found, error, linearError, trace };
    }
    await options.afterIteration(step.value);
  }
}

function fittingRows({ target, fitRows }: CalibratedLayer, regressor: Tensor<'f32'>): ResponseSamples {
  const fit = slice(target, [[0, fitRows]]);
  return { target: fit, regressor: regressor === target ? fit : slice(regressor, [[0, fitRows]]) };
}

function errorsOf(
  map: LowRankMap,
  calibrated: CalibratedLayer,
  regressor: Tensor<'f32'>,
  nonlinearity: Nonlinearity,
  kernels: Kernels,
): FitAndHeldOut {
  const { target, fitRows } = calibrated;
  const [rows = 0] = target.shape;
  const fit = relativeResponseError(fittingRows(calibrated, regressor), map, nonlinearity, kernels);
  if (fitRows === rows) return { fit, heldOut: null };
  const unseen = { target: slice(target, [[fitRows, rows]]), regressor: slice(regressor, [[fitRows, rows]]) };
  return { fit, heldOut: relativeResponseError(unseen, map, nonlinearity, kernels) };
}
