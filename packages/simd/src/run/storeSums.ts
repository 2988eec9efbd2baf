/** out ← activation(alpha · sum + beta · out + bias), element by element, for sums that are not finished where they are made. */

import type { MatmulCall } from '@rankwise/tensor';

/** @param sumAt - Σ_k a[i][k] b[k][j] */
export function storeSums(call: MatmulCall, sumAt: (i: number, j: number) => number): void {
  const { out, rowBias, alpha = 1, beta = 0, activation = 'none' } = call;
  const [m = 0, n = 0] = out.shape;
  const [rowStride = 0, columnStride = 0] = out.strides;
  // ReLU is a lower bound of 0, and no activation one of −∞; a NaN passes both.
  const floor = activation === 'relu' ? 0 : -Infinity;
  for (let i = 0; i < m; i++) {
    const bias = rowBias === undefined ? 0 : rowBias.data[rowBias.offset + i * (rowBias.strides[0] ?? 0)]!;
    for (let j = 0; j < n; j++) {
      const at = out.offset + i * rowStride + j * columnStride;
      // With beta = 0 the old contents do not count, whatever they are.
      const value = alpha * sumAt(i, j) + (beta === 0 ? 0 : beta * out.data[at]!) + bias;
      out.data[at] = value <= floor ? floor : value;
    }
  }
}
