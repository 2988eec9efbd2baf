import { describe, expect, it } from 'vitest';
import { approximate, matchModels, modelDigest, replaceConvolution, verifyApproximation } from '@rankwise/approx';
import { forward, loadModel, modelCost, saveModel, sequential } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';
import { createSimdKernels } from '@rankwise/simd';
import { createRandom, fromNested, tensorOf, zeros } from '@rankwise/tensor';
import { branchedNetwork, chainNetwork, imagesFor, residualNetwork } from './networks.ts';
import { claimsOf, failed, made, settings, stored } from './verification.ts';
import { mapFrom } from './support.ts';

describe('an honest report', () => {
  const cases = [
    ['chain', chainNetwork, 'nonlinear', 'asymmetric', 'channel'],
    ['chain', chainNetwork, 'linear', 'symmetric', 'channel'],
    ['chain', chainNetwork, 'linear', 'asymmetric', 'channel'],
    ['residual', residualNetwork, 'nonlinear', 'asymmetric', 'channel'],
    ['residual', residualNetwork, 'nonlinear', 'symmetric', 'channel'],
    ['branched', branchedNetwork, 'linear', 'asymmetric', 'channel'],
    ['chain', chainNetwork, 'nonlinear', 'asymmetric', '3d'],
    ['residual', residualNetwork, 'nonlinear', 'symmetric', '3d'],
    ['chain', chainNetwork, 'nonlinear', 'asymmetric', 'spatial'],
  ] as const;
  it.each(cases)('%s: is borne out in every figure (%#)', async (_, network, solver, reconstruction, decomposition) => {
    const speedup = decomposition === 'spatial' ? 1.3 : 2;
    const { original, model, report } = await made(network(), { solver, reconstruction, decomposition, speedup });
    const copy = loadModel(saveModel(model));
    const verification = await verifyApproximation(original, copy, imagesFor(original, 40), {
      report: stored(report),
      fit: true,
    });
    expect(failed(verification)).toEqual([]);
    expect(verification).toMatchObject({ refuted: false, differences: [], images: { kind: 'held-out', count: 12 } });
    const errors = claimsOf(verification).filter(({ what }) => what === 'held-out error' || what === 'fitting error');
    expect(errors.length).toBe(2 * report.layers.filter(({ decomposed }) => decomposed).length);
    for (const { claimed, found, bound, verdict } of errors) {
      expect(verdict).toBe('within');
      // The bound is of use: it would show a change in the third digit.
      expect(bound).toBeLessThan(0.01 * Number(found));
      expect(Math.abs(Number(claimed) - Number(found))).toBeLessThanOrEqual(Number(bound));
    }
  });

  const grid = (['macs', 'parameters', 'milliseconds'] as const).flatMap((budget) =>
    (['uniform', 'energy', 'exact', 'sensitivity', 'best'] as const).flatMap((ranks) =>
      (['channel', 'spatial', '3d'] as const).map((decomposition) => [budget, ranks, decomposition] as const),
    ),
  );
  it.each(grid)(
    'ranks in %s by %s, %s: is borne out, of many images and of few',
    async (budget, ranks, decomposition) => {
      const original = chainNetwork();
      const latency = { original: 12, atRank: Array.from({ length: 64 }, (_, i) => (i + 1) / 2) };
      const latencies = { conv2: latency, conv3: latency, conv4: latency };
      const options = { ...settings, budget, latencies, ranks, decomposition, solver: 'linear', speedup: 1.3 } as const;
      for (const [count, positions] of [
        [40, 8],
        [4, 1],
      ] as const) {
        const images = imagesFor(original, count);
        const { model, report } = await approximate(original, images, { ...options, positions });
        const verification = await verifyApproximation(original, model, images, { report: stored(report) });
        expect(failed(verification), `${count} images`).toEqual([]);
        // Three samples have two directions about their mean: where more ranks were asked for, the layers get fewer.
        const fewer = report.layers.filter(({ rank, effectiveRank }) => effectiveRank < rank);
        if (count === 4 && ranks === 'uniform' && decomposition !== 'spatial') expect(fewer.length).toBeGreaterThan(0);
      }
    },
  );

  it('is borne out on other kernels than it was made with', async () => {
    const kernels = await createSimdKernels({ threads: 1 });
    try {
      const { original, model, report } = await made(chainNetwork(), { kernels });
      const verification = await verifyApproximation(original, model, imagesFor(original, 40), { report, fit: true });
      expect(failed(verification)).toEqual([]);
    } finally {
      kernels.dispose();
    }
  });

  it('is borne out where nothing is held out, where all is left alone, and where errors are infinite', async () => {
    const none = await made(chainNetwork(), { heldOut: 0 });
    const images = imagesFor(none.original, 40);
    const first = await verifyApproximation(none.original, none.model, images, { report: stored(none.report) });
    expect(failed(first)).toEqual([]);
    expect(first.images).toMatchObject({ kind: 'given', count: 40 });
    const alone = await made(chainNetwork(), { ranks: 'manual', fixed: { conv2: 8 } });
    expect(modelDigest(alone.model)).toBe(modelDigest(alone.original));
    const second = await verifyApproximation(alone.original, alone.model, images, { report: stored(alone.report) });
    expect([failed(second), second.layers]).toEqual([[], []]);
    // Images that are all alike: responses do not vary, and rounding is an infinite error.
    const same = { ...images, data: Float32Array.from(images.data, (_, i) => images.data[i % 162]!) };
    const { model, report } = await approximate(alone.original, same, {
      ...settings,
      ranks: 'uniform',
      positions: 1000,
    });
    const third = await verifyApproximation(alone.original, model, same, { report: stored(report) });
    expect(failed(third)).toEqual([]);
  });
});

