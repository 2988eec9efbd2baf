import {
  approximate,
  balanced,
  calibrate,
  composeSpatial,
  computeResponses,
  convolutionLayers,
  dataReconstruction,
  filterReconstruction,
  reconstruct,
  relativeResponseError,
  replaceConvolution,
  replaceSpatially,
  selectRanks,
  solveLinear,
  solveNonlinear,
  sumPatchMoments,
} from '@rankwise/approx';
import type { Calibration, RankPlan, ReconstructionOptions, SpatialFactors } from '@rankwise/approx';
import { forward, loadModel, modelCost, saveModel, validateModel } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';
import { cast, referenceKernels, slice, zeros } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { gatherPatches } from '../../packages/approx/src/sampling/gatherResponses.ts';
import { expectWithin, gamma } from '../kit/rounding.ts';
import {
  branchedNetwork,
  chainNetwork,
  imagesFor,
  quick,
  residualNetwork,
  shortSchedule,
  snapshot,
} from './networks.ts';
import { sampleAt } from './support.ts';

const networks = { chain: chainNetwork(), residual: residualNetwork(), branched: branchedNetwork() };
type NetworkName = keyof typeof networks;
const names: readonly NetworkName[] = ['chain', 'residual', 'branched'];

async function calibrated(name: NetworkName, options: object = {}): Promise<Calibration> {
  const model = networks[name];
  return calibrate(model, imagesFor(model, 16), { positions: 8, batchSize: 5, heldOut: 0.2, ...options });
}

function plan3d(name: NetworkName): RankPlan {
  return selectRanks(convolutionLayers(networks[name]), { method: 'uniform', decomposition: '3d', speedup: 2 });
}

function planSpatial(name: NetworkName): RankPlan {
  return selectRanks(convolutionLayers(networks[name]), { method: 'uniform', decomposition: 'spatial', speedup: 1.3 });
}

const parametersOf = (model: Model): Record<string, Float32Array> =>
  Object.fromEntries(Object.entries(model.parameters).map(([name, { data }]) => [name, data]));

const inSingle = (tensor: Tensor<'f64'>): Tensor<'f64'> => cast(cast(tensor, 'f32'), 'f64');

function pairOf(name: NetworkName, layer: string, rank: number): SpatialFactors {
  return filterReconstruction(networks[name].parameters[`${layer}.weight`]!, rank).factors;
}

/** ŷ: what the pair's one convolution says on the input that a network delivers to the layer. */
async function pairResponses(
  { model: original, images, layers }: Calibration,
  below: Model,
  name: string,
  { vertical, horizontal }: SpatialFactors,
): Promise<Tensor<'f32'>> {
  const { layer, positions, target } = layers.find((one) => one.layer.name === name)!;
  const tap = layer.node.inputs[0]!;
  const input = forward(below, await images.batch(0, images.count), { taps: [tap] }).taps.get(tap)!;
  const weight = cast(composeSpatial({ vertical: inSingle(vertical), horizontal: inSingle(horizontal) }), 'f32');
  const model = { ...original, parameters: { ...original.parameters, [layer.node.weight]: weight } };
  const rows = zeros('f32', target.shape);
  computeResponses(model, layer, input, positions, 0, rows, referenceKernels);
  return rows;
}

/** One layer of "asymmetric (3d)" by its text: the pair, ŷ on x̂, the solver against the original's y, the replacement. */
async function byHand(
  name: NetworkName,
  calibration: Calibration,
  soFar: Model,
  layerName: string,
  plan: RankPlan,
  below = soFar,
): Promise<Model> {
  const { layer, target, fitRows } = calibration.layers.find((one) => one.layer.name === layerName)!;
  const factors = pairOf(name, layerName, plan.spatialRanks[layerName]!);
  const regressor = await pairResponses(calibration, below, layerName, factors);
  const samples = { target: slice(target, [[0, fitRows]]), regressor: slice(regressor, [[0, fitRows]]) };
  const rank = plan.ranks[layerName]!;
  const { map } =
    layer.nonlinearity.kind === 'relu'
      ? solveNonlinear(samples, rank, { schedule: shortSchedule })
      : solveLinear(samples, rank);
  return replaceSpatially(soFar, layerName, factors, balanced(map));
}

