import {
  convolutionLayers,
  fullSpatialRank,
  layerMacs,
  originalMacs,
  ranksPay,
  replaceConvolution,
  replaceSpatially,
  selectRanks,
  spatialMacs,
  spatialPays,
  splitRank,
  splitsSpatially,
  threeLayerMacs,
  uniformSpatialRank,
} from '@rankwise/approx';
import type { LayerRanks, RankRequest } from '@rankwise/approx';
import { modelCost, sequential, sppNet7 } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';
import { createRandom, zeros } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plannedRanks } from '../../packages/approx/src/ranks/rankPlan.ts';
import { seeds } from '../kit/matrices/arbitraries.ts';
import { runs } from '../kit/runs.ts';
import { oneConvolution } from './oneConvolution.ts';
import { mapFrom } from './support.ts';

/** The model with its one convolution so decomposed, whatever the weights. */
function decomposed(model: Model, ranks: LayerRanks): Model {
  const { filters, channels, kernel } = convolutionLayers(model)[0]!;
  const pair = (rank: number) => ({
    vertical: zeros('f64', [rank, channels, kernel[0], 1]),
    horizontal: zeros('f64', [filters, rank, 1, kernel[1]]),
  });
  const map = mapFrom(filters, ranks.rank, () => 0);
  switch (ranks.decomposition) {
    case 'channel':
      return replaceConvolution(model, 'conv', map);
    case 'spatial':
      return replaceSpatially(model, 'conv', pair(ranks.rank));
    case '3d':
      return replaceSpatially(model, 'conv', pair(ranks.spatialRank), map);
  }
}

const conv4 = convolutionLayers(sppNet7({ initialize: false }))[3]!;
const decompositions = ['channel', 'spatial', '3d'] as const;

describe('spatial costs', () => {
  it('are what modelCost counts in the replaced model, at any geometry', () => {
    fc.assert(
      fc.property(seeds, fc.constantFrom(...decompositions), (seed, decomposition) => {
        const random = createRandom(seed);
        const model = oneConvolution(random, random.normal, { filters: 4 + random.integer(30) });
        const [layer] = convolutionLayers(model);
        const rank = 1 + random.integer(3);
        const ranks: LayerRanks =
          decomposition === '3d'
            ? { decomposition, rank, spatialRank: 1 + random.integer(4) }
            : { decomposition, rank };
        const after = modelCost(decomposed(model, ranks)).macs;
        if (ranks.decomposition === 'spatial') expect(spatialMacs(layer!, rank)).toBe(after);
        if (ranks.decomposition === '3d') expect(threeLayerMacs(layer!, ranks)).toBe(after);
        const splits = decomposition === 'channel' || splitsSpatially(layer!);
        expect(ranksPay(layer!, ranks)).toBe(splits && after < modelCost(model).macs);
        expect(layerMacs(layer!, ranks)).toBe(splits ? Math.min(after, modelCost(model).macs) : modelCost(model).macs);
      }),
      { numRuns: runs() },
    );
  });

  it("per output position are the paper's K (c + d) k", () => {
    const layer = { ...conv4, channels: 3, filters: 5, patchSize: 27, positions: 7, verticalPositions: 9 };
    expect(spatialMacs(layer, 4, { perOutput: true })).toBe(4 * (3 + 5) * 3 * 7);
    expect(spatialMacs(layer, 4)).toBe(4 * (3 * 9 + 5 * 7) * 3);
    expect(threeLayerMacs(layer, { rank: 2, spatialRank: 4 }, { perOutput: true })).toBe((4 * (3 + 2) * 3 + 10) * 7);
    expect(threeLayerMacs(layer, { rank: 2, spatialRank: 4 }, { countProjection: false })).toBe(
      4 * (3 * 3 * 9 + 2 * 3 * 7),
    );
  });

  it('a kernel with one row or column is never split', () => {
    for (const kernel of [
      [1, 3],
      [3, 1],
      [1, 1],
    ] as const) {
      const layer = { ...conv4, kernel, patchSize: 512 * kernel[0] * kernel[1] };
      expect(splitsSpatially(layer)).toBe(false);
      expect(spatialPays(layer, 1)).toBe(false);
      expect(ranksPay(layer, { decomposition: '3d', rank: 1, spatialRank: 1 })).toBe(false);
      expect(layerMacs(layer, { decomposition: 'spatial', rank: 1 })).toBe(originalMacs(layer));
    }
  });
});

