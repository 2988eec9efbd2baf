/**
 * Products of an f64 matrix with one vector. Each element of the matrix is used once, so packing would cost more than the sums.
 *
 * Where rows lie contiguous, four rows share each load of the vector; where columns do, out is added to row by row of memory, four at
 * a time. Either way each sum runs over k in order: the result has the bits of matmulNaive. A row times a matrix is the transposed
 * matrix times a column.
 */

import type { MatmulCall } from '../kernels.ts';
import { transpose } from '../views.ts';
import type { Tensor } from '../tensor.ts';

/** A matrix [count, depth] and a vector in f64; element (i, p) at start + i · stride + p, or, turned, at start + p · stride + i. */
interface VectorProduct {
  readonly a: Float64Array;
  readonly start: number;
  readonly stride: number;
  readonly turned: boolean;
  readonly x: Float64Array;
  readonly count: number;
}

/** Σ_k a_ik x_k for each element of a [count, 1] or [1, count] result, or undefined when the call is not one of these. */
export function vectorSums({ a, b, out }: MatmulCall): Float64Array | undefined {
  const [matrix, vector] = b.shape[1] === 1 ? [a, b] : a.shape[0] === 1 ? [transpose(b), transpose(a)] : [a, undefined];
  if (vector === undefined || !isDouble(matrix) || !isDouble(vector) || out.dtype !== 'f64') return undefined;
  const [rowStride = 0, columnStride = 0] = matrix.strides;
  if (rowStride !== 1 && columnStride !== 1) return undefined;
  const [count = 0, depth = 0] = matrix.shape;
  const [step = 0] = vector.strides;
  const x = new Float64Array(depth);
  for (let p = 0; p < depth; p++) x[p] = vector.data[vector.offset + p * step]!;
  const turned = columnStride !== 1;
  const stride = turned ? columnStride : rowStride;
  const product: VectorProduct = { a: matrix.data, start: matrix.offset, stride, turned, x, count };
  const sums = new Float64Array(count);
  if (turned) addRowsInPlace(product, sums);
  else writeDots(product, sums);
  return sums;
}

function isDouble(tensor: Tensor<'f32' | 'f64'>): tensor is Tensor<'f64'> {
  return tensor.dtype === 'f64';
}

/** sums_i = Σ_p a_ip x_p along rows of memory. */
function writeDots({ a, start, stride, x, count }: VectorProduct, sums: Float64Array): void {
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const row0 = start + i * stride;
    const row1 = row0 + stride;
    const row2 = row1 + stride;
    const row3 = row2 + stride;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let p = 0; p < x.length; p++) {
      const value = x[p]!;
      s0 += a[row0 + p]! * value;
      s1 += a[row1 + p]! * value;
      s2 += a[row2 + p]! * value;
      s3 += a[row3 + p]! * value;
    }
    sums[i] = s0;
    sums[i + 1] = s1;
    sums[i + 2] = s2;
    sums[i + 3] = s3;
  }
  for (; i < count; i++) {
    const row = start + i * stride;
    let sum = 0;
    for (let p = 0; p < x.length; p++) sum += a[row + p]! * x[p]!;
    sums[i] = sum;
  }
}

/** sums_i = Σ_p a_pi x_p, a row of memory for each p. */
function addRowsInPlace({ a, start, stride, x, count }: VectorProduct, sums: Float64Array): void {
  let p = 0;
  for (; p + 4 <= x.length; p += 4) {
    const row0 = start + p * stride;
    const row1 = row0 + stride;
    const row2 = row1 + stride;
    const row3 = row2 + stride;
    const x0 = x[p]!;
    const x1 = x[p + 1]!;
    const x2 = x[p + 2]!;
    const x3 = x[p + 3]!;
    for (let i = 0; i < count; i++) {
      sums[i] = sums[i]! + a[row0 + i]! * x0 + a[row1 + i]! * x1 + a[row2 + i]! * x2 + a[row3 + i]! * x3;
    }
  }
  for (; p < x.length; p++) {
    const row = start + p * stride;
    const value = x[p]!;
    for (let i = 0; i < count; i++) sums[i] = sums[i]! + a[row + i]! * value;
  }
}