describe('networks that were tampered with', () => {
  it('are recognised by one bit of one weight, and by their errors', async () => {
    const { original, model, report } = await made(chainNetwork());
    const images = imagesFor(original, 40);
    const weight = model.parameters['conv3/basis.weight'];
    if (weight === undefined) throw new Error('no basis');
    const withWeight = (change: (value: number, i: number) => number): Model => ({
      ...model,
      parameters: { ...model.parameters, 'conv3/basis.weight': { ...weight, data: weight.data.map(change) } },
    });
    const tilted = withWeight((value, i) => (i === 7 ? value + 2 ** -24 : value));
    expect(failed(await verifyApproximation(original, tilted, images, { report }))).toEqual(['approximated (SHA-256)']);
    const halved = withWeight((value) => value / 2);
    const forged = { ...report, digests: { ...report.digests, approximated: modelDigest(halved) } };
    expect(failed(await verifyApproximation(original, halved, images, { report: forged }))).toEqual(
      expect.arrayContaining(['output error', 'conv3: held-out error']),
    );
  });

  it('are recognised where a layer that was left alone was changed', async () => {
    const { original, model, report } = await made(chainNetwork());
    const bias = model.parameters['conv1.bias'];
    if (bias === undefined) throw new Error('no bias');
    const moved = {
      ...model,
      parameters: { ...model.parameters, 'conv1.bias': { ...bias, data: bias.data.map((b) => b + 1) } },
    };
    const forged = { ...report, digests: { ...report.digests, approximated: modelDigest(moved) } };
    const verification = await verifyApproximation(original, moved, imagesFor(original, 40), { report: forged });
    expect(verification.differences).toEqual(['conv1 (conv2d) has another bias']);
    expect(failed(verification)).toContain('other differences');
  });
});

