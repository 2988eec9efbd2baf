import {
  approximate,
  approximateCalibrated,
  calibrate,
  compareOutputs,
  convolutionLayers,
  decompositionPays,
  flatCap,
  reconstruct,
  searchRanks,
  selectRanks,
  sensitivityLosses,
} from '@rankwise/approx';
import type { ApproximateOptions, ApproximationReport, ProgressEvent } from '@rankwise/approx';
import { forward, loadModel, modelCost, saveModel, sequential, validateModel } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';
import { slice, zeros } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { branchedNetwork, chainNetwork, imagesFor, quick, residualNetwork, snapshot } from './networks.ts';

const networks = { chain: chainNetwork(), residual: residualNetwork(), branched: branchedNetwork() };
type NetworkName = keyof typeof networks;
const names: readonly NetworkName[] = ['chain', 'residual', 'branched'];

const run = (
  name: NetworkName,
  options: Partial<ApproximateOptions> = {},
  images = 20,
): ReturnType<typeof approximate> =>
  approximate(networks[name], imagesFor(networks[name], images), { ...quick, speedup: 1.5, heldOut: 0.2, ...options });

/** The report without what depends on the clock. */
function timeless(report: ApproximationReport): unknown {
  return { ...report, seconds: 0, layers: report.layers.map((layer) => ({ ...layer, seconds: 0 })) };
}

