/**
 * The ranks a layer may get, and its table of costs and losses at them.
 *
 * Allowed are the multiples of `multipleOf` at which the decomposition pays, up to the layer's cap; and the cap itself (the full
 * rank where there is none). At a cap where it does not pay, the layer stays as it is and loses nothing.
 */

import { DomainError } from '@rankwise/tensor';
import type { ConvolutionLayer } from '../layers.ts';
import { energyLoss } from './energyLoss.ts';
import { checkSpectrum } from './energyRanks.ts';
import type { RankCosts } from './rankCosts.ts';
import { ruleOf } from './rankRequest.ts';
import type { RankRequest } from './rankRequest.ts';
import type { RankOption, RankTable } from './rankTable.ts';

/** Ascending; never empty. */
export function allowedRanks(layer: ConvolutionLayer, request: RankRequest): number[] {
  const { caps = {}, multipleOf = 1 } = request;
  const rule = ruleOf(request);
  const cap = caps[layer.name] ?? rule.most(layer);
  const ranks: number[] = [];
  for (let rank = multipleOf; rank < cap && rule.pays(layer, rank); rank += multipleOf) ranks.push(rank);
  ranks.push(cap);
  return ranks;
}

/** The largest allowed rank that is at most `rank`, or the least one. */
export function allowedRank(layer: ConvolutionLayer, rank: number, request: RankRequest): number {
  const ranks = allowedRanks(layer, request);
  return ranks.findLast((allowed) => allowed <= rank) ?? ranks[0] ?? 1;
}

/**
 * What the request's method minimises, layer by layer: `exact` and `energy` by the energies, `sensitivity` by the losses given.
 * @throws DomainError when a layer's energies or losses are missing or too few.
 */
export function layerTables(layers: readonly ConvolutionLayer[], request: RankRequest, costs: RankCosts): RankTable[] {
  const rule = ruleOf(request);
  return layers.map((layer) => {
    const lossAt = lossesOf(layer, request);
    // The largest first: of ranks that cost and lose alike, the front keeps the first.
    const options = allowedRanks(layer, request)
      .toReversed()
      .map((rank): RankOption => ({
        rank,
        cost: costs.at(layer, rank),
        loss: rule.pays(layer, rank) ? (lossAt[rank - 1] ?? 0) : 0,
      }));
    return { name: layer.name, options };
  });
}

/** What the layer loses at rank 1, 2, …, the full rank. */
function lossesOf(layer: ConvolutionLayer, request: RankRequest): ArrayLike<number> {
  if (request.method !== 'sensitivity') return energyLoss(spectrumOf(layer, request));
  const given = request.losses?.[layer.name];
  const most = ruleOf(request).most(layer);
  if (given === undefined || given.length < most) {
    const got = given === undefined ? 'none' : `${given.length}`;
    throw new DomainError(`selectRanks: losses of ${layer.name}: expected ${most} values, got ${got}`);
  }
  return given;
}

/** @throws DomainError when there is none, or it is too short, ascending or not finite. */
export function spectrumOf(layer: ConvolutionLayer, request: RankRequest): ArrayLike<number> {
  const { name } = layer;
  const spectrum = request.energies?.[name];
  if (spectrum === undefined) throw new DomainError(`selectRanks: energies: expected a spectrum for ${name}, got none`);
  checkSpectrum('selectRanks', { name, filters: ruleOf(request).most(layer), energies: spectrum });
  return spectrum;
}
