/**
 * Singular values and vectors of a diagonal matrix with its first row full: M = [z_0 z_1 … ; 0 d_1 0 … ; …] = U diag(σ) Vᵀ.
 *
 * | name    | shape  | meaning                                                                                        |
 * |---------|--------|------------------------------------------------------------------------------------------------|
 * | poles   | [k]    | d_0 = 0 < d_1 < d_2 < …; by interlacing d_i < σ_i < d_{i+1}                                    |
 * | weights | [k]    | z, no element 0                                                                                |
 * | δ_ij    | [k, k] | d_j² − σ_i², found to full relative accuracy, never by subtraction                             |
 * | ẑ       | [k]    | the weights that have the σ found as exact roots (Löwner)                                      |
 *
 * σ_i² are the roots of 1 + Σ z_j² / (d_j² − σ²); ẑ_j² = Π_i (σ_i² − d_j²) / Π_{i≠j} (d_i² − d_j²); and up to their lengths
 *
 *     v_i = (ẑ_j / δ_ij)_j,   u_i = (−1, (d_j ẑ_j / δ_ij)_{j>0}).
 *
 * The vectors are those of a matrix within rounding of M, and so orthogonal however close the roots are (Gu & Eisenstat 1995,
 * §3; LAPACK dlasd4, dlasd8). Cost: some 10 k² operations for the roots, as many for the vectors.
 */

import type { Tensor } from '@rankwise/tensor';
import { norm2 } from '../dense/vectorOps.ts';
import { makeSecularRoot, secularRootInto } from '../eigen/secularEquation.ts';
import type { SecularEquation } from '../eigen/secularEquation.ts';

/**
 * Decomposes M; returns σ, ascending. Row i of `left` [k, k], contiguous, becomes u_i, its element j in column columns[j]; row i
 * of `right` v_i likewise.
 * @throws ConvergenceError naming `caller` when a root is not found.
 */
export function arrowheadSvdInto(
  left: Tensor<'f64'>,
  right: Tensor<'f64'>,
  caller: string,
  poles: Float64Array,
  weights: Float64Array,
  columns: Int32Array,
): Float64Array {
  const k = poles.length;
  // Each row of differences serves for its u_i and v_i, and becomes u_i.
  const differences = left.data;
  const values = findRootsInto(differences, caller, poles, weights);
  const exactWeights = recomputedWeights(differences, poles, weights);
  const u = new Float64Array(k);
  const v = new Float64Array(k);
  for (let i = 0; i < k; i++) {
    const row = i * k;
    for (let j = 0; j < k; j++) {
      const ratio = exactWeights[j]! / differences[row + j]!;
      v[j] = ratio;
      u[j] = poles[j]! * ratio;
    }
    u[0] = -1;
    const uNorm = norm2(u, 0, k);
    const vNorm = norm2(v, 0, k);
    for (let j = 0; j < k; j++) {
      left.data[row + columns[j]!] = u[j]! / uNorm;
      right.data[row + columns[j]!] = v[j]! / vNorm;
    }
  }
  return values;
}

/** σ, with δ to `differences`. */
function findRootsInto(
  differences: Float64Array,
  caller: string,
  poles: Float64Array,
  weights: Float64Array,
): Float64Array {
  const k = poles.length;
  const equation: SecularEquation = {
    z: weights,
    rho: 1,
    gapsTo: (origin, out) => {
      const pole = poles[origin]!;
      for (let j = 0; j < k; j++) out[j] = (poles[j]! - pole) * (poles[j]! + pole);
    },
  };
  const root = makeSecularRoot();
  return poles.map((_, i) => {
    secularRootInto(root, caller, equation, i, differences.subarray(i * k, (i + 1) * k));
    const pole = poles[root.origin]!;
    return pole + root.shift / (pole + Math.sqrt(pole * pole + root.shift));
  });
}

/** ẑ, with the signs of z. Each factor pairs a root with the pole next to it on the side away from d_j: all are positive. */
function recomputedWeights(differences: Float64Array, poles: Float64Array, weights: Float64Array): Float64Array {
  const k = poles.length;
  const squares = new Float64Array(k);
  for (let j = 0; j < k; j++) squares[j] = -differences[(k - 1) * k + j]!;
  for (let i = 0; i < k - 1; i++) {
    for (let j = 0; j < k; j++) {
      const other = poles[j > i ? i : i + 1]!;
      const pole = poles[j]!;
      squares[j] = squares[j]! * (differences[i * k + j]! / ((pole - other) * (pole + other)));
    }
  }
  return squares.map((square, j) => Math.sign(weights[j]!) * Math.sqrt(square));
}