describe('approximate', () => {
  it.each(names)('%s: cost, counted layers and answers are what the report says', async (name) => {
    const model = networks[name];
    const before = snapshot(model);
    const { model: result, report } = await run(name, { ranks: 'uniform' });
    expect(snapshot(model)).toEqual(before);
    validateModel(result);
    const macs = (of: Model, counted: readonly string[]): number =>
      modelCost(of)
        .layers.filter((layer) => counted.some((one) => layer.name === one || layer.name === `${one}/basis`))
        .reduce((sum, layer) => sum + layer.macs, 0);
    const { theoretical, counted } = report;
    expect(theoretical.macsBefore).toBe(macs(model, counted));
    expect(theoretical.macsAfter).toBe(macs(result, counted));
    expect(theoretical.speedup).toBe(theoretical.macsBefore / theoretical.macsAfter);
    expect(theoretical.speedup).toBeGreaterThanOrEqual(1.5);
    expect(theoretical.speedupWithoutProjection).toBeGreaterThan(theoretical.speedup);
    expect(theoretical.wholeModelSpeedup).toBe(modelCost(model).macs / modelCost(result).macs);
    const images = imagesFor(model, 2);
    expect(forward(loadModel(saveModel(result)), images).output).toEqual(forward(result, images).output);
    expect(JSON.parse(JSON.stringify(timeless(report)))).toEqual(timeless(report));
  });

  it('leaves convolutions with groups and the first layer alone', async () => {
    const { model, report } = await run('branched');
    expect(report.layers.map(({ name }) => name)).toEqual(['squeeze', 'left', 'right']);
    for (const parameter of ['grouped.weight', 'conv0.weight']) {
      expect(model.parameters[parameter]).toEqual(networks.branched.parameters[parameter]);
    }
  });

  it.each(names)('%s: the output error is that of the two networks on the held-out images', async (name) => {
    const model = networks[name];
    const images = imagesFor(model, 20);
    const options = { ...quick, speedup: 1.5, heldOut: 0.2, ranks: 'energy' } as const;
    const { model: result, report } = await approximate(model, images, options);
    const calibration = await calibrate(model, images, { ...quick, heldOut: 0.2 });
    const unseen = await calibration.images.batch(16, 20);
    const compared = compareOutputs(forward(model, unseen).output, forward(result, unseen).output);
    expect(report.outputError).toBe(compared.relativeError);
    expect(report.outputAgreement).toBe(compared.agreement);
    expect(report.settings).toMatchObject({ images: 20, heldOutImages: 4, ranks: 'energy', positions: 8 });
  });

  it('best carries out the plan that searchRanks finds, and reports what it was compared with', async () => {
    const model = networks.chain;
    const images = imagesFor(model, 20);
    const options = { ...quick, speedup: 2.2, heldOut: 0.2 };
    const { model: best, report, ranks } = await approximate(model, images, options);
    const calibration = await calibrate(model, images, options);
    const { plan, origin, candidates, judges } = await searchRanks(calibration, { speedup: 2.2 }, options);
    expect(ranks).toBe(origin);
    expect(report.settings.ranks).toBe(`best (${origin})`);
    expect(report.rankSelection).toEqual({ cost: plan.cost, objective: null, judges, candidates });
    expect(best).toEqual((await reconstruct(calibration, plan, quick)).model);
  });

  it('sensitivity is the optimum of the measured losses, energy and exact report their gap', async () => {
    const model = networks.chain;
    const options = { ...quick, speedup: 2.2, heldOut: 0.2 };
    const calibration = await calibrate(model, imagesFor(model, 20), options);
    const { report } = await approximateCalibrated(calibration, { ...options, ranks: 'sensitivity' });
    const losses = await sensitivityLosses(calibration, ['conv2', 'conv3', 'conv4']);
    const plan = selectRanks(convolutionLayers(model), { method: 'sensitivity', speedup: 2.2, losses });
    expect(report.layers.map(({ rank }) => rank)).toEqual(Object.values(plan.ranks));
    expect(report.rankSelection).toEqual({ cost: plan.cost, objective: plan.objective, judges: 0, candidates: [] });
    const given = await approximateCalibrated(calibration, { ...options, ranks: 'sensitivity', losses });
    expect(timeless(given.report)).toEqual(timeless(report));
    const [energy, exact] = await Promise.all(
      (['energy', 'exact'] as const).map(async (ranks) => {
        const found = await approximateCalibrated(calibration, { ...options, ranks });
        return found.report.rankSelection.objective!;
      }),
    );
    expect(exact!.loss).toBe(exact!.bound);
    expect(energy!.bound).toBe(exact!.loss);
    expect(energy!.loss).toBeGreaterThanOrEqual(exact!.loss);
  });

  it('keeps budgets in other units, and ranks in multiples', async () => {
    const model = networks.chain;
    const calibration = await calibrate(model, imagesFor(model, 20), quick);
    // Decomposing layers as small as these saves no time, so that any measured milliseconds allow 1× only.
    for (const [budget, speedup] of [
      ['parameters', 1.3],
      ['milliseconds', 1],
    ] as const) {
      const options = { ...quick, budget, speedup, ranks: 'uniform', multipleOf: 2 } as const;
      const { report } = await approximateCalibrated(calibration, options);
      const { cost } = report.rankSelection;
      expect(cost.budget).toBe(budget);
      expect(cost.before / cost.after).toBeGreaterThanOrEqual(speedup);
      for (const { rank, decomposed } of report.layers) expect(rank % 2 === 0 || !decomposed).toBe(true);
    }
  });

  it('automatic caps are where energies are flat, and take the first layer along uncounted', async () => {
    const model = networks.chain;
    const images = imagesFor(model, 20);
    const { report } = await approximate(model, images, { ...quick, speedup: 1.5, ranks: 'uniform', caps: 'auto' });
    const calibration = await calibrate(model, images, { ...quick, layers: ['conv1', 'conv2', 'conv3', 'conv4'] });
    const caps = calibration.layers.map(({ energies, fitRows }) => flatCap(energies, fitRows));
    expect(report.counted).toEqual(['conv2', 'conv3', 'conv4']);
    const ranks = new Map(report.layers.map(({ name, rank }) => [name, rank]));
    const pays = decompositionPays(calibration.layers[0]!.layer, caps[0]!);
    expect(ranks.get('conv1')).toBe(pays ? caps[0] : undefined);
    for (const [i, name] of ['conv2', 'conv3', 'conv4'].entries()) {
      expect(ranks.get(name)).toBeLessThanOrEqual(caps[i + 1]!);
    }
    const spatial = { ...quick, speedup: 1.5, caps: 'auto', decomposition: 'spatial' } as const;
    await expect(approximate(model, images, spatial)).rejects.toThrow(
      /^approximate: caps: expected ranks by layer name/,
    );
  });

  it('is the same to the last bit each time, for every batch size and budget', async () => {
    const reference = await run('residual');
    for (const options of [{}, { batchSize: 1 }, { batchSize: 64 }, { memoryBudget: 0 }]) {
      const again = await run('residual', options);
      expect(again.model).toEqual(reference.model);
      expect(timeless(again.report)).toEqual(timeless(reference.report));
    }
    expect((await run('residual', { seed: 1 })).model).not.toEqual(reference.model);
  });

  it('from a calibration that is there is the same as in one go', async () => {
    const model = networks.chain;
    const calibration = await calibrate(model, imagesFor(model, 20), { ...quick, heldOut: 0.2 });
    for (const speedup of [1.5, 3]) {
      const apart = await approximateCalibrated(calibration, { ...quick, speedup });
      const whole = await run('chain', { speedup });
      expect(apart.model).toEqual(whole.model);
      expect(timeless(apart.report)).toEqual(timeless(whole.report));
    }
    const first = approximateCalibrated(calibration, { ...quick, speedup: 2, fixed: { conv1: 2 } });
    await expect(first).rejects.toThrow(/^measuredRequest: calibration: expected conv1 among its layers/);
  });

  it('takes fixed ranks from the model unless told otherwise, and leaves them out of the count', async () => {
    const model: Model = { ...networks.chain, fixedRanks: { conv1: 2 } };
    const images = imagesFor(model, 12);
    const options = { ...quick, speedup: 1.5, ranks: 'uniform', heldOut: 0 } as const;
    const own = await approximate(model, images, options);
    expect(own.report.layers.map(({ name, rank }) => [name, rank])[0]).toEqual(['conv1', 2]);
    expect(own.report.counted).toEqual(['conv2', 'conv3', 'conv4']);
    expect(own.report.outputError).toBeNull();
    const none = await approximate(model, images, { ...options, fixed: {} });
    expect(none.report.layers[0]!.name).toBe('conv2');
    const excluded = await approximate(model, images, { ...options, exclude: ['conv1'] });
    expect(excluded.report.layers[0]!.name).toBe('conv2');
    const manual = await approximate(model, images, { ...options, ranks: 'manual', fixed: { conv3: 2 } });
    expect(manual.report.counted).toEqual(['conv3']);
  });

  it('measures when asked', async () => {
    const { report } = await run('chain', { measure: true, ranks: 'uniform' });
    expect(report.measured).toMatchObject({ kernels: 'reference', threads: 1, images: 5 });
    expect(report.measured!.speedup).toBe(
      report.measured!.originalMilliseconds / report.measured!.approximatedMilliseconds,
    );
  });
});

