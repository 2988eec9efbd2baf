/**
 * What the layers of a spatial decomposition cost, per image.
 *
 *   spatial:  K (c kₕ · verticalPositions + d k_w · positions)
 *   3d:       d'' (c kₕ · verticalPositions + d' k_w · positions) + d d' · positions
 *
 * | symbol            | meaning                                                                                    |
 * |-------------------|--------------------------------------------------------------------------------------------|
 * | kₕ, k_w           | kernel height and width                                                                      |
 * | positions         | output height · output width: where the horizontal layer, and the 1×1 one, are computed       |
 * | verticalPositions | output height · INPUT width: the vertical layer has the vertical stride and padding only, so    |
 * |                   | its map is as wide as the input; the horizontal padding is added after it                      |
 *
 * The paper counts K (c + d) k per output position, as if the map in between were as wide as the output. That is so where the stride
 * is 1 and the padding keeps the size; with horizontal stride s the vertical half costs about s times that, without padding
 * it costs (k_w − 1) columns more. `perOutput` counts as the paper does; the default counts what runs.
 */

import { splitsSpatially } from './decomposition.ts';
import type { SpatialLayerSize } from './decomposition.ts';
import { originalMacs } from './decompositionCost.ts';

export interface SpatialCostOptions {
  /** Count the vertical layer at the output's positions, as the paper does; default false: where it really runs. */
  readonly perOutput?: boolean;
}

/**
 * Multiply-adds of a spatial decomposition with K vertical filters.
 * @example
 * import { spatialMacs } from '@rankwise/approx';
 * // 3×3, stride 2, on an 8×8 map with padding 1: 4×4 positions, 4×8 of them for the vertical layer.
 * const layer = { channels: 2, filters: 4, kernel: [3, 3] as const, patchSize: 18, positions: 16, verticalPositions: 32 };
 * [spatialMacs(layer, 1), spatialMacs(layer, 1, { perOutput: true })] // => [384, 288]
 */
export function spatialMacs(layer: SpatialLayerSize, rank: number, options: SpatialCostOptions = {}): number {
  return rank * pairMacs(layer, layer.filters, options);
}

/**
 * Multiply-adds of a decomposition into three layers: vertical with d'' filters, horizontal with d', 1×1 with d.
 * @param countProjection - false leaves the 1×1 layer out, as the paper's rank selection does
 * @example
 * import { threeLayerMacs } from '@rankwise/approx';
 * const layer = { channels: 2, filters: 4, kernel: [3, 3] as const, patchSize: 18, positions: 16, verticalPositions: 16 };
 * threeLayerMacs(layer, { rank: 2, spatialRank: 3 }) // => 704
 */
export function threeLayerMacs(
  layer: SpatialLayerSize,
  { rank, spatialRank }: { readonly rank: number; readonly spatialRank: number },
  { countProjection = true, ...options }: SpatialCostOptions & { readonly countProjection?: boolean } = {},
): number {
  const projection = countProjection ? layer.filters * rank * layer.positions : 0;
  return spatialRank * pairMacs(layer, rank, options) + projection;
}

/**
 * True when a spatial decomposition can be made and K vertical filters cost less than the layer as it is.
 * @example
 * import { spatialPays } from '@rankwise/approx';
 * const layer = { channels: 2, filters: 4, kernel: [3, 3] as const, patchSize: 18, positions: 16, verticalPositions: 16 };
 * [3, 4].map((rank) => spatialPays(layer, rank)) // => [true, false]
 */
export function spatialPays(layer: SpatialLayerSize, rank: number): boolean {
  return splitsSpatially(layer) && spatialMacs(layer, rank) < originalMacs(layer);
}

/** Of one vertical filter and what reads it in a horizontal layer of `filters` filters. */
export function pairMacs(
  { channels, kernel, positions, verticalPositions }: SpatialLayerSize,
  filters: number,
  { perOutput = false }: SpatialCostOptions = {},
): number {
  return channels * kernel[0] * (perOutput ? positions : verticalPositions) + filters * kernel[1] * positions;
}
