import { optimalRanks } from '@rankwise/approx';
import type { RankChoice, RankOption, RankTable } from '@rankwise/approx';
import { createRandom } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gamma } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';

/** Sums in the order of the tables, as the choice forms them. */
const sumOf = (options: readonly RankOption[], value: (option: RankOption) => number): number =>
  options.reduce((sum, option) => sum + value(option), 0);

/** Every combination; the least loss within the budget, and among those the least cost. */
function bruteForce(tables: readonly RankTable[], budget: number): { loss: number; cost: number } {
  let best = { loss: Infinity, cost: Infinity };
  const walk = (chosen: readonly RankOption[]): void => {
    const table = tables[chosen.length];
    if (table !== undefined) {
      for (const option of table.options) walk([...chosen, option]);
      return;
    }
    const found = { loss: sumOf(chosen, ({ loss }) => loss), cost: sumOf(chosen, ({ cost }) => cost) };
    if (found.cost > budget) return;
    if (found.loss < best.loss || (found.loss === best.loss && found.cost < best.cost)) best = found;
  };
  walk([]);
  return best;
}

/** max over λ of Σ_l min_j (loss + λ cost) − λ B, on a grid of λ: every value bounds every choice's loss from below. */
function dualBound(tables: readonly RankTable[], budget: number, multipliers: readonly number[]): number {
  const value = (lambda: number): number =>
    tables.reduce((sum, { options }) => sum + Math.min(...options.map((o) => o.loss + lambda * o.cost)), 0) -
    lambda * budget;
  return Math.max(...multipliers.map(value));
}

const numbers = fc.oneof(
  fc.double({ min: 0, max: 10, noNaN: true }),
  fc.nat(6),
  fc.constantFrom(0, 1 / 3, 1e-300, 1e150),
);
const optionOf = fc.record({ rank: fc.integer({ min: 1, max: 9 }), cost: numbers, loss: numbers });
const tableSets = fc
  .array(fc.array(optionOf, { minLength: 1, maxLength: 5 }), { minLength: 0, maxLength: 5 })
  .map((sets) => sets.map((options, i): RankTable => ({ name: `layer${i}`, options })));

function expectConsistent(choice: RankChoice, tables: readonly RankTable[], budget: number): void {
  expect(choice.options).toHaveLength(tables.length);
  for (const [i, option] of choice.options.entries()) expect(tables[i]?.options).toContain(option);
  expect(choice.cost).toBe(sumOf(choice.options, ({ cost }) => cost));
  expect(choice.loss).toBe(sumOf(choice.options, ({ loss }) => loss));
  expect(choice.cost).toBeLessThanOrEqual(budget);
  expect(choice.bound).toBeLessThanOrEqual(choice.loss);
}

