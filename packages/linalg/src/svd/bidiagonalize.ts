/**
 * Householder reduction of a tall matrix to upper bidiagonal form, A = U B Vᵀ.
 *
 * | name  | shape           | meaning                                                             |
 * |-------|-----------------|---------------------------------------------------------------------|
 * | a     | [m, n], m ≥ n   | row-major, destroyed                                                |
 * | main  | [n]             | diagonal of B                                                       |
 * | above | [n]             | above[i] = B[i, i + 1]; the last element is 0                       |
 * | left  | [n, m]          | row i holds the reflector that clears column i below the diagonal   |
 * | right | [n, n]          | row i holds the reflector that clears row i right of B[i, i + 1]    |
 *
 * Column i is copied out to be contiguous; both reflectors are then applied along rows. (Golub & Kahan 1965; Golub &
 * Van Loan, 4th ed., §5.4.8; LAPACK dgebd2.) Cost: 4n²(m − n/3) operations. Backward stable.
 */

import { makeReflectorInPlace, reflectColumnsInPlace, reflectRowsInPlace } from '../orthogonal/householder.ts';

export interface Bidiagonal {
  readonly main: Float64Array;
  readonly above: Float64Array;
  /** Row i counts from its element i on. */
  readonly left: Float64Array;
  readonly leftTaus: Float64Array;
  /** Row i counts from its element i + 1 on. */
  readonly right: Float64Array;
  readonly rightTaus: Float64Array;
}

/** Reduces `a` [m, n], m ≥ n. */
export function bidiagonalizeInPlace(a: Float64Array, m: number, n: number): Bidiagonal {
  const main = new Float64Array(n);
  const above = new Float64Array(n);
  const left = new Float64Array(n * m);
  const leftTaus = new Float64Array(n);
  const right = new Float64Array(n * n);
  const rightTaus = new Float64Array(n);
  const work = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const v = i * m + i;
    for (let row = i; row < m; row++) left[i * m + row] = a[row * n + i]!;
    const column = makeReflectorInPlace(left, v, v + 1, (i + 1) * m);
    main[i] = column.beta;
    leftTaus[i] = column.tau;
    if (i === n - 1) break;
    reflectColumnsInPlace(a, i * n + i + 1, n - i - 1, n, left, v, m - i, column.tau, work);

    const h = i * n + i + 1;
    right.set(a.subarray(h, (i + 1) * n), h);
    const row = makeReflectorInPlace(right, h, h + 1, (i + 1) * n);
    above[i] = row.beta;
    rightTaus[i] = row.tau;
    reflectRowsInPlace(a, h + n, m - i - 1, n, right, h, n - i - 1, row.tau);
  }
  return { main, above, left, leftTaus, right, rightTaus };
}
