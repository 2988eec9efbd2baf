/**
 * Ranks for a whole model: which layers take part, what is set by hand, and how the rest is found for a speed-up.
 *
 *   speed-up = Σ cost of the counted layers as they are / Σ their cost at the chosen ranks
 *
 * Counted are the layers whose rank is selected. A layer set by hand (`fixed`, or the model's own `fixedRanks`) is approximated but
 * not counted unless everything is set by hand, as the paper does with Conv1. A layer that reads the network's input takes
 * part only when it is set by hand: its c is so small that little can be saved and its energy is flat.
 *
 * One set of energies or losses serves every speed-up: selecting needs them and nothing else, and takes milliseconds.
 */

import { DomainError } from '@rankwise/tensor';
import type { Decomposition, LayerRanks } from '../decomposition/decomposition.ts';
import { originalMacs } from '../decomposition/decompositionCost.ts';
import { layerMacs } from '../decomposition/layerRanks.ts';
import type { ConvolutionLayer } from '../layers.ts';
import { removalOrder, startingRank } from './energyRanks.ts';
import { allowedRank, allowedRanks, layerTables, spectrumOf } from './layerTables.ts';
import { optimalRanks } from './optimalRanks.ts';
import { ownRecord } from './ownRecord.ts';
import { rankCosts } from './rankCosts.ts';
import type { Budget, RankCosts } from './rankCosts.ts';
import { candidateLayers, checkRequest, checkSpeedup, ruleOf } from './rankRequest.ts';
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
 * Chooses ranks for a model's layers.
 * @param layers - from convolutionLayers(model)
 * @throws DomainError when a name is unknown, a rank or cap is not an integer in 1…the full rank, the speed-up is below 1 or beyond what
 * the least ranks give, no layer is left to select, or the method lacks its energies or losses, or the budget its milliseconds.
 * @example
 * import { convolutionLayers, selectRanks } from '@rankwise/approx';
 * import { sppNet7 } from '@rankwise/nn';
 * const model = sppNet7({ initialize: false });
 * selectRanks(convolutionLayers(model), { method: 'uniform', speedup: 4, fixed: { conv1: 32 } }).ranks
 * // => { conv1: 32, conv2: 57, conv3: 104, conv4: 115, conv5: 115, conv6: 115, conv7: 115 }
 */
export function selectRanks(layers: readonly ConvolutionLayer[], request: RankRequest): RankPlan {
  return planRanks(layers, {
    ...request,
    fixed: ownRecord(request.fixed),
    fixedSpatial: ownRecord(request.fixedSpatial),
    caps: ownRecord(request.caps),
    energies: ownRecord(request.energies),
    losses: ownRecord(request.losses),
    latencies: ownRecord(request.latencies),
  });
}

/** How a plan decomposes a layer; undefined when the layer does not take part. */
export function plannedRanks(plan: RankPlan, { name }: Pick<ConvolutionLayer, 'name'>): LayerRanks | undefined {
  const rank = ownRecord(plan.ranks)[name];
  if (rank === undefined) return undefined;
  if (plan.decomposition !== '3d') return { decomposition: plan.decomposition, rank };
  const spatialRank = ownRecord(plan.spatialRanks)[name];
  return spatialRank === undefined ? { decomposition: 'channel', rank } : { decomposition: '3d', rank, spatialRank };
}

interface Chosen {
  readonly ranks: Record<string, number>;
  readonly objective?: PlanObjective;
}

function planRanks(layers: readonly ConvolutionLayer[], request: RankRequest): RankPlan {
  checkRequest(layers, request);
  const { fixed = {} } = request;
  const costs = rankCosts('selectRanks', request, ruleOf(request));
  const candidates = candidateLayers(layers, request);
  if (request.method === 'manual') return planOf(candidates, candidates, { ranks: fixed }, request, costs);
  const free = candidates.filter((layer) => fixed[layer.name] === undefined);
  const speedup = checkSpeedup(free, request);
  const budget = total(free, costs.original) / speedup;
  const least = total(free, (layer) => leastCost(layer, request, costs));
  if (least > budget) throw beyondReach(free, least, request, costs);
  const { ranks, objective } = chooseRanks(free, budget, request, costs);
  const chosen = { ranks: Object.assign(ranks, fixed), ...(objective === undefined ? {} : { objective }) };
  return planOf(candidates, free, chosen, request, costs);
}

