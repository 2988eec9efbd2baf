/** The convolution of the emitted kernels by whatever algorithm the plan takes: by hand, shapes, bound, weights, NaN, refusals. */

import fc from 'fast-check';
import {
  checkConv2dCall,
  conv2dDirect,
  createReferenceKernels,
  fromNested,
  full,
  ShapeError,
  slice,
  toNested,
  zeros,
} from '@rankwise/tensor';
import type { Conv2dCall } from '@rankwise/tensor';
import { afterAll, describe, expect, it } from 'vitest';
import { planConvolution } from '../../packages/simd/src/plan/convolutionPlan.ts';
import { createSimdKernels } from '../../packages/simd/src/run/simdKernels.ts';
import { conv2dBound, expectWithin } from '../kit/kernelBounds.ts';
import type { BoundedResult } from '../kit/kernelBounds.ts';
import { conv2dCallOf, conv2dCases, plainLayer } from '../kit/kernelCalls.ts';
import type { Conv2dCase } from '../kit/kernelCalls.ts';
import { runs } from '../kit/runs.ts';
import { winogradBound } from '../kit/winogradBounds.ts';
import { axesOf, expectSameBits, roundings } from './support.ts';

const exact = createReferenceKernels({ winograd: false });
const options = roundings.flatMap((relaxedSimd) =>
  (relaxedSimd ? ([0, 4, 8] as const) : ([0, 4, 6, 8] as const)).map((winograd) => ({ relaxedSimd, winograd })),
);
const rows = await Promise.all(
  options.map(async (each) => ({
    ...each,
    name: `transforms of up to ${each.winograd} points${each.relaxedSimd ? ', relaxed' : ''}`,
    kernels: await createSimdKernels(each),
  })),
);
const withoutWinograd = rows.filter(({ winograd }) => winograd === 0);
afterAll(() => rows.forEach(({ kernels }) => kernels.dispose()));

type Row = (typeof rows)[number];

/** The call's result, after a look at what lies before it. */
function resultOf({ output }: Conv2dCall): Float32Array {
  expect(output.data.subarray(0, output.offset).every((value) => Number.isNaN(value))).toBe(true);
  return output.data.slice(output.offset);
}

/** Each row keeps the bound of the algorithm that its plan takes. */
function expectBounds(wanted: readonly Row[], drawn: Conv2dCase): void {
  const call = conv2dCallOf(drawn, 'noise');
  const plain = conv2dBound(call);
  const found = new Map<string, BoundedResult>();
  for (const { kernels, relaxedSimd, winograd } of wanted) {
    const plan = planConvolution(checkConv2dCall(call), call, { relaxed: relaxedSimd, largest: winograd });
    kernels.conv2d(call);
    if (plan.algorithm === 'implicit') {
      expectWithin(resultOf(call), plain);
      continue;
    }
    const points = `${plan.y.size} x ${plan.x.size}`;
    const promised = found.get(points) ?? winogradBound(call, axesOf(plan), 'f32');
    found.set(points, promised);
    expectWithin(resultOf(call), promised);
  }
}

/** Integers: the result must be that of the direct loops. */
function expectExact({ kernels }: Row, drawn: Conv2dCase): void {
  const call = conv2dCallOf(drawn, 'integers');
  const direct = zeros('f32', call.output.shape);
  conv2dDirect({ ...call, output: direct });
  kernels.conv2d(call);
  expectSameBits(resultOf(call), direct.data);
}

const kernelShapes = [
  [1, 1],
  [2, 2],
  [3, 3],
  [5, 5],
  [7, 7],
  [3, 1],
  [1, 3],
  [5, 1],
  [1, 7],
  [3, 5],
  [4, 2],
  [9, 2],
] as const;

