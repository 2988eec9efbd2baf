/**
 * Convolution by minimal filtering in two dimensions, F(m × m, r × r), in f64 (Lavin & Gray 2016, algorithm 1):
 *
 *   Y = Aᵀ [ Σ_c (G g_c Gᵀ) ⊙ (Bᵀ d_c B) ] A      for each tile d of α × α inputs, α = m + r − 1
 *
 * The sum over channels is α² independent products [filters, channels] · [channels, tiles], one for each element ξ of a
 * transformed tile. Their operands are written by the transforms in packed form:
 *
 * | block    | layout                                      | what                                     |
 * |----------|---------------------------------------------|------------------------------------------|
 * | weights  | [α²][filter panels][channels][3 filters]    | G g Gᵀ                                   |
 * | tiles    | [α²][tile panels][channels][3 tiles]        | Bᵀ d B                                   |
 * | products | [α²][filter panels][tile panels][3][3]      | their products, then reduced by Aᵀ · A   |
 *
 * Blocks of tiles and filters (see convolutionPlan.ts) bound the memory to 24 MiB, or what one panel of each needs. Data are
 * f32 and arithmetic is f64, so the growth of large tiles (about 10^3 at α = 12) stays far below the rounding of the result.
 */

import type { Conv2dCall } from '../kernels.ts';
import type { Conv2dExtents } from './checkCalls.ts';
import { tileCount } from './convolutionPlan.ts';
import type { WinogradPlan } from './convolutionPlan.ts';
import { cookToom } from './cookToom.ts';
import { vectorOf } from './matmulBlocked.ts';
import { multiplyPanels, panelWidth, tileSize } from './microKernel.ts';
import { mirroredMatrix } from './mirrorTransform.ts';
import type { MirroredMatrix } from './mirrorTransform.ts';
import { paddedDepth, panelCount } from './packing.ts';
import { createScratch } from './scratch.ts';
import { reduceProducts, transformTiles, transformWeights } from './winogradTransforms.ts';

const weightScratch = createScratch();
const tileScratch = createScratch();
const productScratch = createScratch();

/** Keeps the α² parts of a block from falling into the same sets of a cache when their size is a power of two. */
const skew = 8;

/** What the transforms need to know of one call. */
export interface WinogradJob {
  readonly call: Conv2dCall;
  readonly extents: Conv2dExtents;
  readonly tile: number;
  readonly size: number;
  readonly filter: MirroredMatrix;
  readonly input: MirroredMatrix;
  readonly output: MirroredMatrix;
  readonly bias: Float64Array | undefined;
  readonly tiles: number;
  readonly depth: number;
}

/** A block with the distance between its parts for two neighbouring ξ. */
export interface PackedBlock {
  readonly data: Float64Array;
  readonly stride: number;
  readonly panels: number;
}

/**
 * See Kernels.conv2d. The call has been checked and planned.
 * @example
 * import { checkConv2dCall, conv2dWinograd, full, winogradPlan } from '@rankwise/tensor';
 * const geometry = { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1 } as const;
 * const output = full('f32', [1, 1, 2, 2], NaN);
 * const call = { input: full('f32', [1, 2, 4, 4], 1), weight: full('f32', [1, 2, 3, 3], 0.5), output, ...geometry };
 * const extents = checkConv2dCall(call);
 * conv2dWinograd(call, extents, winogradPlan(extents, 2));
 * Array.from(output.data) // => [9, 9, 9, 9]
 */
export function conv2dWinograd(call: Conv2dCall, extents: Conv2dExtents, plan: WinogradPlan): void {
  const job = prepare(call, extents, plan.tile);
  const filterPanels = panelCount(extents.filters);
  const tilePanels = panelCount(job.tiles);
  const keepWeights = plan.filterPanels >= filterPanels;
  for (let group = 0; group < extents.groups; group++) {
    for (let tile = 0; tile < tilePanels; tile += plan.tilePanels) {
      const tiles = block(tileScratch, job, Math.min(plan.tilePanels, tilePanels - tile), job.depth * panelWidth);
      transformTiles(job, group, tile * panelWidth, tiles);
      for (let filter = 0; filter < filterPanels; filter += plan.filterPanels) {
        const count = Math.min(plan.filterPanels, filterPanels - filter);
        const weights = block(weightScratch, job, count, job.depth * panelWidth);
        if (tile === 0 || !keepWeights) transformWeights(job, group, filter * panelWidth, weights);
        const products = block(productScratch, job, count * tiles.panels, tileSize);
        multiplyAll(job, weights, tiles, products);
        reduceProducts(job, group, filter * panelWidth, tile * panelWidth, tiles.panels, products);
      }
    }
  }
}

function prepare(call: Conv2dCall, extents: Conv2dExtents, tile: number): WinogradJob {
  const matrices = cookToom(tile, extents.kernelHeight);
  return {
    call,
    extents,
    tile,
    size: matrices.size,
    filter: mirroredMatrix(matrices, 'filter'),
    input: mirroredMatrix(matrices, 'input'),
    output: mirroredMatrix(matrices, 'output'),
    bias: call.bias === undefined ? undefined : vectorOf(call.bias),
    tiles: tileCount(extents, tile),
    depth: paddedDepth(extents.channels),
  };
}

function block(
  scratch: (length: number) => Float64Array,
  { size }: WinogradJob,
  panels: number,
  each: number,
): PackedBlock {
  const stride = panels * each + skew;
  return { data: scratch(size * size * stride), stride, panels };
}

/** The α² products. */
function multiplyAll(
  { size, depth }: WinogradJob,
  weights: PackedBlock,
  tiles: PackedBlock,
  products: PackedBlock,
): void {
  for (let part = 0; part < size * size; part++) {
    for (let panel = 0; panel < weights.panels; panel++) {
      multiplyPanels(
        weights.data,
        part * weights.stride + panel * depth * panelWidth,
        tiles.data,
        part * tiles.stride,
        tiles.panels,
        depth,
        products.data,
        part * products.stride + panel * tiles.panels * tileSize,
      );
    }
  }
}
