import {
  approximate,
  calibrate,
  chainResponses,
  convolutionLayers,
  gatherStrips,
  installChain,
  metricReconstruction,
  reconstruct,
  samplePositions,
  selectRanks,
  verifyApproximation,
} from '@rankwise/approx';
import type { Decomposition, FactorChain, Journal, ProgressEvent } from '@rankwise/approx';
import { prepareRegressor, reducedRankRegression } from '@rankwise/linalg';
import { forward, saveModel, sequential } from '@rankwise/nn';
import { createRandom, referenceKernels, zeros } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeds } from '../kit/matrices/arbitraries.ts';
import { at, matrixFrom } from '../kit/matrices/gallery.ts';
import { expectWithin, gamma } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';
import { chainNetwork, imagesFor, quick } from './networks.ts';
import { mixedSamples, sampleAt } from './support.ts';

const decompositions: readonly Decomposition[] = ['channel', 'spatial', '3d'];

const geometries = fc.record({
  seed: seeds,
  kernel: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  stride: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
  padding: fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 })),
  three: fc.boolean(),
});

describe('a chain on strips', () => {
  it('answers as the layers that it becomes, for any kernel, stride and padding', () => {
    fc.assert(
      fc.property(geometries, ({ seed, kernel, stride, padding, three }) => {
        const model = sequential('one', [2, 5, 6], { seed: 1 })
          .conv('conv', { filters: 3, kernel, stride, padding })
          .build();
        const [layer] = convolutionLayers(model);
        if (layer === undefined) throw new Error('expected a layer');
        const random = createRandom(seed);
        const draw = (): number => random.integer(5) - 2;
        const [height, width] = kernel;
        const chain: FactorChain = {
          factors: [
            { weight: matrixFrom(2, 2 * height, draw), strips: width },
            { weight: matrixFrom(three ? 2 : 3, 2 * width, draw), strips: 1 },
            ...(three ? [{ weight: matrixFrom(3, 2, draw), strips: 1 }] : []),
          ],
          offset: Float64Array.from({ length: 3 }, draw),
        };
        const images = zeros('f32', [2, 2, 5, 6]);
        for (let i = 0; i < images.data.length; i++) images.data[i] = draw();
        const available = layer.positions;
        const positions = samplePositions({ seed, layer: 'conv', images: 2, available, wanted: available });
        const strips = zeros('f32', [2 * available, layer.patchSize]);
        gatherStrips(layer, images, positions, 0, strips);
        const answers = chainResponses(strips, chain, referenceKernels);
        const { output } = forward(installChain(model, 'conv', chain), images);
        // Small integers: both ways are exact.
        for (let row = 0; row < 2 * available; row++) {
          const image = Math.floor(row / available);
          for (let j = 0; j < 3; j++) {
            const inMap = output.data[(image * 3 + j) * available + positions.indices[row]!];
            expect(sampleAt(answers, row, j)).toBe(inMap);
          }
        }
      }),
      { numRuns: runs(60) },
    );
  });

  it('is refused where it does not fit the convolution', () => {
    const model = sequential('one', [2, 5, 6], { seed: 1 }).conv('conv', { filters: 3, kernel: 3 }).build();
    const factor = { weight: matrixFrom(2, 6, () => 1), strips: 3 };
    const offset = new Float64Array(3);
    const narrow = { weight: matrixFrom(3, 5, () => 1), strips: 1 };
    expect(() => installChain(model, 'conv', { factors: [factor, narrow], offset })).toThrow(
      'expected [out, 6], got [3, 5]',
    );
    expect(() =>
      installChain(model, 'conv', { factors: [{ weight: matrixFrom(3, 18, () => 1), strips: 1 }], offset }),
    ).toThrow('installChain: chain: expected two or three factors, got 1');
    expect(() => installChain(model, 'none', { factors: [factor, narrow], offset })).toThrow('got none');
  });
});

function columnMeans(samples: Tensor<'f32'>): number[] {
  const [n = 0, d = 0] = samples.shape;
  return Array.from({ length: d }, (_, j) => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += sampleAt(samples, i, j);
    return sum / n;
  });
}

function momentOf(a: Tensor<'f32'>, b: Tensor<'f32'>): Tensor<'f64'> {
  const [n = 0, rows = 0] = a.shape;
  const [ma, mb] = [columnMeans(a), columnMeans(b)];
  return matrixFrom(rows, b.shape[1] ?? 0, (i, j) => {
    let sum = 0;
    for (let row = 0; row < n; row++) sum += (sampleAt(a, row, i) - ma[i]!) * (sampleAt(b, row, j) - mb[j]!);
    return sum;
  });
}

function squaredDistance(a: Tensor<'f32'>, b: Tensor<'f32'>): number {
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += (a.data[i]! - b.data[i]!) ** 2;
  return sum;
}

