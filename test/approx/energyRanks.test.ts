import { energyKept, removalOrder } from '@rankwise/approx';
import type { LayerSpectrum } from '@rankwise/approx';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../kit/runs.ts';

/** The greedy as the paper words it: each time, every layer's measure from its own sums, and the least of them. */
function naiveOrder(layers: readonly LayerSpectrum[]): string[] {
  const ranks = layers.map(({ filters, cap }) => Math.min(filters, cap ?? filters));
  const order: string[] = [];
  for (;;) {
    const measures = layers.map(({ energies, patchSize, positions }, l) => {
      if (ranks[l]! <= 1) return Infinity;
      const kept = Array.from(energies).slice(0, ranks[l]);
      const sum = kept.reduce((total, energy) => total + Math.max(0, energy), 0);
      const lost = Math.max(0, kept.at(-1) ?? 0);
      return sum === 0 ? 0 : lost / sum / (patchSize * positions);
    });
    const least = Math.min(...measures);
    if (least === Infinity) return order;
    const l = measures.indexOf(least);
    ranks[l]!--;
    order.push(layers[l]!.name);
  }
}

/** Spectra of integers, so that sums are exact in any order; some all zero, some flat. */
const layerSets: fc.Arbitrary<LayerSpectrum[]> = fc
  .array(
    fc.record({
      energies: fc.array(fc.oneof(fc.nat(1000), fc.constant(0)), { minLength: 1, maxLength: 8 }),
      patchSize: fc.integer({ min: 1, max: 50 }),
      positions: fc.integer({ min: 1, max: 30 }),
      cap: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((sets) =>
    sets.map(({ energies, cap, ...size }, i) => ({
      ...size,
      name: `layer${i}`,
      filters: energies.length,
      energies: energies.toSorted((a, b) => b - a),
      ...(cap === undefined ? {} : { cap }),
    })),
  );

describe('removalOrder', () => {
  it('by hand: the cheaper layer must lose less energy for each component', () => {
    const layers = [
      { name: 'cheap', filters: 2, patchSize: 1, positions: 1, energies: [3, 1] },
      { name: 'dear', filters: 3, patchSize: 10, positions: 1, energies: [4, 4, 2] },
    ];
    // cheap: 1/4; dear: 2/10/10 = 0.02, then 4/8/10 = 0.05.
    expect(removalOrder(layers)).toEqual(['dear', 'dear', 'cheap']);
  });

  it('is the order that the paper’s wording gives', () => {
    fc.assert(
      fc.property(layerSets, (layers) => {
        expect(removalOrder(layers)).toEqual(naiveOrder(layers));
      }),
      { numRuns: runs(200) },
    );
  });

  it('takes every component but one of each layer, within its cap', () => {
    fc.assert(
      fc.property(layerSets, (layers) => {
        const order = removalOrder(layers);
        for (const { name, filters, cap = filters } of layers) {
          expect(order.filter((one) => one === name)).toHaveLength(Math.max(0, Math.min(filters, cap) - 1));
        }
      }),
      { numRuns: runs() },
    );
  });

  it('does not change when a layer’s energies are scaled', () => {
    fc.assert(
      fc.property(layerSets, fc.nat(3), fc.integer({ min: -40, max: 40 }), (layers, which, exponent) => {
        const scaled = layers.map((layer, i) =>
          i === which ? { ...layer, energies: Array.from(layer.energies, (e) => e * 2 ** exponent) } : layer,
        );
        expect(removalOrder(scaled)).toEqual(removalOrder(layers));
      }),
      { numRuns: runs() },
    );
  });

  it('takes components without energy first, negative ones counted as none', () => {
    const size = { filters: 4, patchSize: 9, positions: 1 };
    const order = removalOrder([
      { ...size, name: 'full', energies: [9, 5, 3, 1] },
      { ...size, name: 'dead', energies: [5, 4, 0, -1] },
      { ...size, name: 'none', energies: [0, 0, 0, 0] },
    ]);
    expect(order.slice(0, 5).toSorted()).toEqual(['dead', 'dead', 'none', 'none', 'none']);
  });

  it('tells energies apart that vanish in the sum', () => {
    const size = { filters: 3, patchSize: 1, positions: 1 };
    const order = removalOrder([
      { ...size, name: 'more', energies: [1, 1e-20, 1e-20] },
      { ...size, name: 'less', energies: [1, 1e-30, 1e-30] },
    ]);
    expect(order).toEqual(['less', 'less', 'more', 'more']);
  });

  it('refuses spectra that are short, ascending or not finite, and caps that are no positive integers', () => {
    const layer = { name: 'a', filters: 3, patchSize: 1, positions: 1, energies: [3, 2, 1] };
    for (const energies of [
      [3, 2],
      [1, 2, 3],
      [3, Number.NaN, 1],
      [Infinity, 1, 1],
    ]) {
      expect(() => removalOrder([{ ...layer, energies }])).toThrow(/^removalOrder: energies of a: expected/);
    }
    for (const cap of [0, -1, 1.5, Number.NaN]) {
      expect(() => removalOrder([{ ...layer, cap }])).toThrow(/^removalOrder: cap of a: expected a positive integer/);
    }
  });
});

describe('energyKept', () => {
  it('is the share of the first components', () => {
    expect([0, 1, 2, 3, 4, 9].map((rank) => energyKept([4, 2, 1, 1], rank))).toEqual([0, 0.5, 0.75, 0.875, 1, 1]);
    expect(energyKept([3, 1, -2], 2)).toBe(1);
    expect(energyKept([0, 0], 1)).toBe(1);
    expect(energyKept([], 1)).toBe(1);
  });
});
