/** Ranks for a calibrated model, by whatever method was asked for. */

import { convolutionLayers } from '../layers.ts';
import type { RankMethod } from '../ranks/rankRequest.ts';
import type { RankPlan } from '../ranks/rankPlan.ts';
import { selectRanks } from '../ranks/selectRanks.ts';
import type { ApproximateCalibratedOptions } from './approximationRequest.ts';
import type { Calibration } from './calibrate.ts';
import { measuredRequest } from './measuredRequest.ts';
import { searchRanks } from './searchRanks.ts';
import type { PlanOrigin, RankSearch } from './searchRanks.ts';

export interface ChosenPlan {
  readonly plan: RankPlan;
  /** The method, or where `best` found the plan. */
  readonly method: PlanOrigin | RankMethod;
  /** Of `best`. */
  readonly search: RankSearch | undefined;
}

export async function choosePlan(calibration: Calibration, options: ApproximateCalibratedOptions): Promise<ChosenPlan> {
  const request = await measuredRequest(calibration, options);
  const { ranks = 'best' } = options;
  if (ranks !== 'best') {
    return { plan: selectRanks(convolutionLayers(calibration.model), request), method: ranks, search: undefined };
  }
  const search = await searchRanks(calibration, request, options);
  return { plan: search.plan, method: search.origin, search };
}
