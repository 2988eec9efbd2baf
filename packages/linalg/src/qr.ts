/**
 * Householder QR: A = Q R with QᵀQ = I and R upper trapezoidal, k = min(m, n).
 *
 * | name | shape  | meaning                                                              |
 * |------|--------|----------------------------------------------------------------------|
 * | a    | [m, n] | any shape                                                            |
 * | q    | [m, k] | first k columns of Q = H_0 H_1 ⋯ H_{k−1}                             |
 * | r    | [k, n] | zero below the diagonal; its diagonal may have either sign           |
 *
 * The matrix is worked on transposed, so that a column, which a reflector is made of and acts on, lies contiguous
 * (Golub & Van Loan, 4th ed., §5.2.2; LAPACK dgeqr2, dorg2r). Cost: 2n²(m − n/3) operations for m ≥ n, as many again for q.
 *
 * The caller may rely on ‖A − QR‖ ≤ c m n ε ‖A‖ columnwise and ‖I − QᵀQ‖ ≤ c m ε, c a small constant, for any A.
 */

import { ShapeError, formatShape } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import { copyMatrix, matrixTensor, scaleToSafeRangeInPlace, transposed, unscaleInPlace } from './denseMatrix.ts';
import { formOrthonormalRows, makeReflectorInPlace, reflectColumnsInPlace, reflectRowsInPlace } from './householder.ts';

/** Q in factored form, and R. */
export interface QrFactors {
  readonly rows: number;
  readonly columns: number;
  /** [k, m]: row i holds v_i from its element i on, v_i[i] = 1. Elements before that are of no meaning. */
  readonly reflectors: Float64Array;
  /** [k]: τ_i; 0 means H_i = I. */
  readonly taus: Float64Array;
  /** [k, n]. */
  readonly r: Tensor<'f64'>;
}

export interface Qr {
  /** [m, k], orthonormal columns. */
  readonly q: Tensor<'f64'>;
  /** [k, n], upper trapezoidal. */
  readonly r: Tensor<'f64'>;
}

/**
 * The thin QR factorisation.
 * @param a - [m, n] f64
 * @returns q [m, k] and r [k, n], k = min(m, n)
 * @throws ShapeError when `a` does not have 2 axes.
 * @throws DomainError when `a` holds NaN or an infinity.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { qr } from '@rankwise/linalg';
 * const { q, r } = qr(fromNested('f64', [[0, 2], [4, 1]]));
 * toNested(r) // => [[-4, -1], [0, -2]]
 * toNested(q) // => [[0, -1], [-1, 0]]
 */
export function qr(a: Tensor<'f64'>): Qr {
  const factors = qrFactors(a, 'qr');
  return { q: thinQ(factors), r: factors.r };
}

/**
 * The QR factorisation with Q left as a product of reflectors.
 * @param a - [m, n] f64
 * @param caller - name used in error messages
 * @throws ShapeError when `a` does not have 2 axes.
 * @throws DomainError when `a` holds NaN or an infinity.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { qrFactors } from '@rankwise/linalg';
 * toNested(qrFactors(fromNested('f64', [[3], [4]])).r) // => [[-5]]
 */
export function qrFactors(a: Tensor<'f64'>, caller = 'qrFactors'): QrFactors {
  const matrix = copyMatrix(caller, 'a', a);
  const { rows: m, columns: n } = matrix;
  const k = Math.min(m, n);
  const power = scaleToSafeRangeInPlace(matrix.data);
  const { data: columns } = transposed(matrix);
  const taus = new Float64Array(k);
  const r = new Float64Array(k * n);
  for (let i = 0; i < k; i++) {
    const start = i * m + i;
    const { tau, beta } = makeReflectorInPlace(columns, start, start + 1, (i + 1) * m);
    taus[i] = tau;
    r[i * n + i] = beta;
    reflectRowsInPlace(columns, start + m, n - i - 1, m, columns, start, m - i, tau);
    for (let j = i + 1; j < n; j++) r[i * n + j] = columns[j * m + i]!;
  }
  unscaleInPlace(r, power);
  return {
    rows: m,
    columns: n,
    reflectors: columns.subarray(0, k * m),
    taus,
    r: matrixTensor({ rows: k, columns: n, data: r }),
  };
}

/**
 * Q X or Qᵀ X with the full m × m orthogonal Q, which is never formed.
 * @param factors - from `qrFactors`
 * @param x - [m, columns] f64
 * @param options - `transposed: true` for Qᵀ X
 * @returns [m, columns]; cost 4 m k operations a column
 * @throws ShapeError when `x` does not have m rows.
 * @throws DomainError when `x` holds NaN or an infinity.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { applyQ, qrFactors } from '@rankwise/linalg';
 * const factors = qrFactors(fromNested('f64', [[0], [4]]));
 * toNested(applyQ(factors, fromNested('f64', [[1], [2]]), { transposed: true })) // => [[-2], [-1]]
 */
export function applyQ(
  factors: QrFactors,
  x: Tensor<'f64'>,
  options: { readonly transposed?: boolean } = {},
): Tensor<'f64'> {
  const { rows: m, reflectors, taus } = factors;
  if (x.shape.length === 2 && x.shape[0] !== m) {
    throw new ShapeError(`applyQ: x: expected ${m} rows, got shape ${formatShape(x.shape)}`);
  }
  const result = copyMatrix('applyQ', 'x', x);
  const { columns: count, data } = result;
  const work = new Float64Array(count);
  const k = taus.length;
  for (let step = 0; step < k; step++) {
    const i = options.transposed === true ? step : k - 1 - step;
    reflectColumnsInPlace(data, i * count, count, count, reflectors, i * m + i, m - i, taus[i]!, work);
  }
  return matrixTensor(result);
}

/**
 * The first k columns of Q.
 * @param factors - from `qrFactors`
 * @returns [m, k]
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { qrFactors, thinQ } from '@rankwise/linalg';
 * toNested(thinQ(qrFactors(fromNested('f64', [[0], [4]])))) // => [[0], [-1]]
 */
export function thinQ(factors: QrFactors): Tensor<'f64'> {
  const { rows: m, reflectors, taus } = factors;
  const k = taus.length;
  return matrixTensor(transposed({ rows: k, columns: m, data: formOrthonormalRows(reflectors, taus, k, m, 0) }));
}