describe('spatial ranks of one layer', () => {
  it('by hand, for 512 to 512 filters of 3×3 on an equal map', () => {
    // C = 512 · 4608 = 2,359,296 per position; one vertical filter and its readers cost 3 · (512 + 512) = 3,072.
    expect([1, 2, 4, 8].map((speedup) => uniformSpatialRank(conv4, speedup))).toEqual([768, 384, 192, 96]);
    // d' = 230: C(d') = 1,177,600 = C / 2.0035, C / r = 587,776.0, less 117,760 for the 1×1 layer, by 3 · (512 + 230) = 2,226.
    expect(splitRank(conv4, 230)).toBe(211);
    // Without the 1×1 term: 4608 · 230 = 1,059,840, squared by C 476,109.8, by 2,226.
    expect(splitRank(conv4, 230, false)).toBe(213);
    // Full d': the 1×1 layer takes 262,144 of C.
    expect(splitRank(conv4, 512)).toBe(682);
    expect(splitRank(conv4, 1)).toBe(1);
  });

  it('each half takes the square root of what the whole takes', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = createRandom(seed);
        const size = { channels: 1 + random.integer(60), filters: 2 + random.integer(60) };
        const kernel = [2 + random.integer(4), 2 + random.integer(4)] as const;
        const positions = 1 + random.integer(50);
        const layer = {
          ...size,
          kernel,
          positions,
          patchSize: size.channels * kernel[0] * kernel[1],
          verticalPositions: positions + random.integer(50),
        };
        const rank = 1 + random.integer(layer.filters);
        const spatialRank = splitRank(layer, rank);
        const whole = originalMacs(layer);
        const half = Math.min(whole, rank * (layer.patchSize + layer.filters) * layer.positions);
        // The split takes half to at most half² / whole, and one vertical filter more would not.
        if (spatialRank > 1)
          expect(threeLayerMacs(layer, { rank, spatialRank }) * whole).toBeLessThanOrEqual(half ** 2);
        if (spatialRank < fullSpatialRank(layer)) {
          expect(threeLayerMacs(layer, { rank, spatialRank: spatialRank + 1 }) * whole).toBeGreaterThan(half ** 2);
        }
      }),
      { numRuns: runs() },
    );
  });

  it('refuses speed-ups below 1 and ranks out of range', () => {
    for (const speedup of [0.5, Number.NaN]) expect(() => uniformSpatialRank(conv4, speedup)).toThrow(/speedup/);
    for (const rank of [0, 1.5, 513]) expect(() => splitRank(conv4, rank)).toThrow(/^splitRank: rank: expected/);
  });
});

