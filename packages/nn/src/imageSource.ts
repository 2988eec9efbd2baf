/**
 * Images that are read a batch at a time, so that a data set need not fit in memory as f32.
 *
 * A source gives the same images for the same range each time it is asked: work that needs them again asks again.
 */

import { ShapeError, formatShape } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';

export interface ImageSource {
  readonly count: number;
  /** [channels, height, width] of one image, as the network wants it. */
  readonly shape: readonly number[];
  /** Images [from, to), preprocessed, as contiguous f32 [to − from, channels, height, width]. */
  batch(from: number, to: number): Promise<Tensor<'f32'>> | Tensor<'f32'>;
}

/**
 * A source over images that are in memory already.
 * @param images - contiguous f32 [images, channels, height, width]
 * @throws ShapeError when the tensor has another number of axes.
 * @example
 * import { imageSourceOf } from '@rankwise/nn';
 * import { zeros } from '@rankwise/tensor';
 * imageSourceOf(zeros('f32', [5, 1, 2, 2])).count // => 5
 */
export function imageSourceOf(images: Tensor<'f32'>): ImageSource {
  const [count = 0, ...shape] = images.shape;
  if (shape.length !== 3) {
    throw new ShapeError(
      `imageSourceOf: images: expected shape [images, channels, height, width], got ${formatShape(images.shape)}`,
    );
  }
  const stride = images.strides[0] ?? 0;
  return {
    count,
    shape,
    batch: (from, to) => ({ ...images, shape: [to - from, ...shape], offset: images.offset + from * stride }),
  };
}
