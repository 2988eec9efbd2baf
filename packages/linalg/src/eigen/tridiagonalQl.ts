/**
 * Implicit QL iteration with Wilkinson's shift on a symmetric tridiagonal matrix: T = Z diag(λ) Zᵀ.
 *
 * Each sweep chases a bulge from row m up to row l of an unreduced block, with a shift from the leading 2 × 2 of the block;
 * it converges for every tridiagonal matrix, cubically in general (Parlett, The Symmetric Eigenvalue Problem, §8.9–8.11;
 * Wilkinson 1968; LAPACK dsteqr).
 *
 * A coupling e_i is dropped when e_i² ≤ ε² |d_i d_{i+1}|: relative to its neighbours, not to ‖T‖, so that small
 * eigenvalues of graded matrices keep what digits they have.
 *
 * Cost: about 1.7 sweeps per eigenvalue, O(n²) operations for the eigenvalues; the rotations are handed to a store that
 * applies them to the vectors, some 3–5 n³ operations. The caller scales T beforehand so that squares are safe.
 */

import { ConvergenceError } from '@rankwise/tensor';
import { EPSILON, SAFE_MINIMUM } from '../dense/denseMatrix.ts';
import { lengthOfPair } from '../orthogonal/planeRotation.ts';
import {
  applySweepsInPlace,
  closeSweepInPlace,
  openSweepInPlace,
  setRotationInPlace,
} from '../orthogonal/rotationSweeps.ts';
import type { RotationSweeps } from '../orthogonal/rotationSweeps.ts';

/** LAPACK's cap: 30 sweeps per eigenvalue on average, where 2 are usual. */
const SWEEPS_PER_VALUE = 30;

/**
 * Turns `diagonal` into the eigenvalues, in no order; `coupling` (n elements, the last unused) is destroyed. The columns of
 * the store's target become target · Z; without a store only the eigenvalues are found.
 * @throws ConvergenceError naming `caller` when 30 n sweeps were not enough.
 */
export function tridiagonalQlInPlace(
  caller: string,
  diagonal: Float64Array,
  coupling: Float64Array,
  vectors: RotationSweeps | undefined,
): void {
  const n = diagonal.length;
  const maxSweeps = SWEEPS_PER_VALUE * n;
  let sweeps = 0;
  for (let l = 0; l < n; l++) {
    for (;;) {
      const m = endOfBlock(diagonal, coupling, l);
      if (m < n - 1) coupling[m] = 0;
      if (m === l) break;
      if (sweeps === maxSweeps) {
        throw new ConvergenceError(
          `${caller}: a: expected QL to converge within ${maxSweeps} sweeps, got ${n - l} eigenvalues left`,
          sweeps,
          Math.abs(coupling[l]!),
        );
      }
      sweeps++;
      qlSweepInPlace(diagonal, coupling, l, m, vectors);
    }
  }
  if (vectors !== undefined) applySweepsInPlace(vectors);
}

/** The smallest m ≥ l whose coupling to m + 1 is negligible. */
function endOfBlock(diagonal: Float64Array, coupling: Float64Array, l: number): number {
  let m = l;
  for (; m < diagonal.length - 1; m++) {
    const e = Math.abs(coupling[m]!);
    if (e * e <= EPSILON * Math.abs(diagonal[m]!) * (EPSILON * Math.abs(diagonal[m + 1]!)) + SAFE_MINIMUM) break;
  }
  return m;
}

/** One implicit sweep over the block l .. m, l < m. */
function qlSweepInPlace(
  diagonal: Float64Array,
  coupling: Float64Array,
  l: number,
  m: number,
  vectors: RotationSweeps | undefined,
): void {
  if (vectors !== undefined) openSweepInPlace(vectors, -1);
  let g = diagonal[m]! - wilkinsonShift(diagonal[l]!, diagonal[l + 1]!, coupling[l]!);
  let sine = 1;
  let cosine = 1;
  let shift = 0;
  for (let i = m - 1; i >= l; i--) {
    const f = sine * coupling[i]!;
    const b = cosine * coupling[i]!;
    const r = lengthOfPair(f, g);
    cosine = r === 0 ? 1 : g / r;
    sine = r === 0 ? 0 : f / r;
    if (i < m - 1) coupling[i + 1] = r;
    const corner = diagonal[i + 1]! - shift;
    const t = (diagonal[i]! - corner) * sine + 2 * cosine * b;
    shift = sine * t;
    diagonal[i + 1] = corner + shift;
    g = cosine * t - b;
    if (vectors !== undefined) setRotationInPlace(vectors, i, cosine, -sine);
  }
  diagonal[l] = diagonal[l]! - shift;
  coupling[l] = g;
  if (vectors !== undefined) closeSweepInPlace(vectors, l, m - 1);
}

/** The eigenvalue of [[a, e], [e, b]] nearer to a; e is not 0. */
function wilkinsonShift(a: number, b: number, e: number): number {
  const g = (b - a) / (2 * e);
  const r = Math.sqrt(g * g + 1);
  return a - e / (g + (g < 0 ? -r : r));
}
