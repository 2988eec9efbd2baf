/**
 * Cholesky factorisation of a symmetric positive definite matrix, A = L Lᵀ, and the systems it solves.
 *
 * Row by row: l_ij = (a_ij − Σ_{k<j} l_ik l_jk) / l_jj, l_ii = √(a_ii − Σ_{k<i} l_ik²), so that every sum runs along two
 * rows. (Golub & Van Loan, 4th ed., §4.2.5; Higham, Accuracy and Stability, §10.1.)
 *
 * The caller may rely on: only the lower triangle of A is read; l_ii > 0; |A − L Lᵀ| ≤ γ_{n+1} |L| |Lᵀ| elementwise, with
 * no scaling needed as |l_ij| ≤ √a_ii. Cost: n³/3 operations; solving, 2n² a column.
 */

import { DomainError, ShapeError, formatShape } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import { copyMatrix, copySquareMatrix, matrixTensor } from '../dense/denseMatrix.ts';
import type { DenseMatrix } from '../dense/denseMatrix.ts';
import { copySymmetricMatrix } from '../eigen/symmetricEigen.ts';
import { dot } from '../dense/vectorOps.ts';

export interface TriangularOptions {
  /** Which triangle holds the matrix; the other is not looked at. Default 'lower'. */
  readonly triangle?: 'lower' | 'upper';
  /** Solve with the transpose of that triangle. Default false. */
  readonly transposed?: boolean;
}

/**
 * The lower Cholesky factor.
 * @param a - [n, n] f64, symmetric positive definite; the lower triangle is read
 * @returns [n, n], zero above the diagonal, positive on it
 * @throws ShapeError when `a` is not square.
 * @throws DomainError when `a` holds NaN or an infinity, is not symmetric (as in symmetricEigen), or is not positive definite
 * to working precision; the message names the pivot.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { cholesky } from '@rankwise/linalg';
 * toNested(cholesky(fromNested('f64', [[4, 2], [2, 5]]))) // => [[2, 0], [1, 2]]
 */
export function cholesky(a: Tensor<'f64'>): Tensor<'f64'> {
  const factor = copySymmetricMatrix('cholesky', 'a', a);
  const { rows: n, data } = factor;
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j < i; j++) {
      data[row + j] = (data[row + j]! - dot(data, row, data, j * n, j)) / data[j * n + j]!;
    }
    const pivot = data[row + i]! - dot(data, row, data, row, i);
    if (!(pivot > 0)) {
      throw new DomainError(`cholesky: a: expected a positive definite matrix, got pivot ${pivot} at row ${i}`);
    }
    data[row + i] = Math.sqrt(pivot);
    data.fill(0, row + i + 1, row + n);
  }
  return matrixTensor(factor);
}

/**
 * X with T X = B (or Tᵀ X = B) for a triangular T.
 * @param t - [n, n] f64; only the named triangle is used
 * @param b - [n, columns] f64
 * @returns [n, columns]; (T + ΔT) x = b with |ΔT| ≤ γ_n |T| for each column
 * @throws ShapeError when `t` is not square or `b` does not have n rows.
 * @throws DomainError when an element is not finite or a diagonal element of `t` is zero.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { solveTriangular } from '@rankwise/linalg';
 * toNested(solveTriangular(fromNested('f64', [[2, 0], [1, 4]]), fromNested('f64', [[2], [9]]))) // => [[1], [2]]
 */
export function solveTriangular(t: Tensor<'f64'>, b: Tensor<'f64'>, options: TriangularOptions = {}): Tensor<'f64'> {
  const triangle = copySquareMatrix('solveTriangular', 't', t);
  const solution = copyRightHandSide('solveTriangular', triangle.rows, b);
  checkDiagonal('solveTriangular', 't', triangle);
  substituteInPlace(triangle, options.triangle ?? 'lower', options.transposed ?? false, solution);
  return matrixTensor(solution);
}

/**
 * X with A X = B, given A's Cholesky factor.
 * @param factor - [n, n] f64, from `cholesky`
 * @param b - [n, columns] f64
 * @returns [n, columns]
 * @throws ShapeError when `factor` is not square or `b` does not have n rows.
 * @throws DomainError when an element is not finite or a diagonal element of `factor` is zero.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { cholesky, choleskySolve } from '@rankwise/linalg';
 * toNested(choleskySolve(cholesky(fromNested('f64', [[4, 2], [2, 5]])), fromNested('f64', [[8], [12]]))) // => [[1], [2]]
 */
export function choleskySolve(factor: Tensor<'f64'>, b: Tensor<'f64'>): Tensor<'f64'> {
  const lower = copySquareMatrix('choleskySolve', 'factor', factor);
  const solution = copyRightHandSide('choleskySolve', lower.rows, b);
  checkDiagonal('choleskySolve', 'factor', lower);
  substituteInPlace(lower, 'lower', false, solution);
  substituteInPlace(lower, 'lower', true, solution);
  return matrixTensor(solution);
}

function copyRightHandSide(caller: string, n: number, b: Tensor<'f64'>): DenseMatrix {
  if (b.shape.length === 2 && b.shape[0] !== n) {
    throw new ShapeError(`${caller}: b: expected ${n} rows, got shape ${formatShape(b.shape)}`);
  }
  return copyMatrix(caller, 'b', b);
}

function checkDiagonal(caller: string, argument: string, triangle: DenseMatrix): void {
  const { rows: n, data } = triangle;
  for (let i = 0; i < n; i++) {
    if (data[i * n + i] === 0) {
      throw new DomainError(`${caller}: ${argument}: expected a nonzero diagonal, got 0 at row ${i}`);
    }
  }
}

/** Substitution along rows of the triangle: plain reads row i to gather, transposed reads row i to scatter. */
function substituteInPlace(
  triangle: DenseMatrix,
  kind: 'lower' | 'upper',
  isTransposed: boolean,
  x: DenseMatrix,
): void {
  const { rows: n, data } = triangle;
  const forward = (kind === 'lower') !== isTransposed;
  for (let step = 0; step < n; step++) {
    const i = forward ? step : n - 1 - step;
    const from = kind === 'lower' ? 0 : i + 1;
    const to = kind === 'lower' ? i : n;
    if (!isTransposed) for (let j = from; j < to; j++) subtractRowInPlace(x, i, j, data[i * n + j]!);
    const pivot = data[i * n + i]!;
    for (let c = 0; c < x.columns; c++) x.data[i * x.columns + c] = x.data[i * x.columns + c]! / pivot;
    if (isTransposed) for (let j = from; j < to; j++) subtractRowInPlace(x, j, i, data[i * n + j]!);
  }
}

/** Row `to` of x −= factor · row `from`. */
function subtractRowInPlace(x: DenseMatrix, to: number, from: number, factor: number): void {
  const { columns, data } = x;
  for (let c = 0; c < columns; c++) {
    data[to * columns + c] = data[to * columns + c]! - factor * data[from * columns + c]!;
  }
}
