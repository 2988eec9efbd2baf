/**
 * Ranks for a whole model: which layers take part, what is set by hand, and how the rest is found for a speed-up.
 *
 *   speed-up = Σ cost of the counted layers as they are / Σ their cost at the chosen ranks
 *
 * Counted are the layers whose rank is selected. A layer set by hand (`fixed`, or the model's own `fixedRanks`) is approximated but
 * not counted unless everything is set by hand, as the paper does with Conv1. A layer that reads the network's input takes
 * part only when it is set by hand: its c is so small that little can be saved and its energy is flat.
 */

import { DomainError } from '@rankwise/tensor';
import { approximatedMacs, decompositionPays, originalMacs } from '../decomposition/decompositionCost.ts';
import type { ConvolutionLayer } from '../layers.ts';
import { removalOrder, startingRank } from './energyRanks.ts';
import { ownRecord } from './ownRecord.ts';
import { uniformRank } from './uniformRanks.ts';

export type RankMethod = 'energy' | 'uniform' | 'manual';

export interface RankRequest {
  readonly method: RankMethod;
  /** Wanted ratio over the counted layers, ≥ 1. Not used by `manual`. */
  readonly speedup?: number;
  /** Ranks set by hand, by layer name. */
  readonly fixed?: Readonly<Record<string, number>>;
  /** Largest rank a layer may get, by layer name. */
  readonly caps?: Readonly<Record<string, number>>;
  /** Layers left as they are. */
  readonly exclude?: readonly string[];
  /** Count the 1×1 layer in the cost; default true. */
  readonly countProjection?: boolean;
  /** Eigenvalues of each candidate's response covariance, descending; needed by `energy`. */
  readonly energies?: Readonly<Record<string, ArrayLike<number>>>;
}

export interface RankPlan {
  /** By layer name, in the order of the graph; layers that do not take part are not named. */
  readonly ranks: Readonly<Record<string, number>>;
  /** The layers that the speed-up is counted on. */
  readonly counted: readonly string[];
  /** Layers that take part but stay as they are at their rank, because two layers would not be cheaper than one. */
  readonly leftAlone: readonly string[];
  readonly macsBefore: number;
  readonly macsAfter: number;
  readonly speedup: number;
}

/**
 * Chooses ranks for a model's layers.
 * @param layers - from convolutionLayers(model)
 * @throws DomainError when a name is unknown, a rank or cap is not an integer in 1…filters, the speed-up is below 1 or beyond what
 * rank 1 everywhere gives, no layer is left to select, or `energy` lacks a spectrum.
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
    caps: ownRecord(request.caps),
    energies: ownRecord(request.energies),
  });
}

function planRanks(layers: readonly ConvolutionLayer[], request: RankRequest): RankPlan {
  checkNames(layers, request);
  const { fixed = {} } = request;
  const candidates = candidateLayers(layers, request);
  const free = candidates.filter((layer) => fixed[layer.name] === undefined);
  if (request.method === 'manual') return planOf(candidates, candidates, fixed, request);
  const speedup = checkSpeedup(free, request);
  const chosen = request.method === 'uniform' ? uniform(free, speedup, request) : energy(free, speedup, request);
  const plan = planOf(candidates, free, Object.assign(chosen, fixed), request);
  if (plan.macsAfter > plan.macsBefore / speedup) throw beyondReach(free, speedup, request);
  return plan;
}

/**
 * The layers that take part in a request: set by hand, or neither excluded nor reading the network's input.
 * @example
 * import { candidateLayers, convolutionLayers } from '@rankwise/approx';
 * import { sppNet7 } from '@rankwise/nn';
 * const layers = convolutionLayers(sppNet7({ initialize: false }));
 * candidateLayers(layers, { exclude: ['conv7'] }).map((layer) => layer.name)
 * // => ['conv2', 'conv3', 'conv4', 'conv5', 'conv6']
 */
export function candidateLayers(
  layers: readonly ConvolutionLayer[],
  { method, fixed = {}, exclude = [] }: Pick<RankRequest, 'exclude' | 'fixed'> & { readonly method?: RankMethod },
): ConvolutionLayer[] {
  const byHand = new Set(Object.keys(fixed));
  return layers.filter((layer) => {
    if (exclude.includes(layer.name)) return false;
    return byHand.has(layer.name) || (method !== 'manual' && !layer.first);
  });
}

/**
 * One speed-up for every layer: the one asked for, or, where a layer cannot follow (rank 1 is reached, or two layers are no
 * cheaper), the least larger one, in steps of 1%, at which the whole meets it.
 */
