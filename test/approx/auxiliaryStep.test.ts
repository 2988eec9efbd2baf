import { auxiliaryCost, reluAuxiliary } from '@rankwise/approx';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gamma } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';

/**
 * What rounding may add to the cost of z: a few roundings of the cost itself, and, as z1 is rounded by δ ≤ γ_4 (|y'| + r(y)),
 * the parabola's rise (1 + λ) δ² from its bottom; a square that underflows is off by the smallest double.
 */
function costAllowance(target: number, predicted: number, lambda: number, cost: number): number {
  const parabola = (1 + lambda) * (gamma(4, 'f64') * (Math.abs(predicted) + target)) ** 2;
  return gamma(8, 'f64') * cost + parabola + (4 + lambda) * Number.MIN_VALUE;
}

describe('reluAuxiliary: by hand', () => {
  it.each([
    ['an inactive target already met', 0, -2, 1, -2],
    ['an inactive target, prediction too high: half way', 0, 2, 1, 1],
    ['an active target, prediction active: the weighted mean', 3, 1, 1, 2],
    ['an active target met exactly', 3, 3, 0.25, 3],
    ['a large λ pulls to the prediction', 4, 0, 3, 1],
    ['a prediction a little below 0 is pulled up', 3, -1, 1, 1],
    ['a prediction far below 0 stays: giving the target up is cheaper', 1, -3, 1, -3],
    ['zero and zero', 0, 0, 1, 0],
  ])('%s', (_, target, predicted, lambda, z) => {
    expect(reluAuxiliary(target, predicted, lambda)).toBe(z);
  });

  it('gives a tie to the branch below 0', () => {
    // λ = 9/16, r(y) = 75, y' = −50: z0 = −50 costs 75², z1 = 30 costs 45² + 9/16 · 80², which is as much.
    expect(auxiliaryCost(75, -50, 9 / 16, -50)).toBe(5625);
    expect(auxiliaryCost(75, -50, 9 / 16, 30)).toBe(5625);
    expect(reluAuxiliary(75, -50, 9 / 16)).toBe(-50);
  });

  it('the cost is the sum of its two terms', () => {
    expect(auxiliaryCost(3, 1, 0.5, 2)).toBe(1.5);
    expect(auxiliaryCost(3, 1, 0.5, -2)).toBe(13.5);
  });
});

const lambdas = fc.oneof(
  fc.constantFrom(0.01, 1),
  fc.integer({ min: -60, max: 60 }).map((e) => 2 ** e),
);
const signed = fc.oneof(
  fc.double({ min: -10, max: 10, noNaN: true }),
  fc.constantFrom(0, -0, 1e-300, -1e-300, 1e12, -1e12, 3.4e38, -3.4e38),
);
const targets = signed.map(Math.abs);

describe('reluAuxiliary: laws', () => {
  it('no point of a dense grid costs less', () => {
    fc.assert(
      fc.property(targets, signed, lambdas, (target, predicted, lambda) => {
        const cost = auxiliaryCost(target, predicted, lambda, reluAuxiliary(target, predicted, lambda));
        const allowance = costAllowance(target, predicted, lambda, cost);
        const reach = 1.5 * (Math.abs(predicted) + target) || 1;
        let least = Infinity;
        for (let i = -400; i <= 400; i++) {
          least = Math.min(least, auxiliaryCost(target, predicted, lambda, (reach * i) / 400));
        }
        expect(cost).toBeLessThanOrEqual(least + allowance);
      }),
      { numRuns: runs(200) },
    );
  });

  it('neither branch minimum, nor 0, nor the prediction costs less', () => {
    fc.assert(
      fc.property(targets, signed, lambdas, (target, predicted, lambda) => {
        const cost = auxiliaryCost(target, predicted, lambda, reluAuxiliary(target, predicted, lambda));
        const allowance = costAllowance(target, predicted, lambda, cost);
        const stationary = (lambda * predicted + target) / (lambda + 1);
        for (const z of [0, predicted, Math.min(0, predicted), Math.max(0, stationary), target]) {
          expect(cost).toBeLessThanOrEqual(auxiliaryCost(target, predicted, lambda, z) + allowance);
        }
      }),
      { numRuns: runs(300) },
    );
  });

  it('an element that is right already does not move', () => {
    fc.assert(
      fc.property(
        targets.map((x) => (x < 1e-150 ? 0 : x)), // bound: squares of less underflow, and the tie goes to 0
        lambdas,
        (magnitude, lambda) => {
          expect(reluAuxiliary(0, -magnitude, lambda) + magnitude).toBe(0);
          const z = reluAuxiliary(magnitude, magnitude, lambda);
          expect(Math.abs(z - magnitude)).toBeLessThanOrEqual(gamma(3, 'f64') * magnitude);
        },
      ),
      { numRuns: runs() },
    );
  });
});
