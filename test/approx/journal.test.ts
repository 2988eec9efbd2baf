/** What is resumed is what would have been: at every write a kill, and whatever became of the entries. */

import { approximate, approximateCalibrated, calibrate } from '@rankwise/approx';
import type { ApproximateOptions, Journal } from '@rankwise/approx';
import type { Model } from '@rankwise/nn';
import { createRandom, referenceKernels } from '@rankwise/tensor';
import type { MatmulCall } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { branchedNetwork, chainNetwork, imagesFor, quick, residualNetwork } from './networks.ts';

const networks = { chain: chainNetwork(), residual: residualNetwork(), branched: branchedNetwork() };
const names = ['chain', 'residual', 'branched'] as const;

class Killed extends Error {}

interface MemoryJournal extends Journal {
  readonly entries: Map<string, Uint8Array>;
}

/** A journal in memory that is written at every chance; the write of that number fails, halfway if `torn`. */
function memoryJournal(entries = new Map<string, Uint8Array>(), failAt = Infinity, torn = false): MemoryJournal {
  let writes = 0;
  return {
    entries,
    interval: 0,
    read: async (name) => entries.get(name),
    write: async (name, bytes) => {
      expect(name).toMatch(/^[a-z0-9-]+$/);
      writes++;
      if (writes >= failAt) {
        if (torn) entries.set(name, bytes.slice(0, Math.floor(bytes.length / 2)));
        throw new Killed();
      }
      entries.set(name, bytes.slice());
    },
  };
}

const options: ApproximateOptions = { ...quick, speedup: 1.6, ranks: 'best', heldOut: 0.2 };

async function parametersOf(model: Model, changes: Partial<ApproximateOptions>): Promise<Record<string, Float32Array>> {
  const result = await approximate(model, imagesFor(model, 16), { ...options, ...changes });
  const { seconds: _, layers, ...report } = result.report;
  expect(layers.every(({ seconds }) => seconds >= 0)).toBe(true);
  expect(JSON.stringify(report)).not.toContain('undefined');
  return Object.fromEntries(Object.entries(result.model.parameters).map(([name, { data }]) => [name, data]));
}

/** Kernels that count how often they are asked for a product or a convolution. */
function counted(): { readonly kernels: typeof referenceKernels; calls(): number } {
  let calls = 0;
  const kernels = {
    ...referenceKernels,
    matmul: (call: MatmulCall) => {
      calls++;
      referenceKernels.matmul(call);
    },
    conv2d: (call: Parameters<typeof referenceKernels.conv2d>[0]) => {
      calls++;
      referenceKernels.conv2d(call);
    },
  };
  return { kernels, calls: () => calls };
}

