/**
 * Convolution by the planned algorithm, group by group, in parts of images that keep the linear memory moderate. See Kernels.conv2d.
 */

import { checkConv2dCall, createReferenceKernels, slice } from '@rankwise/tensor';
import type { Conv2dCall, Conv2dExtents } from '@rankwise/tensor';
import { chooseConvolution } from '../plan/convolutionPlan.ts';
import type { ConvolutionPlan, ConvolutionWay, TransformSize } from '../plan/convolutionPlan.ts';
import type { ConvolutionPart } from './convolutionPart.ts';
import { convolveImplicit } from './convolveImplicit.ts';
import { convolveWinograd } from './convolveWinograd.ts';
import type { Machine } from './machine.ts';

/** Bytes of the larger of input and output that a part may have, unless a single image has more. */
const partBytes = 2 ** 25;
/** Without minimal filtering, whose choice of tile would depend on the extents of a part. */
const plainKernels = createReferenceKernels({ winograd: false });

export function conv2d(machine: Machine, call: Conv2dCall, largest: TransformSize | 0): void {
  convolvePlanned(machine, call, chooseConvolution(checkConv2dCall(call), call, { ...machine, largest }));
}

/** By a plan that may be that of a larger call, of which this one is a part: then the bits are those of the larger one. */
export function convolvePlanned(machine: Machine, call: Conv2dCall, plan: ConvolutionWay): void {
  const extents = checkConv2dCall(call);
  const { images, groups, filters, outputHeight, outputWidth } = extents;
  if (images * groups * filters * outputHeight * outputWidth === 0) return;
  if (plan.algorithm === 'plain') {
    plainKernels.conv2d(call);
    return;
  }
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
