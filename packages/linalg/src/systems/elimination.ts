/**
 * LU factorisation with partial pivoting, P A = L U, of a matrix of any shape.
 *
 * | name | shape  | meaning                                                                        |
 * |------|--------|--------------------------------------------------------------------------------|
 * | P    | [m, m] | permutation: row i of P A is row permutation[i] of A                           |
 * | L    | [m, k] | unit lower trapezoidal, |l_ij| ≤ 1, k = min(m, n)                              |
 * | U    | [k, n] | upper trapezoidal                                                              |
 * | s    | number | scale: 1, unless A is near the ends of the range of doubles; L U = s P A       |
 *
 * Recursive: the left half of the columns is eliminated, U's part beside it found by substitution, what is left updated by
 * one product and eliminated in turn (Toledo 1997; LAPACK dgetrf2). The work is in products of matrices as square as can be.
 *
 *     [A_1  A_2] → L_11 U_12 = A_12,   A_22 ← A_22 − L_21 U_12
 *
 * (Golub & Van Loan, 4th ed., §3.2.11, §3.4; Higham, Accuracy and Stability, §9.3.) Cost: n²(m − n/3) operations for m ≥ n.
 *
 * The caller may rely on |s P A − L U| ≤ c γ_k |L| |U| elementwise. U may grow: ‖U‖ ≤ 2^(n−1) ‖A‖ at worst, and `growth` says
 * how much it did; it is near 1 but for matrices made to defeat partial pivoting. A pivot is 0 only when all that is left of its column is.
 */

import { DomainError, copyOf, slice, tensorOf } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { maxAbs } from '../dense/denseMatrix.ts';
import type { DenseMatrix } from '../dense/denseMatrix.ts';
import { makeRoomInPlace } from './systemScale.ts';
import { substituteInPlace } from './triangular.ts';

/** Columns that are eliminated by loops. */
const LEAF = 8;

/** P A = L U / scale. */
export interface LuFactors {
  /** L [m, k]. */
  readonly lower: Tensor<'f64'>;
  /** U [k, n]. */
  readonly upper: Tensor<'f64'>;
  /** [m]: row i of P A is row permutation[i] of A. */
  readonly permutation: Int32Array;
  /** Determinant of P: 1 or -1. */
  readonly sign: number;
  /** s, a power of two. */
  readonly scale: number;
  /** max |u_ij| / max |s a_ij|, 1 for a zero matrix. */
  readonly growth: number;
}

/** A matrix on its way to L and U, which it holds in the end, without L's diagonal. */
interface Elimination extends DenseMatrix {
  readonly permutation: Int32Array;
  swaps: number;
}

/**
 * The factors of a matrix that is overwritten.
 * @throws DomainError when U grows by 2^64 and out of the range of doubles.
 */
export function eliminate(caller: string, argument: string, matrix: DenseMatrix, kernels: Kernels): LuFactors {
  const { rows: m, columns: n, data } = matrix;
  const k = Math.min(m, n);
  const scale = makeRoomInPlace(data);
  const largest = maxAbs(data);
  const elimination = { ...matrix, permutation: Int32Array.from({ length: m }, (_, i) => i), swaps: 0 };
  eliminateColumnsInPlace(elimination, 0, k, kernels);
  if (n > k) updateInPlace(elimination, 0, k, n, kernels);

  const lower = new Float64Array(m * k);
  const upper = new Float64Array(k * n);
  for (let i = 0; i < m; i++) {
    const split = Math.min(i, k);
    lower.set(data.subarray(i * n, i * n + split), i * k);
    if (i < k) {
      lower[i * k + i] = 1;
      upper.set(data.subarray(i * n + i, (i + 1) * n), i * n + i);
    }
  }
  for (let at = 0; at < upper.length; at++) {
    if (!Number.isFinite(upper[at]!)) {
      throw new DomainError(`${caller}: ${argument}: expected elimination in the range of doubles, got overflow`);
    }
  }
  return {
    lower: tensorOf(lower, [m, k]),
    upper: tensorOf(upper, [k, n]),
    permutation: elimination.permutation,
    sign: elimination.swaps % 2 === 0 ? 1 : -1,
    scale,
    growth: largest === 0 ? 1 : maxAbs(upper) / largest,
  };
}

/** Eliminates below the diagonal in the columns first .. last − 1. Rows are swapped whole. */
function eliminateColumnsInPlace(elimination: Elimination, first: number, last: number, kernels: Kernels): void {
  if (last - first <= LEAF) {
    eliminateLeafInPlace(elimination, first, last);
    return;
  }
  const middle = first + LEAF * Math.ceil((last - first) / (2 * LEAF));
  eliminateColumnsInPlace(elimination, first, middle, kernels);
  updateInPlace(elimination, first, middle, last, kernels);
  eliminateColumnsInPlace(elimination, middle, last, kernels);
}

/** The columns middle .. last − 1 after those from first to middle − 1 have been eliminated. */
function updateInPlace(
  { rows: m, columns: n, data }: Elimination,
  first: number,
  middle: number,
  last: number,
  kernels: Kernels,
): void {
  const width = middle - first;
  const rows = slice(tensorOf(data, [m, n]), [[first]]);
  // L's columns interleave with the rest in memory; products want operands apart.
  const l = copyOf(slice(rows, [undefined, [first, middle]]));
  const right = slice(rows, [undefined, [middle, last]]);
  const beside = slice(right, [[0, width]]);
  substituteInPlace(kernels, { matrix: slice(l, [[0, width]]), isLower: true, unitDiagonal: true }, beside);
  kernels.matmul({ a: slice(l, [[width]]), b: beside, out: slice(right, [[width]]), alpha: -1, beta: 1 });
}

/** Column by column, each with the largest element left in it as pivot. */
function eliminateLeafInPlace(elimination: Elimination, first: number, last: number): void {
  const { rows: m, columns: n, data } = elimination;
  for (let k = first; k < last; k++) {
    let best = k;
    for (let i = k + 1; i < m; i++) if (Math.abs(data[i * n + k]!) > Math.abs(data[best * n + k]!)) best = i;
    if (best !== k) swapRowsInPlace(elimination, k, best);
    const row = k * n;
    const pivot = data[row + k]!;
    if (pivot === 0) continue;
    for (let i = k + 1; i < m; i++) {
      const at = i * n;
      const factor = data[at + k]! / pivot;
      data[at + k] = factor;
      if (factor === 0) continue;
      for (let j = k + 1; j < last; j++) data[at + j] = data[at + j]! - factor * data[row + j]!;
    }
  }
}

function swapRowsInPlace(elimination: Elimination, i: number, j: number): void {
  const { columns: n, data, permutation } = elimination;
  const row = data.slice(i * n, (i + 1) * n);
  data.copyWithin(i * n, j * n, (j + 1) * n);
  data.set(row, j * n);
  const origin = permutation[i]!;
  permutation[i] = permutation[j]!;
  permutation[j] = origin;
  elimination.swaps++;
}