describe('journal', () => {
  it.each(names)('%s: a kill at any write, torn or not, and the same bits', async (name) => {
    const model = networks[name];
    const reference = await parametersOf(model, {});
    const whole = memoryJournal();
    expect(await parametersOf(model, { journal: whole })).toEqual(reference);
    expect(whole.entries.size).toBeGreaterThan(5);
    const random = createRandom(5);
    for (let failAt = 1; ; failAt += 1 + random.integer(5)) {
      const { entries, ...failing } = memoryJournal(new Map(), failAt, failAt % 2 === 0);
      const first = await parametersOf(model, { journal: failing }).catch((error: unknown) => error);
      if (!(first instanceof Killed)) break;
      expect(await parametersOf(model, { journal: memoryJournal(entries) })).toEqual(reference);
    }
  });

  it.each<Partial<ApproximateOptions>>([
    { decomposition: '3d' },
    { decomposition: '3d', descent: 3 },
    { decomposition: 'spatial', spatialReconstruction: 'data' },
    { decomposition: 'channel', descent: 3, reconstruction: 'symmetric' },
  ])('%j: a kill at some writes, and the same bits', async (changes) => {
    const model = networks.chain;
    const reference = await parametersOf(model, changes);
    const random = createRandom(6);
    for (let failAt = 1 + random.integer(4); ; failAt += 4 + random.integer(8)) {
      const { entries, ...failing } = memoryJournal(new Map(), failAt);
      const first = await parametersOf(model, { ...changes, journal: failing }).catch((error: unknown) => error);
      if (!(first instanceof Killed)) break;
      expect(await parametersOf(model, { ...changes, journal: memoryJournal(entries) })).toEqual(reference);
    }
  });

  it('a chain of kills gets to the end', async () => {
    const model = networks.chain;
    const entries = new Map<string, Uint8Array>();
    let kills = 0;
    for (;;) {
      const result = await parametersOf(model, { journal: memoryJournal(entries, 3, kills % 3 === 2) }).catch(
        (error: unknown) => error,
      );
      if (!(result instanceof Killed)) {
        expect(result).toEqual(await parametersOf(model, {}));
        break;
      }
      kills++;
    }
    expect(kills).toBeGreaterThan(5);
  });

  it('an abort at any event, and the same bits', async () => {
    const model = networks.residual;
    const reference = await parametersOf(model, {});
    for (const at of [1, 2, 4, 7, 12, 20]) {
      const journal = memoryJournal();
      const controller = new AbortController();
      let events = 0;
      const onProgress = (): void => {
        events++;
        if (events === at) controller.abort(new Killed());
      };
      const aborted = parametersOf(model, { journal, signal: controller.signal, onProgress });
      await expect(aborted).rejects.toBeInstanceOf(Killed);
      expect(await parametersOf(model, { journal })).toEqual(reference);
    }
  });

  it('whatever became of the entries, the same bits', async () => {
    const model = networks.chain;
    const reference = await parametersOf(model, {});
    const { entries } = memoryJournal();
    await parametersOf(model, { journal: memoryJournal(entries) });
    const random = createRandom(11);
    for (let round = 0; round < 12; round++) {
      const damaged = new Map<string, Uint8Array>();
      for (const [entryName, bytes] of entries) {
        const fate = random.integer(6);
        if (fate === 0) continue;
        const copy = bytes.slice(0, fate === 1 ? random.integer(bytes.length) : bytes.length);
        if (fate === 2) copy[random.integer(copy.length)]! ^= 1 << random.integer(8);
        // Another entry of that kind: whole, and ours, but about another part.
        const kind = entryName.split('-')[0]!;
        const alike = [...entries].filter(([other]) => other.startsWith(kind)).map(([, content]) => content);
        damaged.set(entryName, fate === 3 ? alike[random.integer(alike.length)]! : copy);
      }
      expect(await parametersOf(model, { journal: memoryJournal(damaged) })).toEqual(reference);
    }
  });

  it('what was done is not done again', async () => {
    const model = networks.chain;
    const journal = memoryJournal();
    const first = counted();
    await parametersOf(model, { journal, kernels: first.kernels });
    const second = counted();
    await parametersOf(model, { journal, kernels: second.kernels });
    const events: (boolean | undefined)[] = [];
    const onProgress: ApproximateOptions['onProgress'] = ({ resumed, phase }) => {
      if (phase !== 'measure') events.push(resumed);
    };
    await parametersOf(model, { journal, onProgress });
    // What is left: the two candidates' answers on held-out images, the replacements, the probe of the kernels.
    expect(second.calls()).toBeLessThan(first.calls() / 8);
    // Layers that are left alone are neither.
    expect(new Set(events)).toEqual(new Set([true, undefined]));
  });

  it('one calibration in a journal serves other speed-ups', async () => {
    const model = networks.chain;
    const journal = memoryJournal();
    await parametersOf(model, { journal });
    const before = [...journal.entries.keys()];
    expect(await parametersOf(model, { journal, speedup: 2 })).toEqual(await parametersOf(model, { speedup: 2 }));
    expect([...journal.entries.keys()].slice(0, before.length)).toEqual(before);
    expect(journal.entries.size).toBeGreaterThan(before.length);
  });

  it('work shorter than the interval writes nothing', async () => {
    const { entries, ...journal } = memoryJournal();
    await parametersOf(networks.chain, { journal: { ...journal, interval: 3_600_000 } });
    expect(entries.size).toBe(0);
  });

  it('refuses entries of other work, and says what differs', async () => {
    const model = networks.chain;
    const { entries } = memoryJournal();
    await parametersOf(model, { journal: memoryJournal(entries) });
    const resumed = (changes: Partial<ApproximateOptions>, other = model): Promise<unknown> =>
      parametersOf(other, { journal: memoryJournal(entries), ...changes });
    await expect(resumed({}, chainNetwork(7))).rejects.toThrow(
      /^calibrate: journal: expected model \w{32}, got \w{32}/,
    );
    const refusals: [Partial<ApproximateOptions>, string][] = [
      [{ seed: 1 }, 'seed 1, got 0'],
      [{ positions: 7 }, 'positions 7, got 8'],
      [{ batchSize: 4 }, 'batchSize 4, got 5'],
      [{ heldOut: 0.3 }, 'fitImages 11, got 13'],
      [{ images: 15 }, 'count 15, got 16'],
      [{ exclude: ['conv3'] }, 'layers conv2, conv4, got conv2, conv3, conv4'],
    ];
    for (const [changes, message] of refusals) {
      await expect(resumed(changes)).rejects.toThrow(`calibrate: journal: expected ${message} in its entry samples-0`);
    }
    const images = approximate(model, imagesFor(model, 16, 10), { ...options, journal: memoryJournal(entries) });
    await expect(images).rejects.toThrow(/^calibrate: journal: expected images/);
    const renamed = { ...referenceKernels, name: 'others' };
    await expect(resumed({ kernels: renamed })).rejects.toThrow(/expected kernels others \w{32}, got reference \w{32}/);
    // Kernels of the same name that round otherwise are others too.
    const others = {
      ...referenceKernels,
      matmul: (call: MatmulCall): void => {
        referenceKernels.matmul(call);
        call.out.data[call.out.offset]! *= 1 + Number.EPSILON;
      },
    };
    await expect(resumed({ kernels: others })).rejects.toThrow('journal: expected kernels reference');
    const calibration = await calibrate(model, imagesFor(model, 16), { ...options, seed: 3 });
    const other = approximateCalibrated(calibration, { ...options, journal: memoryJournal(entries) });
    await expect(other).rejects.toThrow(/^searchRanks: journal: expected samples/);
  });
});
