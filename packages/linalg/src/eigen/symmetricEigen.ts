/**
 * Eigenvalues and eigenvectors of a symmetric matrix, A = V diag(λ) Vᵀ, VᵀV = I.
 *
 * Scale to a safe range by a power of two; reduce to tridiagonal form by Householder reflectors; iterate by implicit QL;
 * sort; fix signs; scale back. (Golub & Van Loan, 4th ed., §8.3; LAPACK dsyev.)
 *
 * The caller may rely on: λ descending; column j of V belongs to λ_j; in each column the element of largest magnitude, the
 * first of ties, is positive; only the lower triangle (column ≤ row) enters the result; ‖A − V diag(λ) Vᵀ‖ and
 * ‖I − VᵀV‖ are below 30 n ε times ‖A‖ and 1, and near 1 n ε in practice. Eigenvalues much smaller than the largest have
 * absolute accuracy ε ‖A‖ only; jacobiEigen finds them to relative accuracy where A determines them.
 *
 * Cost: 4n³/3 for the reduction, as much for Q, and some 3–5 n³ for the rotations; memory 3n².
 */

import { DomainError, referenceKernels, tensorOf } from '@rankwise/tensor';
import type { FloatDType, Kernels, Tensor } from '@rankwise/tensor';
import {
  copySquareMatrix,
  matrixTensor,
  maxAbs,
  scaleToSafeRangeInPlace,
  transposed,
  unscaleInPlace,
} from '../dense/denseMatrix.ts';
import type { DenseMatrix } from '../dense/denseMatrix.ts';
import type { LinalgOptions } from '../dense/options.ts';
import { applyColumnOrderAndSigns, descendingOrder } from '../dense/columnOrder.ts';
import { makeRotationSweeps } from '../orthogonal/rotationSweeps.ts';
import { formTransposedQ, tridiagonalizeInPlace } from './tridiagonalize.ts';
import { tridiagonalQlInPlace } from './tridiagonalQl.ts';

/**
 * Asymmetry forgiven, relative to the largest element. Two sums of the same 2^20 products in different orders differ by up
 * to 2 γ_N ≈ 2^20 · 2^-52 of Σ|x_i y_i|, which a diagonal element bounds (Cauchy and Schwarz).
 */
export const SYMMETRY_TOLERANCE = 2 ** -32;

export interface SymmetricEigen {
  /** [n], descending. */
  readonly values: Tensor<'f64'>;
  /** [n, n], orthogonal; column j belongs to values[j]. */
  readonly vectors: Tensor<'f64'>;
}

/**
 * All eigenvalues and eigenvectors of a symmetric matrix.
 * @param a - [n, n] f64 (f32 is promoted), any strides; the lower triangle is read
 * @throws ShapeError when `a` is not square.
 * @throws DomainError when `a` holds NaN or an infinity, or differs from its transpose by more than 2^-32 of its largest
 * element (the message says by how much).
 * @throws ConvergenceError when QL makes 30 n sweeps without an end; no such matrix is known.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { symmetricEigen } from '@rankwise/linalg';
 * const { values, vectors } = symmetricEigen(fromNested('f64', [[2, 0], [0, 3]]));
 * toNested(values) // => [3, 2]
 * toNested(vectors) // => [[0, 1], [1, 0]]
 */
export function symmetricEigen(
  a: Tensor<FloatDType>,
  { kernels = referenceKernels }: LinalgOptions = {},
): SymmetricEigen {
  return eigenOfSymmetric('symmetricEigen', 'a', a, kernels);
}

/** As symmetricEigen, with errors in the name of `caller`. */
export function eigenOfSymmetric(
  caller: string,
  argument: string,
  a: Tensor<FloatDType>,
  _kernels: Kernels,
): SymmetricEigen {
  const matrix = copySymmetricMatrix(caller, argument, a);
  const n = matrix.rows;
  const power = scaleToSafeRangeInPlace(matrix.data);
  const tridiagonal = tridiagonalizeInPlace(matrix.data, n);
  const q = transposed({ rows: n, columns: n, data: formTransposedQ(tridiagonal) });
  const { diagonal, coupling } = tridiagonal;
  tridiagonalQlInPlace(caller, diagonal, coupling, makeRotationSweeps(q.data, n, n));

  const order = descendingOrder(diagonal);
  const values = Float64Array.from(order, (j) => diagonal[j]!);
  unscaleInPlace(values, power);
  return { values: tensorOf(values, [n]), vectors: matrixTensor(applyColumnOrderAndSigns(q, order)) };
}

/**
 * A copy of a symmetric matrix.
 * @throws ShapeError when it is not square; DomainError when it is not f32 or f64, not finite or not symmetric to 2^-32.
 */
export function copySymmetricMatrix(caller: string, argument: string, a: Tensor<FloatDType>): DenseMatrix {
  const matrix = copySquareMatrix(caller, argument, a);
  const { rows: n, data } = matrix;
  const largest = maxAbs(data);
  let worst = 0;
  for (let i = 0; i < n; i++) {
    // Halves, as the difference of two doubles may overflow.
    for (let j = 0; j < i; j++) worst = Math.max(worst, Math.abs(data[i * n + j]! / 2 - data[j * n + i]! / 2));
  }
  if (worst > (SYMMETRY_TOLERANCE / 2) * largest) {
    throw new DomainError(
      `${caller}: ${argument}: expected a symmetric matrix, got |a - aᵀ| up to ${2 * (worst / largest)} of the largest element`,
    );
  }
  return matrix;
}
