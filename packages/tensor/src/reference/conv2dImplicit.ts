/**
 * Convolution as the product weight [filters, taps] · patches [taps, positions], with taps = channels · kh · kw.
 *
 * The patch matrix is never formed: it is an operand whose element (tap, position) lies at an offset into the zero-padded
 * input that is the sum of one term for the tap and one for the position, and packing reads it from there panel by panel.
 * Positions run over all images of a block, so small maps fill their panels; groups are products of their own.
 *
 * Cost: filters · taps · positions multiply-adds; memory: the padded input of a block of images in f64.
 */

import type { Conv2dCall } from '../kernels.ts';
import { multiplyBlocked } from './blockedProduct.ts';
import type { Operand } from './packing.ts';
import { strideTable } from './packing.ts';
import type { Conv2dExtents } from './checkCalls.ts';
import { vectorOf } from './matmulBlocked.ts';
import { createScratch } from './scratch.ts';

/** f64 elements of padded input held at a time (16 MiB), unless a single image needs more. */
const paddedElements = 1 << 21;

const paddedScratch = createScratch();

/**
 * See Kernels.conv2d; the call has been checked. Sums are in f64 over all taps and rounded once: the result has the bits of
 * conv2dDirect.
 */
export function conv2dImplicit(call: Conv2dCall, extents: Conv2dExtents): void {
  const { images, groups, channels, filters, outputHeight, outputWidth } = extents;
  const positions = outputHeight * outputWidth;
  if (images * filters * positions === 0) return;
  const { output, weight, padding, activation = 'none' } = call;
  const planeHeight = extents.height + padding[0] + padding[2];
  const planeWidth = extents.width + padding[1] + padding[3];
  const perImage = channels * planeHeight * planeWidth;
  const block = Math.max(1, Math.min(images, Math.floor(paddedElements / Math.max(1, perImage))));
  const bias = call.bias === undefined ? undefined : vectorOf(call.bias);
  const taps = tapOffsets(call, extents, planeHeight, planeWidth);
  const positionsOf = positionTables(call, extents, block, perImage, planeWidth);
  const weightTaps = strideTable(taps.length, 1);
  const weightRows = strideTable(filters, taps.length);
  for (let first = 0; first < images; first += block) {
    const count = Math.min(block, images - first) * positions;
    for (let group = 0; group < groups; group++) {
      const data = padded(call, extents, first, Math.min(block, images - first), group);
      const patches: Operand = { data, base: 0, lanes: positionsOf.input.subarray(0, count), depths: taps };
      const firstFilter = group * filters;
      multiplyBlocked(
        { data: weight.data, base: weight.offset + firstFilter * taps.length, lanes: weightRows, depths: weightTaps },
        patches,
        {
          data: output.data,
          base: output.offset + (first * groups * filters + firstFilter) * positions,
          rows: strideTable(filters, positions),
          columns: positionsOf.output.subarray(0, count),
        },
        { alpha: 1, beta: 0, bias: bias?.subarray(firstFilter, firstFilter + filters), activation },
      );
    }
  }
}

/** Offset of tap (c, v, u) from a patch's first element. */
function tapOffsets(call: Conv2dCall, extents: Conv2dExtents, planeHeight: number, planeWidth: number): Int32Array {
  const { channels, kernelHeight, kernelWidth } = extents;
  const offsets = new Int32Array(channels * kernelHeight * kernelWidth);
  let next = 0;
  for (let c = 0; c < channels; c++) {
    for (let v = 0; v < kernelHeight; v++) {
      const row = (c * planeHeight + v * call.dilation[0]) * planeWidth;
      for (let u = 0; u < kernelWidth; u++) offsets[next++] = row + u * call.dilation[1];
    }
  }
  return offsets;
}

/** For each output position of a block of images: where its patch begins, and where its result goes (for filter 0). */
function positionTables(
  { stride }: Conv2dCall,
  { groups, filters, outputHeight, outputWidth }: Conv2dExtents,
  images: number,
  perImage: number,
  planeWidth: number,
): { readonly input: Int32Array; readonly output: Int32Array } {
  const positions = outputHeight * outputWidth;
  const input = new Int32Array(images * positions);
  const output = new Int32Array(images * positions);
  let next = 0;
  for (let image = 0; image < images; image++) {
    for (let y = 0; y < outputHeight; y++) {
      for (let x = 0; x < outputWidth; x++) {
        input[next] = image * perImage + y * stride[0] * planeWidth + x * stride[1];
        output[next] = image * groups * filters * positions + y * outputWidth + x;
        next++;
      }
    }
  }
  return { input, output };
}

/** One group's channels of `count` images from `first` on, in f64 with their zero padding: [count, channels, h, w]. */
function padded(
  { input, padding }: Conv2dCall,
  { groups, channels, height, width }: Conv2dExtents,
  first: number,
  count: number,
  group: number,
): Float64Array {
  const [top, left, bottom, right] = padding;
  const planeWidth = width + left + right;
  const planeSize = (height + top + bottom) * planeWidth;
  const target = paddedScratch(count * channels * planeSize);
  const source = input.data;
  target.fill(0, 0, count * channels * planeSize);
  for (let image = 0; image < count; image++) {
    for (let c = 0; c < channels; c++) {
      let from = input.offset + ((first + image) * groups * channels + group * channels + c) * height * width;
      let to = (image * channels + c) * planeSize + top * planeWidth + left;
      for (let y = 0; y < height; y++, to += planeWidth) {
        for (let x = 0; x < width; x++) target[to + x] = source[from++]!;
      }
    }
  }
  return target;
}
