import { alternatingReconstruction, composeSpatial, filterReconstruction, filterSpectrum } from '@rankwise/approx';
import { createRandom, fromNested, zeros } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeds } from '../kit/matrices/arbitraries.ts';
import { expectRatio, scalarRatio } from '../kit/matrices/ratios.ts';
import { gamma } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';

const cases = fc.record({
  seed: seeds,
  shape: fc.tuple(...([7, 4, 4, 4] as const).map((max) => fc.integer({ min: 1, max }))),
});

function drawn(seed: number, shape: readonly number[]): Tensor<'f32'> {
  return createRandom(seed).fillNormalInPlace(zeros('f32', shape));
}

const squaredDistance = (a: Tensor<'f32'>, b: Tensor<'f64'>): number =>
  a.data.reduce((sum, x, i) => sum + (x - b.data[i]!) ** 2, 0);

describe('alternatingReconstruction', () => {
  it('by hand: one half-step from any start finds the rows of a separable filter', () => {
    const weight = fromNested('f32', [[[[1, 2], [2, 4]]]]); // prettier-ignore
    const { squaredError, trace } = alternatingReconstruction(weight, 1, { iterations: 1, seed: 3 });
    expect(trace).toHaveLength(2);
    expectRatio('alternatingReconstruction: separable', 'by hand', scalarRatio(squaredError, 0, 25, 4));
  });

  it('never raises the error, stays between the closed form and a random pair, and says what it leaves', () => {
    fc.assert(
      fc.property(cases, ({ seed, shape }) => {
        const weight = drawn(seed, shape);
        const [filters = 1, channels = 1, height = 1, width = 1] = shape;
        const most = Math.min(channels * height, filters * width);
        const rank = 1 + (seed % most);
        const { factors, squaredError, squaredNorm, trace } = alternatingReconstruction(weight, rank, {
          iterations: 5,
          seed,
        });
        // Sums of squares of as many roundings as there are weights.
        const slack = gamma(8 * weight.data.length, 'f64') * squaredNorm;
        trace.forEach((value, i) => expect(value).toBeLessThanOrEqual((trace[i - 1] ?? Infinity) + slack));
        expect(squaredError).toBeGreaterThanOrEqual(filterReconstruction(weight, rank).squaredError - slack);
        const random = createRandom(seed);
        const pair = {
          vertical: random.fillNormalInPlace(zeros('f64', [rank, channels, height, 1])),
          horizontal: random.fillNormalInPlace(zeros('f64', [filters, rank, 1, width])),
        };
        expect(squaredError).toBeLessThanOrEqual(squaredDistance(weight, composeSpatial(pair)) + slack);
        const distance = squaredDistance(weight, composeSpatial(factors));
        const terms = weight.data.length;
        expectRatio(
          'alternatingReconstruction: error',
          `${shape}`,
          scalarRatio(squaredError, distance, squaredNorm, terms),
        );
      }),
      { numRuns: runs(40) },
    );
  });

  it('comes to the closed form, from every start', () => {
    const weight = drawn(7, [6, 3, 3, 3]);
    const spectrum = filterSpectrum(weight);
    for (const rank of [1, 4, 8]) {
      const best = filterReconstruction(weight, rank);
      for (const seed of [0, 1, 2]) {
        const found = alternatingReconstruction(weight, rank, { iterations: 400, seed });
        // After i pairs the error in the subspace falls by the ratio of neighbouring squared singular values to the power i.
        expect((spectrum[rank] ?? 0) / (spectrum[rank - 1] ?? 1)).toBeLessThan(0.95);
        const ratio = scalarRatio(found.squaredError, best.squaredError, best.squaredNorm, weight.data.length);
        expectRatio('alternatingReconstruction: closed form', `rank ${rank}, seed ${seed}`, ratio);
      }
    }
  });

  it('ends when it has come to rest', () => {
    const weight = drawn(7, [6, 3, 3, 3]);
    const { trace } = alternatingReconstruction(weight, 2, { tolerance: 0.01 });
    expect(trace.length).toBeLessThan(40);
    expect(alternatingReconstruction(weight, 2, { iterations: 3 }).trace).toHaveLength(6);
  });

  it('of zeros is zero, at any rank', () => {
    const { factors, squaredError } = alternatingReconstruction(zeros('f32', [3, 2, 2, 2]), 3, { iterations: 2 });
    expect(squaredError).toBe(0);
    expect(composeSpatial(factors).data.every((x) => x === 0)).toBe(true);
  });

  it('refuses ranks and options out of range', () => {
    const weight = drawn(1, [4, 2, 3, 3]);
    for (const [rank, options, message] of [
      [7, {}, 'rank: expected an integer from 1 to 6, got 7'],
      [1, { iterations: 0 }, 'iterations: expected a positive integer, got 0'],
      [1, { tolerance: 1 }, 'tolerance: expected 0 ≤ part < 1, got 1'],
      [1, { tolerance: Number.NaN }, 'tolerance: expected 0 ≤ part < 1, got NaN'],
    ] as const) {
      expect(() => alternatingReconstruction(weight, rank, options)).toThrow(`alternatingReconstruction: ${message}`);
    }
    expect(() => alternatingReconstruction(zeros('f32', [4, 2]), 1)).toThrow(/^alternatingReconstruction: weight/);
  });
});
