/**
 * Which windows of a max pool are sampled, where a layer is fitted by its pooled responses.
 *
 * | symbol | meaning                                                                    |
 * |--------|----------------------------------------------------------------------------|
 * | g      | rows of a window: kernelHeight · kernelWidth of the pool                   |
 * | perImage | g · windows per image; windows per image: positions asked for / g, rounded, at least one |
 *
 * Only windows that lie wholly in the map are drawn, distinct and uniformly random for every image, by the draw of samplePositions.
 * Where windows overlap, a position may come twice.
 */

import { DomainError } from '@rankwise/tensor';
import type { ConvolutionLayer } from '../layers.ts';
import { isPoolable } from '../solve/nonlinearity.ts';
import { samplePositions } from './samplePositions.ts';
import type { SampledPositions } from './samplePositions.ts';

/** What positions are drawn for. */
export interface PositionDraw {
  readonly seed: number;
  readonly images: number;
  /** Positions per image. */
  readonly wanted: number;
  /** Whole windows of the max pool that reads a layer, where there is one; default false. */
  readonly pooled?: boolean;
}

/**
 * Positions of one layer: windows where they are asked for and the layer has them, single positions elsewhere.
 * @throws DomainError as samplePositions does.
 * @example
 * import { convolutionLayers, drawPositions } from '@rankwise/approx';
 * import { sequential } from '@rankwise/nn';
 * const model = sequential('tiny', [1, 2, 4]).conv('conv1', { filters: 1, kernel: 1 }).relu().maxPool('pool1', { kernel: 2 }).build();
 * const [layer] = convolutionLayers(model);
 * const { indices, window } = drawPositions(layer, { seed: 1, images: 1, wanted: 8, pooled: true });
 * [window, indices] // => [4, new Int32Array([0, 1, 4, 5, 2, 3, 6, 7])]
 */
export function drawPositions(
  layer: ConvolutionLayer,
  { seed, images, wanted, pooled = false }: PositionDraw,
): SampledPositions {
  const draw = { seed, layer: layer.name, images };
  const windows = pooled ? poolingWindows(layer) : [];
  const [first] = windows;
  if (first === undefined) return samplePositions({ ...draw, available: layer.positions, wanted });
  if (!Number.isInteger(wanted) || wanted < 1) {
    throw new DomainError(`drawPositions: wanted: expected a positive integer, got ${wanted}`);
  }
  const window = first.length;
  const perWindow = Math.max(1, Math.round(wanted / window));
  const drawn = samplePositions({ ...draw, available: windows.length, wanted: perWindow });
  const indices = new Int32Array(drawn.indices.length * window);
  drawn.indices.forEach((index, i) => indices.set(windows[index] ?? [], i * window));
  return { perImage: drawn.perImage * window, indices, window };
}

/** The positions of each window that lies wholly in the map, in the order of the pool's output; none where r or the pool is unfit. */
export function poolingWindows({ outputShape, pooling, nonlinearity }: ConvolutionLayer): Int32Array[] {
  if (pooling === undefined || !isPoolable(nonlinearity)) return [];
  const [, height = 0, width = 0] = outputShape;
  const { kernel, stride, padding } = pooling;
  if (kernel[0] * kernel[1] === 1) return [];
  const windows: Int32Array[] = [];
  for (let top = -padding[0]; top + kernel[0] <= height; top += stride[0]) {
    for (let left = -padding[1]; left + kernel[1] <= width; left += stride[1]) {
      if (top < 0 || left < 0) continue;
      windows.push(
        Int32Array.from(
          { length: kernel[0] * kernel[1] },
          (_, i) => (top + Math.floor(i / kernel[1])) * width + left + (i % kernel[1]),
        ),
      );
    }
  }
  return windows;
}
