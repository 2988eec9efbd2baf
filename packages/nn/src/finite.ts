/** Looking for NaN and infinities in the elements of a tensor. */

import { isContiguous, sizeOf } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';

/**
 * Row-major position of the first element that is NaN or infinite, or -1.
 * Axes of stride 0 are read once, so a broadcast placeholder of any size costs one element.
 */
export function firstNonFinite(tensor: Tensor): number {
  if (sizeOf(tensor.shape) === 0) return -1;
  if (isContiguous(tensor)) {
    const { data, offset } = tensor;
    const end = offset + sizeOf(tensor.shape);
    for (let i = offset; i < end; i++) if (!Number.isFinite(data[i])) return i - offset;
    return -1;
  }
  return firstNonFiniteStrided(tensor, 0, tensor.offset, 0);
}

/** `[2, 0, 1]`: the index of the element at a row-major position, for messages. */
export function formatIndex(tensor: Tensor, position: number): string {
  const index: number[] = [];
  let rest = position;
  for (const extent of tensor.shape.toReversed()) {
    index.unshift(rest % extent);
    rest = Math.floor(rest / extent);
  }
  return `[${index.join(', ')}]`;
}

function firstNonFiniteStrided(tensor: Tensor, axis: number, base: number, position: number): number {
  if (axis === tensor.shape.length) return Number.isFinite(tensor.data[base]) ? -1 : position;
  const extent = tensor.shape[axis] ?? 1;
  const stride = tensor.strides[axis] ?? 0;
  const count = stride === 0 ? 1 : extent;
  const below = sizeOf(tensor.shape.slice(axis + 1));
  for (let i = 0; i < count; i++) {
    const found = firstNonFiniteStrided(tensor, axis + 1, base + i * stride, position + i * below);
    if (found >= 0) return found;
  }
  return -1;
}
