import { approximate, calibrate, reconstruct, selectRanks, convolutionLayers } from '@rankwise/approx';
import type { ApproximateOptions, ProgressEvent } from '@rankwise/approx';
import type { ImageSource } from '@rankwise/nn';
import { imageSourceOf } from '@rankwise/nn';
import { zeros } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { chainNetwork, imagesFor, quick, snapshot } from './networks.ts';

const model = chainNetwork();
const images = imagesFor(model, 20);

/** A source that counts how often it is read. */
function counted(tensor: Tensor<'f32'>): ImageSource & { readonly reads: () => number } {
  const source = imageSourceOf(tensor);
  let reads = 0;
  return {
    ...source,
    reads: () => reads,
    batch: (from, to) => {
      reads++;
      return source.batch(from, to);
    },
  };
}

const approximateWith = (
  options: object,
  given: ImageSource | Tensor<'f32'> = images,
): ReturnType<typeof approximate> => approximate(model, given, { ...quick, speedup: 2, ...options });

describe('approximate refuses before any image is read', () => {
  it.each<[string, object, RegExp]>([
    ['speedup 0.5', { speedup: 0.5 }, /speedup: expected a number ≥ 1, got 0.5$/],
    ['speedup NaN', { speedup: Number.NaN }, /speedup: expected a number ≥ 1, got NaN$/],
    ['no speedup', { speedup: undefined }, /speedup: expected a number ≥ 1, got undefined$/],
    [
      'speedup 1e6',
      { speedup: 1e6 },
      /speedup: expected at most \d+(\.\d+)? \(rank 1 in all of conv2, conv3, conv4\), got 1000000$/,
    ],
    ['energy at 1e6', { speedup: 1e6, ranks: 'energy' }, /speedup: expected at most/],
    ['a fixed name', { fixed: { conv9: 2 } }, /fixed: expected one of conv1, conv2, conv3, conv4, got conv9$/],
    ['a fixed name, manual', { ranks: 'manual', fixed: { conv9: 2 } }, /fixed: expected one of .*, got conv9$/],
    ['an excluded name', { exclude: ['conv9'] }, /exclude: expected one of .*, got conv9$/],
    ['a capped name', { caps: { conv9: 2 } }, /caps: expected one of .*, got conv9$/],
    ['a rank of 0', { fixed: { conv2: 0 } }, /fixed of conv2: expected an integer from 1 to 8, got 0$/],
    ['nothing to do', { ranks: 'manual' }, /fixed: expected at least one layer to approximate, got none$/],
    ['everything excluded', { exclude: ['conv2', 'conv3', 'conv4'] }, /layers: expected at least one layer to select/],
    [
      'ranks',
      { ranks: 'worst' },
      /^approximate: ranks: expected best, energy, exact, manual, sensitivity, uniform, got worst$/,
    ],
    ['solver', { solver: 'none' }, /^approximate: solver: expected linear or nonlinear, got none$/],
    ['reconstruction', { reconstruction: 'none' }, /^approximate: reconstruction: expected asymmetric or symmetric/],
    ['λ', { schedule: [{ lambda: -1, iterations: 2 }] }, /^approximate: schedule: expected 0 < lambda/],
    ['iterations', { schedule: [{ lambda: 1, iterations: 0.5 }] }, /^approximate: schedule: expected iterations/],
    ['memory', { memoryBudget: -1 }, /^approximate: memoryBudget: expected bytes ≥ 0, got -1$/],
    [
      'best with one image',
      { images: 1 },
      /^approximate: images: expected at least two to fit to for ranks 'best', got 1$/,
    ],
    [
      'sensitivity with one image to fit to',
      { images: 2, ranks: 'sensitivity' },
      /^approximate: images: expected at least two to fit to for ranks 'sensitivity', got 1$/,
    ],
    ['evaluations', { evaluations: 0 }, /evaluations: expected a positive integer, got 0$/],
    ['multiples', { multipleOf: 0 }, /multipleOf: expected a positive integer, got 0$/],
    ['a unit', { budget: 'joules' }, /budget: expected one of macs, milliseconds, parameters, got joules$/],
    ['heldOut', { heldOut: 1 }, /heldOut: expected 0 ≤ share < 1, got 1$/],
    ['positions', { positions: 0 }, /positions: expected a positive integer, got 0$/],
    ['images', { images: -3 }, /images: expected a positive integer, got -3$/],
    ['batchSize', { batchSize: 0 }, /batchSize: expected a positive integer, got 0$/],
    ['seed', { seed: 0.5 }, /seed: expected an integer from 0 .*got 0.5$/],
  ])('%s', async (_, options, message) => {
    const source = counted(images);
    const before = snapshot(model);
    const events: ProgressEvent[] = [];
    await expect(
      approximateWith({ ...options, onProgress: (event: ProgressEvent) => events.push(event) }, source),
    ).rejects.toThrow(message);
    expect(source.reads()).toBe(0);
    expect(events).toEqual([]);
    expect(snapshot(model)).toEqual(before);
  });

  it('images of another shape, none at all, and values that are not finite', async () => {
    const nan = { ...images, data: Float32Array.from(images.data) };
    nan.data[17 * 162 + 40] = -Infinity;
    const before = snapshot(model);
    const refused: [Tensor<'f32'>, RegExp][] = [
      [zeros('f32', [5, 2, 9, 8]), /images: expected \[2, 9, 9\] each, got \[2, 9, 8\]$/],
      [zeros('f32', [0, 2, 9, 9]), /images: expected at least one image, got none$/],
      [nan, /images: expected finite values, got -Infinity/],
    ];
    for (const [given, message] of refused) await expect(approximateWith({}, given)).rejects.toThrow(message);
    expect(snapshot(model)).toEqual(before);
  });
});

describe('aborting', () => {
  const reason = new Error('enough');

  it('before the start reads no image', async () => {
    const source = counted(images);
    await expect(approximateWith({ signal: AbortSignal.abort(reason) }, source)).rejects.toBe(reason);
    await expect(calibrate(model, source, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(source.reads()).toBe(0);
  });

  it.each(['calibrate', 'solve', 'advance'] as const)('at the first event of %s ends at once', async (phase) => {
    const controller = new AbortController();
    let later = 0;
    const options: Partial<ApproximateOptions> = {
      signal: controller.signal,
      ranks: 'uniform',
      onProgress: (event) => {
        if (controller.signal.aborted) later++;
        if (event.phase === phase) controller.abort(reason);
      },
    };
    const before = snapshot(model);
    await expect(approximateWith(options)).rejects.toBe(reason);
    expect(later).toBe(0);
    expect(snapshot(model)).toEqual(before);
  });

  it('from a timer gets a turn in the middle of a long solve', async () => {
    const calibration = await calibrate(model, images, { positions: 4 });
    const plan = selectRanks(convolutionLayers(model), { method: 'manual', fixed: { conv2: 3 } });
    const controller = new AbortController();
    let iterations = 0;
    setTimeout(() => controller.abort(reason), 0);
    const schedule = [{ lambda: 1, iterations: 1_000_000 }];
    const onProgress = (): void => void iterations++;
    const solving = reconstruct(calibration, plan, { schedule, signal: controller.signal, onProgress });
    await expect(solving).rejects.toBe(reason);
    expect(iterations).toBeLessThan(1_000_000);
  });
});
