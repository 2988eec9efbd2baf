/**
 * The three transforms of a Winograd convolution between NCHW tensors in f32 and the packed f64 blocks of conv2dWinograd.ts.
 *
 *   transformWeights   G g Gᵀ for three filters at a time
 *   transformTiles     Bᵀ d B for three tiles at a time, zeros outside the input
 *   reduceProducts     Aᵀ M A for three filters times three tiles, then bias, activation and the store
 *
 * Lanes past the last filter or tile repeat the last one; what they give is not stored.
 */

import type { PackedBlock, WinogradJob } from './conv2dWinograd.ts';
import { panelWidth, tileSize } from './microKernel.ts';
import { contract, expand, expandThreeTaps } from './mirrorTransform.ts';
import { createScratch } from './scratch.ts';

const patchScratch = createScratch();
const halfScratch = createScratch();

/** Where a tile lies: its image, and its first output row and column. */
interface TileOrigin {
  readonly image: number;
  readonly row: number;
  readonly column: number;
}

/** Writes G g Gᵀ of the block's filters, the first of which is `firstFilter` of the group. */
export function transformWeights(job: WinogradJob, group: number, firstFilter: number, block: PackedBlock): void {
  const { size, depth, filter, extents, call } = job;
  const { channels, filters, kernelHeight: taps } = extents;
  const patch = patchScratch(taps * taps * panelWidth);
  const half = halfScratch(size * taps * panelWidth);
  const first = { vectors: taps, sourceStep: taps * 3, sourceVector: 3, targetStep: taps * 3, targetVector: 3 };
  const second = secondPass(size, taps, block.stride);
  const transform = taps === 3 ? expandThreeTaps : expand;
  const { data, offset } = call.weight;
  for (let panel = 0; panel < block.panels; panel++) {
    const panelStart = panel * depth * panelWidth;
    for (let c = 0; c < channels; c++) {
      for (let lane = 0; lane < panelWidth; lane++) {
        const which = group * filters + Math.min(filters - 1, firstFilter + panel * panelWidth + lane);
        let from = offset + (which * channels + c) * taps * taps;
        for (let to = lane; to < taps * taps * 3; to += 3) patch[to] = data[from++]!;
      }
      transform(filter, patch, 0, half, 0, first);
      transform(filter, half, 0, block.data, panelStart + c * panelWidth, second);
    }
  }
  clearPaddedDepth(job, block);
}

/** Writes Bᵀ d B of the block's tiles, the first of which is number `firstTile`. */
export function transformTiles(job: WinogradJob, group: number, firstTile: number, block: PackedBlock): void {
  const { size, depth, input, extents } = job;
  const patch = patchScratch(size * size * panelWidth);
  const half = halfScratch(size * size * panelWidth);
  const first = { vectors: size, sourceStep: size * 3, sourceVector: 3, targetStep: size * 3, targetVector: 3 };
  const second = secondPass(size, size, block.stride);
  for (let panel = 0; panel < block.panels; panel++) {
    const origins = [0, 1, 2].map((lane) => originOf(job, firstTile + panel * panelWidth + lane));
    for (let c = 0; c < extents.channels; c++) {
      patch.fill(0, 0, size * size * panelWidth);
      for (let lane = 0; lane < panelWidth; lane++) readPatch(job, group, c, origins[lane]!, patch, lane);
      expand(input, patch, 0, half, 0, first);
      expand(input, half, 0, block.data, (panel * depth + c) * panelWidth, second);
    }
  }
  clearPaddedDepth(job, block);
}