describe('conv2d by hand', () => {
  const input = fromNested('f32', [
    [
      [
        [1, 2, 3],
        [4, 5, 6],
        [7, 8, 9],
      ],
    ],
  ]);
  const weight = fromNested('f32', [
    [
      [
        [1, 10],
        [100, 1000],
      ],
    ],
  ]);

  it.each(rows)('correlates without flipping and pads top, left, bottom, right: $name', ({ kernels }) => {
    const plain = { input, weight, stride: [1, 1], dilation: [1, 1], groups: 1 } as const;
    const output = zeros('f32', [1, 1, 3, 2]);
    kernels.conv2d({ ...plain, output, padding: [1, 0, 0, 0] });
    expect(toNested(output)).toEqual([
      [
        [
          [2100, 3200],
          [5421, 6532],
          [8754, 9865],
        ],
      ],
    ]);
    const right = zeros('f32', [1, 1, 2, 3]);
    kernels.conv2d({ ...plain, output: right, padding: [0, 0, 0, 1] });
    expect(toNested(right)).toEqual([
      [
        [
          [5421, 6532, 603],
          [8754, 9865, 906],
        ],
      ],
    ]);
    const dilated = zeros('f32', [1, 1, 1, 1]);
    kernels.conv2d({ ...plain, output: dilated, padding: [0, 0, 0, 0], dilation: [2, 2] });
    expect(toNested(dilated)).toEqual([[[[9731]]]]);
  });
});

describe('conv2d of every shape', () => {
  it.each(kernelShapes)('kernel %i × %i, by whatever algorithm', (height, width) => {
    const shape = { ...plainLayer, kernel: [height, width], height: 10, width: 13, bias: true } as const;
    expectBounds(rows, { ...shape, activation: 'relu', padding: [1, 2, 0, 3], offset: 1 });
    // Channels and filters enough for minimal filtering to pay.
    expectBounds(rows, { ...shape, channels: 12, filters: 13, padding: [0, 1, 2, 0] });
  });

  it.each(kernelShapes)('kernel %i × %i in strides and dilations: exact for integers', (height, width) => {
    const steps = [1, 2, 3].flatMap((y) => [1, 2, 3].map((x) => [y, x] as const));
    for (const row of withoutWinograd) {
      for (const stride of steps) {
        for (const dilation of [
          [1, 1],
          [2, 1],
          [1, 3],
        ] as const) {
          const shape = { ...plainLayer, kernel: [height, width], height: 13, width: 17, stride, dilation } as const;
          expectExact(row, { ...shape, images: 2, filters: 3, padding: [1, 0, 2, 3] });
        }
      }
    }
  });

  it.each([
    [2, 3, 5],
    [3, 1, 1],
    [8, 1, 2],
    [17, 1, 1],
    [2, 16, 16],
  ])('%i groups of %i channels and %i filters, depthwise among them', (groups, channels, filters) => {
    const shape = { ...plainLayer, groups, channels, filters, images: 2, bias: true };
    expectBounds(rows, shape);
    expectBounds(rows, { ...shape, stride: [2, 1] });
    for (const row of withoutWinograd) expectExact(row, { ...plainLayer, groups, channels, filters, images: 2 });
  });

  it('extents of 0: the bias where there is an output, nothing otherwise', () => {
    for (const row of rows) {
      expectExact(row, { ...plainLayer, channels: 0, bias: true, activation: 'relu' });
      expectExact(row, { ...plainLayer, height: 0, padding: [2, 1, 1, 1], bias: true });
      expectExact(row, { ...plainLayer, width: 0, padding: [2, 1, 1, 3], kernel: [1, 1], bias: true });
      for (const none of [{ images: 0 }, { filters: 0 }, { height: 1, padding: [0, 0, 0, 0] as const }]) {
        expectExact(row, { ...plainLayer, ...none });
      }
    }
  });

  it('extents of 1 and sizes about the edges of every tile', () => {
    for (const row of withoutWinograd) {
      for (const filters of [1, 2, 3, 4, 5, 6, 7, 12, 13]) {
        for (const width of [1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 13, 16, 17, 25]) {
          expectExact(row, { ...plainLayer, filters, channels: 2, height: 1, width });
        }
      }
    }
  });

  it('crosses chunks of k and groups of positions', () => {
    // Chunks of 192, 256, 384 or 768; 16 panels of 4 to 16 positions.
    for (const row of withoutWinograd) {
      for (const channels of [21, 22, 28, 29, 43, 86]) expectExact(row, { ...plainLayer, channels, filters: 7 });
      expectExact(row, { ...plainLayer, channels: 30, height: 33, width: 31, images: 2, filters: 3 });
    }
  });

  it('random calls: bound, and the direct loops’ result for integers', () => {
    const indices = fc.constantFrom(...rows.keys());
    fc.assert(
      fc.property(conv2dCases(), indices, (drawn, index) => {
        const row = rows[index]!;
        expectBounds([row], drawn);
        if (row.winograd === 0) expectExact(row, drawn);
      }),
      { numRuns: runs(300) },
    );
  });
});

