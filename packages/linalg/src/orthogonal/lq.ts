/**
 * A = L Q with orthonormal rows of Q and L lower trapezoidal, k = min(m, n): the QR factorisation of Aᵀ, transposed.
 *
 * | name | shape  | meaning                                                   |
 * |------|--------|-----------------------------------------------------------|
 * | a    | [m, n] | any shape                                                 |
 * | l    | [m, k] | zero above the diagonal; its diagonal may have either sign |
 * | q    | [k, n] | Q Qᵀ = I                                                  |
 *
 * Aᵀ = Q̃ R̃ gives L = R̃ᵀ and Q = Q̃ᵀ (Golub & Van Loan, 4th ed., §5.6.2, solves underdetermined systems with it), with the
 * cost and the bounds of `qr`.
 */

import { referenceKernels, transpose } from '@rankwise/tensor';
import type { FloatDType, Tensor } from '@rankwise/tensor';
import { copyMatrix, matrixTensor, transposed } from '../dense/denseMatrix.ts';
import type { LinalgOptions } from '../dense/options.ts';
import { formOrthonormalRows } from './blockReflector.ts';
import { factorizeQr } from './qr.ts';

export interface Lq {
  /** [m, k], lower trapezoidal; ±Infinity where an element is beyond the doubles. */
  readonly l: Tensor<'f64'>;
  /** [k, n], orthonormal rows. */
  readonly q: Tensor<'f64'>;
}

/**
 * The thin LQ factorisation.
 * @param a - [m, n] f64 (f32 is promoted)
 * @returns l [m, k] and q [k, n], k = min(m, n)
 * @throws ShapeError when `a` does not have 2 axes.
 * @throws DomainError when `a` holds NaN or an infinity.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { lq } from '@rankwise/linalg';
 * const { l, q } = lq(fromNested('f64', [[0, 4], [2, 1]]));
 * toNested(l) // => [[-4, 0], [-1, -2]]
 * toNested(q) // => [[0, -1], [-1, 0]]
 */
export function lq(a: Tensor<FloatDType>, { kernels = referenceKernels }: LinalgOptions = {}): Lq {
  // Checked as it was given, so that an error names the element as the caller does.
  const given = matrixTensor(copyMatrix('lq', 'a', a));
  const { rows: n, columns: m, reflectors, taus, r } = factorizeQr('lq', 'a', transpose(given), kernels);
  const k = taus.length;
  const rows = formOrthonormalRows(kernels, { data: reflectors, taus, length: n, shift: 0 }, k);
  return {
    l: matrixTensor(transposed({ rows: k, columns: m, data: r.data })),
    q: matrixTensor({ rows: k, columns: n, data: rows }),
  };
}
