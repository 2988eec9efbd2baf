import {
  approximatedMacs,
  convolutionLayers,
  decompositionPays,
  energyKept,
  energyLoss,
  selectRanks,
} from '@rankwise/approx';
import type { Budget, ConvolutionLayer, LayerLatency, RankMethod, RankRequest } from '@rankwise/approx';
import { sequential } from '@rankwise/nn';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectWithin, gamma } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';

const model = sequential('chain', [3, 12, 12], { seed: 1 })
  .conv('conv1', { filters: 8, kernel: 3 })
  .relu()
  .conv('conv2', { filters: 9, kernel: 3 })
  .relu()
  .conv('conv3', { filters: 7, kernel: [1, 3] })
  .relu()
  .conv('conv4', { filters: 8, kernel: 3 })
  .build();
const layers = convolutionLayers(model);
const counted = layers.slice(1);

const spectra = (rates: readonly number[]): Record<string, number[]> =>
  Object.fromEntries(
    layers.map(({ name, filters }, l) => [name, Array.from({ length: filters }, (_, a) => (rates[l] ?? 1) ** a)]),
  );
const rates = fc.array(fc.double({ min: 0.3, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 });

/** Made-up milliseconds that neither fall nor rise in step with multiply-adds. */
const latencies: Record<string, LayerLatency> = Object.fromEntries(
  layers.map(({ name, filters }, l) => [
    name,
    { original: 3 + l, atRank: Array.from({ length: filters }, (_, i) => 0.3 + (0.8 + l / 10) * (i + 1)) },
  ]),
);

/** What the layer is charged with at a rank, worked out anew. */
function costOf(layer: ConvolutionLayer, rank: number, budget: Budget): number {
  const { filters, patchSize, positions, name } = layer;
  const alone = rank * (patchSize + filters) >= filters * patchSize;
  if (budget === 'milliseconds') return alone ? latencies[name]!.original : latencies[name]!.atRank[rank - 1]!;
  const each = alone ? filters * patchSize : rank * (patchSize + filters);
  return budget === 'macs' ? each * positions : each;
}

/** All ranks of the counted layers whose cost is within the budget, best first by Σ loss. */
function everyPlan(
  budget: number,
  unit: Budget,
  allowed: (layer: ConvolutionLayer) => number[],
  loss: (l: ConvolutionLayer, rank: number) => number,
) {
  let best = Infinity;
  const walk = (index: number, cost: number, lost: number): void => {
    const layer = counted[index];
    if (layer === undefined) {
      if (cost <= budget) best = Math.min(best, lost);
      return;
    }
    for (const rank of allowed(layer)) {
      walk(
        index + 1,
        cost + costOf(layer, rank, unit),
        lost + (decompositionPays(layer, rank) ? loss(layer, rank) : 0),
      );
    }
  };
  walk(0, 0, 0);
  return best;
}

const allRanks = ({ filters }: ConvolutionLayer): number[] => Array.from({ length: filters }, (_, i) => i + 1);
const costBefore = (budget: Budget): number =>
  counted.reduce((sum, layer) => sum + costOf(layer, layer.filters, budget), 0);

describe('energyLoss', () => {
  it('is −log of the energy kept, and keeps what is small against 1', () => {
    const energies = [6, 3, 1, 0];
    for (const [i, loss] of energyLoss(energies).entries()) {
      const kept = energyKept(energies, i + 1);
      // Two roundings in the quotient, condition 1 / |1 − kept| of log at most 2.5 here, one in log itself.
      expectWithin(loss, -Math.log(kept), gamma(8, 'f64'));
    }
    expect([...energyLoss([0, 0])]).toEqual([0, 0]);
    expect(energyLoss([1, 2 ** -60])[0]).toBe(2 ** -60);
    expect([...energyLoss([2, -1])]).toEqual([0, 0]);
  });
});

describe('exact', () => {
  it('keeps the largest product of energies that any ranks within the budget keep', () => {
    fc.assert(
      fc.property(rates, fc.double({ min: 1, max: 4, noNaN: true }), (falling, speedup) => {
        const energies = spectra(falling);
        const plan = selectRanks(layers, { method: 'exact', speedup, energies });
        const lossOf = (layer: ConvolutionLayer, rank: number): number =>
          -Math.log(energyKept(energies[layer.name]!, rank));
        const best = everyPlan(costBefore('macs') / speedup, 'macs', allRanks, lossOf);
        // Logarithms of quotients of sums of at most nine energies, summed over three layers, all below 3.
        expectWithin(plan.objective!.loss, best, gamma(40, 'f64') * 9);
        expect(plan.speedup).toBeGreaterThanOrEqual(speedup);
        expect(plan.objective!.bound).toBe(plan.objective!.loss);
      }),
      { numRuns: runs(60) },
    );
  });

  it('never keeps less than the greedy, whose gap is printed', () => {
    let gaps = 0;
    fc.assert(
      fc.property(rates, fc.double({ min: 1, max: 4, noNaN: true }), (falling, speedup) => {
        const energies = spectra(falling);
        const greedy = selectRanks(layers, { method: 'energy', speedup, energies }).objective!;
        const exact = selectRanks(layers, { method: 'exact', speedup, energies }).objective!;
        expect(greedy.bound).toBe(exact.loss);
        expect(greedy.loss).toBeGreaterThanOrEqual(exact.loss);
        if (greedy.loss > exact.loss) gaps++;
      }),
      { numRuns: runs(60) },
    );
    // The greedy is not optimal: otherwise the comparison above would prove nothing.
    expect(gaps).toBeGreaterThan(0);
  });
});

describe('sensitivity', () => {
  const losses = Object.fromEntries(
    layers.map(({ name, filters }, l) => [name, Array.from({ length: filters }, (_, i) => (l + 1) / (i + 1) ** 2)]),
  );

  it.each(['macs', 'parameters', 'milliseconds'] as const)('loses least within a budget of %s', (budget) => {
    for (const speedup of [1, 1.3, 2, 2.5]) {
      const plan = selectRanks(layers, { method: 'sensitivity', speedup, losses, budget, latencies });
      const lossOf = ({ name }: ConvolutionLayer, rank: number): number => losses[name]![rank - 1]!;
      expect(plan.objective!.loss).toBe(everyPlan(costBefore(budget) / speedup, budget, allRanks, lossOf));
      const after = counted.reduce((sum, layer) => sum + costOf(layer, plan.ranks[layer.name]!, budget), 0);
      expect(plan.cost).toEqual({ budget, before: costBefore(budget), after });
      expect(plan.cost.before / plan.cost.after).toBeGreaterThanOrEqual(speedup);
    }
  });

  it('refuses losses that are missing, too few or not finite', () => {
    const call = (given: Record<string, number[]>) => () =>
      selectRanks(layers, { method: 'sensitivity', speedup: 2, losses: given });
    expect(call({})).toThrow('selectRanks: losses of conv2: expected 9 values, got none');
    expect(call({ ...losses, conv3: [1] })).toThrow('selectRanks: losses of conv3: expected 7 values, got 1');
    expect(call({ ...losses, conv2: [Number.NaN, ...losses['conv2']!.slice(1)] })).toThrow(/loss of conv2 at rank 1/);
  });
});

describe('every method', () => {
  const methods: RankMethod[] = ['energy', 'exact', 'sensitivity', 'uniform'];
  const energies = spectra([1, 0.7, 0.5, 0.8]);
  const base = { energies, losses: energies, latencies };

  it.each(methods)('%s: meets budgets in any unit, with ranks in multiples', (method) => {
    for (const budget of ['macs', 'parameters', 'milliseconds'] as const) {
      for (const multipleOf of [1, 2, 3]) {
        for (const speedup of [1, 1.2, 1.4]) {
          const plan = selectRanks(layers, { ...base, method, budget, multipleOf, speedup });
          expect(plan.cost.before / plan.cost.after).toBeGreaterThanOrEqual(speedup);
          for (const [name, rank] of Object.entries(plan.ranks)) {
            expect(rank % multipleOf === 0 || plan.leftAlone.includes(name)).toBe(true);
          }
        }
      }
    }
  });

  it('multiples are chosen inside the optimum: it is the best of all plans in multiples', () => {
    const request: RankRequest = { ...base, method: 'sensitivity', speedup: 2.2, multipleOf: 2 };
    const allowed = (layer: ConvolutionLayer): number[] =>
      allRanks(layer).filter((rank) => rank % 2 === 0 || rank === layer.filters);
    const lossOf = ({ name }: ConvolutionLayer, rank: number): number => energies[name]![rank - 1]!;
    const best = everyPlan(costBefore('macs') / 2.2, 'macs', allowed, lossOf);
    expect(selectRanks(layers, request).objective!.loss).toBe(best);
  });

  it.each(methods)('%s: a cap is kept, and is allowed although it is no multiple', (method) => {
    const plan = selectRanks(layers, { ...base, method, speedup: 1, caps: { conv2: 3 }, multipleOf: 2 });
    expect(plan.ranks['conv2']).toBe(3);
    const tight = selectRanks(layers, { ...base, method, speedup: 2, caps: { conv2: 1 }, multipleOf: 2 });
    expect(tight.ranks['conv2']).toBe(1);
  });

  it('multiply-adds stand beside a budget in another unit', () => {
    const plan = selectRanks(layers, { ...base, method: 'exact', speedup: 2, budget: 'milliseconds' });
    const after = counted.reduce((sum, layer) => sum + approximatedMacs(layer, plan.ranks[layer.name]!), 0);
    expect(plan.macsAfter).toBe(after);
  });

  it('leaves a layer as it is that takes longer at every rank, rather than miss the budget', () => {
    // Speed-up 1 is in reach by doing nothing in conv2, which decomposing only slows down.
    const slowed = { ...latencies, conv2: { original: 4, atRank: Array.from({ length: 9 }, () => 50) } };
    for (const method of ['uniform', 'energy', 'exact', 'sensitivity'] as const) {
      for (const speedup of [1, 1.2]) {
        const plan = selectRanks(layers, { ...base, method, speedup, budget: 'milliseconds', latencies: slowed });
        expect(plan.leftAlone, method).toContain('conv2');
        expect(plan.cost.before / plan.cost.after).toBeGreaterThanOrEqual(speedup);
      }
    }
  });

  it('refuses unknown units and methods, odd multiples and milliseconds that nobody measured', () => {
    const call = (request: object) => () =>
      // Callers without types may pass anything.
      selectRanks(layers, { ...base, method: 'exact', speedup: 2, ...request } as RankRequest);
    expect(call({ budget: 'joules' })).toThrow('selectRanks: budget: expected one of macs, milliseconds, parameters');
    expect(call({ method: 'luck' })).toThrow('selectRanks: method: expected one of energy, exact');
    for (const multipleOf of [0, -1, 1.5, Number.NaN]) {
      expect(call({ multipleOf })).toThrow(`selectRanks: multipleOf: expected a positive integer, got ${multipleOf}`);
    }
    expect(call({ budget: 'milliseconds', latencies: {} })).toThrow(
      'selectRanks: latencies of conv2: expected milliseconds > 0, got undefined',
    );
    const dead = { ...latencies, conv3: { original: 0, atRank: [] } };
    expect(call({ budget: 'milliseconds', latencies: dead })).toThrow(/latencies of conv3: .* got 0/);
  });
});
