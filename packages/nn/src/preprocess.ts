/**
 * From stored photographs to a network's input.
 *
 *   out(n, c, y, x) = (image(n, y, x, s(c)) · scale - mean[c]) / std[c]
 *
 * with s(c) = c for RGB and grey networks and 2 - c for BGR ones: stored images are RGB or grey, mean and std are in the
 * network's own order. A byte has 256 values, so each channel is a table of 256 results, worked out in f64 and rounded once.
 */

import { DomainError, ShapeError, allocate, formatShape, tensorOf } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';

import type { Model } from './model.ts';
import { checkPreprocessing } from './validateModel.ts';

/**
 * The input a model wants, [n, channels, height, width], contiguous.
 * @param images - u8 [n, height, width, channels], RGB or grey, any strides: images stored as planes [n, channels, height,
 *   width] are passed as `transpose(images, [0, 2, 3, 1])`, grey ones [n, height, width] as `expandDims(images, 3)`
 * @throws DomainError when the model says nothing about preprocessing, or what it says does not fit its input.
 * @throws ShapeError when the images are not of the size and the number of channels the model takes; nothing is resized.
 * @example
 * import { preprocessImages, sequential } from '@rankwise/nn';
 * import { fromNested, toNested } from '@rankwise/tensor';
 * const preprocessing = { scale: 1, mean: [100], std: [50], channelOrder: 'grey' as const };
 * const model = sequential('tiny', [1, 1, 2]).relu().build({ preprocessing });
 * toNested(preprocessImages(model, fromNested('u8', [[[[100], [200]]]]))) // => [[[[0, 2]]]]
 */
export function preprocessImages(model: Model, images: Tensor<'u8'>): Tensor<'f32'> {
  const { preprocessing } = model;
  const [channels, height, width] = model.input.shape;
  if (preprocessing === undefined) {
    throw new DomainError(`preprocessImages: model: expected preprocessing, got none in model '${model.name}'`);
  }
  checkPreprocessing(preprocessing, channels);
  const [count = 0, ...extents] = images.shape;
  if (images.shape.length !== 4 || extents[0] !== height || extents[1] !== width || extents[2] !== channels) {
    const expected = `u8 images [n, ${height}, ${width}, ${channels}] for model '${model.name}'`;
    throw new ShapeError(`preprocessImages: images: expected ${expected}, got ${formatShape(images.shape)}`);
  }
  const { scale, mean, std, channelOrder } = preprocessing;
  const out = allocate('f32', count * channels * height * width);
  const [imageStride = 0, rowStride = 0, columnStride = 0, channelStride = 0] = images.strides;
  for (let channel = 0; channel < channels; channel++) {
    const stored = channelOrder === 'BGR' ? channels - 1 - channel : channel;
    const table = Float32Array.from({ length: 256 }, (_, byte) => {
      return (byte * scale - (mean[channel] ?? 0)) / (std[channel] ?? 1);
    });
    for (let image = 0; image < count; image++) {
      let next = (image * channels + channel) * height * width;
      for (let y = 0; y < height; y++) {
        const row = images.offset + image * imageStride + y * rowStride + stored * channelStride;
        // Strides of a tensor stay inside its data, and a byte inside the table.
        for (let x = 0; x < width; x++) out[next++] = table[images.data[row + x * columnStride]!]!;
      }
    }
  }
  return tensorOf(out, [count, channels, height, width]);
}
