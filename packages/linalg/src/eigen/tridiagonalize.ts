/**
 * Householder reduction of a symmetric matrix to tridiagonal form, A = Q T Qᵀ.
 *
 * | name     | shape  | meaning                                                                  |
 * |----------|--------|--------------------------------------------------------------------------|
 * | a        | [n, n] | row-major; only the lower triangle is read                               |
 * | diagonal | [n]    | of T                                                                     |
 * | coupling | [n]    | coupling[i] = T[i + 1, i]; the last element is 0                         |
 * | v_i      | [i]    | reflector that clears row i left of its subdiagonal; v_i[i − 1] = 1      |
 * | Q        | [n, n] | H_{n−1} ⋯ H_2 H_1, H_i acting on the first i coordinates                 |
 *
 * Rows are reduced from the last to the first, so that v_i is a stretch of row i and the part still to be reduced is the
 * leading i × i block: with p = τ A v and w = p − ½ τ (pᵀv) v, that block becomes A − v wᵀ − w vᵀ
 * (Golub & Van Loan, 4th ed., §8.3.1; Wilkinson & Reinsch, Handbook II/2, tred2).
 *
 * The update by one reflector and the product with the next are made in one pass over the triangle, two rows at a time,
 * as each needs the same elements: half the memory traffic of doing one after the other. Cost: 4n³/3 operations, and as
 * many again for Q. Backward stable: ‖A − Q T Qᵀ‖ ≤ c n ε ‖A‖.
 */

import { makeReflectorInPlace, reflectRowsInPlace } from '../orthogonal/householder.ts';
import { dot } from '../dense/vectorOps.ts';

export interface Tridiagonal {
  readonly diagonal: Float64Array;
  readonly coupling: Float64Array;
  /** [n, n]; row i holds v_i in its first i elements. The rest is of no meaning. */
  readonly reflectors: Float64Array;
  /** taus[i] belongs to v_i; taus[0] is 0. */
  readonly taus: Float64Array;
}

/** A rank-two change that is known but not yet made: block ← block − v wᵀ − w vᵀ. */
interface PendingUpdate {
  /** Where v starts in the matrix, or −1 when nothing is pending. */
  readonly vStart: number;
  readonly w: Float64Array;
}

/** Reduces the lower triangle of `a`; its memory becomes `reflectors`. */
export function tridiagonalizeInPlace(a: Float64Array, n: number): Tridiagonal {
  const diagonal = new Float64Array(n);
  const coupling = new Float64Array(n);
  const taus = new Float64Array(n);
  let pending: PendingUpdate = { vStart: -1, w: new Float64Array(n) };
  let product: Float64Array = new Float64Array(n);

  for (let i = n - 1; i >= 0; i--) {
    const row = i * n;
    updateRowInPlace(a, row, i, i + 1, pending);
    diagonal[i] = a[row + i]!;
    if (i === 0) break;
    const { tau, beta } = makeReflectorInPlace(a, row + i - 1, row, row + i - 1);
    coupling[i - 1] = beta;
    taus[i] = tau;

    multiplyWhileUpdatingInPlace(a, n, i, row, product, pending);
    if (tau === 0) product.fill(0, 0, i);
    else turnProductIntoUpdateInPlace(product, a, row, i, tau);
    const next: PendingUpdate = { vStart: row, w: product };
    product = pending.w;
    pending = next;
  }
  return { diagonal, coupling, reflectors: a, taus };
}

/** Qᵀ of the reduction, row-major [n, n]: Qᵀ = H_1 H_2 ⋯ H_{n−1}. */
export function formTransposedQ(tridiagonal: Tridiagonal): Float64Array {
  const { reflectors, taus } = tridiagonal;
  const n = taus.length;
  const result = new Float64Array(n * n);
  for (let i = 0; i < n; i++) result[i * n + i] = 1;
  // Rows in groups of four stay in cache while all reflectors pass; H_i leaves rows i and beyond as they are.
  for (let row = 0; row < n; row += 4) {
    const count = Math.min(4, n - row);
    for (let i = row + 1; i < n; i++) reflectRowsInPlace(result, row * n, count, n, reflectors, i * n, i, taus[i]!);
  }
  return result;
}