describe('conv2d of many images', () => {
  /** Image i is i + 1 times the first one; so is its exact result. */
  function scaledImages(drawn: Conv2dCase): { readonly call: Conv2dCall; readonly expected: Float32Array } {
    const first = conv2dCallOf({ ...drawn, images: 1 }, 'integers');
    exact.conv2d(first);
    const { images } = drawn;
    const many = (data: Float32Array): Float32Array => {
      const all = new Float32Array(data.length * images);
      for (let i = 0; i < all.length; i++) {
        all[i] = (1 + Math.floor(i / data.length)) * data[i % data.length]!;
      }
      return all;
    };
    const input = { ...first.input, shape: [images, ...first.input.shape.slice(1)], data: many(first.input.data) };
    const output = full('f32', [images, ...first.output.shape.slice(1)], NaN);
    return { call: { ...first, input, output }, expected: many(first.output.data) };
  }

  // A part of a call is 32 MiB of input or output. F(2, 3) has the factor 1/2 only, so integers stay exact.
  it.each([
    ['products', { ...plainLayer, images: 8, channels: 1, filters: 1, height: 1100, width: 1100, stride: [16, 16] }],
    [
      'products in groups',
      { ...plainLayer, images: 5, groups: 3, channels: 1, filters: 2, height: 801, width: 999, stride: [9, 8] },
    ],
    ['minimal filtering', { ...plainLayer, images: 16, channels: 56, filters: 56, height: 101, width: 100 }],
  ] as const)('cuts them into parts: %s', (what, drawn) => {
    const { call, expected } = scaledImages(drawn);
    const row = rows.find(({ winograd }) => winograd === 4);
    const plan = planConvolution(checkConv2dCall(call), call, { relaxed: false, largest: 4 });
    expect(plan.algorithm).toBe(what === 'minimal filtering' ? 'winograd' : 'implicit');
    row?.kernels.conv2d(call);
    expectSameBits(call.output.data, expected);
  });
});

describe('weights kept between calls', () => {
  const layer = { ...plainLayer, channels: 24, filters: 24 };

  /** The call must have the bits that a copy of its weights gives, which was never seen before. */
  function expectOwnWeights({ kernels }: Row, call: Conv2dCall): void {
    kernels.conv2d(call);
    const result = resultOf(call);
    const { weight } = call;
    const size = weight.shape.reduce((product, extent) => product * extent, 1);
    const data = weight.data.slice(weight.offset, weight.offset + size);
    kernels.conv2d({ ...call, weight: { ...weight, data, offset: 0 } });
    expectSameBits(resultOf(call), result);
    kernels.conv2d(call);
    expectSameBits(resultOf(call), result);
  }

  it.each(rows)('are told apart by their place in an array, their shape and their use: $name', (row) => {
    const call = conv2dCallOf(layer, 'noise');
    const { data } = conv2dCallOf({ ...layer, filters: 25, seed: 7 }, 'noise').weight;
    for (const weight of [
      call.weight,
      { ...call.weight, data },
      { ...call.weight, data, offset: 1 },
      { ...call.weight, data, offset: data.length - call.weight.data.length },
      slice({ ...call.weight, data }, [[0, 23]]),
      { ...call.weight, data, shape: [8, 24, 9, 3], strides: [648, 27, 3, 1] },
      { ...call.weight, data, shape: [8, 24, 3, 9], strides: [648, 27, 9, 1] },
    ]) {
      for (const [height, width] of [
        [9, 9],
        [9, 20],
        [40, 9],
      ] as const) {
        const [filters = 0, , tall = 0, wide = 0] = weight.shape;
        const drawn = { ...layer, filters, kernel: [tall, wide], height, width } as const;
        expectOwnWeights(row, { ...conv2dCallOf(drawn, 'noise'), weight });
      }
    }
  });

  it.each(rows)('serve calls with other strides, paddings and groups: $name', (row) => {
    const { weight } = conv2dCallOf({ ...layer, channels: 12 }, 'noise');
    for (const change of [
      { stride: [2, 2] },
      { dilation: [2, 1] },
      { padding: [0, 2, 1, 0] },
      { groups: 1 },
      { groups: 3, filters: 8 },
      { groups: 2, filters: 12 },
    ] as const) {
      expectOwnWeights(row, { ...conv2dCallOf({ ...layer, channels: 12, ...change }, 'noise'), weight });
    }
  });
});

