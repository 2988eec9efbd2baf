/** Model files: everything comes back, bytes are canonical, and whatever is wrong has a code. */

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadModel, saveModel, sequential } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';
import {
  DomainError,
  FormatError,
  cast,
  full,
  readSafetensors,
  transpose,
  writeSafetensors,
  zeros,
} from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import { runs } from '../kit/runs.ts';
import { modelCases } from './randomModel.ts';

/** A model with every operation and every optional field. */
function fullModel(): Model {
  return sequential('everything', [3, 12, 12], { seed: 2 })
    .conv('conv1', { filters: 4, kernel: [3, 1], stride: [1, 2], padding: [1, 0, 2, 3], dilation: [2, 1] })
    .leakyRelu(0.1)
    .prelu('prelu1')
    .clip(-0.5, 6)
    .sigmoid()
    .tanh()
    .gelu()
    .silu()
    .softplus()
    .maxPool('pool1', { kernel: 3, stride: 2, padding: 1, ceil: true })
    .conv('conv2', { filters: 4, kernel: 1, groups: 2, bias: false })
    .relu()
    .dropout()
    .averagePool('pool2', { kernel: 2, stride: 1, countPadding: true })
    .spatialPyramidPool([2, 1])
    .linear('fc', { outputs: 2 })
    .softmax()
    .build({
      preprocessing: { scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], channelOrder: 'BGR' },
      classNames: ['cat', 'Bär 🐻'],
      fixedRanks: { conv2: 2, conv1: 3 },
    });
}

interface Parts {
  tensors: Record<string, Tensor>;
  json: Record<string, unknown>;
}

/** A saved model taken apart, changed, and put together again. */
function tampered(change: (parts: Parts) => void): Uint8Array {
  const { tensors, metadata } = readSafetensors(saveModel(fullModel()));
  const parts: Parts = { tensors: { ...tensors }, json: JSON.parse(metadata['rankwise'] ?? '') };
  change(parts);
  return writeSafetensors(parts.tensors, { rankwise: JSON.stringify(parts.json) });
}

/** The node called `name` in tampered JSON. */
function nodeIn(json: Record<string, unknown>, name: string): Record<string, unknown> {
  const nodes = json['nodes'];
  const found: unknown = Array.isArray(nodes) ? nodes.find((node: { name: string }) => node.name === name) : undefined;
  if (typeof found !== 'object' || found === null) throw new Error(`no node ${name}`);
  // Parsed JSON of an object is a record.
  return found as Record<string, unknown>;
}

function codeOf(bytes: Uint8Array): string {
  try {
    loadModel(bytes);
  } catch (error) {
    if (error instanceof FormatError) return error.code;
    throw error;
  }
  return 'none';
}

describe('a round trip', () => {
  it('keeps the model, and the bytes', () => {
    const model = fullModel();
    const bytes = saveModel(model);
    const copy = loadModel(bytes);
    expect(copy).toEqual(model);
    expect(saveModel(copy)).toEqual(bytes);
  });

  it('keeps graphs with skips and joins', () => {
    fc.assert(
      fc.property(modelCases(), ({ model }) => {
        const bytes = saveModel(model);
        const copy = loadModel(bytes);
        expect(copy).toEqual(model);
        expect(saveModel(copy)).toEqual(bytes);
      }),
      { numRuns: runs() },
    );
  });

  it('does not depend on the order of records or on how tensors are stored', () => {
    const model = fullModel();
    const weight = model.parameters['fc.weight'] ?? zeros('f32', [0]);
    const stored = transpose(cast(transpose(weight), 'f32'));
    const reordered = Object.fromEntries(Object.entries(model.parameters).toReversed());
    const same: Model = {
      ...model,
      parameters: { ...reordered, 'fc.weight': stored },
      fixedRanks: { conv1: 3, conv2: 2 },
    };
    expect(saveModel(same)).toEqual(saveModel(model));
  });

  it('keeps names that every JavaScript object has', () => {
    const node = { op: 'conv2d', name: 'constructor', inputs: ['__proto__'], weight: 'toString' } as const;
    const model: Model = {
      name: 'odd',
      input: { name: '__proto__', shape: [1, 1, 1] },
      nodes: [{ ...node, stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1 }],
      output: 'constructor',
      parameters: { toString: full('f32', [1, 1, 1, 1], 2) },
      fixedRanks: { constructor: 1 },
    };
    expect(loadModel(saveModel(model))).toEqual(model);
  });

  it('is refused for a model that is not valid', () => {
    const model = fullModel();
    const parameters = { ...model.parameters, 'fc.bias': full('f32', [2], NaN) };
    expect(() => saveModel({ ...model, parameters })).toThrow(DomainError);
    expect(() => saveModel({ ...model, parameters: { ...model.parameters, old: zeros('f32', [1]) } })).toThrow(
      "validateModel: parameters: expected each to be read by a node, got 'old', which none reads",
    );
  });
});

