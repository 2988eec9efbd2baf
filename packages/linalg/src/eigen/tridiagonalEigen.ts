/**
 * Eigenvalues and eigenvectors of a symmetric tridiagonal matrix by divide and conquer, T = V diag(λ) Vᵀ, VᵀV = I: the middle step of
 * symmetricEigen, for matrices that have the form already. Order, signs and accuracy as there. Cost: 4n³/3 operations at most.
 */

import { referenceKernels, tensorOf } from '@rankwise/tensor';
import type { FloatDType, Tensor } from '@rankwise/tensor';
import { descendingOrder } from '../dense/columnOrder.ts';
import { unscaleInPlace } from '../dense/denseMatrix.ts';
import { divideAndConquer } from './divideAndConquer.ts';
import { orderedColumns } from './orderedColumns.ts';
import type { SymmetricEigen, SymmetricEigenOptions } from './symmetricEigen.ts';
import { checkCount, copyTridiagonal } from './tridiagonalMatrix.ts';

/**
 * The eigenvalues and eigenvectors of a symmetric tridiagonal matrix, or the `count` largest.
 * @param diagonal - [n] f64 (f32 is promoted)
 * @param coupling - [n − 1] f64 (f32 is promoted)
 * @throws ShapeError when the shapes do not fit together.
 * @throws DomainError when an element is not finite, or `count` is not an integer in 0 … n.
 * @throws ConvergenceError when an iteration reaches its cap; no such matrix is known.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { tridiagonalEigen } from '@rankwise/linalg';
 * const { values, vectors } = tridiagonalEigen(fromNested('f64', [2, 3]), fromNested('f64', [0]));
 * toNested(values) // => [3, 2]
 * toNested(vectors) // => [[0, 1], [1, 0]]
 */
export function tridiagonalEigen(
  diagonal: Tensor<FloatDType>,
  coupling: Tensor<FloatDType>,
  { kernels = referenceKernels, count }: SymmetricEigenOptions = {},
): SymmetricEigen {
  const caller = 'tridiagonalEigen';
  const matrix = copyTridiagonal(caller, diagonal, coupling);
  const wanted = checkCount(caller, count, matrix.diagonal.length);
  return divideAndConquer(caller, kernels, matrix.diagonal, matrix.coupling, wanted, (pairs) => {
    const order = descendingOrder(pairs.values);
    const values = Float64Array.from(order, (j) => pairs.values[j]!);
    unscaleInPlace(values, matrix.power);
    return { values: tensorOf(values, [wanted]), vectors: orderedColumns(pairs.vectors, order) };
  });
}
