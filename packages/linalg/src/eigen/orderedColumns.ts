/** From eigenvectors as rows in any order to the columns that are returned. */

import { tensorOf } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';

/** Rows transposed together, so that what is written along a row of the result stays in cache for the next. */
const GROUP = 16;

/**
 * A new [n, count] tensor whose column j is signs[order[j]] times row order[j] of `rows`, contiguous with rows of n elements. The
 * signs, unless given, make each row's element of largest magnitude, the first of ties, positive; rows beyond them keep theirs.
 */
export function orderedColumns(
  rows: Tensor<'f64'>,
  order: readonly number[],
  signs: Float64Array = rowSigns(rows),
): Tensor<'f64'> {
  const [, n = 0] = rows.shape;
  const count = order.length;
  const weights = Float64Array.from(order, (row) => signs[row] ?? 1);
  const result = new Float64Array(n * count);
  for (let from = 0; from < count; from += GROUP) {
    const to = Math.min(from + GROUP, count);
    for (let i = 0; i < n; i++) {
      for (let j = from; j < to; j++) result[i * count + j] = weights[j]! * rows.data[order[j]! * n + i]!;
    }
  }
  return tensorOf(result, [n, count]);
}

/** Per row, the sign of its element of largest magnitude, the first of ties; 1 for zeros. */
export function rowSigns(rows: Tensor<'f64'>): Float64Array {
  const [count = 0, n = 0] = rows.shape;
  return Float64Array.from({ length: count }, (_, row) => signOf(rows.data, row * n, n));
}

/** Of the element of largest magnitude, the first of ties; 1 for zeros. */
function signOf(data: Float64Array, start: number, length: number): number {
  let largest = 0;
  let sign = 1;
  for (let i = start; i < start + length; i++) {
    const value = data[i]!;
    if (Math.abs(value) > largest) {
      largest = Math.abs(value);
      sign = value < 0 ? -1 : 1;
    }
  }
  return sign;
}