describe('two networks without a report', () => {
  it('are described: ranks, costs, and the errors of the responses of both', async () => {
    const { original, model } = await made(chainNetwork());
    const images = imagesFor(original, 6);
    const result = await verifyApproximation(original, model, images, { positions: 1000 });
    expect(result).toMatchObject({ claims: null, refuted: false, accuracy: null, images: { kind: 'given', count: 6 } });
    expect(result.cost.wholeModelSpeedup).toBe(modelCost(original).macs / modelCost(model).macs);
    for (const { name, ranks, numericalRanks } of result.layers) {
      expect([name, numericalRanks]).toEqual([name, ranks]);
    }
    // conv3 by plain loops over the responses behind its ReLU, at every position.
    const responses = (of: Model): Float32Array =>
      forward(of, images, { taps: ['relu3'] }).taps.get('relu3')?.data ?? new Float32Array();
    const [y, z] = [responses(original), responses(model)];
    const area = y.length / (6 * 8);
    let [squares, energy] = [0, 0];
    for (let j = 0; j < 8; j++) {
      const at = Array.from({ length: 6 * area }, (_, i) => (Math.floor(i / area) * 8 + j) * area + (i % area));
      const mean = at.reduce((sum, i) => sum + y[i]!, 0) / at.length;
      for (const i of at) {
        squares += (y[i]! - z[i]!) ** 2;
        energy += (y[i]! - mean) ** 2;
      }
    }
    const conv3 = result.layers.find(({ name }) => name === 'conv3');
    expect(Math.abs(Number(conv3?.insideError) * energy - squares)).toBeLessThan(1e-9 * energy); // bound: some 300 sums of f64
    expect(conv3?.aloneError).not.toBe(conv3?.insideError);
    // Nothing was replaced below conv2: inside and alone are the same there.
    const conv2 = result.layers.find(({ name }) => name === 'conv2');
    expect(conv2?.aloneError).toBe(conv2?.insideError);
  });

  it('show a rank that weights do not have', async () => {
    const model = sequential('pair', [3, 6, 6], { seed: 3 }).conv('conv1', { filters: 6, kernel: 3 }).build();
    const map = mapFrom(6, 3, () => createRandom(5).normal());
    const random = createRandom(8);
    for (const data of [map.left.data, map.right.data]) for (let i = 0; i < data.length; i++) data[i] = random.normal();
    // The third column of P repeats the first.
    for (let i = 0; i < 6; i++) map.left.data[i * 3 + 2] = map.left.data[i * 3]!;
    const { layers } = await verifyApproximation(model, replaceConvolution(model, 'conv1', map), imagesFor(model, 3));
    expect(layers.map(({ ranks, numericalRanks }) => [ranks, numericalRanks])).toEqual([[[3], [2]]]);
  });

  it('are compared on labels, image by image', async () => {
    const { original, model } = await made(chainNetwork());
    const images = imagesFor(original, 20);
    const answers = forward(original, images).output;
    const labels = Int32Array.from({ length: 20 }, (_, i) => {
      const row = answers.data.subarray(i * 4, i * 4 + 4);
      return row.indexOf(Math.max(...row));
    });
    const { accuracy, outputAgreement } = await verifyApproximation(original, model, images, {
      labels: tensorOf(labels, [20]),
    });
    expect(accuracy?.map(({ places }) => places)).toEqual([1, 4]);
    expect(accuracy?.[0]).toMatchObject({ original: 1, approximated: outputAgreement, gained: 0, images: 20 });
    expect(accuracy?.[0]?.lost).toBe(Math.round(20 * (1 - outputAgreement)));
    expect(accuracy?.[1]).toMatchObject({ original: 1, approximated: 1, lost: 0, pValue: 1 });
  });

  it('are compared on the labels of the held-out images', async () => {
    const { original, model, report } = await made(chainNetwork());
    const images = imagesFor(original, 40);
    const answers = forward(original, images).output;
    const labels = Int32Array.from({ length: 40 }, (_, i) => {
      const row = answers.data.subarray(i * 4, i * 4 + 4);
      return row.indexOf(Math.max(...row));
    });
    const { accuracy } = await verifyApproximation(original, model, images, { report, labels: tensorOf(labels, [40]) });
    expect(accuracy?.[0]).toMatchObject({ images: 12, original: 1, approximated: report.outputAgreement });
  });

  it('are measured through a chain of another geometry too, without its errors', async () => {
    const model = chainNetwork();
    const replaced = replaceConvolution(
      model,
      'conv2',
      mapFrom(8, 3, () => 0.5),
    );
    const shifted = {
      ...replaced,
      nodes: replaced.nodes.map((node) =>
        node.op === 'conv2d' && node.name === 'conv2/basis' ? { ...node, padding: [0, 1, 2, 1] as const } : node,
      ),
    };
    const { layers, differences } = await verifyApproximation(model, shifted, imagesFor(model, 4));
    expect(layers.map(({ decomposition, insideError }) => [decomposition, insideError])).toEqual([['other', null]]);
    expect(differences).toHaveLength(1);
  });
});

