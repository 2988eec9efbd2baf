/** The pools of the emitted kernels against the reference. */

import fc from 'fast-check';
import { full, referenceKernels, ShapeError, tensorOf } from '@rankwise/tensor';
import type { AveragePool2dCall, Pool2dCall } from '@rankwise/tensor';
import { createSimdKernels } from '../../packages/simd/src/run/simdKernels.ts';
import { afterAll, describe, expect, it } from 'vitest';
import { expectWithin, gamma, unitRoundoff } from '../kit/kernelBounds.ts';
import { runs } from '../kit/runs.ts';
import { expectSameElements } from '../kit/sameElements.ts';
import { seeded } from '../kit/seededTensors.ts';

const kernels = await createSimdKernels();
const threaded = await createSimdKernels({ threads: 2 });
afterAll(() => {
  kernels.dispose();
  threaded.dispose();
});

type Geometry = Omit<AveragePool2dCall, 'input' | 'output'>;

interface Case extends Geometry {
  readonly height: number;
  readonly width: number;
  readonly outputHeight: number;
  readonly outputWidth: number;
  readonly seed: number;
}

/** As many planes as it takes that the call is not left to the plain loop. */
const enough = 2048;

const rogue = 12345;

/** A call whose input has an offset and whose output lies between two rogue values. */
function callOf(which: Case, seed = which.seed): AveragePool2dCall {
  const { height, width, outputHeight, outputWidth } = which;
  const planes = Math.ceil(enough / (height * width));
  const size = planes * outputHeight * outputWidth;
  const output = full('f32', [1, planes, outputHeight, outputWidth], rogue);
  const input = seeded('f32', [1, planes, height, width], seed, { offset: seed % 4 });
  return { ...which, input, output: { ...output, data: new Float32Array(size + 2).fill(rogue), offset: 1 } };
}

function result({ output }: Pool2dCall): Float32Array {
  expect([output.data[0], output.data.at(-1)]).toEqual([rogue, rogue]);
  return output.data.subarray(1, output.data.length - 1);
}

function windows(extent: number, kernel: number, stride: number, pads: readonly [number, number], ceil: boolean) {
  const room = extent + pads[0] + pads[1] - kernel;
  const count = Math.max(1, (ceil ? Math.ceil(room / stride) : Math.floor(room / stride)) + 1);
  // Every window must meet the input.
  return Math.min(count, Math.ceil((extent + pads[0]) / stride));
}

const cases: fc.Arbitrary<Case> = fc
  .record({
    extents: fc.tuple(fc.integer({ min: 1, max: 21 }), fc.integer({ min: 1, max: 21 })),
    kernel: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })),
    stride: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })),
    pads: fc.tuple(fc.nat(4), fc.nat(4), fc.nat(4), fc.nat(4)),
    ceil: fc.boolean(),
    countPadding: fc.boolean(),
    seed: fc.nat(1e6),
  })
  .map(({ extents: [height, width], kernel, stride, pads, ceil, countPadding, seed }) => {
    const [top, left, bottom, right] = pads.map((pad, side) => Math.min(pad, kernel[side % 2]! - 1)) as Four;
    const outputHeight = windows(height, kernel[0], stride[0], [top, bottom], ceil);
    const outputWidth = windows(width, kernel[1], stride[1], [left, right], ceil);
    const padding = [top, left, bottom, right] as const;
    return { height, width, outputHeight, outputWidth, kernel, stride, padding, countPadding, seed };
  });

type Four = [number, number, number, number];

/** Special values among the others: both zeros, infinities, NaN. */
function withSpecials(call: AveragePool2dCall): AveragePool2dCall {
  const data = call.input.data.map((value, i) => (i % 7 === 3 ? [0, -0, NaN, -Infinity, Infinity][i % 5]! : value));
  return { ...call, input: { ...call.input, data } };
}

function expectMax(which: Case, change = (call: AveragePool2dCall) => call): void {
  const ours = change(callOf(which));
  const theirs = change(callOf(which));
  kernels.maxPool2d(ours);
  referenceKernels.maxPool2d(theirs);
  expectSameElements(result(ours), result(theirs));
}

