import {
  calibrate,
  convolutionLayers,
  countedLayers,
  flatCap,
  layersToCalibrate,
  measuredRequest,
  rankSlider,
  selectRanks,
  sensitivityLosses,
} from '@rankwise/approx';
import type { Journal } from '@rankwise/approx';
import { referenceKernels } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { chainNetwork, imagesFor } from './networks.ts';

const model = chainNetwork();
const layers = convolutionLayers(model);
const names = ['conv1', 'conv2', 'conv3', 'conv4'];
const calibration = await calibrate(model, imagesFor(model, 20), { positions: 8, batchSize: 9, layers: names });

/** Never long enough at work to write anything, if that were all that counted. */
function idleJournal(): Journal & { readonly entries: Map<string, Uint8Array> } {
  const entries = new Map<string, Uint8Array>();
  return {
    entries,
    interval: Infinity,
    read: async (name) => entries.get(name),
    write: async (name, bytes) => void entries.set(name, bytes),
  };
}

describe('measuredRequest', () => {
  it('has energies, losses and caps, each what its own function finds, and serves every speed-up', async () => {
    const options = { ranks: 'sensitivity', caps: 'auto', exclude: ['conv3'], multipleOf: 2 } as const;
    const request = await measuredRequest(calibration, options);
    expect({ ...request.energies }).toEqual(
      Object.fromEntries(calibration.layers.map(({ layer, energies }) => [layer.name, energies])),
    );
    expect({ ...request.caps }).toEqual(
      Object.fromEntries(calibration.layers.map((one) => [one.layer.name, flatCap(one.energies, one.fitRows)])),
    );
    expect({ ...request.losses }).toEqual({ ...(await sensitivityLosses(calibration, ['conv2', 'conv4'])) });
    expect(request.latencies).toEqual({});
    const slider = rankSlider(layers, request);
    for (const speedup of [1.2, 1.5, 1.8]) {
      expect(slider.at(speedup)).toEqual(selectRanks(layers, { ...request, speedup }));
      expect(slider.at(speedup).counted).toEqual(['conv2', 'conv4']);
    }
  });

  it('keeps milliseconds in a journal at once: work taken up again has the same, on other threads others', async () => {
    const journal = idleJournal();
    const options = { ranks: 'uniform', budget: 'milliseconds', exclude: ['conv3', 'conv4'] } as const;
    const { latencies = {} } = await measuredRequest(calibration, { ...options, journal });
    expect(Object.keys(latencies)).toEqual(['conv2']);
    expect(journal.entries.size).toBe(1);
    const again = await measuredRequest(calibration, { ...options, journal });
    expect({ ...again.latencies }).toEqual({ ...latencies });
    expect(journal.entries.size).toBe(1);
    await measuredRequest(calibration, { ...options, journal, kernels: { ...referenceKernels, threads: 2 } });
    expect(journal.entries.size).toBe(2);
    const given = { conv2: { original: 2, atRank: Float64Array.from({ length: 8 }, (_, i) => (i + 1) / 4) } };
    expect((await measuredRequest(calibration, { ...options, journal, latencies: given })).latencies).toMatchObject(
      given,
    );
    expect(journal.entries.size).toBe(2);
  });

  it('tells what it times', async () => {
    const events: (string | undefined)[] = [];
    await measuredRequest(calibration, {
      ranks: 'uniform',
      budget: 'milliseconds',
      exclude: ['conv3', 'conv4'],
      onProgress: ({ phase, layer, fraction }) => void events.push(`${phase} ${layer} ${fraction}`),
    });
    expect(events).toEqual(['measure conv2 0']);
  });

  it('refuses layers that were not calibrated, names it does not know, and automatic caps of spatial ranks', async () => {
    const two = await calibrate(model, imagesFor(model, 8), { positions: 4, layers: ['conv2'] });
    await expect(measuredRequest(two, {})).rejects.toThrow(
      /^measuredRequest: calibration: expected conv3 among its layers, got conv2$/,
    );
    await expect(measuredRequest(calibration, { exclude: ['conv9'] })).rejects.toThrow('exclude: expected one of');
    await expect(measuredRequest(calibration, { caps: 'auto', decomposition: 'spatial' })).rejects.toThrow(
      /^measuredRequest: caps: expected ranks by layer name for the decomposition 'spatial', got auto$/,
    );
  });
});

describe('which layers take part', () => {
  it('counted are those whose rank is chosen; calibrated those and all by hand or capped', () => {
    const fixed = { conv2: 3 };
    expect(countedLayers(layers, { fixed }).map(({ name }) => name)).toEqual(['conv3', 'conv4']);
    expect(countedLayers(layers, { method: 'manual', fixed }).map(({ name }) => name)).toEqual(['conv2']);
    expect(layersToCalibrate(model, { fixed })).toEqual(['conv2', 'conv3', 'conv4']);
    expect(layersToCalibrate(model, { fixed, caps: 'auto', exclude: ['conv4'] })).toEqual(['conv1', 'conv2', 'conv3']);
    expect(layersToCalibrate(model, { fixed, caps: 'auto', ranks: 'manual' })).toEqual(['conv2']);
  });
});
