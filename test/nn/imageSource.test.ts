/** Images read a batch at a time, and chosen out of order. */

import { describe, expect, it } from 'vitest';
import { imageSourceOf, selectImages } from '@rankwise/nn';
import type { ImageSource } from '@rankwise/nn';
import { DomainError, ShapeError, fromNested, isContiguous, toNested, transpose, zeros } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';

const images = fromNested('f32', [[[[0]]], [[[10]]], [[[20]]], [[[30]]], [[[40]]]]);

async function pixels(source: ImageSource, from: number, to: number): Promise<unknown> {
  return toNested(await source.batch(from, to));
}

describe('imageSourceOf', () => {
  it('gives ranges', async () => {
    const source = imageSourceOf(images);
    expect(source.count).toBe(5);
    expect(source.shape).toEqual([1, 1, 1]);
    expect(await pixels(source, 1, 3)).toEqual([[[[10]]], [[[20]]]]);
    expect(await pixels(source, 0, 5)).toEqual(toNested(images));
  });

  it('makes batches of a strided view contiguous', async () => {
    const batch = await imageSourceOf(transpose(fromNested('f32', [[[[1, 2]]], [[[3, 4]]]]), [3, 1, 2, 0])).batch(1, 2);
    expect([batch.shape, isContiguous(batch), toNested(batch)]).toEqual([[1, 1, 1, 2], true, [[[[2, 4]]]]]);
  });

  it('refuses anything but four axes, and what is not f32', () => {
    expect(() => imageSourceOf(zeros('f32', [5, 2, 2]))).toThrow(ShapeError);
    const bytes: object = zeros('u8', [5, 1, 2, 2]);
    expect(() => imageSourceOf(bytes as Tensor<'f32'>)).toThrow('expected f32, preprocessed, got u8');
  });
});

describe('selectImages', () => {
  it('keeps the given order, repeats included', async () => {
    const chosen = selectImages(imageSourceOf(images), [3, 4, 0, 0, 2]);
    expect(chosen.count).toBe(5);
    expect(await pixels(chosen, 0, 5)).toEqual([[[[30]]], [[[40]]], [[[0]]], [[[0]]], [[[20]]]]);
    expect(await pixels(chosen, 1, 3)).toEqual([[[[40]]], [[[0]]]]);
  });

  it('reads runs of neighbours together, also from a source that takes its time', async () => {
    const asked: [number, number][] = [];
    const source = imageSourceOf(images);
    const slow: ImageSource = {
      ...source,
      batch: async (from, to) => {
        asked.push([from, to]);
        return source.batch(from, to);
      },
    };
    expect(await pixels(selectImages(slow, [1, 2, 4]), 0, 3)).toEqual([[[[10]]], [[[20]]], [[[40]]]]);
    expect(asked.slice(0, 2)).toEqual([
      [1, 3],
      [4, 5],
    ]);
  });

  it('refuses indices outside the source', () => {
    for (const index of [-1, 5, 0.5]) {
      expect(() => selectImages(imageSourceOf(images), [0, index])).toThrow(DomainError);
    }
  });
});
