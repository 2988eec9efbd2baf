import {
  balanced,
  calibrate,
  computeResponses,
  convolutionLayers,
  reconstruct,
  replaceConvolution,
  selectRanks,
  solveLinear,
  solveNonlinear,
} from '@rankwise/approx';
import type { Calibration, RankPlan, ReconstructionOptions } from '@rankwise/approx';
import { forward, loadModel, modelCost, saveModel, validateModel } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';
import { referenceKernels, slice, zeros } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import {
  branchedNetwork,
  chainNetwork,
  imagesFor,
  quick,
  residualNetwork,
  shortSchedule,
  snapshot,
} from './networks.ts';

const networks = { chain: chainNetwork(), residual: residualNetwork(), branched: branchedNetwork() };
type NetworkName = keyof typeof networks;
const names: readonly NetworkName[] = ['chain', 'residual', 'branched'];

async function calibrated(name: NetworkName, options: object = {}): Promise<Calibration> {
  const model = networks[name];
  return calibrate(model, imagesFor(model, 16), { positions: 8, batchSize: 5, heldOut: 0.2, ...options });
}

const planFor = (model: Model, fixed: Record<string, number>): RankPlan =>
  selectRanks(convolutionLayers(model), { method: 'manual', fixed });

const halves = (model: Model): RankPlan => selectRanks(convolutionLayers(model), { method: 'uniform', speedup: 1.6 });

const parametersOf = (model: Model): Record<string, Float32Array> =>
  Object.fromEntries(Object.entries(model.parameters).map(([name, { data }]) => [name, data]));

/** The network without one layer's replacement, as the text says: x̂ from forward, ŷ from x̂, the solver, the replacement. */
function byHand(
  calibration: Calibration,
  soFar: Model,
  name: string,
  rank: number,
  images: ReturnType<typeof zeros<'f32'>>,
): Model {
  const { layer, positions, target, fitRows } = calibration.layers.find((one) => one.layer.name === name)!;
  const tap = layer.node.inputs[0]!;
  const input = forward(soFar, images, { taps: [tap] }).taps.get(tap)!;
  const rows = zeros('f32', target.shape);
  computeResponses(soFar, layer, input, positions, 0, rows, referenceKernels);
  const samples = { target: slice(target, [[0, fitRows]]), regressor: slice(rows, [[0, fitRows]]) };
  const { map } =
    layer.nonlinearity.kind === 'relu'
      ? solveNonlinear(samples, rank, { schedule: shortSchedule })
      : solveLinear(samples, rank);
  return replaceConvolution(soFar, name, balanced(map));
}

