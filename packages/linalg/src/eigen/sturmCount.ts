/**
 * How many eigenvalues of a symmetric tridiagonal matrix lie below a number: as many as T − x I has negative pivots,
 *
 *     q_0 = d_0 − x,    q_i = (d_i − x) − e_{i−1}² / q_{i−1}
 *
 * by Sylvester's law of inertia (Parlett, The Symmetric Eigenvalue Problem, §3.3, §7.2). A pivot too small to divide by stands for
 * one of the smallest size that is safe, 0 for a positive one (Kahan 1966; LAPACK dlaebz): T is changed by no more than that. The count is exact
 * for a matrix whose elements differ from T's by some 3 ε each, relatively (Demmel, Applied Numerical Linear Algebra, §5.3.4).
 * Cost: n divisions.
 */

import { DomainError } from '@rankwise/tensor';
import type { FloatDType, Tensor } from '@rankwise/tensor';
import { SAFE_MINIMUM, maxAbs } from '../dense/denseMatrix.ts';
import { copyTridiagonal } from './tridiagonalMatrix.ts';

/**
 * The number of eigenvalues of a symmetric tridiagonal matrix below `x`.
 * @param diagonal - [n] f64 (f32 is promoted)
 * @param coupling - [n − 1] f64 (f32 is promoted)
 * @throws ShapeError when the shapes do not fit together.
 * @throws DomainError when an element is not finite, or `x` is NaN.
 * @example
 * import { fromNested } from '@rankwise/tensor';
 * import { sturmCount } from '@rankwise/linalg';
 * // [[2, 1], [1, 2]] has 1 and 3.
 * sturmCount(fromNested('f64', [2, 2]), fromNested('f64', [1]), 2) // => 1
 * sturmCount(fromNested('f64', [2, 2]), fromNested('f64', [1]), 4) // => 2
 */
export function sturmCount(diagonal: Tensor<FloatDType>, coupling: Tensor<FloatDType>, x: number): number {
  const caller = 'sturmCount';
  const matrix = copyTridiagonal(caller, diagonal, coupling);
  if (Number.isNaN(x)) throw new DomainError(`${caller}: x: expected a number, got NaN`);
  return countBelow(matrix.diagonal, squaresOf(matrix.coupling), smallestPivot(matrix.coupling), x * matrix.power);
}

/** Squares of the couplings, safe after scaling. */
export function squaresOf(coupling: Float64Array): Float64Array {
  return coupling.map((e) => e * e);
}

/** The least magnitude that every e² can be divided by (dstebz's pivmin). */
export function smallestPivot(coupling: Float64Array): number {
  return SAFE_MINIMUM * Math.max(1, maxAbs(coupling) ** 2);
}

/** Eigenvalues below x; square[i] is coupling[i]². */
export function countBelow(diagonal: Float64Array, square: Float64Array, least: number, x: number): number {
  let count = 0;
  let pivot = 1;
  let carried = 0;
  for (let i = 0; i < diagonal.length; i++) {
    pivot = diagonal[i]! - x - carried / pivot;
    if (Math.abs(pivot) < least) pivot = pivot < 0 ? -least : least;
    if (pivot < 0) count++;
    carried = square[i]!;
  }
  return count;
}