describe('progress', () => {
  it.each([
    ['best', {}],
    ['uniform, symmetric', { ranks: 'uniform', reconstruction: 'symmetric' }],
    ['energy, linear', { ranks: 'energy', solver: 'linear' }],
    ['a last layer that is left alone', { ranks: 'manual', fixed: { conv2: 2, conv4: 7 } }],
    ['no budget', { memoryBudget: 0, batchSize: 3 }],
  ] as const)('never falls and ends at 1: %s', async (_, options) => {
    const events: ProgressEvent[] = [];
    await run('chain', { ...options, onProgress: (event) => events.push(event) });
    const fractions = events.map(({ fraction }) => fraction);
    expect(fractions.every((fraction, i) => fraction >= (fractions[i - 1] ?? 0) && fraction <= 1)).toBe(true);
    expect(fractions.at(-1)).toBe(1);
    expect(events[0]!.phase).toBe('calibrate');
    for (const { done, total } of events) expect(done).toBeLessThanOrEqual(total);
  });
});

describe('poor calibration', () => {
  it('dead filters, a repeated filter, k = 1 and d = 1 are carried through', async () => {
    const model = sequential('poor', [1, 6, 6], { seed: 4 })
      .conv('conv1', { filters: 5, kernel: 3 })
      .relu()
      .conv('conv2', { filters: 6, kernel: 1 })
      .relu()
      .conv('conv3', { filters: 1, kernel: 3 })
      .relu()
      .conv('conv4', { filters: 6, kernel: [1, 2] })
      .build();
    const weight = model.parameters['conv2.weight']!;
    weight.data.fill(0, 0, 5);
    weight.data.copyWithin(5, 10, 15);
    model.parameters['conv2.bias']!.data.set([-3, 1, 0.5, 0.5]);
    const { report, model: result } = await approximate(model, imagesFor(model, 30), {
      ...quick,
      speedup: 1.1,
      ranks: 'uniform',
    });
    validateModel(result);
    expect(report.layers.map(({ name }) => name)).toEqual(['conv2', 'conv3', 'conv4']);
    expect(report.layers.find(({ name }) => name === 'conv3')).toMatchObject({ decomposed: false, error: null });
    expect(report.warnings.some((warning) => warning.startsWith('conv3 is left as it is'))).toBe(true);
  });

  it.each(['linear', 'nonlinear'] as const)(
    '%s: one image and one position: a rank below the one asked for, and warnings',
    async (solver) => {
      const { report, model } = await run('chain', { positions: 1, ranks: 'uniform', solver, heldOut: 0 }, 3);
      validateModel(model);
      for (const layer of report.layers.filter(({ decomposed }) => decomposed)) {
        expect(layer.effectiveRank).toBeLessThanOrEqual(2);
        expect(report.warnings).toContain(
          `${layer.name} was fitted to 3 responses of ${layer.filters} filters: give more images or positions`,
        );
      }
    },
  );

  it('images that are all zero give constants', async () => {
    const model = networks.chain;
    const { report, model: result } = await approximate(model, zeros('f32', [10, 2, 9, 9]), {
      ...quick,
      speedup: 2,
      ranks: 'uniform',
      positions: 1,
    });
    validateModel(result);
    expect(report.layers.every(({ effectiveRank, filters }) => effectiveRank <= filters)).toBe(true);
    const { output } = forward(result, slice(zeros('f32', [1, 2, 9, 9]), []));
    expect(output.data.every(Number.isFinite)).toBe(true);
  });

  it('rank 1 everywhere', async () => {
    const { report, model } = await run('residual', { ranks: 'manual', fixed: { conv1: 1, conv2: 1, conv3: 1 } });
    validateModel(model);
    expect(report.layers.map(({ effectiveRank }) => effectiveRank)).toEqual([1, 1, 1]);
  });
});
