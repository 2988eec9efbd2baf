/** How far the approximated network's answers are from the original's, without labels. */

import { ShapeError, checkFinite, formatShape, isContiguous, sameShape } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';

export interface OutputComparison {
  /**
   * Σ ‖o − ô‖² / Σ ‖o − mean of o‖²: 0 is equal, 1 is no better than a constant answer. Infinite when the original's answers do not
   * vary and the others differ from them. A single image's mean is itself; its answer is compared with zeros instead.
   */
  readonly relativeError: number;
  /** Share of images whose largest output stands at the same place (the first of ties). */
  readonly agreement: number;
}

/**
 * Compares two sets of answers to the same images.
 * @param original - f32 [images, classes], contiguous
 * @param approximated - of the same shape
 * @throws ShapeError when the shapes differ, there are no images, or a tensor is not contiguous.
 * @throws DomainError when a value is not finite.
 * @example
 * import { compareOutputs } from '@rankwise/approx';
 * import { fromNested } from '@rankwise/tensor';
 * compareOutputs(fromNested('f32', [[1, 0], [0, 1]]), fromNested('f32', [[1, 0], [1, 0]]))
 * // => { relativeError: 2, agreement: 0.5 }
 */
export function compareOutputs(original: Tensor<'f32'>, approximated: Tensor<'f32'>): OutputComparison {
  if (!sameShape(original.shape, approximated.shape) || (original.shape[0] ?? 0) === 0) {
    throw new ShapeError(
      `compareOutputs: approximated: expected ${formatShape(original.shape)} with images, got ${formatShape(approximated.shape)}`,
    );
  }
  for (const [argument, tensor] of Object.entries({ original, approximated })) {
    if (!isContiguous(tensor)) {
      throw new ShapeError(`compareOutputs: ${argument}: expected a contiguous tensor, got a strided view`);
    }
    checkFinite('compareOutputs', argument, tensor);
  }
  const [images = 0, ...rest] = original.shape;
  const width = rest.reduce((size, extent) => size * extent, 1);
  let squares = 0;
  let energy = 0;
  for (let j = 0; j < width; j++) {
    let mean = 0;
    if (images > 1) {
      for (let i = 0; i < images; i++) mean += original.data[original.offset + i * width + j]! / images;
    }
    for (let i = 0; i < images; i++) {
      const value = original.data[original.offset + i * width + j]!;
      squares += (value - approximated.data[approximated.offset + i * width + j]!) ** 2;
      energy += (value - mean) ** 2;
    }
  }
  let agreeing = 0;
  for (let i = 0; i < images; i++) {
    if (largest(original, i * width, width) === largest(approximated, i * width, width)) agreeing++;
  }
  const relativeError = energy > 0 ? squares / energy : squares > 0 ? Infinity : 0;
  return { relativeError, agreement: agreeing / images };
}

function largest(tensor: Tensor<'f32'>, start: number, width: number): number {
  let best = 0;
  for (let j = 1; j < width; j++) {
    if (tensor.data[tensor.offset + start + j]! > tensor.data[tensor.offset + start + best]!) best = j;
  }
  return best;
}
