/**
 * Symmetric indefinite elimination with Bunch and Kaufman's pivoting, P A Pᵀ = L D Lᵀ.
 *
 * | name | shape    | meaning                                                                               |
 * |------|----------|---------------------------------------------------------------------------------------|
 * | S    |          | what is left of A to eliminate: A − L D Lᵀ over the columns of L found so far         |
 * | D    | [n, n]   | blocks of 1 × 1 and 2 × 2 on the diagonal; those of 2 × 2 have eigenvalues of both signs |
 * | W    | [n, 33]  | L D in the columns of a panel                                                         |
 *
 * In column k of S let λ be the largest magnitude below the diagonal, in row r, and σ the largest beside the diagonal in
 * column r. With α = (1 + √17) / 8 the pivot is s_kk when |s_kk| ≥ α λ min(1, λ / σ), else s_rr when |s_rr| ≥ α σ, else
 * rows k and r together. At most two columns of S are looked at for each pivot, and elements grow by 1 + 1/α ≈ 2.57 a column at
 * worst (Bunch & Kaufman 1977; Golub & Van Loan, 4th ed., §4.4.4; Higham, Accuracy and Stability, §11.1.2).
 *
 * A panel of 32 columns is eliminated while S is only brought up to date where it is looked at, then S as a whole by products,
 * S ← S − L Wᵀ (LAPACK dlasyf). Cost: n³/3 operations.
 */

import { copyOf, slice, tensorOf, transpose } from '@rankwise/tensor';
import type { Kernels } from '@rankwise/tensor';
import type { DenseMatrix } from '../dense/denseMatrix.ts';
import { dot } from '../dense/vectorOps.ts';

/** Balances the growth of one 2 × 2 pivot against that of two 1 × 1 pivots. */
const ALPHA = (1 + Math.sqrt(17)) / 8;

/** Columns of a panel; it takes one more when a 2 × 2 pivot begins in its last. */
const BLOCK = 32;

/** Columns of S updated at a time: what of a strip lies above the diagonal is wasted. */
const STRIP = 128;

export interface BlockDiagonal {
  /** [n]: permutation[i] is the row of A that is row i of P A Pᵀ. */
  readonly permutation: Int32Array;
  /** [n]. */
  readonly diagonal: Float64Array;
  /** [n]: element i is d_{i+1,i}, nonzero exactly where a 2 × 2 block begins. */
  readonly coupling: Float64Array;
}

interface Panel extends BlockDiagonal {
  readonly n: number;
  /** Columns of L before the current one, S as it was before the panel from there on. */
  readonly data: Float64Array;
  /** First column of the panel. */
  first: number;
  /** [n, BLOCK + 1]. */
  readonly w: Float64Array;
  /** [n]: columns k and r of S, up to date. */
  readonly column: Float64Array;
  readonly other: Float64Array;
}

/** The lower triangle becomes L below its unit diagonal; the upper triangle is neither read nor of any meaning after. */
export function eliminateSymmetricInPlace({ rows: n, data }: DenseMatrix, kernels: Kernels): BlockDiagonal {
  const panel: Panel = {
    n,
    data,
    first: 0,
    w: new Float64Array(n * (BLOCK + 1)),
    column: new Float64Array(n),
    other: new Float64Array(n),
    permutation: Int32Array.from({ length: n }, (_, i) => i),
    diagonal: new Float64Array(n),
    coupling: new Float64Array(n),
  };
  while (panel.first < n) {
    let k = panel.first;
    while (k < n && k < panel.first + BLOCK) k += eliminatePivotInPlace(panel, k);
    updateRestInPlace(panel, k, kernels);
    panel.first = k;
  }
  const { permutation, diagonal, coupling } = panel;
  return { permutation, diagonal, coupling };
}

/** Finds the next pivot and its columns of L; returns how many they are. */
function eliminatePivotInPlace(panel: Panel, k: number): 1 | 2 {
  const { column, other } = panel;
  copyUpdatedColumn(panel, k, k, column);
  const pivot = Math.abs(column[k]!);
  const r = largestBeside(column, k, k);
  const largest = r === k ? 0 : Math.abs(column[r]!);
  if (pivot >= ALPHA * largest) {
    storeSingle(panel, k, column);
    return 1;
  }
  copyUpdatedColumn(panel, r, k, other);
  const sigma = Math.abs(other[largestBeside(other, k, r)]!);
  // λ² may underflow, and 0 is no pivot for a column that is not zero.
  if (pivot > 0 && pivot / largest >= ALPHA * (largest / sigma)) {
    storeSingle(panel, k, column);
    return 1;
  }
  if (Math.abs(other[r]!) >= ALPHA * sigma) {
    interchangeInPlace(panel, k, r, k);
    storeSingle(panel, k, other);
    return 1;
  }
  interchangeInPlace(panel, k + 1, r, k);
  storePair(panel, k);
  return 2;
}

