/**
 * Costs of a layer under any decomposition: one place that knows what the ranks of each mean.
 *
 * A decomposition pays when all its layers together cost less than the layer as it is; where it does not, the layer is left alone
 * and costs what it costs.
 */

import { splitsSpatially } from './decomposition.ts';
import type { LayerRanks, SpatialLayerSize } from './decomposition.ts';
import { decompositionPays, originalMacs } from './decompositionCost.ts';
import { spatialMacs, spatialPays, threeLayerMacs } from './spatialCost.ts';

/**
 * True when the layer can be decomposed so and then costs less; the 1×1 layer counts, because it runs.
 * @example
 * import { ranksPay } from '@rankwise/approx';
 * const layer = { channels: 2, filters: 4, kernel: [3, 3] as const, patchSize: 18, positions: 1, verticalPositions: 1 };
 * ranksPay(layer, { decomposition: '3d', rank: 2, spatialRank: 5 }) // => true
 * ranksPay(layer, { decomposition: '3d', rank: 2, spatialRank: 6 }) // => false
 */
export function ranksPay(layer: SpatialLayerSize, ranks: LayerRanks): boolean {
  switch (ranks.decomposition) {
    case 'channel':
      return decompositionPays(layer, ranks.rank);
    case 'spatial':
      return spatialPays(layer, ranks.rank);
    case '3d':
      return splitsSpatially(layer) && threeLayerMacs(layer, ranks) < originalMacs(layer);
  }
}

/**
 * Multiply-adds per image of the layer so decomposed, or as it is where that does not pay.
 * @param countProjection - false leaves 1×1 layers out, as the paper's rank selection does
 * @example
 * import { layerMacs } from '@rankwise/approx';
 * const layer = { channels: 2, filters: 4, kernel: [3, 3] as const, patchSize: 18, positions: 1, verticalPositions: 1 };
 * layerMacs(layer, { decomposition: 'channel', rank: 2 }) // => 44
 * layerMacs(layer, { decomposition: 'spatial', rank: 2 }) // => 36
 * layerMacs(layer, { decomposition: 'spatial', rank: 6 }) // => 72
 */
export function layerMacs(layer: SpatialLayerSize, ranks: LayerRanks, countProjection = true): number {
  return ranksPay(layer, ranks) ? chainMacs(layer, ranks, countProjection) : originalMacs(layer);
}

/** Multiply-adds of the layers that would replace it, cheaper or not. */
export function chainMacs(layer: SpatialLayerSize, ranks: LayerRanks, countProjection = true): number {
  switch (ranks.decomposition) {
    case 'channel':
      return ranks.rank * (layer.patchSize + (countProjection ? layer.filters : 0)) * layer.positions;
    case 'spatial':
      return spatialMacs(layer, ranks.rank);
    case '3d':
      return threeLayerMacs(layer, ranks, { countProjection });
  }
}
