/** The mean of each channel's map: [images, channels, h, w] to [images, channels, 1, 1]. Summed in f64, rounded once. */

import type { Shape, Tensor } from '@rankwise/tensor';

import type { GlobalAveragePoolNode } from '../model.ts';
import { onlyMap } from './checks.ts';
import { inputOf, newOutput } from './nodeCall.ts';
import type { NodeCall } from './nodeCall.ts';

export function globalAveragePoolShape(node: GlobalAveragePoolNode, inputs: readonly Shape[]): Shape {
  const [channels] = onlyMap(node, inputs);
  return [channels, 1, 1];
}

export function runGlobalAveragePool(call: NodeCall): Tensor<'f32'> {
  const input = inputOf(call);
  const output = newOutput(call);
  const [, , height = 1, width = 1] = input.shape;
  const area = height * width;
  for (let map = 0; map < output.data.length; map++) {
    const start = input.offset + map * area;
    let sum = 0;
    // output has one element for each map of the contiguous input, so start + area stays inside.
    for (let i = start; i < start + area; i++) sum += input.data[i]!;
    output.data[map] = sum / area;
  }
  return output;
}
