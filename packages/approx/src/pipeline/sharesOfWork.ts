/** How the work of an approximation is divided, before anything is known but sizes: uniform ranks stand for those to be chosen. */

import type { Model } from '@rankwise/nn';
import { modelCost } from '@rankwise/nn';
import { convolutionLayers } from '../layers.ts';
import { candidateLayers } from '../ranks/rankRequest.ts';
import { selectRanks } from '../ranks/selectRanks.ts';
import { needsLatencies, requestOf } from './approximationRequest.ts';
import type { ApproximateCalibratedOptions } from './approximationRequest.ts';
import { defaultEvaluations } from './searchRanks.ts';
import { trialCounts } from './trialCalibration.ts';
import { workEstimate } from './workEstimate.ts';
import type { ReconstructionWork } from './workEstimate.ts';

export interface SharesOfWork {
  /** Of the whole: calibrating, and finding ranks by what they do to the answers. The rest is reconstruction. */
  readonly calibration: number;
  readonly search: number;
}

/** Ranks at which each layer is tried alone, and the part of the network behind a layer, on average. */
const probes = 7;
const behind = 0.5;

/** @param images - to calibrate with */
export function sharesOfWork(
  model: Model,
  images: number,
  options: ApproximateCalibratedOptions & { readonly positions?: number },
): SharesOfWork {
  const { positions = 10, ranks = 'best', evaluations = defaultEvaluations } = options;
  const request = requestOf(model, options);
  const all = convolutionLayers(model);
  const plan = selectRanks(all, {
    ...request,
    ...(needsLatencies(options) ? { budget: 'macs' } : {}),
    ...(request.method === 'manual' ? {} : { method: 'uniform' }),
  });
  const layers = candidateLayers(all, request);
  const workOn = (count: number): ReconstructionWork => ({
    layers: layers.map((layer) => ({ layer, fitRows: count * Math.min(positions, layer.positions) })),
    images: count,
    positions,
  });
  const pass = modelCost(model).convMacs;
  const { fit, judge } = trialCounts(images);
  const alone = layers.length * probes * behind * judge * pass;
  const tried =
    evaluations * workEstimate(workOn(fit + judge), plan, { ...options, solver: 'linear', descent: 0 }).total;
  const search = (ranks === 'best' || ranks === 'sensitivity' ? alone : 0) + (ranks === 'best' ? tried : 0);
  const whole = images * pass + search + workEstimate(workOn(images), plan, options).total || 1;
  return { calibration: (images * pass) / whole, search: search / whole };
}
