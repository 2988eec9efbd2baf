/**
 * Dimensionless residuals after LAPACK (dsyt21, dbdt01, dqrt01, dort01): how many times n ε a result is off, in the 1-norm.
 *
 * A backward stable algorithm has ratios near 1, whatever the size and the scale of the matrix; 30 is LAPACK's own threshold.
 * `expectRatio` compares and keeps the worst ratio of each check and kind.
 */

import { transpose } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import { at, identityMatrix, largestOf, matrixFrom, multiply } from './matrix.ts';
import type { Matrix } from './matrix.ts';

export { THRESHOLD, expectRatio } from './worstRatios.ts';
export type { CaseName } from './worstRatios.ts';

const EPSILON = Number.EPSILON;

/** Largest sum of magnitudes of a column; NaN when an element is NaN. */
export function norm1(a: Matrix): number {
  const [m = 0, n = 0] = a.shape;
  let largest = 0;
  for (let j = 0; j < n; j++) {
    let sum = 0;
    for (let i = 0; i < m; i++) sum += Math.abs(at(a, i, j));
    largest = Math.max(largest, sum);
  }
  return largest;
}

export function normFrobenius(a: Matrix): number {
  const [m = 0, n = 0] = a.shape;
  let sum = 0;
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) sum += at(a, i, j) ** 2;
  return Math.sqrt(sum);
}

export function difference(a: Matrix, b: Matrix): Matrix {
  const [m = 0, n = 0] = a.shape;
  if (b.shape[0] !== m || b.shape[1] !== n) throw new Error(`expected shape [${a.shape}], got [${b.shape}]`);
  return matrixFrom(m, n, (i, j) => at(a, i, j) - at(b, i, j));
}

/**
 * ‖A − L diag(values) R‖ / (‖A‖ max(m, n) ε). A and the values are first divided by A's largest element, so that extremes
 * of scale neither overflow nor vanish in the products.
 */
export function factorizationRatio(a: Matrix, left: Matrix, values: Float64Array, right: Matrix): number {
  const [m = 0] = a.shape;
  const unit = unitOf(a);
  const weighted = matrixFrom(m, values.length, (i, j) => at(left, i, j) * (values[j]! / unit));
  return unitRatio(a, multiply(weighted, right), unit);
}

/** ‖A − Q R‖ / (‖A‖ max(m, n) ε) where R carries A's scale: both are first divided by A's largest element. */
export function orthogonalFactorRatio(a: Matrix, q: Matrix, r: Matrix): number {
  const [k = 0, n = 0] = r.shape;
  const unit = unitOf(a);
  return unitRatio(
    a,
    multiply(
      q,
      matrixFrom(k, n, (i, j) => at(r, i, j) / unit),
    ),
    unit,
  );
}

/** ‖A − L R‖ / (‖A‖ max(m, n) ε); ε is coarser where A is subnormal. */
export function productRatio(a: Matrix, left: Matrix, right: Matrix): number {
  const [m = 0, n = 0] = a.shape;
  const norm = norm1(a);
  return quotient(norm1(difference(a, multiply(left, right))), norm * dimension(m, n) * ulpOf(norm));
}

/** ‖I − QᵀQ‖ / (m ε). */
export function orthogonalityRatio(q: Matrix): number {
  const [m = 0, n = 0] = q.shape;
  return quotient(norm1(difference(identityMatrix(n), multiply(transpose(q), q))), Math.max(m, 1) * EPSILON);
}

/** ‖B − A X‖ / (‖A‖ ‖X‖ n ε): how far X is from solving a system near A X = B. */
export function solutionRatio(a: Matrix, x: Matrix, b: Matrix): number {
  const [n = 0] = a.shape;
  return quotient(norm1(difference(b, multiply(a, x))), norm1(a) * norm1(x) * Math.max(n, 1) * EPSILON);
}

/** max |x_i − y_i| / (max |x_i| n ε), for values that two backward stable algorithms found. */
export function valuesRatio(x: Float64Array, y: Float64Array): number {
  if (y.length !== x.length) throw new Error(`expected ${x.length} values, got ${y.length}`);
  let distance = 0;
  let largest = 0;
  for (let i = 0; i < x.length; i++) {
    distance = Math.max(distance, Math.abs(x[i]! - y[i]!));
    largest = Math.max(largest, Math.abs(x[i]!), Math.abs(y[i]!));
  }
  return quotient(distance, largest * Math.max(x.length, 1) * ulpOf(largest));
}

/** |x − y| / (scale · terms · ε), for single numbers whose error is some roundings of a number of this scale. */
export function scalarRatio(x: number, y: number, scale: number, terms: number): number {
  return quotient(Math.abs(x - y), Math.abs(scale) * Math.max(terms, 1) * EPSILON);
}

/** ‖A − B‖_F / (scale · terms · ε). */
export function distanceRatio(a: Matrix, b: Matrix, scale: number, terms: number): number {
  return quotient(normFrobenius(difference(a, b)), scale * Math.max(terms, 1) * EPSILON);
}

/** True for the elements of a tensor of values in descending order. */
export function isDescending(values: Tensor<'f64'>): boolean {
  return values.data.every((value, i) => i === 0 || values.data[i - 1]! >= value);
}

/** Sign rule of all vectors: in each column the element of largest magnitude, the first of ties, is positive (or 0). */
export function hasPositiveLargest(vectors: Matrix): boolean {
  const [m = 0, n = 0] = vectors.shape;
  for (let j = 0; j < n; j++) {
    let largest = 0;
    for (let i = 0; i < m; i++) if (Math.abs(at(vectors, i, j)) > Math.abs(largest)) largest = at(vectors, i, j);
    if (largest < 0) return false;
  }
  return true;
}

/** 0 / 0 counts as 0: nothing was to be found and nothing is off. */
function quotient(error: number, unit: number): number {
  return error === 0 ? 0 : error / unit;
}

function dimension(m: number, n: number): number {
  return Math.max(m, n, 1);
}

/** ε, or the relative spacing of doubles near `scale` where that is coarser: subnormal numbers have fewer digits. */
function ulpOf(scale: number): number {
  return Math.max(EPSILON, scale === 0 ? 0 : Number.MIN_VALUE / scale);
}

/** The largest magnitude in A, 1 for a zero matrix. */
function unitOf(a: Matrix): number {
  return largestOf(a) || 1;
}

/** ‖A / unit − product‖ / (‖A / unit‖ max(m, n) ε). */
function unitRatio(a: Matrix, product: Matrix, unit: number): number {
  const [m = 0, n = 0] = a.shape;
  const aUnit = matrixFrom(m, n, (i, j) => at(a, i, j) / unit);
  return quotient(norm1(difference(aUnit, product)), norm1(aUnit) * dimension(m, n) * ulpOf(unit));
}
