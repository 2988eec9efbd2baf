/**
 * How much an approximated network's answers say something else than the original's, without labels.
 *
 *   mean over images of KL(p ‖ q) = Σ_j p_j log(p_j / q_j)
 *
 * with p and q the probabilities that the original and the approximated network give to the classes (the softmax of their outputs).
 * It weighs a change by what it does to the answer: a logit that is far below the others may move without consequence, which
 * a squared difference of logits would count.
 */

import { ShapeError, checkFinite, formatShape, isContiguous, sameShape } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';

/**
 * Mean divergence of two sets of answers to the same images, in nats.
 * @param original - f32 [images, classes], contiguous: the outputs before the softmax (logits)
 * @param approximated - of the same shape
 * @throws ShapeError when the shapes are not equal and of two axes, there are no images or classes, or a tensor is not contiguous.
 * @throws DomainError when a value is not finite.
 * @example
 * import { outputDivergence } from '@rankwise/approx';
 * import { fromNested } from '@rankwise/tensor';
 * const even = fromNested('f32', [[0, 0]]);
 * outputDivergence(even, even) // => 0
 * outputDivergence(even, fromNested('f32', [[0, 2]])) > outputDivergence(even, fromNested('f32', [[0, 1]])) // => true
 */
export function outputDivergence(original: Tensor<'f32'>, approximated: Tensor<'f32'>): number {
  const [images = 0, classes = 0] = original.shape;
  if (original.shape.length !== 2 || images === 0 || classes === 0) {
    throw new ShapeError(`outputDivergence: original: expected [images, classes], got ${formatShape(original.shape)}`);
  }
  if (!sameShape(original.shape, approximated.shape)) {
    const got = formatShape(approximated.shape);
    throw new ShapeError(`outputDivergence: approximated: expected ${formatShape(original.shape)}, got ${got}`);
  }
  for (const [argument, tensor] of Object.entries({ original, approximated })) {
    if (!isContiguous(tensor)) {
      throw new ShapeError(`outputDivergence: ${argument}: expected a contiguous tensor, got a strided view`);
    }
    checkFinite('outputDivergence', argument, tensor);
  }
  let sum = 0;
  for (let row = 0; row < images; row++) {
    const p = logProbabilities(original, row, classes);
    const q = logProbabilities(approximated, row, classes);
    for (let j = 0; j < classes; j++) sum += Math.exp(p[j]!) * (p[j]! - q[j]!);
  }
  // The sum of an image is never negative but for rounding.
  return Math.max(0, sum / images);
}

/** log softmax of a row. */
function logProbabilities({ data, offset }: Tensor<'f32'>, row: number, classes: number): Float64Array {
  const start = offset + row * classes;
  const logits = Float64Array.from(data.subarray(start, start + classes));
  const largest = logits.reduce((most, value) => Math.max(most, value), -Infinity);
  const normaliser = largest + Math.log(logits.reduce((sum, value) => sum + Math.exp(value - largest), 0));
  return logits.map((value) => value - normaliser);
}