function chooseRanks(
  free: readonly ConvolutionLayer[],
  budget: number,
  request: RankRequest,
  costs: RankCosts,
): Chosen {
  if (request.method === 'uniform') return { ranks: uniform(free, budget, request, costs) };
  const tables = layerTables(free, request, costs);
  const best = optimalRanks(tables, budget);
  if (request.method !== 'energy') {
    const ranks = ownRecord(tables.map(({ name }, i) => [name, best.options[i]?.rank ?? 1] as const));
    return { ranks, objective: { loss: best.loss, bound: best.bound } };
  }
  const ranks = greedy(free, budget, request, costs);
  const loss = tables.reduce(
    (sum, { name, options }) => sum + (options.find(({ rank }) => rank === ranks[name])?.loss ?? 0),
    0,
  );
  return { ranks, objective: { loss, bound: best.bound } };
}

/**
 * One speed-up for every layer: the one asked for, or, where a layer cannot follow (its least rank is reached, or its
 * decomposition is no cheaper), the least larger one, in steps of 1%, at which the whole meets it.
 */
function uniform(
  layers: readonly ConvolutionLayer[],
  budget: number,
  request: RankRequest,
  costs: RankCosts,
): Record<string, number> {
  const rule = ruleOf(request);
  const least = ownRecord(layers.map((layer) => [layer.name, allowedRanks(layer, request)[0] ?? 1] as const));
  for (let each = request.speedup ?? 1; ; each *= 1.01) {
    const ranks = ownRecord(
      layers.map((layer) => [layer.name, allowedRank(layer, rule.uniform(layer, each), request)] as const),
    );
    const cost = total(layers, (layer) => costs.at(layer, ranks[layer.name] ?? 1));
    if (cost <= budget || layers.every(({ name }) => ranks[name] === least[name])) return ranks;
  }
}

/** The paper's greedy, walked until the budget holds. Under `3d` it removes channels, and d'' follows. */
function greedy(
  layers: readonly ConvolutionLayer[],
  budget: number,
  request: RankRequest,
  costs: RankCosts,
): Record<string, number> {
  const { caps = {} } = request;
  const rule = ruleOf(request);
  const spectra = layers.map((layer) => {
    const cap = caps[layer.name];
    const most = rule.most(layer);
    const spectrum = {
      ...layer,
      filters: most,
      energies: spectrumOf(layer, request),
      cost: most * costs.removed(layer),
    };
    return cap === undefined ? spectrum : { ...spectrum, cap };
  });
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const walked = ownRecord(spectra.map((layer): [string, number] => [layer.name, startingRank(layer)]));
  const ranks = ownRecord(walked);
  const costOf = (): number => total(layers, (layer) => costs.at(layer, ranks[layer.name] ?? 1));
  for (const name of removalOrder(spectra)) {
    if (costOf() <= budget) break;
    const layer = byName.get(name);
    if (layer === undefined) continue;
    walked[name] = (walked[name] ?? 1) - 1;
    ranks[name] = allowedRank(layer, walked[name], request);
  }
  return ranks;
}

function planOf(
  candidates: readonly ConvolutionLayer[],
  counted: readonly ConvolutionLayer[],
  { ranks, objective }: Chosen,
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

function leastCost(layer: ConvolutionLayer, request: RankRequest, costs: RankCosts): number {
  return allowedRanks(layer, request).reduce((least, rank) => Math.min(least, costs.at(layer, rank)), Infinity);
}

function total(layers: readonly ConvolutionLayer[], cost: (layer: ConvolutionLayer) => number): number {
  return layers.reduce((sum, layer) => sum + cost(layer), 0);
}

function beyondReach(
  free: readonly ConvolutionLayer[],
  least: number,
  { speedup, multipleOf = 1 }: RankRequest,
  costs: RankCosts,
): DomainError {
  const most = Math.floor((total(free, costs.original) / least) * 100) / 100;
  const names = free.map((layer) => layer.name).join(', ');
  return new DomainError(
    `selectRanks: speedup: expected at most ${most} (rank ${multipleOf} in all of ${names}), got ${speedup}`,
  );
}
