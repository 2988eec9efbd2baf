/** One group and a range of images of a convolution, and its way into the linear memory and back. */

import { reshape } from '@rankwise/tensor';
import type { Conv2dCall, Conv2dExtents, Tensor } from '@rankwise/tensor';
import { copyPlanesTask } from '../emit/copyPlanes.ts';
import { slackBytes } from '../emit/lanes.ts';
import { lanes } from '../plan/convolutionPlan.ts';
import type { Allocate, Machine } from './machine.ts';

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
  const source = inputPlanes(machine, allocate, part);
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

/** Address of the part's input planes, [images][channels][height][width]: where they are, or where they have been copied to. */
function inputPlanes(machine: Machine, allocate: Allocate, part: ConvolutionPart): number {
  const { call, extents, firstImage, group } = part;
  const { images, groups, channels, height, width } = extents;
  const planes = channels * height * width;
  const { data, offset } = call.input;
  const resident = groups === 1 ? machine.workspace?.addressOf(call.input) : undefined;
  if (resident !== undefined) return resident + firstImage * planes * 4;
  const address = allocate(images * planes * 4 + slackBytes);
  const { f32 } = machine.heap;
  if (groups === 1) {
    const first = offset + firstImage * planes;
    f32.set(data.subarray(first, first + images * planes), address / 4);
    return address;
  }
  for (let image = 0; image < images; image++) {
    const first = offset + ((firstImage + image) * groups + group) * planes;
    f32.set(data.subarray(first, first + planes), address / 4 + image * planes);
  }
  return address;
}

/**
 * Address for the part's output planes: where the output is, if it lies in the linear memory in this layout.
 * @param imageLength - f32 elements from one image to the next
 */
export function outputPlanes(machine: Machine, allocate: Allocate, part: ConvolutionPart, imageLength: number): number {
  const { images, groups, filters, outputHeight, outputWidth } = part.extents;
  const dense = groups === 1 && imageLength === filters * outputHeight * outputWidth;
  const resident = dense ? machine.workspace?.addressOf(part.call.output) : undefined;
  return resident === undefined ? allocate(images * imageLength * 4) : resident + part.firstImage * imageLength * 4;
}

/**
 * The part's output, copied from planes in memory, unless they are the output.
 * @param imageLength - f32 elements from one image to the next
 */
export function downloadPlanes(machine: Machine, part: ConvolutionPart, address: number, imageLength: number): void {
  const { call, extents, firstImage, group } = part;
  const resident = machine.workspace?.addressOf(call.output);
  if (resident !== undefined && address === resident + firstImage * imageLength * 4) return;
  const { images, groups, filters, outputHeight, outputWidth } = extents;
  const planes = filters * outputHeight * outputWidth;
  const { data, offset } = call.output;
  const { f32 } = machine.heap;
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

/** The weights as a matrix [filters, channels · kernelHeight · kernelWidth]. */
export function weightMatrix(weight: Tensor<'f32'>): Tensor<'f32'> {
  const [filters = 0, ...rest] = weight.shape;
  return reshape(weight, [filters, rest.reduce((product, extent) => product * extent, 1)]);
}