describe('asymmetric (3d)', () => {
  it('is what its parts give by hand, and decomposes by channels what cannot be split', async () => {
    const plan = plan3d('chain');
    expect([plan.ranks, plan.spatialRanks]).toEqual([
      { conv2: 4, conv3: 5, conv4: 2 },
      { conv2: 3, conv3: 4 },
    ]);
    const calibration = await calibrated('chain');
    const { model, layers } = await reconstruct(calibration, plan, quick);
    let again = networks.chain;
    for (const name of ['conv2', 'conv3']) again = await byHand('chain', calibration, again, name, plan);
    const { layer, positions, target, fitRows } = calibration.layers[2]!;
    const images = await calibration.images.batch(0, 16);
    const input = forward(again, images, { taps: ['relu3'] }).taps.get('relu3')!;
    const rows = zeros('f32', target.shape);
    computeResponses(networks.chain, layer, input, positions, 0, rows, referenceKernels);
    const samples = { target: slice(target, [[0, fitRows]]), regressor: slice(rows, [[0, fitRows]]) };
    again = replaceConvolution(again, 'conv4', balanced(solveLinear(samples, 2).map));
    expect(parametersOf(model)).toEqual(parametersOf(again));
    expect(model.nodes.map((node) => node.name)).toEqual(again.nodes.map((node) => node.name));
    expect(layers.map((one) => [one.name, one.decomposition, one.rank, one.spatialRank])).toEqual([
      ['conv2', '3d', 4, 3],
      ['conv3', '3d', 5, 4],
      ['conv4', 'channel', 2, null],
    ]);
    expect(layers.map(({ spatialError }) => spatialError === null)).toEqual([false, false, true]);
  });

  it('symmetric takes the original input, asymmetric what the layers below deliver', async () => {
    const plan = plan3d('residual');
    const calibration = await calibrated('residual');
    const replaced = Object.keys(plan.spatialRanks).filter((name) => !plan.leftAlone.includes(name));
    expect(replaced).toEqual(['conv1', 'conv2', 'conv3']);
    for (const reconstruction of ['asymmetric', 'symmetric'] as const) {
      const { model } = await reconstruct(calibration, plan, { ...quick, reconstruction });
      let again = networks.residual;
      for (const name of replaced) {
        const below = reconstruction === 'symmetric' ? networks.residual : again;
        again = await byHand('residual', calibration, again, name, plan, below);
      }
      expect(parametersOf(model)).toEqual(parametersOf(again));
    }
  });

  it.each(names)('%s: is the same for every batch size and memory budget', async (name) => {
    const run = async (batchSize: number, options: ReconstructionOptions): Promise<Record<string, Float32Array>> => {
      const calibration = await calibrated(name, { batchSize });
      return parametersOf((await reconstruct(calibration, plan3d(name), { ...quick, ...options })).model);
    };
    const reference = await run(5, {});
    for (const memoryBudget of [0, 8000, Infinity]) expect(await run(5, { memoryBudget })).toEqual(reference);
    for (const batchSize of [1, 7]) expect(await run(batchSize, { memoryBudget: 20_000 })).toEqual(reference);
  });

  it('on fitting samples is no worse than the two decompositions put together unseen', async () => {
    const calibration = await calibrated('chain');
    const plan = plan3d('chain');
    const { layers } = await reconstruct(calibration, plan, { ...quick, reconstruction: 'symmetric' });
    for (const name of ['conv2', 'conv3']) {
      const { layer, target, fitRows } = calibration.layers.find((one) => one.layer.name === name)!;
      const regressor = await pairResponses(
        calibration,
        networks.chain,
        name,
        pairOf('chain', name, plan.spatialRanks[name]!),
      );
      const fit = slice(target, [[0, fitRows]]);
      const samples = { target: fit, regressor: slice(regressor, [[0, fitRows]]) };
      const { map } = solveNonlinear({ target: fit, regressor: fit }, plan.ranks[name]!, { schedule: shortSchedule });
      const together = relativeResponseError(samples, map, layer.nonlinearity);
      const report = layers.find((one) => one.name === name)!;
      expect(report.error!.fit).toBeLessThanOrEqual(together);
      expect(report.error!.fit).toBeLessThanOrEqual(report.linearError!.fit);
    }
  });

  it('reports the errors that the installed network has', async () => {
    const calibration = await calibrated('chain', { heldOut: 0 });
    const images = await calibration.images.batch(0, 16);
    for (const plan of [plan3d('chain'), planSpatial('chain')]) {
      const { model, layers } = await reconstruct(calibration, plan, quick);
      const taps = layers.map(({ name }) => name);
      const outputs = forward(model, images, { taps }).taps;
      for (const { layer, positions, target } of calibration.layers) {
        const report = layers.find(({ name }) => name === layer.name)!;
        if (!report.decomposed) continue;
        const map = outputs.get(layer.name)!;
        const [, filters = 0, height = 0, width = 0] = map.shape;
        const r = (x: number): number => (layer.nonlinearity.kind === 'relu' ? Math.max(0, x) : x);
        let [squares, energy, largest] = [0, 0, 0];
        for (let f = 0; f < filters; f++) {
          const original = Array.from(positions.indices, (_, row) => r(sampleAt(target, row, f)));
          const mean = original.reduce((sum, x) => sum + x, 0) / original.length;
          for (const [row, position] of positions.indices.entries()) {
            const image = Math.floor(row / positions.perImage);
            const answer = r(map.data[(image * filters + f) * height * width + position]!);
            squares += (original[row]! - answer) ** 2;
            energy += (original[row]! - mean) ** 2;
            largest = Math.max(largest, Math.abs(answer), original[row]!);
          }
        }
        // Each answer is off by the roundings of some hundred terms of its size, before and after.
        const rounding = gamma(2 ** 8, 'f32') * largest * Math.sqrt(target.data.length);
        const bound = (2 * rounding * Math.sqrt(squares) + rounding ** 2) / energy;
        expectWithin(report.error!.fit, squares / energy, bound, layer.name);
      }
    }
  });

  it('takes the linear solver as well', async () => {
    const calibration = await calibrated('chain');
    const { layers } = await reconstruct(calibration, plan3d('chain'), { ...quick, solver: 'linear' });
    for (const { error, linearError, iterations } of layers) expect([error, iterations]).toEqual([linearError, 0]);
  });
});

