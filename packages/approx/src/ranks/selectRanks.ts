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

import type { ConvolutionLayer } from '../layers.ts';
import { removalOrder, startingRank } from './energyRanks.ts';
import { allowedRank, allowedRanks, spectrumOf } from './layerTables.ts';
import { optimalRanks } from './optimalRanks.ts';
import { ownRecord } from './ownRecord.ts';
import type { RankCosts } from './rankCosts.ts';
import { planOf, total } from './rankPlan.ts';
import type { ChosenRanks, RankPlan } from './rankPlan.ts';
import { poseRequest, withOwnRecords } from './rankProblem.ts';
import type { RankProblem } from './rankProblem.ts';
import { ruleOf } from './rankRequest.ts';
import type { RankRequest } from './rankRequest.ts';

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
  return planRanks(layers, withOwnRecords(request));
}

function planRanks(layers: readonly ConvolutionLayer[], request: RankRequest): RankPlan {
  const { fixed = {}, method } = request;
  const { candidates, counted, costs, budget, problem } = poseRequest(layers, request);
  if (method === 'manual') return planOf(candidates, counted, { ranks: fixed }, request, costs);
  const { ranks, objective } =
    method === 'uniform'
      ? { ranks: uniform(counted, budget, request, costs) }
      : chooseRanks(counted, problem(), request, costs);
  const chosen = { ranks: Object.assign(ranks, fixed), ...(objective === undefined ? {} : { objective }) };
  return planOf(candidates, counted, chosen, request, costs);
}

function chooseRanks(
  counted: readonly ConvolutionLayer[],
  { tables, budget }: RankProblem,
  request: RankRequest,
  costs: RankCosts,
): ChosenRanks {
  const best = optimalRanks(tables, budget);
  if (request.method !== 'energy') {
    const ranks = ownRecord(tables.map(({ name }, i) => [name, best.options[i]?.rank ?? 1] as const));
    return { ranks, objective: { loss: best.loss, bound: best.bound } };
  }
  const ranks = greedy(counted, budget, request, costs);
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
  const least = ownRecord(layers.map((layer) => [layer.name, settledRank(layer, 1, request, costs)] as const));
  for (let each = request.speedup ?? 1; ; each *= 1.01) {
    const ranks = ownRecord(
      layers.map((layer) => [layer.name, settledRank(layer, rule.uniform(layer, each), request, costs)] as const),
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
    ranks[name] = settledRank(layer, walked[name], request, costs);
  }
  return ranks;
}

/**
 * The allowed rank nearest below, or the full one, at which the layer stays as it is, where that costs less: measured milliseconds of a
 * small layer can grow with every decomposition.
 */
function settledRank(layer: ConvolutionLayer, rank: number, request: RankRequest, costs: RankCosts): number {
  const allowed = allowedRank(layer, rank, request);
  if (costs.at(layer, allowed) <= costs.original(layer)) return allowed;
  const most = allowedRanks(layer, request).at(-1) ?? allowed;
  return ruleOf(request).pays(layer, most) ? allowed : most;
}