function uniform(
  layers: readonly ConvolutionLayer[],
  speedup: number,
  { caps = {}, countProjection = true }: RankRequest,
): Record<string, number> {
  const budget = total(layers, originalMacs) / speedup;
  for (let each = speedup; ; each *= 1.01) {
    const ranks = ownRecord(
      layers.map((layer): [string, number] => {
        const rank = uniformRank(layer, each, countProjection);
        return [layer.name, Math.min(rank, caps[layer.name] ?? rank)];
      }),
    );
    const cost = total(layers, (layer) => approximatedMacs(layer, ranks[layer.name] ?? 1, countProjection));
    if (cost <= budget || Object.values(ranks).every((rank) => rank === 1)) return ranks;
  }
}

function energy(layers: readonly ConvolutionLayer[], speedup: number, request: RankRequest): Record<string, number> {
  const { caps = {}, energies = {}, countProjection = true } = request;
  const spectra = layers.map((layer) => {
    const spectrum = energies[layer.name];
    if (spectrum === undefined)
      throw new DomainError(`selectRanks: energies: expected a spectrum for ${layer.name}, got none`);
    const cap = caps[layer.name];
    return { ...layer, energies: spectrum, ...(cap === undefined ? {} : { cap }) };
  });
  const ranks = ownRecord(spectra.map((layer): [string, number] => [layer.name, startingRank(layer)]));
  const costs = new Map(layers.map((layer) => [layer.name, layer]));
  const budget = total(layers, originalMacs) / speedup;
  let cost = total(layers, (layer) => approximatedMacs(layer, ranks[layer.name] ?? 1, countProjection));
  for (const name of removalOrder(spectra)) {
    if (cost <= budget) break;
    const layer = costs.get(name);
    const rank = ranks[name] ?? 1;
    if (layer === undefined) continue;
    cost += approximatedMacs(layer, rank - 1, countProjection) - approximatedMacs(layer, rank, countProjection);
    ranks[name] = rank - 1;
  }
  return ranks;
}

function planOf(
  candidates: readonly ConvolutionLayer[],
  counted: readonly ConvolutionLayer[],
  ranks: Readonly<Record<string, number>>,
  { countProjection = true }: RankRequest,
): RankPlan {
  const rankOf = (layer: ConvolutionLayer): number => ranks[layer.name] ?? layer.filters;
  const macsBefore = total(counted, originalMacs);
  const macsAfter = total(counted, (layer) => approximatedMacs(layer, rankOf(layer), countProjection));
  return {
    ranks: ownRecord(candidates.map((layer): [string, number] => [layer.name, rankOf(layer)])),
    counted: counted.map((layer) => layer.name),
    leftAlone: candidates.filter((layer) => !decompositionPays(layer, rankOf(layer))).map((layer) => layer.name),
    macsBefore,
    macsAfter,
    speedup: macsAfter > 0 ? macsBefore / macsAfter : 1,
  };
}

function total(layers: readonly ConvolutionLayer[], cost: (layer: ConvolutionLayer) => number): number {
  return layers.reduce((sum, layer) => sum + cost(layer), 0);
}

function checkSpeedup(free: readonly ConvolutionLayer[], request: RankRequest): number {
  const speedup = request.speedup ?? Number.NaN;
  if (!Number.isFinite(speedup) || speedup < 1) {
    throw new DomainError(`selectRanks: speedup: expected a number ≥ 1, got ${request.speedup}`);
  }
  if (free.length === 0) throw new DomainError('selectRanks: layers: expected at least one layer to select, got none');
  return speedup;
}

function beyondReach(free: readonly ConvolutionLayer[], speedup: number, request: RankRequest): DomainError {
  const least = total(free, (layer) => approximatedMacs(layer, 1, request.countProjection ?? true));
  const most = Math.floor((total(free, originalMacs) / least) * 100) / 100;
  return new DomainError(
    `selectRanks: speedup: expected at most ${most} (rank 1 in all of ${free.map((layer) => layer.name).join(', ')}), got ${speedup}`,
  );
}

function checkNames(layers: readonly ConvolutionLayer[], { fixed = {}, caps = {}, exclude = [] }: RankRequest): void {
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const known = [...byName.keys()].join(', ');
  for (const name of exclude) {
    if (!byName.has(name)) throw new DomainError(`selectRanks: exclude: expected one of ${known}, got ${name}`);
    if (fixed[name] !== undefined) {
      throw new DomainError(`selectRanks: exclude: expected layers without a rank of their own, got ${name}`);
    }
  }
  for (const [argument, entries] of [
    ['fixed', fixed],
    ['caps', caps],
  ] as const) {
    for (const [name, rank] of Object.entries(entries)) {
      const layer = byName.get(name);
      if (layer === undefined) throw new DomainError(`selectRanks: ${argument}: expected one of ${known}, got ${name}`);
      if (!Number.isInteger(rank) || rank < 1 || rank > layer.filters) {
        throw new DomainError(
          `selectRanks: ${argument} of ${name}: expected an integer from 1 to ${layer.filters}, got ${rank}`,
        );
      }
    }
  }
}
