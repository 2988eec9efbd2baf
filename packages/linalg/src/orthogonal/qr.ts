/**
 * Householder QR: A = Q R with QᵀQ = I and R upper trapezoidal, k = min(m, n).
 *
 * | name | shape  | meaning                                                              |
 * |------|--------|----------------------------------------------------------------------|
 * | a    | [m, n] | any shape                                                            |
 * | q    | [m, k] | first k columns of Q = H_0 H_1 ⋯ H_{k−1}                             |
 * | r    | [k, n] | zero below the diagonal; its diagonal may have either sign           |
 *
 * The matrix is worked on transposed, so that a column, which a reflector is made of and acts on, lies contiguous. A panel
 * of 32 columns is reduced reflector by reflector, the columns behind it by the block of them, in matrix products (Golub &
 * Van Loan, 4th ed., §5.2.2–5.2.3; LAPACK dgeqrf, dorgqr). Cost: 2n²(m − n/3) operations for m ≥ n, as many again for q.
 *
 * The caller may rely on ‖A − QR‖ ≤ c m n ε ‖A‖ columnwise and ‖I − QᵀQ‖ ≤ c m ε, c a small constant, for any A.
 */

import { ShapeError, formatShape, referenceKernels, slice, tensorOf, transpose } from '@rankwise/tensor';
import type { FloatDType, Kernels, Tensor } from '@rankwise/tensor';
import { copyMatrix, matrixTensor, scaleToSafeRangeInPlace, transposed, unscaleInPlace } from '../dense/denseMatrix.ts';
import type { LinalgOptions } from '../dense/options.ts';
import { BLOCK, applyToColumnsInPlace, applyToRowsInPlace, blockOf, formOrthonormalRows } from './blockReflector.ts';
import type { ReflectorRows } from './blockReflector.ts';
import { makeReflectorInPlace, reflectRowsInPlace } from './householder.ts';

/** Q in factored form, and R. */
export interface QrFactors {
  readonly rows: number;
  readonly columns: number;
  /** [k, m]: row i holds v_i from its element i on, v_i[i] = 1. Elements before that are of no meaning. */
  readonly reflectors: Float64Array;
  /** [k]: τ_i; 0 means H_i = I. */
  readonly taus: Float64Array;
  /** [k, n]; ±Infinity where an element is beyond the doubles. */
  readonly r: Tensor<'f64'>;
}

export interface Qr {
  /** [m, k], orthonormal columns. */
  readonly q: Tensor<'f64'>;
  /** [k, n], upper trapezoidal; ±Infinity where an element is beyond the doubles. */
  readonly r: Tensor<'f64'>;
}

/**
 * The thin QR factorisation.
 * @param a - [m, n] f64 (f32 is promoted)
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
export function qr(a: Tensor<FloatDType>, { kernels = referenceKernels }: LinalgOptions = {}): Qr {
  const factors = factorizeQr('qr', 'a', a, kernels);
  return { q: thinQ(factors, { kernels }), r: factors.r };
}

/**
 * The QR factorisation with Q left as a product of reflectors.
 * @param a - [m, n] f64 (f32 is promoted)
 * @throws ShapeError when `a` does not have 2 axes.
 * @throws DomainError when `a` holds NaN or an infinity.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { qrFactors } from '@rankwise/linalg';
 * toNested(qrFactors(fromNested('f64', [[3], [4]])).r) // => [[-5]]
 */
export function qrFactors(a: Tensor<FloatDType>, { kernels = referenceKernels }: LinalgOptions = {}): QrFactors {
  return factorizeQr('qrFactors', 'a', a, kernels);
}

