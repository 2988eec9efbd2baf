/**
 * Singular values by one-sided Jacobi rotations, A = U diag(s) Vᵀ: the second, independent algorithm beside svd.
 *
 * Pairs of columns are rotated until all are orthogonal: with γ = cos∠(x_p, x_q) and ζ = (‖x_q‖/‖x_p‖ − ‖x_p‖/‖x_q‖) / 2γ,
 *
 *     t = sign(ζ) / (|ζ| + √(1 + ζ²)),  c = 1/√(1 + t²),  s = c t,  (x_p, x_q) ← (c x_p − s x_q, s x_p + c x_q).
 *
 * The norms are then the singular values and the normalised columns U; the rotations make up V.
 * (Hestenes 1958; Golub & Van Loan, 4th ed., §8.6.3; de Rijk 1989; LAPACK dgesvj.)
 *
 * The caller may rely on the relative accuracy of every singular value when A = B D with D diagonal and B well conditioned:
 * |ŝ − s| ≤ c κ(B) ε s (Demmel & Veselić 1992). It converges quadratically, in 5 to 10 sweeps of n²/2 rotations at 10 m or
 * more operations each, several times the cost of svd.
 */

import { ConvergenceError, tensorOf } from '@rankwise/tensor';
import type { FloatDType, Tensor } from '@rankwise/tensor';
import { applyColumnOrder, columnSigns, descendingOrder } from '../dense/columnOrder.ts';
import {
  EPSILON,
  SAFE_MINIMUM,
  copyMatrix,
  identityData,
  matrixTensor,
  scaleToSafeRangeInPlace,
  transposed,
  unscaleInPlace,
} from '../dense/denseMatrix.ts';
import type { DenseMatrix } from '../dense/denseMatrix.ts';
import { completeOrthonormalRowsInPlace } from '../orthogonal/orthonormalCompletion.ts';
import type { Svd } from './svd.ts';
import { dot, norm2 } from '../dense/vectorOps.ts';

/** dgesvj's cap; 10 sweeps are many. */
const MAX_SWEEPS = 30;

/** Norms whose product can be formed: below it, columns are scaled before their cosine is taken. */
const SMALLEST_PLAIN_NORM = 2 ** -480;

/** Columns this small beside a largest element near 1 count as zero: ratios of norms could overflow. */
const NEGLIGIBLE_NORM = SAFE_MINIMUM / EPSILON;

/**
 * The thin singular value decomposition by one-sided Jacobi.
 * @param a - [m, n] f64 (f32 is promoted)
 * @returns u [m, k], s [k] descending, v [n, k], k = min(m, n); signs as in `svd`
 * @throws ShapeError when `a` does not have 2 axes.
 * @throws DomainError when `a` holds NaN or an infinity.
 * @throws ConvergenceError when 30 sweeps were not enough.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { jacobiSvd } from '@rankwise/linalg';
 * toNested(jacobiSvd(fromNested('f64', [[0, 2], [3, 0]])).s) // => [3, 2]
 */
export function jacobiSvd(a: Tensor<FloatDType>): Svd {
  const matrix = copyMatrix('jacobiSvd', 'a', a);
  const isWide = matrix.rows < matrix.columns;
  const power = scaleToSafeRangeInPlace(matrix.data);
  // Rows of x are the columns of the taller of A and Aᵀ.
  const x = isWide ? matrix : transposed(matrix);
  const k = x.rows;
  const rotations: DenseMatrix = { rows: k, columns: k, data: identityData(k) };
  const norms = orthogonalizeRowsInPlace(x, rotations);
  const missing = normalizeRowsInPlace(x, norms);
  completeOrthonormalRowsInPlace(x, missing);

  const order = descendingOrder(norms);
  const s = Float64Array.from(order, (j) => norms[j]!);
  unscaleInPlace(s, power);
  const [left, right] = isWide ? [transposed(rotations), transposed(x)] : [transposed(x), transposed(rotations)];
  const signs = columnSigns(left);
  return {
    u: matrixTensor(applyColumnOrder(left, order, signs)),
    s: tensorOf(s, [k]),
    v: matrixTensor(applyColumnOrder(right, order, signs)),
  };
}

