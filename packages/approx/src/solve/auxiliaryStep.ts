/**
 * Step (ii) of the alternation: the auxiliary responses z, element by element, in closed form for the ReLU.
 *
 *   z = argmin  (r(y) − r(z))² + λ (z − y')²,   r(x) = max(x, 0),   y' = (M ŷ + b) of that element
 *
 * On z ≤ 0 the first term is constant, so the best z is z0 = min(0, y'). On z ≥ 0 the cost is a parabola, so the best z is
 * z1 = max(0, (λ y' + r(y)) / (λ + 1)). The cheaper of the two is the global minimiser.
 *
 * Source: Zhang et al. 2015, §2.2, "the sub-problem of {z_i}" (their λ is one half of a penalty weight in some texts; here the
 * cost is exactly the one above). A tie is given to z0, so that the step is deterministic.
 */

/**
 * The minimiser z for one element.
 * @param target - r(y) ≥ 0
 * @param predicted - y'
 * @param lambda - λ > 0
 * @example
 * import { reluAuxiliary } from '@rankwise/approx';
 * [reluAuxiliary(3, 1, 1), reluAuxiliary(0, -2, 1), reluAuxiliary(0, 2, 1)] // => [2, -2, 1]
 */
export function reluAuxiliary(target: number, predicted: number, lambda: number): number {
  const z0 = predicted < 0 ? predicted : 0;
  const z1 = Math.max(0, (lambda * predicted + target) / (lambda + 1));
  return auxiliaryCost(target, predicted, lambda, z1) < auxiliaryCost(target, predicted, lambda, z0) ? z1 : z0;
}

/**
 * (r(y) − r(z))² + λ (z − y')² for one element.
 * @example
 * import { auxiliaryCost } from '@rankwise/approx';
 * auxiliaryCost(3, 1, 0.5, 2) // => 1.5
 */
export function auxiliaryCost(target: number, predicted: number, lambda: number, z: number): number {
  const outer = target - (z > 0 ? z : 0);
  const inner = z - predicted;
  return outer * outer + lambda * inner * inner;
}
