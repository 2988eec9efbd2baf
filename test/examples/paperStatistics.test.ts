import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '@rankwise/tensor';
import {
  linearFit,
  meanOf,
  pairedDifference,
  rankCorrelation,
  wilsonInterval,
} from '../../examples/paper/statistics.ts';
import { runs } from '../kit/runs.ts';

describe('wilsonInterval', () => {
  it('is the one printed in textbooks', () => {
    // 81 of 263: 0.255 to 0.366 (Newcombe 1998, Table I).
    const [low, high] = wilsonInterval(81, 263);
    expect([low.toFixed(4), high.toFixed(4)]).toEqual(['0.2553', '0.3662']);
  });

  it('solves the equation it comes from, and stays within 0 and 1', () => {
    const counts = fc
      .integer({ min: 1, max: 10_000 })
      .chain((count) => fc.tuple(fc.nat({ max: count }), fc.constant(count)));
    fc.assert(
      fc.property(counts, ([hits, count]) => {
        for (const end of wilsonInterval(hits, count)) {
          expect(end >= 0 && end <= 1).toBe(true);
          const distance = Math.abs(hits / count - end);
          const spread = 1.959964 * Math.sqrt((end * (1 - end)) / count);
          // Both sides come from some ten roundings of numbers up to 4 in size, under a square root at the ends.
          expect(Math.abs(distance - spread)).toBeLessThan(40 * Math.sqrt(Number.EPSILON)); // bound: see the line above
        }
      }),
      { numRuns: runs() },
    );
    expect(wilsonInterval(0, 0)).toEqual([0, 1]);
  });
});

describe('pairedDifference', () => {
  it('has by hand the mean and the spread of the differences', () => {
    // Differences 1, 0, 0, −1, 1: mean 0.2, sum of squares about it 3 − 5 · 0.04 = 2.8.
    const { value, standardError } = pairedDifference([1, 1, 0, 0, 1], [0, 1, 0, 1, 0]);
    expect(value).toBe(1 / 5);
    expect(standardError.toFixed(12)).toBe(Math.sqrt(2.8 / 4 / 5).toFixed(12));
  });

  it('is nothing beyond doubt for equal answers, and refuses other photographs', () => {
    expect(pairedDifference([1, 0], [1, 0])).toEqual({ value: 0, standardError: 0 });
    expect(() => pairedDifference([1], [1, 0])).toThrow('expected equal lengths, got 1 and 2');
    expect(meanOf([3])).toEqual({ value: 3, standardError: Number.NaN });
  });

  it('has a standard error that is the spread over repeated samples', () => {
    const random = createRandom(5);
    const found = Array.from({ length: 400 }, () => {
      const pairs = Array.from({ length: 200 }, () => random.uniform());
      // In one of ten only the first is right, in one of twenty only the second.
      return pairedDifference(
        pairs.map((u) => (u < 0.1 || u > 0.5 ? 1 : 0)),
        pairs.map((u) => (u > 0.45 ? 1 : 0)),
      );
    });
    const spread = meanOf(found.map(({ value }) => value)).standardError * Math.sqrt(found.length);
    const claimed = meanOf(found.map(({ standardError }) => standardError)).value;
    // The spread of 400 values is known to 1 in √800, seven of them at most.
    expect(Math.abs(spread / claimed - 1)).toBeLessThan(7 / Math.sqrt(800));
  });
});

describe('coefficients', () => {
  it('of ranks and of a line are 1 or −1 on a line, and of ranks 1 on any rising curve', () => {
    const x = [1, 2, 3, 4, 5];
    expect(rankCorrelation(x, x.map(Math.exp)).value.toFixed(9)).toBe('1.000000000');
    expect(
      linearFit(
        x,
        x.map((one) => 3 - 2 * one),
      ).value.toFixed(9),
    ).toBe('-1.000000000');
    expect(
      linearFit(
        x,
        x.map((one) => Math.exp(3 * one)),
      ).value,
    ).toBeLessThan(0.7);
  });

  it('are those worked out by hand', () => {
    // Ranks 1 2 3 4 against 1 3 2 4: ρ = 1 − 6 · 2 / (4 · 15) = 0.8; with a tie 1.5 1.5 3 against 1 2 3: cov 1.5, variances 1.5 and 2.
    expect(rankCorrelation([1, 2, 3, 4], [10, 30, 20, 40]).value.toFixed(12)).toBe('0.800000000000');
    expect(rankCorrelation([1, 1, 2], [1, 2, 3]).value.toFixed(12)).toBe((1.5 / Math.sqrt(3)).toFixed(12));
    // x = −1 0 1, y = 0 0 1: slope 1/2, explained 1/2 of 2/3.
    expect(linearFit([-1, 0, 1], [0, 0, 1]).value.toFixed(12)).toBe('0.750000000000');
    expect(rankCorrelation([1, 2], [3, 3]).value).toBeNaN();
  });
});
