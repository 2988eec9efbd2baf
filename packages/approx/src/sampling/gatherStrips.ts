/**
 * The patches x under sampled positions, cut into the columns that a vertical k×1 layer reads.
 *
 * A k×1 layer answers for one column of a patch, [c · kernelHeight] values, in the order (channel, y); the 1×k layer behind it reads
 * the answers for all kernelWidth columns. A row here is the whole patch in the order (x, channel, y). Columns beyond the input's edge
 * are zero, and so are their answers, as the vertical layer has no bias: the pair on strips is the pair in the network, for any stride,
 * padding and dilation.
 */

import { assignInPlace, reshape, slice, transpose } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import type { ConvolutionLayer } from '../layers.ts';
import { checkTarget, gatherPatches } from './gatherResponses.ts';
import type { SampledPositions } from './samplePositions.ts';

/**
 * Writes the strips of a batch.
 * @param input - f32 [images, channels, height, width], contiguous: the layer's input for images [firstImage, firstImage + images)
 * @param rows - f32 [all images · perImage, kernelWidth · channels · kernelHeight], contiguous; the rows of these images are written
 * @throws ShapeError when a tensor is not contiguous, or the images or positions go beyond theirs.
 * @example
 * import { convolutionLayers, gatherStrips, samplePositions } from '@rankwise/approx';
 * import { sequential } from '@rankwise/nn';
 * import { fromNested, toNested, zeros } from '@rankwise/tensor';
 * const [layer] = convolutionLayers(sequential('tiny', [1, 2, 2], { seed: 1 }).conv('conv1', { filters: 1, kernel: 2 }).build());
 * const positions = samplePositions({ seed: 1, layer: 'conv1', images: 1, available: 1, wanted: 1 });
 * const rows = zeros('f32', [1, 4]);
 * gatherStrips(layer, fromNested('f32', [[[[1, 2], [3, 4]]]]), positions, 0, rows);
 * toNested(rows) // => [[1, 3, 2, 4]]
 */
export function gatherStrips(
  layer: ConvolutionLayer,
  input: Tensor<'f32'>,
  positions: SampledPositions,
  firstImage: number,
  rows: Tensor<'f32'>,
): void {
  checkTarget('gatherStrips', { input, area: layer.positions }, positions, firstImage, rows);
  const patches = gatherPatches(layer, input, positions, firstImage);
  const [count = 0] = patches.shape;
  const [, width] = layer.kernel;
  const height = layer.patchSize / width;
  const first = firstImage * positions.perImage;
  const target = reshape(slice(rows, [[first, first + count]]), [count, width, height]);
  assignInPlace(target, transpose(reshape(patches, [count, height, width]), [0, 2, 1]));
}
