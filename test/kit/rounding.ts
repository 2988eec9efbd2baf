/**
 * Bounds of rounding errors. N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.1.
 */

import { expect } from 'vitest';

/** Half the distance from 1 to the next number of the type. */
export const unitRoundoff = { f32: 2 ** -24, f64: 2 ** -53 } as const;

/** γ_k = k u / (1 − k u): what k roundings in a row can do, relatively. */
export function gamma(k: number, dtype: 'f32' | 'f64'): number {
  const ku = k * unitRoundoff[dtype];
  return ku / (1 - ku);
}

/** Expects |actual − expected| ≤ bound and prints the ratio when it is not. NaN never passes. */
export function expectWithin(actual: number, expected: number, bound: number, label = 'value'): void {
  const distance = Math.abs(actual - expected);
  const message = `${label}: ${actual} against ${expected}: ${distance / bound} times the bound ${bound}`;
  expect(distance <= bound, message).toBe(true);
}
