/**
 * Images that are read a batch at a time, so that a data set need not fit in memory as f32.
 *
 * A source gives the same images for the same range each time it is asked: work that needs them again asks again.
 */

import { DomainError, ShapeError, concat, contiguous, formatShape, slice } from '@rankwise/tensor';
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
 * @param images - f32 [images, channels, height, width]; a strided view is copied a batch at a time
 * @throws ShapeError when the tensor has another number of axes.
 * @throws DomainError when its elements are not f32.
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
  // Widened: a caller without types may pass bytes, which are not preprocessed.
  const { dtype }: Tensor = images;
  if (dtype !== 'f32') throw new DomainError(`imageSourceOf: images: expected f32, preprocessed, got ${dtype}`);
  return {
    count,
    shape,
    batch: (from, to) => contiguous(slice(images, [[from, to]])),
  };
}

/**
 * Some images of a source, in the given order. Runs of neighbours are read together.
 * @param indices - into the source, 0…count − 1
 * @throws DomainError when an index lies outside the source.
 * @example
 * import { imageSourceOf, selectImages } from '@rankwise/nn';
 * import { fromNested } from '@rankwise/tensor';
 * const source = imageSourceOf(fromNested('f32', [[[[1]]], [[[2]]], [[[3]]]]));
 * const batch = await selectImages(source, [2, 0]).batch(0, 2);
 * batch.data // => [3, 1]
 */
export function selectImages(source: ImageSource, indices: ArrayLike<number>): ImageSource {
  const chosen = Array.from(indices);
  for (const index of chosen) {
    if (!Number.isInteger(index) || index < 0 || index >= source.count) {
      throw new DomainError(`selectImages: indices: expected integers from 0 to ${source.count - 1}, got ${index}`);
    }
  }
  return {
    count: chosen.length,
    shape: source.shape,
    batch: (from, to) => {
      const runs = consecutiveRuns(chosen.slice(from, to));
      const parts = runs.map(([start, end]) => source.batch(start, end));
      return parts.some((part) => part instanceof Promise)
        ? Promise.all(parts).then(join)
        : join(parts.filter((part): part is Tensor<'f32'> => !(part instanceof Promise)));
    },
  };
}

function join(tensors: readonly Tensor<'f32'>[]): Tensor<'f32'> {
  return tensors.length === 1 && tensors[0] !== undefined ? tensors[0] : concat(tensors, 0);
}

/** [start, end) of each stretch of indices that follow one another. */
function consecutiveRuns(indices: readonly number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const index of indices) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === index) last[1] = index + 1;
    else runs.push([index, index + 1]);
  }
  return runs;
}
