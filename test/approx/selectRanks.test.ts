import {
  approximatedMacs,
  convolutionLayers,
  decompositionPays,
  originalMacs,
  selectRanks,
  uniformRank,
} from '@rankwise/approx';
import type { ConvolutionLayer, RankMethod, RankRequest } from '@rankwise/approx';
import { sequential } from '@rankwise/nn';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gamma } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';

const model = sequential('chain', [3, 12, 12], { seed: 1 })
  .conv('conv1', { filters: 8, kernel: 3 })
  .relu()
  .conv('conv2', { filters: 12, kernel: 3 })
  .relu()
  .conv('conv3', { filters: 16, kernel: [1, 3] })
  .relu()
  .conv('conv4', { filters: 10, kernel: 3 })
  .build();
const layers = convolutionLayers(model);

/** A spectrum that falls at a rate of its own. */
const spectra = (rates: readonly number[]): Record<string, number[]> =>
  Object.fromEntries(
    layers.map(({ name, filters }, l) => [name, Array.from({ length: filters }, (_, a) => (rates[l] ?? 1) ** a)]),
  );
const rates = fc.array(fc.double({ min: 0.3, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 });

/** The most that the free layers can reach. */
function reach(free: readonly ConvolutionLayer[]): number {
  const total = (cost: (layer: ConvolutionLayer) => number): number =>
    free.reduce((sum, layer) => sum + cost(layer), 0);
  return total(originalMacs) / total((layer) => approximatedMacs(layer, 1));
}

describe('uniformRank', () => {
  it('is the largest rank whose two layers cost at most 1/r of the layer', () => {
    const size = fc.record({
      filters: fc.integer({ min: 1, max: 600 }),
      patchSize: fc.integer({ min: 1, max: 5000 }),
      positions: fc.integer({ min: 1, max: 400 }),
    });
    fc.assert(
      fc.property(size, fc.integer({ min: 4, max: 80 }), fc.boolean(), (layer, quarters, countProjection) => {
        const speedup = quarters / 4;
        const rank = uniformRank(layer, speedup, countProjection);
        const perRank = layer.patchSize + (countProjection ? layer.filters : 0);
        const whole = layer.filters * layer.patchSize;
        expect(rank).toBeGreaterThanOrEqual(1);
        if (rank > 1) expect(rank * perRank * speedup).toBeLessThanOrEqual(whole);
        expect((rank + 1) * perRank * speedup).toBeGreaterThan(whole);
      }),
      { numRuns: runs(300) },
    );
  });

  it.each([0.99, -4, Number.NaN])('refuses a speed-up of %d', (speedup) => {
    const call = (): number => uniformRank({ filters: 8, patchSize: 9, positions: 1 }, speedup);
    expect(call).toThrow(`uniformRank: speedup: expected a number ≥ 1, got ${speedup}`);
  });
});

describe('selectRanks: the budget', () => {
  it.each(['energy', 'uniform'] as const)('%s: is held by the layers it is counted on', (method) => {
    fc.assert(
      fc.property(
        rates,
        fc.double({ min: 1, max: 5, noNaN: true }),
        fc.boolean(),
        (falling, speedup, countProjection) => {
          const request = { method, speedup, energies: spectra(falling), countProjection };
          const plan = selectRanks(layers, request);
          expect(plan.counted).toEqual(['conv2', 'conv3', 'conv4']);
          const counted = layers.slice(1);
          const before = counted.reduce((sum, layer) => sum + layer.macs, 0);
          const after = counted.reduce(
            (sum, layer) => sum + approximatedMacs(layer, plan.ranks[layer.name]!, countProjection),
            0,
          );
          expect(plan).toMatchObject({ macsBefore: before, macsAfter: after, speedup: before / after });
          expect(plan.speedup).toBeGreaterThanOrEqual(speedup);
          for (const layer of counted) {
            const alone = plan.leftAlone.includes(layer.name);
            expect(decompositionPays(layer, plan.ranks[layer.name]!)).toBe(!alone);
          }
        },
      ),
      { numRuns: runs(100) },
    );
  });

  it('energy: more speed-up never gives a layer a larger rank', () => {
    fc.assert(
      fc.property(
        rates,
        fc.array(fc.double({ min: 1, max: 6, noNaN: true }), { minLength: 2, maxLength: 4 }),
        (falling, wanted) => {
          const plans = wanted
            .toSorted((a, b) => a - b)
            .map((speedup) => selectRanks(layers, { method: 'energy', speedup, energies: spectra(falling) }));
          for (const [i, plan] of plans.entries()) {
            for (const name of plan.counted) {
              expect(plan.ranks[name]).toBeLessThanOrEqual(plans[i - 1]?.ranks[name] ?? Infinity);
            }
          }
        },
      ),
      { numRuns: runs(50) },
    );
  });

  it('energy: stops at the first rank that meets the budget', () => {
    const energies = spectra([1, 0.5, 0.7, 0.9]);
    const { ranks } = selectRanks(layers, { method: 'energy', speedup: 3, energies });
    const before = layers.slice(1).reduce((sum, layer) => sum + layer.macs, 0);
    const costWith = (name: string): number =>
      layers.slice(1).reduce((sum, l) => sum + approximatedMacs(l, ranks[l.name]! + (l.name === name ? 1 : 0)), 0);
    // One of the layers gave its component last: with it back, the budget does not hold.
    expect(Math.max(...['conv2', 'conv3', 'conv4'].map(costWith))).toBeGreaterThan(before / 3);
  });

  it('what cannot be reached is refused with the most that can', () => {
    const most = reach(layers.slice(1));
    const rounded = Math.floor(most * 100) / 100;
    for (const method of ['energy', 'uniform'] as const) {
      const request = { method, energies: spectra([1, 0.5, 0.6, 0.7]) };
      for (const speedup of [most * (1 + gamma(4, 'f64')), most + 1, 1e6]) {
        const message = `selectRanks: speedup: expected at most ${rounded} (rank 1 in all of conv2, conv3, conv4), got ${speedup}`;
        expect(() => selectRanks(layers, { ...request, speedup })).toThrow(message);
      }
      const plan = selectRanks(layers, { ...request, speedup: rounded });
      expect(Object.values(plan.ranks)).toEqual([1, 1, 1]);
    }
  });

  it.each([0.5, 0, -1, Number.NaN, Infinity, undefined])('a speed-up of %s is refused', (speedup) => {
    for (const method of ['energy', 'uniform'] as const) {
      const request: RankRequest = { method, ...(speedup === undefined ? {} : { speedup }) };
      expect(() => selectRanks(layers, request)).toThrow(/^selectRanks: speedup: expected a number ≥ 1, got/);
    }
  });

  it('of 1 leaves everything as it is under energy', () => {
    const plan = selectRanks(layers, { method: 'energy', speedup: 1, energies: spectra([1, 1, 1, 1]) });
    expect(plan.ranks).toEqual({ conv2: 12, conv3: 16, conv4: 10 });
    expect(plan.leftAlone).toEqual(['conv2', 'conv3', 'conv4']);
    expect(plan.speedup).toBe(1);
  });
});

describe('selectRanks: odd layers under uniform', () => {
  const sized = (specs: readonly (readonly [filters: number, kernel: number])[]): ConvolutionLayer[] => {
    let chain = sequential('odd', [2, 9, 9], { seed: 1 }).conv('first', { filters: 2, kernel: 1 });
    specs.forEach(([filters, kernel], i) => (chain = chain.conv(`conv${i}`, { filters, kernel })));
    return convolutionLayers(chain.build());
  };

  it('meets the speed-up or refuses, whatever the sizes', () => {
    const spec = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.constantFrom(1, 2, 3));
    fc.assert(
      fc.property(
        fc.array(spec, { minLength: 1, maxLength: 3 }),
        fc.double({ min: 1, max: 8, noNaN: true }),
        (specs, speedup) => {
          const odd = sized(specs);
          const free = odd.slice(1);
          const call = (): ReturnType<typeof selectRanks> => selectRanks(odd, { method: 'uniform', speedup });
          if (reach(free) < speedup) {
            expect(call).toThrow(/^selectRanks: speedup: expected at most/);
            return;
          }
          const plan = call();
          expect(plan.speedup).toBeGreaterThanOrEqual(speedup);
          for (const { name, filters } of free) {
            expect(plan.ranks[name]).toBeGreaterThanOrEqual(1);
            expect(plan.ranks[name]).toBeLessThanOrEqual(filters);
          }
        },
      ),
      { numRuns: runs(150) },
    );
  });

  it('leaves a layer of one filter alone and lets the others make up for it', () => {
    const odd = sized([
      [1, 3],
      [9, 3],
      [9, 3],
    ]);
    const plan = selectRanks(odd, { method: 'uniform', speedup: 2 });
    expect(plan.leftAlone).toEqual(['conv0']);
    expect(plan.ranks['conv0']).toBe(1);
    expect(plan.speedup).toBeGreaterThanOrEqual(2);
  });

  it('refuses where nothing can be saved', () => {
    const odd = sized([
      [1, 1],
      [1, 3],
    ]);
    expect(selectRanks(odd, { method: 'uniform', speedup: 1 }).leftAlone).toEqual(['conv0', 'conv1']);
    expect(() => selectRanks(odd, { method: 'uniform', speedup: 1.5, multipleOf: 500 })).toThrow(
      'selectRanks: multipleOf: expected a rank that costs less in one of',
    );
    expect(() => selectRanks(odd, { method: 'uniform', speedup: 1.5 })).toThrow(/expected at most 1 \(rank 1 in all/);
  });
});

describe('selectRanks: by hand', () => {
  const methods: readonly RankMethod[] = ['energy', 'uniform'];
  const energies = spectra([0.9, 0.6, 0.7, 0.8]);

  it.each(methods)('%s: fixed layers take part uncounted, excluded ones do not', (method) => {
    const plan = selectRanks(layers, {
      method,
      speedup: 2,
      energies,
      fixed: { conv1: 3, conv3: 5 },
      exclude: ['conv4'],
    });
    expect(Object.keys(plan.ranks)).toEqual(['conv1', 'conv2', 'conv3']);
    expect(plan.ranks).toMatchObject({ conv1: 3, conv3: 5 });
    expect(plan.counted).toEqual(['conv2']);
    expect(plan.speedup).toBeGreaterThanOrEqual(2);
  });

  it.each(methods)('%s: caps are kept', (method) => {
    const free = selectRanks(layers, { method, speedup: 2, energies }).ranks;
    const cap = free['conv3']! - 1;
    const plan = selectRanks(layers, { method, speedup: 2, energies, caps: { conv3: cap } });
    expect(plan.ranks['conv3']).toBeLessThanOrEqual(cap);
    expect(plan.speedup).toBeGreaterThanOrEqual(2);
    for (const name of ['conv2', 'conv4']) expect(plan.ranks[name]).toBeGreaterThanOrEqual(free[name]!);
  });

  it('manual: only the layers set by hand, all counted', () => {
    const plan = selectRanks(layers, { method: 'manual', fixed: { conv4: 4, conv1: 2 } });
    expect(plan.ranks).toEqual({ conv1: 2, conv4: 4 });
    expect(Object.keys(plan.ranks)).toEqual(['conv1', 'conv4']);
    expect(plan.counted).toEqual(['conv1', 'conv4']);
  });

  it('names what is wrong', () => {
    const request = { method: 'uniform', speedup: 2 } as const;
    const calls: [RankRequest, RegExp][] = [
      [
        { ...request, fixed: { conv9: 1 } },
        /^selectRanks: fixed: expected one of conv1, conv2, conv3, conv4, got conv9$/,
      ],
      [{ ...request, caps: { conv9: 1 } }, /^selectRanks: caps: expected one of .*, got conv9$/],
      [{ ...request, exclude: ['conv9'] }, /^selectRanks: exclude: expected one of .*, got conv9$/],
      [{ ...request, fixed: { conv2: 13 } }, /^selectRanks: fixed of conv2: expected an integer from 1 to 12, got 13$/],
      [{ ...request, fixed: { conv2: 0 } }, /^selectRanks: fixed of conv2: .*, got 0$/],
      [{ ...request, caps: { conv2: 2.5 } }, /^selectRanks: caps of conv2: .*, got 2.5$/],
      [{ ...request, caps: { conv2: Number.NaN } }, /^selectRanks: caps of conv2: .*, got NaN$/],
      [
        { ...request, fixed: { conv2: 3 }, exclude: ['conv2'] },
        /^selectRanks: exclude: expected layers without a rank/,
      ],
      [{ ...request, exclude: ['conv2', 'conv3', 'conv4'] }, /^selectRanks: layers: expected at least one/],
      [{ ...request, method: 'energy' }, /^selectRanks: energies: expected a spectrum for conv2, got none$/],
      [
        { ...request, method: 'energy', energies: { ...energies, conv3: [1, 2] } },
        /energies of conv3: expected 16 values/,
      ],
    ];
    for (const [wrong, message] of calls) expect(() => selectRanks(layers, wrong)).toThrow(message);
  });
});