/**
 * Ours is off by γ_{h+w} times the mean of |x|; the reference by one rounding, and so is its mean of |x|.
 */
function expectAverage(which: Case): void {
  const ours = callOf(which);
  kernels.averagePool2d(ours);
  const theirs = callOf(which);
  referenceKernels.averagePool2d(theirs);
  const sizes = callOf(which);
  referenceKernels.averagePool2d({ ...sizes, input: { ...sizes.input, data: sizes.input.data.map(Math.abs) } });
  const factor = gamma(which.kernel[0] + which.kernel[1] + 2, unitRoundoff.f32);
  const bound = Float64Array.from(result(sizes), (size) => factor * size);
  expectWithin(result(ours), { exact: Float64Array.from(result(theirs)), bound });
}

const named: readonly (readonly [string, Case])[] = [
  ['3×3, stride 3, past the edge', square(109, 3, 3, 0, 37)],
  ['2×2, stride 2, past the edge', square(35, 2, 2, 0, 18)],
  ['2×2, stride 2, even', square(14, 2, 2, 0, 7)],
  ['3×3, stride 2, padded', square(28, 3, 2, 1, 15)],
  ['3×3, stride 1, padded', square(9, 3, 1, 1, 9)],
  ['the whole plane', square(6, 6, 6, 0, 1)],
  ['one element', square(1, 1, 1, 0, 1)],
  ['a kernel far larger than the plane', square(4, 1000, 100, 999, 11)],
  ['a huge stride with one window', square(5, 3, 2 ** 30, 1, 1)],
];

function square(extent: number, kernel: number, stride: number, pad: number, outputs: number): Case {
  return {
    height: extent,
    width: extent,
    outputHeight: outputs,
    outputWidth: outputs,
    kernel: [kernel, kernel],
    stride: [stride, stride],
    padding: [pad, pad, pad, pad],
    countPadding: false,
    seed: extent,
  };
}

describe('pools by hand', () => {
  // 256 planes of 1 … 9, each plane 100 above the one before.
  const planes = 256;
  const input = tensorOf(
    Float32Array.from({ length: 9 * planes }, (_, i) => 1 + (i % 9) + 100 * Math.floor(i / 9)),
    [2, planes / 2, 3, 3],
  );
  const output = () => full('f32', [2, planes / 2, 2, 2], NaN);
  const geometry = { kernel: [2, 2], stride: [2, 2], padding: [0, 0, 0, 0] } as const;
  const each = (window: readonly number[]) =>
    Float32Array.from({ length: 4 * planes }, (_, i) => window[i % 4]! + 100 * Math.floor(i / 4));

  it('clips windows that run past the far edge', () => {
    const call = { input, output: output(), ...geometry };
    kernels.maxPool2d(call);
    expectSameElements(call.output.data, each([5, 6, 8, 9]));
    kernels.averagePool2d({ ...call, countPadding: false });
    expectSameElements(call.output.data, each([3, 4.5, 7.5, 9]));
  });

  it('counts padding only when asked to', () => {
    const zero = { ...input, data: input.data.map((value) => value % 100) };
    const call = { input: zero, output: output(), ...geometry, padding: [1, 1, 0, 0] } as const;
    kernels.averagePool2d({ ...call, countPadding: true });
    expect(call.output.data.subarray(0, 8)).toEqual(Float32Array.of(0.25, 1.25, 2.75, 7, 0.25, 1.25, 2.75, 7));
    kernels.averagePool2d({ ...call, countPadding: false });
    expect(call.output.data.subarray(0, 8)).toEqual(Float32Array.of(1, 2.5, 5.5, 7, 1, 2.5, 5.5, 7));
  });
});

describe.each(named)('%s', (_, which) => {
  it('takes the greatest', () => {
    expectMax(which);
    expectMax(which, withSpecials);
  });
  it('takes the mean', () => {
    expectAverage(which);
    expectAverage({ ...which, countPadding: true });
  });
});

