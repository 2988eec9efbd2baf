/**
 * What a rank means under each decomposition: how far it goes, which one gives a speed-up, what else follows from it, and
 * whether it pays.
 *
 * | decomposition | rank | most            | energies are                                        |
 * |---------------|------|-----------------|------------------------------------------------------|
 * | channel       | d'   | d               | eigenvalues of the response covariance                |
 * | spatial       | K    | min(c kₕ, d k_w) | squared singular values of the rearranged filters     |
 * | 3d            | d'   | d               | as channel; d'' follows from d' (spatialRanks.ts)      |
 *
 * A layer whose kernel cannot be split is left as it is by `spatial` and decomposed by channels under `3d`; so is, under `3d`, a layer that
 * reads the network's input unless its d'' is set by hand: of 3 channels' 3 kₕ directions none can be spared.
 */

import { fullSpatialRank, splitsSpatially } from '../decomposition/decomposition.ts';
import type { Decomposition, LayerRanks } from '../decomposition/decomposition.ts';
import { ranksPay } from '../decomposition/layerRanks.ts';
import { splitRank, uniformSpatialRank } from '../decomposition/spatialRanks.ts';
import type { ConvolutionLayer } from '../layers.ts';
import { uniformRank } from './uniformRanks.ts';

export interface RankRule {
  /** The largest rank; at it the decomposition is exact. */
  most(layer: ConvolutionLayer): number;
  /** The rank at which the layer is `speedup` times cheaper. */
  uniform(layer: ConvolutionLayer, speedup: number): number;
  /** How the layer is decomposed at that rank. */
  ranksOf(layer: ConvolutionLayer, rank: number): LayerRanks;
  /** Whether the layer can be decomposed so and then costs less. */
  pays(layer: ConvolutionLayer, rank: number): boolean;
}

/** The rule of one decomposition. `fixedSpatial` holds d'' set by hand. */
export function rankRule(
  decomposition: Decomposition,
  countProjection: boolean,
  fixedSpatial: Readonly<Record<string, number>>,
): RankRule {
  const rule = baseRule(decomposition, countProjection, fixedSpatial);
  return { ...rule, pays: (layer, rank) => ranksPay(layer, rule.ranksOf(layer, rank)) };
}

function baseRule(
  decomposition: Decomposition,
  countProjection: boolean,
  fixedSpatial: Readonly<Record<string, number>>,
): Omit<RankRule, 'pays'> {
  const channelRank = (layer: ConvolutionLayer, speedup: number): number =>
    uniformRank(layer, speedup, countProjection);
  const isSplit = (layer: ConvolutionLayer): boolean =>
    splitsSpatially(layer) && (!layer.first || fixedSpatial[layer.name] !== undefined);
  switch (decomposition) {
    case 'channel':
      return {
        most: ({ filters }) => filters,
        uniform: channelRank,
        ranksOf: (_, rank) => ({ decomposition, rank }),
      };
    case 'spatial':
      return {
        most: fullSpatialRank,
        uniform: (layer, speedup) =>
          splitsSpatially(layer) ? uniformSpatialRank(layer, speedup) : fullSpatialRank(layer),
        ranksOf: (_, rank) => ({ decomposition, rank }),
      };
    case '3d':
      return {
        most: ({ filters }) => filters,
        uniform: (layer, speedup) => channelRank(layer, isSplit(layer) ? Math.sqrt(speedup) : speedup),
        ranksOf: (layer, rank) =>
          isSplit(layer)
            ? { decomposition, rank, spatialRank: fixedSpatial[layer.name] ?? splitRank(layer, rank, countProjection) }
            : { decomposition: 'channel', rank },
      };
  }
}
