/** Convolution by minimal filtering: three transforms around a batch of products. See emit/winograd.ts. */

import { copyPlanesTask } from '../emit/copyPlanes.ts';
import { lineIndex } from '../emit/lineTable.ts';
import { productTask } from '../emit/product.ts';
import { winogradFilterTask, winogradInputTask, winogradOutputTask, winogradScratchBytes } from '../emit/winograd.ts';
import type { TransformKind } from '../emit/transformLine.ts';
import type { WinogradPlan } from '../plan/convolutionPlan.ts';
import { lanes } from '../plan/convolutionPlan.ts';
import { planProduct } from '../plan/productPlan.ts';
import type { ProductPlan } from '../plan/productPlan.ts';
import { roundUp } from '../plan/tileShape.ts';
import { downloadPlanes, uploadBias, uploadPlanes, weightMatrix } from './conv2d.ts';
import type { ConvolutionPart } from './conv2d.ts';
import type { Machine } from './machine.ts';
import { withScratch } from './machine.ts';
import { uploadMatrix } from './transfer.ts';

/** Loads of whole vectors may read this many bytes past the last element. */
const slackBytes = 64;

type Allocate = (bytes: number) => number;

export function convolveWinograd(machine: Machine, part: ConvolutionPart, plan: WinogradPlan): void {
  const { extents, call, bias } = part;
  const { images, channels, filters, outputHeight, outputWidth } = extents;
  const { y, x, tile } = plan;
  const tiles = images * y.tiles * x.tiles;
  const points = y.size * x.size;
  const depth = roundUp(channels, lanes);
  const product = planProduct({ rows: tiles, columns: filters, depth }, lanes, tile);
  const weights = transformedWeights(machine, part, plan, product);
  withScratch(machine, (allocate) => {
    const scratch = {
      scratch: allocate(machine.runner.threads * winogradScratchBytes),
      scratchStride: winogradScratchBytes,
    };
    const input = transformedInput(machine, allocate, part, plan, product, scratch);
    const products = allocate(points * product.rows * product.columns * 4);
    const zeros = allocate(product.rows * 4);
    uploadBias(machine, undefined, zeros, product.rows);
    machine.runner.run(
      productTask('f32', tile),
      {
        ...product,
        left: input,
        right: weights,
        out: products,
        bias: zeros,
        leftBatch: product.rows * depth * 4,
        rightBatch: product.columns * depth * 4,
        outBatch: product.rows * product.columns * 4,
        rowStride: product.columns * 4,
        flags: 0,
      },
      points * product.items,
      (points * product.rows * product.columns * depth) / lanes,
    );
    const quads = Math.ceil(filters / lanes);
    const imageLength = quads * lanes * outputHeight * outputWidth;
    const output = allocate(images * imageLength * 4);
    const biasAddress = allocate(quads * lanes * 4);
    uploadBias(machine, bias, biasAddress, quads * lanes);
    machine.runner.run(
      winogradOutputTask,
      {
        source: products,
        target: output,
        bias: biasAddress,
        quads,
        pointBytes: product.rows * product.columns * 4,
        tileBytes: product.columns * 4,
        tilesY: y.tiles,
        tilesX: x.tiles,
        outputsY: y.outputs,
        outputsX: x.outputs,
        height: outputHeight,
        width: outputWidth,
        relu: call.activation === 'relu' ? 1 : 0,
        ...axesOf(plan, 'output'),
        ...scratch,
      },
      images * quads,
      2 * points * tiles * filters,
    );
    downloadPlanes(machine, part, output, imageLength);
  });
}

function axesOf({ y, x }: WinogradPlan, kind: TransformKind) {
  return { lineY: lineIndex(kind, y), lineX: lineIndex(kind, x), sizeY: y.size, sizeX: x.size };
}

/** U, as right panels for each point. */
function transformedWeights(machine: Machine, part: ConvolutionPart, plan: WinogradPlan, product: ProductPlan): number {
  const { y, x, tile } = plan;
  const { channels, filters } = part.extents;
  const width = tile.vectors * lanes;
  const bytes = y.size * x.size * product.columns * product.depth * 4;
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
          pointBytes: product.columns * product.depth * 4,
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
  scratch: { readonly scratch: number; readonly scratchStride: number },
): number {
  const { images, channels, height, width } = part.extents;
  const { y, x, tile } = plan;
  const { depth } = product;
  const [top, left] = part.call.padding;
  const source = allocate(images * channels * height * width * 4);
  uploadPlanes(machine, part, source);
  // Tiles may reach past the far border of the padded input.
  const tall = Math.max(top + height, y.tiles * y.outputs + y.taps - 1);
  const wide = Math.max(left + width, x.tiles * x.outputs + x.taps - 1);
  const plane = tall * wide * 4;
  const planes = allocate(images * depth * plane + slackBytes);
  machine.runner.run(
    copyPlanesTask,
    {
      source,
      target: planes,
      inner: depth,
      filled: channels,
      sourceOuter: channels * height * width * 4,
      sourceInner: height * width * 4,
      targetPlane: plane,
      targetOffset: (top * wide + left) * 4,
      height,
      width,
      sourceRow: width * 4,
      targetRow: wide * 4,
      fill: plane,
    },
    images * depth,
    (images * depth * plane) / 16,
  );
  const points = y.size * x.size;
  const target = allocate(points * product.rows * depth * 4);
  const quads = depth / lanes;
  machine.runner.run(
    winogradInputTask,
    {
      source: planes,
      target,
      quads,
      imageBytes: depth * plane,
      planeBytes: plane,
      lineBytes: wide * 4,
      tilesY: y.tiles,
      tilesX: x.tiles,
      stepY: y.outputs * wide * 4,
      stepX: x.outputs * 4,
      pointBytes: product.rows * depth * 4,
      panelBytes: tile.rows * depth * 4,
      width: tile.rows,
      ...axesOf(plan, 'input'),
      ...scratch,
    },
    images * quads,
    2 * points * images * y.tiles * x.tiles * depth,
  );
  return target;
}
