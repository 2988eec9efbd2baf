/**
 * Ranks of the decompositions that split a layer spatially, for a speed-up of its own.
 *
 * spatial, speed-up r:   K = floor( C / (r p) ), p the multiply-adds of one vertical filter and what reads it (spatialCost.ts)
 *
 * 3d (Zhang et al. 2016, "asymmetric (3d)"): rank selection gives d', which makes the layer s = C / C(d') times cheaper. Each half is to
 * take √r of the layer's speed-up r, so r = s², and the split must take the layer from C(d') = C / √r to C / r:
 *
 *   d'' = floor( (C / s² − d d' · positions) / (c kₕ · verticalPositions + d' k_w · positions) )
 *
 * The 1×1 layer is not split and so is paid from the second half's budget: the layer as a whole is r times cheaper. Without the 1×1 term
 * (`countProjection: false`, as the paper's rank selection counts) C(d') = d' k²c · positions, and d'' makes the k×k layer of d'
 * filters itself √r times cheaper; what then runs is more than C / r.
 *
 * For 512 → 512 filters of 3×3 at r = 4: d' = floor(512 · 4608 / (5120 · 2)) = 230 and s = 2.0035, so d'' = floor((587,776 − 117,760) /
 * 2,226) = 211 with the 1×1 term.
 */

import { DomainError } from '@rankwise/tensor';
import { fullSpatialRank } from './decomposition.ts';
import type { SpatialLayerSize } from './decomposition.ts';
import { originalMacs } from './decompositionCost.ts';
import { pairMacs } from './spatialCost.ts';

/**
 * The most vertical filters at which a spatial decomposition is at least `speedup` times cheaper; never below 1 nor above the full
 * rank.
 * @throws DomainError when the speed-up is below 1 or NaN.
 * @example
 * import { uniformSpatialRank } from '@rankwise/approx';
 * const conv = { channels: 512, filters: 512, kernel: [3, 3] as const, patchSize: 4608, positions: 324, verticalPositions: 324 };
 * uniformSpatialRank(conv, 4) // => 192
 */
export function uniformSpatialRank(layer: SpatialLayerSize, speedup: number): number {
  if (!(speedup >= 1)) throw new DomainError(`uniformSpatialRank: speedup: expected a number ≥ 1, got ${speedup}`);
  return withinRank(layer, originalMacs(layer) / speedup / pairMacs(layer, layer.filters));
}

/**
 * d'' for a layer whose rank d' is given; never below 1 nor above the full rank.
 * @param rank - d', 1…d
 * @param countProjection - false leaves the 1×1 layer out
 * @throws DomainError when the rank is not an integer in 1…d.
 * @example
 * import { splitRank } from '@rankwise/approx';
 * const conv = { channels: 512, filters: 512, kernel: [3, 3] as const, patchSize: 4608, positions: 324, verticalPositions: 324 };
 * [splitRank(conv, 230), splitRank(conv, 230, false)] // => [211, 213]
 */
export function splitRank(layer: SpatialLayerSize, rank: number, countProjection = true): number {
  const { filters, patchSize, positions } = layer;
  if (!Number.isInteger(rank) || rank < 1 || rank > filters) {
    throw new DomainError(`splitRank: rank: expected an integer from 1 to ${filters}, got ${rank}`);
  }
  const original = originalMacs(layer);
  const projection = countProjection ? filters * rank * positions : 0;
  const half = Math.min(original, rank * patchSize * positions + projection);
  return withinRank(layer, ((half / original) * half - projection) / pairMacs(layer, rank));
}

function withinRank(layer: SpatialLayerSize, rank: number): number {
  return Math.max(1, Math.min(fullSpatialRank(layer), Math.floor(rank)));
}
