/** The layer list: what each field means, defaults, and refusals. */

import { describe, expect, it } from 'vitest';
import { modelFromLayerList } from '@rankwise/nn';
import { DomainError, ShapeError, zeros } from '@rankwise/tensor';

const weights = {
  'conv1.weight': zeros('f32', [4, 3, 3, 3]),
  'conv1.bias': zeros('f32', [4]),
  'conv2.weight': zeros('f32', [6, 2, 1, 3]),
  'fc.weight': zeros('f32', [2, 30]),
  'fc.bias': zeros('f32', [2]),
};

const chain = {
  name: 'chain',
  input: { shape: [3, 8, 8], order: 'BGR', mean: [1, 2, 3], std: [4, 5, 6], normalise: 'a note' },
  classes: ['no', 'yes'],
  layout: 'a note',
  layers: [
    { op: 'conv', name: 'conv1', in_channels: 3, out_channels: 4, kernel: 3, stride: 1, pad: 1, macs: 'a note' },
    { op: 'leaky_relu', slope: 0.1 },
    { op: 'maxpool', kernel: 3, stride: 2, ceil: true },
    { op: 'conv', name: 'conv2', groups: 2, stride: [1, 2], pad: [0, 1] },
    { op: 'relu' },
    { op: 'dropout' },
    { op: 'spp', levels: [2, 1] },
    { op: 'linear', name: 'fc', in: 30, out: 2 },
    { op: 'softmax' },
  ],
};

describe('a chain', () => {
  it('becomes nodes, one after the other', () => {
    const model = modelFromLayerList(chain, weights);
    const still = { dilation: [1, 1], groups: 1 };
    expect(model).toEqual({
      name: 'chain',
      input: { name: 'input', shape: [3, 8, 8] },
      nodes: [
        {
          ...still,
          op: 'conv2d',
          name: 'conv1',
          inputs: ['input'],
          weight: 'conv1.weight',
          bias: 'conv1.bias',
          stride: [1, 1],
          padding: [1, 1, 1, 1],
        },
        { op: 'leakyRelu', name: 'relu1', inputs: ['conv1'], slope: 0.1 },
        {
          op: 'maxPool2d',
          name: 'pool1',
          inputs: ['relu1'],
          kernel: [3, 3],
          stride: [2, 2],
          padding: [0, 0, 0, 0],
          ceil: true,
        },
        {
          ...still,
          op: 'conv2d',
          name: 'conv2',
          inputs: ['pool1'],
          weight: 'conv2.weight',
          stride: [1, 2],
          padding: [0, 1, 0, 1],
          groups: 2,
        },
        { op: 'relu', name: 'relu2', inputs: ['conv2'] },
        { op: 'dropout', name: 'dropout1', inputs: ['relu2'] },
        { op: 'spatialPyramidPool', name: 'spp1', inputs: ['dropout1'], levels: [2, 1] },
        { op: 'linear', name: 'fc', inputs: ['spp1'], weight: 'fc.weight', bias: 'fc.bias' },
        { op: 'softmax', name: 'softmax1', inputs: ['fc'] },
      ],
      output: 'softmax1',
      parameters: weights,
      preprocessing: { scale: 1, mean: [1, 2, 3], std: [4, 5, 6], channelOrder: 'BGR' },
      classNames: ['no', 'yes'],
    });
  });
});

describe('activations', () => {
  it('have words of their own; a PReLU names its slopes', () => {
    const words = ['sigmoid', 'tanh', 'gelu', 'silu', 'softplus'];
    const layers = [
      { op: 'prelu', name: 'p' },
      { op: 'clip', low: -1, high: 2.5 },
      { op: 'relu6' },
      ...words.map((op) => ({ op })),
    ];
    const slopes = { 'p.weight': zeros('f32', [3]) };
    const description = { name: 'bent', input: { shape: [3, 2, 2] }, layers };
    expect(modelFromLayerList(description, slopes).nodes).toEqual([
      { op: 'prelu', name: 'p', inputs: ['input'], weight: 'p.weight' },
      { op: 'clip', name: 'clip1', inputs: ['p'], low: -1, high: 2.5 },
      { op: 'clip', name: 'clip2', inputs: ['clip1'], low: 0, high: 6 },
      { op: 'sigmoid', name: 'sigmoid1', inputs: ['clip2'] },
      { op: 'tanh', name: 'tanh1', inputs: ['sigmoid1'] },
      { op: 'gelu', name: 'gelu1', inputs: ['tanh1'] },
      { op: 'silu', name: 'silu1', inputs: ['gelu1'] },
      { op: 'softplus', name: 'softplus1', inputs: ['silu1'] },
    ]);
    const read =
      (layer: object, tensors = {}) =>
      () =>
        modelFromLayerList({ name: 'bent', input: { shape: [3, 2, 2] }, layers: [layer] }, tensors);
    expect(read({ op: 'prelu', name: 'p' })).toThrow(/layers\[0\]: expected a tensor 'p.weight', got none/);
    expect(read({ op: 'prelu' }, slopes)).toThrow(/layers\[0\]\.name: expected a string/);
    expect(read({ op: 'clip', low: 0 })).toThrow(/layers\[0\]\.high: expected a finite number, got nothing/);
    expect(read({ op: 'clip', low: 1, high: 0 })).toThrow(/low, high: expected low ≤ high/);
    expect(read({ op: 'prelu', name: 'p' }, { 'p.weight': zeros('f32', [2]) })).toThrow(
      /weight 'p.weight': expected \[3\]/,
    );
  });
});

