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

import { checkAuxiliaryStepCall } from '@rankwise/tensor';
import type { AuxiliaryStepCall, AuxiliaryStepSums } from '@rankwise/tensor';

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

/**
 * The step for a chunk of responses, with the sums of the alternation: what Kernels.auxiliaryStepInPlace promises, for kernels that
 * do not have it, bit for bit by the two functions above.
 *
 * The signs of responses are as good as random, and a branch on them is guessed wrong half the time, at the price of the whole
 * formula. So there is none: max(x, 0) = (x + |x|) / 2 and min(x, 0) = (x − |x|) / 2, both exact, and a choice is a sum with
 * factors 0 and 1.
 * @throws as checkAuxiliaryStepCall of tensor.
 */
export function auxiliaryStepInPlace(call: AuxiliaryStepCall): AuxiliaryStepSums {
  const { rows, width } = checkAuxiliaryStepCall(call);
  const { target, predicted, offset, lambda, auxiliarySum, shiftSum } = call;
  const observed = target.data;
  const values = predicted.data;
  let nonlinear = 0;
  let relaxed = 0;
  let shiftSquares = 0;
  let auxiliarySquares = 0;
  for (let row = 0; row < rows; row++) {
    const source = target.offset + row * width;
    const base = predicted.offset + row * width;
    for (let j = 0; j < width; j++) {
      const y = observed[source + j]!;
      const response = 0.5 * (y + Math.abs(y));
      const guess = values[base + j]! + offset[j]!;
      const active = 0.5 * (guess + Math.abs(guess));
      const z0 = 0.5 * (guess - Math.abs(guess));
      const stationary = (lambda * guess + response) / (lambda + 1);
      const z1 = 0.5 * (stationary + Math.abs(stationary));
      const cost0 = response * response + lambda * active * active;
      const cost1 = (response - z1) * (response - z1) + lambda * (z1 - guess) * (z1 - guess);
      const above = Number(cost1 < cost0);
      const z = above * z1 + (1 - above) * z0;
      const shift = z - guess;
      nonlinear += (response - active) * (response - active);
      relaxed += above * cost1 + (1 - above) * cost0;
      shiftSquares += shift * shift;
      auxiliarySquares += z * z;
      auxiliarySum[j]! += z;
      shiftSum[j]! += shift;
      values[base + j] = shift;
    }
  }
  return { nonlinear, relaxed, shiftSquares, auxiliarySquares };
}
