/**
 * Which images of a set are used, and which of them no fit sees.
 *
 * The set is shuffled by the seed; the first `images` of it are used, the last `heldOutImages` of those held out. The choice depends on
 * the four numbers alone, so that whoever has the set finds the same images again.
 */

import { createRandom } from '@rankwise/tensor';

export interface ChosenImages {
  /** Indices into the set, ascending, so that it is read forwards. */
  readonly fit: readonly number[];
  /** Likewise. */
  readonly heldOut: readonly number[];
}

/** The images of a choice; `heldOutImages` ≤ `images` ≤ `available`. */
export function chooseImages(choice: {
  readonly available: number;
  readonly images: number;
  readonly heldOutImages: number;
  readonly seed: number;
}): ChosenImages {
  const { available, images, heldOutImages, seed } = choice;
  const order = createRandom(seed).fork('images').permutation(available).slice(0, images);
  const fitImages = images - heldOutImages;
  return {
    fit: Array.from(order.slice(0, fitImages).toSorted()),
    heldOut: Array.from(order.slice(fitImages).toSorted()),
  };
}
