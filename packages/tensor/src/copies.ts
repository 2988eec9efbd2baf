/**
 * Copies: into row-major order, into another element type, into another tensor's memory.
 *
 * A cast keeps values. Rounding to the nearest f32 is the one loss allowed, because it is what storing in f32 means; anything
 * that would turn a value into an unrelated one (NaN, fractions or large values to integers, overflow to infinity) is refused.
 */

import type { DType } from './dtype.ts';
import { DomainError, ShapeError } from './errors.ts';
import { formatShape, sameShape } from './shape.ts';
import { findFirst, forEachRow } from './strided.ts';
import { isContiguous, zeros } from './tensor.ts';
import type { Tensor } from './tensor.ts';

/** Below this many elements a loop beats a call of TypedArray.set (about 50 ns). */
const SHORT_ROW = 32;

/** Largest finite f32 plus half a unit in its last place, 2^128 − 2^103: from here on f32 rounds to infinity. */
const F32_OVERFLOW = 2 ** 128 - 2 ** 103;

const integerRange = { i32: [-(2 ** 31), 2 ** 31 - 1], u8: [0, 255] } as const;

/**
 * True when the tensor has this element type; narrows its type.
 * @example
 * import { hasDType, zeros } from '@rankwise/tensor';
 * [hasDType(zeros('f32', [2]), 'f32'), hasDType(zeros('f32', [2]), 'f64')] // => [true, false]
 */
export function hasDType<D extends DType>(tensor: Tensor, dtype: D): tensor is Tensor<D> {
  return tensor.dtype === dtype;
}

/**
 * A contiguous tensor with memory of its own and the same values.
 * @example
 * import { copyOf, fromNested, slice, toNested } from '@rankwise/tensor';
 * const evens = copyOf(slice(fromNested('i32', [0, 1, 2, 3, 4]), [[0, 5, 2]]));
 * toNested(evens) // => [0, 2, 4]
 * evens.data.length // => 3
 */
export function copyOf<D extends DType>(tensor: Tensor<D>): Tensor<D> {
  const result = zeros(tensor.dtype, tensor.shape);
  assignInPlace(result, tensor);
  return result;
}

/**
 * The tensor itself when it is contiguous, else a copy that is.
 * @example
 * import { contiguous, fromNested, transpose } from '@rankwise/tensor';
 * contiguous(transpose(fromNested('u8', [[1, 2], [3, 4]]))).strides // => [2, 1]
 */
export function contiguous<D extends DType>(tensor: Tensor<D>): Tensor<D> {
  return isContiguous(tensor) ? tensor : copyOf(tensor);
}

/**
 * Copies the source's elements into the target's memory; both may be any strided view.
 * @param target - changed in place
 * @param source - of the target's shape and dtype, not overlapping it
 * @throws ShapeError when the shapes differ.
 * @throws DomainError when the dtypes differ.
 * @example
 * import { assignInPlace, fromNested, slice, toNested, zeros } from '@rankwise/tensor';
 * const board = zeros('i32', [2, 3]);
 * assignInPlace(slice(board, [[0, 1]]), fromNested('i32', [[7, 8, 9]]));
 * toNested(board) // => [[7, 8, 9], [0, 0, 0]]
 */
export function assignInPlace<D extends DType>(target: Tensor<D>, source: Tensor<D>): void {
  if (!sameShape(target.shape, source.shape)) {
    throw new ShapeError(
      `assignInPlace: source: expected shape ${formatShape(target.shape)}, got ${formatShape(source.shape)}`,
    );
  }
  if (target.dtype !== source.dtype) {
    throw new DomainError(`assignInPlace: source: expected dtype ${target.dtype}, got ${source.dtype}`);
  }
  copyRows(target, source);
}

/**
 * The same values in another element type; the tensor itself when it already has that type.
 *
 * f64 and i32 to f32 round to nearest. To i32 and u8 every value must be an integer in range (−0 becomes 0).
 * @throws DomainError naming the first value that the new type cannot hold: NaN, an infinity, a fraction or a number out of
 * range for integers; a finite number that overflows for f32.
 * @example
 * import { cast, fromNested, toNested } from '@rankwise/tensor';
 * toNested(cast(fromNested('f64', [1, 2, 255]), 'u8')) // => [1, 2, 255]
 */
export function cast<D extends DType>(tensor: Tensor, dtype: D): Tensor<D> {
  if (hasDType(tensor, dtype)) return tensor;
  const refused = findFirst(tensor, refusedBy(dtype));
  if (refused !== undefined) {
    throw new DomainError(
      `cast: tensor: expected values that ${dtype} holds, got ${refused.value} at ${formatShape(refused.index)}`,
    );
  }
  const result = zeros(dtype, tensor.shape);
  copyRows(result, tensor);
  return result;
}

function refusedBy(dtype: DType): (value: number) => boolean {
  switch (dtype) {
    case 'f64':
      return () => false;
    case 'f32':
      return (value) => Math.abs(value) >= F32_OVERFLOW && Number.isFinite(value);
    default: {
      const [low, high] = integerRange[dtype];
      return (value) => !(Number.isInteger(value) && value >= low && value <= high);
    }
  }
}

function copyRows(target: Tensor, source: Tensor): void {
  const to = target.data;
  const from = source.data;
  forEachRow(target.shape, [target, source], (positions, steps, length) => {
    const [start = 0, origin = 0] = positions;
    const [step = 0, stride = 0] = steps;
    if (step === 1 && stride === 1 && length >= SHORT_ROW) {
      to.set(from.subarray(origin, origin + length), start);
    } else {
      for (let i = 0; i < length; i++) to[start + i * step] = from[origin + i * stride]!;
    }
  });
}
