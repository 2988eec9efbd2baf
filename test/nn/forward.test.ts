/** The whole forward pass: graphs with skips and joins, batches, taps, cancelling, refusals. */

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forward, peakLiveElements, sequential } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';
import { DomainError, ShapeError, fromNested, toNested, transpose, zeros } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import { expectWithin, unitRoundoff } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';
import { exactKernels, modelCases } from './randomModel.ts';
import { imageOf, modelOf, valueOf } from './values.ts';

/** A residual block and a fire-like join on one pixel, small enough to follow on paper. */
function blockModel(): Model {
  const one = { op: 'conv2d', stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1 } as const;
  return modelOf(
    [2, 1, 1],
    [
      { ...one, name: 'squeeze', inputs: ['x'], weight: 's' },
      { op: 'relu', name: 'squeezed', inputs: ['squeeze'] },
      { ...one, name: 'left', inputs: ['squeezed'], weight: 'l' },
      { ...one, name: 'right', inputs: ['squeezed'], weight: 'r', bias: 'b' },
      { op: 'concat', name: 'joined', inputs: ['left', 'right'] },
      { op: 'add', name: 'sum', inputs: ['joined', 'x'] },
      { op: 'relu', name: 'out', inputs: ['sum'] },
    ],
    {
      s: fromNested('f32', [[[[1]], [[-1]]]]),
      l: fromNested('f32', [[[[2]]]]),
      r: fromNested('f32', [[[[-3]]]]),
      b: fromNested('f32', [1]),
    },
  );
}

describe('a block with skip and concat', () => {
  // x = (a, b): s = max(a - b, 0), out = max((2 s + a, 1 - 3 s + b), 0).
  const images = fromNested('f32', [
    [[[5]], [[3]]],
    [[[-1]], [[4]]],
    [[[1]], [[9]]],
  ]);

  it('is what it is on paper', () => {
    const { output, taps } = forward(blockModel(), images, { taps: ['squeeze', 'joined', 'x'] });
    expect(toNested(output)).toEqual([
      [[[9]], [[0]]],
      [[[0]], [[5]]],
      [[[1]], [[10]]],
    ]);
    expect([...taps.keys()]).toEqual(['squeeze', 'joined', 'x']);
    expect(toNested(valueOf(taps, 'squeeze'))).toEqual([[[[2]]], [[[-5]]], [[[-8]]]]);
    expect(toNested(valueOf(taps, 'joined'))).toEqual([
      [[[4]], [[-5]]],
      [[[0]], [[1]]],
      [[[0]], [[1]]],
    ]);
    expect(valueOf(taps, 'x').data).toEqual(images.data);
  });

  it('counts what is alive at once', () => {
    // In front of concat: x, left, right of 2 + 1 + 1 elements, and the 2 it makes.
    expect(peakLiveElements(blockModel())).toBe(6);
  });
});

describe('batches', () => {
  it('of any size give the same', () => {
    fc.assert(
      fc.property(modelCases(), fc.integer({ min: 1, max: 5 }), ({ model, input }, batchSize) => {
        const taps = model.nodes.map((node) => node.name);
        const whole = forward(model, input, { taps, kernels: exactKernels });
        const parts = forward(model, input, { taps, batchSize, kernels: exactKernels });
        expect(parts).toEqual(whole);
        // The default kernels work in f64 and round once, so against exact values one rounding is left.
        const usual = forward(model, input, { taps, batchSize });
        for (const [name, exact] of whole.taps) {
          const largest = Math.max(1, ...exact.data.map(Math.abs));
          for (const [index, value] of valueOf(usual.taps, name).data.entries()) {
            expectWithin(value, exact.data[index] ?? NaN, unitRoundoff.f32 * largest, `${name}[${index}]`);
          }
        }
      }),
      { numRuns: runs() },
    );
  });

  it('each image is on its own', () => {
    const model = sequential('tiny', [2, 5, 5], { seed: 7 }).conv('c', { filters: 3, kernel: 3 }).relu().build();
    const images = zeros('f32', [3, 2, 5, 5]);
    for (let i = 0; i < images.data.length; i++) images.data[i] = (i * 37) % 11;
    const all = forward(model, images, { kernels: exactKernels }).output;
    for (const index of [0, 1, 2]) {
      const single = { ...images, shape: [1, 2, 5, 5], offset: index * 50 };
      expect(imageOf(forward(model, single, { kernels: exactKernels }).output, 0)).toEqual(imageOf(all, index));
    }
  });

  it('may be empty', () => {
    expect(forward(blockModel(), zeros('f32', [0, 2, 1, 1])).output.shape).toEqual([0, 2, 1, 1]);
  });

  it('report progress and stop when told to', () => {
    const images = zeros('f32', [5, 2, 1, 1]);
    const seen: unknown[] = [];
    const controller = new AbortController();
    const reason = new Error('enough');
    const onBatch = (progress: { done: number; images: number }): void => {
      seen.push(progress);
      if (progress.done >= 4) controller.abort(reason);
    };
    const options = { batchSize: 2, onBatch, signal: controller.signal };
    expect(() => forward(blockModel(), images, options)).toThrow(reason);
    expect(seen).toEqual([
      { done: 2, images: 5 },
      { done: 4, images: 5 },
    ]);
  });
});

describe('an output that is the input, or is tapped twice', () => {
  it('is copied out like any other', () => {
    const input = fromNested('f32', [[[[1]], [[2]]]]);
    const identity = modelOf([2, 1, 1], []);
    const { output, taps } = forward(identity, input, { taps: ['x', 'x'] });
    expect(toNested(output)).toEqual(toNested(input));
    expect(taps.size).toBe(1);
    expect(output.data).not.toBe(input.data);
  });
});

describe('placeholder weights', () => {
  it('run as the zeros they stand for', () => {
    const model = sequential('tiny', [1, 3, 3], { initialize: false })
      .conv('c', { filters: 2, kernel: 3, padding: 1 })
      .flatten()
      .linear('fc', { outputs: 2 })
      .build();
    expect(toNested(forward(model, zeros('f32', [1, 1, 3, 3])).output)).toEqual([[0, 0]]);
  });
});

describe('refusals', () => {
  const model = blockModel();

  it.each([NaN, Infinity, -Infinity])('refuses %d in the input and says where', (value) => {
    const input = zeros('f32', [2, 2, 1, 1]);
    input.data[3] = value;
    expect(() => forward(model, input)).toThrow(DomainError);
    expect(() => forward(model, input)).toThrow(`forward: input: expected finite values, got ${value} at [1, 1, 0, 0]`);
  });

  it('refuses bytes, which are not preprocessed', () => {
    const bytes: object = zeros('u8', [1, 2, 1, 1]);
    expect(() => forward(model, bytes as Tensor<'f32'>)).toThrow('forward: input: expected f32, got u8');
  });

  it('refuses other shapes, strided input, unknown taps and batch sizes that are none', () => {
    const input = zeros('f32', [1, 2, 1, 1]);
    expect(() => forward(model, zeros('f32', [1, 2, 1, 2]))).toThrow(ShapeError);
    expect(() => forward(model, transpose(zeros('f32', [2, 3, 1, 1]), [1, 0, 2, 3]))).toThrow('contiguous');
    expect(() => forward(model, input, { taps: ['y'] })).toThrow("forward: taps: expected a value of 'test', got 'y'");
    expect(() => forward(model, input, { batchSize: 0 })).toThrow('batchSize: expected a positive integer, got 0');
  });
});
