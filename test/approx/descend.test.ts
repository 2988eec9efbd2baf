import { chainObjective, descend, relativeResponseError } from '@rankwise/approx';
import type { ChainProblem, DescentSolution, FactorChain, Nonlinearity } from '@rankwise/approx';
import { prepareRegressor, reducedRankRegression } from '@rankwise/linalg';
import { createSimdKernels } from '@rankwise/simd';
import { createRandom, fromNested, referenceKernels } from '@rankwise/tensor';
import type { Random } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeds } from '../kit/matrices/arbitraries.ts';
import { at, matrixFrom } from '../kit/matrices/gallery.ts';
import type { Matrix } from '../kit/matrices/gallery.ts';
import { expectWithin, gamma } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';
import { integerSamples, mapFrom, mixedSamples, sampleAt } from './support.ts';

const nonlinearities: readonly Nonlinearity[] = [
  { kind: 'identity' },
  { kind: 'relu' },
  { kind: 'leakyRelu', slope: 0.25 },
  { kind: 'clip', low: 0, high: 6 },
  { kind: 'tanh' },
  { kind: 'silu' },
];

function solve(
  problem: ChainProblem,
  start: FactorChain,
  iterations: number,
  kernels = referenceKernels,
): DescentSolution {
  const steps = descend(problem, start, { iterations, kernels });
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
}

/** Strips of width `into` → `middle` each → d: a spatial chain. */
function spatialChain(strips: number, into: number, middle: number, d: number, draw: () => number): FactorChain {
  return {
    factors: [
      { weight: matrixFrom(middle, into, draw), strips },
      { weight: matrixFrom(d, strips * middle, draw), strips: 1 },
    ],
    offset: Float64Array.from({ length: d }, draw),
  };
}

function zerosLike({ factors, offset }: FactorChain): FactorChain {
  return {
    factors: factors.map(({ weight, strips }) => ({ weight: matrixFrom(...sides(weight), () => 0), strips })),
    offset: new Float64Array(offset.length),
  };
}

function sides({ shape }: Matrix): [number, number] {
  return [shape[0] ?? 0, shape[1] ?? 0];
}

/** Value and gradient of the spatial chain with a ReLU, one sample and one product at a time, without a division by the energy. */
function plainDerivatives({ input, target }: ChainProblem, { factors, offset }: FactorChain) {
  const [v, h] = factors;
  if (v === undefined || h === undefined) throw new Error('expected two factors');
  const [middle, into] = sides(v.weight);
  const d = offset.length;
  const gradV = matrixFrom(middle, into, () => 0);
  const gradH = matrixFrom(d, v.strips * middle, () => 0);
  const gradOffset = new Float64Array(d);
  let squares = 0;
  for (let row = 0; row < (input.shape[0] ?? 0); row++) {
    const hidden = Array.from({ length: v.strips * middle }, (_, k) => {
      const strip = Math.floor(k / middle);
      let sum = 0;
      for (let i = 0; i < into; i++) sum += at(v.weight, k % middle, i) * sampleAt(input, row, strip * into + i);
      return sum;
    });
    for (let j = 0; j < d; j++) {
      let output = offset[j]!;
      hidden.forEach((value, k) => (output += at(h.weight, j, k) * value));
      const error = Math.max(0, output) - Math.max(0, sampleAt(target, row, j));
      squares += error * error;
      if (output <= 0) continue;
      gradOffset[j]! += 2 * error;
      hidden.forEach((value, k) => {
        gradH.data[j * v.strips * middle + k]! += 2 * error * value;
        for (let i = 0; i < into; i++) {
          const x = sampleAt(input, row, Math.floor(k / middle) * into + i);
          gradV.data[(k % middle) * into + i]! += 2 * error * at(h.weight, j, k) * x;
        }
      });
    }
  }
  return { squares, gradV, gradH, gradOffset };
}