describe('reconstruct', () => {
  it.each(names)('%s: is the same for every batch size and memory budget, and each time', async (name) => {
    const model = networks[name];
    const run = async (batchSize: number, options: ReconstructionOptions): Promise<Record<string, Float32Array>> => {
      const calibration = await calibrated(name, { batchSize });
      return parametersOf((await reconstruct(calibration, halves(model), { ...quick, ...options })).model);
    };
    const reference = await run(5, {});
    expect(await run(5, {})).toEqual(reference);
    // A budget that holds some of the paused batches only, none, and all.
    for (const memoryBudget of [0, 6000, 12_000, Infinity]) expect(await run(5, { memoryBudget })).toEqual(reference);
    for (const batchSize of [1, 7, 64]) expect(await run(batchSize, { memoryBudget: 20_000 })).toEqual(reference);
  });

  it.each(names)('%s: asymmetric is what its parts give by hand', async (name) => {
    const model = networks[name];
    const calibration = await calibrated(name);
    const images = await calibration.images.batch(0, calibration.images.count);
    const plan = halves(model);
    const installed = calibration.layers
      .map(({ layer }) => layer.name)
      .filter((layer) => !plan.leftAlone.includes(layer));
    expect(installed.length).toBeGreaterThan(1);
    const { model: found, layers } = await reconstruct(calibration, plan, quick);
    expect(layers.filter(({ decomposed }) => decomposed).map((layer) => layer.name)).toEqual(installed);
    const [first = ''] = installed;
    const fromFirst = await reconstruct(calibration, planFor(model, { [first]: plan.ranks[first]! }), quick);
    let again = fromFirst.model;
    for (const layer of installed.slice(1)) again = byHand(calibration, again, layer, plan.ranks[layer]!, images);
    expect(parametersOf(found)).toEqual(parametersOf(again));
  });

  it('on the first layer that is replaced, asymmetric is symmetric', async () => {
    const calibration = await calibrated('chain');
    const plan = planFor(networks.chain, { conv2: 3 });
    const [a, b] = await Promise.all(
      (['asymmetric', 'symmetric'] as const).map((reconstruction) =>
        reconstruct(calibration, plan, { ...quick, reconstruction }),
      ),
    );
    expect(parametersOf(a!.model)).toEqual(parametersOf(b!.model));
    const both = planFor(networks.chain, { conv2: 3, conv3: 3 });
    const [c, d] = await Promise.all(
      (['asymmetric', 'symmetric'] as const).map((reconstruction) =>
        reconstruct(calibration, both, { ...quick, reconstruction }),
      ),
    );
    expect(c!.model.parameters['conv3.weight']).not.toEqual(d!.model.parameters['conv3.weight']);
  });

  it('symmetric solves each layer on its own responses', async () => {
    const calibration = await calibrated('chain');
    const plan = planFor(networks.chain, { conv2: 3, conv3: 4, conv4: 2 });
    const { model } = await reconstruct(calibration, plan, { ...quick, reconstruction: 'symmetric' });
    let expected = networks.chain;
    for (const { layer, target, fitRows } of calibration.layers) {
      const y = slice(target, [[0, fitRows]]);
      const rank = plan.ranks[layer.name]!;
      const { map } =
        layer.name === 'conv4'
          ? solveLinear({ target: y, regressor: y }, rank)
          : solveNonlinear({ target: y, regressor: y }, rank, { schedule: shortSchedule });
      expected = replaceConvolution(expected, layer.name, balanced(map));
    }
    expect(parametersOf(model)).toEqual(parametersOf(expected));
  });

  it('with the linear solver installs linear maps and reports no iterations', async () => {
    const calibration = await calibrated('chain');
    const plan = planFor(networks.chain, { conv2: 3 });
    const { model, layers } = await reconstruct(calibration, plan, { ...quick, solver: 'linear' });
    const { target, fitRows } = calibration.layers[0]!;
    const y = slice(target, [[0, fitRows]]);
    const { map } = solveLinear({ target: y, regressor: y }, 3);
    expect(parametersOf(model)).toEqual(parametersOf(replaceConvolution(networks.chain, 'conv2', balanced(map))));
    expect(layers[0]).toMatchObject({ iterations: 0, trace: [], error: layers[0]!.linearError });
  });

  it('a layer without a ReLU behind it is solved linearly whatever the solver', async () => {
    const calibration = await calibrated('residual');
    const { layers } = await reconstruct(calibration, planFor(networks.residual, { conv1: 2, conv2: 2 }), quick);
    expect(layers.map(({ name, nonlinearity, iterations }) => [name, nonlinearity, iterations])).toEqual([
      ['conv1', 'relu', 6],
      ['conv2', 'identity', 0],
    ]);
    expect(layers[1]!.error).toEqual(layers[1]!.linearError);
  });

  it('held-out images never touch the maps', async () => {
    const model = networks.chain;
    const images = imagesFor(model, 16);
    const plan = halves(model);
    const before = await calibrate(model, images, { positions: 8, batchSize: 5, heldOut: 0.25 });
    const chosen = await before.images.batch(before.fitImages, 16);
    const changed = { ...images, data: Float32Array.from(images.data) };
    for (let i = 0; i < 4; i++) {
      const tag = Math.round(chosen.data[chosen.offset + i * 162]! * 16);
      for (let p = 1; p < 162; p++) changed.data[tag * 162 + p]! *= -3;
    }
    const after = await calibrate(model, changed, { positions: 8, batchSize: 5, heldOut: 0.25 });
    expect(after.outputs).not.toEqual(before.outputs);
    expect(after.layers.map(({ energies }) => energies)).toEqual(before.layers.map(({ energies }) => energies));
    const first = await reconstruct(before, plan, quick);
    const second = await reconstruct(after, plan, quick);
    expect(parametersOf(second.model)).toEqual(parametersOf(first.model));
    expect(second.layers.map(({ error }) => error?.fit)).toEqual(first.layers.map(({ error }) => error?.fit));
    expect(second.layers[0]!.error?.heldOut).not.toBe(first.layers[0]!.error?.heldOut);
  });

  it.each(names)(
    '%s: costs what the report says, runs, and survives a file; the original is not changed',
    async (name) => {
      const model = networks[name];
      const before = snapshot(model);
      const calibration = await calibrated(name);
      const plan = halves(model);
      const result = await reconstruct(calibration, plan, quick);
      expect(snapshot(model)).toEqual(before);
      validateModel(result.model);
      const cost = new Map(modelCost(result.model).layers.map((layer) => [layer.name, layer.macs]));
      const old = new Map(modelCost(model).layers.map((layer) => [layer.name, layer.macs]));
      for (const layer of result.layers) {
        expect(layer.macsBefore).toBe(old.get(layer.name));
        expect(layer.macsAfter).toBe(cost.get(layer.name)! + (cost.get(`${layer.name}/basis`) ?? 0));
        expect(layer.decomposed).toBe(cost.has(`${layer.name}/basis`));
      }
      expect(result.layers.reduce((sum, layer) => sum + layer.macsAfter, 0)).toBe(plan.macsAfter);
      const images = imagesFor(model, 3);
      const { output } = forward(result.model, images);
      expect(output.data.every(Number.isFinite)).toBe(true);
      expect(forward(loadModel(saveModel(result.model)), images).output).toEqual(output);
    },
  );

  it('full ranks that pay change the answers by rounding only', async () => {
    // All 8 filters of conv2 would not pay, so the map is put in by hand.
    const calibration = await calibrated('chain');
    const { target, fitRows } = calibration.layers[0]!;
    const y = slice(target, [[0, fitRows]]);
    const { map } = solveLinear({ target: y, regressor: y }, 8);
    const replaced = replaceConvolution(networks.chain, 'conv2', balanced(map));
    const images = imagesFor(networks.chain, 4);
    const [old, next] = [forward(networks.chain, images).output, forward(replaced, images).output];
    const largest = Math.max(...old.data.map(Math.abs));
    const allowance = 4 * 128 * 2 ** -24 * largest; // bound: a rounding of f32 for each of 128 terms in each of 4 layers
    next.data.forEach((x, i) => expect(Math.abs(x - old.data[i]!)).toBeLessThanOrEqual(allowance));
  });

  it('refuses plans of layers that were not calibrated, and bad options', async () => {
    const calibration = await calibrated('chain', { layers: ['conv3'] });
    const plan = planFor(networks.chain, { conv2: 3 });
    await expect(reconstruct(calibration, plan)).rejects.toThrow(
      /^reconstruct: plan: expected calibrated layers \(conv3\), got conv2$/,
    );
    const good = planFor(networks.chain, { conv3: 3 });
    const bad: [object, RegExp][] = [
      [
        { schedule: [{ lambda: 0, iterations: 1 }] },
        /^reconstruct: schedule: expected 0 < lambda ≤ 1099511627776, got 0$/,
      ],
      [{ memoryBudget: Number.NaN }, /^reconstruct: memoryBudget: expected bytes ≥ 0, got NaN$/],
      [{ solver: 'quadratic' }, /^reconstruct: solver: expected linear or nonlinear, got quadratic$/],
      [{ reconstruction: 'both' }, /^reconstruct: reconstruction: expected asymmetric or symmetric, got both$/],
    ];
    for (const [options, message] of bad)
      await expect(reconstruct(calibration, good, options)).rejects.toThrow(message);
  });
});
