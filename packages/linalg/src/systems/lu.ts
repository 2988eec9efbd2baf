/**
 * Square systems by LU factorisation with partial pivoting, and the determinant that comes with it.
 *
 *     P A = L U:    A x = b  ⇔  U x = L⁻¹ P b,    Aᵀ x = b  ⇔  P x = L⁻ᵀ U⁻ᵀ b,    det A = det P · Π u_ii
 *
 * (Golub & Van Loan, 4th ed., §3.4; Higham, Accuracy and Stability, §9.3 and §14.6.) Cost: 2n³/3 operations, and 2n² a column.
 *
 * The caller may rely on |b − A x| ≤ c γ_{3n} Pᵀ |L| |U| |x| for every column, hence on a residual below a small multiple of
 * n ε ‖A‖ ‖x‖ as long as the growth of U is moderate, whatever the condition of A. Only a pivot that is exactly 0 is refused:
 * how many digits of x the data determine is for conditionEstimate to say.
 */

import { DomainError, ShapeError, formatShape, referenceKernels } from '@rankwise/tensor';
import type { FloatDType, Kernels, Tensor } from '@rankwise/tensor';
import { copyMatrix, copySquareMatrix, matrixTensor } from '../dense/denseMatrix.ts';
import type { DenseMatrix } from '../dense/denseMatrix.ts';
import type { LinalgOptions } from '../dense/options.ts';
import { eliminate } from './elimination.ts';
import type { LuFactors } from './elimination.ts';
import { gatherRows, scatterRows } from './permutation.ts';
import { copyRightHandSide, solutionOf } from './systemScale.ts';
import { substituteInPlace, transposedTriangle } from './triangular.ts';
import type { Triangle } from './triangular.ts';

/** sign · exp(logAbs). */
export interface LogDeterminant {
  /** 1, -1, or 0 when the determinant is 0. */
  readonly sign: number;
  /** ln |det A|, -Infinity when the determinant is 0. */
  readonly logAbs: number;
}

/**
 * L, U and the permutation of a matrix of any shape, singular or not.
 * @param a - [m, n] f64 (f32 is promoted)
 * @returns lower [m, k], upper [k, n], k = min(m, n), and what belongs to them
 * @throws ShapeError when `a` does not have 2 axes.
 * @throws DomainError when `a` holds NaN or an infinity, or U grows out of the range of doubles.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { luFactors } from '@rankwise/linalg';
 * const { lower, upper, permutation, sign } = luFactors(fromNested('f64', [[1, 3], [2, 4]]));
 * toNested(lower) // => [[1, 0], [0.5, 1]]
 * toNested(upper) // => [[2, 4], [0, 1]]
 * [...permutation] // => [1, 0]
 * sign // => -1
 */
export function luFactors(a: Tensor<FloatDType>, { kernels = referenceKernels }: LinalgOptions = {}): LuFactors {
  return eliminate('luFactors', 'a', copyMatrix('luFactors', 'a', a), kernels);
}

/**
 * X with A X = B, or Aᵀ X = B, given A's factors.
 * @param factors - of a square matrix, from `luFactors`
 * @param b - [n, columns] f64 (f32 is promoted)
 * @param options - `transposed: true` to solve with Aᵀ
 * @returns [n, columns]
 * @throws ShapeError when the factors are not of a square matrix or `b` does not have n rows.
 * @throws DomainError when `b` is not finite, a pivot is exactly 0 (the message names the first), or the solution is beyond
 * the range of doubles.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { luFactors, luSolve } from '@rankwise/linalg';
 * const factors = luFactors(fromNested('f64', [[1, 3], [2, 4]]));
 * toNested(luSolve(factors, fromNested('f64', [[4], [6]]))) // => [[1], [1]]
 * toNested(luSolve(factors, fromNested('f64', [[4], [6]]), { transposed: true })) // => [[-2], [3]]
 */
export function luSolve(
  factors: LuFactors,
  b: Tensor<FloatDType>,
  options: LinalgOptions & { readonly transposed?: boolean } = {},
): Tensor<'f64'> {
  const { upper, lower, scale } = factors;
  const [n = 0] = upper.shape;
  if (lower.shape[0] !== n || upper.shape[1] !== n) {
    const shape = formatShape([lower.shape[0] ?? 0, upper.shape[1] ?? 0]);
    throw new ShapeError(`luSolve: factors: expected those of a square matrix, got shape ${shape}`);
  }
  expectNoZeroPivot('luSolve', 'factors', factors);
  const solution = copyRightHandSide('luSolve', n, b, scale);
  const data = solveFactored(factors, solution, options.transposed ?? false, options.kernels ?? referenceKernels);
  return solutionOf('luSolve', { ...solution, data });
}

