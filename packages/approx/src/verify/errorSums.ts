/**
 * The relative error of responses, summed up a batch at a time, by plain loops that share nothing with the solvers'.
 *
 *   Σ ‖r(y_i) − r(z_i)‖² / Σ ‖r(y_i) − mean of r(y)‖²
 *
 * | symbol | meaning                                                          |
 * |--------|------------------------------------------------------------------|
 * | r(y_i) | what the original's layer answers at position i, after its nonlinearity |
 * | r(z_i) | what the approximated one answers there                                 |
 */

import type { Tensor } from '@rankwise/tensor';

export interface ErrorSums {
  rows: number;
  /** Σ ‖r(y) − r(z)‖². */
  squares: number;
  /** Σ ‖r(y)‖². */
  magnitude: number;
  /** Per channel: the mean of r(y) so far, and Σ (r(y) − mean)². */
  readonly means: Float64Array;
  readonly deviations: Float64Array;
}

/** Sums of nothing, for `filters` channels. */
export function emptySums(filters: number): ErrorSums {
  const zeroed = (): Float64Array => new Float64Array(filters);
  return { rows: 0, squares: 0, magnitude: 0, means: zeroed(), deviations: zeroed() };
}

/**
 * Takes the responses of one image in.
 * @param original - f32 [images, d, h, w] of which image `image` is meant
 * @param approximated - of the same shape
 * @param positions - y · w + x of each response that counts
 */
export function addResponsesInPlace(
  sums: ErrorSums,
  original: Tensor<'f32'>,
  approximated: Tensor<'f32'>,
  image: number,
  positions: ArrayLike<number>,
): void {
  const [, filters = 0, height = 0, width = 0] = original.shape;
  const area = height * width;
  for (let i = 0; i < positions.length; i++) {
    sums.rows++;
    for (let j = 0; j < filters; j++) {
      const at = (image * filters + j) * area + positions[i]!;
      const y = original.data[original.offset + at]!;
      const difference = y - approximated.data[approximated.offset + at]!;
      const deviation = y - sums.means[j]!;
      sums.squares += difference * difference;
      sums.magnitude += y * y;
      // Welford's update: one pass, no cancellation.
      sums.means[j]! += deviation / sums.rows;
      sums.deviations[j]! += deviation * (y - sums.means[j]!);
    }
  }
}

/** The relative error; of responses that never vary it is 0 where they are met and infinite where they are not. */
export function relativeError(sums: ErrorSums): number {
  const energy = energyOf(sums);
  return energy > 0 ? sums.squares / energy : sums.squares > 0 ? Infinity : 0;
}

/** Σ ‖r(y) − mean of r(y)‖². */
export function energyOf({ deviations }: ErrorSums): number {
  return deviations.reduce((sum, deviation) => sum + deviation, 0);
}
