/** Convolution by minimal filtering: three transforms around a batch of products. See emit/winograd.ts. */

import { passIndex } from '../emit/passTable.ts';
import { productTask } from '../emit/product.ts';
import {
  quadsOfItem,
  winogradFilterTask,
  winogradInputTask,
  winogradOutputTask,
  winogradScratchBytes,
} from '../emit/winogradTasks.ts';
import type { TransformKind } from '../emit/transformLine.ts';
import type { WinogradPlan } from '../plan/convolutionPlan.ts';
import { lanes } from '../plan/convolutionPlan.ts';
import { planProduct } from '../plan/productPlan.ts';
import type { ProductPlan } from '../plan/productPlan.ts';
import { roundUp } from '../plan/tileShape.ts';
import { borderedPlanes, downloadPlanes, outputPlanes, weightMatrix } from './convolutionPart.ts';
import type { ConvolutionPart } from './convolutionPart.ts';
import type { Allocate, Machine } from './machine.ts';
import { withScratch } from './machine.ts';
import { uploadMatrix, uploadVector } from './transfer.ts';

const lineBytes = 64;

/**
 * Panels of tiles up to which the products read the weights ahead: see emitTile. Each panel uses a weight once while it is in the
 * first-level cache, so with few of them memory is what is waited for. Measured on 512 → 512 channels: with 3 panels (9 tiles) reading
 * ahead is a seventh faster, with 16 tiles up to a twelfth; with 25 and more nothing stood out of the noise.
 */
const mostPanelsStreamed = 8;

interface Scratch {
  readonly scratch: number;
  readonly scratchStride: number;
}

export function convolveWinograd(machine: Machine, part: ConvolutionPart, plan: WinogradPlan): void {
  const { images, channels, filters, outputHeight, outputWidth } = part.extents;
  const { y, x, tile } = plan;
  const tiles = images * y.tiles * x.tiles;
  const points = y.size * x.size;
  const depth = roundUp(channels, lanes);
  // With few tiles the products wait for the transformed weights, not for the arithmetic.
  const streamed = Math.ceil(tiles / tile.rows) <= mostPanelsStreamed;
  const product = planProduct({ rows: tiles, columns: filters, depth }, lanes, tile, {
    walk: streamed ? 'streamed' : 'down',
  });
  const weights = transformedWeights(machine, part, plan, product);
  withScratch(machine, (allocate) => {
    const scratch = {
      scratch: allocate(machine.runner.threads * winogradScratchBytes),
      scratchStride: winogradScratchBytes,
    };
    const input = transformedInput(machine, allocate, part, plan, product, scratch);
    const strides = pointStrides(product);
    const products = allocate(points * strides.out);
    const zeros = allocate(product.rows * 4);
    uploadVector(machine, zeros, product.rows, 'f32', undefined);
    machine.runner.run(
      productTask('f32', tile, streamed),
      {
        ...product,
        left: input,
        right: weights,
        out: products,
        bias: zeros,
        leftBatch: strides.left,
        rightBatch: strides.right,
        outBatch: strides.out,
        rowStride: product.columns * 4,
        flags: 0,
      },
      points * product.items,
      (points * product.rows * product.columns * depth) / lanes,
    );
    const output = transformedProducts(machine, allocate, part, plan, products, product, scratch);
    downloadPlanes(machine, part, output, roundUp(filters, lanes) * outputHeight * outputWidth);
  });
}

/** Bytes from point to point of V, U and M. */
function pointStrides({ rows, columns, depth }: ProductPlan) {
  return { left: oddLines(rows * depth * 4), right: oddLines(columns * depth * 4), out: oddLines(rows * columns * 4) };
}

function axesOf({ y, x }: WinogradPlan, kind: TransformKind) {
  return {
    passY: passIndex(`${kind}Y`, y),
    passX: passIndex(`${kind}X`, x),
    sizeY: y.size,
    sizeX: x.size,
  };
}

/** U, as right panels for each point. */
function transformedWeights(machine: Machine, part: ConvolutionPart, plan: WinogradPlan, product: ProductPlan): number {
  const { y, x, tile } = plan;
  const { channels, filters } = part.extents;
  const width = tile.vectors * lanes;
  // Two panels behind the last: reading ahead begins with the next one and may pass its end by 16 bytes for each k.
  const { right } = pointStrides(product);
  const bytes = y.size * x.size * right + 2 * width * product.depth * 4;
  const layout = `winograd ${y.size}x${x.size} width ${width}`;
  return machine.weights.packed(part.weight, layout, bytes, (target) =>
    withScratch(machine, (allocate) => {
      // The last quad may read past the last filter.
      const room = allocate(roundUp(filters, lanes) * channels * y.taps * x.taps * 4);
      const { address } = uploadMatrix(machine, () => room, weightMatrix(part.weight));
      if (channels < product.depth) machine.heap.u8.fill(0, target, target + bytes);
      machine.runner.run(
        winogradFilterTask,
        {
          source: address,
          target,
          channels,
          tapsY: y.taps,
          tapsX: x.taps,
          pointBytes: right,
          panelBytes: width * product.depth * 4,
          width,
          ...axesOf(plan, 'filter'),
          scratch: allocate(machine.runner.threads * winogradScratchBytes),
          scratchStride: winogradScratchBytes,
        },
        Math.ceil(filters / lanes),
        2 * y.size * x.size * channels * filters,
      );
    }),
  );
}

