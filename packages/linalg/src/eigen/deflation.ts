/**
 * Deflation for one merge of the divide and conquer: the eigenpairs of D + ρ z zᵀ that are known without an equation.
 *
 * Pole j is an eigenvalue to working precision when ρ |z_j| ≤ tol. Where two poles are so close that turning their z to
 * (0, √(z_i² + z_j²)) by a rotation leaves an element c s (d_j − d_i) ≤ tol off the diagonal, one of them is. What is left
 * has distinct poles and no small z, which the secular equation needs. tol = 8 u max(|d|, ρ): dropping what is below it is a
 * backward error of that size (LAPACK dlaed2; Cuppen 1981; Dongarra & Sorensen 1987).
 *
 * A vector of the merge is 0 outside one half until a rotation mixes it with one of the other half: its `support` says where
 * it is not, so that the products with the vectors of the halves leave out their zeros.
 */

import { EPSILON } from '../dense/denseMatrix.ts';
import { lengthOfPair } from '../orthogonal/planeRotation.ts';

/** Which halves a vector has elements in. */
export const FIRST_HALF = 0;
export const BOTH_HALVES = 1;
export const SECOND_HALF = 2;

/** D + ρ z zᵀ in the basis of the rows of `vectors`; ‖z‖ = 1. */
export interface RankOneProblem {
  /** [n]; d[j] belongs to row j. */
  readonly d: Float64Array;
  readonly z: Float64Array;
  readonly rho: number;
  /** The rows in ascending order of d. */
  readonly ascending: Int32Array;
  /** Per row, one of the three. */
  readonly support: Uint8Array;
  /** Row j at start + j · stride, n elements. */
  readonly vectors: Float64Array;
  readonly start: number;
  readonly stride: number;
}

export interface Deflated {
  /** Rows left to the secular equation, d strictly ascending. */
  readonly kept: Int32Array;
  /** The others: eigenvalue d and eigenvector as they are now. */
  readonly known: Int32Array;
}

/** Finds what is known; d, z, the supports and the vectors change by rotations. */
export function deflateInPlace(problem: RankOneProblem): Deflated {
  const { d, z, rho, ascending } = problem;
  const tolerance = deflationTolerance(d, rho);
  const kept: number[] = [];
  const known: number[] = [];
  let candidate = -1;
  for (const j of ascending) {
    if (rho * Math.abs(z[j]!) <= tolerance) {
      known.push(j);
    } else {
      if (candidate >= 0) {
        const isKnown = rotateIfClose(problem, candidate, j, tolerance);
        (isKnown ? known : kept).push(candidate);
      }
      candidate = j;
    }
  }
  if (candidate >= 0) kept.push(candidate);
  return { kept: Int32Array.from(kept), known: Int32Array.from(known) };
}

function deflationTolerance(d: Float64Array, rho: number): number {
  let largest = rho;
  for (let j = 0; j < d.length; j++) largest = Math.max(largest, Math.abs(d[j]!));
  return 4 * EPSILON * largest;
}

/** True when z of row i has been turned into that of row j, with d_i ≤ d_j. */
function rotateIfClose(problem: RankOneProblem, i: number, j: number, tolerance: number): boolean {
  const { d, z, support } = problem;
  const length = lengthOfPair(z[i]!, z[j]!);
  const c = z[j]! / length;
  const s = -z[i]! / length;
  const gap = d[j]! - d[i]!;
  if (Math.abs(gap * c * s) > tolerance) return false;
  z[j] = length;
  z[i] = 0;
  if (support[i] !== support[j]) {
    support[i] = BOTH_HALVES;
    support[j] = BOTH_HALVES;
  }
  rotateRowsInPlace(problem, i, j, c, s);
  d[i] = d[i]! + gap * s * s;
  d[j] = d[j]! - gap * s * s;
  return true;
}

/** (row i, row j) ← (c row i + s row j, c row j − s row i). */
function rotateRowsInPlace(
  { d, vectors, start, stride }: RankOneProblem,
  i: number,
  j: number,
  c: number,
  s: number,
): void {
  const rowI = start + i * stride;
  const rowJ = start + j * stride;
  for (let k = 0; k < d.length; k++) {
    const x = vectors[rowI + k]!;
    const y = vectors[rowJ + k]!;
    vectors[rowI + k] = c * x + s * y;
    vectors[rowJ + k] = c * y - s * x;
  }
}
