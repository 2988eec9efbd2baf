/**
 * Max and average pooling over windows of one channel.
 *
 * Output extent per axis, from input extent a, padding p0 and p1, kernel k, stride s:
 *   floor: floor((a + p0 + p1 - k) / s) + 1
 *   ceil:  ceil((a + p0 + p1 - k) / s) + 1, less one if that last window would not start inside the input or the padding
 *          before it: (out - 1) s ≥ a + p0 (the rule of Caffe and PyTorch).
 * Padding is smaller than the kernel on every side, so that each window holds at least one element of the input.
 */

import { formatShape } from '@rankwise/tensor';
import type { Shape, Tensor } from '@rankwise/tensor';

import type { AveragePool2dNode, MaxPool2dNode } from '../model.ts';
import { badAttribute, checkPadding, checkPositivePair, onlyMap, shapeMismatch } from './checks.ts';
import { inputOf, newOutput } from './nodeCall.ts';
import type { NodeCall } from './nodeCall.ts';

type PoolNode = MaxPool2dNode | AveragePool2dNode;

/** [channels, h, w] to [channels, outputHeight, outputWidth]. */
export function pool2dShape(node: PoolNode, inputs: readonly Shape[]): Shape {
  const [channels, height, width] = onlyMap(node, inputs);
  checkPositivePair(node, 'kernel', node.kernel);
  checkPositivePair(node, 'stride', node.stride);
  checkPadding(node, node.padding);
  const [top, left, bottom, right] = node.padding;
  const [kernelY, kernelX] = node.kernel;
  if (Math.max(top, bottom) >= kernelY || Math.max(left, right) >= kernelX) {
    throw badAttribute(node, 'padding', `less than the kernel ${formatShape(node.kernel)} on every side`, node.padding);
  }
  if (kernelY > height + top + bottom || kernelX > width + left + right) {
    const got = `${formatShape([height, width])} with padding ${formatShape(node.padding)}`;
    throw shapeMismatch(node, 'input', `a map of at least the kernel ${formatShape(node.kernel)}`, got);
  }
  return [
    channels,
    pooledExtent(height, top, bottom, kernelY, node.stride[0], node.ceil),
    pooledExtent(width, left, right, kernelX, node.stride[1], node.ceil),
  ];
}

export function runMaxPool2d(node: MaxPool2dNode, call: NodeCall): Tensor<'f32'> {
  const { kernel, stride, padding } = node;
  const output = newOutput(call);
  call.kernels.maxPool2d({ input: inputOf(call), output, kernel, stride, padding });
  return output;
}

export function runAveragePool2d(node: AveragePool2dNode, call: NodeCall): Tensor<'f32'> {
  const { kernel, stride, padding, countPadding } = node;
  const output = newOutput(call);
  call.kernels.averagePool2d({ input: inputOf(call), output, kernel, stride, padding, countPadding });
  return output;
}

function pooledExtent(
  extent: number,
  before: number,
  after: number,
  kernel: number,
  stride: number,
  ceil: boolean,
): number {
  const steps = (extent + before + after - kernel) / stride;
  if (!ceil) return Math.floor(steps) + 1;
  const count = Math.ceil(steps) + 1;
  return (count - 1) * stride >= extent + before ? count - 1 : count;
}
