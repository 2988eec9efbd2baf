/**
 * The ways in which one convolution becomes several thinner ones.
 *
 * | decomposition | new nodes, in order                                       | source                                                    |
 * |---------------|-----------------------------------------------------------|-----------------------------------------------------------|
 * | channel       | `name/basis` k×k, d' · `name` 1×1, d                      | Zhang et al. 2015, §2.1                                   |
 * | spatial       | `name/vertical` k×1, K · `name` 1×k, d                    | Jaderberg et al. 2014, "Speeding up convolutional neural networks with low rank expansions", scheme 2 |
 * | 3d            | `name/vertical` k×1, d'' · `name/horizontal` 1×k, d' · `name` 1×1, d | Zhang et al. 2016 (arXiv 1505.06798), "asymmetric (3d)" |
 *
 * Only a kernel with more than one row and more than one column can be split spatially: of a k×1, 1×k or 1×1 kernel one half would
 * be a 1×1 convolution, which is the channel decomposition's business.
 */

import type { ConvolutionLayer } from '../layers.ts';

export type Decomposition = 'channel' | 'spatial' | '3d';

/** How one layer is decomposed, and at which ranks. */
export type LayerRanks =
  | {
      readonly decomposition: 'channel' | 'spatial';
      /** d', or K. */
      readonly rank: number;
    }
  | {
      readonly decomposition: '3d';
      /** d', the filters of the horizontal layer. */
      readonly rank: number;
      /** d'', the filters of the vertical layer. */
      readonly spatialRank: number;
    };

/** What spatial costs and ranks need to know of a layer. */
export type SpatialLayerSize = Pick<
  ConvolutionLayer,
  'channels' | 'filters' | 'kernel' | 'patchSize' | 'positions' | 'verticalPositions'
>;

/**
 * True when the kernel has more than one row and more than one column.
 * @example
 * import { splitsSpatially } from '@rankwise/approx';
 * [splitsSpatially({ kernel: [3, 3] }), splitsSpatially({ kernel: [1, 3] })] // => [true, false]
 */
export function splitsSpatially({ kernel }: Pick<ConvolutionLayer, 'kernel'>): boolean {
  return kernel[0] > 1 && kernel[1] > 1;
}

/**
 * The number of vertical filters at which the split is exact: the shorter side of the (c · kernelHeight) × (d · kernelWidth)
 * rearrangement of the weights.
 * @example
 * import { fullSpatialRank } from '@rankwise/approx';
 * fullSpatialRank({ channels: 4, filters: 8, kernel: [3, 5] }) // => 12
 */
export function fullSpatialRank({
  channels,
  filters,
  kernel,
}: Pick<ConvolutionLayer, 'channels' | 'filters' | 'kernel'>): number {
  return Math.min(channels * kernel[0], filters * kernel[1]);
}
