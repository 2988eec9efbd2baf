import { convolutionLayers, replaceConvolution } from '@rankwise/approx';
import { forward, inferShapes, loadModel, modelCost, saveModel, sequential, validateModel } from '@rankwise/nn';
import type { Conv2dNode, Model } from '@rankwise/nn';
import { createRandom, fromNested, zeros } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeds } from '../kit/matrices/arbitraries.ts';
import { matrixFrom } from '../kit/matrices/gallery.ts';
import { expectWithin, gamma } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';
import { drawnImages, inMagnitudes, mapped, oneConvolution } from './oneConvolution.ts';
import { mapFrom } from './support.ts';

describe('replaceConvolution', () => {
  it('by hand: the bias goes through the map', () => {
    const model = sequential('hand', [1, 1, 1], { seed: 1 }).conv('conv', { filters: 2, kernel: 1 }).build();
    model.parameters['conv.weight']!.data.set([1, 2]);
    model.parameters['conv.bias']!.data.set([10, 20]);
    // M = [[1, 1], [2, 2]], b = [3, 4]: M (W x + b0) + b = [3 x + 33, 6 x + 64].
    const map = {
      left: fromNested('f64', [[1], [2]]),
      right: fromNested('f64', [[1, 1]]),
      offset: Float64Array.from([3, 4]),
    };
    const replaced = replaceConvolution(model, 'conv', map);
    expect([...replaced.parameters['conv/basis.weight']!.data]).toEqual([3]);
    expect([...replaced.parameters['conv.weight']!.data]).toEqual([1, 2]);
    expect([...replaced.parameters['conv.bias']!.data]).toEqual([33, 64]);
    expect([...forward(replaced, fromNested('f32', [[[[5]]]])).output.data]).toEqual([48, 94]);
    expect([...model.parameters['conv.weight']!.data]).toEqual([1, 2]);
  });

  it('of integers computes M (W x + b0) + b exactly, at any stride, padding, dilation and kernel', () => {
    fc.assert(
      fc.property(seeds, fc.boolean(), (seed, bias) => {
        const random = createRandom(seed);
        const draw = (): number => random.integer(7) - 3;
        const model = oneConvolution(random, draw, { bias });
        const { filters } = convolutionLayers(model)[0]!;
        const map = mapFrom(filters, 1 + random.integer(filters), draw);
        const images = drawnImages(model, 2, draw);
        const expected = mapped(forward(model, images).output, map).value;
        const { output } = forward(replaceConvolution(model, 'conv', map), images);
        expect([...output.data].map((x) => x + 0)).toEqual([...expected].map((x) => x + 0));
      }),
      { numRuns: runs(60) },
    );
  });

  it('of real numbers stays within the rounding of two layers of f32', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = createRandom(seed);
        const model = oneConvolution(random, random.normal);
        const { filters, patchSize } = convolutionLayers(model)[0]!;
        const map = mapFrom(filters, 1 + random.integer(filters), random.normal);
        const images = drawnImages(model, 1, random.normal);
        const { value } = mapped(forward(model, images).output, map);
        const magnitudes = forward(inMagnitudes(model), { ...images, data: images.data.map(Math.abs) }).output;
        const absolute = {
          left: { ...map.left, data: map.left.data.map(Math.abs) },
          right: { ...map.right, data: map.right.data.map(Math.abs) },
          offset: map.offset.map(Math.abs),
        };
        const { magnitude } = mapped(magnitudes, absolute);
        const factor = 2 * gamma(patchSize + 2 * filters + 8, 'f32');
        const { output } = forward(replaceConvolution(model, 'conv', map), images);
        output.data.forEach((x, i) => expectWithin(x, value[i]!, factor * magnitude[i]!, `element ${i}`));
      }),
      { numRuns: runs(30) },
    );
  });

  it('with M = I leaves the network as it was', () => {
    const random = createRandom(5);
    const model = oneConvolution(random, () => random.integer(9) - 4);
    const { filters } = convolutionLayers(model)[0]!;
    const unit = matrixFrom(filters, filters, (i, j) => (i === j ? 1 : 0));
    const images = drawnImages(model, 2, () => random.integer(9) - 4);
    const map = { left: unit, right: unit, offset: new Float64Array(filters) };
    expect(forward(replaceConvolution(model, 'conv', map), images).output).toEqual(forward(model, images).output);
  });
});

