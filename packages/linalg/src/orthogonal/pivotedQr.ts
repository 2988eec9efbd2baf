/**
 * QR with column pivoting, A P = Q R, and the numerical rank that its diagonal shows.
 *
 * | name | shape      | meaning                                                                           |
 * |------|------------|-----------------------------------------------------------------------------------|
 * | P    | [n]        | column j of A P is column permutation[j] of A                                     |
 * | V    | [c, m]     | the reflectors of a panel so far, as rows                                         |
 * | F    | [n, c]     | A ← A − Vᵀ Fᵀ brings the columns behind up to date; F_c = τ_c (Aᵀ v_c − F V v_c)  |
 *
 * Each step takes the column that is longest below the rows done. Inside a panel only row i and column i of A are brought
 * up to date, which the choice and the reflector need; the rest waits for one matrix product (Quintana-Ortí, Sun, Bischof,
 * SIAM J. Sci. Comput. 19, 1998; LAPACK dgeqp3, dlaqps). The products Aᵀ v cannot wait, so half of the work stays
 * matrix-vector. Column lengths are downdated, ν² ← ν² − r_ij², and computed anew, which ends the panel, before cancellation
 * has taken half their digits (Drmač & Bujanović, ACM TOMS 35, 2008; LAPACK Working Note 176).
 *
 * The caller may rely on the bounds of `qr` for any A, and on r_ii² ≥ Σ_{k=i..j} r_kj² for j > i up to a relative n √ε: the
 * diagonal descends. A small |r_ii| proves that A is as near to rank i; the reverse fails by a factor of up to 2^(n−1), in
 * practice for matrices made for it (Kahan 1966; Golub & Van Loan, 4th ed., §5.4.3).
 * Cost: that of `qr`, 4mnr − 2r²(m + n) + 4r³/3 operations for r = min(m, n).
 */

import { DomainError, referenceKernels, slice, tensorOf, transpose, zeros } from '@rankwise/tensor';
import type { FloatDType, Kernels, Tensor } from '@rankwise/tensor';
import { EPSILON, copyMatrix, scaleToSafeRangeInPlace, transposed, unscaleInPlace } from '../dense/denseMatrix.ts';
import type { LinalgOptions } from '../dense/options.ts';
import { norm2 } from '../dense/vectorOps.ts';
import { withWorkMatrix } from '../dense/workMatrix.ts';
import { BLOCK } from './blockReflector.ts';
import { makeReflectorInPlace } from './householder.ts';
import type { QrFactors } from './qr.ts';

/** A squared length below √ε of the last one computed afresh keeps fewer than half its digits in a downdate (WN 176, §3). */
const SAFE_DOWNDATE = Math.sqrt(EPSILON);

export interface RankOptions extends LinalgOptions {
  /**
   * What is at most this part of the largest counts as zero. Default max(m, n) ε: as far as rounding A's elements, or the
   * factorisation itself, may move what is exactly zero.
   */
  readonly tolerance?: number;
}

export interface PivotedQr {
  /** Of A P: for `applyQ` and `thinQ`; its r has a diagonal that does not ascend. */
  readonly factors: QrFactors;
  /** Column j of A P is column permutation[j] of A. */
  readonly permutation: Int32Array;
  /** How many |r_ii| are above the threshold. */
  readonly rank: number;
  /** tolerance · |r_00|. */
  readonly threshold: number;
}

/** The matrix being reduced, transposed: row j of `data` is column j of A P, its first i elements R's after i steps. */
interface Reduction {
  readonly data: Float64Array;
  readonly rows: number;
  readonly columns: number;
  readonly taus: Float64Array;
  /** [k]: R's diagonal, where `data` has the 1 of each reflector. */
  readonly diagonal: Float64Array;
  readonly permutation: Int32Array;
  /** [n]: lengths of what is left of each column, and what they were when last computed afresh. */
  readonly lengths: Float64Array;
  readonly freshLengths: Float64Array;
  /** F, [n, BLOCK] row-major. */
  readonly weights: Float64Array;
}

