/** Ranks for a whole model, with what they cost. */

import type { Decomposition, LayerRanks } from '../decomposition/decomposition.ts';
import { originalMacs } from '../decomposition/decompositionCost.ts';
import { layerMacs } from '../decomposition/layerRanks.ts';
import type { ConvolutionLayer } from '../layers.ts';
import { ownRecord } from './ownRecord.ts';
import type { Budget, RankCosts } from './rankCosts.ts';
import { ruleOf } from './rankRequest.ts';
import type { RankRequest } from './rankRequest.ts';

export interface RankPlan {
  readonly decomposition: Decomposition;
  /** d', or K of a spatial plan, by layer name, in the order of the graph; layers that do not take part are not named. */
  readonly ranks: Readonly<Record<string, number>>;
  /** d'' of the layers that become three, by name; empty unless `decomposition` is `3d`. */
  readonly spatialRanks: Readonly<Record<string, number>>;
  /** The layers that the speed-up is counted on. */
  readonly counted: readonly string[];
  /** Layers that take part but stay as they are at their rank: what would replace them is not cheaper, or they cannot be split. */
  readonly leftAlone: readonly string[];
  readonly macsBefore: number;
  readonly macsAfter: number;
  /** In multiply-adds, whatever the budget. */
  readonly speedup: number;
  /** The counted layers' cost in the unit of the budget. */
  readonly cost: { readonly budget: Budget; readonly before: number; readonly after: number };
  /** What the method minimises; undefined for `uniform` and `manual`, which minimise nothing. */
  readonly objective?: PlanObjective;
}

export interface PlanObjective {
  /** Σ loss of the counted layers: −log Π energies kept (`energy`, `exact`), or the sum of the losses given (`sensitivity`). */
  readonly loss: number;
  /** No ranks within the budget lose less. `loss − bound` is the optimality gap: 0 for `exact` and `sensitivity`. */
  readonly bound: number;
}

/**
 * How a plan decomposes a layer; undefined when the layer does not take part.
 * @example
 * import { convolutionLayers, plannedRanks, selectRanks } from '@rankwise/approx';
 * import { sppNet7 } from '@rankwise/nn';
 * const plan = selectRanks(convolutionLayers(sppNet7({ initialize: false })), { method: 'uniform', decomposition: '3d', speedup: 4 });
 * plannedRanks(plan, { name: 'conv4' }) // => { decomposition: '3d', rank: 230, spatialRank: 211 }
 */
export function plannedRanks(plan: RankPlan, { name }: Pick<ConvolutionLayer, 'name'>): LayerRanks | undefined {
  const rank = ownRecord(plan.ranks)[name];
  if (rank === undefined) return undefined;
  if (plan.decomposition !== '3d') return { decomposition: plan.decomposition, rank };
  const spatialRank = ownRecord(plan.spatialRanks)[name];
  return spatialRank === undefined ? { decomposition: 'channel', rank } : { decomposition: '3d', rank, spatialRank };
}

/** What a method found. */
export interface ChosenRanks {
  readonly ranks: Record<string, number>;
  readonly objective?: PlanObjective;
}

/** The plan of the candidates' ranks; layers without one keep their full rank. */
export function planOf(
  candidates: readonly ConvolutionLayer[],
  counted: readonly ConvolutionLayer[],
  { ranks, objective }: ChosenRanks,
  request: RankRequest,
  costs: RankCosts,
): RankPlan {
  const { budget = 'macs', countProjection = true, decomposition = 'channel' } = request;
  const rule = ruleOf(request);
  const rankOf = (layer: ConvolutionLayer): number => ranks[layer.name] ?? rule.most(layer);
  const ranksOf = (layer: ConvolutionLayer): LayerRanks => rule.ranksOf(layer, rankOf(layer));
  const macsBefore = total(counted, originalMacs);
  const macsAfter = total(counted, (layer) => layerMacs(layer, ranksOf(layer), countProjection));
  return {
    decomposition,
    ranks: ownRecord(candidates.map((layer): [string, number] => [layer.name, rankOf(layer)])),
    spatialRanks: spatialRanksOf(candidates, ranksOf),
    counted: counted.map((layer) => layer.name),
    leftAlone: candidates.filter((layer) => !rule.pays(layer, rankOf(layer))).map((layer) => layer.name),
    macsBefore,
    macsAfter,
    speedup: macsAfter > 0 ? macsBefore / macsAfter : 1,
    cost: {
      budget,
      before: total(counted, costs.original),
      after: total(counted, (layer) => costs.at(layer, rankOf(layer))),
    },
    ...(objective === undefined ? {} : { objective }),
  };
}

function spatialRanksOf(
  layers: readonly ConvolutionLayer[],
  ranksOf: (layer: ConvolutionLayer) => LayerRanks,
): Record<string, number> {
  return ownRecord(
    layers.flatMap((layer) => {
      const ranks = ranksOf(layer);
      return ranks.decomposition === '3d' ? [[layer.name, ranks.spatialRank] as const] : [];
    }),
  );
}

/** Σ of a cost over layers, in their order. */
export function total(layers: readonly ConvolutionLayer[], cost: (layer: ConvolutionLayer) => number): number {
  return layers.reduce((sum, layer) => sum + cost(layer), 0);
}
