/** Random calls of the two heavy kernels: drawn as small records, which is what a failure prints, and made from them. */

import * as fc from 'fast-check';
import { convolvedExtent } from '@rankwise/tensor';
import type { Conv2dCall, FloatDType, MatmulCall, Padding, Pair } from '@rankwise/tensor';
import { seeded } from './seededTensors.ts';
import type { SeededOptions, Values } from './seededTensors.ts';

export interface MatmulCase {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Of a, b and out. */
  readonly types: readonly [FloatDType, FloatDType, FloatDType];
  readonly layouts: readonly [SeededOptions, SeededOptions, SeededOptions];
  readonly alpha: number;
  readonly beta: number;
  readonly bias: boolean;
  readonly activation: 'none' | 'relu';
  readonly seed: number;
}

const dtype = fc.constantFrom<FloatDType>('f32', 'f64');
const layout = fc.record({ transposed: fc.boolean(), reversed: fc.boolean(), gap: fc.nat(2), offset: fc.nat(3) });

/** Products whose extents are drawn from `extent`; alpha and beta are such that integers stay exact. */
export function matmulCases(extent: fc.Arbitrary<number>): fc.Arbitrary<MatmulCase> {
  return fc.record({
    m: extent,
    n: extent,
    k: extent,
    types: fc.tuple(dtype, dtype, dtype),
    layouts: fc.tuple(layout, layout, layout),
    alpha: fc.constantFrom(1, -1, -2, 0.5),
    beta: fc.constantFrom(0, 1, -0.5),
    bias: fc.boolean(),
    activation: fc.constantFrom<'none' | 'relu'>('none', 'relu'),
    seed: fc.nat(),
  });
}

/** The call; where beta is 0 the old contents of `out` are NaN. */
export function matmulCallOf(drawn: MatmulCase, values: Values): MatmulCall {
  const { m, n, k, types, layouts, alpha, beta, bias, activation, seed } = drawn;
  const out = seeded(types[2], [m, n], seed + 2, { ...layouts[2], values });
  if (beta === 0) out.data.fill(NaN);
  return {
    a: seeded(types[0], [m, k], seed, { ...layouts[0], values }),
    b: seeded(types[1], [k, n], seed + 1, { ...layouts[1], values }),
    out,
    alpha,
    beta,
    ...(bias ? { rowBias: seeded('f32', [m], seed + 3, { values }) } : {}),
    activation,
  };
}

/** The call with an output of its own that holds the same numbers. */
export function withOwnOutput(call: MatmulCall): MatmulCall {
  return { ...call, out: { ...call.out, data: call.out.data.slice() } as MatmulCall['out'] };
}

export interface Conv2dCase {
  readonly images: number;
  readonly groups: number;
  /** Channels and filters of a group. */
  readonly channels: number;
  readonly filters: number;
  readonly height: number;
  readonly width: number;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
  readonly padding: Padding;
  readonly offset: number;
  readonly bias: boolean;
  readonly activation: 'none' | 'relu';
  readonly seed: number;
}

const upTo = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });

/** Convolutions small enough for an oracle in seven loops. */
export function conv2dCases(): fc.Arbitrary<Conv2dCase> {
  return fc.record({
    images: fc.constantFrom(0, 1, 2, 3),
    groups: fc.constantFrom(1, 2, 3),
    channels: fc.constantFrom(0, 1, 2, 3, 4),
    filters: fc.constantFrom(0, 1, 2, 3, 4, 5),
    height: upTo(9),
    width: upTo(9),
    kernel: fc.tuple(upTo(4), upTo(4)),
    stride: fc.tuple(upTo(3), upTo(3)),
    dilation: fc.tuple(upTo(2), upTo(2)),
    padding: fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2), fc.nat(2)),
    offset: fc.nat(2),
    bias: fc.boolean(),
    activation: fc.constantFrom<'none' | 'relu'>('none', 'relu'),
    seed: fc.nat(),
  });
}

/** One image of a layer without bias, stride, dilation or groups, padded so that nothing is lost at a kernel of 3 × 3. */
export const plainLayer: Conv2dCase = {
  images: 1,
  groups: 1,
  channels: 4,
  filters: 4,
  height: 9,
  width: 9,
  kernel: [3, 3],
  stride: [1, 1],
  dilation: [1, 1],
  padding: [1, 1, 1, 1],
  offset: 0,
  bias: false,
  activation: 'none',
  seed: 1,
};

/** The call; its output holds NaN. */
export function conv2dCallOf(drawn: Conv2dCase, values: Values): Conv2dCall {
  const { images, groups, channels, filters, height, width, kernel, offset, seed } = drawn;
  const outputExtent = convolvedExtent(drawn, [height, width], kernel);
  const output = seeded('f32', [images, filters * groups, ...outputExtent], 0, { offset });
  output.data.fill(NaN);
  return {
    input: seeded('f32', [images, channels * groups, height, width], seed, { values, offset }),
    weight: seeded('f32', [filters * groups, channels, ...kernel], seed + 1, { values, offset }),
    ...(drawn.bias ? { bias: seeded('f32', [filters * groups], seed + 2, { values }) } : {}),
    output,
    stride: drawn.stride,
    padding: drawn.padding,
    dilation: drawn.dilation,
    groups,
    activation: drawn.activation,
  };
}
