/** Ranks for a calibrated model, by whatever method was asked for. */

import { referenceKernels } from '@rankwise/tensor';
import { convolutionLayers } from '../layers.ts';
import type { RankMethod, RankRequest } from '../ranks/rankRequest.ts';
import type { RankPlan } from '../ranks/rankPlan.ts';
import { selectRanks } from '../ranks/selectRanks.ts';
import type { ApproximateCalibratedOptions } from './approximationRequest.ts';
import type { Calibration } from './calibrate.ts';
import { rankEnergies } from './rankEnergies.ts';
import { searchRanks, sensitivityLosses } from './searchRanks.ts';
import type { PlanOrigin, RankSearch } from './searchRanks.ts';

export interface ChosenPlan {
  readonly plan: RankPlan;
  /** The method, or where `best` found the plan. */
  readonly method: PlanOrigin | RankMethod;
  /** Of `best`. */
  readonly search: RankSearch | undefined;
}

/** @param request - from calibratedRequest */
export async function choosePlan(
  calibration: Calibration,
  request: RankRequest,
  options: ApproximateCalibratedOptions,
): Promise<ChosenPlan> {
  const { kernels = referenceKernels, ranks = 'best' } = options;
  const { decomposition = 'channel' } = request;
  if (ranks === 'best') {
    const search = await searchRanks(calibration, request, options);
    return { plan: search.plan, method: search.origin, search };
  }
  const layers = convolutionLayers(calibration.model);
  const energies = rankEnergies(calibration, decomposition, kernels);
  const complete: RankRequest = { ...request, energies };
  if (ranks !== 'sensitivity' || request.losses !== undefined) {
    return { plan: selectRanks(layers, complete), method: ranks, search: undefined };
  }
  const { counted } = selectRanks(layers, { ...complete, method: 'uniform' });
  const losses = await sensitivityLosses(calibration, counted, { ...options, decomposition });
  return { plan: selectRanks(layers, { ...complete, losses }), method: ranks, search: undefined };
}