describe('metricReconstruction', () => {
  it('reaches the optimum of reduced-rank regression where a patch is one strip of mean 0', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 3 }), (seed, rank) => {
        const random = createRandom(seed);
        const [n, height, filters] = [60, 4, 5];
        const input = mixedSamples(n, height, random);
        const means = columnMeans(input);
        for (let row = 0; row < n; row++) for (let j = 0; j < height; j++) input.data[row * height + j]! -= means[j]!;
        const weight = random.fillNormalInPlace(zeros('f32', [filters, 1, height, 1]));
        const target = zeros('f32', [n, filters]);
        for (let row = 0; row < n; row++) {
          for (let j = 0; j < filters; j++) {
            let sum = 0;
            for (let i = 0; i < height; i++) sum += weight.data[j * height + i]! * sampleAt(input, row, i);
            target.data[row * filters + j] = sum;
          }
        }
        const chain = metricReconstruction({ input, target }, weight, rank, referenceKernels);
        const reached = squaredDistance(chainResponses(input, chain, referenceKernels), target);
        const { singularValues } = reducedRankRegression(
          prepareRegressor(momentOf(input, input)),
          momentOf(target, input),
          rank,
        );
        const total = momentOf(target, target);
        let left = 0;
        let energy = 0;
        for (let j = 0; j < filters; j++) energy += at(total, j, j);
        for (const value of singularValues.data) left += value * value;
        // Means of f32 samples vanish to n roundings; errors are differences of numbers of the size of the energy.
        expectWithin(reached, energy - left, energy * gamma(n * n, 'f32'));
      }),
      { numRuns: runs(30) },
    );
  });

  it('is exact at full rank, and names a rank that cannot be', () => {
    const random = createRandom(3);
    const input = mixedSamples(80, 6, random);
    const weight = random.fillNormalInPlace(zeros('f32', [4, 1, 3, 2]));
    const target = zeros('f32', [80, 4]);
    for (let row = 0; row < 80; row++) {
      for (let j = 0; j < 4; j++) {
        let sum = 0;
        for (let x = 0; x < 2; x++) {
          for (let y = 0; y < 3; y++) sum += weight.data[(j * 3 + y) * 2 + x]! * sampleAt(input, row, x * 3 + y);
        }
        target.data[row * 4 + j] = sum;
      }
    }
    const chain = metricReconstruction({ input, target }, weight, 3, referenceKernels);
    const zero = zeros('f32', [80, 4]);
    const error = squaredDistance(chainResponses(input, chain, referenceKernels), target);
    expect(error).toBeLessThanOrEqual(squaredDistance(target, zero) * gamma(80 * 6, 'f32'));
    expect(() => metricReconstruction({ input, target }, weight, 4, referenceKernels)).toThrow(
      'metricReconstruction: rank: expected an integer from 1 to 3, got 4',
    );
  });
});

describe('reconstruction with a descent', () => {
  it.each(decompositions)("%s: lowers every layer's error, and its report is borne out", async (decomposition) => {
    const original = chainNetwork();
    const images = imagesFor(original, 40);
    const options = { ...quick, decomposition, speedup: 1.5, ranks: 'uniform', heldOut: 0.3, descent: 6 } as const;
    const { model, report } = await approximate(original, images, options);
    const descended = report.layers.filter(({ descent }) => descent !== null);
    expect(descended.length).toBeGreaterThanOrEqual(2);
    for (const { error, descent } of descended) {
      expect(error!.fit).toBeLessThan(descent!.before.fit);
      expect(descent!.trace.length).toBeGreaterThan(0);
    }
    const verification = await verifyApproximation(original, model, images, {
      report: JSON.parse(JSON.stringify(report)),
      fit: true,
    });
    expect(verification.claims!.filter(({ verdict }) => verdict === 'refuted')).toEqual([]);
  });

  it('resumes to the same bytes', async () => {
    const original = chainNetwork();
    const calibration = await calibrate(original, imagesFor(original, 16), { positions: 8, batchSize: 5 });
    const plan = selectRanks(convolutionLayers(original), { method: 'uniform', decomposition: '3d', speedup: 2 });
    const options = { ...quick, descent: 4 };
    const whole = saveModel((await reconstruct(calibration, plan, options)).model);
    const entries = new Map<string, Uint8Array>();
    const journal: Journal = {
      interval: 0,
      read: async (key) => entries.get(key),
      write: async (key, bytes) => void entries.set(key, bytes.slice()),
    };
    const stop = new AbortController();
    const onProgress = ({ phase, layer }: ProgressEvent): void => {
      if (phase === 'descend' && layer === 'conv3') stop.abort(new Error('killed'));
    };
    const cut = reconstruct(calibration, plan, { ...options, journal, onProgress, signal: stop.signal });
    await expect(cut).rejects.toThrow('killed');
    const resumed: string[] = [];
    const again = await reconstruct(calibration, plan, {
      ...options,
      journal,
      onProgress: ({ layer = '', resumed: known }) => void (known === true && resumed.push(layer)),
    });
    expect(resumed).toContain('conv2');
    expect(saveModel(again.model)).toEqual(whole);
  });

  it('refuses a number of iterations that is none', async () => {
    const original = chainNetwork();
    const images = imagesFor(original, 8);
    await expect(approximate(original, images, { ...quick, speedup: 2, descent: -1 })).rejects.toThrow(
      'approximate: descent: expected an integer ≥ 0, got -1',
    );
  });
});
