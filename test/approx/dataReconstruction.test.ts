import { composeSpatial, dataReconstruction, filterReconstruction, sumPatchMoments } from '@rankwise/approx';
import type { PatchMoments, SpatialFactors } from '@rankwise/approx';
import { prepareRegressor, reducedRankRegression } from '@rankwise/linalg';
import { createRandom, fromNested, reshape, slice, zeros } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeds } from '../kit/matrices/arbitraries.ts';
import { at } from '../kit/matrices/gallery.ts';
import { expectWithin, gamma } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';
import {
  centredProducts,
  columnMeans,
  mixedSamples,
  sampleAt,
  samplesFrom,
  solveFromRight,
  sumOfSquares,
} from './support.ts';
import type { Samples } from './support.ts';

interface Problem {
  readonly weight: Tensor<'f32'>;
  readonly patches: Samples;
  readonly responses: Samples;
  readonly moments: PatchMoments;
}

/** Patches with means of their own; responses W x + b of the layer, or those of another layer on other patches near by. */
function problemOf(seed: number, shape: readonly number[], count: number, noise: number): Problem {
  const random = createRandom(seed);
  const [filters = 1, channels = 1, height = 1, width = 1] = shape;
  const size = channels * height * width;
  const weight = random.fillNormalInPlace(zeros('f32', shape));
  const patches = mixedSamples(count, size, random);
  const responses = samplesFrom(count, filters, (row, f) => {
    let sum = 1 + f / 4;
    for (let i = 0; i < size; i++) sum += weight.data[f * size + i]! * sampleAt(patches, row, i);
    return sum + noise * random.normal();
  });
  const sums = sumPatchMoments(size, filters);
  sums.add(patches, responses);
  return { weight, patches, responses, moments: sums.finish() };
}

/** Σ ‖y − b − W̃ x̂‖² by plain loops, with the best b where the factors have none. */
function dataError({ patches, responses }: Problem, factors: SpatialFactors): number {
  const [count = 0, size = 0] = patches.shape;
  const [, filters = 0] = responses.shape;
  const weight = composeSpatial(factors);
  let total = 0;
  for (let f = 0; f < filters; f++) {
    const rest = Array.from({ length: count }, (_, row) => {
      let sum = sampleAt(responses, row, f);
      for (let i = 0; i < size; i++) sum -= weight.data[f * size + i]! * sampleAt(patches, row, i);
      return sum;
    });
    const bias = factors.bias?.[f] ?? rest.reduce((sum, x) => sum + x, 0) / count;
    for (const x of rest) total += (x - bias) ** 2;
  }
  return total;
}

function variance({ responses }: Problem): number {
  const products = centredProducts(responses, responses);
  return columnMeans(responses).reduce((sum, _, f) => sum + at(products, f, f), 0);
}

describe('sumPatchMoments', () => {
  it('are the moments by plain loops, however the rows are cut into batches', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 4 }), (seed, size, filters) => {
        const random = createRandom(seed);
        const count = 2 + random.integer(40);
        const patches = mixedSamples(count, size, random);
        const responses = mixedSamples(count, filters, random);
        const sums = sumPatchMoments(size, filters);
        for (let from = 0; from < count;) {
          const to = Math.min(count, from + 1 + random.integer(20));
          sums.add(slice(patches, [[from, to]]), slice(responses, [[from, to]]));
          from = to;
        }
        const found = sums.finish();
        const scale = sumOfSquares(patches, responses);
        const bound = gamma(8 * count + 16, 'f64') * scale;
        expect(found.count).toBe(count);
        columnMeans(patches).forEach((mean, i) => expectWithin(found.patchMean[i]!, mean, bound, 'mean of a patch'));
        columnMeans(responses).forEach((mean, f) => expectWithin(found.responseMean[f]!, mean, bound, 'mean'));
        const second = centredProducts(patches, patches);
        const cross = centredProducts(responses, patches);
        second.data.forEach((x, i) => expectWithin(found.patchMoment.data[i]!, x, bound, 'second moment'));
        cross.data.forEach((x, i) => expectWithin(found.crossMoment.data[i]!, x, bound, 'cross moment'));
        const products = centredProducts(responses, responses);
        const energy = columnMeans(responses).reduce((sum, _, f) => sum + at(products, f, f), 0);
        expectWithin(found.energy, energy, bound, 'energy');
      }),
      { numRuns: runs(60) },
    );
  });

  it('do not depend on the batches, to the last bit, beyond a chunk too', () => {
    const random = createRandom(3);
    const patches = mixedSamples(2500, 3, random);
    const summed = (step: number): PatchMoments => {
      const sums = sumPatchMoments(3, 3);
      for (let from = 0; from < 2500; from += step) {
        const rows = slice(patches, [[from, Math.min(2500, from + step)]]);
        sums.add(rows, rows);
      }
      return sums.finish();
    };
    const whole = summed(2500);
    for (const step of [7, 1024, 2000]) expect(summed(step)).toEqual(whole);
    // The first chunk's mean is not that of all rows, so that the final centring has something to do.
    const expected = centredProducts(patches, patches);
    const bound = gamma(2 ** 15, 'f64') * sumOfSquares(patches);
    expected.data.forEach((x, i) => expectWithin(whole.patchMoment.data[i]!, x, bound, `moment ${i}`));
    expected.data.forEach((x, i) => expectWithin(whole.crossMoment.data[i]!, x, bound, `cross moment ${i}`));
    const energy = at(expected, 0, 0) + at(expected, 1, 1) + at(expected, 2, 2);
    expectWithin(whole.energy, energy, bound, 'energy');
    columnMeans(patches).forEach((mean, i) => expectWithin(whole.patchMean[i]!, mean, bound, `mean ${i}`));
  });

  it('a patch that hardly varies around a large mean keeps a small moment', () => {
    const patches = samplesFrom(200, 1, (row) => 4096 + (row % 2));
    const sums = sumPatchMoments(1, 1);
    for (let from = 0; from < 200; from += 7) {
      const rows = slice(patches, [[from, Math.min(200, from + 7)]]);
      sums.add(rows, rows);
    }
    const { patchMoment, energy } = sums.finish();
    expectWithin(patchMoment.data[0]!, 50, gamma(1000, 'f64') * 200, 'moment');
    expectWithin(energy, 50, gamma(1000, 'f64') * 200, 'energy');
  });

  it('refuses rows that do not fit, and to end before anything was added', () => {
    const sums = sumPatchMoments(3, 2);
    expect(() => sums.add(zeros('f32', [4, 2]), zeros('f32', [4, 2]))).toThrow(
      'sumPatchMoments: add: expected [n, 3] and [n, 2], got [4, 2] and [4, 2]',
    );
    expect(() => sums.add(zeros('f32', [4, 3]), zeros('f32', [5, 2]))).toThrow(/^sumPatchMoments: add/);
    expect(() => sums.finish()).toThrow('sumPatchMoments: finish: expected patches to be added, got none');
    sums.add(zeros('f32', [4, 3]), zeros('f32', [4, 2]));
    sums.finish();
    expect(() => sums.finish()).toThrow('sumPatchMoments: finish: expected one call, got a second');
    expect(() => sums.add(zeros('f32', [4, 3]), zeros('f32', [4, 2]))).toThrow(/^sumPatchMoments: add: .* after$/);
  });
});