/** Rotates rows of x until all pairs are orthogonal to working precision, rows of `rotations` along; returns x's norms. */
function orthogonalizeRowsInPlace(x: DenseMatrix, rotations: DenseMatrix): Float64Array {
  const { rows: k, columns: m, data } = x;
  const tolerance = Math.sqrt(Math.max(m, 1)) * EPSILON;
  const norms = Float64Array.from({ length: k }, (_, p) => norm2(data, p * m, m));
  // Running estimates of the rounding errors in each row.
  const noise = new Float64Array(k);
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    let worst = 0;
    for (let p = 0; p < k - 1; p++) {
      for (let q = p + 1; q < k; q++) {
        const np = norms[p]!;
        const nq = norms[q]!;
        if (np <= NEGLIGIBLE_NORM || nq <= NEGLIGIBLE_NORM) continue;
        const cosine = cosineOfRows(data, p * m, np, q * m, nq, m);
        worst = Math.max(worst, Math.abs(cosine));
        if (Math.abs(cosine) <= tolerance) continue;
        const zeta = (nq / np - np / nq) / (2 * cosine);
        const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
        const c = 1 / Math.sqrt(1 + t * t);
        rotateRowsInPlace(data, p * m, q * m, m, c, c * t);
        rotateRowsInPlace(rotations.data, p * k, q * k, k, c, c * t);
        const [noiseP, noiseQ] = [noise[p]!, noise[q]!];
        noise[p] = rotatedNoise(c, c * t, noiseP, noiseQ, np, nq);
        noise[q] = rotatedNoise(c, c * t, noiseQ, noiseP, nq, np);
        norms[p] = normAboveNoise(data, p * m, m, noise[p]!);
        norms[q] = normAboveNoise(data, q * m, m, noise[q]!);
      }
    }
    if (worst <= tolerance) return norms;
    if (sweep === MAX_SWEEPS - 1) {
      throw new ConvergenceError(
        `jacobiSvd: a: expected columns orthogonal to ${tolerance} within ${MAX_SWEEPS} sweeps, got cosine ${worst}`,
        MAX_SWEEPS,
        worst,
      );
    }
  }
  return norms;
}

/** Divides each row by its norm; rows that count as zero become zero, as do their norms, and are listed. */
function normalizeRowsInPlace(x: DenseMatrix, norms: Float64Array): number[] {
  const { rows, columns, data } = x;
  const missing: number[] = [];
  for (let p = 0; p < rows; p++) {
    const norm = norms[p]!;
    if (norm <= NEGLIGIBLE_NORM) {
      missing.push(p);
      norms[p] = 0;
      data.fill(0, p * columns, (p + 1) * columns);
    } else {
      for (let j = p * columns; j < (p + 1) * columns; j++) data[j] = data[j]! / norm;
    }
  }
  return missing;
}

function cosineOfRows(
  data: Float64Array,
  rowP: number,
  normP: number,
  rowQ: number,
  normQ: number,
  length: number,
): number {
  if (normP > SMALLEST_PLAIN_NORM && normQ > SMALLEST_PLAIN_NORM) {
    return dot(data, rowP, data, rowQ, length) / normP / normQ;
  }
  let sum = 0;
  for (let j = 0; j < length; j++) sum += (data[rowP + j]! / normP) * (data[rowQ + j]! / normQ);
  return sum;
}

/**
 * The norm of a row, or 0 after clearing it when nothing but rounding errors is left: in a rank-deficient matrix such rows
 * stay at an angle to the others, and would shrink by rotation after rotation down to the smallest double.
 */
function normAboveNoise(data: Float64Array, row: number, length: number, noise: number): number {
  const norm = norm2(data, row, length);
  if (norm > noise) return norm;
  data.fill(0, row, row + length);
  return 0;
}

/**
 * Rounding errors in c x − s y: those of x and y, and ε times the two terms, taken as independent. (Added as magnitudes they
 * would double with every few rotations, though a rotation makes nothing longer.)
 */
function rotatedNoise(c: number, s: number, noiseX: number, noiseY: number, normX: number, normY: number): number {
  return Math.sqrt((c * noiseX) ** 2 + (s * noiseY) ** 2 + (EPSILON * c * normX) ** 2 + (EPSILON * s * normY) ** 2);
}

function rotateRowsInPlace(data: Float64Array, p: number, q: number, length: number, c: number, s: number): void {
  for (let j = 0; j < length; j++) {
    const xp = data[p + j]!;
    const xq = data[q + j]!;
    data[p + j] = c * xp - s * xq;
    data[q + j] = s * xp + c * xq;
  }
}