describe('conv2d without minimal filtering', () => {
  it('sends NaN and infinities of the input only to outputs whose windows hold them', () => {
    const rogue = fc.record({ value: fc.constantFrom(NaN, Infinity, -Infinity), at: fc.nat() });
    fc.assert(
      fc.property(conv2dCases(), rogue, (drawn, { value, at }) => {
        for (const { kernels } of withoutWinograd) {
          const call = conv2dCallOf({ ...drawn, activation: 'none' }, 'integers');
          const { data, offset } = call.input;
          if (data.length === offset || drawn.filters === 0) return;
          // Ones where the rogue value is, zeros elsewhere: the outputs that are not 0 are those it reaches.
          const reach = conv2dCallOf({ ...drawn, activation: 'none', bias: false }, 'integers');
          const place = offset + (at % (data.length - offset));
          reach.input.data.fill(0)[place] = 1;
          reach.weight.data.fill(1);
          conv2dDirect(reach);
          kernels.conv2d(call);
          const before = resultOf(call);
          data[place] = value;
          kernels.conv2d(call);
          const reached = reach.output.data.subarray(offset);
          resultOf(call).forEach((after, i) => {
            expect(reached[i] === 0 ? after === before[i] : !Number.isFinite(after)).toBe(true);
          });
        }
      }),
      { numRuns: runs() },
    );
  });

  it('keeps a filter’s NaN to its own outputs, and NaN through the ReLU', () => {
    for (const { kernels } of withoutWinograd) {
      const call = conv2dCallOf({ ...plainLayer, filters: 7, activation: 'relu' }, 'integers');
      const clean = zeros('f32', call.output.shape);
      kernels.conv2d({ ...call, output: clean });
      const rogue = { ...call.weight, data: call.weight.data.slice() };
      rogue.data[4 * 36 + 10] = NaN;
      kernels.conv2d({ ...call, weight: rogue });
      const plane = 81;
      const [others, own] = [call.output.data.slice(), call.output.data.subarray(4 * plane, 5 * plane)];
      expect(own[40]).toBeNaN();
      others.set(clean.data.subarray(4 * plane, 5 * plane), 4 * plane);
      expect(others).toEqual(clean.data);
    }
  });
});

describe('conv2d refusals', () => {
  it.each(rows)('come before anything is written: $name', ({ kernels }) => {
    const call = conv2dCallOf(plainLayer, 'noise');
    const wrong = { ...call, output: full('f32', [1, 4, 9, 8], 7) };
    expect(() => kernels.conv2d(wrong)).toThrow(ShapeError);
    expect(wrong.output.data.every((value) => value === 7)).toBe(true);
    const { input } = call;
    const before = input.data.slice();
    const square = { ...plainLayer, kernel: [1, 1], padding: [0, 0, 0, 0] } as const;
    const inPlace = { ...conv2dCallOf(square, 'noise'), input, output: input };
    expect(() => kernels.conv2d(inPlace)).toThrow(/^conv2d: output: expected memory of its own/);
    expect(input.data).toEqual(before);
  });
});
