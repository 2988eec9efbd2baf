/** Costs: by hand, against the published figures of three networks, and on random graphs by counting multiplications. */

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alexNet, inferShapes, modelCost, sequential, sppNet7, vgg16 } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';
import { sizeOf } from '@rankwise/tensor';
import { runs } from '../kit/runs.ts';
import { modelCases } from './randomModel.ts';
import { valueOf } from './values.ts';

function convMacsOf(model: Model): Record<string, number> {
  const convolutions = modelCost(model).layers.filter(({ op }) => op === 'conv2d');
  return Object.fromEntries(convolutions.map(({ name, macs }) => [name, macs]));
}

describe('by hand', () => {
  it('counts convolutions and linear layers, and nothing else', () => {
    const model = sequential('tiny', [4, 6, 6])
      .conv('conv1', { filters: 6, kernel: [3, 1], stride: [2, 1], groups: 2 })
      .prelu('relu1')
      .maxPool('pool1', { kernel: 2 })
      .flatten()
      .linear('fc', { outputs: 5, bias: false })
      .softmax()
      .build();
    expect(modelCost(model)).toEqual({
      layers: [
        // 6 filters of 2 · 3 weights at 2 × 6 positions.
        { name: 'conv1', op: 'conv2d', outputShape: [6, 2, 6], macs: 432, share: 1, parameters: 42 },
        { name: 'relu1', op: 'prelu', outputShape: [6, 2, 6], macs: 0, share: 0, parameters: 6 },
        { name: 'pool1', op: 'maxPool2d', outputShape: [6, 1, 3], macs: 0, share: 0, parameters: 0 },
        { name: 'flatten1', op: 'flatten', outputShape: [18], macs: 0, share: 0, parameters: 0 },
        { name: 'fc', op: 'linear', outputShape: [5], macs: 90, share: 0, parameters: 90 },
        { name: 'softmax1', op: 'softmax', outputShape: [5], macs: 0, share: 0, parameters: 0 },
      ],
      convMacs: 432,
      macs: 522,
      parameters: 138,
    });
  });

  it('counts a parameter that two nodes share once in the total', () => {
    const model = sequential('tiny', [2, 4, 4]).conv('a', { filters: 2, kernel: 1 }).build();
    const [a] = model.nodes;
    if (a === undefined) throw new Error('no node');
    const shared: Model = { ...model, nodes: [a, { ...a, name: 'b', inputs: ['a'] }], output: 'b' };
    expect(modelCost(shared).parameters).toBe(6);
    expect(modelCost(shared).layers.map(({ parameters }) => parameters)).toEqual([6, 6]);
    expect(modelCost(shared).layers.map(({ share }) => share)).toEqual([0.5, 0.5]);
  });
});

describe('published networks', () => {
  const options = { initialize: false } as const;

  it('sppNet7: the 7-convolution network of the paper', () => {
    const model = sppNet7(options);
    const cost = modelCost(model);
    expect(convMacsOf(model)).toEqual({
      conv1: 109 * 109 * 96 * 7 * 7 * 3,
      conv2: 35 * 35 * 256 * 5 * 5 * 96,
      conv3: 18 * 18 * 512 * 3 * 3 * 256,
      conv4: 18 * 18 * 512 * 3 * 3 * 512,
      conv5: 18 * 18 * 512 * 3 * 3 * 512,
      conv6: 18 * 18 * 512 * 3 * 3 * 512,
      conv7: 18 * 18 * 512 * 3 * 3 * 512,
    });
    expect(cost.convMacs).toBe(4_360_158_240);
    const percent = cost.layers.filter(({ op }) => op === 'conv2d').map(({ share }) => (100 * share).toFixed(1));
    // As the paper prints them.
    expect(percent).toEqual(['3.8', '17.3', '8.8', '17.5', '17.5', '17.5', '17.5']);
    const shapes = inferShapes(model);
    const named = (names: readonly string[]) => names.map((name) => valueOf(shapes, name));
    expect(named(['conv1', 'pool1', 'conv2', 'pool2', 'conv3', 'conv7', 'spp', 'fc6', 'fc8'])).toEqual([
      [96, 109, 109],
      [96, 37, 37],
      [256, 35, 35],
      [256, 18, 18],
      [512, 18, 18],
      [512, 18, 18],
      [25600],
      [4096],
      [1000],
    ]);
    expect(model.fixedRanks).toEqual({ conv1: 32 });
    expect(cost.macs - cost.convMacs).toBe(25_600 * 4096 + 4096 * 4096 + 4096 * 1000);
  });

  it('vgg16: 15,470,264,320 multiply-adds, 138,357,544 parameters', () => {
    const cost = modelCost(vgg16(options));
    const conv = (extent: number, from: number, to: number) => extent * extent * from * to * 9;
    const expected =
      conv(224, 3, 64) +
      conv(224, 64, 64) +
      conv(112, 64, 128) +
      conv(112, 128, 128) +
      conv(56, 128, 256) +
      2 * conv(56, 256, 256) +
      conv(28, 256, 512) +
      2 * conv(28, 512, 512) +
      3 * conv(14, 512, 512);
    expect(cost.convMacs).toBe(expected);
    expect(cost.convMacs).toBe(15_346_630_656);
    expect(cost.macs).toBe(15_470_264_320);
    expect(cost.parameters).toBe(138_357_544);
  });

  it('alexNet in one group', () => {
    const model = alexNet(options);
    expect(convMacsOf(model)).toEqual({
      conv1: 55 * 55 * 96 * 11 * 11 * 3,
      conv2: 27 * 27 * 256 * 5 * 5 * 96,
      conv3: 13 * 13 * 384 * 3 * 3 * 256,
      conv4: 13 * 13 * 384 * 3 * 3 * 384,
      conv5: 13 * 13 * 256 * 3 * 3 * 384,
    });
    expect(modelCost(model).parameters).toBe(62_378_344);
    expect(valueOf(inferShapes(model), 'flatten')).toEqual([9216]);
  });

  it('placeholders cost no memory, whatever their shape', () => {
    for (const parameter of Object.values(vgg16(options).parameters)) expect(parameter.data.length).toBe(1);
  });

  it('classes are an option', () => {
    const model = alexNet({ ...options, classes: 10 });
    expect(valueOf(inferShapes(model), model.output)).toEqual([10]);
  });
});

describe('random graphs', () => {
  it('cost what the positions times the weights of one output are', () => {
    fc.assert(
      fc.property(modelCases(), ({ model }) => {
        const cost = modelCost(model);
        for (const [index, node] of model.nodes.entries()) {
          const weighted = node.op === 'conv2d' || node.op === 'linear';
          const weights = weighted ? (model.parameters[node.weight]?.shape.slice(1) ?? []) : [0];
          expect(cost.layers[index]?.macs).toBe(sizeOf(cost.layers[index]?.outputShape ?? []) * sizeOf(weights));
        }
        expect(cost.macs).toBe(cost.layers.reduce((sum, { macs }) => sum + macs, 0));
        expect(cost.parameters).toBe(
          Object.values(model.parameters).reduce((sum, { shape }) => sum + sizeOf(shape), 0),
        );
      }),
      { numRuns: runs() },
    );
  });
});
