/**
 * Images as files hold them, and as a model wants them.
 *
 * A file's axes are matched to the model's input [c, h, w]: three axes are [n, h, w] of a grey model, four are [n, h, w, c] or
 * [n, c, h, w], whichever fits. Where both would (c = h = w), bytes are taken as [n, h, w, c] and floats as [n, c, h, w].
 *
 * Stored bytes go through the model's preprocessing; f32 images are taken as preprocessed already. Both are made ready a
 * batch at a time, so memory holds the file's bytes and one batch of f32.
 */

import { contiguous, expandDims, formatShape, hasDType, sameShape, slice, transpose } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import { preprocessImages } from '@rankwise/nn';
import type { ImageSource, Model } from '@rankwise/nn';

import { CommandError } from '../failures.ts';

export type Labels = Tensor<'i32'> | Tensor<'u8'>;

export interface ImageSet {
  /** [n, h, w], [n, h, w, c] or [n, c, h, w], any strides. */
  readonly images: Tensor<'u8'> | Tensor<'f32'>;
  /** [n]. */
  readonly labels?: Labels;
}

/** Axes of a file's images in the order [n, h, w, c]. */
const interleaved = [0, 1, 2, 3] as const;
const planes = [0, 2, 3, 1] as const;

/**
 * The images as the model's input, ready to be read in batches.
 * @param count - only the first `count` images; by default all
 * @throws CommandError when there is no image, their size is not the model's, or bytes meet a model without preprocessing.
 * @example
 * import { imageSourceFor } from '@rankwise/cli';
 * import { sequential } from '@rankwise/nn';
 * import { zeros } from '@rankwise/tensor';
 * const model = sequential('tiny', [3, 4, 5]).relu('relu1').build();
 * imageSourceFor(model, { images: zeros('f32', [7, 4, 5, 3]) }).count // => 7
 */
export function imageSourceFor(model: Model, { images }: ImageSet, count?: number): ImageSource {
  const available = images.shape[0] ?? 0;
  if (available === 0) throw new CommandError('expected at least one image, got none');
  const first = { count: Math.min(available, count ?? available), shape: model.input.shape };
  if (hasDType(images, 'u8')) {
    const bytes = channelsLast(model, images);
    if (model.preprocessing === undefined) {
      throw new CommandError(
        `expected preprocessed f32 images for model '${model.name}', which names no preprocessing, got bytes (u8)`,
      );
    }
    return { ...first, batch: (from, to) => preprocessImages(model, slice(bytes, [[from, to]])) };
  }
  // channelsLast gives [n, h, w, c]; the network wants [n, c, h, w].
  const ready = transpose(channelsLast(model, images), [0, 3, 1, 2]);
  return { ...first, batch: (from, to) => contiguous(slice(ready, [[from, to]])) };
}

/** The images as a view [n, h, w, c] of the model's size. */
function channelsLast<D extends 'f32' | 'u8'>(model: Model, images: Tensor<D>): Tensor<D> {
  const [channels, height, width] = model.input.shape;
  const wanted = [height, width, channels];
  const all = images.shape.length === 3 ? expandDims(images, 3) : images;
  const orders = images.dtype === 'u8' ? [interleaved, planes] : [planes, interleaved];
  for (const order of orders) {
    const view = transpose(all, order);
    if (sameShape(view.shape.slice(1), wanted)) return view;
  }
  throw new CommandError(
    `expected images of ${channels}×${height}×${width} (channels × height × width) for model '${model.name}', ` +
      `got an array of shape ${formatShape(images.shape)}`,
  );
}