/** As qrFactors, with errors in the name of `caller`. */
export function factorizeQr(caller: string, argument: string, a: Tensor<FloatDType>, kernels: Kernels): QrFactors {
  const matrix = copyMatrix(caller, argument, a);
  const { rows: m, columns: n } = matrix;
  const k = Math.min(m, n);
  const power = scaleToSafeRangeInPlace(matrix.data);
  const { data } = transposed(matrix);
  const taus = new Float64Array(k);
  const r = new Float64Array(k * n);
  const reflectors: ReflectorRows = { data, taus, length: m, shift: 0 };
  const whole = tensorOf(data, [n, m]);
  for (let first = 0; first < k; first += BLOCK) {
    const last = Math.min(first + BLOCK, k);
    reducePanelInPlace(reflectors, r, n, first, last);
    if (last < n) {
      applyToRowsInPlace(kernels, blockOf(kernels, reflectors, first, last), slice(whole, [[last], [first]]), false);
      for (let j = last; j < n; j++) for (let i = first; i < last; i++) r[i * n + j] = data[j * m + i]!;
    }
  }
  unscaleInPlace(r, power);
  return {
    rows: m,
    columns: n,
    reflectors: data.subarray(0, k * m),
    taus,
    r: matrixTensor({ rows: k, columns: n, data: r }),
  };
}

/** Reduces the matrix columns first .. last − 1, reflector by reflector, and stores their part of R. */
function reducePanelInPlace(
  { data, taus, length: m }: ReflectorRows,
  r: Float64Array,
  n: number,
  first: number,
  last: number,
): void {
  for (let i = first; i < last; i++) {
    const start = i * m + i;
    const { tau, beta } = makeReflectorInPlace(data, start, start + 1, (i + 1) * m);
    taus[i] = tau;
    r[i * n + i] = beta;
    reflectRowsInPlace(data, start + m, last - i - 1, m, data, start, m - i, tau);
    for (let j = i + 1; j < last; j++) r[i * n + j] = data[j * m + i]!;
  }
}

/**
 * Q X or Qᵀ X with the full m × m orthogonal Q, which is never formed.
 * @param factors - from `qrFactors`
 * @param x - [m, columns] f64 (f32 is promoted)
 * @param options - `transposed: true` for Qᵀ X
 * @returns [m, columns], ±Infinity where an element is beyond the doubles; cost 4 m k operations a column
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
  x: Tensor<FloatDType>,
  options: LinalgOptions & { readonly transposed?: boolean } = {},
): Tensor<'f64'> {
  const { rows: m, reflectors: data, taus } = factors;
  const { kernels = referenceKernels, transposed: isTransposed = false } = options;
  if (x.shape.length === 2 && x.shape[0] !== m) {
    throw new ShapeError(`applyQ: x: expected ${m} rows, got shape ${formatShape(x.shape)}`);
  }
  // Transposed, so that each column, at a scale of its own, lies contiguous.
  const columns = transposed(copyMatrix('applyQ', 'x', x));
  const views = Array.from({ length: columns.rows }, (_, j) => columns.data.subarray(j * m, (j + 1) * m));
  const powers = views.map(scaleToSafeRangeInPlace);
  const result = transpose(matrixTensor(columns));
  const count = Math.ceil(taus.length / BLOCK);
  for (let step = 0; step < count; step++) {
    const first = (isTransposed ? step : count - 1 - step) * BLOCK;
    const last = Math.min(first + BLOCK, taus.length);
    const block = blockOf(kernels, { data, taus, length: m, shift: 0 }, first, last);
    applyToColumnsInPlace(kernels, block, slice(result, [[first]]), isTransposed);
  }
  views.forEach((view, j) => unscaleInPlace(view, powers[j]!));
  return matrixTensor(transposed(columns));
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
export function thinQ(factors: QrFactors, { kernels = referenceKernels }: LinalgOptions = {}): Tensor<'f64'> {
  const { rows: m, reflectors: data, taus } = factors;
  const rows = formOrthonormalRows(kernels, { data, taus, length: m, shift: 0 }, taus.length);
  return matrixTensor(transposed({ rows: taus.length, columns: m, data: rows }));
}