describe('chainObjective', () => {
  it('gives value and gradient of a spatial chain on integers but for the roundings of one scale', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 4 }), (seed, strips, into) => {
        const random = createRandom(seed);
        const d = 3;
        const input = integerSamples(9, strips * into, 3, random);
        const target = integerSamples(9, d, 9, random);
        const chain = spatialChain(strips, into, 2, d, () => random.integer(5) - 2);
        const plain = plainDerivatives({ input, target, nonlinearity: { kind: 'relu' } }, chain);
        const gradient = zerosLike(chain);
        const problem: ChainProblem = { input, target, nonlinearity: { kind: 'relu' } };
        const value = chainObjective(problem, chain, referenceKernels)(chain, gradient);
        // Every product of these integers is exact in f32: what rounds is the factor 2 / energy on each derivative, and sums after it.
        const scale = plain.squares > 0 ? value / plain.squares : 0;
        const allowance = gamma(4 * (9 + strips * into + 2 * strips + d), 'f32');
        const close = (got: ArrayLike<number>, wanted: ArrayLike<number>, size: number): void => {
          for (let i = 0; i < wanted.length; i++) expectWithin(got[i]!, scale * wanted[i]!, allowance * scale * size);
        };
        const largest = 9 * 2 * (plain.squares + 9 * d) * 2 * 2 * 3 * d;
        close(gradient.offset, plain.gradOffset, largest);
        close(gradient.factors[0]!.weight.data, plain.gradV.data, largest);
        close(gradient.factors[1]!.weight.data, plain.gradH.data, largest);
      }),
      { numRuns: runs(60) },
    );
  });

  it('is the relative response error of a channel map', () => {
    const random = createRandom(4);
    const y = mixedSamples(50, 5, random);
    const map = mapFrom(5, 2, () => random.normal());
    for (const nonlinearity of nonlinearities) {
      const problem: ChainProblem = { input: y, target: y, nonlinearity };
      const chain = channelChain(map.right, map.left, map.offset);
      const expected = relativeResponseError({ target: y, regressor: y }, map, nonlinearity);
      const value = chainObjective(problem, chain, referenceKernels)(chain);
      // Outputs are sums of 5 + 2 products in f32, squared.
      expectWithin(value, expected, 8 * gamma(16, 'f32') * (1 + expected), nonlinearity.kind);
    }
  });
});

function channelChain(right: Matrix, left: Matrix, offset: Float64Array): FactorChain {
  return {
    factors: [
      { weight: right, strips: 1 },
      { weight: left, strips: 1 },
    ],
    offset,
  };
}

interface Drawn {
  readonly problem: ChainProblem;
  readonly start: FactorChain;
}

function drawn(random: Random, nonlinearity: Nonlinearity): Drawn {
  const input = mixedSamples(60, 6, random);
  const target = mixedSamples(60, 4, random);
  return { problem: { input, target, nonlinearity }, start: spatialChain(2, 3, 2, 4, () => random.normal() / 2) };
}

