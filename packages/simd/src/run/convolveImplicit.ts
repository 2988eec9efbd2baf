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
import { borderedPlanes, downloadPlanes, outputPlanes, weightMatrix } from './convolutionPart.ts';
import type { ConvolutionPart, Planes } from './convolutionPart.ts';
import type { Allocate, Machine } from './machine.ts';
import { withScratch } from './machine.ts';
import { uploadMatrix, uploadVector } from './transfer.ts';

export function convolveImplicit(machine: Machine, part: ConvolutionPart, { tile }: ImplicitPlan): void {
  const { extents, call, bias } = part;
  const { images, channels, filters, kernelHeight, kernelWidth, outputHeight, outputWidth } = extents;
  const taken = channels * kernelHeight * kernelWidth;
  const pixels = outputHeight * outputWidth;
  const columns = images * pixels;
  const plan = planProduct({ rows: filters, columns, depth: taken }, lanes, tile, { threads: machine.runner.threads });
  const packed = packedWeights(machine, part, plan, taken);
  withScratch(machine, (allocate) => {
    const [top, left, bottom, right] = call.padding;
    const bordered = { channels, height: extents.height + top + bottom, width: extents.width + left + right };
    const planes = borderedPlanes(machine, allocate, part, bordered);
    const { taps, positions } = offsetTables(machine, allocate, part, planes, plan);
    const biasAddress = allocate(plan.rows * 4);
    uploadVector(machine, biasAddress, plan.rows, 'f32', bias);
    const scratchStride = plan.rightGroup * plan.chunk * tile.vectors * 16;
    const direct = images === 1 && plan.columns === pixels && plan.rows === filters;
    const out = direct
      ? outputPlanes(machine, allocate, part, filters * pixels)
      : allocate(plan.rows * plan.columns * 4);
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
    const planesOut = direct ? out : densePlanes(machine, allocate, part, out, plan);
    downloadPlanes(machine, part, planesOut, filters * pixels);
  });
}

/** The product's rows, padded and with all images side by side, as planes. */
function densePlanes(
  machine: Machine,
  allocate: Allocate,
  part: ConvolutionPart,
  source: number,
  plan: ProductPlan,
): number {
  const { extents } = part;
  const { images, filters, outputHeight, outputWidth } = extents;
  const pixels = outputHeight * outputWidth;
  const target = outputPlanes(machine, allocate, part, filters * pixels);
  machine.runner.run(
    copyPlanesTask,
    {
      source,
      target,
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
    (filters * images * pixels) / lanes,
  );
  return target;
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
          },
          plan.leftPanels,
          plan.rows * plan.depth,
        );
      }),
  );
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
