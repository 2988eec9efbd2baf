/**
 * Principal components: C = E diag(e) Eᵀ, e descending, of a covariance or any positive semi-definite moment, or of samples.
 *
 * The first k columns of E span the subspace that keeps most of the variance, Σ_{i<k} e_i of Σ e_i (Pearson 1901; Hotelling
 * 1933), and E_k E_kᵀ is, of all matrices M of rank k, one that minimises Σ‖y − M y‖² over the centred samples y behind C: the
 * minimum is e_{k+1} + e_{k+2} + … (Eckart & Young 1936; Mirsky 1960 for every unitarily invariant norm; Zhang et al. 2015,
 * §2.1).
 *
 * Rounding can push eigenvalues that are 0 in truth below it; they are set to 0 (semidefiniteMetric.ts).
 *
 * Cost: one symmetric eigenproblem; from n samples, 2 n d² operations for their moment before it, or, with fewer samples than
 * variables, the SVD of the samples, 6 n² d and more, which no d × d matrix is formed for.
 */

import { referenceKernels, tensorOf, transpose } from '@rankwise/tensor';
import type { FloatDType, Tensor } from '@rankwise/tensor';
import { unscaleInPlace } from '../dense/denseMatrix.ts';
import type { LinalgOptions } from '../dense/options.ts';
import { leadingColumns, product } from '../dense/products.ts';
import { checkCount } from '../eigen/tridiagonalMatrix.ts';
import { svd } from '../svd/svd.ts';
import { copySamples } from './sampleMatrix.ts';
import { semidefiniteEigen } from './semidefiniteMetric.ts';
import type { SemidefiniteEigen } from './semidefiniteMetric.ts';

export interface Pca {
  /** [k], descending, none below 0; Infinity where one is beyond the doubles. */
  readonly values: Tensor<'f64'>;
  /** [d, k], orthonormal columns; column j belongs to values[j]. */
  readonly vectors: Tensor<'f64'>;
  /** [k]: energy[j − 1] is the share of the whole variance held by the first j, rising; all 1 when there is no variance. */
  readonly energy: Tensor<'f64'>;
}

export interface SamplePca extends Pca {
  /** [d], the mean sample, or zeros. */
  readonly mean: Tensor<'f64'>;
}

export interface PcaOptions extends LinalgOptions {
  /** Leading components wanted; default all. */
  readonly count?: number;
}

export interface SamplePcaOptions extends PcaOptions {
  /** Take the mean off first. Default true. */
  readonly centre?: boolean;
}

/**
 * Principal components of a centred covariance.
 * @param moment - C [d, d] f64 (f32 is promoted), symmetric positive semi-definite; the lower triangle is read
 * @returns values [k], vectors [d, k], energy [k], k = count or d; energy ends in 1 when k = d
 * @throws ShapeError when `moment` is not square.
 * @throws DomainError when `moment` is not finite, not symmetric (as in symmetricEigen), or has an eigenvalue below
 * −d 2^-32 times the largest, or `count` is not an integer from 0 to d. With a `count` below d, a negative eigenvalue is
 * noticed only when the diagonal shows it, or the trace is less than the sum of the values found.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { pca } from '@rankwise/linalg';
 * const { values, energy } = pca(fromNested('f64', [[1, 0], [0, 3]]));
 * toNested(values) // => [3, 1]
 * toNested(energy) // => [0.75, 1]
 */
export function pca(moment: Tensor<FloatDType>, options: PcaOptions = {}): Pca {
  const { count, kernels = referenceKernels } = options;
  const eigen = semidefiniteEigen('pca', 'moment', moment, kernels, count);
  return components(eigen, [eigen.power]);
}

/**
 * Principal components of samples: of their covariance (1/n) Σ (y − ȳ)(y − ȳ)ᵀ.
 * @param samples - Y [n, d] f64 (f32 is promoted), a sample a row
 * @returns mean [d], values [k], vectors [d, k], energy [k], k = count or min(n, d); energy ends in 1 when k = min(n, d)
 * @throws ShapeError when `samples` does not have 2 axes.
 * @throws DomainError when a sample is not finite, or `count` is not an integer from 0 to min(n, d).
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { pcaFromSamples } from '@rankwise/linalg';
 * const { mean, values, vectors } = pcaFromSamples(fromNested('f64', [[1, 5], [1, 9]]));
 * toNested(mean) // => [1, 7]
 * toNested(values) // => [4, 0]
 * toNested(vectors) // => [[0, 1], [1, 0]]
 */
export function pcaFromSamples(samples: Tensor<FloatDType>, options: SamplePcaOptions = {}): SamplePca {
  const { centre = true, kernels = referenceKernels } = options;
  const { rows, mean, power } = copySamples('pcaFromSamples', 'samples', samples, centre);
  const [n = 0, d = 0] = rows.shape;
  const k = checkCount('pcaFromSamples', options.count, Math.min(n, d));
  // One after the other: the square of the power may be no double.
  const divisors = [Math.max(n, 1), power, power];
  const means = tensorOf(mean, [d]);
  if (n < d) {
    const { s, v } = svd(rows, { kernels });
    const squares = s.data.map((value) => value * value);
    const rest = k < n ? sumOfRatios(squares.subarray(k), squares[0] ?? 0) : 0;
    const eigen = { values: squares.slice(0, k), vectors: leadingColumns(v, k), rest };
    return { mean: means, ...components(eigen, divisors) };
  }
  const moment = product(kernels, transpose(rows), rows);
  const eigen = semidefiniteEigen('pcaFromSamples', 'samples', moment, kernels, k);
  return { mean: means, ...components(eigen, [...divisors, eigen.power]) };
}

/** Values come divided by all of `divisors`. */
function components({ values, vectors, rest }: Omit<SemidefiniteEigen, 'power'>, divisors: readonly number[]): Pca {
  const k = values.length;
  const energy = energyShares(values, rest);
  for (const divisor of divisors) unscaleInPlace(values, divisor);
  return { values: tensorOf(values, [k]), vectors, energy: tensorOf(energy, [k]) };
}

/**
 * Running sums over the total, all divided by the largest first so that none overflows. Summed from the small end, the total
 * is the last running sum to rounding; with nothing left over, that share is set to 1.
 */
function energyShares(values: Float64Array, rest: number): Float64Array {
  const shares = new Float64Array(values.length).fill(1);
  const largest = values[0] ?? 0;
  const total = rest + sumOfRatios(values, largest);
  if (total === 0) return shares;
  let sum = 0;
  const last = rest === 0 ? values.length - 1 : values.length;
  for (let i = 0; i < last; i++) {
    sum += values[i]! / largest;
    shares[i] = Math.min(sum / total, 1);
  }
  return shares;
}

/** Σ values / largest, from the small end; 0 / 0 counts as 0. */
function sumOfRatios(values: Float64Array, largest: number): number {
  let sum = 0;
  if (largest > 0) for (let i = values.length - 1; i >= 0; i--) sum += values[i]! / largest;
  return sum;
}
