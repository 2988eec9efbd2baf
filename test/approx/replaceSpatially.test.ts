import {
  composeSpatial,
  convolutionLayers,
  filterReconstruction,
  fullSpatialRank,
  replaceSpatially,
} from '@rankwise/approx';
import type { SpatialFactors } from '@rankwise/approx';
import { forward, inferShapes, loadModel, modelCost, saveModel, sequential, validateModel } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';
import { cast, createRandom, fromNested, tensorOf, zeros } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeds } from '../kit/matrices/arbitraries.ts';
import { expectWithin, gamma } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';
import { drawnImages, inMagnitudes, mapped, oneConvolution } from './oneConvolution.ts';
import { mapFrom } from './support.ts';

function drawn(shape: readonly number[], draw: () => number): Tensor<'f64'> {
  const tensor = zeros('f64', shape);
  tensor.data.forEach((_, i, all) => (all[i] = draw()));
  return tensor;
}

function factorsFor(model: Model, rank: number, draw: () => number): SpatialFactors {
  const { filters, channels, kernel } = convolutionLayers(model)[0]!;
  return {
    vertical: drawn([rank, channels, kernel[0], 1], draw),
    horizontal: drawn([filters, rank, 1, kernel[1]], draw),
    bias: Float64Array.from({ length: filters }, draw),
  };
}

/** The same convolution with the weights that the factors make together. */
function composed(model: Model, factors: SpatialFactors): Model {
  const [layer] = convolutionLayers(model);
  const { weight, bias } = layer!.node;
  const parameters = {
    ...model.parameters,
    [weight]: cast(composeSpatial(factors), 'f32'),
    ...(bias === undefined || factors.bias === undefined
      ? {}
      : { [bias]: cast(tensorOf(factors.bias, [factors.bias.length]), 'f32') }),
  };
  return { ...model, parameters };
}

describe('composeSpatial', () => {
  it('is the sum of products by plain loops', () => {
    const random = createRandom(1);
    const vertical = drawn([3, 2, 4, 1], () => random.integer(9) - 4);
    const horizontal = drawn([5, 3, 1, 2], () => random.integer(9) - 4);
    const { shape, data } = composeSpatial({ vertical, horizontal });
    expect(shape).toEqual([5, 2, 4, 2]);
    let place = 0;
    for (let f = 0; f < 5; f++) {
      for (let c = 0; c < 2; c++) {
        for (let y = 0; y < 4; y++) {
          for (let x = 0; x < 2; x++, place++) {
            let sum = 0;
            for (let k = 0; k < 3; k++)
              sum += horizontal.data[(f * 3 + k) * 2 + x]! * vertical.data[(k * 2 + c) * 4 + y]!;
            expect(data[place]! + 0).toBe(sum + 0);
          }
        }
      }
    }
  });

  it('refuses factors that do not fit each other', () => {
    for (const [vertical, horizontal] of [
      [
        [2, 1, 3, 1],
        [4, 3, 1, 3],
      ],
      [
        [2, 1, 3, 2],
        [4, 2, 1, 3],
      ],
      [
        [2, 1, 3, 1],
        [4, 2, 3, 1],
      ],
      [
        [2, 3],
        [4, 2, 1, 3],
      ],
    ] as const) {
      const factors = { vertical: zeros('f64', vertical), horizontal: zeros('f64', horizontal) };
      expect(() => composeSpatial(factors)).toThrow(/^composeSpatial: factors: expected \[K, c, kernelHeight, 1\]/);
    }
  });
});

