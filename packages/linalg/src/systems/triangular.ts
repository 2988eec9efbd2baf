/**
 * Triangular systems T X = B and Tᵀ X = B by substitution, in blocks of rows.
 *
 * | name    | shape         | meaning                                                     |
 * |---------|---------------|-------------------------------------------------------------|
 * | T       | [n, n]        | lower or upper triangular                                   |
 * | X       | [n, columns]  | B at first                                                  |
 * | k       |               | rows of a block; lower: from the top, upper: from the end   |
 *
 *     X_k ← T_kk⁻¹ (B_k − Σ T_kj X_j)    over the blocks j solved before
 *
 * The sum is one matrix product; only the diagonal blocks are substituted element by element. (Golub & Van Loan, 4th ed.,
 * §3.1; Higham, Accuracy and Stability, §8.1.) Cost: n² operations a column.
 *
 * The caller may rely on |T x − b| ≤ c γ_n |T| |x| elementwise for each column, c ≤ 3 (c = 1 for sums rounded once), whatever
 * the condition of T: every row of the residual is small beside its own terms.
 */

import { DomainError, referenceKernels, slice, transpose } from '@rankwise/tensor';
import type { FloatDType, Kernels, Tensor } from '@rankwise/tensor';
import { copySquareMatrix, matrixTensor } from '../dense/denseMatrix.ts';
import type { LinalgOptions } from '../dense/options.ts';
import { copyRightHandSide, liftInPlace, solutionOf } from './systemScale.ts';

/** Rows of a diagonal block: enough that products run at speed, few enough that what is left to loops stays small. */
const BLOCK = 32;

export interface TriangularOptions extends LinalgOptions {
  /** Which triangle holds the matrix; the other may hold any finite numbers. Default 'lower'. */
  readonly triangle?: 'lower' | 'upper';
  /** Solve with the transpose of that triangle. Default false. */
  readonly transposed?: boolean;
  /** Take every diagonal element for 1, whatever is stored there. Default false. */
  readonly unitDiagonal?: boolean;
}

/** A triangular matrix; the elements outside its triangle, and a unit diagonal, are not read. */
export interface Triangle {
  /** [n, n], any strides. */
  readonly matrix: Tensor<'f64'>;
  readonly isLower: boolean;
  readonly unitDiagonal: boolean;
}

/**
 * X with T X = B (or Tᵀ X = B) for a triangular T.
 * @param t - [n, n] f64 (f32 is promoted); only the named triangle is used
 * @param b - [n, columns] f64 (f32 is promoted)
 * @returns [n, columns]; (T + ΔT) x = b with |ΔT| ≤ c γ_n |T| for each column
 * @throws ShapeError when `t` is not square or `b` does not have n rows.
 * @throws DomainError when an element is not finite, a diagonal element of `t` is zero (the message names its row), or the
 * solution is beyond the range of doubles.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { solveTriangular } from '@rankwise/linalg';
 * toNested(solveTriangular(fromNested('f64', [[2, 0], [1, 4]]), fromNested('f64', [[2], [9]]))) // => [[1], [2]]
 */
export function solveTriangular(
  t: Tensor<FloatDType>,
  b: Tensor<FloatDType>,
  options: TriangularOptions = {},
): Tensor<'f64'> {
  const { transposed = false, kernels = referenceKernels } = options;
  const triangle = copyTriangle('solveTriangular', 't', t, options);
  const power = liftInPlace(triangle.matrix.data);
  const solution = copyRightHandSide('solveTriangular', triangle.matrix.shape[0] ?? 0, b, power);
  expectNonzeroDiagonal('solveTriangular', 't', triangle);
  substituteInPlace(kernels, transposed ? transposedTriangle(triangle) : triangle, matrixTensor(solution));
  return solutionOf('solveTriangular', solution);
}

/**
 * A copy of one triangle, zeros beside it.
 * @throws ShapeError when `t` is not square; DomainError when an element is not finite or `triangle` is unknown.
 */
