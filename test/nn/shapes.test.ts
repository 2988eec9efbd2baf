/** Shape rules by hand, and every way a graph can be refused. */

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inferShapes, sequential } from '@rankwise/nn';
import type { Node } from '@rankwise/nn';
import { DomainError, ShapeError, zeros } from '@rankwise/tensor';
import { runs } from '../kit/runs.ts';
import { countWindows, evaluate } from './oracle.ts';
import { modelCases } from './randomModel.ts';
import { imageOf, modelOf, valueOf } from './values.ts';

const conv = {
  op: 'conv2d',
  name: 'c',
  inputs: ['x'],
  weight: 'w',
  stride: [1, 1],
  padding: [0, 0, 0, 0],
  dilation: [1, 1],
  groups: 1,
} as const;
const pool = {
  op: 'maxPool2d',
  name: 'p',
  inputs: ['x'],
  kernel: [3, 3],
  stride: [2, 2],
  padding: [0, 0, 0, 0],
  ceil: false,
} as const;

describe('rules by hand', () => {
  const weights = { w: zeros('f32', [6, 4, 3, 5]) };
  const cases: readonly (readonly [string, Node, readonly [number, number, number], readonly number[]])[] = [
    ['convolution', conv, [4, 10, 11], [6, 8, 7]],
    ['asymmetric padding', { ...conv, padding: [1, 2, 0, 3] }, [4, 10, 11], [6, 9, 12]],
    ['stride rounds down', { ...conv, stride: [2, 3] }, [4, 10, 11], [6, 4, 3]],
    ['dilation', { ...conv, dilation: [2, 2] }, [4, 10, 11], [6, 6, 3]],
    ['groups', { ...conv, groups: 2 }, [8, 3, 5], [6, 1, 1]],
    ['floor pooling', pool, [2, 10, 11], [2, 4, 5]],
    ['ceil pooling', { ...pool, ceil: true }, [2, 10, 11], [2, 5, 5]],
    ['109 to 37', { ...pool, stride: [3, 3], ceil: true }, [1, 109, 109], [1, 37, 37]],
    ['35 to 18', { ...pool, kernel: [2, 2], ceil: true }, [1, 35, 35], [1, 18, 18]],
    // Extent 5, kernel 2, stride 3: a third window would start at 6.
    ['no window starts outside', { ...pool, kernel: [2, 2], stride: [3, 3], ceil: true }, [1, 5, 5], [1, 2, 2]],
    // Extent 2, padding 1, kernel 2, stride 3: the second window would start at 2, past the input.
    [
      'nor in the padding behind',
      { ...pool, kernel: [2, 2], stride: [3, 3], padding: [1, 1, 1, 1], ceil: true },
      [1, 2, 2],
      [1, 1, 1],
    ],
    ['pyramid', { op: 'spatialPyramidPool', name: 's', inputs: ['x'], levels: [6, 3, 2, 1] }, [512, 18, 18], [25600]],
    ['global average', { op: 'globalAveragePool', name: 'g', inputs: ['x'] }, [7, 3, 2], [7, 1, 1]],
    ['flatten', { op: 'flatten', name: 'f', inputs: ['x'] }, [2, 3, 4], [24]],
    ['softmax keeps', { op: 'softmax', name: 'f', inputs: ['x'] }, [2, 3, 4], [2, 3, 4]],
    ['dropout keeps', { op: 'dropout', name: 'f', inputs: ['x'] }, [2, 3, 4], [2, 3, 4]],
    ['add keeps', { op: 'add', name: 'f', inputs: ['x', 'x', 'x'] }, [2, 3, 4], [2, 3, 4]],
    ['concat sums channels', { op: 'concat', name: 'f', inputs: ['x', 'x', 'x'] }, [2, 3, 4], [6, 3, 4]],
  ];
  it.each(cases)('%s', (_, node, input, expected) => {
    const parameters = node.op === 'conv2d' ? weights : {};
    expect(valueOf(inferShapes(modelOf(input, [node], parameters)), node.name)).toEqual(expected);
  });

  it('pooling extents are those of walking along the axis', () => {
    const sizes = fc.record({
      extent: fc.integer({ min: 1, max: 20 }),
      kernel: fc.integer({ min: 1, max: 5 }),
      stride: fc.integer({ min: 1, max: 6 }),
      before: fc.integer({ min: 0, max: 4 }),
      after: fc.integer({ min: 0, max: 4 }),
      ceil: fc.boolean(),
    });
    fc.assert(
      fc.property(sizes, ({ extent, kernel, stride, before, after, ceil }) => {
        fc.pre(before < kernel && after < kernel && kernel <= extent + before + after);
        const node: Node = {
          ...pool,
          kernel: [kernel, 1],
          stride: [stride, 1],
          padding: [before, 0, after, 0],
          ceil,
        };
        const expected = countWindows(extent, before, after, kernel, stride, ceil);
        expect(valueOf(inferShapes(modelOf([1, extent, 1], [node])), 'p')).toEqual([1, expected, 1]);
      }),
      { numRuns: runs(300) },
    );
  });

  it('agree with the oracle on random graphs', () => {
    fc.assert(
      fc.property(modelCases(), ({ model, input }) => {
        const shapes = inferShapes(model);
        for (const [name, value] of evaluate(model, imageOf(input, 0))) {
          const { channels, height, width, flat } = value;
          expect(valueOf(shapes, name)).toEqual(flat ? [channels] : [channels, height, width]);
        }
      }),
      { numRuns: runs() },
    );
  });
});

