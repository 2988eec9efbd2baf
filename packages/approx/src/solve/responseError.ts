/**
 * How far a low-rank map is from the original layer, after the nonlinearity.
 *
 *   relative error = Σ ‖r(y_i) − r(M ŷ_i + b)‖² / Σ ‖r(y_i) − mean of r(y)‖²
 *
 * Of samples in windows r(y) and r(M ŷ + b) are those behind the max pool. The denominator is what the best constant answer would leave,
 * so 0 is perfect and 1 is no better than a constant. It is 0 / 0 for responses that never vary; then the error is 0 when the numerator
 * is 0 and infinite otherwise.
 */

import type { FloatDType, Kernels, Tensor } from '@rankwise/tensor';
import { referenceKernels } from '@rankwise/tensor';
import { checkNonlinearity, columnResponses } from './nonlinearity.ts';
import type { Nonlinearity } from './nonlinearity.ts';
import { predictedChunks } from './predictedChunks.ts';
import { checkMap, checkProblem } from './samples.ts';
import type { LowRankMap, ResponseSamples } from './samples.ts';

/**
 * The relative error of a map on samples (also on samples it was not fitted to).
 * @param samples - target and regressor, f32 [n, d]
 * @param map - left [d, k], right [k, d], offset [d], f64
 * @throws ShapeError when the samples do not fit each other, or the map or a PReLU's slopes do not fit them.
 * @throws DomainError when a value is not finite.
 * @example
 * import { relativeResponseError } from '@rankwise/approx';
 * import { fromNested } from '@rankwise/tensor';
 * const y = fromNested('f32', [[-1], [3]]);
 * // A constant answer of 1.5, the mean of r(y), is as good as no answer.
 * const map = { left: fromNested('f64', [[0]]), right: fromNested('f64', [[0]]), offset: new Float64Array([1.5]) };
 * relativeResponseError({ target: y, regressor: y }, map, { kind: 'relu' }) // => 1
 */
export function relativeResponseError(
  samples: ResponseSamples,
  map: LowRankMap,
  nonlinearity: Nonlinearity,
  kernels: Kernels = referenceKernels,
): number {
  checkProblem('relativeResponseError', samples, 1);
  const [, width = 0] = samples.target.shape;
  checkMap('relativeResponseError', map, width);
  checkNonlinearity('relativeResponseError', nonlinearity, width, samples.window);
  const squares = squaredResponseError(samples, map, nonlinearity, kernels);
  const energy = responseEnergy(samples.target, nonlinearity, samples.window);
  return energy > 0 ? squares / energy : squares > 0 ? Infinity : 0;
}

/** The relative error of ŷ as it is, M = I and b = 0. */
export function relativeDifference({ target, regressor }: ResponseSamples, nonlinearity: Nonlinearity): number {
  const [, width = 0] = target.shape;
  const squares = squaredDifference(regressor, target, new Float64Array(width), nonlinearity, 1);
  const energy = responseEnergy(target, nonlinearity);
  return energy > 0 ? squares / energy : squares > 0 ? Infinity : 0;
}

/** Σ ‖r(y_i) − r(M ŷ_i + b)‖². */
export function squaredResponseError(
  samples: ResponseSamples,
  map: LowRankMap,
  nonlinearity: Nonlinearity,
  kernels: Kernels,
): number {
  let squares = 0;
  for (const { target, predicted } of predictedChunks(samples, map, 'f64', kernels)) {
    squares += squaredDifference(predicted, target, map.offset, nonlinearity, samples.window ?? 1);
  }
  return squares;
}

/** Σ ‖r(y_i) − mean of r(y)‖² over the rows of an [n, d] tensor; of the greatest r(y) of each window where rows come in windows. */
export function responseEnergy(target: Tensor<'f32'>, nonlinearity: Nonlinearity, window = 1): number {
  const [count = 0, width = 0] = target.shape;
  const responses = columnResponses(nonlinearity, width);
  // Welford's update: one pass in the order of memory, no cancellation.
  const mean = new Float64Array(width);
  const squares = new Float64Array(width);
  for (let row = 0; row < count; row += window) {
    const share = 1 / (row / window + 1);
    for (let j = 0; j < width; j++) {
      const response = greatest(target, row, j, window, 0, responses[j]!.value);
      const delta = response - mean[j]!;
      mean[j]! += delta * share;
      squares[j]! += delta * (response - mean[j]!);
    }
  }
  return squares.reduce((sum, value) => sum + value, 0);
}

function squaredDifference(
  predicted: Tensor<FloatDType>,
  target: Tensor<'f32'>,
  offset: Float64Array,
  nonlinearity: Nonlinearity,
  window: number,
): number {
  const [count = 0, width = 0] = target.shape;
  const responses = columnResponses(nonlinearity, width);
  let squares = 0;
  for (let row = 0; row < count; row += window) {
    for (let j = 0; j < width; j++) {
      const { value } = responses[j]!;
      const miss = greatest(target, row, j, window, 0, value) - greatest(predicted, row, j, window, offset[j]!, value);
      squares += miss * miss;
    }
  }
  return squares;
}

/** The greatest r(x + shift) of a column over a window's rows. */
function greatest(
  { data, offset, shape }: Tensor<FloatDType>,
  row: number,
  column: number,
  window: number,
  shift: number,
  value: (x: number) => number,
): number {
  const [, width = 0] = shape;
  const first = offset + row * width + column;
  let most = value(data[first]! + shift);
  for (let i = 1; i < window; i++) most = Math.max(most, value(data[first + i * width]! + shift));
  return most;
}