const shapes = fc.tuple(
  fc.integer({ min: 1, max: 5 }),
  fc.integer({ min: 1, max: 3 }),
  fc.integer({ min: 1, max: 3 }),
  fc.integer({ min: 1, max: 3 }),
);

describe('dataReconstruction', () => {
  it('never raises its objective, and errs no more on the data than filter reconstruction', () => {
    fc.assert(
      fc.property(
        seeds,
        shapes,
        fc.constantFrom(0, 0.5),
        fc.constantFrom(0.0001, 0.01, 10),
        (seed, shape, noise, ridge) => {
          const problem = problemOf(seed, shape, 60, noise);
          const [filters, channels, height, width] = shape;
          const rank = 1 + (seed % Math.min(channels * height, filters * width));
          const { factors, trace } = dataReconstruction(problem.moments, problem.weight, rank, {
            ridge,
            iterations: 4,
          });
          const scale = 1 + sumOfSquares(problem.responses, problem.patches) / variance(problem);
          // Sums of some hundred terms, and Cholesky factors of a matrix whose condition the ridge bounds.
          const slack = (gamma(2 ** 10, 'f64') * scale * (1 + ridge)) / Math.min(1, ridge);
          trace.forEach((value, i) => expect(value).toBeLessThanOrEqual((trace[i - 1] ?? Infinity) + slack));
          const start = dataError(problem, filterReconstruction(problem.weight, rank).factors);
          expect(dataError(problem, factors)).toBeLessThanOrEqual(start + slack * variance(problem));
          // The bias is the best there is.
          const { bias: _, ...pair } = factors;
          expect(dataError(problem, factors)).toBeLessThanOrEqual(dataError(problem, pair) + slack * variance(problem));
        },
      ),
      { numRuns: runs(40) },
    );
  });

  it('at full rank is the regression on all of the patch, which has a closed form of its own', () => {
    const problem = problemOf(3, [6, 2, 2, 3], 200, 0.5);
    const ridge = 0.001;
    const { factors } = dataReconstruction(problem.moments, problem.weight, 4, { ridge, iterations: 1 });
    const [, size = 0] = problem.patches.shape;
    const moment = centredProducts(problem.patches, problem.patches);
    const cross = centredProducts(problem.responses, problem.patches);
    let traceOf = 0;
    for (let i = 0; i < size; i++) traceOf += at(moment, i, i);
    const rho = (ridge * traceOf) / size;
    for (let i = 0; i < size; i++) moment.data[i * size + i]! += rho;
    cross.data.forEach((_, i) => (cross.data[i]! += rho * problem.weight.data[i]!));
    const expected = solveFromRight(cross, moment);
    const found = composeSpatial(factors);
    const largest = Math.max(...expected.data.map(Math.abs));
    // The condition number of the ridged moment is below trace / ρ = size / ridge.
    const bound = (gamma(2 ** 8, 'f64') * largest * size) / ridge;
    expected.data.forEach((x, i) => expectWithin(found.data[i]!, x, bound, `weight ${i}`));
  });

  it('of kernels one column wide is reduced-rank regression, and finds its optimum', () => {
    for (const seed of [1, 2, 3]) {
      const problem = problemOf(seed, [5, 2, 3, 1], 300, 2);
      const ridge = 2 ** -30; // of the moments: changes the optimum by about as much
      const options = { ridge, iterations: 300, tolerance: 0 };
      const { factors } = dataReconstruction(problem.moments, problem.weight, 2, options);
      const moment = centredProducts(problem.patches, problem.patches);
      const cross = centredProducts(problem.responses, problem.patches);
      const { left, right } = reducedRankRegression(prepareRegressor(moment), cross, 2);
      const best = dataError(problem, {
        vertical: reshape(right, [2, 2, 3, 1]),
        horizontal: reshape(left, [5, 2, 1, 1]),
      });
      const found = dataError(problem, factors);
      const bound = 2 ** -20 * variance(problem); // bound: the ridge's part, times the condition of the moments, some hundreds
      expectWithin(found, best, bound, `seed ${seed}`);
    }
  });

  it('finds a layer that is separable on its data, to the part that the ridge holds back', () => {
    // Responses of another, separable layer: W is no guide.
    const random = createRandom(8);
    const other = {
      vertical: random.fillNormalInPlace(zeros('f64', [2, 2, 3, 1])),
      horizontal: random.fillNormalInPlace(zeros('f64', [4, 2, 1, 3])),
    };
    const weight = composeSpatial(other);
    const patches = mixedSamples(400, 18, random);
    const responses = samplesFrom(400, 4, (row, f) => {
      let sum = 0.5;
      for (let i = 0; i < 18; i++) sum += weight.data[f * 18 + i]! * sampleAt(patches, row, i);
      return sum;
    });
    const sums = sumPatchMoments(18, 4);
    sums.add(patches, responses);
    const start = zeros('f32', [4, 2, 3, 3]);
    start.data.forEach((_, i, all) => (all[i] = weight.data[i]! + 0.5 * random.normal()));
    const { trace } = dataReconstruction(sums.finish(), start, 2, { ridge: 2 ** -30, iterations: 200, tolerance: 0 });
    expect(trace.at(-1)).toBeLessThan(2 ** -16); // bound: the ridge's part 2^-30 times the condition of the patches, some thousands
    expect(trace[0]).toBeGreaterThan(0.01);
  });

  it('a large ridge is filter reconstruction', () => {
    const problem = problemOf(5, [4, 2, 3, 3], 100, 1);
    const filters = filterReconstruction(problem.weight, 3);
    const { factors } = dataReconstruction(problem.moments, problem.weight, 3, { ridge: 2 ** 30 });
    const [near, found] = [composeSpatial(filters.factors), composeSpatial(factors)];
    const bound = 2 ** -20; // bound: the data's part is 2^-30 of the objective, times the gap's inverse
    found.data.forEach((x, i) => expectWithin(x, near.data[i]!, bound, `weight ${i}`));
  });

  it('patches that never vary leave filter reconstruction', () => {
    const patches = samplesFrom(10, 8, (_, i) => i);
    const responses = samplesFrom(10, 2, () => 3);
    const sums = sumPatchMoments(8, 2);
    sums.add(patches, responses);
    const weight = createRandom(2).fillNormalInPlace(zeros('f32', [2, 2, 2, 2]));
    const moments = sums.finish();
    const { factors } = dataReconstruction(moments, weight, 2);
    const near = composeSpatial(filterReconstruction(weight, 2).factors);
    composeSpatial(factors).data.forEach((x, i) =>
      expectWithin(x, near.data[i]!, gamma(2 ** 10, 'f64') * 8, `weight ${i}`),
    );
    expectWithin(dataError({ weight, patches, responses, moments }, factors), 0, gamma(2 ** 12, 'f64'), 'error');
  });

  it('refuses moments that do not fit and options out of range', () => {
    const { moments, weight } = problemOf(1, [4, 2, 3, 3], 40, 0);
    expect(() => dataReconstruction(moments, zeros('f32', [4, 2, 3, 2]), 2)).toThrow(
      'dataReconstruction: moments: expected those of [4, 2, 3, 2], got [18, 18] and [4, 18]',
    );
    for (const [options, message] of [
      [{ ridge: 0 }, 'ridge: expected a number > 0, got 0'],
      [{ ridge: Infinity }, 'ridge: expected a number > 0, got Infinity'],
      [{ iterations: -1 }, 'iterations: expected an integer ≥ 0, got -1'],
      [{ tolerance: 1 }, 'tolerance: expected 0 ≤ part < 1, got 1'],
    ] as const) {
      expect(() => dataReconstruction(moments, weight, 2, options)).toThrow(`dataReconstruction: ${message}`);
    }
    expect(() => dataReconstruction(moments, weight, 7)).toThrow(/rank: expected an integer from 1 to 6, got 7/);
    expect(() => dataReconstruction(moments, fromNested('f32', [[1]]), 1)).toThrow(/weight/);
  });
});
