/**
 * Eigenvalues and eigenvectors of a symmetric matrix, A = V diag(λ) Vᵀ, VᵀV = I.
 *
 * Scale to a safe range by a power of two; reduce to tridiagonal form by blocked Householder reflectors; divide and conquer;
 * take the vectors back through the blocks of reflectors; sort; fix signs; scale back. (Golub & Van Loan, 4th ed., §8.3–8.4;
 * LAPACK dsyevd.)
 *
 * The caller may rely on: λ descending; column j of V belongs to λ_j; in each column the element of largest magnitude, the
 * first of ties, is positive; only the lower triangle (column ≤ row) enters the result; ‖A − V diag(λ) Vᵀ‖ and
 * ‖I − VᵀV‖ are below 30 n ε times ‖A‖ and 1, and near 1 n ε in practice. Eigenvalues much smaller than the largest have
 * absolute accuracy ε ‖A‖ only; jacobiEigen finds them to relative accuracy where A determines them.
 *
 * Cost: 4n³/3 for the reduction, up to 4n³/3 for divide and conquer, 2n³ to take the vectors back; of k vectors, k/n of the last
 * and about (1 + 3k/n)/4 of the other. Half of the reduction is products with vectors, the rest matrix products; memory 5n².
 */

import { DomainError, referenceKernels, tensorOf } from '@rankwise/tensor';
import type { FloatDType, Kernels, Tensor } from '@rankwise/tensor';
import { copySquareMatrix, maxAbs, scaleToSafeRangeInPlace, unscaleInPlace } from '../dense/denseMatrix.ts';
import type { DenseMatrix } from '../dense/denseMatrix.ts';
import type { LinalgOptions } from '../dense/options.ts';
import { descendingOrder } from '../dense/columnOrder.ts';
import { withWorkMatrix } from '../dense/workMatrix.ts';
import { divideAndConquer } from './divideAndConquer.ts';
import { orderedColumns } from './orderedColumns.ts';
import { applyReflectorsToRowsInPlace, tridiagonalizeInPlace } from './tridiagonalize.ts';
import type { Tridiagonal } from './tridiagonalize.ts';
import { checkCount } from './tridiagonalMatrix.ts';
import { tridiagonalQlInPlace } from './tridiagonalQl.ts';

/**
 * Asymmetry forgiven, relative to the largest element. Two sums of the same 2^20 products in different orders differ by up
 * to 2 γ_N ≈ 2^20 · 2^-52 of Σ|x_i y_i|, which a diagonal element bounds (Cauchy and Schwarz).
 */
export const SYMMETRY_TOLERANCE = 2 ** -32;

export interface SymmetricEigen {
  /** [count], descending. */
  readonly values: Tensor<'f64'>;
  /** [n, count], orthonormal columns; column j belongs to values[j]. */
  readonly vectors: Tensor<'f64'>;
}

export interface SymmetricEigenOptions extends LinalgOptions {
  /** How many of the largest eigenvalues are wanted, with their vectors: 0 … n. Default n. */
  readonly count?: number;
}

/**
 * The eigenvalues and eigenvectors of a symmetric matrix, or the `count` largest.
 * @param a - [n, n] f64 (f32 is promoted), any strides; the lower triangle is read
 * @throws ShapeError when `a` is not square.
 * @throws DomainError when `a` holds NaN or an infinity, or differs from its transpose by more than 2^-32 of its largest
 * element (the message says by how much), or `count` is not an integer in 0 … n.
 * @throws ConvergenceError when an iteration reaches its cap; no such matrix is known.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { symmetricEigen } from '@rankwise/linalg';
 * const { values, vectors } = symmetricEigen(fromNested('f64', [[2, 0], [0, 3]]));
 * toNested(values) // => [3, 2]
 * toNested(vectors) // => [[0, 1], [1, 0]]
 * toNested(symmetricEigen(fromNested('f64', [[2, 0], [0, 3]]), { count: 1 }).vectors) // => [[0], [1]]
 */
export function symmetricEigen(
  a: Tensor<FloatDType>,
  { kernels = referenceKernels, count }: SymmetricEigenOptions = {},
): SymmetricEigen {
  return eigenOfSymmetric('symmetricEigen', 'a', a, kernels, count);
}

/** As symmetricEigen, with errors in the name of `caller`. */
export function eigenOfSymmetric(
  caller: string,
  argument: string,
  a: Tensor<FloatDType>,
  kernels: Kernels,
  count?: number,
): SymmetricEigen {
  const matrix = copySymmetricMatrix(caller, argument, a);
  return eigenOfLowerTriangle(caller, matrix, kernels, checkCount(caller, count, matrix.rows));
}

/** The `wanted` largest eigenpairs of the symmetric matrix with this lower triangle, which is destroyed. */
export function eigenOfLowerTriangle(
  caller: string,
  matrix: DenseMatrix,
  kernels: Kernels,
  wanted: number,
): SymmetricEigen {
  const power = scaleToSafeRangeInPlace(matrix.data);
  return withTridiagonal(kernels, matrix, (tridiagonal) =>
    divideAndConquer(caller, kernels, tridiagonal.diagonal, tridiagonal.coupling, wanted, (pairs) => {
      applyReflectorsToRowsInPlace(kernels, tridiagonal, pairs.vectors);
      const order = descendingOrder(pairs.values);
      const values = Float64Array.from(order, (j) => pairs.values[j]!);
      unscaleInPlace(values, power);
      return { values: tensorOf(values, [wanted]), vectors: orderedColumns(pairs.vectors, order) };
    }),
  );
}

/**
 * The eigenvalues of a symmetric matrix, descending. Cost: 4n³/3 operations, as no vectors are made.
 * @param a - [n, n] f64 (f32 is promoted), any strides; the lower triangle is read
 * @returns [n]; within n ε ‖A‖ of those of symmetricEigen
 * @throws ShapeError when `a` is not square.
 * @throws DomainError when `a` is not finite or not symmetric, as in symmetricEigen.
 * @throws ConvergenceError when QL makes 30 n sweeps without an end; no such matrix is known.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { symmetricEigenvalues } from '@rankwise/linalg';
 * toNested(symmetricEigenvalues(fromNested('f64', [[2, 0], [0, 3]]))) // => [3, 2]
 */
export function symmetricEigenvalues(
  a: Tensor<FloatDType>,
  { kernels = referenceKernels }: LinalgOptions = {},
): Tensor<'f64'> {
  const caller = 'symmetricEigenvalues';
  const matrix = copySymmetricMatrix(caller, 'a', a);
  const power = scaleToSafeRangeInPlace(matrix.data);
  const values = withTridiagonal(kernels, matrix, ({ diagonal, coupling }) => {
    tridiagonalQlInPlace(caller, diagonal, coupling, undefined);
    return diagonal.toSorted().toReversed();
  });
  unscaleInPlace(values, power);
  return tensorOf(values, [matrix.rows]);
}

/** Reduces a copy of the matrix, where the kernels reach it, and passes the result on while it lasts. */
function withTridiagonal<T>(kernels: Kernels, matrix: DenseMatrix, use: (tridiagonal: Tridiagonal) => T): T {
  return withWorkMatrix(kernels, matrix.rows, matrix.columns, (copy) => {
    copy.data.set(matrix.data);
    return use(tridiagonalizeInPlace(kernels, copy));
  });
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
