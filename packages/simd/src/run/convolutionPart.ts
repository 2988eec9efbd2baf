/** One group and a range of images of a convolution, and its way into the linear memory and back. */

import { reshape } from '@rankwise/tensor';
import type { Conv2dCall, Conv2dExtents, Tensor } from '@rankwise/tensor';
import { copyPlanesTask } from '../emit/copyPlanes.ts';
import { lanes } from '../plan/convolutionPlan.ts';
import type { Allocate, Machine } from './machine.ts';

/** Loads of whole vectors may read this many bytes past the last element. */
const slackBytes = 64;

export interface ConvolutionPart {
  readonly call: Conv2dCall;
  readonly extents: Conv2dExtents;
  /** [filters, channels, kernelHeight, kernelWidth] of the group. */
  readonly weight: Tensor<'f32'>;
  readonly bias: Tensor<'f32'> | undefined;
  readonly firstImage: number;
  readonly group: number;
}

/** Planes in the linear memory, [images][channels][height][width]. */
export interface Planes {
  readonly address: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/**
 * The part's input inside planes of zeros of the given extents, at the call's padding; as it is where nothing is added.
 * @param allocate - for what must live as long as the planes
 */
export function borderedPlanes(
  machine: Machine,
  allocate: Allocate,
  part: ConvolutionPart,
  extents: Omit<Planes, 'address'>,
): Planes {
  const { images, channels, height, width } = part.extents;
  const [top, left] = part.call.padding;
  const source = allocate(images * channels * height * width * 4 + slackBytes);
  uploadPlanes(machine, part, source);
  const same = extents.channels === channels && extents.height === height && extents.width === width;
  if (same) return { address: source, ...extents };
  const plane = extents.height * extents.width * 4;
  const target = allocate(images * extents.channels * plane + slackBytes);
  machine.runner.run(
    copyPlanesTask,
    {
      source,
      target,
      inner: extents.channels,
      filled: channels,
      sourceOuter: channels * height * width * 4,
      sourceInner: height * width * 4,
      targetPlane: plane,
      targetOffset: (top * extents.width + left) * 4,
      height,
      width,
      sourceRow: width * 4,
      targetRow: extents.width * 4,
      fill: plane,
    },
    images * extents.channels,
    (images * extents.channels * plane) / (4 * lanes),
  );
  return { address: target, ...extents };
}

/** The part's input planes, copied to `address`: [images][channels][height][width]. */
function uploadPlanes({ heap }: Machine, part: ConvolutionPart, address: number): void {
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

/** The first image's output planes of the part, [filters, positions]. */
export function outputMatrix({ call, extents, firstImage, group }: ConvolutionPart): Tensor<'f32'> {
  const { groups, filters, outputHeight, outputWidth } = extents;
  const positions = outputHeight * outputWidth;
  const offset = call.output.offset + (firstImage * groups + group) * filters * positions;
  return { ...call.output, shape: [filters, positions], strides: [positions, 1], offset };
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
