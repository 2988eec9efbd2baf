/** Order and sign of computed vectors: what makes a decomposition's result unique apart from repeated values. */

import type { DenseMatrix } from './denseMatrix.ts';

/** Indices that put `values` in descending order; equal values keep their order. */
export function descendingOrder(values: Float64Array): number[] {
  return Array.from(values.keys()).toSorted((i, j) => values[j]! - values[i]! || i - j);
}

/**
 * A new matrix of the columns order[0], order[1], …, each with the sign that makes its element of largest magnitude, the
 * first of ties, positive.
 */
export function applyColumnOrderAndSigns(matrix: DenseMatrix, order: readonly number[]): DenseMatrix {
  return applyColumnOrder(matrix, order, columnSigns(matrix));
}

/** A new matrix whose column j is signs[order[j]] times column order[j]. */
export function applyColumnOrder(matrix: DenseMatrix, order: readonly number[], signs: Float64Array): DenseMatrix {
  const { rows, columns, data } = matrix;
  const result = new Float64Array(rows * order.length);
  let to = 0;
  for (let i = 0; i < rows; i++) {
    for (const from of order) result[to++] = signs[from]! * data[i * columns + from]!;
  }
  return { rows, columns: order.length, data: result };
}

/** Per column, the sign of its element of largest magnitude, the first of ties; 1 for a column of zeros. */
export function columnSigns(matrix: DenseMatrix): Float64Array {
  const { rows, columns, data } = matrix;
  const largest = new Float64Array(columns);
  const signs = new Float64Array(columns).fill(1);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const value = data[i * columns + j]!;
      if (Math.abs(value) > largest[j]!) {
        largest[j] = Math.abs(value);
        signs[j] = value < 0 ? -1 : 1;
      }
    }
  }
  return signs;
}
