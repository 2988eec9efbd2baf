/**
 * Products of reflectors as one matrix: H_0 H_1 ⋯ H_{k−1} = I − Vᵀ T V, so that applying them is matrix products.
 *
 * | name | shape  | meaning                                                                            |
 * |------|--------|------------------------------------------------------------------------------------|
 * | V    | [k, m] | row i is v_i, with its zeros and its 1 written out                                 |
 * | T    | [k, k] | upper triangular; t_ii = τ_i, T[0:i, i] = −τ_i T[0:i, 0:i] (V Vᵀ)[0:i, i]          |
 *
 * The compact WY form: Schreiber & Van Loan 1989; Golub & Van Loan, 4th ed., §5.2.3; LAPACK dlarft, dlarfb (direct 'F',
 * storev 'R'). H is orthogonal to rounding, as the reflectors one by one are: |HᵀH − I| ≤ c m k ε (Higham, Accuracy and
 * Stability, §19.5). Applying it to n vectors costs 4 m k n operations, against as many one by one.
 */

import { slice, tensorOf, transpose, zeros } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { reflectRowsInPlace } from './householder.ts';

/** Reflectors in a block: enough that products run at speed, few enough that what is done one by one stays small. */
export const BLOCK = 32;

/** I − Vᵀ T V. */
export interface BlockReflector {
  /** [k, m]. */
  readonly v: Tensor<'f64'>;
  /** [k, k], zero below the diagonal. */
  readonly t: Tensor<'f64'>;
}

/** Reflectors stored as rows, one after the other: v_i in row i of `data` from element i + shift on. */
export interface ReflectorRows {
  /** [k, length] row-major. What lies before element i + shift of row i is of no meaning. */
  readonly data: Float64Array;
  /** [k]; 0 means H_i = I. */
  readonly taus: Float64Array;
  readonly length: number;
  readonly shift: number;
}

/** The block of reflectors first .. last − 1; its vectors cover the elements from first + shift on. */
export function blockOf(kernels: Kernels, rows: ReflectorRows, first: number, last: number): BlockReflector {
  const { data, taus, length, shift } = rows;
  const from = first + shift;
  const width = length - from;
  const v = zeros('f64', [last - first, width]);
  for (let i = first; i < last; i++) {
    const at = i * length;
    v.data.set(data.subarray(at + i + shift, at + length), (i - first) * width + i - first);
  }
  return { v, t: triangularFactor(kernels, v, taus.subarray(first, last)) };
}

/** T of the reflectors in the rows of V. */
export function triangularFactor(kernels: Kernels, v: Tensor<'f64'>, taus: Float64Array): Tensor<'f64'> {
  const k = taus.length;
  const gram = zeros('f64', [k, k]);
  kernels.matmul({ a: v, b: transpose(v), out: gram });
  const t = zeros('f64', [k, k]);
  for (let i = 0; i < k; i++) {
    const tau = taus[i]!;
    t.data[i * k + i] = tau;
    for (let row = 0; row < i; row++) {
      let sum = 0;
      for (let j = row; j < i; j++) sum += t.data[row * k + j]! * gram.data[j * k + i]!;
      t.data[row * k + i] = -tau * sum;
    }
  }
  return t;
}

/** X ← X H, or X Hᵀ, for X [count, m], any strides. */
export function applyToRowsInPlace(
  kernels: Kernels,
  { v, t }: BlockReflector,
  x: Tensor<'f64'>,
  isTransposed: boolean,
): void {
  const [k = 0] = v.shape;
  const [count = 0] = x.shape;
  const overlaps = zeros('f64', [count, k]);
  kernels.matmul({ a: x, b: transpose(v), out: overlaps });
  const weights = zeros('f64', [count, k]);
  kernels.matmul({ a: overlaps, b: isTransposed ? transpose(t) : t, out: weights });
  kernels.matmul({ a: weights, b: v, out: x, alpha: -1, beta: 1 });
}

/** C ← H C, or Hᵀ C, for C [m, count], any strides: (C ← H C) is (Cᵀ ← Cᵀ Hᵀ). */
export function applyToColumnsInPlace(
  kernels: Kernels,
  block: BlockReflector,
  c: Tensor<'f64'>,
  isTransposed: boolean,
): void {
  applyToRowsInPlace(kernels, block, transpose(c), !isTransposed);
}

/**
 * The first `count` columns of H_0 H_1 ⋯ as rows: [count, length] row-major. H_i leaves the coordinates before i + shift
 * alone, so that, taken from the last to the first, it reaches only the rows from i + shift on (backward accumulation, Golub
 * & Van Loan, §5.1.6).
 */
export function formOrthonormalRows(kernels: Kernels, reflectors: ReflectorRows, count: number): Float64Array {
  const { data, taus, length, shift } = reflectors;
  const rows = new Float64Array(count * length);
  for (let i = 0; i < count; i++) rows[i * length + i] = 1;
  const used = Math.max(0, Math.min(taus.length, count - shift));
  const whole = tensorOf(rows, [count, length]);
  for (let last = used; last > 0; last = blockStart(last)) {
    const first = blockStart(last);
    if (used <= BLOCK) {
      for (let i = last - 1; i >= first; i--) {
        const at = i + shift;
        reflectRowsInPlace(rows, at * length + at, count - at, length, data, i * length + at, length - at, taus[i]!);
      }
    } else {
      const at = first + shift;
      const block = blockOf(kernels, reflectors, first, last);
      applyToRowsInPlace(kernels, block, slice(whole, [[at], [at]]), true);
    }
  }
  return rows;
}

/** Blocks start at multiples of BLOCK; the start of the one that ends at `last`. */
function blockStart(last: number): number {
  return Math.floor((last - 1) / BLOCK) * BLOCK;
}
