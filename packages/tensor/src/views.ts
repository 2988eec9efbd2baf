/**
 * Views: the same data under another shape or other strides. Nothing is copied, except by `reshape` where it must.
 *
 * | function    | element of the result                                             |
 * |-------------|-------------------------------------------------------------------|
 * | transpose   | out(i0, i1, …) = in with index i_k at axis axes[k]                |
 * | slice       | out(i, …) = in(start + i · step, …)                               |
 * | broadcastTo | out(i, …) = in(0, …) along axes of extent 1: their stride becomes 0 |
 * | expandDims, squeeze | axes of extent 1 come and go                              |
 * | reshape     | elements in the same row-major order                              |
 *
 * Writing through one view is seen by all others of the same data. Cost: O(rank).
 */

import { resolveAxes, resolveAxis } from './axes.ts';
import { contiguous } from './copies.ts';
import type { DType } from './dtype.ts';
import { DomainError, ShapeError } from './errors.ts';
import { checkShape, formatShape, rowMajorStrides, sizeOf } from './shape.ts';
import type { Shape } from './shape.ts';
import type { Tensor } from './tensor.ts';

/**
 * [start, stop, step]: from start up to, not including, stop. Negative start and stop count from the end, and bounds beyond
 * the ends are clipped, as in JavaScript's and Python's own slices. Left out or undefined: from one end to the other in the
 * direction of the step (the only way to reach element 0 with a negative step), step 1.
 */
export type SliceRange = readonly [start?: number | undefined, stop?: number | undefined, step?: number | undefined];

/**
 * The same elements, in row-major order, under another shape: a view when the tensor is contiguous, a copy otherwise.
 * @param shape - one extent may be −1 and is then worked out from the others
 * @throws ShapeError when the number of elements differs, or more than one extent is −1.
 * @example
 * import { fromNested, reshape, toNested } from '@rankwise/tensor';
 * toNested(reshape(fromNested('f32', [1, 2, 3, 4, 5, 6]), [-1, 2])) // => [[1, 2], [3, 4], [5, 6]]
 */
export function reshape<D extends DType>(tensor: Tensor<D>, shape: Shape): Tensor<D> {
  const resolved = resolveShape(tensor.shape, shape);
  const source = contiguous(tensor);
  return { ...source, shape: resolved, strides: rowMajorStrides(resolved) };
}

/**
 * Axes in another order: axis k of the result is axis axes[k] of the tensor.
 * @param axes - every axis once, negative ones count from the end; reversed when left out
 * @throws ShapeError when `axes` is not a permutation of the tensor's axes.
 * @example
 * import { fromNested, toNested, transpose } from '@rankwise/tensor';
 * toNested(transpose(fromNested('f32', [[1, 2, 3], [4, 5, 6]]))) // => [[1, 4], [2, 5], [3, 6]]
 */
export function transpose<D extends DType>(tensor: Tensor<D>, axes?: readonly number[]): Tensor<D> {
  const rank = tensor.shape.length;
  const order = axes === undefined ? resolveAxes('transpose', axes, rank).toReversed() : axes;
  if (order.length !== rank) {
    throw new ShapeError(`transpose: axes: expected ${rank} axes, got [${order.join(', ')}]`);
  }
  const resolved = resolveAxes('transpose', order, rank);
  return {
    ...tensor,
    shape: resolved.map((axis) => tensor.shape[axis] ?? 1),
    strides: resolved.map((axis) => tensor.strides[axis] ?? 0),
  };
}

/**
 * A range of each axis.
 * @param ranges - one for each leading axis; undefined, and axes left out at the end, mean the whole axis
 * @throws ShapeError when there are more ranges than axes.
 * @throws DomainError when a bound is not an integer or a step is 0.
 * @example
 * import { fromNested, slice, toNested } from '@rankwise/tensor';
 * const table = fromNested('i32', [[1, 2, 3], [4, 5, 6]]);
 * toNested(slice(table, [[-1], [0, 2]])) // => [[4, 5]]
 * toNested(slice(table, [undefined, [undefined, undefined, -2]])) // => [[3, 1], [6, 4]]
 */
export function slice<D extends DType>(tensor: Tensor<D>, ranges: readonly (SliceRange | undefined)[]): Tensor<D> {
  if (ranges.length > tensor.shape.length) {
    throw new ShapeError(
      `slice: ranges: expected at most ${tensor.shape.length} for shape ${formatShape(tensor.shape)}, got ${ranges.length}`,
    );
  }
  let { offset } = tensor;
  const shape = [...tensor.shape];
  const strides = [...tensor.strides];
  for (const [axis, range] of ranges.entries()) {
    if (range === undefined) continue;
    const { start, step, count } = resolveRange(range, tensor.shape[axis] ?? 1);
    const stride = tensor.strides[axis] ?? 0;
    offset += start * stride;
    shape[axis] = count;
    strides[axis] = stride * step;
  }
  return { ...tensor, shape, strides, offset };
}

