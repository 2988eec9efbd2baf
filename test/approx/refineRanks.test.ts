import { optimalRanks, refineRanks } from '@rankwise/approx';
import type { RankOption, RankTable } from '@rankwise/approx';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../kit/runs.ts';

const falling = (filters: number, unit: number, power: number): RankOption[] =>
  Array.from({ length: filters }, (_, i) => ({ rank: i + 1, cost: unit * (i + 1), loss: (i + 1) ** -power }));

const tableSets: fc.Arbitrary<RankTable[]> = fc
  .array(
    fc.record({
      filters: fc.integer({ min: 2, max: 12 }),
      unit: fc.integer({ min: 1, max: 4 }),
      power: fc.double({ min: 0.5, max: 3, noNaN: true }),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((sets) =>
    sets.map(({ filters, unit, power }, i) => ({ name: `l${i}`, options: falling(filters, unit, power) })),
  );

const least = (tables: readonly RankTable[]): number =>
  tables.reduce((sum, { options }) => sum + Math.min(...options.map(({ cost }) => cost)), 0);

describe('refineRanks', () => {
  it('finds the weights that the tables lack', async () => {
    const tables = Array.from({ length: 4 }, (_, l) => ({ name: `l${l}`, options: falling(40, 1, 1) }));
    const truth = [1, 8, 0.5, 20];
    const score = async (plan: readonly RankOption[]): Promise<number> =>
      plan.reduce((sum, { rank }, l) => sum + truth[l]! / rank, 0);
    const weighted = tables.map(({ name, options }, l) => ({
      name,
      options: options.map((option) => ({ ...option, loss: option.loss * truth[l]! })),
    }));
    const best = optimalRanks(weighted, 60).loss;
    const start = await score(optimalRanks(tables, 60).options);
    const { score: found } = await refineRanks(tables, 60, score, { evaluations: 60 });
    // What is left of the way from the start to the best is less than a twentieth.
    expect(found - best).toBeLessThan((start - best) / 20);
  });

  it('is never worse than a start or the optimum, within the budget, and counts its scores', async () => {
    await fc.assert(
      fc.asyncProperty(
        tableSets,
        fc.nat(20),
        fc.integer({ min: 1, max: 15 }),
        fc.nat(),
        async (tables, extra, evaluations, seed) => {
          const budget = least(tables) + extra;
          const start = tables.map(({ options }) => options[0]!);
          // A score without any pattern.
          const scoreOf = (plan: readonly RankOption[]): number =>
            plan.reduce((hash, { rank }) => (hash * 31 + rank * 17 + seed) % 101, seed % 101);
          const seen: string[] = [];
          const {
            options,
            score,
            evaluations: made,
          } = await refineRanks(
            tables,
            budget,
            async (plan) => {
              seen.push(plan.map(({ rank }) => rank).join());
              return scoreOf(plan);
            },
            { starts: [start], evaluations },
          );
          expect(made).toBe(seen.length);
          expect(made).toBeLessThanOrEqual(evaluations);
          expect(new Set(seen).size).toBe(seen.length);
          expect(score).toBe(scoreOf(options));
          expect(score).toBeLessThanOrEqual(scoreOf(optimalRanks(tables, budget).options));
          if (evaluations > 1) expect(score).toBeLessThanOrEqual(scoreOf(start));
          expect(options.reduce((sum, { cost }) => sum + cost, 0)).toBeLessThanOrEqual(budget);
        },
      ),
      { numRuns: runs(60) },
    );
  });

  it('goes on from a start that is better than the optimum of the tables', async () => {
    const tables = [1, 1, 1].map((_, l) => ({ name: `l${l}`, options: falling(30, 1, 1) }));
    const score = async (plan: readonly RankOption[]): Promise<number> =>
      plan.reduce((sum, { rank }, l) => sum + [1, 1, 400][l]! / rank, 0);
    const start = [3, 3, 24].map((rank, l) => tables[l]!.options[rank - 1]!);
    const tried: number[] = [];
    const { options } = await refineRanks(tables, 30, score, {
      starts: [start],
      evaluations: 12,
      onScore: (plan) => tried.push(plan[2]!.rank),
    });
    expect(tried.slice(0, 2)).toEqual([10, 24]);
    // No later plan goes back to where the tables would have it.
    for (const rank of tried.slice(2)) expect(rank).toBeGreaterThan(15);
    expect(options[2]!.rank).toBeGreaterThanOrEqual(24);
  });

  it('keeps an answer even where every score is infinite or no number', async () => {
    const tables = [{ name: 'a', options: falling(3, 1, 1) }];
    for (const value of [Infinity, Number.NaN]) {
      const { options } = await refineRanks(tables, 2, async () => value);
      expect(options.map(({ rank }) => rank)).toEqual([2]);
    }
  });

  it('refuses starts of another length and counts that are none', async () => {
    const tables = [{ name: 'a', options: falling(3, 1, 1) }];
    const score = async (): Promise<number> => 0;
    await expect(refineRanks(tables, 2, score, { starts: [[]] })).rejects.toThrow(
      'refineRanks: starts: expected 1 options each, one for a table, got 0',
    );
    for (const evaluations of [0, 1.5, Number.NaN]) {
      await expect(refineRanks(tables, 2, score, { evaluations })).rejects.toThrow(
        `refineRanks: evaluations: expected a positive integer, got ${evaluations}`,
      );
    }
  });
});
