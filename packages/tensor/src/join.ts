/**
 * New tensors put together from old ones: side by side (`concat`), one above the other (`stack`), with a margin (`pad`).
 *
 * Each makes one contiguous tensor and copies every operand into a view of it. Cost: one copy of the result.
 */

import { resolveAxis } from './axes.ts';
import { assignInPlace } from './copies.ts';
import type { DType } from './dtype.ts';
import { DomainError, ShapeError } from './errors.ts';
import { formatShape, sameShape } from './shape.ts';
import { full, zeros } from './tensor.ts';
import type { Tensor } from './tensor.ts';
import { expandDims, slice } from './views.ts';

/**
 * Tensors joined along an axis they already have.
 * @param tensors - at least one; of one dtype, and of one shape except along `axis`
 * @param axis - negative ones count from the end
 * @throws ShapeError when there is no tensor, the axis is out of range or the other extents differ.
 * @throws DomainError when the dtypes differ.
 * @example
 * import { concat, fromNested, toNested } from '@rankwise/tensor';
 * toNested(concat([fromNested('u8', [[1], [2]]), fromNested('u8', [[3, 4], [5, 6]])], 1)) // => [[1, 3, 4], [2, 5, 6]]
 */
export function concat<D extends DType>(tensors: readonly Tensor<D>[], axis: number): Tensor<D> {
  const first = firstOf('concat', tensors);
  const at = resolveAxis('concat', axis, first.shape.length);
  let extent = 0;
  for (const tensor of tensors) {
    const own = tensor.shape[at] ?? 0;
    if (!sameShape(tensor.shape, first.shape.with(at, own))) {
      throw new ShapeError(
        `concat: tensors: expected shape ${formatShape(first.shape)} except along axis ${at}, got ${formatShape(tensor.shape)}`,
      );
    }
    extent += own;
  }
  const result = zeros(first.dtype, first.shape.with(at, extent));
  let start = 0;
  for (const tensor of tensors) {
    const stop = start + (tensor.shape[at] ?? 0);
    assignInPlace(slice(result, [...whole(at), [start, stop]]), tensor);
    start = stop;
  }
  return result;
}

/**
 * Tensors of one shape joined along a new axis.
 * @param tensors - at least one; of one dtype and shape
 * @param axis - position of the new axis in the result, default 0
 * @throws ShapeError when there is no tensor, the shapes differ or the axis is out of range.
 * @throws DomainError when the dtypes differ.
 * @example
 * import { fromNested, stack, toNested } from '@rankwise/tensor';
 * toNested(stack([fromNested('u8', [1, 2]), fromNested('u8', [3, 4])])) // => [[1, 2], [3, 4]]
 */
export function stack<D extends DType>(tensors: readonly Tensor<D>[], axis = 0): Tensor<D> {
  const first = firstOf('stack', tensors);
  const at = resolveAxis('stack', axis, first.shape.length + 1);
  const other = tensors.find((tensor) => !sameShape(tensor.shape, first.shape));
  if (other !== undefined) {
    throw new ShapeError(`stack: tensors: expected shape ${formatShape(first.shape)}, got ${formatShape(other.shape)}`);
  }
  return concat(
    tensors.map((tensor) => expandDims(tensor, at)),
    at,
  );
}

/**
 * The tensor with a margin of `value` around it.
 * @param widths - [before, after] for each axis
 * @param value - default 0; rounded to f32 where the tensor is f32
 * @throws ShapeError when there is not one pair for each axis.
 * @throws DomainError when a width is not a non-negative integer, or an integer tensor cannot hold the value.
 * @example
 * import { fromNested, pad, toNested } from '@rankwise/tensor';
 * toNested(pad(fromNested('i32', [1, 2]), [[1, 2]], 9)) // => [9, 1, 2, 9, 9]
 */
export function pad<D extends DType>(
  tensor: Tensor<D>,
  widths: readonly (readonly [before: number, after: number])[],
  value = 0,
): Tensor<D> {
  if (widths.length !== tensor.shape.length) {
    throw new ShapeError(`pad: widths: expected ${tensor.shape.length} pairs, got ${widths.length}`);
  }
  for (const width of widths.flat()) {
    if (!Number.isSafeInteger(width) || width < 0) {
      throw new DomainError(`pad: widths: expected non-negative integers, got ${width}`);
    }
  }
  const shape = tensor.shape.map((extent, axis) => extent + (widths[axis]?.[0] ?? 0) + (widths[axis]?.[1] ?? 0));
  if (full(tensor.dtype, [], value).data[0] !== value && (tensor.dtype === 'i32' || tensor.dtype === 'u8')) {
    throw new DomainError(`pad: value: expected one that ${tensor.dtype} holds, got ${value}`);
  }
  const result = full(tensor.dtype, shape, value);
  const inner = tensor.shape.map((extent, axis) => {
    const before = widths[axis]?.[0] ?? 0;
    return [before, before + extent] as const;
  });
  assignInPlace(slice(result, inner), tensor);
  return result;
}

function whole(axes: number): undefined[] {
  return Array.from({ length: axes }, () => undefined);
}

function firstOf<D extends DType>(caller: string, tensors: readonly Tensor<D>[]): Tensor<D> {
  const [first] = tensors;
  if (first === undefined) throw new ShapeError(`${caller}: tensors: expected at least one, got none`);
  const other = tensors.find((tensor) => tensor.dtype !== first.dtype);
  if (other !== undefined) {
    throw new DomainError(`${caller}: tensors: expected dtype ${first.dtype} throughout, got ${other.dtype}`);
  }
  return first;
}
