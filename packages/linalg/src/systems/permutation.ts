/** Rows of a matrix in another order, as new row-major data: the P of a factorisation, P[i, permutation[i]] = 1. */

import type { DenseMatrix } from '../dense/denseMatrix.ts';

/** P X: row i is row permutation[i] of X. */
export function gatherRows({ columns, data }: DenseMatrix, permutation: Int32Array): Float64Array {
  const result = new Float64Array(data.length);
  permutation.forEach((from, to) => result.set(data.subarray(from * columns, (from + 1) * columns), to * columns));
  return result;
}

/** Pᵀ X: row permutation[i] is row i of X. */
export function scatterRows({ columns, data }: DenseMatrix, permutation: Int32Array): Float64Array {
  const result = new Float64Array(data.length);
  permutation.forEach((to, from) => result.set(data.subarray(from * columns, (from + 1) * columns), to * columns));
  return result;
}