describe('replaceSpatially', () => {
  it('by hand: a separable filter, as two', () => {
    const model = sequential('hand', [1, 2, 2], { seed: 1 }).conv('conv', { filters: 1, kernel: 2 }).build();
    model.parameters['conv.weight']!.data.set([3, 4, 6, 8]);
    model.parameters['conv.bias']!.data.set([5]);
    const factors = { vertical: fromNested('f64', [[[[1], [2]]]]), horizontal: fromNested('f64', [[[[3, 4]]]]) };
    const replaced = replaceSpatially(model, 'conv', factors);
    const images = fromNested('f32', [
      [
        [
          [1, 10],
          [100, 1000],
        ],
      ],
    ]);
    expect([...forward(replaced, images).output.data]).toEqual([3 + 40 + 600 + 8000 + 5]);
    expect(forward(model, images).output.data).toEqual(forward(replaced, images).output.data);
    expect([...replaced.parameters['conv/vertical.weight']!.data]).toEqual([1, 2]);
    expect([...replaced.parameters['conv.weight']!.data]).toEqual([3, 4]);
  });

  it('of integers is exactly the convolution that the factors make together, at any stride, padding, dilation and kernel', () => {
    fc.assert(
      fc.property(seeds, fc.boolean(), (seed, bias) => {
        const random = createRandom(seed);
        const draw = (): number => random.integer(7) - 3;
        const model = oneConvolution(random, draw, { bias });
        const { bias: newBias, ...pair } = factorsFor(model, 1 + random.integer(5), draw);
        const factors = bias && newBias !== undefined ? { ...pair, bias: newBias } : pair;
        const images = drawnImages(model, 2, draw);
        const replaced = replaceSpatially(model, 'conv', factors);
        const expected = forward(composed(model, factors), images).output;
        expect(forward(replaced, images).output).toEqual(expected);
        const map = mapFrom(expected.shape[1]!, 1 + random.integer(3), draw);
        const three = forward(replaceSpatially(model, 'conv', factors, map), images).output;
        expect([...three.data].map((x) => x + 0)).toEqual([...mapped(expected, map).value].map((x) => x + 0));
      }),
      { numRuns: runs(60) },
    );
  });

  it('at full rank the filter reconstruction leaves the layer as it was, to rounding', () => {
    fc.assert(
      fc.property(seeds, fc.boolean(), (seed, bias) => {
        const random = createRandom(seed);
        const model = oneConvolution(random, random.normal, { bias });
        const [layer] = convolutionLayers(model);
        const rank = fullSpatialRank(layer!);
        const { factors } = filterReconstruction(model.parameters['conv.weight']!, rank);
        const replaced = replaceSpatially(model, 'conv', factors);
        const images = drawnImages(model, 1, random.normal);
        const before = forward(model, images).output;
        const { output } = forward(replaced, images);
        const magnitudes = forward(inMagnitudes(replaced), { ...images, data: images.data.map(Math.abs) }).output;
        // Both sides are sums in f32, of as many terms; the factors are rounded to f32 once, each.
        const factor = 2 * gamma(layer!.patchSize + rank * (layer!.kernel[0] + layer!.kernel[1]) + 8, 'f32');
        output.data.forEach((x, i) => expectWithin(x, before.data[i]!, factor * magnitudes.data[i]!, `element ${i}`));
      }),
      { numRuns: runs(60) },
    );
  });
});

