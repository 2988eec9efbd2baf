/**
 * out_j = exp(x_j - m) / Σ_i exp(x_i - m), m = max x, over axis 1 (classes). The largest exponent is 0, so nothing overflows.
 * Computed in f64, rounded once.
 */

import type { Shape, Tensor } from '@rankwise/tensor';

import type { SoftmaxNode } from '../model.ts';
import { onlyInput } from './checks.ts';
import { inputOf, newOutput } from './nodeCall.ts';
import type { NodeCall } from './nodeCall.ts';

/** Any shape, kept. */
export function softmaxShape(node: SoftmaxNode, inputs: readonly Shape[]): Shape {
  return onlyInput(node, inputs);
}

export function runSoftmax(call: NodeCall): Tensor<'f32'> {
  const input = inputOf(call);
  const output = newOutput(call);
  const [images = 0, classes = 0, ...rest] = input.shape;
  const area = rest.reduce((product, extent) => product * extent, 1);
  for (let image = 0; image < images; image++) {
    for (let position = 0; position < area; position++) {
      softmaxColumn(input, output.data, image * classes * area + position, classes, area);
    }
  }
  return output;
}

/** One distribution: elements start, start + step, … of the contiguous input and of `out`. */
function softmaxColumn(input: Tensor<'f32'>, out: Float32Array, start: number, classes: number, step: number): void {
  // start + (classes - 1) step is inside the contiguous input and the equally long output.
  const value = (j: number): number => input.data[input.offset + start + j * step]!;
  let max = -Infinity;
  for (let j = 0; j < classes; j++) max = Math.max(max, value(j));
  let sum = 0;
  for (let j = 0; j < classes; j++) sum += Math.exp(value(j) - max);
  for (let j = 0; j < classes; j++) out[start + j * step] = Math.exp(value(j) - max) / sum;
}
