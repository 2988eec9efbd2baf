/**
 * The tensor: plain readonly data. Element (i, j, …) is data[offset + i·strides[0] + j·strides[1] + …].
 *
 * A tensor does not own its data: views (see views.ts) share it. Functions that make a new tensor make a contiguous one.
 * Contents may be written through `data` by whoever made the tensor; everyone else treats it as a value.
 */

import { allocate, dtypeOf } from './dtype.ts';
import type { DType, TypedArrayOf } from './dtype.ts';
import { DomainError, ShapeError } from './errors.ts';
import { checkShape, formatShape, rowMajorStrides, sizeOf } from './shape.ts';
import type { Shape } from './shape.ts';

export interface Tensor<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: Shape;
  /** In elements. */
  readonly strides: readonly number[];
  /** Index of element (0, 0, …) in `data`. */
  readonly offset: number;
  readonly data: TypedArrayOf[D];
}

/** Numbers nested as deep as the tensor has axes. */
export type Nested = number | readonly Nested[];

/**
 * A contiguous tensor over an existing typed array, which is not copied.
 * @param data - typed array whose length is the product of `shape`
 * @throws ShapeError when the length differs from the product of `shape`.
 * @throws DomainError when the array's kind has no dtype.
 * @example
 * import { tensorOf, toNested } from '@rankwise/tensor';
 * toNested(tensorOf(new Float32Array([1, 2, 3, 4]), [2, 2])) // => [[1, 2], [3, 4]]
 */
export function tensorOf(data: Float32Array, shape: Shape): Tensor<'f32'>;
export function tensorOf(data: Float64Array, shape: Shape): Tensor<'f64'>;
export function tensorOf(data: Int32Array, shape: Shape): Tensor<'i32'>;
export function tensorOf(data: Uint8Array, shape: Shape): Tensor<'u8'>;
export function tensorOf(data: TypedArrayOf[DType], shape: Shape): Tensor;
export function tensorOf(data: TypedArrayOf[DType], shape: Shape): Tensor {
  checkShape('tensorOf', shape);
  const dtype = dtypeOf(data);
  if (dtype === undefined) {
    throw new DomainError('tensorOf: data: expected a Float32Array, Float64Array, Int32Array or Uint8Array');
  }
  if (data.length !== sizeOf(shape)) {
    throw new ShapeError(
      `tensorOf: data: expected ${sizeOf(shape)} elements for shape ${formatShape(shape)}, got ${data.length}`,
    );
  }
  return { dtype, shape: [...shape], strides: rowMajorStrides(shape), offset: 0, data };
}

/**
 * A contiguous tensor of zeros.
 * @throws ShapeError when an extent is negative or not an integer.
 * @example
 * import { toNested, zeros } from '@rankwise/tensor';
 * toNested(zeros('f64', [2, 2])) // => [[0, 0], [0, 0]]
 */
export function zeros<D extends DType>(dtype: D, shape: Shape): Tensor<D> {
  checkShape('zeros', shape);
  return {
    dtype,
    shape: [...shape],
    strides: rowMajorStrides(shape),
    offset: 0,
    data: allocate(dtype, sizeOf(shape)),
  };
}

/**
 * A contiguous tensor filled with one value.
 * @throws ShapeError when an extent is negative or not an integer.
 * @example
 * import { full, toNested } from '@rankwise/tensor';
 * toNested(full('f32', [3], 0.5)) // => [0.5, 0.5, 0.5]
 */
export function full<D extends DType>(dtype: D, shape: Shape, value: number): Tensor<D> {
  const result = zeros(dtype, shape);
  result.data.fill(value);
  return result;
}

/**
 * A tensor from nested arrays; the shape is read from the nesting.
 * @throws ShapeError when rows of one axis differ in length or depth.
 * @example
 * import { fromNested } from '@rankwise/tensor';
 * fromNested('f64', [[1, 2, 3], [4, 5, 6]]).shape // => [2, 3]
 */
export function fromNested<D extends DType>(dtype: D, nested: Nested): Tensor<D> {
  const shape: number[] = [];
  for (let level: Nested | undefined = nested; typeof level === 'object'; level = level[0]) shape.push(level.length);
  const result = zeros(dtype, shape);
  let next = 0;
  const copy = (level: Nested, axis: number): void => {
    if (typeof level === 'number') {
      if (axis !== shape.length) throw ragged(shape);
      result.data[next++] = level;
      return;
    }
    if (level.length !== shape[axis]) throw ragged(shape);
    for (const item of level) copy(item, axis + 1);
  };
  copy(nested, 0);
  return result;
}

/**
 * The elements as nested arrays, in the order of the axes.
 * @example
 * import { fromNested, toNested, transpose } from '@rankwise/tensor';
 * toNested(transpose(fromNested('i32', [[1, 2], [3, 4]]))) // => [[1, 3], [2, 4]]
 */
export function toNested(tensor: Tensor): Nested {
  const level = (axis: number, base: number): Nested => {
    if (axis === tensor.shape.length) return tensor.data[base] ?? 0;
    const stride = tensor.strides[axis] ?? 0;
    return Array.from({ length: tensor.shape[axis] ?? 0 }, (_, i) => level(axis + 1, base + i * stride));
  };
  return level(0, tensor.offset);
}

/**
 * True when the elements lie in row-major order without gaps. Axes of extent 1 (and empty tensors) have no say.
 * @example
 * import { isContiguous, transpose, zeros } from '@rankwise/tensor';
 * const tensor = zeros('f32', [2, 3]);
 * [isContiguous(tensor), isContiguous(transpose(tensor))] // => [true, false]
 */
export function isContiguous(tensor: Tensor): boolean {
  if (sizeOf(tensor.shape) === 0) return true;
  let expected = 1;
  for (let axis = tensor.shape.length - 1; axis >= 0; axis--) {
    const extent = tensor.shape[axis] ?? 1;
    if (extent !== 1 && tensor.strides[axis] !== expected) return false;
    expected *= extent;
  }
  return true;
}

function ragged(shape: Shape): ShapeError {
  return new ShapeError(`fromNested: nested: expected every row to fit ${formatShape(shape)}, got a ragged one`);
}
