/**
 * Which output positions of each image are sampled.
 *
 * For every image the positions are distinct and uniformly random, drawn by a partial Fisher–Yates shuffle; an image with fewer
 * positions than asked for gives all it has. The draw depends on the seed, the layer's name and the image's place in the set alone, so
 * it does not change with the batch size or with the other layers.
 */

import { DomainError, createRandom } from '@rankwise/tensor';

export interface SampledPositions {
  /** Positions per image: min(asked for, height · width). */
  readonly perImage: number;
  /** [images · perImage], row-major indices y · width + x into the output map, ascending within each image or window. */
  readonly indices: Int32Array;
  /** Positions of a pooling window where they come in whole ones, one window after the other; absent or 1 elsewhere. */
  readonly window?: number;
}

/**
 * Draws positions for a number of images.
 * @param available - height · width of the layer's output
 * @param wanted - positions per image
 * @throws DomainError when `wanted` is not a positive integer.
 * @example
 * import { samplePositions } from '@rankwise/approx';
 * samplePositions({ seed: 1, layer: 'conv2', images: 2, available: 4, wanted: 9 }).indices
 * // => new Int32Array([0, 1, 2, 3, 0, 1, 2, 3])
 */
export function samplePositions(draw: {
  readonly seed: number;
  readonly layer: string;
  readonly images: number;
  readonly available: number;
  readonly wanted: number;
}): SampledPositions {
  const { seed, layer, images, available, wanted } = draw;
  if (!Number.isInteger(wanted) || wanted < 1) {
    throw new DomainError(`samplePositions: wanted: expected a positive integer, got ${wanted}`);
  }
  const perImage = Math.min(wanted, available);
  const indices = new Int32Array(images * perImage);
  const random = createRandom(seed).fork('positions').fork(layer);
  const deck = Int32Array.from({ length: available }, (_, i) => i);
  for (let image = 0; image < images; image++) {
    const stream = random.fork(image);
    for (let i = 0; i < perImage; i++) {
      const j = i + stream.integer(available - i);
      const drawn = deck[j]!;
      deck[j] = deck[i]!;
      deck[i] = drawn;
    }
    const drawnHere = deck.slice(0, perImage).toSorted();
    indices.set(drawnHere, image * perImage);
    for (let i = 0; i < available; i++) deck[i] = i;
  }
  return { perImage, indices };
}
