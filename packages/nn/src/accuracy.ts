/**
 * Top-k accuracy: the fraction of images whose true class is among the k best.
 *
 * The place of the true class is the number of classes that score more, plus those that score the same and have a lower index;
 * the image counts for k when that is less than k. So ties are broken by the lower index, always in the same way.
 */

import { DomainError, ShapeError, formatShape, sizeOf } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';

/**
 * Fractions between 0 and 1, one for each k.
 * @param logits - [images, classes] (or [images, classes, 1, 1]), f32 or f64; any increasing function of scores will do
 * @param labels - [images], i32 or u8
 * @throws ShapeError when the shapes do not agree or there is no image.
 * @throws DomainError when a logit is NaN, a label is no class, or a k is not an integer from 1 to classes.
 * @example
 * import { topK } from '@rankwise/nn';
 * import { fromNested } from '@rankwise/tensor';
 * const logits = fromNested('f32', [[0.1, 0.7, 0.2], [0.5, 0.5, 0]]);
 * topK(logits, fromNested('i32', [2, 1]), [1, 2]) // => [0, 1]
 */
export function topK(logits: Tensor<'f32' | 'f64'>, labels: Tensor<'i32' | 'u8'>, ks: readonly number[]): number[] {
  const [images = 0, classes = 0] = logits.shape;
  if (logits.shape.length < 2 || sizeOf(logits.shape) !== images * classes || images === 0 || classes === 0) {
    throw new ShapeError(`topK: logits: expected [images, classes], none of them 0, got ${formatShape(logits.shape)}`);
  }
  if (labels.shape.length !== 1 || labels.shape[0] !== images) {
    throw new ShapeError(`topK: labels: expected [${images}], got ${formatShape(labels.shape)}`);
  }
  const bad = ks.find((k) => !Number.isSafeInteger(k) || k < 1 || k > classes);
  if (bad !== undefined) throw new DomainError(`topK: ks: expected integers from 1 to ${classes}, got ${bad}`);
  const places = Array.from({ length: images }, (_, image) => placeOfLabel(logits, labels, image, classes));
  return ks.map((k) => places.filter((place) => place < k).length / images);
}

function placeOfLabel(
  logits: Tensor<'f32' | 'f64'>,
  labels: Tensor<'i32' | 'u8'>,
  image: number,
  classes: number,
): number {
  const label = labels.data[labels.offset + image * (labels.strides[0] ?? 1)] ?? -1;
  if (label < 0 || label >= classes) {
    throw new DomainError(`topK: labels: expected classes from 0 to ${classes - 1}, got ${label} for image ${image}`);
  }
  const [imageStride = 0, classStride = 0] = logits.strides;
  const score = (index: number): number =>
    logits.data[logits.offset + image * imageStride + index * classStride] ?? NaN;
  const own = score(label);
  let place = 0;
  for (let index = 0; index < classes; index++) {
    const other = score(index);
    if (Number.isNaN(other)) throw new DomainError(`topK: logits: expected numbers, got NaN at [${image}, ${index}]`);
    if (other > own || (other === own && index < label)) place++;
  }
  return place;
}
