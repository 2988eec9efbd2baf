/**
 * As many different images as are wanted from a few photographs: the photographs themselves, then squares cut out of them at random,
 * of 65 to 100 % of their side, half of them mirrored, brought back to the full size (the nearest pixel). No file of photographs: smooth random ones.
 */

import { ShapeError, createRandom, tensorOf } from '@rankwise/tensor';
import { preprocessImages } from '@rankwise/nn';
import type { ImageSource, Model } from '@rankwise/nn';

const leastSide = 0.65;
/** Drawn where there is no file. */
const drawnPhotographs = 40;

interface Square {
  readonly side: number;
  readonly top: number;
  readonly left: number;
  readonly isMirrored: boolean;
}

/**
 * A source of `count` images, each the same whenever it is asked for.
 * @param photographs - bytes [n, height, width, channels] of the model's size; by default drawn from the seed
 * @throws ShapeError when the bytes are not a whole number of photographs.
 */
export function photographViews(
  model: Model,
  count: number,
  seed: number,
  photographs: Uint8Array = drawPhotographs(model, seed),
): ImageSource {
  const [channels, height, width] = model.input.shape;
  const area = channels * height * width;
  const available = Math.floor(photographs.length / area);
  if (available === 0 || available * area !== photographs.length) {
    throw new ShapeError(
      `photographViews: photographs: expected photographs of ${area} bytes (${height}×${width}×${channels}), got ${photographs.length} bytes`,
    );
  }
  const squareOf = (index: number): Square => {
    if (index < available) return { side: 1, top: 0, left: 0, isMirrored: false };
    const random = createRandom(seed).fork('views').fork(index);
    const side = leastSide + (1 - leastSide) * random.uniform();
    const [top, left] = [(1 - side) * random.uniform(), (1 - side) * random.uniform()];
    return { side, top, left, isMirrored: random.uniform() < 0.5 };
  };
  const copyView = (index: number, out: Uint8Array): void => {
    const { side, top, left, isMirrored } = squareOf(index);
    const base = (index % available) * area;
    for (let y = 0; y < height; y++) {
      const row = base + Math.floor(height * top + y * side) * width * channels;
      for (let x = 0; x < width; x++) {
        const across = isMirrored ? width - 1 - x : x;
        const pixel = row + Math.floor(width * left + across * side) * channels;
        for (let c = 0; c < channels; c++) out[(y * width + x) * channels + c] = photographs[pixel + c] ?? 0;
      }
    }
  };
  return {
    count,
    shape: model.input.shape,
    batch: (from, to) => {
      const views = new Uint8Array((to - from) * area);
      for (let index = from; index < to; index++) {
        copyView(index, views.subarray((index - from) * area, (index - from + 1) * area));
      }
      return preprocessImages(model, tensorOf(views, [to - from, height, width, channels]));
    },
  };
}

/** Each a sum of waves, like light and shade. */
function drawPhotographs(model: Model, seed: number): Uint8Array {
  const [channels, height, width] = model.input.shape;
  const photographs = new Uint8Array(drawnPhotographs * height * width * channels);
  let next = 0;
  for (let i = 0; i < drawnPhotographs; i++) {
    const random = createRandom(seed).fork('photographs').fork(i);
    const waves = Array.from({ length: 6 * channels }, () => [
      (10 * random.normal()) / width,
      (10 * random.normal()) / height,
      6 * random.uniform(),
    ]);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let c = 0; c < channels; c++) {
          let light = 128;
          for (let w = c; w < waves.length; w += channels) {
            const [across = 0, down = 0, phase = 0] = waves[w] ?? [];
            light += 20 * Math.sin(across * x + down * y + phase);
          }
          photographs[next++] = Math.max(0, Math.min(255, light));
        }
      }
    }
  }
  return photographs;
}
