/**
 * Step (ii) of the alternation for a chunk of responses: every auxiliary z, and the sums that the next fit needs.
 *
 *   z = argmin  (r(y) − r(z))² + λ (z − y')²,   y' = (M ŷ + b) of that element
 *
 * What z is for each nonlinearity r stands in rectifier.ts, clip.ts and smoothAuxiliary.ts, and for windows in pooledStep.ts; here are the sums. The ReLU has kernels of
 * its own (Kernels.auxiliaryStepInPlace), and reluStepInPlace for kernels without.
 *
 * Source: Zhang et al. 2015, §2.2, "the sub-problem of {z_i}".
 */

import { checkAuxiliaryStepCall } from '@rankwise/tensor';
import type { AuxiliaryStepCall, AuxiliaryStepSums, Kernels } from '@rankwise/tensor';
import { columnResponses, slopesBelow } from './nonlinearity.ts';
import type { Nonlinearity, ScalarResponse } from './nonlinearity.ts';
import { pooledStepInPlace } from './pooledStep.ts';

/** What the step reads and writes, whatever r is. */
export type ResponseStepCall = Omit<AuxiliaryStepCall, 'nonlinearity'>;

/** The step for chunks of `width` columns, whose rows are whole windows. */
export function auxiliaryStep(
  nonlinearity: Nonlinearity,
  width: number,
  kernels: Kernels,
  window: number,
): (call: ResponseStepCall) => AuxiliaryStepSums {
  if (window > 1) {
    const slopes = slopesBelow(nonlinearity, width);
    return (call) => pooledStepInPlace(slopes, window, call);
  }
  if (nonlinearity.kind === 'relu') {
    return (call) => (kernels.auxiliaryStepInPlace ?? reluStepInPlace)({ nonlinearity: 'relu', ...call });
  }
  const responses = columnResponses(nonlinearity, width);
  return (call) => responseStepInPlace(responses, call);
}

/** The step for any r, element by element; one r for each column. */
export function responseStepInPlace(responses: readonly ScalarResponse[], call: ResponseStepCall): AuxiliaryStepSums {
  const { target, predicted, offset, lambda, auxiliarySum, shiftSum } = call;
  const [rows = 0, width = 0] = target.shape;
  let nonlinear = 0;
  let relaxed = 0;
  let shiftSquares = 0;
  let auxiliarySquares = 0;
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < width; j++) {
      const place = predicted.offset + row * width + j;
      const { value, auxiliary } = responses[j]!;
      const observed = target.data[target.offset + row * width + j]!;
      const guess = predicted.data[place]! + offset[j]!;
      const z = auxiliary(observed, guess, lambda);
      const shift = z - guess;
      const response = value(observed);
      const miss = response - value(guess);
      nonlinear += miss * miss;
      const left = response - value(z);
      relaxed += left * left + lambda * shift * shift;
      shiftSquares += shift * shift;
      auxiliarySquares += z * z;
      auxiliarySum[j]! += z;
      shiftSum[j]! += shift;
      predicted.data[place] = shift;
    }
  }
  return { nonlinear, relaxed, shiftSquares, auxiliarySquares };
}

/**
 * The step for the ReLU: what Kernels.auxiliaryStepInPlace promises, with the bits of rectifierAuxiliary at slope 0.
 *
 * The signs of responses are as good as random, and a branch on them is guessed wrong half the time, at the price of the whole
 * formula. So there is none: max(x, 0) = (x + |x|) / 2 and min(x, 0) = (x − |x|) / 2, both exact, and a choice is a sum with
 * factors 0 and 1.
 * @throws as checkAuxiliaryStepCall of tensor.
 */
export function reluStepInPlace(call: AuxiliaryStepCall): AuxiliaryStepSums {
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
