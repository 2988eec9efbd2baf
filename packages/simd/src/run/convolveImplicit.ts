/** Convolution as an implicit matrix product: tables of offsets, packed weights, one task. See emit/implicitConvolution.ts. */

import { copyPlanesTask } from '../emit/copyPlanes.ts';
import { implicitTask } from '../emit/implicitConvolution.ts';
import { packTask } from '../emit/packPanels.ts';
import { tileFlags } from '../emit/tile.ts';
import type { ImplicitPlan } from '../plan/convolutionPlan.ts';
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

export function convolveImplicit(machine: Machine, part: ConvolutionPart, { tile }: ImplicitPlan): void {
  const { extents, call, bias } = part;
  const { images, channels, filters, kernelHeight, kernelWidth, outputHeight, outputWidth } = extents;
  const taken = channels * kernelHeight * kernelWidth;
  const pixels = outputHeight * outputWidth;
  const columns = images * pixels;
  const plan = planProduct({ rows: filters, columns, depth: taken }, lanes, tile);
  const packed = packedWeights(machine, part, plan, taken);
  withScratch(machine, (allocate) => {
    const planes = borderedPlanes(machine, allocate, part);
    const { taps, positions } = offsetTables(machine, allocate, part, planes, plan);
    const biasAddress = allocate(plan.rows * 4);
    uploadBias(machine, bias, biasAddress, plan.rows);
    const scratchStride = plan.rightGroup * plan.chunk * tile.vectors * 16;
    const out = allocate(plan.rows * plan.columns * 4);
    const items = Math.ceil(plan.rightPanels / plan.rightGroup);
    machine.runner.run(
      implicitTask(tile),
      {
        ...plan,
        source: planes.address,
        taps,
        pixels: positions,
        weight: packed,
        bias: biasAddress,
        out,
        scratch: allocate(machine.runner.threads * scratchStride),
        scratchStride,
        taken,
        rowStride: plan.columns * 4,
        flags: call.activation === 'relu' ? tileFlags.relu : 0,
      },
      items,
      (plan.rows * plan.columns * plan.depth) / lanes,
    );
    if (images === 1 && plan.columns === pixels) return downloadPlanes(machine, part, out, filters * pixels);
    const dense = allocate(filters * columns * 4);
    machine.runner.run(
      copyPlanesTask,
      {
        source: out,
        target: dense,
        inner: filters,
        filled: filters,
        sourceOuter: pixels * 4,
        sourceInner: plan.columns * 4,
        targetPlane: pixels * 4,
        targetOffset: 0,
        height: 1,
        width: pixels,
        sourceRow: 0,
        targetRow: 0,
        fill: 0,
      },
      images * filters,
      (filters * columns) / lanes,
    );
    downloadPlanes(machine, part, dense, filters * pixels);
  });
}

/** Weights as left panels [panel][k][rows]. */
function packedWeights(machine: Machine, part: ConvolutionPart, plan: ProductPlan, taken: number): number {
  const { rows, vectors } = plan.tile;
  const bytes = plan.rows * plan.depth * 4;
  return machine.weights.packed(
    part.weight,
    `rows ${rows} unroll ${plan.tile.unroll} vectors ${vectors}`,
    bytes,
    (target) =>
      withScratch(machine, (allocate) => {
        const matrix = uploadMatrix(machine, allocate, weightMatrix(part.weight));
        machine.runner.run(
          packTask('f32', 'f32'),
          {
            source: matrix.address,
            target,
            width: rows,
            count: part.extents.filters,
            depth: taken,
            paddedDepth: plan.depth,
            jStride: matrix.rowStride,
            kStride: matrix.columnStride,
            scale: 1,
          },
          plan.leftPanels,
          plan.rows * plan.depth,
        );
      }),
  );
}

interface Planes {
  readonly address: number;
  readonly height: number;
  readonly width: number;
}

/** The input with its border of zeros; without one, as it is. */
function borderedPlanes(machine: Machine, allocate: Allocate, part: ConvolutionPart): Planes {
  const { images, channels, height, width } = part.extents;
  const [top, left, bottom, right] = part.call.padding;
  const count = images * channels;
  const address = allocate(count * height * width * 4 + slackBytes);
  uploadPlanes(machine, part, address);
  if (top + left + bottom + right === 0) return { address, height, width };
  const padded = { height: height + top + bottom, width: width + left + right };
  const target = allocate(count * padded.height * padded.width * 4 + slackBytes);
  machine.runner.run(
    copyPlanesTask,
    {
      source: address,
      target,
      inner: 1,
      filled: 1,
      sourceOuter: height * width * 4,
      sourceInner: 0,
      targetPlane: padded.height * padded.width * 4,
      targetOffset: (top * padded.width + left) * 4,
      height,
      width,
      sourceRow: width * 4,
      targetRow: padded.width * 4,
      fill: padded.height * padded.width * 4,
    },
    count,
    (count * padded.height * padded.width) / lanes,
  );
  return { address: target, ...padded };
}

/** Byte offsets of the patch's elements and of the positions. */
function offsetTables(
  { heap }: Machine,
  allocate: Allocate,
  { extents, call }: ConvolutionPart,
  planes: Planes,
  plan: ProductPlan,
): { readonly taps: number; readonly positions: number } {
  const { images, channels, kernelHeight, kernelWidth, outputHeight, outputWidth } = extents;
  const plane = planes.height * planes.width;
  const taps = allocate(plan.depth * 4);
  const positions = allocate(roundUp(plan.columns, lanes) * 4);
  const table = heap.i32;
  let next = taps / 4;
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < kernelHeight; y++) {
      for (let x = 0; x < kernelWidth; x++) {
        table[next++] = 4 * (channel * plane + y * call.dilation[0] * planes.width + x * call.dilation[1]);
      }
    }
  }
  next = positions / 4;
  for (let image = 0; image < images; image++) {
    for (let y = 0; y < outputHeight; y++) {
      for (let x = 0; x < outputWidth; x++) {
        table[next++] = 4 * (image * channels * plane + y * call.stride[0] * planes.width + x * call.stride[1]);
      }
    }
  }
  // Columns of the last panel that no output wants read the last position again.
  table.fill(table[next - 1]!, next, positions / 4 + plan.columns);
  return { taps, positions };
}
