import { calibrate, computeResponses } from '@rankwise/approx';
import { referenceKernels, sizeOf, tensorOf, zeros } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advanceStreamInPlace, createStream } from '../../packages/approx/src/pipeline/approximatedStream.ts';
import { batchRanges } from '../../packages/approx/src/pipeline/calibrate.ts';
import { packState, unpackState } from '../../packages/approx/src/pipeline/packedState.ts';
import { runs } from '../kit/runs.ts';
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
        for (const batch of stream.paused) {
          for (const value of batch?.state.values.values() ?? []) {
            held += 'mask' in value ? 4 * (value.mask.length + value.elements.length) : sizeOf(value.shape) * 4;
          }
        }
        expect(held).toBeLessThanOrEqual(memoryBudget);
        if (states === 100) expect(stream.paused.filter(Boolean).length).toBeGreaterThanOrEqual(done.length);
      }
      expect(done).toEqual([1, 2, 3, 4, 5, 6]);
      // Nothing has been replaced, so what the stream delivers is what the original network has.
      expect(rows.data).toEqual(target.data);
    }
  });
});

describe('packState', () => {
  const bitsOf = ({ data, offset, shape }: Tensor<'f32'>): number[] => [
    ...new Uint32Array(data.buffer, data.byteOffset + 4 * offset, sizeOf(shape)),
  ];

  it('comes back to the bit, whatever the share of zeros', () => {
    const element = fc.oneof(
      { weight: 3, arbitrary: fc.constant(0) },
      fc.float(),
      fc.constantFrom(-0, NaN, Infinity, 1e-45),
    );
    fc.assert(
      fc.property(fc.array(element, { minLength: 3, maxLength: 100 }), fc.nat(3), (elements, skipped) => {
        const data = new Float32Array([...elements, ...elements]);
        const shape = [1, elements.length - skipped];
        const value = { ...tensorOf(data.slice(skipped, elements.length), shape), data, offset: skipped };
        const state = { images: 1, values: new Map([['a', value]]) };
        const back = unpackState(packState(state)).values.get('a')!;
        expect([back.shape, back.dtype, bitsOf(back)]).toEqual([shape, 'f32', bitsOf(value)]);
      }),
      { numRuns: runs() },
    );
  });

  it('leaves zeros out, and values with few of them as they are', () => {
    const half = tensorOf(new Float32Array(64).fill(1, 0, 32), [1, 64]);
    const full = tensorOf(new Float32Array(64).fill(1), [1, 64]);
    expect(packState({ images: 1, values: new Map([['a', half]]) }).bytes).toBe(4 * (2 + 33));
    const kept = packState({ images: 1, values: new Map([['a', full]]) });
    expect([kept.bytes, kept.values.get('a')]).toEqual([256, full]);
  });
});