describe('refusals', () => {
  const shapeErrors: readonly (readonly [string, Node, string])[] = [
    ['channels', { ...conv, groups: 2 }, 'input: expected 8 channels (weight [6, 4, 3, 5], groups 2), got [4, 9, 9]'],
    [
      'flat input of a convolution',
      { ...conv, inputs: ['flat'] },
      'a feature map [channels, height, width], got [324]',
    ],
    ['kernel beyond the map', { ...conv, dilation: [5, 1] }, "a map of at least the kernel's span [11, 5], got [9, 9]"],
    ['bias', { ...conv, bias: 'b' }, "bias 'b': expected [6], got [5]"],
    ['rank of the weight', { ...conv, weight: 'b' }, "weight 'b': expected [filters, channels / groups"],
    ['pool beyond the map', { ...pool, kernel: [10, 1] }, 'a map of at least the kernel [10, 1], got [9, 9]'],
    [
      'level beyond the map',
      { op: 'spatialPyramidPool', name: 's', inputs: ['x'], levels: [2, 10] },
      'at least 10 × 10',
    ],
    [
      'linear on a map',
      { op: 'linear', name: 'l', inputs: ['x'], weight: 'l' },
      'flat features [7] (a flatten node before',
    ],
    ['linear features', { op: 'linear', name: 'l', inputs: ['flat'], weight: 'l' }, 'input: expected [7], got [324]'],
    ['add of one', { op: 'add', name: 'a', inputs: ['x'] }, 'inputs: expected two or more values, got 1'],
    ['add of two shapes', { op: 'add', name: 'a', inputs: ['x', 'flat'] }, 'one shape [4, 9, 9], got [324]'],
    ['concat of two shapes', { op: 'concat', name: 'a', inputs: ['x', 'flat'] }, 'inputs: expected [any, 9, 9]'],
    ['two inputs', { op: 'relu', name: 'r', inputs: ['x', 'x'] }, 'inputs: expected one value, got 2'],
  ];
  const domainErrors: readonly (readonly [string, Node, string])[] = [
    ['stride', { ...conv, stride: [0, 1] }, 'stride: expected two positive integers [vertical, horizontal], got [0,1]'],
    ['dilation', { ...conv, dilation: [1, 1.5] }, 'dilation: expected two positive integers'],
    ['padding', { ...conv, padding: [0, 0, -1, 0] }, 'padding: expected four non-negative integers'],
    ['groups', { ...conv, groups: 0 }, 'groups: expected a positive integer, got 0'],
    [
      'padding as large as the window',
      { ...pool, padding: [3, 0, 0, 0] },
      'padding: expected less than the kernel [3, 3]',
    ],
    ['levels', { op: 'spatialPyramidPool', name: 's', inputs: ['x'], levels: [] }, 'levels: expected one or more'],
    ['slope', { op: 'leakyRelu', name: 'r', inputs: ['x'], slope: NaN }, 'slope: expected a finite number'],
    ['low', { op: 'clip', name: 'r', inputs: ['x'], low: -Infinity, high: 6 }, 'low: expected a finite number'],
    ['high', { op: 'clip', name: 'r', inputs: ['x'], low: 0, high: NaN }, 'high: expected a finite number'],
    ['bounds', { op: 'clip', name: 'r', inputs: ['x'], low: 7, high: 6 }, 'low, high: expected low ≤ high, got [7,6]'],
    [
      'missing slopes',
      { op: 'prelu', name: 'r', inputs: ['x'], weight: 's' },
      "expected a parameter named 's', got none",
    ],
    ['missing parameter', { ...conv, weight: 'constructor' }, "expected a parameter named 'constructor', got none"],
    ['unknown value', { ...conv, inputs: ['later'] }, "inputs: expected values made before it, got 'later'"],
    ['itself', { ...conv, inputs: ['c'] }, "inputs: expected values made before it, got 'c'"],
    ['a name again', { ...conv, name: 'x' }, "expected unique names, got 'x' twice"],
    ['no name', { ...conv, name: '' }, 'expected a name, got an empty one'],
  ];
  const parameters = { w: zeros('f32', [6, 4, 3, 5]), b: zeros('f32', [5]), l: zeros('f32', [2, 7]) };
  const withFlat = (node: Node) =>
    modelOf([4, 9, 9], [{ op: 'flatten', name: 'flat', inputs: ['x'] }, node], parameters);

  it.each(shapeErrors)('ShapeError: %s', (_, node, message) => {
    expect(() => inferShapes(withFlat(node))).toThrow(ShapeError);
    expect(() => inferShapes(withFlat(node))).toThrow(message);
    expect(() => inferShapes(withFlat(node))).toThrow(`inferShapes: node '${node.name}' (${node.op})`);
  });

  it.each(domainErrors)('DomainError: %s', (_, node, message) => {
    expect(() => inferShapes(withFlat(node))).toThrow(DomainError);
    expect(() => inferShapes(withFlat(node))).toThrow(message);
  });

  it('refuses an output that no node makes, and an input without three positive extents', () => {
    expect(() => inferShapes({ ...modelOf([1, 2, 2], []), output: 'y' })).toThrow("got 'y'");
    expect(() => inferShapes(modelOf([1, 0, 2], []))).toThrow(ShapeError);
  });

  it.each([-1, 2.5, Number.NaN])('the builder names the layer that is to have %d filters', (filters) => {
    const call = (): unknown => sequential('t', [1, 5, 5]).conv('c', { filters, kernel: 3 });
    expect(call).toThrow(`sequential: layer 'c': expected a weight of whole extents, got [${filters}, 1, 3, 3]`);
  });

  it('the builder refuses a layer where it is added', () => {
    const chain = sequential('tiny', [1, 4, 4]).flatten();
    expect(() => chain.conv('conv1', { filters: 2, kernel: 3 })).toThrow("node 'conv1' (conv2d)");
    expect(() => chain.relu('input')).toThrow("sequential: name: expected a new one, got 'input' again");
  });
});
