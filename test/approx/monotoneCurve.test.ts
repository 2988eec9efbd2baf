import { monotoneCurve } from '@rankwise/approx';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectWithin, gamma } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';

const ascending = fc
  .uniqueArray(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 7 })
  .map((ranks) => ranks.toSorted((a, b) => a - b));
const points = ascending.chain((ranks) =>
  fc.record({
    ranks: fc.constant(ranks),
    values: fc.array(fc.oneof(fc.double({ min: 0, max: 5, noNaN: true }), fc.constantFrom(0, 1e-7, 1)), {
      minLength: ranks.length,
      maxLength: ranks.length,
    }),
  }),
);

/** Isotonic regression by its min-max formula: value i is min over a ≤ i of max over b ≥ i of the mean of a…b, for falling sequences. */
function isotonic(values: readonly number[]): number[] {
  const mean = (a: number, b: number): number =>
    values.slice(a, b + 1).reduce((sum, value) => sum + value, 0) / (b + 1 - a);
  return values.map((_, i) => {
    let least = Infinity;
    for (let a = 0; a <= i; a++) {
      let most = -Infinity;
      for (let b = i; b < values.length; b++) most = Math.max(most, mean(a, b));
      least = Math.min(least, most);
    }
    return least;
  });
}

describe('monotoneCurve', () => {
  it('is a power law where the measurements are one', () => {
    const curve = monotoneCurve([2, 4, 16], [1 / 4, 1 / 16, 1 / 256], 16);
    for (let rank = 2; rank <= 16; rank++) {
      // Logarithms of at most 6 in size, some ten roundings, and the exponential of them.
      expectWithin(curve[rank - 1]! * rank * rank, 1, gamma(100, 'f64'), `rank ${rank}`);
    }
    expect(curve[0]).toBe(1 / 4);
  });

  it('pools what is out of order, as the min-max formula of isotonic regression has it', () => {
    fc.assert(
      fc.property(points, ({ ranks, values }) => {
        const curve = monotoneCurve(ranks, values, 60);
        for (const [i, value] of isotonic(values).entries()) {
          expectWithin(curve[ranks[i]! - 1]!, value, gamma(12, 'f64') * 5);
        }
      }),
      { numRuns: runs() },
    );
  });

  it('never rises, is level outside the measured ranks and ends at the last measurement', () => {
    fc.assert(
      fc.property(points, ({ ranks, values }) => {
        const curve = monotoneCurve(ranks, values, 70);
        for (let rank = 2; rank <= 70; rank++) {
          expect(curve[rank - 1]).toBeLessThanOrEqual(curve[rank - 2]!);
        }
        expect(curve[0]).toBe(curve[ranks[0]! - 1]);
        expect(curve[69]).toBe(curve[ranks.at(-1)! - 1]);
      }),
      { numRuns: runs() },
    );
  });

  it('bends smoothly: between three points on a curve it lies nearer to the curve than straight pieces do', () => {
    const loss = (rank: number): number => Math.exp(-rank / 10) / rank;
    const ranks = [1, 4, 16, 64];
    const curve = monotoneCurve(ranks, ranks.map(loss), 64);
    const straight = (rank: number): number => {
      const [from, to] = [8, 32].includes(rank) ? [rank / 2, rank * 2] : [rank, rank];
      return Math.sqrt(loss(from) * loss(to));
    };
    for (const rank of [8, 32]) {
      const distance = (value: number): number => Math.abs(Math.log(value / loss(rank)));
      expect(distance(curve[rank - 1]!)).toBeLessThan(distance(straight(rank)));
    }
  });

  it('refuses what is no curve', () => {
    const calls: [ranks: number[], values: number[], message: RegExp][] = [
      [[], [], /values: expected one for each of at least one rank, got 0 for 0/],
      [[1, 2], [1], /values: .* got 1 for 2/],
      [[2, 2], [1, 1], /ranks: expected ascending integers ≥ 1, got 2, 2/],
      [[0, 2], [1, 1], /ranks: .* got 0, 2/],
      [[1.5], [1], /ranks: .* got 1.5/],
      [[1], [-1], /values: expected finite numbers ≥ 0, got -1/],
      [[1], [Number.NaN], /values: .* got NaN/],
      [[1], [Infinity], /values: .* got Infinity/],
    ];
    for (const [ranks, values, message] of calls) expect(() => monotoneCurve(ranks, values, 3)).toThrow(message);
  });
});
