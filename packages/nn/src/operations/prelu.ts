/**
 * x for x ≥ 0, slope · x below, with a slope for each channel (He, Zhang, Ren, Sun 2015, arXiv 1502.01852, equation 1). With one
 * slope for all it is leakyRelu, with slope 0 relu.
 */

import { formatShape } from '@rankwise/tensor';
import type { Shape, Tensor } from '@rankwise/tensor';

import { parameterOf } from '../graph.ts';
import type { Model, PreluNode } from '../model.ts';
import { onlyInput, shapeMismatch, weightShape } from './checks.ts';
import { inputOf, newOutput } from './nodeCall.ts';
import type { NodeCall } from './nodeCall.ts';

/** Any shape, kept; the first axis has the channels. */
export function preluShape(node: PreluNode, inputs: readonly Shape[], parameters: Model['parameters']): Shape {
  const input = onlyInput(node, inputs);
  const [channels] = input;
  const [slopes] = weightShape(node, parameters, node.weight, ['channels']);
  if (slopes !== channels) {
    throw shapeMismatch(node, `weight '${node.weight}'`, `[${channels}]`, formatShape([slopes ?? 0]));
  }
  return input;
}

export function runPrelu(node: PreluNode, call: NodeCall): Tensor<'f32'> {
  const input = inputOf(call);
  const output = newOutput(call);
  const { data: slopes, offset, strides } = parameterOf(call.parameters, node.weight, node);
  const [images = 0, channels = 0, ...map] = call.outputShape;
  const area = map.reduce((size, extent) => size * extent, 1);
  for (let plane = 0; plane < images * channels; plane++) {
    const slope = slopes[offset + (plane % channels) * (strides[0] ?? 1)]!;
    for (let i = plane * area; i < (plane + 1) * area; i++) {
      // The input is contiguous and as long as the output.
      const value = input.data[input.offset + i]!;
      output.data[i] = value < 0 ? slope * value : value;
    }
  }
  return output;
}
