/**
 * What ranks are asked for, and what is refused before any are looked for.
 *
 * | method        | the ranks it chooses                                                                | file            |
 * |---------------|-------------------------------------------------------------------------------------|-----------------|
 * | `uniform`     | one speed-up for every layer                                                          | uniformRanks.ts |
 * | `energy`      | the paper's greedy on Π energies                                                      | energyRanks.ts  |
 * | `exact`       | the maximum of the same product                                                       | energyLoss.ts   |
 * | `sensitivity` | the least sum of given losses, such as each layer's measured effect on the outputs    | optimalRanks.ts |
 * | `manual`      | those set by hand, nothing else                                                       |                 |
 */

import { DomainError } from '@rankwise/tensor';
import { fullSpatialRank, splitsSpatially } from '../decomposition/decomposition.ts';
import type { Decomposition } from '../decomposition/decomposition.ts';
import type { ConvolutionLayer } from '../layers.ts';
import { budgets } from './rankCosts.ts';
import type { CostRequest } from './rankCosts.ts';
import { rankRule } from './rankRules.ts';
import type { RankRule } from './rankRules.ts';

export type RankMethod = 'energy' | 'exact' | 'manual' | 'sensitivity' | 'uniform';

export const rankMethods: readonly RankMethod[] = ['energy', 'exact', 'manual', 'sensitivity', 'uniform'];

export interface RankRequest extends CostRequest {
  readonly method: RankMethod;
  /** What layers become; default `channel`. */
  readonly decomposition?: Decomposition;
  /** Wanted ratio of costs over the counted layers, ≥ 1. Not used by `manual`. */
  readonly speedup?: number;
  /** Ranks set by hand, by layer name. */
  readonly fixed?: Readonly<Record<string, number>>;
  /** d'' set by hand, by layer name; of `3d`, where it otherwise follows from d'. */
  readonly fixedSpatial?: Readonly<Record<string, number>>;
  /** Largest rank a layer may get, by layer name. */
  readonly caps?: Readonly<Record<string, number>>;
  /** Layers left as they are. */
  readonly exclude?: readonly string[];
  /** Chosen ranks are multiples of this, as some kernels like them; ranks by hand and caps may be others. Default 1. */
  readonly multipleOf?: number;
  /**
   * Needed by `energy` and `exact`, descending: eigenvalues of each candidate's response covariance; of `spatial` the squared
   * singular values of its filters (filterSpectrum).
   */
  readonly energies?: Readonly<Record<string, ArrayLike<number>>>;
  /** What each candidate loses at rank 1, 2, …; needed by `sensitivity`. */
  readonly losses?: Readonly<Record<string, ArrayLike<number>>>;
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
 * The layers whose cost a request's speed-up is counted on: those whose rank is chosen, or all that take part where all are set by hand.
 * @example
 * import { convolutionLayers, countedLayers } from '@rankwise/approx';
 * import { sppNet7 } from '@rankwise/nn';
 * const layers = convolutionLayers(sppNet7({ initialize: false }));
 * countedLayers(layers, { fixed: { conv1: 32 }, exclude: ['conv6', 'conv7'] }).map((layer) => layer.name)
 * // => ['conv2', 'conv3', 'conv4', 'conv5']
 * countedLayers(layers, { method: 'manual', fixed: { conv1: 32 } }).map((layer) => layer.name) // => ['conv1']
 */
export function countedLayers(
  layers: readonly ConvolutionLayer[],
  request: Pick<RankRequest, 'exclude' | 'fixed'> & { readonly method?: RankMethod },
): ConvolutionLayer[] {
  const candidates = candidateLayers(layers, request);
  const byHand = new Set(Object.keys(request.fixed ?? {}));
  return request.method === 'manual' ? candidates : candidates.filter(({ name }) => !byHand.has(name));
}

/** What a rank means in a request. */
export function ruleOf({
  decomposition = 'channel',
  countProjection = true,
  fixedSpatial = {},
}: RankRequest): RankRule {
  return rankRule(decomposition, countProjection, fixedSpatial);
}

/**
 * Refuses a request that no layers could follow.
 * @throws DomainError naming what is wrong.
 */
export function checkRequest(layers: readonly ConvolutionLayer[], request: RankRequest): void {
  const { budget = 'macs', decomposition = 'channel', multipleOf = 1, exclude = [], fixed = {} } = request;
  if (!rankMethods.includes(request.method)) {
    throw new DomainError(`selectRanks: method: expected one of ${rankMethods.join(', ')}, got ${request.method}`);
  }
  if (!budgets.includes(budget)) {
    throw new DomainError(`selectRanks: budget: expected one of ${budgets.join(', ')}, got ${budget}`);
  }
  if (!['3d', 'channel', 'spatial'].includes(decomposition)) {
    throw new DomainError(`selectRanks: decomposition: expected channel, spatial or 3d, got ${decomposition}`);
  }
  if (!Number.isInteger(multipleOf) || multipleOf < 1) {
    throw new DomainError(`selectRanks: multipleOf: expected a positive integer, got ${multipleOf}`);
  }
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const known = [...byName.keys()].join(', ');
  for (const name of exclude) {
    if (!byName.has(name)) throw new DomainError(`selectRanks: exclude: expected one of ${known}, got ${name}`);
    if (fixed[name] !== undefined) {
      throw new DomainError(`selectRanks: exclude: expected layers without a rank of their own, got ${name}`);
    }
  }
  checkRanksByHand(byName, request);
}

function checkRanksByHand(layers: ReadonlyMap<string, ConvolutionLayer>, request: RankRequest): void {
  const { decomposition, fixed = {}, fixedSpatial = {}, caps = {} } = request;
  const { most } = ruleOf(request);
  // 0 where there is no d'' to set.
  const mostSpatial = (layer: ConvolutionLayer): number =>
    decomposition === '3d' && splitsSpatially(layer) ? fullSpatialRank(layer) : 0;
  for (const [argument, entries, mostOf] of [
    ['fixed', fixed, most],
    ['fixedSpatial', fixedSpatial, mostSpatial],
    ['caps', caps, most],
  ] as const) {
    for (const [name, rank] of Object.entries(entries)) {
      const layer = layers.get(name);
      if (layer === undefined) {
        throw new DomainError(
          `selectRanks: ${argument}: expected one of ${[...layers.keys()].join(', ')}, got ${name}`,
        );
      }
      const largest = mostOf(layer);
      if (!Number.isInteger(rank) || rank < 1 || rank > largest) {
        throw new DomainError(
          `selectRanks: ${argument} of ${name}: expected ${largest < 1 ? 'none' : `an integer from 1 to ${largest}`}, got ${rank}`,
        );
      }
    }
  }
}

/** @throws DomainError when the speed-up is no number ≥ 1 or there is no layer whose rank it could decide. */
export function checkSpeedup(counted: readonly ConvolutionLayer[], { speedup }: RankRequest): number {
  if (speedup === undefined || !Number.isFinite(speedup) || speedup < 1) {
    throw new DomainError(`selectRanks: speedup: expected a number ≥ 1, got ${speedup}`);
  }
  if (counted.length === 0)
    throw new DomainError('selectRanks: layers: expected at least one layer to select, got none');
  return speedup;
}
