/**
 * Symmetric indefinite systems by P A Pᵀ = L D Lᵀ, and the inertia of A.
 *
 * | name | shape  | meaning                                                                  |
 * |------|--------|--------------------------------------------------------------------------|
 * | P    | [n, n] | permutation: row and column i of P A Pᵀ are row and column permutation[i] of A |
 * | L    | [n, n] | unit lower triangular                                                    |
 * | D    | [n, n] | symmetric, with blocks of 1 × 1 and 2 × 2 on the diagonal                |
 * | s    | number | scale: 1, unless A is near the ends of the range of doubles; L D Lᵀ = s P A Pᵀ |
 *
 * Sylvester's law of inertia: A and L D Lᵀ have as many positive, negative and zero eigenvalues as D has, which shows them
 * (Golub & Van Loan, 4th ed., §4.4, §8.1.5). Cost: n³/3 operations, half of LU's, and 2n² a column.
 *
 * The caller may rely on: only the lower triangle is read; ‖s P A Pᵀ − L D Lᵀ‖ ≤ c n ε ‖s A‖ times the growth of S, which is
 * near 1 in practice (Higham 1997, Stability of the diagonal pivoting method with partial pivoting). Elements of L may be
 * large although the product L D Lᵀ is not. The inertia is that of a matrix as near to A: an eigenvalue below
 * c n ε ‖A‖ may count on either side, and counts as zero only when a pivot is exactly 0.
 */

import { DomainError, referenceKernels, tensorOf } from '@rankwise/tensor';
import type { FloatDType, Tensor } from '@rankwise/tensor';
import { matrixTensor } from '../dense/denseMatrix.ts';
import type { DenseMatrix } from '../dense/denseMatrix.ts';
import type { LinalgOptions } from '../dense/options.ts';
import { copySymmetricMatrix } from '../eigen/symmetricEigen.ts';
import { eliminateSymmetricInPlace } from './bunchKaufman.ts';
import { gatherRows, scatterRows } from './permutation.ts';
import { copyRightHandSide, makeRoomInPlace, solutionOf } from './systemScale.ts';
import { substituteInPlace, transposedTriangle } from './triangular.ts';
import type { Triangle } from './triangular.ts';

/** P A Pᵀ = L D Lᵀ / scale. */
export interface LdlFactors {
  /** L [n, n]. */
  readonly lower: Tensor<'f64'>;
  /** [n], of D. */
  readonly diagonal: Tensor<'f64'>;
  /** [n]: element i is d_{i+1,i}, nonzero exactly where a 2 × 2 block begins; the last is 0. */
  readonly coupling: Tensor<'f64'>;
  /** [n]: row and column i of P A Pᵀ are row and column permutation[i] of A. */
  readonly permutation: Int32Array;
  /** s, a power of two. */
  readonly scale: number;
}

/** How many eigenvalues there are of each sign. */
export interface Inertia {
  readonly positive: number;
  readonly negative: number;
  readonly zero: number;
}

/**
 * L, D and the permutation of a symmetric matrix, singular or not.
 * @param a - [n, n] f64 (f32 is promoted), symmetric; the lower triangle is read
 * @throws ShapeError when `a` is not square.
 * @throws DomainError when `a` holds NaN or an infinity, is not symmetric (as in symmetricEigen), or elimination leaves the
 * range of doubles.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { ldlFactors } from '@rankwise/linalg';
 * const { lower, diagonal, coupling } = ldlFactors(fromNested('f64', [[0, 2, 4], [2, 0, 0], [4, 0, 1]]));
 * toNested(lower) // => [[1, 0, 0], [0, 1, 0], [-0.125, 0.5, 1]]
 * toNested(diagonal) // => [0, 1, 0.25]
 * toNested(coupling) // => [4, 0, 0]
 */
