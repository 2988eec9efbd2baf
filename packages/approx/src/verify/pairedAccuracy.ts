/**
 * Accuracy of two networks on the same labelled images, compared image by image.
 *
 * Of n images, b are right with the first network only and c with the second only. Were the two equally good, each of the b + c would
 * fall to either side like a coin, so the chance of a split at least as uneven is (McNemar's exact test, Psychometrika 12, 1947)
 *
 *   p = min(1, 2 Σ_{i ≤ min(b, c)} C(b + c, i) / 2^(b + c))
 *
 * Two accuracies measured on the same images are far less noisy as a pair than each alone: the standard error of one is
 * √(a (1 − a) / n), that of their difference √(b + c − (b − c)² / n) / n.
 */

import { DomainError, ShapeError, slice } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import { topK } from '@rankwise/nn';

export interface PairedAccuracy {
  /** The true class is among the `places` best. */
  readonly places: number;
  readonly images: number;
  /** Shares of images that are right. */
  readonly original: number;
  readonly approximated: number;
  /** Images that became right, and that became wrong. */
  readonly gained: number;
  readonly lost: number;
  /** Chance of a split at least as uneven between equals. */
  readonly pValue: number;
  /** Of the difference of the two shares. */
  readonly standardError: number;
}

/**
 * Compares two sets of answers with the truth.
 * @param original - f32 [images, classes]
 * @param approximated - of the same shape
 * @param labels - [images]
 * @param places - 1 for top-1, 5 for top-5
 * @throws ShapeError or DomainError as topK does.
 * @example
 * import { pairedAccuracy } from '@rankwise/approx';
 * import { fromNested } from '@rankwise/tensor';
 * const before = fromNested('f32', [[1, 0], [0, 1], [1, 0]]);
 * const after = fromNested('f32', [[1, 0], [1, 0], [1, 0]]);
 * const { original, approximated, gained, lost, pValue } = pairedAccuracy(before, after, fromNested('i32', [0, 1, 0]), 1);
 * [original, approximated] // => [1, 0.6666666666666666]
 * [gained, lost, pValue] // => [0, 1, 1]
 */
export function pairedAccuracy(
  original: Tensor<'f32'>,
  approximated: Tensor<'f32'>,
  labels: Tensor<'i32' | 'u8'>,
  places: number,
): PairedAccuracy {
  const [images = 0] = original.shape;
  if (approximated.shape[0] !== images) {
    throw new ShapeError(`pairedAccuracy: approximated: expected ${images} images, got ${approximated.shape[0]}`);
  }
  const shares = [original, approximated].map((outputs) => topK(outputs, labels, [places])[0] ?? 0);
  let gained = 0;
  let lost = 0;
  for (let image = 0; image < images; image++) {
    const [before, after] = [original, approximated].map((outputs) => isRight(outputs, labels, image, places));
    if (after && !before) gained++;
    if (before && !after) lost++;
  }
  const [first = 0, second = 0] = shares;
  return {
    places,
    images,
    original: first,
    approximated: second,
    gained,
    lost,
    pValue: mcnemar(gained, lost),
    standardError: Math.sqrt(gained + lost - (gained - lost) ** 2 / images) / images,
  };
}

/**
 * The chance, between equals, of a split at least as uneven as b : c.
 * @throws DomainError when a count is not an integer ≥ 0.
 * @example
 * import { mcnemar } from '@rankwise/approx';
 * [mcnemar(0, 0), mcnemar(1, 0), Math.round(mcnemar(0, 6) * 1e5)] // => [1, 1, 3125]
 */
export function mcnemar(b: number, c: number): number {
  for (const count of [b, c]) {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new DomainError(`mcnemar: b, c: expected integers ≥ 0, got ${count}`);
    }
  }
  // Logarithms: 2^(b + c) may be beyond the doubles.
  let term = -(b + c) * Math.LN2;
  let sum = 0;
  for (let i = 0; i <= Math.min(b, c); i++) {
    sum += Math.exp(term);
    term += Math.log((b + c - i) / (i + 1));
  }
  return Math.min(1, 2 * sum);
}

function isRight(outputs: Tensor<'f32'>, labels: Tensor<'i32' | 'u8'>, image: number, places: number): boolean {
  return topK(slice(outputs, [[image, image + 1]]), slice(labels, [[image, image + 1]]), [places])[0] === 1;
}
