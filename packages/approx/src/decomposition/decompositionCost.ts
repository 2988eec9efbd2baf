/**
 * What a layer costs at rank d', per image.
 *
 *   with the 1×1 term:     d' (k²c + d) · positions      (both new layers, what really runs; the default everywhere)
 *   without the 1×1 term:  d' k²c · positions            (the paper's complexity in its rank selection, §2.4)
 *
 * A layer is decomposed only where that is cheaper than the d k²c · positions it has; the comparison always counts the 1×1
 * layer, because that layer really runs.
 */

import type { ConvolutionLayer } from '../layers.ts';

/** What the cost functions need to know of a layer. */
export type LayerSize = Pick<ConvolutionLayer, 'filters' | 'patchSize' | 'positions'>;

/**
 * Multiply-adds of the layer as it is: d k²c · positions.
 * @example
 * import { originalMacs } from '@rankwise/approx';
 * originalMacs({ filters: 512, patchSize: 4608, positions: 324 }) // => 764411904
 */
export function originalMacs({ filters, patchSize, positions }: LayerSize): number {
  return filters * patchSize * positions;
}

/**
 * True when rank d' costs less than the layer as it is, both new layers counted: d' (k²c + d) < d k²c.
 * @example
 * import { decompositionPays } from '@rankwise/approx';
 * const conv = { filters: 8, patchSize: 8, positions: 1 };
 * [decompositionPays(conv, 3), decompositionPays(conv, 4)] // => [true, false]
 */
export function decompositionPays({ filters, patchSize }: LayerSize, rank: number): boolean {
  return rank * (patchSize + filters) < filters * patchSize;
}

/**
 * Multiply-adds of the layer at rank d', or as it is where the decomposition would not be cheaper.
 * @param countProjection - false leaves the 1×1 term out, as the paper's rank selection does
 * @example
 * import { approximatedMacs } from '@rankwise/approx';
 * approximatedMacs({ filters: 512, patchSize: 4608, positions: 324 }, 115) // => 190771200
 */
export function approximatedMacs(layer: LayerSize, rank: number, countProjection = true): number {
  const { filters, patchSize, positions } = layer;
  if (!decompositionPays(layer, rank)) return originalMacs(layer);
  return rank * (patchSize + (countProjection ? filters : 0)) * positions;
}