/**
 * The tensor repeated, without copying, along axes of extent 1 and along new leading axes. Read it, do not write it: many
 * elements share one place.
 * @throws ShapeError when an extent is neither equal nor 1, or the shape has fewer axes than the tensor.
 * @example
 * import { broadcastTo, fromNested, toNested } from '@rankwise/tensor';
 * toNested(broadcastTo(fromNested('f32', [1, 2]), [2, 2])) // => [[1, 2], [1, 2]]
 */
export function broadcastTo<D extends DType>(tensor: Tensor<D>, shape: Shape): Tensor<D> {
  checkShape('broadcastTo', shape);
  const added = shape.length - tensor.shape.length;
  const strides = shape.map((extent, axis) => {
    if (axis < added) return 0;
    return tensor.shape[axis - added] === extent ? (tensor.strides[axis - added] ?? 0) : 0;
  });
  if (added < 0 || tensor.shape.some((extent, axis) => extent !== 1 && extent !== shape[axis + added])) {
    throw new ShapeError(
      `broadcastTo: shape: expected one that ${formatShape(tensor.shape)} stretches to, got ${formatShape(shape)}`,
    );
  }
  return { ...tensor, shape: [...shape], strides };
}

/**
 * A new axis of extent 1 at position `axis` of the result.
 * @throws ShapeError when `axis` is out of range for the result.
 * @example
 * import { expandDims, zeros } from '@rankwise/tensor';
 * expandDims(zeros('f32', [2, 3]), 1).shape // => [2, 1, 3]
 */
export function expandDims<D extends DType>(tensor: Tensor<D>, axis: number): Tensor<D> {
  const at = resolveAxis('expandDims', axis, tensor.shape.length + 1);
  return {
    ...tensor,
    shape: tensor.shape.toSpliced(at, 0, 1),
    strides: tensor.strides.toSpliced(at, 0, (tensor.strides[at] ?? 1) * (tensor.shape[at] ?? 1)),
  };
}

/**
 * Without axes of extent 1: the named ones, or all there are.
 * @throws ShapeError when a named axis is out of range or has another extent.
 * @example
 * import { squeeze, zeros } from '@rankwise/tensor';
 * squeeze(zeros('f32', [1, 3, 1])).shape // => [3]
 * squeeze(zeros('f32', [1, 3, 1]), 0).shape // => [3, 1]
 */
export function squeeze<D extends DType>(tensor: Tensor<D>, axes?: number | readonly number[]): Tensor<D> {
  const named = axes === undefined ? undefined : resolveAxes('squeeze', axes, tensor.shape.length);
  const wide = named?.find((axis) => tensor.shape[axis] !== 1);
  if (wide !== undefined) {
    throw new ShapeError(`squeeze: axes: expected extent 1 at axis ${wide}, got shape ${formatShape(tensor.shape)}`);
  }
  const keep = (axis: number): boolean => (named === undefined ? tensor.shape[axis] !== 1 : !named.includes(axis));
  return {
    ...tensor,
    shape: tensor.shape.filter((_, axis) => keep(axis)),
    strides: tensor.strides.filter((_, axis) => keep(axis)),
  };
}

function resolveShape(from: Shape, to: Shape): number[] {
  const size = sizeOf(from);
  const open = to.indexOf(-1);
  const rest = open < 0 ? to : to.toSpliced(open, 1);
  checkShape('reshape', rest);
  const resolved = open < 0 ? [...to] : to.with(open, size / sizeOf(rest));
  if (!resolved.every((extent) => Number.isInteger(extent)) || sizeOf(resolved) !== size) {
    throw new ShapeError(
      `reshape: shape: expected ${size} elements as in ${formatShape(from)}, got ${formatShape(to)}`,
    );
  }
  return resolved;
}

/** As Python's slice.indices; an empty range starts at 0 so that the offset stays inside the data. */
function resolveRange(range: SliceRange, extent: number): { start: number; step: number; count: number } {
  const step = range[2] ?? 1;
  for (const bound of [range[0] ?? 0, range[1] ?? 0, step]) {
    if (!Number.isSafeInteger(bound)) {
      throw new DomainError(`slice: ranges: expected integers, got ${bound} in [${range.join(', ')}]`);
    }
  }
  if (step === 0) throw new DomainError(`slice: ranges: expected a step other than 0, got [${range.join(', ')}]`);
  const lowest = step > 0 ? 0 : -1;
  const highest = step > 0 ? extent : extent - 1;
  const place = (bound: number | undefined, whenLeftOut: number): number => {
    if (bound === undefined) return whenLeftOut;
    return Math.min(Math.max(bound < 0 ? bound + extent : bound, lowest), highest);
  };
  const start = place(range[0], step > 0 ? lowest : highest);
  const stop = place(range[1], step > 0 ? highest : lowest);
  const count = Math.max(0, Math.ceil((stop - start) / step));
  return count === 0 ? { start: 0, step: 1, count } : { start, step, count };
}
