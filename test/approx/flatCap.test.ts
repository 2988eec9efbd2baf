import { flatCap } from '@rankwise/approx';
import { createRandom } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../kit/runs.ts';

/** The tests' own formula squares energies, which underflows below; flatCap does not. */
const leastSquarable = 2 ** -500;

const spectra = fc
  .array(fc.oneof(fc.double({ min: leastSquarable, max: 100, noNaN: true }), fc.constantFrom(0, 1e-9, 1e-3)), {
    minLength: 1,
    maxLength: 30,
  })
  .map((energies) => energies.toSorted((a, b) => b - a));

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

describe('flatCap', () => {
  it('by hand: tails 7, 3, 1 and 0 of 8, 4, 2, 1 against √(2 · 85 / n)', () => {
    const cap = (samples: number): number => flatCap([8, 4, 2, 1], samples);
    expect([3, 4, 18, 19, 170, 171].map(cap)).toEqual([1, 2, 2, 3, 3, 4]);
  });

  it('is the least rank whose tail is within one standard error, and never falls with more samples', () => {
    fc.assert(
      fc.property(spectra, fc.integer({ min: 1, max: 50_000 }), (energies, samples) => {
        const cap = flatCap(energies, samples);
        const standardError = Math.sqrt((2 * sum(energies.map((e) => e * e))) / samples);
        const tail = (rank: number): number => sum(energies.slice(rank));
        // A tail within rounding of the error may fall on either side of it; integers below would not reach this often.
        const isClose = [cap, cap - 1].some((rank) => Math.abs(tail(rank) / standardError - 1) < 0.5 ** 40); // bound: far above 60 roundings
        if (!isClose && cap < energies.length) expect(tail(cap)).toBeLessThanOrEqual(standardError);
        if (!isClose && cap > 1) expect(tail(cap - 1)).toBeGreaterThan(standardError);
        expect(flatCap(energies, samples + 1000)).toBeGreaterThanOrEqual(cap);
        expect(
          flatCap(
            energies.map((e) => e * 2 ** 600),
            samples,
          ),
        ).toBe(cap);
      }),
      { numRuns: runs() },
    );
  });

  it('the standard error is what repeated samples of normal responses show', () => {
    const energies = [4, 2, 1, 0.5];
    const samples = 50;
    const random = createRandom(3);
    const repeats = 3000;
    const totals = Array.from({ length: repeats }, () => {
      let total = 0;
      for (let i = 0; i < samples; i++) for (const energy of energies) total += energy * random.normal() ** 2;
      return total / samples;
    });
    const mean = sum(totals) / repeats;
    const deviation = Math.sqrt(sum(totals.map((total) => (total - mean) ** 2)) / repeats);
    const formula = Math.sqrt((2 * sum(energies.map((e) => e * e))) / samples);
    // The deviation of 3,000 values is known to one part in √6000 = 77; four of those.
    expect(Math.abs(deviation / formula - 1)).toBeLessThan(4 / Math.sqrt(2 * repeats));
  });

  it('caps a first layer as flat as the paper’s Conv1 where a hand would: 96 filters with a floor above 32', () => {
    // 7×7×3 filters on photographs: energies fall as a power of the index and end in noise.
    const energies = Array.from({ length: 96 }, (_, i) => (i + 1) ** -2.5 + (i < 32 ? 0 : -(33 ** -2.5)) + 1e-6);
    const falling = energies.map((value) => Math.max(value, 1e-6)).toSorted((a, b) => b - a);
    const cap = flatCap(falling, 30_000);
    expect(cap).toBeGreaterThan(8);
    expect(cap).toBeLessThanOrEqual(32);
    const kept = sum(falling.slice(0, cap)) / sum(falling);
    expect(kept).toBeGreaterThan(0.99);
  });

  it('takes energies whose squares underflow for what they are to each other: tail 1 against √(2 · 2 / n)', () => {
    const { MIN_VALUE } = Number;
    expect([1, 4, 5].map((samples) => flatCap([MIN_VALUE, MIN_VALUE], samples))).toEqual([1, 1, 2]);
  });

  it('leaves spectra without a flat end alone, and takes a dead layer for one direction', () => {
    expect(
      flatCap(
        Array.from({ length: 512 }, () => 3),
        30_000,
      ),
    ).toBe(512);
    expect(flatCap([0, 0, 0], 10)).toBe(1);
    expect(flatCap([1e-300], 10)).toBe(1);
    expect(flatCap([5, -1e-12], 10)).toBe(1);
  });

  it('refuses what is no spectrum', () => {
    expect(() => flatCap([], 10)).toThrow('flatCap: energies: expected at least one, got none');
    expect(() => flatCap([1, 2], 10)).toThrow('flatCap: energies: expected finite descending values, got 2 at 1');
    expect(() => flatCap([Number.NaN], 10)).toThrow(/energies: .* got NaN at 0/);
    for (const samples of [0, 1.5, -2, Number.NaN]) {
      expect(() => flatCap([1], samples)).toThrow(`flatCap: samples: expected a positive integer, got ${samples}`);
    }
  });
});