/** a[row, j] −= v_r w_j + w_r v_j for j < count. */
function updateRowInPlace(a: Float64Array, row: number, r: number, count: number, pending: PendingUpdate): void {
  const { vStart, w } = pending;
  if (vStart < 0) return;
  const vr = a[vStart + r]!;
  const wr = w[r]!;
  for (let j = 0; j < count; j++) a[row + j] = a[row + j]! - (vr * w[j]! + wr * a[vStart + j]!);
}

/**
 * Makes the pending update to the leading n' × n' triangle, n' = size, and in the same pass product ← A x, where x is the
 * reflector stored from xStart. The first pass has nothing pending and takes w = 0, v = x.
 */
function multiplyWhileUpdatingInPlace(
  a: Float64Array,
  n: number,
  size: number,
  xStart: number,
  product: Float64Array,
  pending: PendingUpdate,
): void {
  const { w } = pending;
  const vStart = pending.vStart < 0 ? xStart : pending.vStart;
  const vScale = pending.vStart < 0 ? 0 : 1;
  product.fill(0, 0, size);
  let r = 0;
  if (size % 2 === 1) {
    a[0] = a[0]! - 2 * vScale * a[vStart]! * w[0]!;
    product[0] = a[0] * a[xStart]!;
    r = 1;
  }
  for (; r < size; r += 2) updateAndMultiplyTwoRowsInPlace(a, r * n, n, r, xStart, product, vStart, w, vScale);
}

function updateAndMultiplyTwoRowsInPlace(
  a: Float64Array,
  row0: number,
  n: number,
  r: number,
  xStart: number,
  product: Float64Array,
  vStart: number,
  w: Float64Array,
  vScale: number,
): void {
  const row1 = row0 + n;
  const v0 = vScale * a[vStart + r]!;
  const v1 = vScale * a[vStart + r + 1]!;
  const w0 = w[r]!;
  const w1 = w[r + 1]!;
  const x0 = a[xStart + r]!;
  const x1 = a[xStart + r + 1]!;
  let sum0 = 0;
  let sum1 = 0;
  for (let j = 0; j < r; j++) {
    const vj = a[vStart + j]!;
    const wj = w[j]!;
    const xj = a[xStart + j]!;
    const a0 = a[row0 + j]! - (v0 * wj + w0 * vj);
    const a1 = a[row1 + j]! - (v1 * wj + w1 * vj);
    a[row0 + j] = a0;
    a[row1 + j] = a1;
    sum0 += a0 * xj;
    sum1 += a1 * xj;
    product[j] = product[j]! + (a0 * x0 + a1 * x1);
  }
  // The 2 × 2 block on the diagonal.
  const d0 = a[row0 + r]! - 2 * v0 * w0;
  const e = a[row1 + r]! - (v1 * w0 + w1 * v0);
  const d1 = a[row1 + r + 1]! - 2 * v1 * w1;
  a[row0 + r] = d0;
  a[row1 + r] = e;
  a[row1 + r + 1] = d1;
  product[r] = sum0 + d0 * x0 + e * x1;
  product[r + 1] = sum1 + e * x0 + d1 * x1;
}

/** product = A v becomes w = p − ½ τ (pᵀv) v with p = τ A v. */
function turnProductIntoUpdateInPlace(
  product: Float64Array,
  a: Float64Array,
  vStart: number,
  size: number,
  tau: number,
): void {
  const half = 0.5 * tau * tau * dot(product, 0, a, vStart, size);
  for (let j = 0; j < size; j++) product[j] = tau * product[j]! - half * a[vStart + j]!;
}
