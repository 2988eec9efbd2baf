/**
 * The polar decomposition A = U H: U with orthonormal columns (m ≥ n) or rows (m ≤ n), H symmetric positive semi-definite.
 *
 * From A = W diag(s) Vᵀ, thin: U = W Vᵀ and H = V diag(s) Vᵀ. H is the one positive semi-definite root of AᵀA; U is unique where
 * A has full rank, and positive definite H means n independent columns (Higham, Functions of Matrices, 2008, Thm 8.1).
 *
 * For m ≥ n, U is as near to A as any matrix Q with orthonormal columns, in every unitarily invariant norm:
 *
 *     ‖A − U‖ ≤ ‖A − Q‖,   ‖A − U‖_F² = Σ (σ_i − 1)²
 *
 * (Fan & Hoffman, Some metric inequalities in the space of matrices, 1955; Higham, Thm 8.4.) It is what Procrustes problems and
 * repeated orthogonalisation ask for. ‖A − U H‖ stays below a small multiple of n ε ‖A‖; U itself moves by ε ‖A‖ / (σ_{n−1} + σ_n)
 * at worst. Cost: that of the SVD and 2 n² (m + n).
 */

import { copyOf, referenceKernels, transpose } from '@rankwise/tensor';
import type { FloatDType, Tensor } from '@rankwise/tensor';
import { copyMatrix, matrixTensor, scaleToSafeRangeInPlace, unscaleInPlace } from '../dense/denseMatrix.ts';
import type { LinalgOptions } from '../dense/options.ts';
import { product, scaleColumnsInPlace } from '../dense/products.ts';
import { svdFactors } from './svdFactors.ts';

export interface Polar {
  /** U [m, n]. */
  readonly u: Tensor<'f64'>;
  /** H [n, n], symmetric to the last bit; ±Infinity where an element is beyond the doubles. */
  readonly h: Tensor<'f64'>;
}

/**
 * The polar decomposition.
 * @param a - [m, n] f64 (f32 is promoted), any strides
 * @returns u [m, n] and h [n, n] with a = u · h
 * @throws ShapeError when `a` does not have 2 axes.
 * @throws DomainError when `a` holds NaN or an infinity.
 * @throws ConvergenceError when an iteration of the SVD reaches its cap; no such matrix is known.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { polar } from '@rankwise/linalg';
 * const { u, h } = polar(fromNested('f64', [[0, 2], [3, 0]]));
 * toNested(u) // => [[0, 1], [1, 0]]
 * toNested(h) // => [[3, 0], [0, 2]]
 */
export function polar(a: Tensor<FloatDType>, { kernels = referenceKernels }: LinalgOptions = {}): Polar {
  const matrix = copyMatrix('polar', 'a', a);
  const power = scaleToSafeRangeInPlace(matrix.data);
  const { u: w, s, v } = svdFactors('polar', 'a', matrixTensor(matrix), kernels, 'thin');
  const u = product(kernels, w, transpose(v));
  const h = product(kernels, scaleColumnsInPlace(copyOf(v), s), transpose(v));
  const [n = 0] = v.shape;
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) h.data[j * n + i] = h.data[i * n + j]!;
  unscaleInPlace(h.data, power);
  return { u, h };
}
