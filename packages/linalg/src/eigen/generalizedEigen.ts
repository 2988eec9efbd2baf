/**
 * The generalised symmetric-definite eigenproblem A x = λ B x, B positive definite: XᵀAX = diag(λ), XᵀBX = I.
 *
 *     B = L Lᵀ,   C = L⁻¹ A L⁻ᵀ = Y diag(λ) Yᵀ,   X = L⁻ᵀ Y
 *
 * (Golub & Van Loan, 4th ed., §8.7.2; LAPACK dsygv.) A and B are scaled by powers of two first, B by one of four, so that √ of the
 * power is exact.
 *
 * The caller may rely on: λ descending; in each column of X the element of largest magnitude is positive; only lower triangles are
 * read; ‖A X − B X diag(λ)‖ and ‖I − XᵀBX‖ below some n ε κ(B) times ‖A‖ ‖X‖ and 1: an ill-conditioned B spoils small λ, as C
 * is as large as ‖A‖ ‖B⁻¹‖ (Davies, Higham & Tisseur 2001). Cost: that of symmetricEigen and 3n³ operations more.
 */

import { DomainError, ShapeError, formatShape, referenceKernels } from '@rankwise/tensor';
import type { FloatDType, Kernels, Tensor } from '@rankwise/tensor';
import { matrixTensor, maxAbs, transposed } from '../dense/denseMatrix.ts';
import type { DenseMatrix } from '../dense/denseMatrix.ts';
import { factorizeDefiniteInPlace } from '../systems/cholesky.ts';
import { substituteInPlace, transposedTriangle } from '../systems/triangular.ts';
import type { Triangle } from '../systems/triangular.ts';
import { orderedColumns } from './orderedColumns.ts';
import { copySymmetricMatrix, eigenOfLowerTriangle } from './symmetricEigen.ts';
import type { SymmetricEigenOptions } from './symmetricEigen.ts';
import { checkCount } from './tridiagonalMatrix.ts';

export interface GeneralizedEigen {
  /** [count], descending. */
  readonly values: Tensor<'f64'>;
  /** [n, count]; column j belongs to values[j], and xᵀBx = 1. */
  readonly vectors: Tensor<'f64'>;
}

/**
 * The eigenvalues and eigenvectors of A x = λ B x, or those of the `count` largest eigenvalues.
 * @param a - [n, n] f64 (f32 is promoted), symmetric; the lower triangle is read
 * @param b - [n, n] f64 (f32 is promoted), symmetric positive definite; the lower triangle is read
 * @throws ShapeError when `a` is not square or `b` not of its shape.
 * @throws DomainError when an element is not finite, a matrix not symmetric (as in symmetricEigen), `b` not positive definite to
 * working precision (the message names the pivot), `count` not an integer in 0 … n, or an eigenvalue beyond the range of doubles.
 * @throws ConvergenceError when an iteration reaches its cap; no such matrix is known.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { generalizedEigen } from '@rankwise/linalg';
 * const { values, vectors } = generalizedEigen(fromNested('f64', [[2, 0], [0, 12]]), fromNested('f64', [[1, 0], [0, 4]]));
 * toNested(values) // => [3, 2]
 * toNested(vectors) // => [[0, 1], [0.5, 0]]
 */
export function generalizedEigen(
  a: Tensor<FloatDType>,
  b: Tensor<FloatDType>,
  { kernels = referenceKernels, count }: SymmetricEigenOptions = {},
): GeneralizedEigen {
  const caller = 'generalizedEigen';
  const left = copySymmetricMatrix(caller, 'a', a);
  const n = left.rows;
  if (b.shape.length !== 2 || b.shape[0] !== n || b.shape[1] !== n) {
    throw new ShapeError(`${caller}: b: expected shape [${n}, ${n}], got ${formatShape(b.shape)}`);
  }
  const right = copySymmetricMatrix(caller, 'b', b);
  const wanted = checkCount(caller, count, n);
  const exponentA = normalizeInPlace(left.data, 1);
  const exponentB = normalizeInPlace(right.data, 2);
  factorizeDefiniteInPlace(caller, 'b', right, 2 ** exponentB, kernels);
  const factor: Triangle = { matrix: matrixTensor(right), isLower: true, unitDiagonal: false };
  const reduced = reduceInPlace(kernels, left, factor);

  const { values, vectors } = eigenOfLowerTriangle(caller, reduced, kernels, wanted);
  timesPowerOfTwoInPlace(values.data, exponentB - exponentA);
  if (!values.data.every(Number.isFinite)) {
    throw new DomainError(`${caller}: b: expected eigenvalues in the range of doubles, got an overflow`);
  }
  substituteInPlace(kernels, transposedTriangle(factor), vectors);
  timesPowerOfTwoInPlace(vectors.data, exponentB / 2);
  const rows = transposed({ rows: n, columns: wanted, data: vectors.data });
  return { values, vectors: orderedColumns(matrixTensor(rows), [...values.data.keys()]) };
}

/** L⁻¹ A L⁻ᵀ, whose lower triangle is right; A's memory is used. */
function reduceInPlace(kernels: Kernels, a: DenseMatrix, factor: Triangle): DenseMatrix {
  const { rows: n, data } = a;
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) data[j * n + i] = data[i * n + j]!;
  substituteInPlace(kernels, factor, matrixTensor(a));
  const half = transposed(a);
  substituteInPlace(kernels, factor, matrixTensor(half));
  return half;
}

/** Multiplies by 2^e so that the largest magnitude is near 1, and returns e, a multiple of `step`. */
function normalizeInPlace(data: Float64Array, step: 1 | 2): number {
  const largest = maxAbs(data);
  if (largest === 0) return 0;
  // 2^1022 brings even 2^-1074 to 2^-52.
  const exponent = step * Math.floor(-Math.floor(Math.log2(largest)) / step);
  const safe = Math.max(-1022, Math.min(1022, exponent));
  timesPowerOfTwoInPlace(data, safe);
  return safe;
}

/** By 2^exponent in two factors, as it may be no double. */
function timesPowerOfTwoInPlace(data: Float64Array, exponent: number): void {
  if (exponent === 0) return;
  const first = 2 ** Math.trunc(exponent / 2);
  const second = 2 ** (exponent - Math.trunc(exponent / 2));
  for (let i = 0; i < data.length; i++) data[i] = data[i]! * first * second;
}
