/**
 * The complete orthogonal decomposition: rank, range and row space of A, and a triangle between them.
 *
 *     A ≈ Q T Zᵀ,   QᵀQ = I,   ZᵀZ = I,   T upper triangular and not singular
 *
 * | name | shape  | meaning                                                                                      |
 * |------|--------|----------------------------------------------------------------------------------------------|
 * | q    | [m, r] | a basis of A's range, r the numerical rank                                                   |
 * | t    | [r, r] | R's leading triangle, changed by the G_i                                                     |
 * | z    | [n, r] | a basis of A's row space, P G_{r−1} ⋯ G_0 [I; 0]                                             |
 * | G_i  | [n, n] | I − τ u uᵀ with u = e_i plus elements r .. n − 1: clears row i of R right of the triangle    |
 *
 * From A P = Q [R₁₁ R₁₂; 0 R₂₂] with R₂₂ negligible, [R₁₁ R₁₂] G_{r−1} ⋯ G_0 = [T 0], row by row from the last (Golub & Van
 * Loan, 4th ed., §5.4.7; LAPACK dtzrzf, dlarzb). Rows are cleared 32 at a time and the G_i of a block act on the rows above
 * in matrix products. Cost: that of `pivotedQr` and 2r²(n − r) operations, nothing for full column rank.
 *
 * The caller may rely on ‖A − Q T Zᵀ‖₂ ≤ √((m − r)(n − r)) threshold + c m n ε ‖A‖, threshold as in `pivotedQr`.
 */

import { referenceKernels, slice, tensorOf, transpose, zeros } from '@rankwise/tensor';
import type { FloatDType, Kernels, Tensor } from '@rankwise/tensor';
import { copyMatrix, matrixTensor, scaleToSafeRangeInPlace, transposed, unscaleInPlace } from '../dense/denseMatrix.ts';
import { dot } from '../dense/vectorOps.ts';
import { BLOCK, formOrthonormalRows, triangularFactor } from './blockReflector.ts';
import { makeReflectorInPlace } from './householder.ts';
import { factorizePivotedQr } from './pivotedQr.ts';
import type { PivotedQr, RankOptions } from './pivotedQr.ts';

export interface CompleteOrthogonal {
  /** [m, r], orthonormal columns that span A's range. */
  readonly q: Tensor<'f64'>;
  /** [r, r], upper triangular; ±Infinity where an element is beyond the doubles. */
  readonly t: Tensor<'f64'>;
  /** [n, r], orthonormal columns that span A's row space. */
  readonly z: Tensor<'f64'>;
  /** r. */
  readonly rank: number;
  /** Diagonal elements of the pivoted R up to this counted as zero. */
  readonly threshold: number;
}

/** The decomposition with Q and Z left as reflectors. */
export interface CompleteFactors {
  readonly pivoted: PivotedQr;
  /** [r, n] row-major: T in the leading triangle; u_i's elements r .. n − 1 in row i. */
  readonly trapezoid: Float64Array;
  /** [r]; 0 means G_i = I. */
  readonly taus: Float64Array;
  readonly rank: number;
  readonly columns: number;
}

/**
 * The complete orthogonal decomposition.
 * @param a - [m, n] f64 (f32 is promoted)
 * @param options - `tolerance` in [0, 1) for the rank, as in `pivotedQr`
 * @returns q [m, r], t [r, r] and z [n, r]; what lies below the tolerance is left out
 * @throws ShapeError when `a` does not have 2 axes.
 * @throws DomainError when `a` holds NaN or an infinity, or the tolerance is not in [0, 1).
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { completeOrthogonal } from '@rankwise/linalg';
 * const { t, z, rank } = completeOrthogonal(fromNested('f64', [[4, 3], [0, 0]]));
 * rank // => 1
 * toNested(t) // => [[-5]]
 * toNested(z) // => [[-0.8], [-0.6]]
 */
export function completeOrthogonal(a: Tensor<FloatDType>, options: RankOptions = {}): CompleteOrthogonal {
  const { kernels = referenceKernels } = options;
  const matrix = copyMatrix('completeOrthogonal', 'a', a);
  const power = scaleToSafeRangeInPlace(matrix.data);
  const factors = factorizeCompletely('completeOrthogonal', matrixTensor(matrix), options);
  const { pivoted, rank, columns: n } = factors;
  const { rows: m, reflectors, taus } = pivoted.factors;
  const q = formOrthonormalRows(kernels, { data: reflectors, taus, length: m, shift: 0 }, rank);
  const zRows = new Float64Array(rank * n);
  for (let i = 0; i < rank; i++) zRows[i * n + i] = 1;
  timesTransposedZInPlace(kernels, factors, zRows, rank);
  const z = new Float64Array(n * rank);
  for (let j = 0; j < n; j++) {
    for (let i = 0; i < rank; i++) z[pivoted.permutation[j]! * rank + i] = zRows[i * n + j]!;
  }
  const t = triangle(factors);
  unscaleInPlace(t.data, power);
  return {
    q: matrixTensor(transposed({ rows: rank, columns: m, data: q })),
    t,
    z: tensorOf(z, [n, rank]),
    rank,
    threshold: pivoted.threshold / power,
  };
}

