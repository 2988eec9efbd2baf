import { relativeResponseError, solveLinear } from '@rankwise/approx';
import type { LowRankMap } from '@rankwise/approx';
import { createRandom, fromNested, zeros } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowsPerChunk } from '../../packages/approx/src/solve/moments.ts';
import { seeds } from '../kit/matrices/arbitraries.ts';
import { matrixFrom } from '../kit/matrices/gallery.ts';
import { expectWithin, gamma } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';
import { columnMeans, integerSamples, mapFrom, mixedSamples, objective, sampleAt, samplesFrom } from './support.ts';

const identity = (d: number): LowRankMap => ({
  left: matrixFrom(d, d, (i, j) => (i === j ? 1 : 0)),
  right: matrixFrom(d, d, (i, j) => (i === j ? 1 : 0)),
  offset: new Float64Array(d),
});

const constant = (offset: readonly number[]): LowRankMap => ({
  left: zeros('f64', [offset.length, 1]),
  right: zeros('f64', [1, offset.length]),
  offset: Float64Array.from(offset),
});

describe('relativeResponseError: by hand', () => {
  const y = fromNested('f32', [
    [1, -4],
    [3, 0],
    [5, 4],
  ]);
  const samples = { target: y, regressor: y };

  it('is 0 for the exact map', () => {
    expect(relativeResponseError(samples, identity(2), { kind: 'relu' })).toBe(0);
    expect(relativeResponseError(samples, identity(2), { kind: 'identity' })).toBe(0);
  });

  it('is 1 for the best constant under identity', () => {
    expect(relativeResponseError(samples, constant([3, 0]), { kind: 'identity' })).toBe(1);
  });

  it('counts what is left after the nonlinearity only', () => {
    // Deviations: identity 8 + 32; relu 8 + (16 · 2/3): 0, 0, 4 around 4/3.
    const map = { ...identity(2), offset: Float64Array.from([1, 0]) };
    expect(relativeResponseError(samples, map, { kind: 'identity' })).toBe(3 / 40);
    const energy = 8 + (16 * 2) / 3;
    expectWithin(relativeResponseError(samples, map, { kind: 'relu' }), 3 / energy, gamma(8, 'f64'));
    const lower = { ...identity(2), offset: Float64Array.from([0, -100]) };
    expectWithin(relativeResponseError(samples, lower, { kind: 'relu' }), 16 / energy, gamma(8, 'f64'));
  });

  it('of responses that never vary is 0 where they are met and infinite where they are not', () => {
    const flat = samplesFrom(4, 2, (_, j) => (j === 0 ? -1 : 2));
    const one = { target: flat, regressor: flat };
    expect(relativeResponseError(one, constant([-7, 2]), { kind: 'relu' })).toBe(0);
    expect(relativeResponseError(one, constant([-7, 2]), { kind: 'identity' })).toBe(Infinity);
    expect(relativeResponseError(one, constant([0, 3]), { kind: 'relu' })).toBe(Infinity);
  });
});

describe('relativeResponseError: laws', () => {
  it('equals the quotient of two plain sums', () => {
    fc.assert(
      fc.property(seeds, fc.constantFrom('relu' as const, 'identity' as const), (seed, kind) => {
        const random = createRandom(seed);
        const d = 1 + random.integer(5);
        const n = 2 + random.integer(30);
        const target = integerSamples(n, d, 20, random);
        const samples = { target, regressor: integerSamples(n, d, 20, random) };
        const map = mapFrom(d, 1 + random.integer(d), () => random.integer(7) - 3);
        const responses = kind === 'relu' ? samplesFrom(n, d, (i, j) => Math.max(0, sampleAt(target, i, j))) : target;
        const means = columnMeans(responses);
        let energy = 0;
        for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) energy += (sampleAt(responses, i, j) - means[j]!) ** 2;
        fc.pre(energy > 0);
        const expected = objective(samples, map, { kind }) / energy;
        const bound = 4 * gamma(n * d + 4, 'f64') * expected * (1 + (400 * n * d) / energy);
        expectWithin(relativeResponseError(samples, map, { kind }), expected, bound);
      }),
      { numRuns: runs(50) },
    );
  });

  it('counts every row across chunks', () => {
    const n = 2 * rowsPerChunk + 5;
    const y = samplesFrom(n, 1, (row) => (row % 2 === 0 ? 1 : -1));
    // Even rows more by one: Σ (y − ȳ)² = n − 1/n. The map y ↦ y + 1 is off by 1 in each row.
    const map = { ...identity(1), offset: Float64Array.from([1]) };
    const expected = n / (n - 1 / n);
    expectWithin(
      relativeResponseError({ target: y, regressor: y }, map, { kind: 'identity' }),
      expected,
      gamma(4 * n, 'f64') * 2,
    );
  });

  it('under identity the linear solution of the samples is at most 1, and lies below every other map tried', () => {
    const random = createRandom(4);
    const y = mixedSamples(40, 4, random);
    const samples = { target: y, regressor: y };
    const best = relativeResponseError(samples, solveLinear(samples, 2).map, { kind: 'identity' });
    expect(best).toBeLessThan(1);
    for (let i = 0; i < 20; i++) {
      expect(relativeResponseError(samples, mapFrom(4, 2, random.normal), { kind: 'identity' })).toBeGreaterThan(best);
    }
  });
});

describe('relativeResponseError: refuses', () => {
  const y = fromNested('f32', [
    [1, 2],
    [3, 4],
  ]);
  const samples = { target: y, regressor: y };

  it('values that are not finite, in place of an error of 0', () => {
    const nan = fromNested('f32', [
      [1, Number.NaN],
      [3, 4],
    ]);
    const call = (): number => relativeResponseError({ target: nan, regressor: y }, identity(2), { kind: 'relu' });
    expect(call).toThrow(/^relativeResponseError: target: expected finite values, got NaN at \[0, 1\]/);
    const wild = { ...identity(2), offset: Float64Array.from([0, Infinity]) };
    expect(() => relativeResponseError(samples, wild, { kind: 'relu' })).toThrow(/^relativeResponseError: map.offset:/);
  });

  it('maps of another size', () => {
    const short = { ...identity(2), offset: new Float64Array(1) };
    for (const map of [identity(3), short, { ...identity(2), right: zeros('f64', [1, 2]) }]) {
      expect(() => relativeResponseError(samples, map, { kind: 'relu' })).toThrow(
        /^relativeResponseError: map: expected \[2, k/,
      );
    }
  });
});