describe('the graph with a spatial decomposition', () => {
  const random = createRandom(9);
  const chain = sequential('chain', [2, 11, 12], { seed: 3 })
    .conv('conv1', { filters: 4, kernel: [3, 2], stride: [2, 3], padding: [1, 2, 3, 0], dilation: [2, 3] })
    .relu('relu1')
    .conv('conv2', { filters: 6, kernel: [2, 3] })
    .relu('relu2')
    .build();
  const factors = factorsFor(chain, 3, random.normal);

  it('has a vertical layer with the vertical geometry and a horizontal one with the horizontal under the old name', () => {
    const replaced = replaceSpatially(chain, 'conv1', factors);
    expect(replaced.nodes.map((node) => node.name)).toEqual(['conv1/vertical', 'conv1', 'relu1', 'conv2', 'relu2']);
    expect(replaced.nodes[0]).toEqual({
      op: 'conv2d',
      name: 'conv1/vertical',
      inputs: ['input'],
      weight: 'conv1/vertical.weight',
      stride: [2, 1],
      padding: [1, 0, 3, 0],
      dilation: [2, 1],
      groups: 1,
    });
    expect(replaced.nodes[1]).toEqual({
      op: 'conv2d',
      name: 'conv1',
      inputs: ['conv1/vertical'],
      weight: 'conv1.weight',
      bias: 'conv1.bias',
      stride: [1, 3],
      padding: [0, 2, 0, 0],
      dilation: [1, 3],
      groups: 1,
    });
    expect(replaced.parameters['conv1/vertical.weight']!.shape).toEqual([3, 2, 3, 1]);
    expect(replaced.parameters['conv1.weight']!.shape).toEqual([4, 3, 1, 2]);
    expect(inferShapes(replaced).get('conv1')).toEqual(inferShapes(chain).get('conv1'));
    validateModel(replaced);
    expect(loadModel(saveModel(replaced)).nodes).toEqual(replaced.nodes);
    expect(chain.nodes).toHaveLength(4);
  });

  it('with a map has three layers', () => {
    const replaced = replaceSpatially(chain, 'conv1', factors, mapFrom(4, 2, random.normal));
    expect(replaced.nodes.map((node) => node.name).slice(0, 4)).toEqual([
      'conv1/vertical',
      'conv1/horizontal',
      'conv1',
      'relu1',
    ]);
    expect(Object.entries(replaced.parameters).map(([name, { shape }]) => [name, shape])).toEqual([
      ['conv1/vertical.weight', [3, 2, 3, 1]],
      ['conv2.weight', [6, 4, 2, 3]],
      ['conv2.bias', [6]],
      ['conv1/horizontal.weight', [2, 3, 1, 2]],
      ['conv1.weight', [4, 2, 1, 1]],
      ['conv1.bias', [4]],
    ]);
    validateModel(replaced);
    expect(inferShapes(replaced).get('conv1')).toEqual(inferShapes(chain).get('conv1'));
  });

  it('keeps the bias of the layer, or takes a new one', () => {
    const { bias: _, ...pair } = factors;
    const kept = replaceSpatially(chain, 'conv1', pair).parameters['conv1.bias'];
    expect(kept).toBe(chain.parameters['conv1.bias']);
    const taken = replaceSpatially(chain, 'conv1', factors).parameters['conv1.bias'];
    expect(taken!.data).toEqual(Float32Array.from(factors.bias ?? []));
  });

  it('refuses what is no such convolution and factors that do not fit', () => {
    expect(() => replaceSpatially(chain, 'relu1', factors)).toThrow(/^replaceSpatially: name: expected a convolution/);
    const wrong = { ...factors, horizontal: zeros('f64', [4, 3, 2, 1]) };
    expect(() => replaceSpatially(chain, 'conv1', wrong)).toThrow(
      'replaceSpatially: factors: expected [K, 2, 3, 1] and [4, K, 1, 2] with K ≥ 1 and a bias [4], got [3, 2, 3, 1], [4, 3, 2, 1] and [4]',
    );
    const short = { ...factors, bias: new Float64Array(3) };
    expect(() => replaceSpatially(chain, 'conv1', short)).toThrow(/^replaceSpatially: factors: .* and \[3\]$/);
    const empty = { vertical: zeros('f64', [0, 2, 3, 1]), horizontal: zeros('f64', [4, 0, 1, 2]) };
    expect(() => replaceSpatially(chain, 'conv1', empty)).toThrow(/^replaceSpatially: factors:/);
    for (const argument of ['vertical', 'horizontal'] as const) {
      const tensor = factors[argument];
      const nan = { ...tensor, data: tensor.data.with(1, Number.NaN) };
      expect(() => replaceSpatially(chain, 'conv1', { ...factors, [argument]: nan })).toThrow(
        new RegExp(`^replaceSpatially: factors.${argument}: `),
      );
    }
    const infinite = { ...factors, bias: Float64Array.from([0, 0, Infinity, 0]) };
    expect(() => replaceSpatially(chain, 'conv1', infinite)).toThrow(/^replaceSpatially: factors.bias: /);
  });

  it('costs what the model then counts', () => {
    const total = (model: Model): number =>
      modelCost(model)
        .layers.filter(({ name }) => name.startsWith('conv1'))
        .reduce((sum, { macs }) => sum + macs, 0);
    // conv1 has 6×4 positions, and 6×12 of them before the horizontal stride and padding.
    expect(total(replaceSpatially(chain, 'conv1', factors))).toBe(3 * (2 * 3 * 6 * 12 + 4 * 2 * 6 * 4));
  });
});