describe('descend', () => {
  it('never ends above its start, for every nonlinearity, and says where it ends', () => {
    fc.assert(
      fc.property(seeds, fc.constantFrom(...nonlinearities), (seed, nonlinearity) => {
        const { problem, start } = drawn(createRandom(seed), nonlinearity);
        const { initial, final, trace, chain } = solve(problem, start, 8);
        expect(final).toBeLessThan(initial);
        let last = initial * (1 + gamma(2 ** 8, 'f32'));
        for (const { value } of trace) {
          expect(value).toBeLessThanOrEqual(last);
          last = value;
        }
        expect(chainObjective(problem, chain, referenceKernels)(chain)).toBe(final);
      }),
      { numRuns: runs(40) },
    );
  });

  it('comes down to the optimum of reduced-rank regression where nothing is nonlinear, and never below', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = createRandom(seed);
        const [n, d, rank] = [80, 4, 2];
        const x = mixedSamples(n, d, random);
        const y = mixedSamples(n, d, random);
        const problem: ChainProblem = { input: x, target: y, nonlinearity: { kind: 'identity' } };
        const optimum = linearOptimum(problem, rank);
        const start = channelChain(
          matrixFrom(rank, d, () => random.normal()),
          matrixFrom(d, rank, () => random.normal()),
          new Float64Array(d),
        );
        const { initial, final } = solve(problem, start, 300);
        const allowance = gamma(2 ** 8, 'f32');
        expect(final).toBeGreaterThanOrEqual(optimum - allowance);
        // A rank-restricted fit has no other local minima (Baldi and Hornik 1989), only saddles that slow a search.
        expect(final - optimum).toBeLessThanOrEqual((initial - optimum) / 50);
      }),
      { numRuns: runs(20) },
    );
  });

  it('recovers a chain that made the targets, up to what its ReLU hides', () => {
    const random = createRandom(11);
    const input = mixedSamples(400, 6, random);
    const made = spatialChain(2, 3, 2, 4, () => random.normal());
    const target = mixedSamples(400, 4, random);
    const [v, h] = made.factors;
    for (let row = 0; row < 400; row++) {
      for (let j = 0; j < 4; j++) {
        let sum = made.offset[j]!;
        for (let k = 0; k < 4; k++) {
          for (let i = 0; i < 3; i++) {
            sum += at(h!.weight, j, k) * at(v!.weight, k % 2, i) * sampleAt(input, row, Math.floor(k / 2) * 3 + i);
          }
        }
        target.data[row * 4 + j] = sum;
      }
    }
    const nearby = createRandom(12);
    const start: FactorChain = {
      factors: made.factors.map(({ weight, strips }) => ({
        weight: matrixFrom(...sides(weight), (i, j) => at(weight, i, j) + nearby.normal() / 8),
        strips,
      })),
      offset: made.offset.map((value) => value + nearby.normal() / 8),
    };
    const { initial, final } = solve({ input, target, nonlinearity: { kind: 'relu' } }, start, 200);
    expect(final * 1000).toBeLessThan(initial);
  });

  it('gives the same on simd kernels within the noise of f32', async () => {
    const simd = await createSimdKernels();
    const { problem, start } = drawn(createRandom(21), { kind: 'relu' });
    const slow = solve(problem, start, 4);
    const fast = solve(problem, start, 4, simd);
    // Four steps from the same start: rounding of a gradient in f32 moves the value in its last digits only.
    expectWithin(fast.final, slow.final, 2 ** 8 * gamma(2 ** 6, 'f32'));
  });

  it('leaves a start alone that cannot be bettered', () => {
    const x = fromNested('f32', [[1], [2], [-3]]);
    const start = channelChain(
      matrixFrom(1, 1, () => 1),
      matrixFrom(1, 1, () => 1),
      new Float64Array(1),
    );
    const { chain, initial, final } = solve({ input: x, target: x, nonlinearity: { kind: 'relu' } }, start, 10);
    expect([initial, final]).toEqual([0, 0]);
    expect(chain).toBe(start);
  });

  it('names what it refuses', () => {
    const x = fromNested('f32', [[1, 2]]);
    const relu: Nonlinearity = { kind: 'relu' };
    const fine = channelChain(
      matrixFrom(1, 2, () => 1),
      matrixFrom(2, 1, () => 1),
      new Float64Array(2),
    );
    const run = (problem: ChainProblem, start: FactorChain, iterations = 1): (() => unknown) => {
      return () => solve(problem, start, iterations);
    };
    const problem: ChainProblem = { input: x, target: x, nonlinearity: relu };
    expect(run(problem, { ...fine, factors: [] })).toThrow('descend: start: expected at least one factor, got none');
    expect(run(problem, { ...fine, offset: new Float64Array(1) })).toThrow(
      'expected 2 outputs and offsets, got 2 and 1',
    );
    expect(run({ ...problem, input: fromNested('f32', [[1]]) }, fine)).toThrow(
      'factor 0: expected [out, 1], got [1, 2]',
    );
    expect(
      run(
        {
          ...problem,
          target: fromNested('f32', [
            [1, 2],
            [3, 4],
          ]),
        },
        fine,
      ),
    ).toThrow('with n ≥ 1, got [1, 2] and [2, 2]');
    expect(run({ ...problem, input: fromNested('f32', [[1, Number.NaN]]) }, fine)).toThrow('descend: input');
    expect(run(problem, fine, 1.5)).toThrow('descend: iterations: expected an integer ≥ 0, got 1.5');
  });
});

/** The least relative error of an affine map of the given rank, by the closed form. */
function linearOptimum({ input, target }: ChainProblem, rank: number): number {
  const [n = 0, d = 0] = input.shape;
  const mean = (samples: typeof input): number[] =>
    Array.from({ length: d }, (_, j) => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += sampleAt(samples, i, j);
      return sum / n;
    });
  const [mx, my] = [mean(input), mean(target)];
  const moment = (a: typeof input, ma: number[], b: typeof input, mb: number[]): Matrix =>
    matrixFrom(d, d, (i, j) => {
      let sum = 0;
      for (let row = 0; row < n; row++) sum += (sampleAt(a, row, i) - ma[i]!) * (sampleAt(b, row, j) - mb[j]!);
      return sum;
    });
  const { singularValues } = reducedRankRegression(
    prepareRegressor(moment(input, mx, input, mx)),
    moment(target, my, input, mx),
    rank,
  );
  const total = moment(target, my, target, my);
  let energy = 0;
  for (let j = 0; j < d; j++) energy += at(total, j, j);
  let explained = 0;
  for (const value of singularValues.data) explained += value * value;
  return (energy - explained) / energy;
}