describe('what is wrong has a code', () => {
  const cases: readonly (readonly [string, string, (parts: Parts) => void])[] = [
    ['model-version', 'a later version', ({ json }) => (json['version'] = 2)],
    ['model-field', 'no version', ({ json }) => delete json['version']],
    ['model-field', 'no nodes', ({ json }) => delete json['nodes']],
    ['model-field', 'nodes of another type', ({ json }) => (json['nodes'] = { length: 3 })],
    ['model-field', 'a null node', ({ json }) => (json['nodes'] = [null])],
    ['model-field', 'an unknown field', ({ json }) => (json['extra'] = 1)],
    ['model-field', 'an unknown field of a node', ({ json }) => (nodeIn(json, 'relu2')['slope'] = 1)],
    ['model-field', 'an unknown operation', ({ json }) => (nodeIn(json, 'relu2')['op'] = 'mish')],
    ['model-field', 'an operation every object has', ({ json }) => (nodeIn(json, 'relu2')['op'] = 'toString')],
    ['model-field', 'a name of another type', ({ json }) => (nodeIn(json, 'relu2')['name'] = 7)],
    ['model-field', 'a stride of three', ({ json }) => (nodeIn(json, 'conv1')['stride'] = [1, 1, 1])],
    ['model-field', 'a padding of two', ({ json }) => (nodeIn(json, 'conv1')['padding'] = [1, 1])],
    ['model-field', 'ceil as a number', ({ json }) => (nodeIn(json, 'pool1')['ceil'] = 1)],
    ['model-field', 'a null slope', ({ json }) => (nodeIn(json, 'relu1')['slope'] = null)],
    ['model-field', 'slopes as numbers', ({ json }) => (nodeIn(json, 'prelu1')['weight'] = [0.25])],
    ['model-field', 'a missing bound', ({ json }) => delete nodeIn(json, 'clip1')['high']],
    ['model-field', 'a bound of another type', ({ json }) => (nodeIn(json, 'clip1')['low'] = '0')],
    ['model-field', 'an approximate gelu', ({ json }) => (nodeIn(json, 'gelu1')['approximate'] = 'tanh')],
    ['model-tensor-missing', 'missing slopes', ({ tensors }) => delete tensors['prelu1.weight']],
    ['model-invalid', 'slopes for other channels', ({ tensors }) => (tensors['prelu1.weight'] = zeros('f32', [5]))],
    ['model-invalid', 'bounds the wrong way round', ({ json }) => (nodeIn(json, 'clip1')['low'] = 7)],
    ['model-field', 'an input shape of two', ({ json }) => (json['input'] = { name: 'input', shape: [1, 2] })],
    [
      'model-field',
      'another channel order',
      ({ json }) => Object.assign(Object(json['preprocessing']), { channelOrder: 'YUV' }),
    ],
    ['model-field', 'class names of another type', ({ json }) => (json['classNames'] = [1, 2])],
    ['model-field', 'ranks of another type', ({ json }) => (json['fixedRanks'] = { conv1: '3' })],
    ['model-tensor-missing', 'a missing tensor', ({ tensors }) => delete tensors['fc.bias']],
    ['model-tensor-extra', 'an extra tensor', ({ tensors }) => (tensors['old'] = zeros('f32', [1]))],
    ['model-dtype', 'a tensor of doubles', ({ tensors }) => (tensors['fc.bias'] = zeros('f64', [2]))],
    ['model-invalid', 'a bias of another length', ({ tensors }) => (tensors['fc.bias'] = zeros('f32', [3]))],
    ['model-invalid', 'an infinite weight', ({ tensors }) => (tensors['fc.bias'] = full('f32', [2], Infinity))],
    ['model-invalid', 'a stride of 0', ({ json }) => (nodeIn(json, 'conv1')['stride'] = [0, 1])],
    ['model-invalid', 'an unknown output', ({ json }) => (json['output'] = 'nothing')],
    ['model-invalid', 'a cycle', ({ json }) => (nodeIn(json, 'relu1')['inputs'] = ['relu2'])],
    ['model-invalid', 'one class name', ({ json }) => (json['classNames'] = ['cat'])],
    ['model-invalid', 'a rank of 0', ({ json }) => (json['fixedRanks'] = { conv1: 0 })],
    ['model-invalid', 'a rank for a relu', ({ json }) => (json['fixedRanks'] = { relu1: 1 })],
    ['model-invalid', 'a huge level', ({ json }) => (nodeIn(json, 'spp1')['levels'] = [1e300])],
  ];
  it.each(cases)('%s: %s', (code, _, change) => {
    expect(codeOf(tampered(change))).toBe(code);
  });

  it('model-missing and model-json', () => {
    expect(codeOf(writeSafetensors({}, {}))).toBe('model-missing');
    expect(codeOf(writeSafetensors({}, { rankwise: '{"version": 1' }))).toBe('model-json');
    expect(codeOf(writeSafetensors({}, { rankwise: '['.repeat(100_000) }))).toBe('model-json');
    expect(codeOf(writeSafetensors({}, { rankwise: '[1]' }))).toBe('model-field');
  });

  it('the message names the place', () => {
    const bytes = tampered(({ json }) => (nodeIn(json, 'conv1')['stride'] = 'wide'));
    expect(() => loadModel(bytes)).toThrow("loadModel: nodes[0].stride: expected a list, got 'wide'");
  });
});

describe('damage', () => {
  const bytes = saveModel(sequential('tiny', [1, 4, 4]).conv('c', { filters: 2, kernel: 3 }).relu().build());

  it('truncation at every byte is refused', () => {
    for (let length = 0; length < bytes.length; length++) expect(codeOf(bytes.slice(0, length))).not.toBe('none');
  });

  it('changed bytes give a model or a FormatError, never another failure', () => {
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const damaged = bytes.slice();
        for (const [at, value] of changes) damaged[at] = value;
        expect(typeof codeOf(damaged)).toBe('string');
      }),
      { numRuns: runs(1000) },
    );
  });

  it('arbitrary JSON under our key is refused', () => {
    fc.assert(
      fc.property(fc.json(), (rankwise) => {
        expect(codeOf(writeSafetensors({}, { rankwise: rankwise.replaceAll(/\p{Surrogate}/gu, '?') }))).not.toBe(
          'none',
        );
      }),
      { numRuns: runs() },
    );
  });
});