/**
 * X with A X = B for a square A.
 * @param a - [n, n] f64 (f32 is promoted)
 * @param b - [n, columns] f64 (f32 is promoted)
 * @returns [n, columns]
 * @throws ShapeError when `a` is not square or `b` does not have n rows.
 * @throws DomainError when an element is not finite, `a` is exactly singular (the message names the first pivot that is 0), or
 * the solution is beyond the range of doubles.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { solve } from '@rankwise/linalg';
 * toNested(solve(fromNested('f64', [[0, 2], [4, 1]]), fromNested('f64', [[2], [9]]))) // => [[2], [1]]
 */
export function solve(
  a: Tensor<FloatDType>,
  b: Tensor<FloatDType>,
  { kernels = referenceKernels }: LinalgOptions = {},
): Tensor<'f64'> {
  const factors = eliminate('solve', 'a', copySquareMatrix('solve', 'a', a), kernels);
  const solution = copyRightHandSide('solve', factors.upper.shape[0] ?? 0, b, factors.scale);
  expectNoZeroPivot('solve', 'a', factors);
  return solutionOf('solve', { ...solution, data: solveFactored(factors, solution, false, kernels) });
}

/**
 * The determinant by sign and logarithm, which neither overflow nor vanish.
 * @param a - [n, n] f64 (f32 is promoted)
 * @throws ShapeError when `a` is not square.
 * @throws DomainError when `a` holds NaN or an infinity, or U grows out of the range of doubles.
 * @example
 * import { fromNested } from '@rankwise/tensor';
 * import { logDeterminant } from '@rankwise/linalg';
 * const { sign, logAbs } = logDeterminant(fromNested('f64', [[0, 2], [4, 1]]));
 * sign // => -1
 * Math.round(Math.exp(logAbs)) // => 8
 */
export function logDeterminant(
  a: Tensor<FloatDType>,
  { kernels = referenceKernels }: LinalgOptions = {},
): LogDeterminant {
  const factors = eliminate('logDeterminant', 'a', copySquareMatrix('logDeterminant', 'a', a), kernels);
  const [n = 0] = factors.upper.shape;
  let { sign } = factors;
  let logAbs = 0;
  for (let i = 0; i < n; i++) {
    const pivot = factors.upper.data[i * n + i]!;
    if (pivot === 0) return { sign: 0, logAbs: -Infinity };
    if (pivot < 0) sign = -sign;
    logAbs += Math.log(Math.abs(pivot));
  }
  return { sign, logAbs: logAbs - n * Math.log(factors.scale) };
}

/**
 * X with L U X = P B, which is (L U)⁻¹ P B, or Pᵀ (L U)⁻ᵀ B. No pivot may be 0; overflow gives elements that are not finite.
 */
export function solveFactored(
  { lower, upper, permutation }: LuFactors,
  b: DenseMatrix,
  isTransposed: boolean,
  kernels: Kernels,
): Float64Array {
  const l: Triangle = { matrix: lower, isLower: true, unitDiagonal: true };
  const u: Triangle = { matrix: upper, isLower: false, unitDiagonal: false };
  const data = isTransposed ? b.data.slice() : gatherRows(b, permutation);
  const x = matrixTensor({ ...b, data });
  if (!isTransposed) {
    substituteInPlace(kernels, l, x);
    substituteInPlace(kernels, u, x);
    return data;
  }
  substituteInPlace(kernels, transposedTriangle(u), x);
  substituteInPlace(kernels, transposedTriangle(l), x);
  return scatterRows({ ...b, data }, permutation);
}

/** The first pivot that is exactly 0, -1 when there is none. */
export function zeroPivot({ upper: { data, shape } }: LuFactors): number {
  const [n = 0] = shape;
  for (let i = 0; i < n; i++) if (data[i * n + i] === 0) return i;
  return -1;
}

function expectNoZeroPivot(caller: string, argument: string, factors: LuFactors): void {
  const i = zeroPivot(factors);
  if (i !== -1) {
    throw new DomainError(`${caller}: ${argument}: expected a nonsingular matrix, got pivot 0 at row ${i}`);
  }
}