/** Rows k … n − 1 of column j of S. */
function copyUpdatedColumn({ n, data, first, w }: Panel, j: number, k: number, column: Float64Array): void {
  const count = k - first;
  const weights = j * (BLOCK + 1);
  for (let i = k; i < n; i++) {
    const element = data[i >= j ? i * n + j : j * n + i]!;
    column[i] = element - dot(data, i * n + first, w, weights, count);
  }
}

/** The row of the largest magnitude in rows k … n − 1 apart from row `except`; `except` when there is no other. */
function largestBeside(column: Float64Array, k: number, except: number): number {
  let best = except;
  let largest = -1;
  for (let i = k; i < column.length; i++) {
    const magnitude = Math.abs(column[i]!);
    if (i !== except && magnitude > largest) {
      best = i;
      largest = magnitude;
    }
  }
  return best;
}

/** Rows and columns i and j > i of S, rows i and j of L, W and the two columns at hand; S begins at k ≤ i. */
function interchangeInPlace(panel: Panel, i: number, j: number, k: number): void {
  if (i === j) return;
  const { n, data, w, column, other, permutation } = panel;
  for (let c = 0; c < i; c++) swap(data, i * n + c, j * n + c);
  swap(data, i * n + i, j * n + j);
  for (let c = i + 1; c < j; c++) swap(data, c * n + i, j * n + c);
  for (let c = j + 1; c < n; c++) swap(data, c * n + i, c * n + j);
  for (let c = 0; c < k - panel.first; c++) swap(w, i * (BLOCK + 1) + c, j * (BLOCK + 1) + c);
  swap(column, i, j);
  swap(other, i, j);
  swap(permutation, i, j);
}

function swap(values: Float64Array | Int32Array, i: number, j: number): void {
  const value = values[i]!;
  values[i] = values[j]!;
  values[j] = value;
}

/** Pivot s_kk, with column k of S. When the column is zero throughout, so is its part of L. */
function storeSingle({ n, data, first, w, diagonal }: Panel, k: number, column: Float64Array): void {
  const pivot = column[k]!;
  diagonal[k] = pivot;
  for (let i = k + 1; i < n; i++) {
    const element = column[i]!;
    data[i * n + k] = pivot === 0 ? 0 : element / pivot;
    w[i * (BLOCK + 1) + k - first] = element;
  }
}

/** The pivot of rows k and k + 1, with `column` and `other` of S. */
function storePair({ n, data, first, w, column, other, diagonal, coupling }: Panel, k: number): void {
  const beside = column[k + 1]!;
  diagonal[k] = column[k]!;
  diagonal[k + 1] = other[k + 1]!;
  coupling[k] = beside;
  data[(k + 1) * n + k] = 0;
  // [l_1 l_2] D = [w_1 w_2] with D divided by its coupling: the pivoting keeps |d_11 d_22| below α² d_21².
  const upper = column[k]! / beside;
  const lower = other[k + 1]! / beside;
  const determinant = upper * lower - 1;
  for (let i = k + 2; i < n; i++) {
    const w1 = column[i]!;
    const w2 = other[i]!;
    data[i * n + k] = (lower * w1 - w2) / determinant / beside;
    data[i * n + k + 1] = (upper * w2 - w1) / determinant / beside;
    w[i * (BLOCK + 1) + k - first] = w1;
    w[i * (BLOCK + 1) + k - first + 1] = w2;
  }
}

/** The lower triangle of S from row k on, after the panel that ends there. */
function updateRestInPlace({ n, data, first, w }: Panel, k: number, kernels: Kernels): void {
  if (k === n) return;
  const rows = slice(tensorOf(data, [n, n]), [[k]]);
  // L's columns interleave with S in memory; products want operands apart.
  const l = copyOf(slice(rows, [undefined, [first, k]]));
  const weights = slice(tensorOf(w, [n, BLOCK + 1]), [[k], [0, k - first]]);
  const rest = slice(rows, [undefined, [k]]);
  for (let from = 0; from < n - k; from += STRIP) {
    const to = Math.min(from + STRIP, n - k);
    const strip = slice(rest, [[from], [from, to]]);
    kernels.matmul({
      a: slice(l, [[from]]),
      b: transpose(slice(weights, [[from, to]])),
      out: strip,
      alpha: -1,
      beta: 1,
    });
  }
}