/** Reads the products' tiles, and stores what belongs to the output. */
export function reduceProducts(
  job: WinogradJob,
  group: number,
  firstFilter: number,
  firstTile: number,
  tilePanels: number,
  block: PackedBlock,
): void {
  const { size, tile, output, extents } = job;
  const half = halfScratch(tile * size * tileSize);
  const result = patchScratch(tile * tile * tileSize);
  const first = {
    vectors: 3,
    sourceStep: size * block.stride,
    sourceVector: 3,
    targetStep: size * tileSize,
    targetVector: 3,
  };
  const second = { vectors: 3, sourceStep: tileSize, sourceVector: 3, targetStep: tileSize, targetVector: 3 };
  for (let at = 0; at < block.panels; at++) {
    for (let x = 0; x < size; x++) {
      contract(output, block.data, x * block.stride + at * tileSize, half, x * tileSize, first);
    }
    for (let y = 0; y < tile; y++) {
      contract(output, half, y * size * tileSize, result, y * tile * tileSize, second);
    }
    const filter = firstFilter + Math.floor(at / tilePanels) * panelWidth;
    const tileNumber = firstTile + (at % tilePanels) * panelWidth;
    for (let c = 0; c < panelWidth && tileNumber + c < job.tiles; c++) {
      const origin = originOf(job, tileNumber + c);
      for (let r = 0; r < panelWidth && filter + r < extents.filters; r++) {
        storeTile(job, group * extents.filters + filter + r, origin, result, r * panelWidth + c);
      }
    }
  }
}

/** Rows of the half-transformed patch to the α² parts of a block. */
function secondPass(size: number, columns: number, stride: number): Parameters<typeof expand>[5] {
  return {
    vectors: size,
    sourceStep: panelWidth,
    sourceVector: columns * panelWidth,
    targetStep: stride,
    targetVector: size * stride,
  };
}

/** The micro-kernel reads an even number of channels; the one past an odd number is zero. */
function clearPaddedDepth({ size, depth, extents }: WinogradJob, block: PackedBlock): void {
  if (depth === extents.channels) return;
  for (let part = 0; part < size * size; part++) {
    for (let panel = 0; panel < block.panels; panel++) {
      const start = part * block.stride + panel * depth * panelWidth;
      block.data.fill(0, start + extents.channels * panelWidth, start + depth * panelWidth);
    }
  }
}

function originOf({ tile, tiles, extents }: WinogradJob, number: number): TileOrigin {
  const across = Math.ceil(extents.outputWidth / tile);
  const down = Math.ceil(extents.outputHeight / tile);
  const index = Math.min(tiles - 1, number);
  return {
    image: Math.floor(index / (across * down)),
    row: (Math.floor(index / across) % down) * tile,
    column: (index % across) * tile,
  };
}

/** Copies the part of a tile's α × α inputs that lies inside the image to lane `lane` of the patch. */
function readPatch(
  job: WinogradJob,
  group: number,
  c: number,
  origin: TileOrigin,
  patch: Float64Array,
  lane: number,
): void {
  const { size, call, extents } = job;
  const { groups, channels, height, width } = extents;
  const { data, offset } = call.input;
  const top = origin.row - call.padding[0];
  const left = origin.column - call.padding[1];
  const plane = offset + ((origin.image * groups + group) * channels + c) * height * width;
  const firstX = Math.max(0, -left);
  const endX = Math.min(size, width - left);
  const endY = Math.min(size, height - top);
  for (let y = Math.max(0, -top); y < endY; y++) {
    let from = plane + (top + y) * width + left + firstX;
    let to = (y * size + firstX) * 3 + lane;
    for (let x = firstX; x < endX; x++, from++, to += 3) patch[to] = data[from]!;
  }
}

function storeTile(job: WinogradJob, filter: number, origin: TileOrigin, result: Float64Array, lane: number): void {
  const { tile, call, extents, bias } = job;
  const { groups, filters, outputHeight, outputWidth } = extents;
  const { data, offset } = call.output;
  const shift = bias === undefined ? 0 : bias[filter]!;
  const floor = call.activation === 'relu' ? 0 : -Infinity;
  const plane = offset + (origin.image * groups * filters + filter) * outputHeight * outputWidth;
  const endY = Math.min(tile, outputHeight - origin.row);
  const endX = Math.min(tile, outputWidth - origin.column);
  for (let y = 0; y < endY; y++) {
    let to = plane + (origin.row + y) * outputWidth + origin.column;
    let from = y * tile * tileSize + lane;
    for (let x = 0; x < endX; x++, to++, from += 9) {
      const value = result[from]! + shift;
      data[to] = value <= floor ? floor : value;
    }
  }
}
