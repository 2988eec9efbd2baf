/**
 * Fills missing rows of an orthonormal set.
 *
 * Each missing row starts from the unit vector furthest from the span of the rows there are, and is made orthogonal to
 * them by Gram–Schmidt, twice: two passes are enough (Parlett, The Symmetric Eigenvalue Problem, §6.9), as the chosen
 * unit vector keeps at least √((m − r)/m) of its length after r rows of length m.
 */

import type { DenseMatrix } from '../dense/denseMatrix.ts';
import { dot, norm2 } from '../dense/vectorOps.ts';

/** Rows not listed in `missing` are orthonormal; those listed are zero and become orthonormal too. rows ≤ columns. */
export function completeOrthonormalRowsInPlace(matrix: DenseMatrix, missing: readonly number[]): void {
  if (missing.length === 0) return;
  const { rows, columns, data } = matrix;
  // covered[j] = Σ of squares in column j = squared length of e_j's projection on the rows.
  const covered = new Float64Array(columns);
  for (let i = 0; i < rows; i++) addSquares(covered, data, i * columns);
  for (const row of missing) {
    const start = row * columns;
    data[start + indexOfSmallest(covered)] = 1;
    for (let pass = 0; pass < 2; pass++) {
      for (let i = 0; i < rows; i++) {
        if (i !== row) removeComponentInPlace(data, start, i * columns, columns);
      }
    }
    const norm = norm2(data, start, columns);
    for (let j = 0; j < columns; j++) data[start + j] = data[start + j]! / norm;
    addSquares(covered, data, start);
  }
}

function addSquares(sums: Float64Array, data: Float64Array, start: number): void {
  for (let j = 0; j < sums.length; j++) sums[j] = sums[j]! + data[start + j]! * data[start + j]!;
}

function indexOfSmallest(values: Float64Array): number {
  let best = 0;
  for (let j = 1; j < values.length; j++) if (values[j]! < values[best]!) best = j;
  return best;
}

/** x −= (xᵀy) y; a row y of zeros changes nothing. */
function removeComponentInPlace(data: Float64Array, x: number, y: number, length: number): void {
  const overlap = dot(data, x, data, y, length);
  for (let j = 0; j < length; j++) data[x + j] = data[x + j]! - overlap * data[y + j]!;
}
