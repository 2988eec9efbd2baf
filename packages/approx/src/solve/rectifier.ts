/**
 * Step (ii) for rectifiers, in closed form: the ReLU (slope 0), leaky ReLU and PReLU.
 *
 *   r(x) = x for x ≥ 0, a x below,   z = argmin  (t − r(z))² + λ (z − y')²,   t = r(y)
 *
 * On each side of 0 the cost is a parabola, whose bottom is moved to 0 where it lies on the other side:
 *
 *   z ≥ 0:  z1 = max(0, (λ y' + t) / (λ + 1))
 *   z ≤ 0:  z0 = min(0, (λ y' + a t) / (λ + a²)) = min(0, y' + a (t − a y') / (λ + a²))
 *
 * The cheaper of the two is the global minimiser, for every slope: 0, above 1 and negative ones too. A tie is given to z0, so that
 * the step is deterministic. The second form of z0 is y' itself, to the last bit, for the ReLU.
 *
 * Source: Zhang et al. 2015, §2.2, "the sub-problem of {z_i}", for a = 0 (their λ is one half of a penalty weight in some texts; here
 * the cost is exactly the one above).
 */

import type { ScalarResponse } from './nonlinearity.ts';

/**
 * The minimiser z for one element.
 * @param slope - a; 0 for the ReLU
 * @param target - t = r(y)
 * @param predicted - y'
 * @param lambda - λ > 0
 * @example
 * import { rectifierAuxiliary } from '@rankwise/approx';
 * [rectifierAuxiliary(0, 3, 1, 1), rectifierAuxiliary(0, 0, -2, 1), rectifierAuxiliary(0.5, -1, -5, 1)] // => [2, -2, -4.4]
 */
export function rectifierAuxiliary(slope: number, target: number, predicted: number, lambda: number): number {
  const z0 = Math.min(0, predicted + (slope * (target - slope * predicted)) / (lambda + slope * slope));
  const z1 = Math.max(0, (lambda * predicted + target) / (lambda + 1));
  const cost0 = parabola(target - slope * z0, z0 - predicted, lambda);
  return parabola(target - z1, z1 - predicted, lambda) < cost0 ? z1 : z0;
}

/** The functions of a rectifier. */
export function rectifierResponse(slope: number): ScalarResponse {
  const value = (x: number): number => Math.max(x, 0) + slope * Math.min(x, 0);
  return {
    value,
    derivative: (x) => (x > 0 ? 1 : slope),
    auxiliary: (observed, predicted, lambda) => rectifierAuxiliary(slope, value(observed), predicted, lambda),
  };
}

function parabola(outer: number, inner: number, lambda: number): number {
  return outer * outer + lambda * inner * inner;
}
