/** The matrix product of strided f32 or f64 operands, by the blocked product, or as sums with one vector. */

import type { MatmulCall } from '../kernels.ts';
import type { Tensor } from '../tensor.ts';
import { multiplyBlocked } from './blockedProduct.ts';
import { checkMatmulCall } from './checkCalls.ts';
import { strideTable } from './packing.ts';
import { vectorSums } from './vectorProduct.ts';

/** See Kernels.matmul. Sums are in f64 over all of k and rounded once; the result has the bits of matmulNaive. */
export function matmulBlocked(call: MatmulCall): void {
  const { m, n, k } = checkMatmulCall(call);
  const { a, b, out, rowBias, alpha = 1, beta = 0, activation = 'none' } = call;
  if (m === 0 || n === 0) return;
  const sums = vectorSums(call);
  if (sums !== undefined) return storeVector(call, sums);
  multiplyBlocked(
    { data: a.data, base: a.offset, lanes: along(a, 0, m), depths: along(a, 1, k) },
    { data: b.data, base: b.offset, lanes: along(b, 1, n), depths: along(b, 0, k) },
    { data: out.data, base: out.offset, rows: along(out, 0, m), columns: along(out, 1, n) },
    { alpha, beta, bias: rowBias === undefined ? undefined : vectorOf(rowBias), activation },
  );
}

/** out ← activation(alpha · sums + beta · out + bias), out a column or a row. */
function storeVector({ out, rowBias, alpha = 1, beta = 0, activation = 'none' }: MatmulCall, sums: Float64Array): void {
  const isColumn = out.shape[1] === 1;
  const step = out.strides[isColumn ? 0 : 1] ?? 0;
  const bias = rowBias === undefined ? undefined : vectorOf(rowBias);
  for (let i = 0; i < sums.length; i++) {
    const at = out.offset + i * step;
    const kept = beta === 0 ? 0 : beta * out.data[at]!;
    const value = alpha * sums[i]! + (bias?.[isColumn ? i : 0] ?? 0) + kept;
    out.data[at] = activation === 'relu' && value <= 0 ? 0 : value;
  }
}

/** The elements of a [n] tensor in f64. */
export function vectorOf({ shape, strides, offset, data }: Tensor<'f32' | 'f64'>): Float64Array {
  const vector = new Float64Array(shape[0] ?? 0);
  for (let i = 0; i < vector.length; i++) vector[i] = data[offset + i * (strides[0] ?? 0)]!;
  return vector;
}

function along(tensor: Tensor, axis: 0 | 1, count: number): Int32Array {
  return strideTable(count, tensor.strides[axis] ?? 0);
}
