/**
 * Cholesky factorisation of a symmetric positive definite matrix, A = L Lᵀ, and the systems it solves.
 *
 * | name | shape      | meaning                                                    |
 * |------|------------|------------------------------------------------------------|
 * | L    | [n, n]     | lower triangular, l_ii > 0                                 |
 * | P    | [n − k, w] | columns k .. k + w − 1 of A, then of L, from row k on      |
 *
 *     P ← P − L[k:, :k] L[k:k+w, :k]ᵀ    a matrix product, then within the panel
 *     l_ij = (p_ij − Σ l_it l_jt) / l_jj,    l_jj = √(p_jj − Σ l_jt²)
 *
 * Left-looking, so that no operation is spent on the upper triangle (Golub & Van Loan, 4th ed., §4.2.5–4.2.6; Higham,
 * Accuracy and Stability, §10.1). Cost: n³/3 operations; solving, 2n² a column.
 *
 * The caller may rely on: only the lower triangle of A is read; |A − L Lᵀ| ≤ c γ_{n+1} |L| |Lᵀ| elementwise, and that for every
 * A that passes, at any scale, as |l_ij| ≤ √a_ii; |b − A x| ≤ c γ_{3n} |L| |Lᵀ| |x|.
 */

import { DomainError, copyOf, referenceKernels, slice, tensorOf, transpose } from '@rankwise/tensor';
import type { FloatDType, Kernels, Tensor } from '@rankwise/tensor';
import { matrixTensor } from '../dense/denseMatrix.ts';
import type { DenseMatrix } from '../dense/denseMatrix.ts';
import type { LinalgOptions } from '../dense/options.ts';
import { dot } from '../dense/vectorOps.ts';
import { copySymmetricMatrix } from '../eigen/symmetricEigen.ts';
import { copyRightHandSide, liftInPlace, multiplyInPlace, solutionOf } from './systemScale.ts';
import { copyTriangle, expectNonzeroDiagonal, substituteInPlace, transposedTriangle } from './triangular.ts';

/** Columns of a panel. */
const BLOCK = 32;

/**
 * The lower Cholesky factor.
 * @param a - [n, n] f64 (f32 is promoted), symmetric positive definite; the lower triangle is read
 * @returns [n, n], zero above the diagonal, positive on it
 * @throws ShapeError when `a` is not square.
 * @throws DomainError when `a` holds NaN or an infinity, is not symmetric (as in symmetricEigen), or is not positive definite
 * to working precision; the message names the pivot.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { cholesky } from '@rankwise/linalg';
 * toNested(cholesky(fromNested('f64', [[4, 2], [2, 5]]))) // => [[2, 0], [1, 2]]
 */
export function cholesky(a: Tensor<FloatDType>, { kernels = referenceKernels }: LinalgOptions = {}): Tensor<'f64'> {
  const factor = copySymmetricMatrix('cholesky', 'a', a);
  const power = liftInPlace(factor.data);
  factorizeDefiniteInPlace('cholesky', 'a', factor, power, kernels);
  // √p is a power of two, as p is one of four.
  multiplyInPlace(factor.data, 1 / Math.sqrt(power));
  return matrixTensor(factor);
}

/**
 * p A becomes its Cholesky factor, zero above the diagonal.
 * @throws DomainError as `cholesky`, in the name of `caller`.
 */
export function factorizeDefiniteInPlace(
  caller: string,
  argument: string,
  { rows: n, data }: DenseMatrix,
  power: number,
  kernels: Kernels,
): void {
  const whole = tensorOf(data, [n, n]);
  for (let first = 0; first < n; first += BLOCK) {
    const last = Math.min(first + BLOCK, n);
    const width = last - first;
    const out = copyOf(slice(whole, [[first], [first, last]]));
    const panel = out.data;
    if (first > 0) {
      const rows = slice(whole, [[first], [0, first]]);
      kernels.matmul({ a: rows, b: transpose(slice(rows, [[0, width]])), out, alpha: -1, beta: 1 });
    }
    const failed = factorizePanelInPlace(panel, width);
    if (failed !== -1) {
      const pivot = panel[failed * width + failed]! / power;
      throw new DomainError(
        `${caller}: ${argument}: expected a positive definite matrix, got pivot ${pivot} at row ${first + failed}`,
      );
    }
    for (let i = first; i < n; i++) {
      const used = Math.min(width, i - first + 1);
      data.set(panel.subarray((i - first) * width, (i - first) * width + used), i * n + first);
    }
  }
  for (let i = 0; i < n; i++) data.fill(0, i * n + i + 1, (i + 1) * n);
}

/** The columns of L in a panel, row by row. Returns -1, or the first row whose pivot, left in place, is not positive. */
function factorizePanelInPlace(panel: Float64Array, width: number): number {
  for (let i = 0; i * width < panel.length; i++) {
    const row = i * width;
    const before = Math.min(i, width);
    for (let j = 0; j < before; j++) {
      const above = j * width;
      panel[row + j] = (panel[row + j]! - dot(panel, row, panel, above, j)) / panel[above + j]!;
    }
    if (i < width) {
      const pivot = panel[row + i]! - dot(panel, row, panel, row, i);
      panel[row + i] = pivot > 0 ? Math.sqrt(pivot) : pivot;
      if (!(pivot > 0)) return i;
    }
  }
  return -1;
}

/**
 * X with A X = B, given A's Cholesky factor.
 * @param factor - [n, n] f64 (f32 is promoted), from `cholesky`; the lower triangle is read
 * @param b - [n, columns] f64 (f32 is promoted)
 * @returns [n, columns]
 * @throws ShapeError when `factor` is not square or `b` does not have n rows.
 * @throws DomainError when an element is not finite, a diagonal element of `factor` is zero, or the solution is beyond the
 * range of doubles.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { cholesky, choleskySolve } from '@rankwise/linalg';
 * toNested(choleskySolve(cholesky(fromNested('f64', [[4, 2], [2, 5]])), fromNested('f64', [[8], [12]]))) // => [[1], [2]]
 */
export function choleskySolve(
  factor: Tensor<FloatDType>,
  b: Tensor<FloatDType>,
  { kernels = referenceKernels }: LinalgOptions = {},
): Tensor<'f64'> {
  const lower = copyTriangle('choleskySolve', 'factor', factor, {});
  const power = liftInPlace(lower.matrix.data);
  // (p L) (p Lᵀ) x = p² b, in two steps as p² may not be a double.
  const solution = copyRightHandSide('choleskySolve', lower.matrix.shape[0] ?? 0, b, power);
  expectNonzeroDiagonal('choleskySolve', 'factor', lower);
  const x = matrixTensor(solution);
  substituteInPlace(kernels, lower, x);
  multiplyInPlace(solution.data, power);
  substituteInPlace(kernels, transposedTriangle(lower), x);
  return solutionOf('choleskySolve', solution);
}