describe('ranks of a whole model', () => {
  const layers = convolutionLayers(sppNet7({ initialize: false }));
  const energies = Object.fromEntries(
    layers.map(({ name }) => [name, Array.from({ length: 2000 }, (_, i) => 0.99 ** i)]),
  );

  it.each(decompositions)('%s: the plan costs what its model counts and meets the speed-up', (decomposition) => {
    for (const method of ['uniform', 'energy'] as const) {
      for (const speedup of [1, 2, 4, 8]) {
        const plan = selectRanks(layers, { method, decomposition, speedup, energies });
        expect(plan.decomposition).toBe(decomposition);
        const macs = layers
          .filter(({ name }) => plan.counted.includes(name))
          .map((layer) => layerMacs(layer, plannedRanks(plan, layer)!));
        expect(macs.reduce((sum, each) => sum + each, 0)).toBe(plan.macsAfter);
        expect(plan.speedup).toBeGreaterThanOrEqual(speedup);
        // Within the granularity of ranks.
        expect(plan.speedup).toBeLessThan(speedup * 1.05);
        expect(Object.keys(plan.spatialRanks)).toEqual(decomposition === '3d' ? plan.counted : []);
      }
    }
  });

  it('3d at 4×: by hand, and conv1 by channels', () => {
    const plan = selectRanks(layers, { method: 'uniform', decomposition: '3d', speedup: 4, fixed: { conv1: 32 } });
    expect(plan.ranks).toMatchObject({ conv1: 32, conv4: 230 });
    expect(plan.spatialRanks['conv4']).toBe(211);
    expect(plannedRanks(plan, { name: 'conv1' })).toEqual({ decomposition: 'channel', rank: 32 });
    const byHand = { conv1: 5, conv4: 100 };
    const request: RankRequest = { method: 'uniform', decomposition: '3d', speedup: 4, fixed: { conv1: 32 } };
    const other = selectRanks(layers, { ...request, fixedSpatial: byHand });
    expect(other.spatialRanks).toMatchObject(byHand);
    expect(plannedRanks(other, { name: 'conv1' })).toEqual({ decomposition: '3d', rank: 32, spatialRank: 5 });
    expect(plannedRanks(other, { name: 'conv9' })).toBeUndefined();
  });

  it('a layer that cannot be split is left as it is by spatial, and decomposed by channels under 3d', () => {
    const model = sequential('mixed', [2, 12, 12], { seed: 1 })
      .conv('conv1', { filters: 16, kernel: 3, padding: 1 })
      .conv('conv2', { filters: 16, kernel: 3, padding: 1 })
      .conv('conv3', { filters: 16, kernel: [1, 3] })
      .conv('conv4', { filters: 16, kernel: 1 })
      .build();
    const mixed = convolutionLayers(model);
    const spectra = Object.fromEntries(mixed.map(({ name }) => [name, Array.from({ length: 48 }, (_, i) => 48 - i)]));
    for (const method of ['uniform', 'energy'] as const) {
      const spatial = selectRanks(mixed, { method, decomposition: 'spatial', speedup: 2, energies: spectra });
      expect(spatial.leftAlone).toEqual(['conv3', 'conv4']);
      expect(spatial.speedup).toBeGreaterThanOrEqual(2);
      const three = selectRanks(mixed, { method, decomposition: '3d', speedup: 2, energies: spectra });
      if (method === 'uniform') expect(three.leftAlone).toEqual([]);
      expect(Object.keys(three.spatialRanks)).toEqual(['conv2']);
      expect(plannedRanks(three, { name: 'conv3' })).toMatchObject({ decomposition: 'channel' });
    }
    expect(() => selectRanks(mixed, { method: 'uniform', decomposition: 'spatial', speedup: 9 })).toThrow(
      /^selectRanks: speedup: expected at most \d+(\.\d+)? \(rank 1 in all of conv2, conv3, conv4\), got 9$/,
    );
  });

  it('refuses what the decomposition does not have', () => {
    const refused: [Partial<RankRequest>, string][] = [
      [{ fixedSpatial: { conv4: 3 } }, 'fixedSpatial of conv4: expected none, got 3'],
      [{ decomposition: 'spatial', fixed: { conv1: 32 } }, 'fixed of conv1: expected an integer from 1 to 21, got 32'],
      [
        { decomposition: '3d', fixedSpatial: { conv4: 1537 } },
        'fixedSpatial of conv4: expected an integer from 1 to 1536, got 1537',
      ],
      [{ decomposition: '3d', fixedSpatial: { conv9: 1 } }, 'fixedSpatial: expected one of conv1,'],
    ];
    for (const [request, message] of refused) {
      expect(() => selectRanks(layers, { method: 'uniform', speedup: 4, ...request })).toThrow(message);
    }
    const unknown = { method: 'uniform', speedup: 4, decomposition: 'temporal' } as unknown as RankRequest; // what a caller without types may pass
    expect(() => selectRanks(layers, unknown)).toThrow(
      'selectRanks: decomposition: expected channel, spatial or 3d, got temporal',
    );
  });
});
