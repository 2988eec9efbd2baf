/** The reference pools, relu and add. */

import fc from 'fast-check';
import { fromNested, full, referenceKernels, tensorOf, toNested, zeros } from '@rankwise/tensor';
import type { Pool2dCall } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { expectWithin, gamma, unitRoundoff } from '../kit/kernelBounds.ts';
import { runs } from '../kit/runs.ts';
import { seeded } from '../kit/seededTensors.ts';

const { maxPool2d, averagePool2d, relu, add } = referenceKernels;

describe('pools by hand', () => {
  const input = tensorOf(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), [1, 1, 3, 3]);
  const pool = (): Pool2dCall => ({
    input,
    output: full('f32', [1, 1, 2, 2], NaN),
    kernel: [2, 2],
    stride: [2, 2],
    padding: [0, 0, 0, 0],
  });

  it('clips windows that run past the far edge', () => {
    const call = pool();
    maxPool2d(call);
    expect(toNested(call.output)).toEqual([
      [
        [
          [5, 6],
          [8, 9],
        ],
      ],
    ]);
    averagePool2d({ ...call, countPadding: false });
    expect(toNested(call.output)).toEqual([
      [
        [
          [3, 4.5],
          [7.5, 9],
        ],
      ],
    ]);
    averagePool2d({ ...call, countPadding: true });
    expect(toNested(call.output)).toEqual([
      [
        [
          [3, 4.5],
          [7.5, 9],
        ],
      ],
    ]);
  });

  it('counts padding only when asked to', () => {
    const call = { ...pool(), padding: [1, 1, 0, 0] } as const;
    averagePool2d({ ...call, countPadding: true });
    expect(toNested(call.output)).toEqual([
      [
        [
          [0.25, 1.25],
          [2.75, 7],
        ],
      ],
    ]);
    averagePool2d({ ...call, countPadding: false });
    expect(toNested(call.output)).toEqual([
      [
        [
          [1, 2.5],
          [5.5, 7],
        ],
      ],
    ]);
  });

  it('gives NaN for a window that holds one, wherever it stands', () => {
    for (const at of [0, 1, 3, 4]) {
      const data = new Float32Array(4);
      data[at === 3 ? 2 : Math.min(at, 3)] = NaN;
      const output = zeros('f32', [1, 1, 1, 1]);
      maxPool2d({ input: tensorOf(data, [1, 1, 2, 2]), output, kernel: [2, 2], stride: [1, 1], padding: [0, 0, 0, 0] });
      expect(output.data[0]).toBeNaN();
    }
  });

  it('ignores padding in a maximum: all-negative windows stay negative', () => {
    const output = zeros('f32', [1, 1, 2, 2]);
    const negative = full('f32', [1, 1, 2, 2], -3);
    maxPool2d({ input: negative, output, kernel: [2, 2], stride: [2, 2], padding: [1, 1, 0, 0] });
    expect([...output.data]).toEqual([-3, -3, -3, -3]);
  });
});

const pools = fc
  .record({
    height: fc.integer({ min: 1, max: 9 }),
    width: fc.integer({ min: 1, max: 9 }),
    kernel: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
    stride: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    pad: fc.tuple(fc.nat(3), fc.nat(3)),
    seed: fc.nat(),
  })
  .map(({ height, width, kernel, stride, pad, seed }): Pool2dCall => {
    const top = Math.min(pad[0], kernel[0] - 1);
    const left = Math.min(pad[1], kernel[1] - 1);
    const rows = Math.floor((height + top - 1) / stride[0]) + 1;
    const columns = Math.floor((width + left - 1) / stride[1]) + 1;
    return {
      input: seeded('f32', [2, 2, height, width], seed, { offset: seed % 3 }),
      output: full('f32', [2, 2, rows, columns], NaN),
      kernel,
      stride,
      padding: [top, left, 0, 0],
    };
  });

/** The elements of each window, window by window. */
function windowsOf({ input, output, kernel, stride, padding }: Pool2dCall): number[][] {
  const [, , height = 0, width = 0] = input.shape;
  const [, , rows = 0, columns = 0] = output.shape;
  const windows: number[][] = [];
  for (let at = 0; at < 4 * rows * columns; at++) {
    const x = at % columns;
    const y = Math.floor(at / columns) % rows;
    const plane = Math.floor(at / (rows * columns));
    const found: number[] = [];
    for (let tap = 0; tap < kernel[0] * kernel[1]; tap++) {
      const row = y * stride[0] - padding[0] + Math.floor(tap / kernel[1]);
      const column = x * stride[1] - padding[1] + (tap % kernel[1]);
      if (row < 0 || column < 0 || row >= height || column >= width) continue;
      found.push(input.data[input.offset + (plane * height + row) * width + column] ?? NaN);
    }
    windows.push(found);
  }
  return windows;
}

describe('pool laws', () => {
  it('takes the greatest of each window', () => {
    fc.assert(
      fc.property(pools, (call) => {
        maxPool2d(call);
        expect([...call.output.data]).toEqual(windowsOf(call).map((window) => Math.max(...window)));
      }),
      { numRuns: runs() },
    );
  });

  it('takes the mean of each window', () => {
    fc.assert(
      fc.property(pools, (call) => {
        averagePool2d({ ...call, countPadding: false });
        const windows = windowsOf(call);
        const mean = (window: number[]): number => window.reduce((sum, value) => sum + value, 0) / window.length;
        const factor = gamma(call.kernel[0] * call.kernel[1] + 2, unitRoundoff.f32);
        const exact = Float64Array.from(windows, mean);
        const bound = Float64Array.from(windows, (window) => factor * mean(window.map((value) => Math.abs(value))));
        expectWithin(call.output.data, { exact, bound });
      }),
      { numRuns: runs() },
    );
  });
});

describe('relu and add', () => {
  it('cut, and add with one rounding, in place too', () => {
    const x = fromNested('f32', [-2, -0, 0, 3, NaN, -Infinity, Infinity]);
    relu(x, x);
    expect([...x.data]).toEqual([0, 0, 0, 3, NaN, 0, Infinity]);
    const a = seeded('f32', [37], 1);
    const b = seeded('f32', [37], 2);
    const expected = a.data.map((value, i) => Math.fround(value + (b.data[i] ?? NaN)));
    const output = full('f32', [37], NaN);
    add(a, b, output);
    expect(output.data).toEqual(expected);
    add(a, b, a);
    expect(a.data).toEqual(expected);
  });
});
