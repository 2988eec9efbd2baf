/** x for x ≥ 0, slope · x below. With slope 0 it is relu. */

import type { Shape, Tensor } from '@rankwise/tensor';

import type { LeakyReluNode } from '../model.ts';
import { badAttribute, onlyInput } from './checks.ts';
import { inputOf, newOutput } from './nodeCall.ts';
import type { NodeCall } from './nodeCall.ts';

/** Any shape, kept. */
export function leakyReluShape(node: LeakyReluNode, inputs: readonly Shape[]): Shape {
  if (!Number.isFinite(node.slope)) throw badAttribute(node, 'slope', 'a finite number', node.slope);
  return onlyInput(node, inputs);
}

export function runLeakyRelu(node: LeakyReluNode, call: NodeCall): Tensor<'f32'> {
  const input = inputOf(call);
  const output = newOutput(call);
  for (let i = 0; i < output.data.length; i++) {
    // The input is contiguous and as long as the output.
    const value = input.data[input.offset + i]!;
    output.data[i] = value < 0 ? node.slope * value : value;
  }
  return output;
}
