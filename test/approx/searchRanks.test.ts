import { calibrate, convolutionLayers, searchRanks, selectRanks, sensitivityLosses } from '@rankwise/approx';
import type { Calibration, RankPlan, SearchOptions } from '@rankwise/approx';
import type { Model } from '@rankwise/nn';
import { describe, expect, it } from 'vitest';
import { chainNetwork, imagesFor } from './networks.ts';

const model = chainNetwork();
const layers = convolutionLayers(model);
const images = imagesFor(model, 40);
const calibrated = (): Promise<Calibration> => calibrate(model, images, { positions: 8, batchSize: 9, heldOut: 0.2 });

describe('searchRanks', () => {
  it('tries the sensitivity, uniform and energy plans first and keeps the best of all', async () => {
    const calibration = await calibrated();
    const { plan, origin, candidates, judges } = await searchRanks(calibration, { speedup: 2 }, { evaluations: 9 });
    expect(judges).toBe(10);
    const energies = Object.fromEntries(calibration.layers.map((one) => [one.layer.name, one.energies]));
    const losses = await sensitivityLosses(calibration, ['conv2', 'conv3', 'conv4']);
    const ranksBy = (method: 'energy' | 'sensitivity' | 'uniform'): RankPlan['ranks'] =>
      selectRanks(layers, { method, speedup: 2, energies, losses }).ranks;
    for (const [i, method] of (['sensitivity', 'uniform', 'energy'] as const).entries()) {
      expect({ ...candidates[i]?.ranks }).toEqual({ ...ranksBy(method) });
    }
    expect(candidates.length).toBeGreaterThan(3);
    expect(candidates.length).toBeLessThanOrEqual(9);
    const best = candidates.toSorted((a, b) => a.score - b.score)[0]!;
    expect({ ...plan.ranks }).toEqual({ ...best.ranks });
    expect(origin).toBe(best.origin);
    expect(plan.speedup).toBeGreaterThanOrEqual(2);
    expect(plan.counted).toEqual(['conv2', 'conv3', 'conv4']);
  });

  it('is deterministic, and the same with losses measured before', async () => {
    const calibration = await calibrated();
    const losses = await sensitivityLosses(calibration, ['conv2', 'conv3', 'conv4']);
    const first = await searchRanks(calibration, { speedup: 2.5 }, { evaluations: 6 });
    expect(await searchRanks(calibration, { speedup: 2.5 }, { evaluations: 6, losses })).toEqual(first);
  });

  it('listens to a score of the caller: a layer that it wants large becomes so', async () => {
    const calibration = await calibrated();
    const score: SearchOptions['score'] = (network: Model, plan) => {
      // The network is the one in which the plan was carried out.
      expect(network.parameters['conv3/basis.weight']?.shape[0] ?? 8).toBe(plan.ranks['conv3']);
      return -plan.ranks['conv3']!;
    };
    const { plan } = await searchRanks(calibration, { speedup: 2 }, { evaluations: 15, score });
    const uniform = selectRanks(layers, { method: 'uniform', speedup: 2 });
    expect(plan.ranks['conv3']).toBeGreaterThan(uniform.ranks['conv3']!);
    expect(plan.speedup).toBeGreaterThanOrEqual(2);
  });

  it('keeps ranks set by hand, caps, excluded layers and multiples', async () => {
    const request = { speedup: 1.5, fixed: { conv1: 3 }, caps: { conv3: 3 }, exclude: ['conv4'], multipleOf: 2 };
    const calibration = await calibrate(model, images, { positions: 8, layers: ['conv1', 'conv2', 'conv3'] });
    const { plan, candidates } = await searchRanks(calibration, request, { evaluations: 6 });
    expect(Object.keys(plan.ranks)).toEqual(['conv1', 'conv2', 'conv3']);
    expect(plan.ranks['conv1']).toBe(3);
    expect(plan.counted).toEqual(['conv2', 'conv3']);
    for (const { ranks } of candidates) {
      expect(ranks['conv3']).toBeLessThanOrEqual(3);
      expect(ranks['conv2']! % 2 === 0 || plan.leftAlone.includes('conv2')).toBe(true);
    }
  });

  it('reports progress that never falls, from 0 to 1, and stops when it is told to', async () => {
    const calibration = await calibrated();
    const fractions: number[] = [];
    await searchRanks(
      calibration,
      { speedup: 2 },
      { evaluations: 4, onProgress: ({ fraction }) => fractions.push(fraction) },
    );
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(fractions.at(-1)).toBeLessThanOrEqual(1);
    for (const phase of ['sensitivity', 'search']) {
      const controller = new AbortController();
      const search = searchRanks(
        calibration,
        { speedup: 2 },
        {
          signal: controller.signal,
          onProgress: (event) => {
            if (event.phase === phase) controller.abort(new Error(`enough of ${phase}`));
          },
        },
      );
      await expect(search).rejects.toThrow(`enough of ${phase}`);
    }
  });

  it('refuses a calibration with one fitting image, and what selectRanks refuses', async () => {
    const single = await calibrate(model, imagesFor(model, 1), { positions: 8, heldOut: 0 });
    await expect(searchRanks(single, { speedup: 2 })).rejects.toThrow(
      'searchRanks: calibration: expected at least two fitting images, got 1',
    );
    await expect(searchRanks(await calibrated(), { speedup: 1e6 })).rejects.toThrow(/speedup: expected at most/);
    await expect(searchRanks(await calibrated(), { speedup: 2 }, { evaluations: 0 })).rejects.toThrow(
      'refineRanks: evaluations: expected a positive integer, got 0',
    );
  });
});
