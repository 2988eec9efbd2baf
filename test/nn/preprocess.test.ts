/** From stored photographs to a network's input. */

import { describe, expect, it } from 'vitest';
import { preprocessImages, sequential } from '@rankwise/nn';
import type { Model, Preprocessing } from '@rankwise/nn';
import { DomainError, ShapeError, expandDims, fromNested, toNested, transpose, zeros } from '@rankwise/tensor';

function modelFor(shape: readonly [number, number, number], preprocessing: Preprocessing): Model {
  return sequential('tiny', shape).relu().build({ preprocessing });
}

/** One image of 1 × 2 RGB pixels. */
const pixels = fromNested('u8', [
  [
    [
      [0, 10, 20],
      [100, 150, 255],
    ],
  ],
]);

describe('preprocessImages', () => {
  it('scales, centres and divides each channel', () => {
    const model = modelFor([3, 1, 2], { scale: 0.5, mean: [0, 1, 2], std: [1, 2, 4], channelOrder: 'RGB' });
    expect(toNested(preprocessImages(model, pixels))).toEqual([[[[0, 50]], [[2, 37]], [[2, 31.375]]]]);
  });

  it('turns RGB into BGR, with mean and deviation in the order of the network', () => {
    const model = modelFor([3, 1, 2], { scale: 1, mean: [20, 10, 0], std: [1, 2, 4], channelOrder: 'BGR' });
    expect(toNested(preprocessImages(model, pixels))).toEqual([[[[0, 235]], [[0, 70]], [[0, 25]]]]);
  });

  it('rounds once: every byte gives the f32 nearest to the exact value', () => {
    const model = modelFor([1, 16, 16], {
      scale: 1 / 255,
      mean: [0.2860405969887955],
      std: [0.3530242445149223],
      channelOrder: 'grey',
    });
    const every = zeros('u8', [1, 16, 16, 1]);
    for (let byte = 0; byte < 256; byte++) every.data[byte] = byte;
    const expected = Float32Array.from(
      every.data,
      (byte) => (byte * (1 / 255) - 0.2860405969887955) / 0.3530242445149223,
    );
    expect(preprocessImages(model, every).data).toEqual(expected);
  });

  it('takes planes and grey images without a channel axis as views', () => {
    const rgb = modelFor([3, 1, 2], { scale: 1, mean: [0, 0, 0], std: [1, 1, 1], channelOrder: 'RGB' });
    const planes = fromNested('u8', [[[[0, 100]], [[10, 150]], [[20, 255]]]]);
    expect(preprocessImages(rgb, transpose(planes, [0, 2, 3, 1]))).toEqual(preprocessImages(rgb, pixels));
    const grey = modelFor([1, 1, 2], { scale: 1, mean: [0], std: [1], channelOrder: 'grey' });
    const images = fromNested('u8', [[[1, 2]], [[3, 4]]]);
    expect(toNested(preprocessImages(grey, expandDims(images, 3)))).toEqual([[[[1, 2]]], [[[3, 4]]]]);
  });

  it('refuses other sizes, other channels, and models that say nothing', () => {
    const model = modelFor([3, 1, 2], { scale: 1, mean: [0, 0, 0], std: [1, 1, 1], channelOrder: 'RGB' });
    expect(() => preprocessImages(model, zeros('u8', [5, 2, 1, 3]))).toThrow(ShapeError);
    expect(() => preprocessImages(model, zeros('u8', [5, 3, 1, 2]))).toThrow(
      "preprocessImages: images: expected u8 images [n, 1, 2, 3] for model 'tiny', got [5, 3, 1, 2]",
    );
    expect(() => preprocessImages(sequential('bare', [3, 1, 2]).relu().build(), pixels)).toThrow(DomainError);
  });
});
