/**
 * Cuppen's divide and conquer for a symmetric tridiagonal matrix: T = Z diag(λ) Zᵀ.
 *
 *     T = diag(T_1, T_2) + ρ v vᵀ,   ρ = |e|,  v = (…, 0, 1, ± 1, 0, …)ᵀ,   = diag(Z_1, Z_2) (D + ρ z zᵀ) diag(Z_1, Z_2)ᵀ
 *
 * where e is the coupling cut, whose magnitude is taken from the two diagonal elements beside it, and z is made of the last
 * elements of the first half's vectors and the first of the second's. Halves are solved likewise, leaves by implicit QL.
 *
 * | name     | shape    | meaning                                                                              |
 * |----------|----------|--------------------------------------------------------------------------------------|
 * | vectors  | [n, n]   | eigenvectors as rows: row j of a stretch of T is 0 outside the stretch's columns      |
 * | values   | [n]      | values[j] belongs to row j                                                            |
 * | order    | [n]      | the rows of each stretch in ascending order of their values                           |
 *
 * Cuppen 1981; Gu & Eisenstat, A divide-and-conquer algorithm for the symmetric tridiagonal eigenproblem, SIAM J. Matrix Anal.
 * Appl. 16 (1995); LAPACK dstedc, dlaed1. Backward stable: ‖T − Z Λ Zᵀ‖ and ‖I − ZᵀZ‖ of the order of n ε, ‖T‖ = 1.
 * Cost: 4n³/3 operations at most, nearly all in matrix products, less with each deflation; memory 3n².
 */

import { reshape, slice } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { identityData } from '../dense/denseMatrix.ts';
import { withWorkMatrix } from '../dense/workMatrix.ts';
import { makeRotationSweeps } from '../orthogonal/rotationSweeps.ts';
import { FIRST_HALF, SECOND_HALF, deflateInPlace } from './deflation.ts';
import type { Deflated, RankOneProblem } from './deflation.ts';
import { rankOneEigenInto } from './rankOneUpdate.ts';
import { tridiagonalQlInPlace } from './tridiagonalQl.ts';

/** Stretches up to this length are left to QL (LAPACK's SMLSIZ is 25). */
export const LEAF = 32;

/** Eigenpairs in no order, vectors as rows. */
export interface RowEigen {
  readonly values: Float64Array;
  /** [values.length, n], contiguous. */
  readonly vectors: Tensor<'f64'>;
}

/** What all merges share. */
interface Work {
  readonly caller: string;
  readonly kernels: Kernels;
  readonly n: number;
  readonly diagonal: Float64Array;
  readonly coupling: Float64Array;
  readonly values: Float64Array;
  readonly order: Int32Array;
  readonly vectors: Tensor<'f64'>;
  /** [n²]: vectors of the halves, without their zeros. */
  readonly packed: Tensor<'f64'>;
  /** [n²]: vectors of the rank-one problem. */
  readonly inner: Tensor<'f64'>;
}

/** Rows and columns lo .. hi − 1 of T, cut before mid. */
interface Stretch {
  readonly lo: number;
  readonly mid: number;
  readonly hi: number;
}

/**
 * Calls `use` with the `count` largest eigenvalues and their vectors, which are its own until it returns; the last merge, which is
 * most of the work, makes only these. `diagonal` and `coupling` (n elements, the last unused) are destroyed. Squares of their
 * elements must be safe.
 * @throws ConvergenceError naming `caller` when a leaf or a root does not converge.
 */
export function divideAndConquer<T>(
  caller: string,
  kernels: Kernels,
  diagonal: Float64Array,
  coupling: Float64Array,
  count: number,
  use: (pairs: RowEigen) => T,
): T {
  const n = diagonal.length;
  const shared = { caller, kernels, n, diagonal, coupling, values: new Float64Array(n), order: new Int32Array(n) };
  return withWorkMatrix(kernels, n, n, (vectors) =>
    withWorkMatrix(kernels, n, n, (packed) =>
      withWorkMatrix(kernels, n, n, (inner) => {
        vectors.data.fill(0);
        const work = { ...shared, vectors, packed: reshape(packed, [n * n]), inner: reshape(inner, [n * n]) };
        solveInPlace(work, 0, n, count);
        return use(largestRows(work, count));
      }),
    ),
  );
}

/** Fills the stretch's values, order and vectors; of the whole, at least the `count` largest. */
function solveInPlace(work: Work, lo: number, hi: number, count: number): void {
  if (hi - lo <= LEAF) return solveLeafInPlace(work, lo, hi);
  const { diagonal, coupling } = work;
  const mid = (lo + hi) >> 1;
  const rho = Math.abs(coupling[mid - 1]!);
  diagonal[mid - 1] = diagonal[mid - 1]! - rho;
  diagonal[mid] = diagonal[mid]! - rho;
  solveInPlace(work, lo, mid, mid - lo);
  solveInPlace(work, mid, hi, hi - mid);
  mergeInPlace(work, { lo, mid, hi }, count);
}

function solveLeafInPlace(work: Work, lo: number, hi: number): void {
  const { n, values, vectors } = work;
  const size = hi - lo;
  const diagonal = work.diagonal.slice(lo, hi);
  const columns = identityData(size);
  tridiagonalQlInPlace(work.caller, diagonal, work.coupling.slice(lo, hi), makeRotationSweeps(columns, size, size));
  for (let j = 0; j < size; j++) {
    values[lo + j] = diagonal[j]!;
    for (let i = 0; i < size; i++) vectors.data[(lo + j) * n + lo + i] = columns[i * size + j]!;
  }
  sortStretchInPlace(work, lo, hi);
}

