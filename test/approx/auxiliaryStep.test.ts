import { rectifierAuxiliary } from '@rankwise/approx';
import { DomainError, ShapeError, tensorOf } from '@rankwise/tensor';
import type { AuxiliaryStepCall } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reluStepInPlace } from '../../packages/approx/src/solve/auxiliaryStep.ts';
import { gamma } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';

/** (t − r(z))² + λ (z − y')² for the ReLU. */
function auxiliaryCost(target: number, predicted: number, lambda: number, z: number): number {
  const outer = target - Math.max(0, z);
  const inner = z - predicted;
  return outer * outer + lambda * inner * inner;
}

/**
 * What rounding may add to the cost of z: a few roundings of the cost itself, and, as z1 is rounded by δ ≤ γ_4 (|y'| + r(y)),
 * the parabola's rise (1 + λ) δ² from its bottom; a square that underflows is off by the smallest double.
 */
function costAllowance(target: number, predicted: number, lambda: number, cost: number): number {
  const parabola = (1 + lambda) * (gamma(4, 'f64') * (Math.abs(predicted) + target)) ** 2;
  return gamma(8, 'f64') * cost + parabola + (4 + lambda) * Number.MIN_VALUE;
}

describe('rectifierAuxiliary at slope 0: by hand', () => {
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
    expect(rectifierAuxiliary(0, target, predicted, lambda)).toBe(z);
  });

  it('gives a tie to the branch below 0', () => {
    // λ = 9/16, r(y) = 75, y' = −50: z0 = −50 costs 75², z1 = 30 costs 45² + 9/16 · 80², which is as much.
    expect(auxiliaryCost(75, -50, 9 / 16, -50)).toBe(5625);
    expect(auxiliaryCost(75, -50, 9 / 16, 30)).toBe(5625);
    expect(rectifierAuxiliary(0, 75, -50, 9 / 16)).toBe(-50);
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

describe('rectifierAuxiliary at slope 0: laws', () => {
  it('no point of a dense grid costs less', () => {
    fc.assert(
      fc.property(targets, signed, lambdas, (target, predicted, lambda) => {
        const cost = auxiliaryCost(target, predicted, lambda, rectifierAuxiliary(0, target, predicted, lambda));
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
        const cost = auxiliaryCost(target, predicted, lambda, rectifierAuxiliary(0, target, predicted, lambda));
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
          expect(rectifierAuxiliary(0, 0, -magnitude, lambda) + magnitude).toBe(0);
          const z = rectifierAuxiliary(0, magnitude, magnitude, lambda);
          expect(Math.abs(z - magnitude)).toBeLessThanOrEqual(gamma(3, 'f64') * magnitude);
        },
      ),
      { numRuns: runs() },
    );
  });
});

describe('reluStepInPlace', () => {
  function call(rows: number, width: number, lambda: number, values: (index: number) => number): AuxiliaryStepCall {
    const size = rows * width;
    return {
      nonlinearity: 'relu',
      target: tensorOf(
        Float32Array.from({ length: size }, (_, i) => values(i)),
        [rows, width],
      ),
      predicted: tensorOf(
        Float64Array.from({ length: size }, (_, i) => values(size + i)),
        [rows, width],
      ),
      offset: Float64Array.from({ length: width }, (_, j) => values(2 * size + j)),
      lambda,
      auxiliarySum: new Float64Array(width),
      shiftSum: new Float64Array(width),
    };
  }

  it('has the bits of rectifierAuxiliary at slope 0 in every element', () => {
    fc.assert(
      fc.property(signed, signed, signed, lambdas, (y, below, offset, lambda) => {
        const only = call(1, 1, lambda, (index) => [y, below, offset][index] ?? 0);
        const response = Math.max(0, Math.fround(y));
        const guess = below + offset;
        const z = rectifierAuxiliary(0, response, guess, lambda);
        const sums = reluStepInPlace(only);
        expect(only.predicted.data[0]).toBe(z - guess);
        expect(only.auxiliarySum[0]).toBe(z + 0);
        expect(only.shiftSum[0]).toBe(z - guess + 0);
        expect(sums).toEqual({
          nonlinear: (response - Math.max(0, guess)) ** 2,
          relaxed: auxiliaryCost(response, guess, lambda, z),
          shiftSquares: (z - guess) ** 2,
          auxiliarySquares: z ** 2,
        });
      }),
      { numRuns: runs(300) },
    );
  });

  it('adds to the sums over columns and reads views with an offset', () => {
    // λ = 1: z is (y' + r(y)) / 2 where that is worth it: 2 for (3, 1), 1 for (0, 2); −1 stays for (0, −1).
    const chunk = call(1, 3, 1, (index) => [3, -5, -2, 0, 1, -3, 1, 1, 2][index] ?? 0);
    const data = Float32Array.of(99, 3, -5, -2);
    const moved = { ...chunk, target: { ...chunk.target, data, offset: 1 } };
    moved.auxiliarySum.fill(10);
    moved.shiftSum.fill(20);
    expect(reluStepInPlace(moved)).toEqual({
      nonlinear: 8,
      relaxed: 4,
      shiftSquares: 2,
      auxiliarySquares: 6,
    });
    expect([...moved.predicted.data]).toEqual([1, -1, 0]);
    expect([...moved.auxiliarySum]).toEqual([12, 11, 9]);
    expect([...moved.shiftSum]).toEqual([21, 19, 20]);
  });

  it.each([
    ['other shapes', { predicted: tensorOf(new Float64Array(6), [3, 2]) }, ShapeError, /predicted: expected shape/],
    ['a short column', { offset: new Float64Array(2) }, ShapeError, /offset: expected shape \[3\], got \[2\]/],
    ['λ = 0', { lambda: 0 }, DomainError, /lambda: expected a positive finite number, got 0/],
    ['λ = ∞', { lambda: Infinity }, DomainError, /lambda: expected a positive finite number, got Infinity/],
  ])('refuses %s', (_, change, kind, message) => {
    const wrong = { ...call(2, 3, 1, (index) => index), ...change };
    expect(() => reluStepInPlace(wrong)).toThrow(kind);
    expect(() => reluStepInPlace(wrong)).toThrow(message);
  });

  it('refuses one array for two sums', () => {
    const columns = new Float64Array(3);
    const wrong = { ...call(2, 3, 1, (index) => index), auxiliarySum: columns, shiftSum: columns };
    expect(() => reluStepInPlace(wrong)).toThrow(/auxiliarySum: expected memory of its own/);
  });
});
