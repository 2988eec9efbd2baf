/**
 * Principal components from a covariance (or any positive semi-definite moment): C = E diag(e) Eᵀ, e descending.
 *
 * The first k columns of E span the subspace that keeps most of the variance, Σ_{i<k} e_i of Σ e_i, and E_k E_kᵀ is the
 * matrix M of rank k that minimises Σ‖y − M y‖² over the centred samples y behind C (Pearson 1901; Eckart & Young 1936;
 * Zhang et al. 2015, §2.1).
 *
 * Rounding can push eigenvalues that are 0 in truth below it; they are set to 0. An eigenvalue further below than rounding
 * explains means that C is no moment of anything, and is refused.
 */

import { DomainError, referenceKernels, tensorOf } from '@rankwise/tensor';
import type { FloatDType, Kernels, Tensor } from '@rankwise/tensor';
import type { LinalgOptions } from '../dense/options.ts';
import { SYMMETRY_TOLERANCE, eigenOfSymmetric } from '../eigen/symmetricEigen.ts';

export interface Pca {
  /** [n], descending, none below 0. */
  readonly values: Tensor<'f64'>;
  /** [n, n], orthogonal; column j belongs to values[j]. */
  readonly vectors: Tensor<'f64'>;
  /** [n]: energy[k − 1] is the share of Σ values held by the first k, rising to 1; all 1 when there is no variance. */
  readonly energy: Tensor<'f64'>;
}

/**
 * Principal components of a centred covariance.
 * @param moment - [n, n] f64 (f32 is promoted), symmetric positive semi-definite; the lower triangle is read
 * @throws ShapeError when `moment` is not square.
 * @throws DomainError when `moment` is not finite, not symmetric (as in symmetricEigen), or has an eigenvalue below
 * −n 2^-32 times the largest.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { pca } from '@rankwise/linalg';
 * const { values, energy } = pca(fromNested('f64', [[1, 0], [0, 3]]));
 * toNested(values) // => [3, 1]
 * toNested(energy) // => [0.75, 1]
 */
export function pca(moment: Tensor<FloatDType>, { kernels = referenceKernels }: LinalgOptions = {}): Pca {
  const { values, vectors } = semidefiniteEigen('pca', 'moment', moment, kernels);
  return {
    values: tensorOf(values, [values.length]),
    vectors,
    energy: tensorOf(energyShares(values), [values.length]),
  };
}

/**
 * Eigenvalues, descending and not below 0, and eigenvectors of a positive semi-definite matrix.
 * @throws as `pca`, naming `caller` and `argument`.
 */
export function semidefiniteEigen(
  caller: string,
  argument: string,
  moment: Tensor<FloatDType>,
  kernels: Kernels,
): { readonly values: Float64Array; readonly vectors: Tensor<'f64'> } {
  const { values, vectors } = eigenOfSymmetric(caller, argument, moment, kernels);
  const n = values.data.length;
  const largest = n === 0 ? 0 : values.data[0]!;
  const smallest = n === 0 ? 0 : values.data[n - 1]!;
  // Elements off by the symmetry tolerance each move an eigenvalue by at most n times that (Weyl).
  if (smallest < -n * SYMMETRY_TOLERANCE * Math.abs(largest)) {
    throw new DomainError(
      `${caller}: ${argument}: expected a positive semi-definite matrix, got eigenvalues from ${smallest} to ${largest}`,
    );
  }
  return { values: values.data.map((value) => Math.max(value, 0)), vectors };
}

/** Running sums over the total. Summed from the small end, the total is the last running sum to rounding; it is set to 1. */
function energyShares(values: Float64Array): Float64Array {
  const shares = new Float64Array(values.length).fill(1);
  let total = 0;
  for (let i = values.length - 1; i >= 0; i--) total += values[i]!;
  if (total === 0) return shares;
  let sum = 0;
  for (let i = 0; i < values.length - 1; i++) {
    sum += values[i]!;
    shares[i] = Math.min(sum / total, 1);
  }
  return shares;
}