/**
 * The QR factorisation with column pivoting, and the numerical rank.
 * @param a - [m, n] f64 (f32 is promoted)
 * @param options - `tolerance` in [0, 1): |r_ii| ≤ tolerance · |r_00| counts as zero; default max(m, n) ε
 * @throws ShapeError when `a` does not have 2 axes.
 * @throws DomainError when `a` holds NaN or an infinity, or the tolerance is not in [0, 1).
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { pivotedQr } from '@rankwise/linalg';
 * const { factors, permutation, rank } = pivotedQr(fromNested('f64', [[1, 0, 2], [0, 0, 0]]));
 * [...permutation] // => [2, 1, 0]
 * rank // => 1
 * toNested(factors.r) // => [[2, 0, 1], [0, 0, 0]]
 */
export function pivotedQr(a: Tensor<FloatDType>, options: RankOptions = {}): PivotedQr {
  return factorizePivotedQr('pivotedQr', 'a', a, options);
}

/** As pivotedQr, with errors in the name of `caller`. */
export function factorizePivotedQr(
  caller: string,
  argument: string,
  a: Tensor<FloatDType>,
  { kernels = referenceKernels, tolerance: given }: RankOptions,
): PivotedQr {
  const matrix = copyMatrix(caller, argument, a);
  const { rows: m, columns: n } = matrix;
  const tolerance = rankTolerance(caller, m, n, given);
  const power = scaleToSafeRangeInPlace(matrix.data);
  return withWorkMatrix(kernels, n, m, ({ data }) => {
    data.set(transposed(matrix).data);
    const reduction = reduce(kernels, data, m, n);
    const { taus, diagonal, permutation } = reduction;
    const k = taus.length;
    const threshold = new Float64Array([tolerance * Math.abs(diagonal[0] ?? 0)]);
    let rank = 0;
    while (rank < k && Math.abs(diagonal[rank]!) > threshold[0]!) rank++;
    const r = upperTrapezoid(reduction);
    unscaleInPlace(r, power);
    unscaleInPlace(threshold, power);
    const factors = { rows: m, columns: n, reflectors: data.slice(0, k * m), taus, r: tensorOf(r, [k, n]) };
    return { factors, permutation, rank, threshold: threshold[0]! };
  });
}

/**
 * The tolerance given, or max(m, n) ε.
 * @throws DomainError when it is not in [0, 1).
 */
export function rankTolerance(caller: string, m: number, n: number, given: number | undefined): number {
  if (given === undefined) return Math.max(m, n) * EPSILON;
  if (!(given >= 0 && given < 1)) {
    throw new DomainError(`${caller}: tolerance: expected a number in [0, 1), got ${given}`);
  }
  return given;
}

/** All steps; `data` is the transposed matrix. */
function reduce(kernels: Kernels, data: Float64Array, m: number, n: number): Reduction {
  const k = Math.min(m, n);
  const lengths = Float64Array.from({ length: n }, (_, j) => norm2(data, j * m, m));
  const reduction: Reduction = {
    data,
    rows: m,
    columns: n,
    taus: new Float64Array(k),
    diagonal: new Float64Array(k),
    permutation: Int32Array.from({ length: n }, (_, j) => j),
    lengths,
    freshLengths: lengths.slice(),
    weights: new Float64Array(n * BLOCK),
  };
  for (let first = 0; first < k;) first = reducePanelInPlace(reduction, kernels, first, Math.min(first + BLOCK, k));
  return reduction;
}

/** Does steps from `first` up to `last`, fewer when lengths must be computed anew; returns where the next panel starts. */
function reducePanelInPlace(reduction: Reduction, kernels: Kernels, first: number, last: number): number {
  const { data, rows: m, columns: n, taus, diagonal, lengths, freshLengths, weights } = reduction;
  const whole = tensorOf(data, [n, m]);
  const stale: number[] = [];
  let i = first;
  while (i < last && stale.length === 0) {
    swapColumnsInPlace(reduction, i, longestFrom(lengths, i));
    const start = i * m + i;
    if (i > first) {
      const row = slice(tensorOf(weights, [n, BLOCK]), [[i, i + 1], [0, i - first]]); // prettier-ignore
      const v = slice(whole, [[first, i], [i]]); // prettier-ignore
      kernels.matmul({ a: row, b: v, out: slice(whole, [[i, i + 1], [i]]), alpha: -1, beta: 1 }); // prettier-ignore
    }
    const { tau, beta } = makeReflectorInPlace(data, start, start + 1, (i + 1) * m);
    taus[i] = tau;
    diagonal[i] = beta;
    extendWeightsInPlace(reduction, kernels, first, i);
    for (let j = i + 1; j < n; j++) if (updateRowInPlace(reduction, first, i, j)) stale.push(j);
    i++;
  }
  if (i < n && i < m) {
    const f = slice(tensorOf(weights, [n, BLOCK]), [[i], [0, i - first]]);
    const v = slice(whole, [[first, i], [i]]);
    kernels.matmul({ a: f, b: v, out: slice(whole, [[i], [i]]), alpha: -1, beta: 1 });
  }
  for (const j of stale) lengths[j] = freshLengths[j] = norm2(data, j * m + i, m - i);
  return i;
}

