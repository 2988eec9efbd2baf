/**
 * Step (ii) for r(x) = min(max(x, low), high), in closed form. ReLU6 is low = 0, high = 6.
 *
 *   z = argmin  (t − r(z))² + λ (z − y')²,   t = r(y), so low ≤ t ≤ high
 *
 *   z ≤ low:   r is constant:      min(low, y')
 *   between:   a parabola:         (λ y' + t) / (λ + 1), moved into [low, high]
 *   z ≥ high:  r is constant:      max(high, y')
 *
 * The cheapest of the three is the global minimiser; a tie is given to the least z. It follows the step of Zhang et al. 2015, §2.2,
 * which has the first two.
 */

import type { ScalarResponse } from './nonlinearity.ts';

/**
 * The minimiser z for one element.
 * @param target - t, low ≤ t ≤ high
 * @param predicted - y'
 * @param lambda - λ > 0
 * @example
 * import { clipAuxiliary } from '@rankwise/approx';
 * [clipAuxiliary(0, 6, 3, 1, 1), clipAuxiliary(0, 6, 6, 8, 1), clipAuxiliary(0, 6, 1, 8, 1)] // => [2, 8, 4.5]
 */
export function clipAuxiliary(low: number, high: number, target: number, predicted: number, lambda: number): number {
  const below = Math.min(low, predicted);
  const between = Math.min(Math.max((lambda * predicted + target) / (lambda + 1), low), high);
  const above = Math.max(high, predicted);
  const costBelow = cost(target - low, below - predicted, lambda);
  const costBetween = cost(target - between, between - predicted, lambda);
  const costAbove = cost(target - high, above - predicted, lambda);
  if (costBelow <= costBetween && costBelow <= costAbove) return below;
  return costBetween <= costAbove ? between : above;
}

/** The functions of a clip. */
export function clipResponse(low: number, high: number): ScalarResponse {
  const value = (x: number): number => Math.min(Math.max(x, low), high);
  return {
    value,
    derivative: (x) => (x > low && x <= high ? 1 : 0),
    auxiliary: (observed, predicted, lambda) => clipAuxiliary(low, high, value(observed), predicted, lambda),
  };
}

function cost(outer: number, inner: number, lambda: number): number {
  return outer * outer + lambda * inner * inner;
}