describe('optimalRanks', () => {
  it('by hand: the relaxed climb stops short of the best pair', () => {
    const tables = [
      { name: 'a', options: [0, 1, 2].map((cost) => ({ rank: cost + 1, cost, loss: [10, 6, 4][cost] ?? 0 })) },
      { name: 'b', options: [0, 3].map((cost) => ({ rank: cost + 1, cost, loss: cost === 0 ? 10 : 1 })) },
    ];
    // With 3 to spend, b's step saves 9; both of a's save 6.
    expect(optimalRanks(tables, 3)).toMatchObject({ loss: 11, cost: 3, exact: true });
    expect(optimalRanks(tables, 3).options.map(({ rank }) => rank)).toEqual([1, 4]);
    expect(optimalRanks(tables, 2).options.map(({ rank }) => rank)).toEqual([3, 1]);
    expect(optimalRanks(tables, 5).loss).toBe(5);
    expect(optimalRanks(tables, Infinity).loss).toBe(5);
  });

  it('is the best of all combinations, for any real costs', () => {
    fc.assert(
      fc.property(tableSets, fc.double({ min: 0, max: 1, noNaN: true }), (tables, share) => {
        const least = tables.reduce((sum, { options }) => sum + Math.min(...options.map(({ cost }) => cost)), 0);
        const most = tables.reduce((sum, { options }) => sum + Math.max(...options.map(({ cost }) => cost)), 0);
        const budget = least + share * (most - least);
        const choice = optimalRanks(tables, budget);
        expectConsistent(choice, tables, budget);
        expect({ loss: choice.loss, cost: choice.cost }).toEqual(bruteForce(tables, budget));
        expect(choice).toMatchObject({ exact: true, bound: choice.loss });
      }),
      { numRuns: runs(400) },
    );
  });

  it('does not depend on what a dominated option is, nor on how often it is asked', () => {
    fc.assert(
      fc.property(tableSets, fc.double({ min: 1, max: 30, noNaN: true }), (tables, extra) => {
        const budget = tables.reduce((sum, { options }) => sum + Math.min(...options.map(({ cost }) => cost)), 0) + 5;
        const worse = tables.map(({ name, options }) => ({
          name,
          options: [
            ...options,
            ...options.map(({ rank, cost, loss }) => ({ rank, cost: cost + extra, loss: loss + 1 })),
          ],
        }));
        const choice = optimalRanks(tables, budget);
        expect(optimalRanks(tables, budget)).toEqual(choice);
        expect(optimalRanks(worse, budget).loss).toBe(choice.loss);
      }),
      { numRuns: runs() },
    );
  });

  /** Layers whose losses fall roughly geometrically, at costs that are whole or measured. */
  const large = (seed: number, layers: number, filters: number, measured: boolean): RankTable[] => {
    const random = createRandom(seed);
    return Array.from({ length: layers }, (_, l) => {
      const rate = 0.2 + 2 * random.uniform();
      const unit = 1 + random.integer(50);
      const options = Array.from({ length: filters }, (__, i) => ({
        rank: i + 1,
        cost: (i + 1) * unit * (measured ? 1 + random.uniform() / 10 : 1),
        loss: Math.exp((-8 * rate * (i + 1)) / filters) * (1 + random.uniform() / 10),
      }));
      return { name: `layer${l}`, options };
    });
  };

  it.each([false, true])(
    '16 layers of 512 ranks: lies within one step of the dual bound (measured costs: %s)',
    (measured) => {
      const tables = large(5, 16, 512, measured);
      const total = tables.reduce((sum, { options }) => sum + (options.at(-1)?.cost ?? 0), 0);
      const lambdas = Array.from({ length: 400 }, (_, i) => 10 ** (-7 + i / 80));
      for (const speedup of [2, 4, 8]) {
        const choice = optimalRanks(tables, total / speedup);
        expectConsistent(choice, tables, total / speedup);
        expect(choice.exact).toBe(true);
        const bound = dualBound(tables, total / speedup, lambdas);
        const rounding = gamma(4 * tables.length, 'f64') * (choice.loss + bound);
        expect(choice.loss).toBeGreaterThanOrEqual(bound - rounding);
        // The relaxation splits one step of one hull, and no step of these saves more than the first rank of a layer.
        const step = Math.max(...tables.map(({ options }) => options[0]?.loss ?? 0));
        expect(choice.loss - bound).toBeLessThanOrEqual(step);
      }
    },
  );

  it('cut short, says how far from the best it may be', () => {
    const tables = large(6, 8, 64, true);
    const budget = tables.reduce((sum, { options }) => sum + (options.at(-1)?.cost ?? 0), 0) / 4;
    const exact = optimalRanks(tables, budget);
    const cut = optimalRanks(tables, budget, { maxPairs: 1 });
    expectConsistent(cut, tables, budget);
    expect(cut.exact).toBe(false);
    expect(cut.loss).toBeGreaterThanOrEqual(exact.loss);
    expect(cut.bound).toBeLessThanOrEqual(exact.loss);
  });

  it('a budget that no choice meets by a rounding is refused, the least one is met', () => {
    const tables = large(7, 5, 3, true);
    const least = tables.reduce((sum, { options }) => sum + Math.min(...options.map(({ cost }) => cost)), 0);
    expect(optimalRanks(tables, least).options.map(({ rank }) => rank)).toEqual([1, 1, 1, 1, 1]);
    expect(() => optimalRanks(tables, least * (1 - gamma(2, 'f64')))).toThrow(
      /^optimalRanks: budget: expected at least the least cost/,
    );
  });

  it('no layers cost and lose nothing', () => {
    expect(optimalRanks([], 0)).toEqual({ options: [], cost: 0, loss: 0, bound: 0, exact: true });
  });

  it('refuses tables it cannot add up', () => {
    const good = { name: 'a', options: [{ rank: 1, cost: 1, loss: 1 }] };
    const calls: [tables: RankTable[], message: RegExp][] = [
      [[good, good], /tables: expected each layer once, got a twice/],
      [[{ name: 'a', options: [] }], /options of a: expected at least one, got none/],
      [[{ name: 'a', options: [{ rank: 3, cost: Number.NaN, loss: 1 }] }], /cost of a at rank 3: .* got NaN/],
      [[{ name: 'a', options: [{ rank: 3, cost: -1, loss: 1 }] }], /cost of a at rank 3: .* got -1/],
      [[{ name: 'a', options: [{ rank: 3, cost: 1, loss: Infinity }] }], /loss of a at rank 3: .* got Infinity/],
    ];
    for (const [tables, message] of calls) expect(() => optimalRanks(tables, 5)).toThrow(message);
    expect(() => optimalRanks([good], Number.NaN)).toThrow(/budget: .* got NaN/);
    expect(() => optimalRanks([good], 5, { maxPairs: 0 })).toThrow(/maxPairs: expected a number ≥ 1, got 0/);
  });
});
