/**
 * The singular value decomposition A = U diag(s) Vᵀ, thin: k = min(m, n).
 *
 * Scale by a power of two; turn a wide matrix on its side; take a QR factorisation first when there are many more rows
 * than columns (Chan 1982); reduce to bidiagonal form; iterate by implicit-shift QR with zero-shift sweeps; sort; fix signs.
 * (Golub & Kahan 1965; Golub & Van Loan, 4th ed., §8.6; LAPACK dgesvd.)
 *
 * The caller may rely on: s descending and not negative; orthonormal columns of U and V, also for zero singular values; in
 * each column of U the element of largest magnitude, the first of ties, is positive; ‖A − U diag(s) Vᵀ‖ below 30 max(m, n) ε ‖A‖;
 * singular values to ε ‖A‖ absolutely (jacobiSvd: relatively, where A determines them). Every iteration is capped.
 *
 * Cost, m = n: 8n³/3 for the reduction, as much for U and V, and some 6–10 n³ for the rotations.
 */

import { referenceKernels, tensorOf } from '@rankwise/tensor';
import type { FloatDType, Kernels, Tensor } from '@rankwise/tensor';
import { bidiagonalQrInPlace } from './bidiagonalQr.ts';
import { bidiagonalizeInPlace } from './bidiagonalize.ts';
import { applyColumnOrder, columnSigns, descendingOrder } from '../dense/columnOrder.ts';
import { copyMatrix, matrixTensor, scaleToSafeRangeInPlace, transposed, unscaleInPlace } from '../dense/denseMatrix.ts';
import type { DenseMatrix } from '../dense/denseMatrix.ts';
import type { LinalgOptions } from '../dense/options.ts';
import { formOrthonormalRows } from '../orthogonal/blockReflector.ts';
import { applyQ, factorizeQr } from '../orthogonal/qr.ts';
import { makeRotationSweeps } from '../orthogonal/rotationSweeps.ts';

/** Rows per column from which a QR factorisation first is cheaper (Chan 1982, with U and V wanted). */
const TALL_RATIO = 5 / 3;

/** A = U diag(s) Vᵀ, k = min(m, n). */
export interface Svd {
  /** [m, k], orthonormal columns. */
  readonly u: Tensor<'f64'>;
  /** [k], descending, none negative. */
  readonly s: Tensor<'f64'>;
  /** [n, k], orthonormal columns. */
  readonly v: Tensor<'f64'>;
}

interface Factors {
  readonly u: DenseMatrix;
  readonly s: Float64Array;
  readonly v: DenseMatrix;
}

/**
 * The thin singular value decomposition.
 * @param a - [m, n] f64 (f32 is promoted), any strides
 * @returns u [m, k], s [k] descending, v [n, k], k = min(m, n)
 * @throws ShapeError when `a` does not have 2 axes.
 * @throws DomainError when `a` holds NaN or an infinity.
 * @throws ConvergenceError when the iteration makes 6 k² rotations without an end; no such matrix is known.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { svd } from '@rankwise/linalg';
 * const { u, s, v } = svd(fromNested('f64', [[0, 2], [3, 0]]));
 * toNested(s) // => [3, 2]
 * toNested(u) // => [[0, 1], [1, 0]]
 * toNested(v) // => [[1, 0], [0, 1]]
 */
export function svd(a: Tensor<FloatDType>, { kernels = referenceKernels }: LinalgOptions = {}): Svd {
  const matrix = copyMatrix('svd', 'a', a);
  const power = scaleToSafeRangeInPlace(matrix.data);
  const isWide = matrix.rows < matrix.columns;
  const tall = tallFactors(isWide ? transposed(matrix) : matrix, kernels);
  const u = isWide ? tall.v : tall.u;
  const v = isWide ? tall.u : tall.v;
  // The iteration leaves signs on s: they move to V, and then U's sign rule moves to both.
  const order = descendingOrder(tall.s.map(Math.abs));
  const uSigns = columnSigns(u);
  const vSigns = uSigns.map((sign, j) => (tall.s[j]! < 0 ? -sign : sign));
  const s = Float64Array.from(order, (j) => Math.abs(tall.s[j]!));
  unscaleInPlace(s, power);
  return {
    u: matrixTensor(applyColumnOrder(u, order, uSigns)),
    s: tensorOf(s, [s.length]),
    v: matrixTensor(applyColumnOrder(v, order, vSigns)),
  };
}

/** Unsorted factors of a matrix with at least as many rows as columns, which is destroyed. */
function tallFactors(a: DenseMatrix, kernels: Kernels): Factors {
  const { rows: m, columns: n } = a;
  if (m > TALL_RATIO * n) {
    const factors = factorizeQr('svd', 'a', matrixTensor(a), kernels);
    const core = bidiagonalFactors({ rows: n, columns: n, data: factors.r.data }, kernels);
    const padded = new Float64Array(m * n);
    padded.set(core.u.data);
    const { data } = applyQ(factors, tensorOf(padded, [m, n]), { kernels });
    return { ...core, u: { rows: m, columns: n, data } };
  }
  return bidiagonalFactors(a, kernels);
}

function bidiagonalFactors(a: DenseMatrix, kernels: Kernels): Factors {
  const { rows: m, columns: n } = a;
  const { main, above, left, leftTaus, right, rightTaus } = bidiagonalizeInPlace(a.data, m, n);
  const u = transposed({
    rows: n,
    columns: m,
    data: formOrthonormalRows(kernels, { data: left, taus: leftTaus, length: m, shift: 0 }, n),
  });
  const v = transposed({
    rows: n,
    columns: n,
    data: formOrthonormalRows(kernels, { data: right, taus: rightTaus, length: n, shift: 1 }, n),
  });
  bidiagonalQrInPlace('svd', main, above, makeRotationSweeps(u.data, m, n), makeRotationSweeps(v.data, n, n));
  return { u, s: main, v };
}
