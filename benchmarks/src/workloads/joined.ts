/** The parts of a decomposition in one array, one after the other, and back. */

import { sizeOf, tensorOf } from '@rankwise/tensor';
import type { Shape, Tensor } from '@rankwise/tensor';

/** @param parts - contiguous */
export function joined(parts: readonly Tensor<'f64'>[]): Float64Array {
  const result = new Float64Array(parts.reduce((size, { shape }) => size + sizeOf(shape), 0));
  let at = 0;
  for (const { data, offset, shape } of parts) {
    result.set(data.subarray(offset, offset + sizeOf(shape)), at);
    at += sizeOf(shape);
  }
  return result;
}

/** Parts of the given shapes as views of `data`; what is missing in a short array is NaN. */
export function apart(data: Float64Array, shapes: readonly Shape[]): readonly Tensor<'f64'>[] {
  let at = 0;
  return shapes.map((shape) => {
    const part = new Float64Array(sizeOf(shape)).fill(NaN);
    part.set(data.subarray(at, at + part.length));
    at += part.length;
    return tensorOf(part, shape);
  });
}
