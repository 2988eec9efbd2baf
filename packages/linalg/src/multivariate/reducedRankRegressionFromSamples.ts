/**
 * Reduced-rank regression of samples on samples: the M of rank ≤ ρ and the b that minimise Σ ‖z_i − (M y_i + b)‖².
 *
 * | name | shape  | meaning                                           |
 * |------|--------|---------------------------------------------------|
 * | Y    | [n, d] | regressor, a sample a row                         |
 * | Z    | [n, p] | response                                          |
 * | M    | [p, d] | left · right                                      |
 * | b    | [p]    | z̄ − M ȳ; zeros without an intercept               |
 *
 * Whatever M is, b = z̄ − M ȳ is the best offset to it, and turns the problem into the one of centred samples; that depends on
 * their moments only, and is reducedRankRegression's (Izenman 1975, §2). Moments square the condition number: directions in
 * which Y varies less than 4√(d ε) times as much as in the first count as no direction at all.
 *
 * Cost: n d (d + p) multiply-adds for the moments, an eigenproblem of size d, and the regression.
 */

import { ShapeError, formatShape, referenceKernels, tensorOf, transpose } from '@rankwise/tensor';
import type { FloatDType, Tensor } from '@rankwise/tensor';
import { timesPowerOfTwo } from '../dense/powerOfTwo.ts';
import { product } from '../dense/products.ts';
import { checkRank } from './checkRank.ts';
import { expectFinite, prepareRegressor, reducedRankRegression } from './reducedRankRegression.ts';
import type { ReducedRankRegression, RegressorOptions } from './reducedRankRegression.ts';
import { copySamples } from './sampleMatrix.ts';

/** Samples of a regression, row i of one belonging to row i of the other. */
export interface RegressionSamples {
  /** Y [n, d], the regressor. */
  readonly y: Tensor<FloatDType>;
  /** Z [n, p], the response. */
  readonly z: Tensor<FloatDType>;
}

export interface SampleRegressionOptions extends RegressorOptions {
  /** Fit b as well; otherwise it is 0 and nothing is centred. Default true. */
  readonly intercept?: boolean;
}

export interface SampleRegression extends ReducedRankRegression {
  /** b [p]. */
  readonly offset: Tensor<'f64'>;
}

/**
 * The best affine map of rank at most `rank` from the rows of y to the rows of z.
 * @param samples - y [n, d] and z [n, p], f64 (f32 is promoted)
 * @param rank - at least 0; k = min(rank, p, numerical rank of the moment of y)
 * @returns left [p, k], right [k, d], singularValues [k], offset [p]
 * @throws ShapeError when y and z do not have 2 axes and as many rows.
 * @throws DomainError when a sample is not finite, `rank` is not a non-negative integer, an option is negative or not finite, or
 * M or b is beyond the range of doubles.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { reducedRankRegressionFromSamples } from '@rankwise/linalg';
 * // z = 2 y + 1.
 * const samples = { y: fromNested('f64', [[-1], [1]]), z: fromNested('f64', [[-1], [3]]) };
 * const { left, right, offset } = reducedRankRegressionFromSamples(samples, 1);
 * Math.round(left.data[0] * right.data[0] * 1e9) / 1e9 // => 2
 * toNested(offset) // => [1]
 */
export function reducedRankRegressionFromSamples(
  samples: RegressionSamples,
  rank: number,
  options: SampleRegressionOptions = {},
): SampleRegression {
  const caller = 'reducedRankRegressionFromSamples';
  const { intercept = true, kernels = referenceKernels } = options;
  checkRank(caller, 'rank', rank);
  const y = copySamples(caller, 'y', samples.y, intercept);
  const z = copySamples(caller, 'z', samples.z, intercept);
  if (z.rows.shape[0] !== y.rows.shape[0]) {
    throw new ShapeError(
      `${caller}: z: expected as many rows as y ${formatShape(samples.y.shape)}, got ${formatShape(samples.z.shape)}`,
    );
  }
  const regressor = prepareRegressor(product(kernels, transpose(y.rows), y.rows), options);
  const cross = product(kernels, transpose(z.rows), y.rows);
  const { left, right, singularValues } = reducedRankRegression(regressor, cross, rank, { kernels });
  const exponent = Math.log2(y.power) - Math.log2(z.power);
  for (let i = 0; i < right.data.length; i++) right.data[i] = timesPowerOfTwo(right.data[i]!, exponent);
  expectFinite(caller, 'z', right.data);
  const mean = tensorOf(y.mean, [y.mean.length, 1]);
  const offset = Float64Array.from(z.mean);
  const predicted = product(kernels, left, product(kernels, right, mean));
  for (let i = 0; i < offset.length; i++) offset[i] = offset[i]! - predicted.data[i]!;
  expectFinite(caller, 'z', offset);
  return {
    left,
    right,
    singularValues: tensorOf(
      singularValues.data.map((value) => value / z.power),
      singularValues.shape,
    ),
    offset: tensorOf(offset, [offset.length]),
  };
}