/** Column i − first of F, for the columns after i: τ (Aᵀ v − F V v). */
function extendWeightsInPlace(reduction: Reduction, kernels: Kernels, first: number, i: number): void {
  const { data, rows: m, columns: n, taus, weights } = reduction;
  const tau = taus[i]!;
  const step = i - first;
  const whole = tensorOf(data, [n, m]);
  const v = transpose(slice(whole, [[i, i + 1], [i]])); // prettier-ignore
  const products = zeros('f64', [n - i - 1, 1]);
  kernels.matmul({ a: slice(whole, [[i + 1], [i]]), b: v, out: products }); // prettier-ignore
  const overlaps = zeros('f64', [step, 1]);
  kernels.matmul({ a: slice(whole, [[first, i], [i]]), b: v, out: overlaps }); // prettier-ignore
  for (let j = i + 1; j < n; j++) {
    const row = j * BLOCK;
    let product = products.data[j - i - 1]!;
    for (let p = 0; p < step; p++) product -= weights[row + p]! * overlaps.data[p]!;
    weights[row + step] = tau * product;
  }
}

/** r_ij, and the length of what is left of column j; true when that length must be computed anew. */
function updateRowInPlace(reduction: Reduction, first: number, i: number, j: number): boolean {
  const { data, rows: m, lengths, freshLengths, weights } = reduction;
  let element = data[j * m + i]!;
  for (let p = first; p <= i; p++) element -= data[p * m + i]! * weights[j * BLOCK + p - first]!;
  data[j * m + i] = element;
  const length = lengths[j]!;
  if (length === 0) return false;
  const part = Math.abs(element) / length;
  const left = Math.max(0, (1 + part) * (1 - part));
  const worn = length / freshLengths[j]!;
  if (left * worn * worn <= SAFE_DOWNDATE) return true;
  lengths[j] = length * Math.sqrt(left);
  return false;
}

/** The index from `from` on of the largest, the first of ties. */
function longestFrom(lengths: Float64Array, from: number): number {
  let best = from;
  for (let j = from + 1; j < lengths.length; j++) if (lengths[j]! > lengths[best]!) best = j;
  return best;
}

/** Columns i and j > i of A P change places with all that belongs to them; what belonged to i is not needed again. */
function swapColumnsInPlace(reduction: Reduction, i: number, j: number): void {
  if (i === j) return;
  const { data, rows: m, permutation, lengths, freshLengths, weights } = reduction;
  const column = data.slice(i * m, (i + 1) * m);
  data.copyWithin(i * m, j * m, (j + 1) * m);
  data.set(column, j * m);
  const row = weights.slice(i * BLOCK, (i + 1) * BLOCK);
  weights.copyWithin(i * BLOCK, j * BLOCK, (j + 1) * BLOCK);
  weights.set(row, j * BLOCK);
  const origin = permutation[i]!;
  permutation[i] = permutation[j]!;
  permutation[j] = origin;
  lengths[j] = lengths[i]!;
  freshLengths[j] = freshLengths[i]!;
}

/** R, [k, n] row-major. */
function upperTrapezoid({ data, rows: m, columns: n, diagonal }: Reduction): Float64Array {
  const k = diagonal.length;
  const r = new Float64Array(k * n);
  for (let i = 0; i < k; i++) {
    r[i * n + i] = diagonal[i]!;
    for (let j = i + 1; j < n; j++) r[i * n + j] = data[j * m + i]!;
  }
  return r;
}