describe('what cannot be verified', () => {
  const model = chainNetwork();
  const images = imagesFor(model, 4);
  const refusal = async (...args: Parameters<typeof verifyApproximation>): Promise<string> =>
    verifyApproximation(...args).then(
      () => 'nothing',
      (error: unknown) => String(error),
    );

  it('is refused by name', async () => {
    const other = residualNetwork();
    expect(await refusal(model, other, images)).toMatch(
      /ShapeError: verifyApproximation: approximated: expected images \[2, 9, 9\]/,
    );
    const answers = { ...model, nodes: model.nodes.slice(0, -1), output: 'features' };
    const cut = {
      ...answers,
      parameters: Object.fromEntries(
        Object.entries(answers.parameters).filter(([name]) => !name.startsWith('classes')),
      ),
    };
    expect(await refusal(model, cut, images)).toContain('approximated: expected answers [4]');
    expect(await refusal(model, model, imagesFor(other, 4))).toContain('images: expected [2, 9, 9] each');
    expect(await refusal(model, model, zeros('f32', [0, 2, 9, 9]))).toContain('images: expected at least one');
    expect(await refusal(model, model, images, { labels: fromNested('i32', [1]) })).toContain('labels: expected [4]');
    expect(await refusal(model, model, images, { positions: 0 })).toContain('positions: expected an integer ≥ 1');
    expect(await refusal(model, model, images, { images: 0.5 })).toContain('images: expected an integer ≥ 1');
    expect(await refusal(model, model, images, { report: [] })).toContain('FormatError: readReport: report');
    expect(await refusal(model, model, images, { report: { format: 'x' } })).toContain('report.format');
    const bias = { ...model.parameters['conv2.bias']!, data: new Float32Array(8).fill(NaN) };
    const nan = { ...model, parameters: { ...model.parameters, 'conv2.bias': bias } };
    expect(await refusal(model, nan, images)).toContain("parameter 'conv2.bias': expected finite values");
  });

  it('names the field of a report that is missing or of another type', async () => {
    const { report } = await made(chainNetwork());
    const broken = (change: Record<string, unknown>): Promise<string> =>
      refusal(model, model, images, { report: { ...stored(report), ...change } });
    expect(await broken({ samples: 'many' })).toContain("samples: expected a finite number, got 'many'");
    expect(await broken({ layers: [{ name: 3 }] })).toContain('layers[0].name: expected a string');
    expect(await broken({ settings: { ...report.settings, solver: 'magic' } })).toContain('settings.solver');
    expect(await broken({ version: 2 })).toContain('report.version: expected 1, got 2');
    expect(await broken({ digests: undefined })).toContain('digests: expected an object, got nothing');
  });

  it('stops when it is told to', async () => {
    const { original, model: approximated } = await made(chainNetwork());
    const controller = new AbortController();
    const reason = new Error('enough');
    const done: number[] = [];
    const work = verifyApproximation(original, approximated, imagesFor(original, 200), {
      signal: controller.signal,
      onProgress: (event) => {
        done.push(event.done);
        controller.abort(reason);
      },
    });
    await expect(work).rejects.toBe(reason);
    expect(done).toHaveLength(1);
    expect(matchModels(original, approximated).differences).toEqual([]);
  });
});
