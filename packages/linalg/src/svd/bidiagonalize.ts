/**
 * Householder reduction of a tall matrix to upper bidiagonal form, A = Q B Pᵀ, Q = H_0 H_1 ⋯, P = G_0 G_1 ⋯.
 *
 * | name    | shape           | meaning                                                                             |
 * |---------|-----------------|-------------------------------------------------------------------------------------|
 * | A       | [m, n], m ≥ n   | destroyed                                                                           |
 * | main    | [n]             | diagonal of B                                                                       |
 * | above   | [n]             | above[i] = B[i, i + 1]; the last element is 0                                       |
 * | v_i     | [m − i]         | reflector that clears column i below the diagonal, of scale τ_i                     |
 * | u_i     | [n − i − 1]     | reflector that clears row i right of B[i, i + 1]                                    |
 * | y_i     | [n − i − 1]     | τ_i A_iᵀ v_i, A_i being A after all changes before v_i; x_i likewise from u_i       |
 * | L, R    | [2 · 32, ·]     | of a panel: rows v_0, x_0, v_1, x_1, … and y_0, u_0, y_1, u_1, …                    |
 *
 * Within a panel of 32 columns and rows the matrix behind it stays as it was and stands for A − Lᵀ R; so it does in products
 * with vectors. After the panel the difference is made in one matrix product (Dongarra, Sorensen & Hammarling 1989; LAPACK
 * dlabrd, dgebrd). Of the 4n²(m − n/3) operations half are in that product, half in A_iᵀ v_i and A_i u_i. Backward stable.
 */

import { slice, transpose, zeros } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import type { DenseMatrix } from '../dense/denseMatrix.ts';
import { withWorkMatrix } from '../dense/workMatrix.ts';
import { applyToRowsInPlace, blockOf } from '../orthogonal/blockReflector.ts';
import type { ReflectorRows } from '../orthogonal/blockReflector.ts';
import { makeReflectorInPlace } from '../orthogonal/householder.ts';

/** Columns and rows in a panel: what is done within it grows with it, the product after it becomes faster. Measured: 16 … 32 are as good. */
const PANEL = 32;

/** Reflectors led back as one block. Measured at n = 512 and 1024. */
const BLOCK = 48;

export interface Bidiagonal {
  readonly main: Float64Array;
  readonly above: Float64Array;
  /** v_i, [n, m]. */
  readonly left: ReflectorRows;
  /** u_i, [n, n]. */
  readonly right: ReflectorRows;
}

interface Panel {
  /** L. */
  readonly tall: Tensor<'f64'>;
  /** R. */
  readonly wide: Tensor<'f64'>;
}

/** Reduces a matrix with at least as many rows as columns. */
export function bidiagonalize(kernels: Kernels, { rows: m, columns: n, data }: DenseMatrix): Bidiagonal {
  const result: Bidiagonal = {
    main: new Float64Array(n),
    above: new Float64Array(n),
    left: { data: new Float64Array(n * m), taus: new Float64Array(n), length: m, shift: 0 },
    right: { data: new Float64Array(n * n), taus: new Float64Array(n), length: n, shift: 1 },
  };
  const rows = 2 * Math.min(PANEL, n);
  withWorkMatrix(kernels, m, n, (a) => {
    a.data.set(data);
    withWorkMatrix(kernels, rows, m, (tall) => {
      withWorkMatrix(kernels, rows, n, (wide) => reduceInPlace(kernels, a, { tall, wide }, result));
    });
  });
  return result;
}

/** Each of the rows x of X [count, length] becomes H_0 H_1 ⋯ x. */
export function applyReflectorsInPlace(kernels: Kernels, reflectors: ReflectorRows, x: Tensor<'f64'>): void {
  const { taus, length, shift } = reflectors;
  const used = Math.min(taus.length, length - shift);
  for (let first = BLOCK * Math.floor((used - 1) / BLOCK); first >= 0; first -= BLOCK) {
    const block = blockOf(kernels, reflectors, first, Math.min(first + BLOCK, used));
    applyToRowsInPlace(kernels, block, slice(x, [undefined, [first + shift]]), true);
  }
}

