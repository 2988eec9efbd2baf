/**
 * Blocked Householder reduction of a symmetric matrix to tridiagonal form, A = Q T Qᵀ.
 *
 * | name     | shape   | meaning                                                                 |
 * |----------|---------|-------------------------------------------------------------------------|
 * | a        | [n, n]  | row-major; only the lower triangle is read                              |
 * | diagonal | [n]     | of T                                                                    |
 * | coupling | [n]     | coupling[i] = T[i + 1, i]; the last element is 0                        |
 * | v_i      | [i]     | reflector that clears row i left of its subdiagonal; v_i[i − 1] = 1     |
 * | Q        | [n, n]  | H_{n−1} ⋯ H_2 H_1, H_i acting on the first i coordinates                |
 * | pairs    | [2b, n] | v, w of the panel's first row, v, w of its second, …                    |
 * | partners | [2b, n] | w, v, w, v, …: the panel's update of A is − pairsᵀ · partners            |
 *
 * Rows are reduced from the last to the first, so that v_i is a stretch of row i. With p = τ A v and w = p − ½ τ (pᵀv) v, one
 * reflector makes A − v wᵀ − w vᵀ of the leading block. A panel of b rows keeps its v and w and leaves the block before it
 * as it was: A v is the product with the old block, corrected by the pairs there are; at its end, one matrix product updates
 * the block (Dongarra, Sorensen & Hammarling 1989; Golub & Van Loan, 4th ed., §8.3.1; LAPACK dsytrd, dlatrd).
 *
 * Cost: 4n³/3 operations, half in products with a vector, half in the updates, and 3 b n² for the corrections. Backward
 * stable: ‖A − Q T Qᵀ‖ ≤ c n ε ‖A‖.
 */

import { slice, tensorOf, transpose } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { withWorkMatrix } from '../dense/workMatrix.ts';
import { makeReflectorInPlace } from '../orthogonal/householder.ts';
import { dot } from '../dense/vectorOps.ts';
import { applyToRowsInPlace, triangularFactor } from '../orthogonal/blockReflector.ts';
import { dotRows, subtractRowsInPlace } from './rowCombinations.ts';

/** Rows in a panel: the corrections grow with it, the updates become faster. Measured at n = 192 … 1024. */
const PANEL = 16;

/** Rows of the leading block updated by one product: half of a strip's square on the diagonal is work for nothing. */
const STRIP = 128;

/** Reflectors applied to vectors as one block. */
const BLOCK = 64;

export interface Tridiagonal {
  readonly diagonal: Float64Array;
  readonly coupling: Float64Array;
  /** [n, n]; row i holds v_i in its first i elements. The rest is of no meaning. */
  readonly reflectors: Tensor<'f64'>;
  /** taus[i] belongs to v_i; taus[0] is 0. */
  readonly taus: Float64Array;
}

/** The v and w of a panel, and places to work in. */
interface Panel {
  readonly pairs: Tensor<'f64'>;
  readonly partners: Tensor<'f64'>;
  readonly coefficients: Float64Array;
  readonly v: Float64Array;
  readonly product: Float64Array;
}

/** Reduces the lower triangle of `a`, contiguous; its memory becomes `reflectors`. */
export function tridiagonalizeInPlace(kernels: Kernels, a: Tensor<'f64'>): Tridiagonal {
  const [n = 0] = a.shape;
  const result = {
    diagonal: new Float64Array(n),
    coupling: new Float64Array(n),
    reflectors: a,
    taus: new Float64Array(n),
  };
  const rows = 2 * Math.min(PANEL, n);
  withWorkMatrix(kernels, rows, n, (pairs) =>
    withWorkMatrix(kernels, rows, n, (partners) => {
      const [v, product] = [new Float64Array(n), new Float64Array(n)];
      const panel: Panel = { pairs, partners, coefficients: new Float64Array(rows), v, product };
      for (let end = n; end > 0; end -= PANEL) {
        const first = Math.max(0, end - PANEL);
        for (let i = end - 1; i >= first; i--) reduceRowInPlace(kernels, result, panel, i, end - 1 - i);
        updateLeadingBlockInPlace(kernels, a, panel, first);
      }
    }),
  );
  return result;
}

