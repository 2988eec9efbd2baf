/**
 * Which algorithm a convolution takes, as a pure function of its shape.
 *
 * The unit of cost is a multiply-add of the micro-kernel. With C channels and O filters of a group, r taps an axis, P
 * positions and T tiles of m × m outputs over all images, and α = m + r − 1 (⌈·⌉ rounds up to whole panels of three):
 *
 *   implicit   C r² (⌈P⌉ ⌈O⌉ + pack P)
 *   Winograd   α² C ⌈T⌉ ⌈O⌉ + t_in C ⌈T⌉ (α³ + α²) + t_out ⌈O⌉ ⌈T⌉ (α² m + α m² + 2 m²) / 2
 *              + t_w C ⌈O⌉ W (r² α + r α² + α²) / 2
 *
 * with W the number of times that the weights are transformed: once, or once for each block of tiles when they do not
 * all fit the scratch memory. `pack` and t = `transform` are measured costs per element and per multiply-add.
 */

import type { Conv2dExtents } from './checkCalls.ts';
import type { ConvolutionGeometry } from '../kernels.ts';
import { maxTransformSize } from './cookToom.ts';
import { panelWidth, tileSize } from './microKernel.ts';
import { paddedDepth, panelCount } from './packing.ts';

/** Packing one element of the patch matrix costs as much as this many multiply-adds. */
const pack = 4;
/** A multiply-add of each transform, its loads, stores and cache misses included, costs as much as this many. */
const transform = { input: 5, output: 4, weights: 1.5 } as const;
/** f64 elements (8 MiB) for each of the three scratch blocks: transformed input, transformed weights, products. */
const blockElements = 1 << 20;

export interface ImplicitPlan {
  readonly algorithm: 'implicit';
  readonly cost: number;
}

export interface WinogradPlan {
  readonly algorithm: 'winograd';
  readonly cost: number;
  /** Output extent m of a tile. */
  readonly tile: number;
  /** Panels of three tiles, and of three filters, that are worked on at a time. */
  readonly tilePanels: number;
  readonly filterPanels: number;
}

export type ConvolutionPlan = ImplicitPlan | WinogradPlan;

/**
 * The cheapest plan by the model above; Winograd only for square kernels of 2 to 5 taps, stride 1 and dilation 1.
 * @example
 * import { planConvolution } from '@rankwise/tensor';
 * const square = { height: 7, width: 7, kernelHeight: 3, kernelWidth: 3, outputHeight: 7, outputWidth: 7 };
 * const extents = { images: 32, groups: 1, channels: 192, filters: 192, ...square };
 * planConvolution(extents, { stride: [1, 1], dilation: [1, 1] }).algorithm // => "winograd"
 * planConvolution(extents, { stride: [2, 2], dilation: [1, 1] }).algorithm // => "implicit"
 */
export function planConvolution(
  extents: Conv2dExtents,
  geometry: Pick<ConvolutionGeometry, 'stride' | 'dilation'>,
  winograd = true,
): ConvolutionPlan {
  let best: ConvolutionPlan = { algorithm: 'implicit', cost: implicitCost(extents) };
  const taps = extents.kernelHeight;
  const unitSteps = [...geometry.stride, ...geometry.dilation].every((step) => step === 1);
  if (!winograd || !unitSteps || taps !== extents.kernelWidth || taps < 2 || taps > 5) return best;
  for (let tile = 2; tile + taps - 1 <= maxTransformSize; tile++) {
    const plan = winogradPlan(extents, tile);
    if (plan.cost < best.cost) best = plan;
  }
  return best;
}

/** Number of tiles of `tile` × `tile` outputs over all images. */
export function tileCount({ images, outputHeight, outputWidth }: Conv2dExtents, tile: number): number {
  return images * Math.ceil(outputHeight / tile) * Math.ceil(outputWidth / tile);
}

/**
 * Modelled cost of the implicit product.
 * @example
 * import { implicitCost } from '@rankwise/tensor';
 * const square = { height: 3, width: 3, kernelHeight: 3, kernelWidth: 3, outputHeight: 1, outputWidth: 1 };
 * implicitCost({ images: 3, groups: 1, channels: 2, filters: 3, ...square }) // => 378
 */
export function implicitCost(extents: Conv2dExtents): number {
  const { images, groups, channels, filters, kernelHeight, kernelWidth, outputHeight, outputWidth } = extents;
  const positions = images * outputHeight * outputWidth;
  const taps = channels * kernelHeight * kernelWidth;
  return groups * taps * (whole(positions) * whole(filters) + pack * positions);
}

/**
 * The Winograd plan with tiles of `tile` × `tile` outputs, whether or not it is a good one.
 * @example
 * import { winogradPlan } from '@rankwise/tensor';
 * const square = { height: 7, width: 7, kernelHeight: 3, kernelWidth: 3, outputHeight: 7, outputWidth: 7 };
 * const extents = { images: 32, groups: 1, channels: 192, filters: 192, ...square };
 * winogradPlan(extents, 7).tile // => 7
 */
export function winogradPlan(extents: Conv2dExtents, tile: number): WinogradPlan {
  const { groups, channels, filters, kernelHeight: taps } = extents;
  const size = tile + taps - 1;
  const tiles = whole(tileCount(extents, tile));
  const rows = whole(filters);
  const { tilePanels, filterPanels } = blocks(size, channels, panelCount(filters), panelCount(tiles));
  const rounds = filterPanels * panelWidth >= rows ? 1 : Math.ceil(tiles / (tilePanels * panelWidth));
  const products = size ** 2 * channels * tiles * rows;
  const input = channels * tiles * (size ** 3 + size ** 2);
  const output = (rows * tiles * (size ** 2 * tile + size * tile ** 2 + 2 * tile ** 2)) / 2;
  const weights = (channels * rows * rounds * (taps ** 2 * size + taps * size ** 2 + size ** 2)) / 2;
  const transforms = transform.input * input + transform.output * output + transform.weights * weights;
  const cost = groups * (products + transforms);
  return { algorithm: 'winograd', cost, tile, tilePanels, filterPanels };
}

/** The largest blocks whose transformed input, transformed weights and products each fit their scratch memory. */
function blocks(
  size: number,
  channels: number,
  allFilters: number,
  allTiles: number,
): Pick<WinogradPlan, 'tilePanels' | 'filterPanels'> {
  const fitting = Math.max(1, Math.floor(blockElements / (size ** 2 * paddedDepth(channels) * panelWidth)));
  const filterPanels = Math.max(1, Math.min(allFilters, fitting));
  const byProducts = Math.max(1, Math.floor(blockElements / (size ** 2 * tileSize * filterPanels)));
  return { filterPanels, tilePanels: Math.max(1, Math.min(allTiles, fitting, byProducts)) };
}

/** Rounded up to whole panels. */
function whole(lanes: number): number {
  return panelCount(lanes) * panelWidth;
}