export function copyTriangle(
  caller: string,
  argument: string,
  t: Tensor<FloatDType>,
  { triangle = 'lower', unitDiagonal = false }: TriangularOptions,
): Triangle {
  const copy = copySquareMatrix(caller, argument, t);
  const isLower = triangle === 'lower';
  if (!isLower && triangle !== 'upper') {
    throw new DomainError(`${caller}: triangle: expected lower or upper, got ${String(triangle)}`);
  }
  const { rows: n, data } = copy;
  for (let i = 0; i < n; i++) {
    const diagonal = i * n + i;
    if (isLower) data.fill(0, diagonal + 1, (i + 1) * n);
    else data.fill(0, i * n, diagonal);
    if (unitDiagonal) data[diagonal] = 1;
  }
  return { matrix: matrixTensor(copy), isLower, unitDiagonal };
}

/** Tᵀ, a view. */
export function transposedTriangle({ matrix, isLower, unitDiagonal }: Triangle): Triangle {
  return { matrix: transpose(matrix), isLower: !isLower, unitDiagonal };
}

/**
 * X ← T⁻¹ X. Overflow gives elements that are not finite.
 * @param x - [n, columns], each row before the next in memory when n is above 32; apart from T's memory
 */
export function substituteInPlace(kernels: Kernels, t: Triangle, x: Tensor<'f64'>): void {
  const [n = 0] = x.shape;
  for (let done = 0; done < n; done += BLOCK) {
    const left = n - done;
    const [first, last] = t.isLower ? [done, Math.min(done + BLOCK, n)] : [Math.max(0, left - BLOCK), left];
    const block = slice(x, [[first, last]]);
    if (done > 0) {
      const solved = t.isLower ? ([0, first] as const) : ([last, n] as const);
      const a = slice(t.matrix, [[first, last], solved]);
      kernels.matmul({ a, b: slice(x, [solved]), out: block, alpha: -1, beta: 1 });
    }
    const matrix = slice(t.matrix, [
      [first, last],
      [first, last],
    ]);
    substituteBlockInPlace({ ...t, matrix }, block);
  }
}

/**
 * For a triangle that lies row-major in its own memory.
 * @throws DomainError that names the first row with a zero on the diagonal.
 */
export function expectNonzeroDiagonal(caller: string, argument: string, { matrix }: Triangle): void {
  const [n = 0] = matrix.shape;
  for (let i = 0; i < n; i++) {
    if (matrix.data[i * n + i] === 0) {
      throw new DomainError(`${caller}: ${argument}: expected a nonzero diagonal, got 0 at row ${i}`);
    }
  }
}

/** As substituteInPlace, row by row. */
function substituteBlockInPlace({ matrix, isLower, unitDiagonal }: Triangle, x: Tensor<'f64'>): void {
  const [n = 0, columns = 0] = x.shape;
  const [rowStride = 0, columnStride = 0] = x.strides;
  const [tRowStride = 0, tColumnStride = 0] = matrix.strides;
  const { data } = x;
  for (let step = 0; step < n; step++) {
    const i = isLower ? step : n - 1 - step;
    const row = x.offset + i * rowStride;
    const tRow = matrix.offset + i * tRowStride;
    const from = isLower ? 0 : i + 1;
    const to = isLower ? i : n;
    for (let j = from; j < to; j++) {
      const factor = matrix.data[tRow + j * tColumnStride]!;
      const other = x.offset + j * rowStride;
      for (let c = 0; c < columns * columnStride; c += columnStride) {
        data[row + c] = data[row + c]! - factor * data[other + c]!;
      }
    }
    if (unitDiagonal) continue;
    const pivot = matrix.data[tRow + i * tColumnStride]!;
    for (let c = 0; c < columns * columnStride; c += columnStride) data[row + c] = data[row + c]! / pivot;
  }
}