describe('pool laws', () => {
  it('the greatest has the reference’s bits', () => {
    fc.assert(
      fc.property(cases, (which) => expectMax(which)),
      { numRuns: runs(200) },
    );
  });

  it('NaN reaches the windows that hold it, infinities and both zeros compare as numbers', () => {
    fc.assert(
      fc.property(cases, (which) => expectMax(which, withSpecials)),
      { numRuns: runs() },
    );
  });

  it('the mean is within the rounding of a sum of columns', () => {
    fc.assert(fc.property(cases, expectAverage), { numRuns: runs(200) });
  });

  it('a mean over NaN or infinities is what the sum of them is', () => {
    const kind = (value: number): number => (Number.isFinite(value) ? 0 : value);
    fc.assert(
      fc.property(cases, (which) => {
        const ours = withSpecials(callOf(which));
        const theirs = withSpecials(callOf(which));
        kernels.averagePool2d(ours);
        referenceKernels.averagePool2d(theirs);
        expectSameElements(result(ours).map(kind), result(theirs).map(kind));
      }),
      { numRuns: runs() },
    );
  });

  it('what a call leaves in the memory does not matter to the next', () => {
    const nothing = { ...square(35, 2, 2, 0, 18), height: 40, width: 40 };
    const poisoned = callOf({ ...nothing, outputHeight: 20, outputWidth: 20 });
    for (const poison of [NaN, Infinity]) {
      kernels.maxPool2d({ ...poisoned, input: { ...poisoned.input, data: poisoned.input.data.map(() => poison) } });
      expectMax(square(35, 2, 2, 0, 18));
      expectMax(square(11, 3, 2, 1, 6));
      expectAverage(square(11, 3, 2, 1, 6));
    }
  });
});

describe('pools of several windows of planes', () => {
  const many = (): AveragePool2dCall => ({
    ...square(109, 3, 3, 0, 37),
    input: seeded('f32', [2, 7, 109, 109], 5),
    output: full('f32', [2, 7, 37, 37], rogue),
  });

  it('reach every plane', () => {
    const ours = many();
    const theirs = many();
    kernels.maxPool2d(ours);
    referenceKernels.maxPool2d(theirs);
    expectSameElements(ours.output.data, theirs.output.data);
  });

  it('have the same bits on two threads', () => {
    for (const pool of ['maxPool2d', 'averagePool2d'] as const) {
      const one = many();
      const two = many();
      kernels[pool](one);
      threaded[pool](two);
      expectSameElements(two.output.data, one.output.data);
    }
  });
});

describe('pools without work', () => {
  it.each([
    [
      [0, 3, 40, 40],
      [0, 3, 20, 20],
    ],
    [
      [2, 3, 40, 40],
      [2, 3, 0, 20],
    ],
  ])('%j → %j writes nothing', (input, output) => {
    const call = { ...square(40, 2, 2, 0, 20), input: seeded('f32', input, 1), output: full('f32', output, rogue) };
    kernels.maxPool2d(call);
    kernels.averagePool2d(call);
    expect(call.output.data).toHaveLength(0);
  });
});

describe('pools refuse', () => {
  it.each<readonly [string, (call: AveragePool2dCall) => Partial<Pool2dCall>]>([
    ['an output that overlaps the input', ({ output }) => ({ output, input: { ...output, shape: [1, 2, 40, 40] } })],
    ['a strided input', ({ input }) => ({ input: { ...input, strides: [3200, 1600, 1, 40] } })],
    ['a window beyond the input', () => ({ output: full('f32', [1, 2, 21, 20], rogue) })],
  ])('%s', (_, change) => {
    const call = callOf(square(40, 2, 2, 0, 20));
    const wrong = { ...call, ...change(call) };
    expect(() => kernels.maxPool2d(wrong)).toThrow(ShapeError);
    expect(() => kernels.averagePool2d(wrong)).toThrow(ShapeError);
  });
});