function reduceInPlace(kernels: Kernels, a: Tensor<'f64'>, panel: Panel, result: Bidiagonal): void {
  const n = result.main.length;
  for (let first = 0; first < n; first += PANEL) {
    const last = Math.min(first + PANEL, n);
    for (let i = first; i < last; i++) {
      reduceColumnInPlace(kernels, a, panel, result, i, 2 * (i - first));
      if (i < n - 1) reduceRowInPlace(kernels, a, panel, result, i, 2 * (i - first) + 1);
    }
    if (last === n) break;
    kernels.matmul({
      a: transpose(slice(panel.tall, [undefined, [last]])),
      b: slice(panel.wide, [undefined, [last]]),
      out: slice(a, [[last], [last]]),
      alpha: -1,
      beta: 1,
    });
  }
}

/** Finds v_i and y_i, with `done` rows of L and R before them. */
function reduceColumnInPlace(
  kernels: Kernels,
  a: Tensor<'f64'>,
  { tall, wide }: Panel,
  { main, left }: Bidiagonal,
  i: number,
  done: number,
): void {
  const m = left.length;
  const n = main.length;
  const start = done * m + i;
  for (let row = i; row < m; row++) tall.data[start + row - i] = a.data[row * n + i]!;
  const v = rowFrom(tall, done, i);
  addRows(kernels, slice(tall, [[0, done], [i]]), slice(wide, [[0, done], [i, i + 1]]), v, -1); // prettier-ignore
  const { tau, beta } = makeReflectorInPlace(tall.data, start, start + 1, start - i + m);
  main[i] = beta;
  left.taus[i] = tau;
  left.data.set(tall.data.subarray(start, start - i + m), i * m + i);
  if (i === n - 1) return;

  const y = rowFrom(wide, done, i + 1);
  kernels.matmul({ a: transpose(slice(a, [[i], [i + 1]])), b: v, out: y, alpha: tau });
  const overlaps = zeros('f64', [done, 1]);
  kernels.matmul({ a: slice(tall, [[0, done], [i]]), b: v, out: overlaps }); // prettier-ignore
  addRows(kernels, slice(wide, [[0, done], [i + 1]]), overlaps, y, -tau); // prettier-ignore
}

/** Finds u_i and x_i; `done` rows of L and R come before them, the last of them v_i and y_i. */
function reduceRowInPlace(
  kernels: Kernels,
  a: Tensor<'f64'>,
  { tall, wide }: Panel,
  { above, right }: Bidiagonal,
  i: number,
  done: number,
): void {
  const n = above.length;
  const start = done * n + i + 1;
  wide.data.set(a.data.subarray(i * n + i + 1, (i + 1) * n), start);
  const u = rowFrom(wide, done, i + 1);
  addRows(kernels, slice(wide, [[0, done], [i + 1]]), slice(tall, [[0, done], [i, i + 1]]), u, -1); // prettier-ignore
  const { tau, beta } = makeReflectorInPlace(wide.data, start, start + 1, (done + 1) * n);
  above[i] = beta;
  right.taus[i] = tau;
  right.data.set(wide.data.subarray(start, (done + 1) * n), i * n + i + 1);

  const x = rowFrom(tall, done, i + 1);
  kernels.matmul({ a: slice(a, [[i + 1], [i + 1]]), b: u, out: x, alpha: tau });
  const overlaps = zeros('f64', [done, 1]);
  kernels.matmul({ a: slice(wide, [[0, done], [i + 1]]), b: u, out: overlaps }); // prettier-ignore
  addRows(kernels, slice(tall, [[0, done], [i + 1]]), overlaps, x, -tau); // prettier-ignore
}

/** A row from one of its elements on, as a column. */
function rowFrom(matrix: Tensor<'f64'>, row: number, from: number): Tensor<'f64'> {
  return transpose(slice(matrix, [[row, row + 1], [from]]));
}

/** target += factor · rowsᵀ · weights. */
function addRows(
  kernels: Kernels,
  rows: Tensor<'f64'>,
  weights: Tensor<'f64'>,
  target: Tensor<'f64'>,
  factor: number,
): void {
  kernels.matmul({ a: transpose(rows), b: weights, out: target, alpha: factor, beta: 1 });
}
