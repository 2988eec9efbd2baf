/**
 * A request worked out: its layers, what ranks cost in its unit, and the knapsack problem that the optimal methods solve.
 */

import { DomainError } from '@rankwise/tensor';
import type { ConvolutionLayer } from '../layers.ts';
import { allowedRanks, layerTables } from './layerTables.ts';
import { ownRecord } from './ownRecord.ts';
import { rankCosts } from './rankCosts.ts';
import type { RankCosts } from './rankCosts.ts';
import { planOf, total } from './rankPlan.ts';
import type { RankPlan } from './rankPlan.ts';
import { candidateLayers, countedLayers, checkRequest, checkSpeedup, ruleOf } from './rankRequest.ts';
import type { RankRequest } from './rankRequest.ts';
import type { RankTable } from './rankTable.ts';

/** A request as the knapsack problem of optimalRanks. */
export interface RankProblem {
  /** One for each counted layer, in the order of the graph. */
  readonly tables: readonly RankTable[];
  /** Of the summed cost. */
  readonly budget: number;
}

/**
 * The tables and the budget of a request, for a search of one's own (optimalRanks, refineRanks).
 * @throws DomainError as selectRanks does.
 * @example
 * import { convolutionLayers, rankProblem } from '@rankwise/approx';
 * import { sequential } from '@rankwise/nn';
 * const model = sequential('tiny', [1, 4, 4], { seed: 1 }).conv('conv1', { filters: 2, kernel: 1 })
 *   .conv('conv2', { filters: 2, kernel: 3, padding: 1 }).build();
 * const losses = { conv2: [0.1, 0] };
 * const { tables, budget } = rankProblem(convolutionLayers(model), { method: 'sensitivity', speedup: 1.5, losses });
 * tables[0].options // => [{ rank: 2, cost: 576, loss: 0 }, { rank: 1, cost: 320, loss: 0.1 }]
 * budget // => 384
 */
export function rankProblem(layers: readonly ConvolutionLayer[], request: RankRequest): RankProblem {
  const { problem } = poseRequest(layers, withOwnRecords(request));
  return problem();
}

/**
 * The plan of ranks that were found elsewhere, counted as the request counts.
 * @param ranks - of the request's counted layers, by name
 * @throws DomainError as selectRanks does.
 */
export function planOfRanks(
  layers: readonly ConvolutionLayer[],
  request: RankRequest,
  ranks: Readonly<Record<string, number>>,
): RankPlan {
  const own = withOwnRecords(request);
  const { candidates, counted, costs } = poseRequest(layers, own);
  return planOf(candidates, counted, { ranks: Object.assign(ownRecord(ranks), own.fixed) }, own, costs);
}

/** The request with records that have nothing but their own entries. */
export function withOwnRecords(request: RankRequest): RankRequest {
  return {
    ...request,
    fixed: ownRecord(request.fixed),
    fixedSpatial: ownRecord(request.fixedSpatial),
    caps: ownRecord(request.caps),
    energies: ownRecord(request.energies),
    losses: ownRecord(request.losses),
    latencies: ownRecord(request.latencies),
  };
}

/** A checked request, worked out. */
export interface PosedRequest {
  readonly candidates: readonly ConvolutionLayer[];
  readonly counted: readonly ConvolutionLayer[];
  readonly costs: RankCosts;
  /** Of the counted layers' summed cost; Infinity for `manual`. */
  readonly budget: number;
  /** @throws DomainError when the method's energies or losses are missing. */
  problem(): RankProblem;
}

/** @throws DomainError when no ranks can follow the request. */
export function poseRequest(layers: readonly ConvolutionLayer[], request: RankRequest): PosedRequest {
  checkRequest(layers, request);
  const costs = rankCosts('selectRanks', request, ruleOf(request));
  const counted = countedLayers(layers, request);
  const budget = request.method === 'manual' ? Infinity : budgetOf(counted, request, costs);
  return {
    candidates: candidateLayers(layers, request),
    counted,
    costs,
    budget,
    problem: () => ({ tables: layerTables(counted, request, costs), budget }),
  };
}

/** @throws DomainError when no ranks meet it. */
function budgetOf(counted: readonly ConvolutionLayer[], request: RankRequest, costs: RankCosts): number {
  const { multipleOf = 1 } = request;
  const speedup = checkSpeedup(counted, request);
  const original = total(counted, costs.original);
  const least = leastCost(counted, request, costs);
  if (least <= original / speedup) return original / speedup;
  const most = Math.floor((original / least) * 100) / 100;
  const names = counted.map((layer) => layer.name).join(', ');
  if (least >= original && multipleOf > 1) {
    throw new DomainError(
      `selectRanks: multipleOf: expected a rank that costs less in one of ${names}, got ${multipleOf}`,
    );
  }
  throw new DomainError(
    `selectRanks: speedup: expected at most ${most} (rank ${multipleOf} in all of ${names}), got ${speedup}`,
  );
}

/** Of all layers together, each at its cheapest rank. */
export function leastCost(layers: readonly ConvolutionLayer[], request: RankRequest, costs: RankCosts): number {
  return total(layers, (layer) =>
    allowedRanks(layer, request).reduce((least, rank) => Math.min(least, costs.at(layer, rank)), Infinity),
  );
}
