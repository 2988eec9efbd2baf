/** Small pseudo-random f32 and f64 tensors for kernel tests, from a seed and nothing else. */

import { allocate } from '@rankwise/tensor';
import type { FloatDType, Tensor } from '@rankwise/tensor';

/** `noise`: values in (−1, 1). `integers`: −4 … 4, so that sums of fewer than 2^20 products are exact in f32. */
export type Values = 'noise' | 'integers';

/** A tensor with its axes in row-major or the opposite order in memory, in steps forward or back, gaps between rows, and an offset. */
export function seeded<D extends FloatDType>(
  dtype: D,
  shape: readonly number[],
  seed: number,
  { values = 'noise', transposed = false, reversed = false, gap = 0, offset = 0 }: SeededOptions = {},
): Tensor<D> {
  const strides = shape.map(() => 0);
  const order = shape.map((_, axis) => (transposed ? axis : shape.length - 1 - axis));
  let size = 1;
  order.forEach((axis, place) => {
    strides[axis] = size;
    size *= (shape[axis] ?? 1) + (place === 0 ? gap : 0);
  });
  const data = allocate(dtype, size + offset);
  const next = generator(seed);
  for (let i = 0; i < data.length; i++) data[i] = values === 'noise' ? 2 * next() - 1 : Math.floor(next() * 9) - 4;
  if (!reversed) return { dtype, shape, strides, offset, data };
  const last = shape.reduce((sum, extent, axis) => sum + Math.max(0, extent - 1) * (strides[axis] ?? 0), offset);
  return { dtype, shape, strides: strides.map((stride) => -stride), offset: last, data };
}

export interface SeededOptions {
  readonly values?: Values;
  readonly transposed?: boolean;
  /** Every axis runs towards lower addresses. */
  readonly reversed?: boolean;
  readonly gap?: number;
  readonly offset?: number;
}

/** Numbers in [0, 1): the top bits of a 32-bit multiplicative congruential sequence, scrambled (splitmix32). */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