/** Row i, with `done` rows of its panel before it. */
function reduceRowInPlace(kernels: Kernels, tridiagonal: Tridiagonal, panel: Panel, i: number, done: number): void {
  const { diagonal, coupling, reflectors, taus } = tridiagonal;
  const [n = 0] = reflectors.shape;
  const { data } = reflectors;
  const row = i * n;
  correctRowInPlace(data, row, i, panel, n, done);
  diagonal[i] = data[row + i]!;
  if (i === 0) return;
  const { tau, beta } = makeReflectorInPlace(data, row + i - 1, row, row + i - 1);
  coupling[i - 1] = beta;
  taus[i] = tau;

  const { pairs, partners } = panel;
  const v = panel.v.subarray(0, i);
  v.set(data.subarray(row, row + i));
  const at = 2 * done * n;
  pairs.data.set(v, at);
  partners.data.set(v, at + n);
  const w = panel.product.subarray(0, i);
  if (tau === 0) w.fill(0);
  else {
    const leading = slice(reflectors, [[0, i], [0, i]]); // prettier-ignore
    kernels.symmetricTimesVector({ a: leading, x: tensorOf(v, [i]), out: tensorOf(w, [i]) });
    correctProductInPlace(w, v, panel, n, done);
    const half = 0.5 * tau * tau * dot(w, 0, v, 0, i);
    for (let j = 0; j < i; j++) w[j] = tau * w[j]! - half * v[j]!;
  }
  pairs.data.set(w, at + n);
  partners.data.set(w, at);
}

/** a[row, 0 .. i] −= Σ (v[i] w + w[i] v) over the pairs of the panel. */
function correctRowInPlace(a: Float64Array, row: number, i: number, panel: Panel, n: number, done: number): void {
  const { pairs, partners, coefficients } = panel;
  for (let r = 0; r < 2 * done; r++) coefficients[r] = pairs.data[r * n + i]!;
  subtractRowsInPlace(a, row, i + 1, { data: partners.data, stride: n }, coefficients, 2 * done);
}

/** product −= Σ (v (wᵀx) + w (vᵀx)) over the pairs of the panel: from the old block's product with x to the new one's. */
function correctProductInPlace(product: Float64Array, x: Float64Array, panel: Panel, n: number, done: number): void {
  const { pairs, partners, coefficients } = panel;
  dotRows({ data: pairs.data, stride: n }, 2 * done, x, x.length, coefficients);
  subtractRowsInPlace(product, 0, x.length, { data: partners.data, stride: n }, coefficients, 2 * done);
}

/** The panel's update of the leading size × size block, a strip of rows at a time, up to the strip's last column. */
function updateLeadingBlockInPlace(kernels: Kernels, a: Tensor<'f64'>, panel: Panel, size: number): void {
  for (let from = 0; from < size; from += STRIP) {
    const to = Math.min(from + STRIP, size);
    kernels.matmul({
      a: transpose(slice(panel.pairs, [undefined, [from, to]])),
      b: slice(panel.partners, [undefined, [0, to]]),
      out: slice(a, [[from, to], [0, to]]), // prettier-ignore
      alpha: -1,
      beta: 1,
    });
  }
}

/**
 * X ← X Qᵀ for X [count, n], contiguous: rows that are eigenvectors of T become eigenvectors of A. As xᵀQᵀ = xᵀ H_1 H_2 ⋯,
 * the blocks are taken from the first; Q itself is never formed. Cost: 2 n² count operations.
 */
export function applyReflectorsToRowsInPlace(kernels: Kernels, tridiagonal: Tridiagonal, x: Tensor<'f64'>): void {
  const { reflectors, taus } = tridiagonal;
  const n = taus.length;
  for (let first = 0; first < n; first += BLOCK) {
    const last = Math.min(first + BLOCK, n);
    withWorkMatrix(kernels, last - first, last, (v) => {
      v.data.fill(0);
      for (let i = first; i < last; i++) {
        v.data.set(reflectors.data.subarray(i * n, i * n + i), (i - first) * last);
      }
      const t = triangularFactor(kernels, v, taus.subarray(first, last));
      applyToRowsInPlace(kernels, { v, t }, slice(x, [undefined, [0, last]]), false);
    });
  }
}
