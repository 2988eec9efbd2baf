/**
 * Convolution (cross-correlation with zero padding, as every network library means it).
 *
 *   out(f, y, x) = bias(f) + Σ_c,i,j weight(f, c, i, j) · in(g + c, y s - p + i d, x s - p + j d)
 *
 * with g the first channel of filter f's group. Output extent per axis, from input extent a, padding p0 and p1, kernel k,
 * dilation d, stride s:   floor((a + p0 + p1 - d (k - 1) - 1) / s) + 1.
 */

import { contiguous, formatShape } from '@rankwise/tensor';
import type { Shape, Tensor } from '@rankwise/tensor';

import { describeNode, parameterOf } from '../graph.ts';
import type { Conv2dNode, Model } from '../model.ts';
import {
  badAttribute,
  checkBias,
  checkPadding,
  checkPositivePair,
  onlyMap,
  shapeMismatch,
  weightShape,
} from './checks.ts';
import { inputOf, newOutput } from './nodeCall.ts';
import type { NodeCall } from './nodeCall.ts';

const weightAxes = ['filters', 'channels / groups', 'kernelHeight', 'kernelWidth'];

/** [channels, h, w] to [filters, outputHeight, outputWidth]. */
export function conv2dShape(node: Conv2dNode, inputs: readonly Shape[], parameters: Model['parameters']): Shape {
  const [channels, height, width] = onlyMap(node, inputs);
  checkPositivePair(node, 'stride', node.stride);
  checkPositivePair(node, 'dilation', node.dilation);
  checkPadding(node, node.padding);
  if (!Number.isSafeInteger(node.groups) || node.groups < 1) {
    throw badAttribute(node, 'groups', 'a positive integer', node.groups);
  }
  const weight = weightShape(node, parameters, node.weight, weightAxes);
  const [filters = 0, groupChannels = 0, kernelHeight = 0, kernelWidth = 0] = weight;
  if (channels !== groupChannels * node.groups) {
    const expected = `${groupChannels * node.groups} channels (weight ${formatShape(weight)}, groups ${node.groups})`;
    throw shapeMismatch(node, 'input', expected, formatShape([channels, height, width]));
  }
  if (filters % node.groups !== 0) {
    throw shapeMismatch(node, `weight '${node.weight}'`, `filters in ${node.groups} equal groups`, formatShape(weight));
  }
  checkBias(node, parameters, node.bias, filters);
  const [top, left, bottom, right] = node.padding;
  const spanY = node.dilation[0] * (kernelHeight - 1) + 1;
  const spanX = node.dilation[1] * (kernelWidth - 1) + 1;
  if (spanY > height + top + bottom || spanX > width + left + right) {
    const got = `${formatShape([height, width])} with padding ${formatShape(node.padding)}`;
    throw shapeMismatch(node, 'input', `a map of at least the kernel's span ${formatShape([spanY, spanX])}`, got);
  }
  return [
    filters,
    Math.floor((height + top + bottom - spanY) / node.stride[0]) + 1,
    Math.floor((width + left + right - spanX) / node.stride[1]) + 1,
  ];
}

export function runConv2d(node: Conv2dNode, call: NodeCall): Tensor<'f32'> {
  const { parameters, kernels, activation } = call;
  const { stride, padding, dilation, groups } = node;
  const output = newOutput(call);
  const weight = contiguous(parameterOf(parameters, node.weight, node));
  const geometry = { stride, padding, dilation, groups };
  const bias = node.bias === undefined ? {} : { bias: parameterOf(parameters, node.bias, node) };
  kernels.conv2d({ input: inputOf(call), weight, ...bias, output, activation, ...geometry });
  return output;
}

/** Multiply-adds for one image: one for each weight a filter has, at each of its output positions. */
export function conv2dMacs(node: Conv2dNode, outputShape: Shape, parameters: Model['parameters']): number {
  const [, groupChannels = 0, kernelHeight = 0, kernelWidth = 0] = parameterOf(parameters, node.weight, node).shape;
  const [filters, height, width] = outputShape;
  if (filters === undefined || height === undefined || width === undefined) {
    throw shapeMismatch(node, 'output', `a map for ${describeNode(node)}`, formatShape(outputShape));
  }
  return filters * height * width * groupChannels * kernelHeight * kernelWidth;
}