/** As completeOrthogonal, in factored form, for a matrix in the safe range; errors bear the name of `caller`. */
export function factorizeCompletely(caller: string, a: Tensor<'f64'>, options: RankOptions): CompleteFactors {
  const { kernels = referenceKernels } = options;
  const pivoted = factorizePivotedQr(caller, 'a', a, options);
  const { rank, factors } = pivoted;
  const n = factors.columns;
  const trapezoid = factors.r.data.slice(0, rank * n);
  const taus = new Float64Array(rank);
  const complete = { pivoted, trapezoid, taus, rank, columns: n };
  if (rank === n) return complete;
  for (let last = rank; last > 0;) {
    const first = Math.max(0, last - BLOCK);
    clearRowsInPlace(complete, first, last);
    if (first > 0) applyBlockInPlace(kernels, complete, first, last, trapezoid, first, false);
    last = first;
  }
  return complete;
}

/** T, [r, r]. */
export function triangle({ trapezoid, rank, columns: n }: CompleteFactors): Tensor<'f64'> {
  const t = zeros('f64', [rank, rank]);
  for (let i = 0; i < rank; i++) t.data.set(trapezoid.subarray(i * n + i, i * n + rank), i * rank + i);
  return t;
}

/** X ← X G_0 G_1 ⋯ G_{r−1} for X [count, n] row-major. */
export function timesTransposedZInPlace(
  kernels: Kernels,
  factors: CompleteFactors,
  x: Float64Array,
  count: number,
): void {
  const { rank, columns } = factors;
  if (rank === columns) return;
  for (let first = 0; first < rank; first += BLOCK) {
    applyBlockInPlace(kernels, factors, first, Math.min(first + BLOCK, rank), x, count, true);
  }
}

/** Makes G_{last−1} .. G_first, and applies each to the rows above it from `first` on. */
function clearRowsInPlace({ trapezoid, taus, rank, columns: n }: CompleteFactors, first: number, last: number): void {
  const length = n - rank;
  for (let i = last - 1; i >= first; i--) {
    const pivot = i * n + i;
    const u = i * n + rank;
    const { tau, beta } = makeReflectorInPlace(trapezoid, pivot, u, u + length);
    trapezoid[pivot] = beta;
    taus[i] = tau;
    for (let row = first; row < i; row++) {
      const head = row * n + i;
      const tail = row * n + rank;
      const scale = tau * (trapezoid[head]! + dot(trapezoid, tail, trapezoid, u, length));
      trapezoid[head] = trapezoid[head]! - scale;
      for (let j = 0; j < length; j++) trapezoid[tail + j] = trapezoid[tail + j]! - scale * trapezoid[u + j]!;
    }
  }
}

/**
 * X ← X H or X Hᵀ, H = G_{last−1} ⋯ G_first = I − Uᵀ S U, for the first `count` rows of X [·, n]. Row p of U is u_{last−1−p}:
 * a 1 at last − 1 − p, so that the rows overlap in their elements from r on only, and those.
 */
function applyBlockInPlace(
  kernels: Kernels,
  { trapezoid, taus, rank, columns: n }: CompleteFactors,
  first: number,
  last: number,
  x: Float64Array,
  count: number,
  isTransposed: boolean,
): void {
  const k = last - first;
  const tails = zeros('f64', [k, n - rank]);
  for (let p = 0; p < k; p++) {
    const row = (last - 1 - p) * n;
    tails.data.set(trapezoid.subarray(row + rank, row + n), p * (n - rank));
  }
  const s = triangularFactor(kernels, tails, taus.slice(first, last).toReversed());
  const xTails = slice(tensorOf(x.subarray(0, count * n), [count, n]), [undefined, [rank]]);
  const overlaps = zeros('f64', [count, k]);
  for (let i = 0; i < count; i++) {
    for (let p = 0; p < k; p++) overlaps.data[i * k + p] = x[i * n + last - 1 - p]!;
  }
  kernels.matmul({ a: xTails, b: transpose(tails), out: overlaps, beta: 1 });
  const weights = zeros('f64', [count, k]);
  kernels.matmul({ a: overlaps, b: isTransposed ? transpose(s) : s, out: weights });
  for (let i = 0; i < count; i++) {
    for (let p = 0; p < k; p++) x[i * n + last - 1 - p] = x[i * n + last - 1 - p]! - weights.data[i * k + p]!;
  }
  kernels.matmul({ a: weights, b: tails, out: xTails, alpha: -1, beta: 1 });
}
