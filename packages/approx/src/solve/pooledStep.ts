/**
 * Step (ii) for responses that are pooled: of the g rows of a window only the greatest response counts.
 *
 *   z_1 … z_g = argmin  (t − max_i r(z_i))² + λ Σ_i (z_i − y'_i)²,   t = max_i r(y_i)
 *
 * For r that never falls max r(z) = r(max z). Given m = max z the best z are min(y'_i, m), and the greatest is raised where m is above
 * all; so one number is left:
 *
 *   min over m of (t − r(m))² + λ q(m),   q(m) = Σ_i max(y'_i − m, 0)² + max(m − max y', 0)²
 *
 * q is convex, and r(m) = a m on each side of 0 (a = 1 above): the cost is convex there, with its bottom at
 *
 *   m = (a t + λ max y') / (a² + λ)               where that is above max y',
 *   m = (a t + λ Σ_{i ≤ k} y'_(i)) / (a² + k λ)   below, over the k greatest y', which are those above m,
 *
 * moved to 0 where it lies on the other side. The cheaper of the two is the global minimum; a tie is given to the lesser m. With g = 1
 * it is the step of rectifier.ts. It is this project's extension of Zhang et al. 2015, §2.2. Cost: g² / 2 comparisons a window at most.
 */

import { ShapeError } from '@rankwise/tensor';
import type { AuxiliaryStepSums } from '@rankwise/tensor';
import type { ResponseStepCall } from './auxiliaryStep.ts';

/**
 * The greatest auxiliary response m of a window.
 * @param slope - a below 0, at least 0
 * @param target - t
 * @param predicted - y' of the window, descending
 * @param lambda - λ > 0
 * @example
 * import { pooledMaximum } from '@rankwise/approx';
 * // The greatest is raised half way; two that are too high are lowered together; one that is right stays.
 * [pooledMaximum(0, 3, [1, 0], 1), pooledMaximum(0, 0, [3, 3], 1), pooledMaximum(0, 2, [2, 1], 1)] // => [2, 2, 2]
 */
export function pooledMaximum(slope: number, target: number, predicted: ArrayLike<number>, lambda: number): number {
  const low = Math.min(0, bottom(slope, target, predicted, lambda));
  const high = Math.max(0, bottom(1, target, predicted, lambda));
  const costLow = squared(target - slope * low) + lambda * moved(predicted, low);
  return squared(target - high) + lambda * moved(predicted, high) < costLow ? high : low;
}

/**
 * The step for a chunk of windows, as responseStepInPlace; the nonlinear sum is that of pooled responses.
 * @param slopes - a for each column
 * @param window - g; the chunk's rows are whole windows
 */
export function pooledStepInPlace(
  slopes: ArrayLike<number>,
  window: number,
  call: ResponseStepCall,
): AuxiliaryStepSums {
  const { target, predicted, offset, lambda, auxiliarySum, shiftSum } = call;
  const [rows = 0, width = 0] = target.shape;
  if (rows % window !== 0) throw new ShapeError(`pooledStepInPlace: target: expected whole windows, got ${rows} rows`);
  const guesses = new Float64Array(window);
  const sorted = new Float64Array(window);
  const sums = { nonlinear: 0, relaxed: 0, shiftSquares: 0, auxiliarySquares: 0 };
  for (let row = 0; row < rows; row += window) {
    for (let j = 0; j < width; j++) {
      const slope = slopes[j]!;
      const place = predicted.offset + row * width + j;
      let observed = -Infinity;
      for (let i = 0; i < window; i++) {
        observed = Math.max(observed, target.data[target.offset + (row + i) * width + j]!);
        guesses[i] = predicted.data[place + i * width]! + offset[j]!;
        insert(sorted, i, guesses[i]!);
      }
      const response = respond(slope, observed);
      const most = pooledMaximum(slope, response, sorted, lambda);
      const winner = most > sorted[0]! ? guesses.indexOf(sorted[0]!) : -1;
      for (let i = 0; i < window; i++) {
        const z = i === winner ? most : Math.min(guesses[i]!, most);
        const shift = z - guesses[i]!;
        sums.shiftSquares += shift * shift;
        sums.auxiliarySquares += z * z;
        auxiliarySum[j]! += z;
        shiftSum[j]! += shift;
        predicted.data[place + i * width] = shift;
      }
      sums.nonlinear += squared(response - respond(slope, sorted[0]!));
      sums.relaxed += squared(response - respond(slope, most)) + lambda * moved(sorted, most);
    }
  }
  return sums;
}

/** The bottom of (t − a m)² + λ q(m) over all m. */
function bottom(slope: number, target: number, predicted: ArrayLike<number>, lambda: number): number {
  const top = predicted[0]!;
  const miss = target - slope * top;
  // The second form of the first case: top itself, to the last bit, where nothing draws it.
  if (slope * miss >= 0) return top + (slope * miss) / (slope * slope + lambda);
  let sum = 0;
  let count = 0;
  let m = -Infinity;
  do {
    sum += predicted[count]!;
    count++;
    m = (slope * target + lambda * sum) / (slope * slope + count * lambda);
  } while (count < predicted.length && predicted[count]! > m);
  return m;
}

/** q(m). */
function moved(predicted: ArrayLike<number>, m: number): number {
  let sum = squared(Math.max(m - predicted[0]!, 0));
  for (let i = 0; i < predicted.length && predicted[i]! > m; i++) sum += squared(predicted[i]! - m);
  return sum;
}

/** Puts a value into its place among the first `count`, which descend. */
function insert(sorted: Float64Array, count: number, value: number): void {
  let i = count;
  for (; i > 0 && sorted[i - 1]! < value; i--) sorted[i] = sorted[i - 1]!;
  sorted[i] = value;
}

function respond(slope: number, x: number): number {
  return x > 0 ? x : slope * x;
}

function squared(x: number): number {
  return x * x;
}