describe('spatial', () => {
  it('is the filter reconstruction of each layer, whatever the data, solver and reconstruction', async () => {
    const plan = planSpatial('chain');
    expect(plan.leftAlone).toEqual(['conv4']);
    let expected = networks.chain;
    for (const name of ['conv2', 'conv3']) {
      expected = replaceSpatially(expected, name, pairOf('chain', name, plan.ranks[name]!));
    }
    for (const reconstruction of ['asymmetric', 'symmetric'] as const) {
      const { model, layers } = await reconstruct(await calibrated('chain'), plan, { ...quick, reconstruction });
      expect(parametersOf(model)).toEqual(parametersOf(expected));
      for (const one of layers.slice(0, 2)) {
        expect(one).toMatchObject({ decomposition: 'spatial', spatialRank: null, linearError: null, iterations: 0 });
        expect(one.error).toEqual(one.spatialError);
        expect(one.energyKept).toBeGreaterThan(0.5);
      }
      expect(layers[2]).toMatchObject({ decomposed: false, error: null, spatialError: null, energyKept: 1 });
    }
  });
});

describe('data reconstruction in the pipeline', () => {
  const data = { ...quick, spatialReconstruction: 'data' } as const;

  it('is what its parts give by hand, from fitting images alone, on what the layers below deliver', async () => {
    const plan = planSpatial('chain');
    const calibration = await calibrated('chain');
    const images = await calibration.images.batch(0, calibration.fitImages);
    const { model, layers } = await reconstruct(calibration, plan, data);
    let again = networks.chain;
    for (const name of ['conv2', 'conv3']) {
      const { layer, positions, target, fitRows } = calibration.layers.find((one) => one.layer.name === name)!;
      const tap = layer.node.inputs[0]!;
      const input = forward(again, images, { taps: [tap] }).taps.get(tap)!;
      const sums = sumPatchMoments(layer.patchSize, layer.filters);
      sums.add(gatherPatches(layer, input, positions, 0), slice(target, [[0, fitRows]]));
      const weight = networks.chain.parameters[`${name}.weight`]!;
      const { factors } = dataReconstruction(sums.finish(), weight, plan.ranks[name]!);
      again = replaceSpatially(again, name, factors);
    }
    expect(parametersOf(model)).toEqual(parametersOf(again));
    const filters = await reconstruct(calibration, plan, quick);
    // On the first layer both see the same patches. The error counts after the ReLU, which neither fit looks at.
    expect(layers[0]!.error!.fit).toBeLessThan(filters.layers[0]!.error!.fit);
  });

  it('serves 3d as well, symmetric or not, and is the same for every batch size and memory budget', async () => {
    for (const reconstruction of ['asymmetric', 'symmetric'] as const) {
      const run = async (batchSize: number, memoryBudget: number): Promise<Record<string, Float32Array>> => {
        const calibration = await calibrated('chain', { batchSize });
        const options = { ...data, reconstruction, memoryBudget };
        return parametersOf((await reconstruct(calibration, plan3d('chain'), options)).model);
      };
      const reference = await run(5, Infinity);
      for (const memoryBudget of [0, 8000]) expect(await run(5, memoryBudget)).toEqual(reference);
      for (const batchSize of [1, 7]) expect(await run(batchSize, 20_000)).toEqual(reference);
    }
  });

  it('is reported and never lets progress fall', async () => {
    const model = networks.chain;
    const fractions: number[] = [];
    const { report } = await approximate(model, imagesFor(model, 16), {
      ...data,
      decomposition: '3d',
      speedup: 1.5,
      onProgress: ({ fraction }) => fractions.push(fraction),
    });
    expect(report.settings).toMatchObject({ decomposition: '3d', spatialReconstruction: 'data' });
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    const { settings } = (await approximate(model, imagesFor(model, 16), { ...data, speedup: 1.5 })).report;
    expect(settings.spatialReconstruction).toBeNull();
  });

  it('refuses another word', async () => {
    const options = { ...quick, spatialReconstruction: 'both' } as unknown as ReconstructionOptions; // what a caller without types may pass
    await expect(reconstruct(await calibrated('chain'), planSpatial('chain'), options)).rejects.toThrow(
      'reconstruct: spatialReconstruction: expected filter or data, got both',
    );
  });
});

