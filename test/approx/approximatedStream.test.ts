import { calibrate, computeResponses } from '@rankwise/approx';
import { referenceKernels, sizeOf, zeros } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { advanceStreamInPlace, createStream } from '../../packages/approx/src/pipeline/approximatedStream.ts';
import { batchRanges } from '../../packages/approx/src/pipeline/calibrate.ts';
import { imagesFor, residualNetwork } from './networks.ts';

describe('batchRanges', () => {
  it('covers the images in order and cuts at the boundary', () => {
    expect(batchRanges(10, 4, 6)).toEqual([
      [0, 4],
      [4, 6],
      [6, 10],
    ]);
    expect(batchRanges(5, 9)).toEqual([[0, 5]]);
    expect(batchRanges(0, 3)).toEqual([]);
  });
});

describe('advanceStreamInPlace', () => {
  // One image's states: relu0 in front of conv1 (384 elements), relu1 and relu0 in front of conv2, relu2 in front of conv3.
  const bytes = 384 * 4;

  it.each([0, 1, 3, 4, 6, 7, 12, 100])('holds at most a budget of %i states at every moment', async (states) => {
    const model = residualNetwork();
    const calibration = await calibrate(model, imagesFor(model, 6), { positions: 5, batchSize: 1 });
    const memoryBudget = states * bytes;
    const stream = createStream(calibration.images, batchRanges(6, 1), memoryBudget);
    for (const { layer, positions, target } of calibration.layers) {
      const rows = zeros('f32', target.shape);
      const done: number[] = [];
      const respond = (input: Tensor<'f32'>, firstImage: number): void =>
        computeResponses(model, layer, input, positions, firstImage, rows, referenceKernels);
      for await (const images of advanceStreamInPlace(stream, model, layer, respond, referenceKernels)) {
        done.push(images);
        let held = 0;
        for (const state of stream.states) {
          for (const value of state?.values.values() ?? []) held += sizeOf(value.shape) * 4;
        }
        expect(held).toBeLessThanOrEqual(memoryBudget);
        if (states === 100) expect(stream.states.filter(Boolean).length).toBeGreaterThanOrEqual(done.length);
      }
      expect(done).toEqual([1, 2, 3, 4, 5, 6]);
      // Nothing has been replaced, so what the stream delivers is what the original network has.
      expect(rows.data).toEqual(target.data);
    }
  });
});
