/**
 * Elementary reflectors H = I − τ v vᵀ with v's pivot element 1, and their application.
 *
 *     H (x_pivot, x_rest)ᵀ = (β, 0)ᵀ,   β = −sign(x_pivot) ‖x‖₂,   τ = (β − x_pivot) / β,   v_rest = x_rest / (x_pivot − β)
 *
 * H is symmetric and orthogonal; 1 ≤ τ ≤ 2, or τ = 0 and H = I when x_rest = 0 already. The sign of β avoids cancellation in
 * x_pivot − β (Golub & Van Loan, 4th ed., §5.1.2–5.1.3; LAPACK dlarfg). Applying H to a row of length n costs 4n operations.
 *
 * v is stored over x, with its 1 written out, contiguous in memory. Zeros of v outside its range are not stored.
 */

import { EPSILON, SAFE_MINIMUM } from '../dense/denseMatrix.ts';
import { dot, norm2 } from '../dense/vectorOps.ts';

/** Below this, 1 / (x_pivot − β) may overflow and v lose digits: the vector is scaled up first (dlarfg's safmin). */
const SMALLEST_SAFE_NORM = SAFE_MINIMUM / (EPSILON / 2);

export interface Reflector {
  readonly tau: number;
  readonly beta: number;
}

/**
 * Makes the reflector that maps x = (data[pivot], data[from .. to)) to a multiple of the pivot's unit vector, and stores
 * v over x. `pivot` lies outside [from, to). Right for any x with 2 ‖x‖₂ below overflow.
 */
export function makeReflectorInPlace(data: Float64Array, pivot: number, from: number, to: number): Reflector {
  const alpha = data[pivot]!;
  data[pivot] = 1;
  let restNorm = norm2(data, from, to - from);
  if (restNorm === 0) return { tau: 0, beta: alpha };

  let head = alpha;
  // dlarfg scales in a loop, for any arithmetic; in doubles it ends after one round: 2^-1074, the smallest, becomes 2^-105,
  // which is above the threshold, and what is below 2^-969 stays below 1. The scaling is exact.
  const tiny = Math.hypot(head, restNorm) < SMALLEST_SAFE_NORM;
  if (tiny) {
    scaleInPlace(data, from, to, 1 / SMALLEST_SAFE_NORM);
    head /= SMALLEST_SAFE_NORM;
    restNorm = norm2(data, from, to - from);
  }
  const norm = Math.hypot(head, restNorm);
  const scaledBeta = head < 0 ? norm : -norm;
  const tau = (scaledBeta - head) / scaledBeta;
  scaleInPlace(data, from, to, 1 / (head - scaledBeta));
  const beta = tiny ? scaledBeta * SMALLEST_SAFE_NORM : scaledBeta;
  return { tau, beta };
}

/**
 * Each of `count` rows x of `data` becomes x H. Row i starts at start + i · stride; v has `length` elements from vStart.
 * Four rows share one pass over v.
 */
export function reflectRowsInPlace(
  data: Float64Array,
  start: number,
  count: number,
  stride: number,
  v: Float64Array,
  vStart: number,
  length: number,
  tau: number,
): void {
  if (tau === 0) return;
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    reflectFourRowsInPlace(data, start + i * stride, stride, v, vStart, length, tau);
  }
  for (; i < count; i++) {
    const row = start + i * stride;
    const scale = tau * dot(data, row, v, vStart, length);
    for (let j = 0; j < length; j++) data[row + j] = data[row + j]! - scale * v[vStart + j]!;
  }
}

/**
 * The `length` × `columns` block of `data` becomes H times itself, H from v (`length` elements from vStart).
 * Rows are combined whole, so memory is read along rows. `work` holds at least `columns` elements.
 */
export function reflectColumnsInPlace(
  data: Float64Array,
  start: number,
  columns: number,
  stride: number,
  v: Float64Array,
  vStart: number,
  length: number,
  tau: number,
  work: Float64Array,
): void {
  if (tau === 0 || columns === 0) return;
  work.fill(0, 0, columns);
  for (let i = 0; i < length; i++) {
    const scale = v[vStart + i]!;
    const row = start + i * stride;
    for (let j = 0; j < columns; j++) work[j] = work[j]! + scale * data[row + j]!;
  }
  for (let i = 0; i < length; i++) {
    const scale = tau * v[vStart + i]!;
    const row = start + i * stride;
    for (let j = 0; j < columns; j++) data[row + j] = data[row + j]! - scale * work[j]!;
  }
}

function reflectFourRowsInPlace(
  data: Float64Array,
  row0: number,
  stride: number,
  v: Float64Array,
  vStart: number,
  length: number,
  tau: number,
): void {
  const row1 = row0 + stride;
  const row2 = row1 + stride;
  const row3 = row2 + stride;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let j = 0; j < length; j++) {
    const vj = v[vStart + j]!;
    s0 += data[row0 + j]! * vj;
    s1 += data[row1 + j]! * vj;
    s2 += data[row2 + j]! * vj;
    s3 += data[row3 + j]! * vj;
  }
  s0 *= tau;
  s1 *= tau;
  s2 *= tau;
  s3 *= tau;
  for (let j = 0; j < length; j++) {
    const vj = v[vStart + j]!;
    data[row0 + j] = data[row0 + j]! - s0 * vj;
    data[row1 + j] = data[row1 + j]! - s1 * vj;
    data[row2 + j] = data[row2 + j]! - s2 * vj;
    data[row3 + j] = data[row3 + j]! - s3 * vj;
  }
}

function scaleInPlace(data: Float64Array, from: number, to: number, factor: number): void {
  for (let i = from; i < to; i++) data[i] = data[i]! * factor;
}
