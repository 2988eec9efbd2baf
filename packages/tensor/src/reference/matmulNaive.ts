/**
 * out ← activation(alpha · a · b + beta · out + bias), as the definition reads.
 *
 * Sums run over k in ascending order in f64 and are rounded once, to the dtype of out. This is the oracle of every other
 * matrix product here; it is written to be checked by eye.
 */

import type { MatmulCall } from '../kernels.ts';
import type { Tensor } from '../tensor.ts';
import { checkMatmulCall } from './checkCalls.ts';

/**
 * The product by three nested loops; m · n · k multiply-adds, no scratch memory.
 * @param call - a [m, k], b [k, n], out [m, n], rowBias [m]; f32 or f64, any strides
 * @throws ShapeError when the shapes do not fit or out overlaps an operand.
 * @throws DomainError when alpha or beta is not finite.
 * @example
 * import { fromNested, matmulNaive, toNested, zeros } from '@rankwise/tensor';
 * const a = fromNested('f32', [[1, 2], [3, 4]]);
 * const out = zeros('f32', [2, 2]);
 * matmulNaive({ a, b: a, out });
 * toNested(out) // => [[7, 10], [15, 22]]
 */
export function matmulNaive(call: MatmulCall): void {
  const { m, n, k } = checkMatmulCall(call);
  const { a, b, out, rowBias, alpha = 1, beta = 0, activation = 'none' } = call;
  for (let i = 0; i < m; i++) {
    const bias = rowBias === undefined ? 0 : at(rowBias, i, 0);
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += at(a, i, p) * at(b, p, j);
      const kept = beta === 0 ? 0 : beta * at(out, i, j);
      const value = alpha * sum + bias + kept;
      out.data[indexOf(out, i, j)] = activation === 'relu' && value <= 0 ? 0 : value;
    }
  }
}

function indexOf({ offset, strides }: Tensor, i: number, j: number): number {
  return offset + i * (strides[0] ?? 0) + j * (strides[1] ?? 0);
}

/** Inside the view by the caller's loop bounds. */
function at(tensor: Tensor<'f32' | 'f64'>, i: number, j: number): number {
  return tensor.data[indexOf(tensor, i, j)]!;
}
