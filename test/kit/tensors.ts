/** Arbitrary tensors, their views, and their elements by index: written without the functions under test. */

import * as fc from 'fast-check';
import { allocate } from '@rankwise/tensor';
import type { DType, Nested, Tensor } from '@rankwise/tensor';

export const dtypes: readonly DType[] = ['f32', 'f64', 'i32', 'u8'];

/** Up to `maxRank` extents from 0 (now and then) to `maxExtent`. */
export function arbitraryShape(maxRank = 4, maxExtent = 4): fc.Arbitrary<number[]> {
  const extent = fc.oneof({ weight: 12, arbitrary: fc.integer({ min: 1, max: maxExtent }) }, fc.constant(0));
  return fc.array(extent, { maxLength: maxRank });
}

/**
 * A strided tensor of the given shape: axes in an arbitrary order in memory, each with a gap, a reversed direction or a
 * stride of 0; values are integers from 0 to 99, exact in every dtype.
 */
export function arbitraryViewOf<D extends DType>(dtype: D, shape: readonly number[]): fc.Arbitrary<Tensor<D>> {
  const rank = shape.length;
  return fc
    .record({
      order: fc.shuffledSubarray(
        shape.map((_, axis) => axis),
        { minLength: rank },
      ),
      steps: fc.array(fc.constantFrom(1, 1, 1, 2, -1, -2, 0), { minLength: rank, maxLength: rank }),
      gaps: fc.array(fc.constantFrom(0, 0, 0, 1, 2), { minLength: rank, maxLength: rank }),
      seed: fc.nat(),
      margin: fc.integer({ min: 0, max: 3 }),
    })
    .map(({ order, steps, gaps, seed, margin }) => {
      const strides = shape.map(() => 0);
      let size = 1;
      let offset = margin;
      for (const axis of order) {
        const step = steps[axis] ?? 1;
        const extent = Math.max(shape[axis] ?? 1, 1);
        strides[axis] = size * step;
        if (step < 0) offset -= (extent - 1) * size * step;
        size = size * ((extent - 1) * Math.abs(step) + 1) + (gaps[axis] ?? 0);
      }
      const data = allocate(dtype, size + 2 * margin);
      for (let i = 0; i < data.length; i++) data[i] = scrambled(seed + i) % 100;
      return { dtype, shape, strides, offset, data };
    });
}

/** A 32-bit integer that looks nothing like its neighbours' (the odd factor is 2^32 / φ). */
function scrambled(i: number): number {
  const product = Math.imul(i, 0x9e3779b1);
  return Math.imul(product ^ (product >>> 15), 0x9e3779b1) >>> 0;
}

/** A strided tensor of an arbitrary shape. */
export function arbitraryView<D extends DType>(dtype: D, maxRank = 4, maxExtent = 4): fc.Arbitrary<Tensor<D>> {
  return arbitraryShape(maxRank, maxExtent).chain((shape) => arbitraryViewOf(dtype, shape));
}

/** Every multi-index of a shape, in row-major order. */
export function indicesOf(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (indices, extent) => indices.flatMap((index) => Array.from({ length: extent }, (_, i) => [...index, i])),
    [[]],
  );
}

/** The element at a multi-index. */
export function at(tensor: Tensor, index: readonly number[]): number {
  const place = index.reduce((sum, i, axis) => sum + i * (tensor.strides[axis] ?? Number.NaN), tensor.offset);
  const value = tensor.data[place];
  if (value === undefined) throw new Error(`no element at [${index.join(', ')}] (place ${place})`);
  return value;
}

/** The elements in row-major order. */
export function elementsOf(tensor: Tensor): number[] {
  return indicesOf(tensor.shape).map((index) => at(tensor, index));
}

/** Nested arrays from a function of the multi-index. */
export function nestedFrom(shape: readonly number[], f: (index: readonly number[]) => number): Nested {
  const level = (index: readonly number[]): Nested =>
    index.length === shape.length
      ? f(index)
      : Array.from({ length: shape[index.length] ?? 0 }, (_, i) => level([...index, i]));
  return level([]);
}