describe('every decomposition', () => {
  it.each(names.flatMap((name) => (['spatial', '3d'] as const).map((decomposition) => [name, decomposition] as const)))(
    '%s, %s: costs what the report says, runs, and survives a file; the original is not changed',
    async (name, decomposition) => {
      const model = networks[name];
      const before = snapshot(model);
      const calibration = await calibrated(name);
      const plan = decomposition === '3d' ? plan3d(name) : planSpatial(name);
      const result = await reconstruct(calibration, plan, quick);
      expect(snapshot(model)).toEqual(before);
      validateModel(result.model);
      const cost = (of: Model, layer: string): number =>
        modelCost(of)
          .layers.filter((one) => one.name === layer || one.name.startsWith(`${layer}/`))
          .reduce((sum, { macs }) => sum + macs, 0);
      expect(result.layers.some(({ decomposition: found, decomposed }) => decomposed && found === decomposition)).toBe(
        true,
      );
      for (const layer of result.layers) {
        expect(layer.macsBefore).toBe(cost(model, layer.name));
        expect(layer.macsAfter).toBe(cost(result.model, layer.name));
      }
      expect(result.layers.reduce((sum, layer) => sum + layer.macsAfter, 0)).toBe(plan.macsAfter);
      const images = imagesFor(model, 3);
      const { output } = forward(result.model, images);
      expect(output.data.every(Number.isFinite)).toBe(true);
      expect(forward(loadModel(saveModel(result.model)), images).output).toEqual(output);
    },
  );

  it.each(['spatial', '3d'] as const)(
    '%s: approximate chooses ranks by both methods and reports',
    async (decomposition) => {
      const model = networks.chain;
      const events: number[] = [];
      const { report, model: made } = await approximate(model, imagesFor(model, 16), {
        ...quick,
        decomposition,
        speedup: 1.3,
        onProgress: ({ fraction }) => events.push(fraction),
      });
      expect(report.settings).toMatchObject({ decomposition, ranks: expect.stringMatching(/^best \(/) });
      expect(report.theoretical.speedup).toBeGreaterThanOrEqual(1.3);
      const { macs } = modelCost(made);
      expect(report.theoretical.wholeModelSpeedup).toBe(modelCost(model).macs / macs);
      expect(events).toEqual(events.toSorted((a, b) => a - b));
    },
  );

  it('says which layers cannot be split', async () => {
    const model = networks.chain;
    const warnings = async (decomposition: 'spatial' | '3d'): Promise<string[]> => {
      const options = { ...quick, decomposition, speedup: 1.3, ranks: 'uniform' } as const;
      const { report } = await approximate(model, imagesFor(model, 16), options);
      return report.warnings.filter((text) => text.includes('conv4'));
    };
    expect(await warnings('spatial')).toEqual(['conv4 is left as it is: a kernel of 1×3 cannot be split']);
    expect(await warnings('3d')).toEqual(['conv4 is decomposed by channels alone: a kernel of 1×3 cannot be split']);
  });
});
