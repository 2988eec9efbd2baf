/** Every operation against numbers worked out by hand, and random graphs against the oracle of plain loops. */

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forward } from '@rankwise/nn';
import type { Node } from '@rankwise/nn';
import { fromNested, tensorOf, toNested } from '@rankwise/tensor';
import type { Nested } from '@rankwise/tensor';
import { runs } from '../kit/runs.ts';
import { evaluate } from './oracle.ts';
import { exactKernels, modelCases } from './randomModel.ts';
import { imageOf, modelOf, valueOf } from './values.ts';

/** The value of one node for one image [c, h, w]. */
function result(node: Node, image: Nested[][], parameters: Parameters<typeof modelOf>[2] = {}): Nested {
  const input = fromNested('f32', [image]);
  const [, channels = 0, height = 0, width = 0] = input.shape;
  const { output } = forward(modelOf([channels, height, width], [node], parameters), input);
  return toNested(tensorOf(output.data, output.shape.slice(1)));
}

const image = [
  [
    [1, -2, 3],
    [4, 5, -6],
    [7, 8, 9],
  ],
  [
    [-1, 0, 1],
    [0, 2, 0],
    [1, 0, -1],
  ],
];

describe('by hand', () => {
  const sides = { stride: [1, 1], padding: [0, 0, 0, 0] } as const;

  it('conv2d: cross-correlation with bias, zero padding and stride', () => {
    const node = {
      op: 'conv2d',
      name: 'c',
      inputs: ['x'],
      weight: 'w',
      bias: 'b',
      dilation: [1, 1],
      groups: 1,
    } as const;
    const parameters = {
      w: fromNested('f32', [
        [
          [
            [1, 2],
            [0, -1],
          ],
          [
            [0, 0],
            [1, 0],
          ],
        ],
      ]),
      b: fromNested('f32', [10]),
    };
    // Top left: 1·1 + 2·(-2) - 5 + 0 + 10.
    expect(result({ ...node, ...sides }, image, parameters)).toEqual([
      [
        [2, 22],
        [17, -6],
      ],
    ]);
    // One row of zeros above: out(0, 0) = -(-2) + (-1) + 10.
    expect(result({ ...node, stride: [2, 2], padding: [1, 0, 0, 0] }, image, parameters)).toEqual([[[11], [17]]]);
  });

  it('conv2d: groups see their own channels only, dilation spreads the kernel', () => {
    const node = { op: 'conv2d', name: 'c', inputs: ['x'], weight: 'w', dilation: [2, 2], groups: 2 } as const;
    const parameters = {
      w: fromNested('f32', [
        [
          [
            [1, 0],
            [0, 1],
          ],
        ],
        [
          [
            [0, 1],
            [1, 0],
          ],
        ],
      ]),
    };
    expect(result({ ...node, ...sides }, image, parameters)).toEqual([[[10]], [[2]]]);
  });

  it('linear: weight times features plus bias', () => {
    const model = modelOf(
      [1, 1, 3],
      [
        { op: 'flatten', name: 'f', inputs: ['x'] },
        { op: 'linear', name: 'l', inputs: ['f'], weight: 'w', bias: 'b' },
      ],
      {
        w: fromNested('f32', [
          [1, 2, 3],
          [0, -1, 0],
        ]),
        b: fromNested('f32', [1, 0.5]),
      },
    );
    const { output } = forward(model, fromNested('f32', [[[[1, 2, 3]]], [[[0, 1, -1]]]]));
    expect(toNested(output)).toEqual([
      [15, -1.5],
      [0, -0.5],
    ]);
  });

  it('maxPool2d and averagePool2d: windows cut off at the edge', () => {
    const half = {
      name: 'p',
      inputs: ['x'],
      kernel: [2, 2],
      stride: [2, 2],
      padding: [0, 0, 0, 0],
      ceil: true,
    } as const;
    expect(result({ op: 'maxPool2d', ...half }, image)).toEqual([
      [
        [5, 3],
        [8, 9],
      ],
      [
        [2, 1],
        [1, -1],
      ],
    ]);
    expect(result({ op: 'averagePool2d', ...half, countPadding: false }, image)).toEqual([
      [
        [2, -1.5],
        [7.5, 9],
      ],
      [
        [0.25, 0.5],
        [0.5, -1],
      ],
    ]);
    const padded = { ...half, padding: [1, 1, 0, 0], ceil: false } as const;
    expect(result({ op: 'averagePool2d', ...padded, countPadding: true }, image)).toEqual([
      [
        [0.25, 0.25],
        [2.75, 4],
      ],
      [
        [-0.25, 0.25],
        [0.25, 0.25],
      ],
    ]);
    expect(result({ op: 'averagePool2d', ...padded, countPadding: false }, image)).toEqual([
      [
        [1, 0.5],
        [5.5, 4],
      ],
      [
        [-1, 0.5],
        [0.5, 0.25],
      ],
    ]);
  });

  it('spatialPyramidPool: levels in order, each as (channel, y, x), windows ceil(a / n) every floor(a / n)', () => {
    const node = { op: 'spatialPyramidPool', name: 's', inputs: ['x'], levels: [2, 1] } as const;
    expect(result(node, image)).toEqual([5, 5, 8, 9, 2, 2, 2, 2, 9, 2]);
  });

  it('globalAveragePool, relu, leakyRelu, add, concat, flatten, dropout', () => {
    const small = [[[1, -2]], [[-4, 8]]];
    const base = { name: 'n', inputs: ['x'] };
    expect(result({ op: 'globalAveragePool', ...base }, small)).toEqual([[[-0.5]], [[2]]]);
    expect(result({ op: 'relu', ...base }, small)).toEqual([[[1, 0]], [[0, 8]]]);
    expect(result({ op: 'leakyRelu', ...base, slope: 0.25 }, small)).toEqual([[[1, -0.5]], [[-1, 8]]]);
    expect(result({ op: 'add', name: 'n', inputs: ['x', 'x', 'x'] }, small)).toEqual([[[3, -6]], [[-12, 24]]]);
    expect(result({ op: 'concat', name: 'n', inputs: ['x', 'x'] }, small)).toEqual([...small, ...small]);
    expect(result({ op: 'flatten', ...base }, small)).toEqual([1, -2, -4, 8]);
    expect(result({ op: 'dropout', ...base }, small)).toEqual(small);
  });

  it('prelu: a slope for each channel, of maps and of flat features', () => {
    const node: Node = { op: 'prelu', name: 'p', inputs: ['x'], weight: 'slopes' };
    const parameters = { slopes: fromNested('f32', [0.5, -2]) };
    expect(
      result(
        node,
        [
          [
            [1, -2],
            [-4, 0],
          ],
          [
            [-1, 2],
            [3, -0.5],
          ],
        ],
        parameters,
      ),
    ).toEqual([
      [
        [1, -1],
        [-2, 0],
      ],
      [
        [2, 2],
        [3, 1],
      ],
    ]);
    const flat: Node[] = [
      { op: 'flatten', name: 'f', inputs: ['x'] },
      { ...node, inputs: ['f'] },
    ];
    const strided = { slopes: { ...fromNested('f32', [9, 0.5, 9, 3]), shape: [2], strides: [2], offset: 1 } };
    const { output } = forward(modelOf([1, 1, 2], flat, strided), fromNested('f32', [[[[-2, -2]]], [[[2, -1]]]]));
    expect(toNested(output)).toEqual([
      [-1, -6],
      [2, -3],
    ]);
  });

  it('clip: values inside are kept, others become the nearer bound', () => {
    const base = { op: 'clip', name: 'n', inputs: ['x'] } as const;
    expect(result({ ...base, low: 0, high: 6 }, [[[-1, 0, 2.5, 6, 7]]])).toEqual([[[0, 0, 2.5, 6, 6]]]);
    expect(result({ ...base, low: -2, high: -1 }, [[[-3, -1.5, 0]]])).toEqual([[[-2, -1.5, -1]]]);
    expect(result({ ...base, low: 1, high: 1 }, [[[-3, 4]]])).toEqual([[[1, 1]]]);
  });

  it('sigmoid, tanh, gelu, silu, softplus: at 0, at a known point, and far out', () => {
    const on = (op: 'sigmoid' | 'tanh' | 'gelu' | 'silu' | 'softplus', x: number): Nested =>
      result({ op, name: 'n', inputs: ['x'] }, [[[0, x, -1000, 1000]]]);
    const log3 = Math.log(3);
    expect(on('sigmoid', log3)).toEqual([[[0.5, 0.75, 0, 1]]]);
    expect(on('tanh', log3 / 2)).toEqual([[[0, 0.5, -1, 1]]]);
    expect(on('silu', log3)).toEqual([[[0, Math.fround(0.75 * Math.fround(log3)), -0, 1000]]]);
    expect(on('softplus', log3)).toEqual([[[Math.fround(Math.LN2), Math.fround(2 * Math.LN2), 0, 1000]]]);
    // Φ(1) = 0.84134474606854…, Abramowitz & Stegun, Table 26.1.
    expect(on('gelu', 1)).toEqual([[[0, Math.fround(0.8413447460685429), -0, 1000]]]);
  });

  it('softmax: equal scores share, over axis 1, and large scores do not overflow', () => {
    const node: Node = { op: 'softmax', name: 's', inputs: ['x'] };
    expect(result(node, [[[0, 1000]], [[0, 1000]]])).toEqual([[[0.5, 0.5]], [[0.5, 0.5]]]);
    // 104 is beyond -ln(2^-150), so the smaller share rounds to 0 in f32.
    expect(result(node, [[[0]], [[104]]])).toEqual([[[0]], [[1]]]);
    expect(result(node, [[[0]], [[Math.log(3)]]])).toEqual([[[0.25]], [[0.75]]]);
  });
});

describe('random graphs', () => {
  it('give exactly what the oracle gives, at every node', () => {
    fc.assert(
      fc.property(modelCases(), ({ model, input }) => {
        const { taps } = forward(model, input, { taps: model.nodes.map((node) => node.name), kernels: exactKernels });
        for (let index = 0; index < (input.shape[0] ?? 0); index++) {
          const expected = evaluate(model, imageOf(input, index));
          for (const [name, value] of taps) {
            // Adding 0 makes -0 and 0 one number.
            const exact = valueOf(expected, name).elements.map((element) => element + 0);
            expect(imageOf(value, index).map((element) => element + 0)).toEqual(exact);
          }
        }
      }),
      { numRuns: runs() },
    );
  });
});
