import {
  calibrate,
  compareOutputs,
  measureSensitivity,
  outputDivergence,
  replaceConvolution,
  solveLinear,
} from '@rankwise/approx';
import type { Calibration } from '@rankwise/approx';
import { forward } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';
import { referenceKernels, slice } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { trialCalibration } from '../../packages/approx/src/pipeline/trialCalibration.ts';
import { branchedNetwork, chainNetwork, imagesFor } from './networks.ts';

/** The answers of a whole pass of a network in which one layer was replaced. */
async function answersWith(calibration: Calibration, name: string, rank: number): Promise<Tensor<'f32'>> {
  const { model, images, fitImages } = calibration;
  const found = calibration.layers.find(({ layer }) => layer.name === name)!;
  const rows = slice(found.target, [[0, found.fitRows]]);
  const { map } = solveLinear({ target: rows, regressor: rows }, rank);
  const changed = replaceConvolution(model, name, map);
  return forward(changed, await images.batch(fitImages, images.count), { kernels: referenceKernels }).output;
}

describe('measureSensitivity', () => {
  it.each([
    ['a chain', chainNetwork(), 60],
    ['branches and a concat', branchedNetwork(), 30],
  ] as [string, Model, number][])('%s: is what a whole pass with one layer replaced says', async (_, model, count) => {
    const calibration = await calibrate(model, imagesFor(model, count), { heldOut: 0.3, positions: 6, batchSize: 7 });
    const measured = await measureSensitivity(calibration);
    expect(measured.map(({ name }) => name)).toEqual(calibration.layers.map(({ layer }) => layer.name));
    for (const { name, ranks, measured: losses, losses: curve } of measured) {
      for (const [i, rank] of ranks.entries()) {
        const answers = await answersWith(calibration, name, rank);
        const whole =
          answers.shape.length === 2
            ? outputDivergence(calibration.outputs!, answers)
            : compareOutputs(calibration.outputs!, answers).relativeError;
        // Balanced factors are other numbers of the same product: f32 weights differ by their rounding.
        expect(losses[i]! / whole).toBeGreaterThan(0.999);
        expect(losses[i]! / whole).toBeLessThan(1.001);
      }
      expect(curve[0]).toBeGreaterThan(curve.at(-1)!);
    }
  });

  it('measures the layers asked for, and says how far it is', async () => {
    const model = chainNetwork();
    const calibration = await calibrate(model, imagesFor(model, 20), { positions: 3 });
    const fractions: number[] = [];
    const [only, ...others] = await measureSensitivity(calibration, {
      layers: ['conv3'],
      onProgress: ({ phase, fraction }) => {
        expect(phase).toBe('sensitivity');
        fractions.push(fraction);
      },
    });
    expect([only?.name, others.length]).toEqual(['conv3', 0]);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(fractions.at(-1)).toBe(1);
  });

  it('refuses a calibration without held-out images, and layers that were not calibrated', async () => {
    const model = chainNetwork();
    const none = await calibrate(model, imagesFor(model, 6), { heldOut: 0 });
    await expect(measureSensitivity(none)).rejects.toThrow(
      'measureSensitivity: calibration: expected held-out images to judge by, got none',
    );
    const some = await calibrate(model, imagesFor(model, 6), { layers: ['conv2'] });
    await expect(measureSensitivity(some, { layers: ['conv3'] })).rejects.toThrow(
      'measureSensitivity: layers: expected calibrated ones (conv2), got conv3',
    );
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(measureSensitivity(some, { signal })).rejects.toThrow('enough');
  });
});

describe('trialCalibration', () => {
  it('is the calibration of some fitting images, judged by others, without the held-out ones', async () => {
    const model = chainNetwork();
    const images = imagesFor(model, 40);
    const whole = await calibrate(model, images, { positions: 3, heldOut: 0.25, seed: 4 });
    const trial = await trialCalibration(whole, { fit: 12, judge: 5 });
    expect([trial.fitImages, trial.images.count]).toEqual([12, 17]);
    // The first pixel tells images apart.
    const idsOf = async ({ images: source }: Calibration, from: number, to: number): Promise<number[]> => {
      const { data, shape } = await source.batch(from, to);
      return Array.from({ length: to - from }, (_, i) => data[(i * data.length) / (shape[0] ?? 1)]!);
    };
    const fitting = new Set(await idsOf(whole, 0, whole.fitImages));
    const tried = await idsOf(trial, 0, 17);
    expect(new Set(tried).size).toBe(17);
    for (const id of tried) expect(fitting.has(id)).toBe(true);
    const judges = await trial.images.batch(12, 17);
    expect(trial.outputs).toEqual(forward(model, judges, { kernels: referenceKernels }).output);
    const ids = await idsOf(whole, 0, whole.images.count);
    for (const [i, { target, positions, fitRows, energies }] of trial.layers.entries()) {
      const from = whole.layers[i]!;
      const width = target.shape[1]!;
      expect(fitRows).toBe(12 * positions.perImage);
      expect(energies).toHaveLength(width);
      for (const [place, id] of tried.entries()) {
        for (let k = 0; k < positions.perImage; k++) {
          const row = place * positions.perImage + k;
          const source = ids.indexOf(id) * positions.perImage + k;
          expect(positions.indices[row]).toBe(from.positions.indices[source]);
          expect(target.data.slice(row * width, (row + 1) * width)).toEqual(
            from.target.data.slice(source * width, (source + 1) * width),
          );
        }
      }
    }
  });

  it('keeps two thirds of few images for the fit', async () => {
    const model = chainNetwork();
    const counts = [];
    for (const count of [2, 3, 7]) {
      const whole = await calibrate(model, imagesFor(model, count), { positions: 2, heldOut: 0 });
      const { fitImages, images } = await trialCalibration(whole);
      counts.push([fitImages, images.count]);
    }
    expect(counts).toEqual([
      [1, 2],
      [2, 3],
      [5, 7],
    ]);
  });
});
