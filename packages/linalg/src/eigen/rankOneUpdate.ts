/**
 * Eigenpairs of D + ρ z zᵀ for distinct ascending poles and no small z: λ from the secular equation, and the vectors
 *
 *     s_j[i] ∝ ẑ_i / (d_i − λ_j),    ẑ_i² = Π_j (λ_j − d_i) / Π_{j≠i} (d_j − d_i) / ρ
 *
 * ẑ is the vector for which the computed λ are exact (Löwner); with it the s_j are orthogonal to working precision however
 * close the λ are (Gu & Eisenstat 1995, §3; LAPACK dlaed3). Its signs are those of z, its scale does not matter.
 * Cost: some 6 k² divisions for k poles.
 */

import { makeSecularRoot, secularRootInto } from './secularEquation.ts';
import type { SecularEquation } from './secularEquation.ts';

/** Poles and weights that remain after deflation, and places for the answers. */
export interface RankOneUpdate {
  /** [k], strictly ascending. */
  readonly poles: Float64Array;
  readonly z: Float64Array;
  readonly rho: number;
  /** [k]: position p of a vector belongs to pole positions[p]. */
  readonly positions: Int32Array;
}

/**
 * Writes the eigenvalues, ascending, to `values` and the unit vectors of values first .. k − 1 to the rows of `vectors`,
 * row-major from element 0 and k elements each; row 0 belongs to value `first`.
 * @throws ConvergenceError naming `caller` when a root is not found.
 */
export function rankOneEigenInto(
  caller: string,
  update: RankOneUpdate,
  first: number,
  values: Float64Array,
  vectors: Float64Array,
): void {
  const { poles, z, rho } = update;
  const k = poles.length;
  const equation: SecularEquation = {
    z,
    rho,
    gapsTo: (origin, out) => {
      const pole = poles[origin]!;
      for (let j = 0; j < k; j++) out[j] = poles[j]! - pole;
    },
  };
  const root = makeSecularRoot();
  const weights = new Float64Array(k).fill(1);
  for (let j = 0; j < k; j++) {
    const differences = vectors.subarray(j * k, (j + 1) * k);
    secularRootInto(root, caller, equation, j, differences);
    values[j] = poles[root.origin]! + root.shift;
    multiplyByQuotientsInPlace(weights, poles, differences, j);
  }
  for (let i = 0; i < k; i++) {
    const weight = Math.sqrt(Math.abs(weights[i]!));
    weights[i] = z[i]! < 0 ? -weight : weight;
  }
  const scratch = new Float64Array(k);
  for (let j = first; j < k; j++) {
    const target = vectors.subarray((j - first) * k, (j - first + 1) * k);
    unitVectorInto(target, vectors.subarray(j * k, (j + 1) * k), weights, update.positions, scratch);
  }
}

/** weights[i] ·= (d_i − λ_j) / (d_i − d_j), for i = j only the numerator: one factor of each ẑ_i². */
function multiplyByQuotientsInPlace(
  weights: Float64Array,
  poles: Float64Array,
  differences: Float64Array,
  j: number,
): void {
  const pole = poles[j]!;
  for (let i = 0; i < j; i++) weights[i] = weights[i]! * (differences[i]! / (poles[i]! - pole));
  weights[j] = weights[j]! * differences[j]!;
  for (let i = j + 1; i < poles.length; i++) weights[i] = weights[i]! * (differences[i]! / (poles[i]! - pole));
}

/** target[p] = weights[i] / differences[i] over their norm, i = positions[p]; target and differences may be the same. */
function unitVectorInto(
  target: Float64Array,
  differences: Float64Array,
  weights: Float64Array,
  positions: Int32Array,
  scratch: Float64Array,
): void {
  const k = weights.length;
  let square = 0;
  for (let i = 0; i < k; i++) {
    const element = weights[i]! / differences[i]!;
    scratch[i] = element;
    square += element * element;
  }
  const scale = 1 / Math.sqrt(square);
  for (let p = 0; p < k; p++) target[p] = scale * scratch[positions[p]!]!;
}
