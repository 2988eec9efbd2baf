/**
 * A function of one element, applied to each. The rules on precision, integers and NaN are those of elementwise.ts.
 */

import type { DType, FloatDType } from './dtype.ts';
import { DomainError } from './errors.ts';
import { checkFloat } from './elementwise.ts';
import { forEachRow } from './strided.ts';
import { zeros } from './tensor.ts';
import type { Tensor } from './tensor.ts';

/**
 * f of each element, in row-major order, in the tensor's own dtype: rounded for f32, and for integers f must return integers
 * in range.
 * @throws DomainError when the dtype is an integer one and f returns a value that it does not hold.
 * @example
 * import { fromNested, map, toNested } from '@rankwise/tensor';
 * toNested(map(fromNested('f64', [0.4, 1.6]), Math.round)) // => [0, 2]
 */
export function map<D extends DType>(tensor: Tensor<D>, f: (value: number) => number): Tensor<D> {
  if (tensor.dtype === 'f32' || tensor.dtype === 'f64') return apply(tensor, f);
  const held = tensor.dtype === 'i32' ? (value: number): number => value | 0 : (value: number): number => value & 255;
  return apply(tensor, (element) => {
    const value = f(element);
    if (held(value) === value) return value;
    throw new DomainError(`map: f: expected values that ${tensor.dtype} holds, got ${value} for ${element}`);
  });
}

/**
 * −x.
 * @example
 * import { fromNested, negate, toNested } from '@rankwise/tensor';
 * toNested(negate(fromNested('f32', [1, -2]))) // => [-1, 2]
 */
export function negate<D extends DType>(tensor: Tensor<D>): Tensor<D> {
  return apply(tensor, (value) => -value);
}

/**
 * |x|. The least i32 has no counterpart and stays what it is.
 * @example
 * import { abs, fromNested, toNested } from '@rankwise/tensor';
 * toNested(abs(fromNested('i32', [1, -2]))) // => [1, 2]
 */
export function abs<D extends DType>(tensor: Tensor<D>): Tensor<D> {
  return apply(tensor, Math.abs);
}

/**
 * √x; NaN for negative x.
 * @throws DomainError when the dtype is an integer one.
 * @example
 * import { fromNested, sqrt, toNested } from '@rankwise/tensor';
 * toNested(sqrt(fromNested('f32', [4, 2.25]))) // => [2, 1.5]
 */
export function sqrt<D extends FloatDType>(tensor: Tensor<D>): Tensor<D> {
  checkFloat('sqrt', tensor);
  return apply(tensor, Math.sqrt);
}

/**
 * e^x.
 * @throws DomainError when the dtype is an integer one.
 * @example
 * import { exp, fromNested, toNested } from '@rankwise/tensor';
 * toNested(exp(fromNested('f64', [0, -Infinity]))) // => [1, 0]
 */
export function exp<D extends FloatDType>(tensor: Tensor<D>): Tensor<D> {
  checkFloat('exp', tensor);
  return apply(tensor, Math.exp);
}

function apply<D extends DType>(tensor: Tensor<D>, f: (value: number) => number): Tensor<D> {
  const result = zeros(tensor.dtype, tensor.shape);
  const out = result.data;
  const { data } = tensor;
  forEachRow(tensor.shape, [result, tensor], (positions, steps, length) => {
    const [start = 0, origin = 0] = positions;
    const [step = 0, stride = 0] = steps;
    for (let i = 0; i < length; i++) out[start + i * step] = f(data[origin + i * stride]!);
  });
  return result;
}
