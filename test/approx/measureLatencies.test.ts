import { convolutionLayers, layerMacs, measureLatencies, selectRanks } from '@rankwise/approx';
import { modelCost } from '@rankwise/nn';
import { referenceKernels } from '@rankwise/tensor';
import type { Kernels } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { chainNetwork } from './networks.ts';

const model = chainNetwork();
const layers = convolutionLayers(model);

/** Kernels that take a millisecond for each multiply-add of a convolution, by a clock that they move; some turns are much slower. */
function clocked(slowTurn = -1): { kernels: Kernels; now: () => number } {
  let clock = 0;
  let calls = 0;
  const conv2d: Kernels['conv2d'] = (call) => {
    referenceKernels.conv2d(call);
    const [filters = 0, channels = 0, height = 0, width = 0] = call.weight.shape;
    const [images = 0, , rows = 0, columns = 0] = call.output.shape;
    const macs = images * rows * columns * filters * channels * height * width;
    clock += macs * (calls++ % 13 === slowTurn ? 50 : 1);
  };
  return { kernels: { ...referenceKernels, conv2d }, now: () => clock };
}

describe('measureLatencies', () => {
  it.each(['channel', 'spatial', '3d'] as const)(
    '%s: is the multiply-adds of each layer by a clock that counts them',
    async (decomposition) => {
      const latencies = await measureLatencies(model, { images: 3, turns: 3, decomposition, ...clocked() });
      expect(Object.keys(latencies)).toEqual(['conv2', 'conv3', 'conv4']);
      for (const layer of layers.slice(1)) {
        const { original, atRank } = latencies[layer.name]!;
        expect(original).toBe(layer.macs);
        const first = decomposition === '3d' ? undefined : layerMacs(layer, { decomposition, rank: 1 });
        if (first !== undefined) expect(atRank[0]!).toBe(first);
        for (let i = 1; i < atRank.length; i++) expect(atRank[i]).toBeGreaterThanOrEqual(atRank[i - 1]!);
      }
    },
  );

  it('takes medians: a turn that was slow does not count', async () => {
    const calm = await measureLatencies(model, { images: 2, turns: 5, ...clocked() });
    const disturbed = await measureLatencies(model, { images: 2, turns: 5, ...clocked(4) });
    expect(disturbed).toEqual(calm);
  });

  it('serves a budget in milliseconds', async () => {
    const latencies = await measureLatencies(model, { images: 1, turns: 1, ...clocked() });
    const losses = Object.fromEntries(
      layers.map(({ name, filters }) => [name, Array.from({ length: filters }, (_, i) => 1 / (i + 1))]),
    );
    const request = { method: 'sensitivity', speedup: 2, losses } as const;
    // One millisecond a multiply-add: both budgets are the same.
    const byTime = selectRanks(layers, { ...request, budget: 'milliseconds', latencies });
    expect(byTime.ranks).toEqual(selectRanks(layers, request).ranks);
    expect(byTime.cost.budget).toBe('milliseconds');
    expect(modelCost(model).macs).toBeGreaterThan(byTime.macsBefore);
  });

  it('times the layers asked for and tells how far it is', async () => {
    const seen: (string | undefined)[] = [];
    const latencies = await measureLatencies(model, {
      layers: ['conv1', 'conv3'],
      images: 1,
      turns: 1,
      onProgress: ({ layer, fraction }) => seen.push(`${layer} ${fraction}`),
    });
    expect(Object.keys(latencies)).toEqual(['conv1', 'conv3']);
    expect(seen).toEqual(['conv1 0.5', 'conv3 1']);
    expect(latencies['conv1']!.original).toBeGreaterThan(0);
  });

  it('refuses unknown layers and counts that are none, and stops when it is told to', async () => {
    await expect(measureLatencies(model, { layers: ['conv9'] })).rejects.toThrow(
      /layers: expected one of conv1, .* got conv9/,
    );
    await expect(measureLatencies(model, { images: 0 })).rejects.toThrow('images: expected a positive integer, got 0');
    await expect(measureLatencies(model, { turns: 1.5 })).rejects.toThrow(
      'turns: expected a positive integer, got 1.5',
    );
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(measureLatencies(model, { signal })).rejects.toThrow('enough');
  });
});