function sortStretchInPlace({ values, order }: Work, lo: number, hi: number): void {
  const stretch = order.subarray(lo, hi);
  for (let j = lo; j < hi; j++) order[j] = j;
  stretch.sort((i, j) => values[i]! - values[j]! || i - j);
}

/** From the eigenpairs of the halves to those of the stretch. */
function mergeInPlace(work: Work, stretch: Stretch, count: number): void {
  const { n, values, order, vectors } = work;
  const { lo, mid, hi } = stretch;
  const size = hi - lo;
  const rho = Math.abs(work.coupling[mid - 1]!);
  sortStretchInPlace(work, lo, hi);
  const problem: RankOneProblem = {
    d: values.subarray(lo, hi),
    z: couplingVector(work, stretch),
    // ‖z‖² is 2 before it is made 1.
    rho: 2 * rho,
    ascending: order.slice(lo, hi).map((j) => j - lo),
    support: new Uint8Array(size).fill(FIRST_HALF, 0, mid - lo).fill(SECOND_HALF, mid - lo),
    vectors: vectors.data,
    start: lo * n + lo,
    stride: n,
  };
  const deflated = deflateInPlace(problem);
  if (deflated.kept.length > 0) solveKeptInPlace(work, stretch, problem, deflated, count);
  sortStretchInPlace(work, lo, hi);
}

/** z of the cut: the halves' elements beside it, over √2. */
function couplingVector({ n, coupling, vectors }: Work, { lo, mid, hi }: Stretch): Float64Array {
  const second = coupling[mid - 1]! < 0 ? -Math.SQRT1_2 : Math.SQRT1_2;
  const z = new Float64Array(hi - lo);
  for (let j = lo; j < mid; j++) z[j - lo] = Math.SQRT1_2 * vectors.data[j * n + mid - 1]!;
  for (let j = mid; j < hi; j++) z[j - lo] = second * vectors.data[j * n + mid]!;
  return z;
}

/**
 * Solves what deflation left and multiplies its vectors by those of the halves. The eigenpairs go to the first rows of the
 * stretch, those that were known to the rows after them.
 */
function solveKeptInPlace(
  work: Work,
  stretch: Stretch,
  { d, z, rho, support }: RankOneProblem,
  { kept, known }: Deflated,
  count: number,
): void {
  const { caller, kernels, n, values, vectors } = work;
  const { lo, mid, hi } = stretch;
  const k = kept.length;
  const positions = Int32Array.from(kept.keys()).toSorted((i, j) => support[kept[i]!]! - support[kept[j]!]! || i - j);
  const grouped = positions.map((i) => kept[i]!);
  const ofFirst = grouped.findLastIndex((j) => support[j] !== SECOND_HALF) + 1;
  const ofSecond = grouped.filter((j) => support[j] !== FIRST_HALF).length;

  const first = packRows(work, 0, grouped.subarray(0, ofFirst), lo, lo, mid);
  const afterFirst = ofFirst * (mid - lo);
  const second = packRows(work, afterFirst, grouped.subarray(k - ofSecond), lo, mid, hi);
  const others = packRows(work, afterFirst + ofSecond * (hi - mid), known, lo, lo, hi);
  const knownValues = Float64Array.from(known, (j) => d[j]!);

  const update = {
    poles: Float64Array.from(kept, (j) => d[j]!),
    z: Float64Array.from(kept, (j) => z[j]!),
    rho,
    positions,
  };
  const unwanted = Math.max(0, k - count);
  rankOneEigenInto(caller, update, unwanted, values.subarray(lo, lo + k), work.inner.data);
  values.set(knownValues, lo + k);

  const inner = reshape(slice(work.inner, [[0, (k - unwanted) * k]]), [k - unwanted, k]);
  const rows = [lo + unwanted, lo + k] as const;
  kernels.matmul({ a: slice(inner, [undefined, [0, ofFirst]]), b: first, out: slice(vectors, [rows, [lo, mid]]) });
  kernels.matmul({ a: slice(inner, [undefined, [k - ofSecond]]), b: second, out: slice(vectors, [rows, [mid, hi]]) });
  const size = hi - lo;
  for (let i = 0; i < known.length; i++) {
    const from = others.offset + i * size;
    vectors.data.set(others.data.subarray(from, from + size), (lo + k + i) * n + lo);
  }
}

/** A copy of the given rows of a stretch, columns `from` .. `to` − 1, in `packed` from element `start` on. */
function packRows(
  { n, vectors, packed }: Work,
  start: number,
  rows: Int32Array,
  lo: number,
  from: number,
  to: number,
): Tensor<'f64'> {
  const width = to - from;
  for (let i = 0; i < rows.length; i++) {
    const row = (lo + rows[i]!) * n;
    packed.data.set(vectors.data.subarray(row + from, row + to), start + i * width);
  }
  return reshape(slice(packed, [[start, start + rows.length * width]]), [rows.length, width]);
}

function largestRows({ n, values, order, vectors, packed }: Work, count: number): RowEigen {
  if (count === n) return { values, vectors };
  const rows = order.subarray(n - count);
  rows.forEach((row, i) => packed.data.set(vectors.data.subarray(row * n, (row + 1) * n), i * n));
  const chosen = reshape(slice(packed, [[0, count * n]]), [count, n]);
  return { values: Float64Array.from(rows, (row) => values[row]!), vectors: chosen };
}
