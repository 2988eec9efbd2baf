/**
 * Reductions over all axes or some: sum, mean, min, max, argmax.
 *
 * | function | result dtype               | no elements   | NaN among them        | precision                              |
 * |----------|----------------------------|---------------|-----------------------|----------------------------------------|
 * | sum      | the tensor's; f64 for integers | 0         | NaN                   | f64 as in pairwiseSum.ts, then rounded |
 * | mean     | as sum                     | refused       | NaN                   | as sum, one division more              |
 * | min, max | the tensor's               | refused       | NaN                   | exact                                  |
 * | argmax   | i32                        | refused       | the first NaN's index | exact; the first of equals             |
 *
 * Elements are taken in row-major order whatever the strides, so a view and its copy give the same bits.
 */

import { resolveAxes } from './axes.ts';
import type { DType, FloatDType } from './dtype.ts';
import { DomainError } from './errors.ts';
import { pairwiseSum } from './pairwiseSum.ts';
import { formatShape, sizeOf } from './shape.ts';
import { planRows } from './strided.ts';
import type { RowVisitor } from './strided.ts';
import { zeros } from './tensor.ts';
import type { Tensor } from './tensor.ts';

/** One axis or several; undefined means all. Negative ones count from the end. */
export type Axes = number | readonly number[] | undefined;

export interface ReduceOptions {
  /** True keeps each reduced axis with extent 1, so that the result broadcasts with the tensor. Default false. */
  readonly keepDims?: boolean;
}

/** What distinguishes one reduction from another. */
interface Reduction<D extends DType> {
  readonly caller: string;
  readonly dtype: D;
  /** True when no elements at all have a result. */
  readonly emptyAllowed: boolean;
  readonly accumulator: Accumulator;
}

/** Takes in the rows of one group of elements, then gives up its result and starts anew. */
interface Accumulator {
  readonly visit: RowVisitor;
  readonly take: () => number;
}

/**
 * The sum over the given axes.
 * @throws ShapeError when an axis is out of range or named twice.
 * @example
 * import { fromNested, sum, toNested } from '@rankwise/tensor';
 * const table = fromNested('f32', [[1, 2, 3], [4, 5, 6]]);
 * toNested(sum(table)) // => 21
 * toNested(sum(table, 0)) // => [5, 7, 9]
 * toNested(sum(table, [1], { keepDims: true })) // => [[6], [15]]
 */