/** V, as left panels for each point. */
function transformedInput(
  machine: Machine,
  allocate: Allocate,
  part: ConvolutionPart,
  plan: WinogradPlan,
  product: ProductPlan,
  scratch: Scratch,
): number {
  const { images, height, width } = part.extents;
  const { y, x, tile } = plan;
  const { depth } = product;
  const [top, left] = part.call.padding;
  // Tiles may reach past the far border of the padded input.
  const planes = borderedPlanes(machine, allocate, part, {
    channels: depth,
    height: Math.max(top + height, y.tiles * y.outputs + y.taps - 1),
    width: Math.max(left + width, x.tiles * x.outputs + x.taps - 1),
  });
  const planeBytes = planes.height * planes.width * 4;
  const points = y.size * x.size;
  const tiles = images * y.tiles * x.tiles;
  const { left: pointBytes } = pointStrides(product);
  const target = allocate(points * pointBytes);
  const offsets = allocate(tiles * 4);
  const table = machine.heap.i32;
  eachTile(part, plan, (index, image, tileY, tileX) => {
    const line = image * depth * planes.height + tileY * y.outputs;
    table[offsets / 4 + index] = 4 * (line * planes.width + tileX * x.outputs);
  });
  const quads = depth / lanes;
  machine.runner.run(
    winogradInputTask,
    {
      source: planes.address,
      target,
      planeBytes,
      lineBytes: planes.width * 4,
      offsets,
      tiles,
      quads,
      pointBytes,
      panelBytes: tile.rows * depth * 4,
      width: tile.rows,
      ...axesOf(plan, 'input'),
      ...scratch,
    },
    product.leftPanels * Math.ceil(quads / quadsOfItem),
    2 * points * tiles * depth,
  );
  return target;
}

/** y with bias and activation: planes of all filters, rounded up to quads. */
function transformedProducts(
  machine: Machine,
  allocate: Allocate,
  part: ConvolutionPart,
  plan: WinogradPlan,
  source: number,
  product: ProductPlan,
  scratch: Scratch,
): number {
  const { images, filters, outputHeight, outputWidth } = part.extents;
  const { y, x } = plan;
  const quads = Math.ceil(filters / lanes);
  const plane = outputHeight * outputWidth;
  const tiles = images * y.tiles * x.tiles;
  const target = outputPlanes(machine, allocate, part, quads * lanes * plane);
  const bias = allocate(quads * lanes * 4);
  uploadVector(machine, bias, quads * lanes, 'f32', part.bias);
  const places = allocate(tiles * 12);
  const table = machine.heap.i32;
  eachTile(part, plan, (index, image, tileY, tileX) => {
    const place = places / 4 + 3 * index;
    const line = tileY * y.outputs;
    table[place] = 4 * (image * quads * lanes * plane + line * outputWidth + tileX * x.outputs);
    table[place + 1] = Math.min(y.outputs, outputHeight - line);
    table[place + 2] = Math.min(x.outputs, outputWidth - tileX * x.outputs);
  });
  machine.runner.run(
    winogradOutputTask,
    {
      source,
      target,
      bias,
      pointBytes: pointStrides(product).out,
      tileBytes: product.columns * 4,
      places,
      quads,
      planeBytes: plane * 4,
      lineBytes: outputWidth * 4,
      relu: part.call.activation === 'relu' ? 1 : 0,
      ...axesOf(plan, 'output'),
      ...scratch,
    },
    tiles * Math.ceil(quads / quadsOfItem),
    2 * y.size * x.size * tiles * filters,
  );
  return target;
}

function eachTile(
  { extents }: ConvolutionPart,
  { y, x }: WinogradPlan,
  visit: (index: number, image: number, tileY: number, tileX: number) => void,
): void {
  let index = 0;
  for (let image = 0; image < extents.images; image++) {
    for (let tileY = 0; tileY < y.tiles; tileY++) {
      for (let tileX = 0; tileX < x.tiles; tileX++) visit(index++, image, tileY, tileX);
    }
  }
}

/**
 * Bytes from one point's operand to the next: an odd number of cache lines, so that the points of a tile, which the transforms
 * touch one after the other, fall into different sets of a cache.
 */
function oddLines(bytes: number): number {
  const lines = Math.ceil(bytes / lineBytes);
  return (lines % 2 === 0 ? lines + 1 : lines) * lineBytes;
}