describe('the replaced graph', () => {
  const random = createRandom(9);
  const chain = sequential('chain', [2, 9, 9], { seed: 3 })
    .conv('conv1', { filters: 4, kernel: [3, 2], stride: [2, 1], padding: [1, 0, 0, 1], dilation: [1, 2] })
    .relu('relu1')
    .conv('conv2', { filters: 6, kernel: 3 })
    .relu('relu2')
    .build({ fixedRanks: { conv2: 6 } });

  it('has the basis with the old geometry and a 1×1 layer under the old name', () => {
    const replaced = replaceConvolution(chain, 'conv1', mapFrom(4, 2, random.normal));
    expect(replaced.nodes.map((node) => node.name)).toEqual(['conv1/basis', 'conv1', 'relu1', 'conv2', 'relu2']);
    const [old] = chain.nodes;
    const { bias: _, ...geometry } = old as Conv2dNode; // the first node of the chain is a convolution
    expect(replaced.nodes[0]).toEqual({ ...geometry, name: 'conv1/basis', weight: 'conv1/basis.weight' });
    expect(replaced.nodes[1]).toMatchObject({ inputs: ['conv1/basis'], stride: [1, 1], padding: [0, 0, 0, 0] });
    expect(replaced.parameters['conv1/basis.weight']!.shape).toEqual([2, 2, 3, 2]);
    expect(replaced.parameters['conv1.weight']!.shape).toEqual([4, 2, 1, 1]);
    expect(inferShapes(replaced).get('conv1')).toEqual(inferShapes(chain).get('conv1'));
    validateModel(replaced);
  });

  it('can be replaced again, both halves, and saved and loaded', () => {
    let model = replaceConvolution(chain, 'conv2', mapFrom(6, 3, random.normal));
    model = replaceConvolution(model, 'conv2', mapFrom(6, 2, random.normal));
    model = replaceConvolution(model, 'conv2/basis', mapFrom(3, 2, random.normal));
    expect(new Set(model.nodes.map((node) => node.name)).size).toBe(model.nodes.length);
    validateModel(model);
    const images = drawnImages(model, 2, random.normal);
    const loaded = loadModel(saveModel(model));
    expect(forward(loaded, images).output).toEqual(forward(model, images).output);
    expect(inferShapes(model).get('relu2')).toEqual(inferShapes(chain).get('relu2'));
    expect(loaded.fixedRanks).toEqual({ conv2: 6 });
  });

  it('costs what the formula says', () => {
    const [, layer] = convolutionLayers(chain);
    const model = replaceConvolution(chain, 'conv2', mapFrom(6, 2, random.normal));
    const { filters, patchSize, positions } = layer!;
    expect(modelCost(chain).macs - modelCost(model).macs).toBe((6 * patchSize - 2 * (patchSize + filters)) * positions);
  });

  it('keeps parameters that others share, drops those that none reads, and takes no name twice', () => {
    const [first, ...rest] = chain.nodes;
    const twin: Conv2dNode = { ...(first as Conv2dNode), name: 'twin' }; // the first node of the chain is a convolution
    const shared: Model = {
      ...chain,
      nodes: [first!, twin, ...rest.slice(0, 1), { op: 'add', name: 'sum', inputs: ['relu1', 'twin'] }],
      output: 'sum',
      parameters: chain.parameters,
      fixedRanks: {},
    };
    const replaced = replaceConvolution(shared, 'twin', mapFrom(4, 1, random.normal));
    expect(Object.keys(replaced.parameters).toSorted()).toEqual(
      ['conv1.bias', 'conv1.weight', 'twin.bias', 'twin.weight', 'twin/basis.weight'].toSorted(),
    );
    expect(replaced.parameters['conv1.weight']).toBe(chain.parameters['conv1.weight']);
    validateModel(replaced);
    const other = replaceConvolution(shared, 'conv1', mapFrom(4, 1, random.normal));
    validateModel(other);
    expect(other.parameters['conv1.weight']).toBe(chain.parameters['conv1.weight']);
    const input = 'conv1/basis';
    const inputs = (names: readonly string[]): string[] => names.map((name) => (name === 'input' ? input : name));
    const named: Model = {
      ...chain,
      input: { ...chain.input, name: input },
      nodes: chain.nodes.map((node) => ({ ...node, inputs: inputs(node.inputs) })),
    };
    validateModel(replaceConvolution(named, 'conv1', mapFrom(4, 1, random.normal)));
  });

  it('refuses what is no such convolution and maps that do not fit', () => {
    const map = mapFrom(4, 2, random.normal);
    const grouped = sequential('grouped', [4, 5, 5]).conv('conv', { filters: 4, kernel: 3, groups: 2 }).build();
    for (const [model, name] of [
      [chain, 'conv9'],
      [chain, 'relu1'],
      [grouped, 'conv'],
    ] as const) {
      expect(() => replaceConvolution(model, name, map)).toThrow(/^replaceConvolution: name: expected a convolution/);
    }
    const nan = { ...map, offset: Float64Array.from([0, 0, 0, Number.NaN]) };
    expect(() => replaceConvolution(chain, 'conv1', nan)).toThrow(/^replaceConvolution: map.offset:.*NaN at \[3\]/);
    for (const wrong of [
      mapFrom(6, 2, random.normal),
      { ...map, right: zeros('f64', [1, 4]) },
      mapFrom(4, 0, random.normal),
    ]) {
      expect(() => replaceConvolution(chain, 'conv1', wrong)).toThrow(/^replaceConvolution: map: expected/);
    }
  });
});