export function sum<D extends FloatDType>(tensor: Tensor<D>, axes?: Axes, options?: ReduceOptions): Tensor<D>;
export function sum(tensor: Tensor, axes?: Axes, options?: ReduceOptions): Tensor<FloatDType>;
export function sum(tensor: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor<FloatDType> {
  return reduce(tensor, axes, options, {
    caller: 'sum',
    dtype: floatOf(tensor),
    emptyAllowed: true,
    accumulator: summing(tensor, 1),
  });
}

/**
 * The arithmetic mean over the given axes.
 * @throws ShapeError when an axis is out of range or named twice.
 * @throws DomainError when there are results but no elements to average.
 * @example
 * import { fromNested, mean, toNested } from '@rankwise/tensor';
 * toNested(mean(fromNested('f32', [[1, 2], [3, 6]]), 0)) // => [2, 4]
 */
export function mean<D extends FloatDType>(tensor: Tensor<D>, axes?: Axes, options?: ReduceOptions): Tensor<D>;
export function mean(tensor: Tensor, axes?: Axes, options?: ReduceOptions): Tensor<FloatDType>;
export function mean(tensor: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor<FloatDType> {
  const reduced = resolveAxes('mean', axes, tensor.shape.length);
  const count = sizeOf(reduced.map((axis) => tensor.shape[axis] ?? 1));
  return reduce(tensor, axes, options, {
    caller: 'mean',
    dtype: floatOf(tensor),
    emptyAllowed: false,
    accumulator: summing(tensor, count),
  });
}

/**
 * The least element over the given axes.
 * @throws ShapeError when an axis is out of range or named twice.
 * @throws DomainError when there are results but no elements to choose from.
 * @example
 * import { fromNested, min, toNested } from '@rankwise/tensor';
 * toNested(min(fromNested('i32', [[3, 1], [2, 5]]), 1)) // => [1, 2]
 */
export function min<D extends DType>(tensor: Tensor<D>, axes?: Axes, options: ReduceOptions = {}): Tensor<D> {
  return reduce(tensor, axes, options, {
    caller: 'min',
    dtype: tensor.dtype,
    emptyAllowed: false,
    accumulator: choosing(tensor, Math.min, Infinity),
  });
}

/**
 * The greatest element over the given axes.
 * @throws ShapeError when an axis is out of range or named twice.
 * @throws DomainError when there are results but no elements to choose from.
 * @example
 * import { fromNested, max, toNested } from '@rankwise/tensor';
 * toNested(max(fromNested('i32', [[3, 1], [2, 5]]), 1)) // => [3, 5]
 */
export function max<D extends DType>(tensor: Tensor<D>, axes?: Axes, options: ReduceOptions = {}): Tensor<D> {
  return reduce(tensor, axes, options, {
    caller: 'max',
    dtype: tensor.dtype,
    emptyAllowed: false,
    accumulator: choosing(tensor, Math.max, -Infinity),
  });
}

/**
 * Where the greatest element stands: its index along the axis, or its row-major number among several axes.
 * @throws ShapeError when an axis is out of range or named twice.
 * @throws DomainError when there are results but no elements to choose from.
 * @example
 * import { argmax, fromNested, toNested } from '@rankwise/tensor';
 * const scores = fromNested('f32', [[0.1, 0.7, 0.2], [0.5, 0.1, 0.4]]);
 * toNested(argmax(scores, 1)) // => [1, 0]
 * toNested(argmax(scores)) // => 1
 */
export function argmax(tensor: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor<'i32'> {
  return reduce(tensor, axes, options, {
    caller: 'argmax',
    dtype: 'i32',
    emptyAllowed: false,
    accumulator: locating(tensor),
  });
}

function reduce<D extends DType>(
  tensor: Tensor,
  axes: Axes,
  { keepDims = false }: ReduceOptions,
  { caller, dtype, emptyAllowed, accumulator }: Reduction<D>,
): Tensor<D> {
  // In the tensor's own order, so that naming the same axes in another order changes nothing.
  const reduced = resolveAxes(caller, axes, tensor.shape.length).toSorted((a, b) => a - b);
  const kept = tensor.shape.map((_, axis) => axis).filter((axis) => !reduced.includes(axis));
  const groupShape = pick(tensor.shape, reduced);
  const outShape = keepDims
    ? tensor.shape.map((extent, axis) => (reduced.includes(axis) ? 1 : extent))
    : pick(tensor.shape, kept);
  if (!emptyAllowed && sizeOf(groupShape) === 0 && sizeOf(outShape) > 0) {
    throw new DomainError(`${caller}: tensor: expected at least one element, got shape ${formatShape(tensor.shape)}`);
  }
  const result = zeros(dtype, outShape);
  const group = planRows(groupShape, [pick(tensor.strides, reduced)]);
  const origins = planRows(pick(tensor.shape, kept), [pick(tensor.strides, kept)]);
  let next = 0;
  origins([tensor.offset], (positions, steps, length) => {
    const [start = 0] = positions;
    const [step = 0] = steps;
    for (let i = 0; i < length; i++) {
      group([start + i * step], accumulator.visit);
      result.data[next++] = accumulator.take();
    }
  });
  return result;
}

function pick(list: readonly number[], axes: readonly number[]): number[] {
  return axes.map((axis) => list[axis] ?? 0);
}

function floatOf(tensor: Tensor): FloatDType {
  return tensor.dtype === 'f32' ? 'f32' : 'f64';
}

function summing({ data }: Tensor, divisor: number): Accumulator {
  const total = pairwiseSum();
  return {
    visit: ([start = 0], [step = 0], length) => total.feed(data, start, step, length),
    take: () => total.take() / divisor,
  };
}

function choosing({ data }: Tensor, better: (a: number, b: number) => number, worst: number): Accumulator {
  let best = worst;
  return {
    visit: ([start = 0], [step = 0], length) => {
      for (let i = 0; i < length; i++) best = better(best, data[start + i * step]!);
    },
    take: () => {
      const value = best;
      best = worst;
      return value;
    },
  };
}

function locating({ data }: Tensor): Accumulator {
  let best = -Infinity;
  let place = 0;
  let seen = 0;
  return {
    visit: ([start = 0], [step = 0], length) => {
      for (let i = 0; i < length; i++, seen++) {
        const value = data[start + i * step]!;
        // Nothing is greater than NaN, so the first one found stays; the second condition lets it in.
        if (value > best || (value !== value && best === best)) {
          best = value;
          place = seen;
        }
      }
    },
    take: () => {
      const found = place;
      best = -Infinity;
      place = 0;
      seen = 0;
      return found;
    },
  };
}
