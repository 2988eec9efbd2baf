/** Determinants of integer matrices in exact arithmetic: elimination without fractions (Bareiss 1968). */

import { at } from './matrix.ts';
import type { Matrix } from './matrix.ts';

/** det A of a square matrix of integers. */
export function exactDeterminant(a: Matrix): bigint {
  const [n = 0] = a.shape;
  const rows = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (__, j) => BigInt(at(a, i, j))));
  let sign = 1n;
  let previous = 1n;
  for (let k = 0; k < n - 1; k++) {
    const pivotRow = rows.findIndex((row, i) => i >= k && row[k] !== 0n);
    if (pivotRow < 0) return 0n;
    if (pivotRow !== k) {
      [rows[k], rows[pivotRow]] = [rows[pivotRow]!, rows[k]!];
      sign = -sign;
    }
    const [top, pivot] = [rows[k]!, rows[k]![k]!];
    for (let i = k + 1; i < n; i++) {
      const row = rows[i]!;
      const first = row[k]!;
      // Divides without a remainder: every element is a minor of A.
      for (let j = k + 1; j < n; j++) row[j] = (row[j]! * pivot - first * top[j]!) / previous;
    }
    previous = pivot;
  }
  return n === 0 ? 1n : sign * rows[n - 1]![n - 1]!;
}

/** log |x| of an integer that may be beyond the range of doubles; x is not 0. */
export function logOfInteger(x: bigint): number {
  const magnitude = x < 0n ? -x : x;
  const bits = magnitude.toString(2).length;
  const cut = Math.max(0, bits - 64);
  return Math.log(Number(magnitude >> BigInt(cut))) + cut * Math.LN2;
}
