/**
 * Ranks at any speed-up from one set of tables: a slider.
 *
 * Nothing is measured any more: the plan is a pure function of the tables and the speed-up, and takes milliseconds.
 */

import { DomainError } from '@rankwise/tensor';
import type { ConvolutionLayer } from '../layers.ts';
import type { RankPlan } from './rankPlan.ts';
import type { RankRequest } from './rankRequest.ts';
import { leastCost, poseRequest, withOwnRecords } from './rankProblem.ts';
import { selectRanks } from './selectRanks.ts';

export interface RankSlider {
  /** The largest speed-up in reach. */
  readonly most: number;
  /** @throws DomainError when the speed-up is below 1 or out of reach. */
  at(speedup: number): RankPlan;
}

/**
 * A slider over speed-ups.
 * @param request - any method but `manual`, with what it needs
 * @throws DomainError as selectRanks does at a speed-up of 1, and when the method is `manual`.
 * @example
 * import { convolutionLayers, rankSlider } from '@rankwise/approx';
 * import { sppNet7 } from '@rankwise/nn';
 * const slider = rankSlider(convolutionLayers(sppNet7({ initialize: false })), { method: 'uniform', fixed: { conv1: 32 } });
 * [3, 4, 5].map((speedup) => slider.at(speedup).ranks.conv7) // => [153, 115, 92]
 * Math.floor(slider.most) // => 388
 */
export function rankSlider(layers: readonly ConvolutionLayer[], request: Omit<RankRequest, 'speedup'>): RankSlider {
  if (request.method === 'manual') {
    throw new DomainError('rankSlider: method: expected one that follows a speed-up, got manual');
  }
  const own = withOwnRecords({ ...request, speedup: 1 });
  const { counted, costs, budget } = poseRequest(layers, own);
  return {
    most: budget / leastCost(counted, own, costs),
    at: (speedup) => selectRanks(layers, { ...request, speedup }),
  };
}