describe('a graph', () => {
  it('names what it reads', () => {
    const layers = [
      { op: 'conv', name: 'a', input: 'input' },
      { op: 'relu', name: 'ar' },
      { op: 'conv', name: 'b', input: 'input' },
      { op: 'concat', name: 'ab', inputs: ['ar', 'b'], axis: 'channel' },
      { op: 'avgpool', kernel: 2, count_padding: true },
      { op: 'add', inputs: ['pool1', 'pool1'] },
      { op: 'global_avgpool', name: 'logits' },
    ];
    const preprocessing = { input: '4x6 RGB', order: 'RGB', scale: 'x/255, no mean, no std' };
    const tensors = { 'a.weight': zeros('f32', [1, 3, 1, 1]), 'b.weight': zeros('f32', [2, 3, 1, 1]) };
    const model = modelFromLayerList({ name: 'graph', preprocessing, layers }, tensors);
    expect(model.nodes.map(({ name, inputs }) => [name, ...inputs])).toEqual([
      ['a', 'input'],
      ['ar', 'a'],
      ['b', 'input'],
      ['ab', 'ar', 'b'],
      ['pool1', 'ab'],
      ['add1', 'pool1', 'pool1'],
      ['logits', 'add1'],
    ]);
    expect(model.nodes[4]).toMatchObject({ op: 'averagePool2d', kernel: [2, 2], stride: [2, 2], countPadding: true });
    expect(model.input.shape).toEqual([3, 4, 6]);
    expect(model.preprocessing).toEqual({ scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1], channelOrder: 'RGB' });
    expect(model.classNames).toBe(undefined);
  });

  it('has no preprocessing when nothing is said about it', () => {
    const model = modelFromLayerList({ name: 'bare', input: { shape: [1, 2, 2] }, layers: [{ op: 'flatten' }] }, {});
    expect('preprocessing' in model).toBe(false);
  });
});

describe('refusals', () => {
  const layersWith = (at: number, change: object) => ({
    ...chain,
    layers: chain.layers.map((layer, index) => (index === at ? { ...layer, ...change } : layer)),
  });

  it.each<readonly [string, unknown, string]>([
    ['no object', 7, 'description: expected an object, got 7'],
    ['no layers', { ...chain, layers: undefined }, 'layers: expected a list, got nothing'],
    ['no name', { ...chain, name: undefined }, 'name: expected a string, got nothing'],
    ['an unknown op', layersWith(1, { op: 'mish' }), 'layers[1].op: expected one of add, avgpool'],
    ['weights without a name', layersWith(0, { name: undefined }), 'layers[0].name: expected a string, got nothing'],
    ['no weights', layersWith(0, { name: 'conv9' }), "layers[0]: expected a tensor 'conv9.weight', got none"],
    [
      'weights of other axes',
      layersWith(7, { name: 'conv1' }),
      "layers[7]: expected a tensor 'conv1.weight' of 2 axes",
    ],
    ['another kernel', layersWith(0, { kernel: 5 }), "the kernel of 'conv1.weight', [3, 3], got [5, 5]"],
    ['other channels', layersWith(0, { out_channels: 5 }), 'out_channels: expected 4 as in the weights, got 5'],
    ['other features', layersWith(7, { in: 31 }), 'layers[7].in: expected 30 as in the weights, got 31'],
    ['a slope that is text', layersWith(1, { slope: '0.1' }), "layers[1].slope: expected a finite number, got '0.1'"],
    [
      'another order',
      { ...chain, input: { ...chain.input, order: 'YUV' } },
      "input.order: expected RGB, BGR or grey, got 'YUV'",
    ],
    ['another scale', { ...chain, input: { ...chain.input, scale: 'x/2550' } }, "text that starts with 'x/255'"],
    [
      'an input of two axes',
      { ...chain, input: { shape: [8, 8] } },
      'input.shape: expected [channels, height, width], got [8, 8]',
    ],
    ['no input', { ...chain, input: undefined, preprocessing: { input: '8 by 8' } }, 'input'],
    ['a name again', layersWith(1, { name: 'conv1' }), "expected unique names, got 'conv1' twice"],
  ])('%s', (_, description, message) => {
    expect(() => modelFromLayerList(description, weights)).toThrow(DomainError);
    expect(() => modelFromLayerList(description, weights)).toThrow(message);
  });

  it('tensors that belong to no layer, or are not f32', () => {
    expect(() => modelFromLayerList(chain, { ...weights, old: zeros('f32', [1]) })).toThrow(
      "got 'old', which none reads",
    );
    expect(() => modelFromLayerList(chain, { ...weights, old: zeros('f64', [1]) })).toThrow(
      "modelFromLayerList: tensors['old']: expected dtype f32, got f64",
    );
  });

  it('sizes that do not follow from one another', () => {
    expect(() => modelFromLayerList(layersWith(2, { stride: 1, kernel: 8 }), weights)).toThrow(ShapeError);
  });
});
