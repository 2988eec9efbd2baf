/** A layer's descent on the samples it was fitted to, and its errors on those and on the samples that no fit has seen. */

import { referenceKernels, slice } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { chainResponses } from '../descent/chainForms.ts';
import type { ChainProblem } from '../descent/chainObjective.ts';
import { descend } from '../descent/descend.ts';
import type { FactorChain } from '../descent/factorChain.ts';
import { relativeDifference } from '../solve/responseError.ts';
import type { CalibratedLayer } from './calibrate.ts';
import type { LayerDescent } from './layerReplacement.ts';
import type { LayerWork } from './layerWork.ts';
import type { ReconstructionOptions } from './reconstruct.ts';
import type { FitAndHeldOut } from './report.ts';

/**
 * Descends from a chain.
 * @param input - f32 [n, inputs], rows as in the layer's target: responses or strips
 */
export async function descendLayer(
  { calibrated, work, takeTurn }: Pick<LayerWork, 'calibrated' | 'takeTurn' | 'work'>,
  input: Tensor<'f32'>,
  start: FactorChain,
  { descent: iterations = 0, kernels = referenceKernels, onProgress }: ReconstructionOptions,
): Promise<LayerDescent> {
  const before = chainErrors(calibrated, input, start, kernels);
  const steps = descend(fittingPart(calibrated, input), start, { iterations, kernels });
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) {
      const { chain, trace } = step.value;
      return { chain, before, error: chainErrors(calibrated, input, chain, kernels), trace };
    }
    onProgress?.(work.event('descend', calibrated.layer.name, step.value.iteration + 1, iterations));
    await takeTurn();
  }
}

/** The samples that are fitted to. */
export function fittingPart(calibrated: CalibratedLayer, input: Tensor<'f32'>): ChainProblem {
  const { target, fitRows, layer } = calibrated;
  const part: [[number, number]] = [[0, fitRows]];
  return { input: slice(input, part), target: slice(target, part), nonlinearity: layer.nonlinearity };
}

/** Relative errors of a chain. */
export function chainErrors(
  calibrated: CalibratedLayer,
  input: Tensor<'f32'>,
  chain: FactorChain,
  kernels: Kernels,
): FitAndHeldOut {
  return errorsAlone(calibrated, chainResponses(input, chain, kernels));
}

/** Errors of responses as they are, without a map on them. */
export function errorsAlone({ layer, target, fitRows }: CalibratedLayer, regressor: Tensor<'f32'>): FitAndHeldOut {
  const [rows = 0] = target.shape;
  const error = (from: number, to: number): number =>
    relativeDifference(
      { target: slice(target, [[from, to]]), regressor: slice(regressor, [[from, to]]) },
      layer.nonlinearity,
    );
  return { fit: error(0, fitRows), heldOut: fitRows === rows ? null : error(fitRows, rows) };
}
