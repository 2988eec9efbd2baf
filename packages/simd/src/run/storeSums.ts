/** out ← activation(alpha · sum + beta · out + bias), element by element, for sums that are not finished where they are made. */

import type { MatmulCall } from '@rankwise/tensor';
import type { Rows } from './transfer.ts';

/** @param sums - Σ_k a[i][k] b[k][j] at (i, j) */
export function storeSums(call: MatmulCall, sums: Rows): void {
  const { out, rowBias, alpha = 1, beta = 0, activation = 'none' } = call;
  const [m = 0, n = 0] = out.shape;
  const [rowStride = 0, columnStride = 0] = out.strides;
  const [rowStep = 0, columnStep = 0] = sums.strides;
  // ReLU is a lower bound of 0, and no activation one of −∞; a NaN passes both.
  const floor = activation === 'relu' ? 0 : -Infinity;
  for (let i = 0; i < m; i++) {
    const bias = rowBias === undefined ? 0 : rowBias.data[rowBias.offset + i * (rowBias.strides[0] ?? 0)]!;
    let at = out.offset + i * rowStride;
    let from = sums.offset + i * rowStep;
    for (let j = 0; j < n; j++, at += columnStride, from += columnStep) {
      // With beta = 0 the old contents do not count, whatever they are.
      const value = alpha * sums.data[from]! + (beta === 0 ? 0 : beta * out.data[at]!) + bias;
      out.data[at] = value <= floor ? floor : value;
    }
  }
}
