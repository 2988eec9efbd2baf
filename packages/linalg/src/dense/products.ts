/** Matrix products and column selections on tensors, shared by the routines built on decompositions. */

import { zeros } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';

/** a · b, [m, k] times [k, n], any strides. */
export function product(kernels: Kernels, a: Tensor<'f64'>, b: Tensor<'f64'>): Tensor<'f64'> {
  const out = zeros('f64', [a.shape[0] ?? 0, b.shape[1] ?? 0]);
  kernels.matmul({ a, b, out });
  return out;
}

/** A contiguous copy of the first `count` columns of a contiguous matrix. */
export function leadingColumns(matrix: Tensor<'f64'>, count: number): Tensor<'f64'> {
  const [rows = 0, columns = 0] = matrix.shape;
  const out = zeros('f64', [rows, count]);
  for (let i = 0; i < rows; i++) {
    out.data.set(matrix.data.subarray(i * columns, i * columns + count), i * count);
  }
  return out;
}

/** Multiplies column j of a contiguous matrix by factors[j]. */
export function scaleColumnsInPlace(matrix: Tensor<'f64'>, factors: Float64Array): Tensor<'f64'> {
  const columns = factors.length;
  for (let i = 0; i < matrix.data.length; i++) matrix.data[i] = matrix.data[i]! * factors[i % columns]!;
  return matrix;
}
