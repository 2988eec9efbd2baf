/** min(max(x, low), high), elementwise. ReLU6 is low = 0, high = 6. */

import type { Shape, Tensor } from '@rankwise/tensor';

import type { ClipNode } from '../model.ts';
import { badAttribute, onlyInput } from './checks.ts';
import { inputOf, newOutput } from './nodeCall.ts';
import type { NodeCall } from './nodeCall.ts';

/** Any shape, kept. */
export function clipShape(node: ClipNode, inputs: readonly Shape[]): Shape {
  const { low, high } = node;
  if (!Number.isFinite(low)) throw badAttribute(node, 'low', 'a finite number', low);
  if (!Number.isFinite(high)) throw badAttribute(node, 'high', 'a finite number', high);
  if (low > high) throw badAttribute(node, 'low, high', 'low ≤ high', [low, high]);
  return onlyInput(node, inputs);
}

export function runClip(node: ClipNode, call: NodeCall): Tensor<'f32'> {
  const input = inputOf(call);
  const output = newOutput(call);
  for (let i = 0; i < output.data.length; i++) {
    // The input is contiguous and as long as the output.
    output.data[i] = Math.min(Math.max(input.data[input.offset + i]!, node.low), node.high);
  }
  return output;
}