export function ldlFactors(a: Tensor<FloatDType>, { kernels = referenceKernels }: LinalgOptions = {}): LdlFactors {
  const matrix = copySymmetricMatrix('ldlFactors', 'a', a);
  const { rows: n, data } = matrix;
  const scale = makeRoomInPlace(data);
  const { permutation, diagonal, coupling } = eliminateSymmetricInPlace(matrix, kernels);
  for (let i = 0; i < n; i++) {
    data[i * n + i] = 1;
    data.fill(0, i * n + i + 1, (i + 1) * n);
  }
  for (const values of [data, diagonal, coupling]) expectFinite(values);
  return {
    lower: matrixTensor(matrix),
    diagonal: tensorOf(diagonal, [n]),
    coupling: tensorOf(coupling, [n]),
    permutation,
    scale,
  };
}

/**
 * X with A X = B, given A's factors.
 * @param factors - from `ldlFactors`
 * @param b - [n, columns] f64 (f32 is promoted)
 * @returns [n, columns]
 * @throws ShapeError when `b` does not have n rows.
 * @throws DomainError when `b` is not finite, a pivot is exactly 0 (the message names the first), or the solution is beyond
 * the range of doubles.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { ldlFactors, ldlSolve } from '@rankwise/linalg';
 * const factors = ldlFactors(fromNested('f64', [[0, 2], [2, 0]]));
 * toNested(ldlSolve(factors, fromNested('f64', [[2], [6]]))) // => [[3], [1]]
 */
export function ldlSolve(
  factors: LdlFactors,
  b: Tensor<FloatDType>,
  { kernels = referenceKernels }: LinalgOptions = {},
): Tensor<'f64'> {
  const { lower, permutation, scale } = factors;
  const solution = copyRightHandSide('ldlSolve', permutation.length, b, scale);
  const x = { ...solution, data: gatherRows(solution, permutation) };
  const l: Triangle = { matrix: lower, isLower: true, unitDiagonal: true };
  substituteInPlace(kernels, l, matrixTensor(x));
  solveBlockDiagonalInPlace(factors, x);
  substituteInPlace(kernels, transposedTriangle(l), matrixTensor(x));
  return solutionOf('ldlSolve', { ...solution, data: scatterRows(x, permutation) });
}

/**
 * The signs of the eigenvalues, read off D.
 * @param factors - from `ldlFactors`
 * @example
 * import { fromNested } from '@rankwise/tensor';
 * import { inertia, ldlFactors } from '@rankwise/linalg';
 * inertia(ldlFactors(fromNested('f64', [[1, 2], [2, 1]]))) // => { positive: 1, negative: 1, zero: 0 }
 */
export function inertia({ diagonal, coupling }: LdlFactors): Inertia {
  const counts = { positive: 0, negative: 0, zero: 0 };
  for (let i = 0; i < diagonal.data.length; i++) {
    const pivot = diagonal.data[i]!;
    if (coupling.data[i] !== 0) {
      counts.positive++;
      counts.negative++;
      i++;
    } else if (pivot === 0) counts.zero++;
    else if (pivot > 0) counts.positive++;
    else counts.negative++;
  }
  return counts;
}

/** X ← D⁻¹ X. */
function solveBlockDiagonalInPlace({ diagonal, coupling }: LdlFactors, { rows: n, columns, data }: DenseMatrix): void {
  for (let i = 0; i < n; i++) {
    const row = i * columns;
    const beside = coupling.data[i]!;
    const pivot = diagonal.data[i]!;
    if (beside === 0) {
      if (pivot === 0) {
        throw new DomainError(`ldlSolve: factors: expected a nonsingular matrix, got pivot 0 at row ${i}`);
      }
      for (let c = row; c < row + columns; c++) data[c] = data[c]! / pivot;
      continue;
    }
    // Both equations divided by the coupling: products of two elements of D may overflow or vanish.
    const upper = pivot / beside;
    const lower = diagonal.data[i + 1]! / beside;
    const determinant = upper * lower - 1;
    for (let c = row; c < row + columns; c++) {
      const b1 = data[c]! / beside;
      const b2 = data[c + columns]! / beside;
      data[c] = (lower * b1 - b2) / determinant;
      data[c + columns] = (upper * b2 - b1) / determinant;
    }
    i++;
  }
}

function expectFinite(values: Float64Array): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i]!)) {
      throw new DomainError('ldlFactors: a: expected elimination in the range of doubles, got overflow');
    }
  }
}
