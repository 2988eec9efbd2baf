/**
 * Convolution by the planned algorithm, group by group, in parts of images that keep the linear memory moderate. See Kernels.conv2d.
 */

import { checkConv2dCall, reshape, slice } from '@rankwise/tensor';
import type { Conv2dCall, Conv2dExtents, Tensor } from '@rankwise/tensor';
import { planConvolution } from '../plan/convolutionPlan.ts';
import type { ConvolutionPlan, TransformSize } from '../plan/convolutionPlan.ts';
import { convolveImplicit } from './convolveImplicit.ts';
import { convolveWinograd } from './convolveWinograd.ts';
import type { Machine } from './machine.ts';

/** Bytes of the larger of input and output that a part may have, unless a single image has more. */
const partBytes = 2 ** 25;

/** One group and a range of images of a call: dense views of the caller's tensors. */
export interface ConvolutionPart {
  readonly call: Conv2dCall;
  readonly extents: Conv2dExtents;
  /** [filters, channels, kernelHeight, kernelWidth] of the group. */
  readonly weight: Tensor<'f32'>;
  readonly bias: Tensor<'f32'> | undefined;
  readonly firstImage: number;
  readonly group: number;
}

export function conv2d(machine: Machine, call: Conv2dCall, largest: TransformSize | 0): void {
  const extents = checkConv2dCall(call);
  const { images, groups, filters, outputHeight, outputWidth } = extents;
  if (images * groups * filters * outputHeight * outputWidth === 0) return;
  const plan = planConvolution(extents, call, { relaxed: machine.relaxed, largest });
  const step = imagesOfPart(extents);
  for (let group = 0; group < groups; group++) {
    const range = [group * filters, (group + 1) * filters] as const;
    const weight = slice(call.weight, [range]);
    const bias = call.bias === undefined ? undefined : slice(call.bias, [range]);
    for (let firstImage = 0; firstImage < images; firstImage += step) {
      const count = Math.min(step, images - firstImage);
      const part = { call, extents: { ...extents, images: count }, weight, bias, firstImage, group };
      convolve(machine, part, plan);
    }
  }
}

function convolve(machine: Machine, part: ConvolutionPart, plan: ConvolutionPlan): void {
  if (plan.algorithm === 'winograd') convolveWinograd(machine, part, plan);
  else convolveImplicit(machine, part, plan);
}

function imagesOfPart(extents: Conv2dExtents): number {
  const { images, channels, filters, height, width, outputHeight, outputWidth } = extents;
  const image = 4 * Math.max(channels * height * width, filters * outputHeight * outputWidth);
  return Math.min(images, Math.max(1, Math.floor(partBytes / image)));
}

/** The part's input planes, copied to `address`: [images][channels][height][width]. */
export function uploadPlanes({ heap }: Machine, part: ConvolutionPart, address: number): void {
  const { call, extents, firstImage, group } = part;
  const { images, groups, channels, height, width } = extents;
  const planes = channels * height * width;
  const { data, offset } = call.input;
  const f32 = heap.f32;
  if (groups === 1) {
    const first = offset + firstImage * planes;
    f32.set(data.subarray(first, first + images * planes), address / 4);
    return;
  }
  for (let image = 0; image < images; image++) {
    const first = offset + ((firstImage + image) * groups + group) * planes;
    f32.set(data.subarray(first, first + planes), address / 4 + image * planes);
  }
}

/**
 * The part's output, copied from planes in memory.
 * @param imageLength - f32 elements from one image to the next
 */
export function downloadPlanes({ heap }: Machine, part: ConvolutionPart, address: number, imageLength: number): void {
  const { call, extents, firstImage, group } = part;
  const { images, groups, filters, outputHeight, outputWidth } = extents;
  const planes = filters * outputHeight * outputWidth;
  const { data, offset } = call.output;
  const f32 = heap.f32;
  const start = address / 4;
  if (groups === 1 && imageLength === planes) {
    data.set(f32.subarray(start, start + images * planes), offset + firstImage * planes);
    return;
  }
  for (let image = 0; image < images; image++) {
    const from = start + image * imageLength;
    data.set(f32.subarray(from, from + planes), offset + ((firstImage + image) * groups + group) * planes);
  }
}

/** The bias with zeros behind it, copied to `address`; zeros without one. */
export function uploadBias({ heap }: Machine, bias: Tensor<'f32'> | undefined, address: number, length: number): void {
  const target = heap.f32.subarray(address / 4, address / 4 + length);
  target.fill(0);
  if (bias === undefined) return;
  const [count = 0] = bias.shape;
  const [stride = 1] = bias.strides;
  for (let i = 0; i < count; i++) target[i] = bias.data[bias.offset + i * stride]!;
}

/** The weights as a matrix [filters, channels · kernelHeight · kernelWidth]. */
export function weightMatrix(weight: Tensor<'f32'>): Tensor<'f32'> {
  const [filters = 0, ...rest] = weight.shape;
  return reshape(weight, [filters, rest.reduce((product, extent) => product * extent, 1)]);
}
