/** sigmoid, tanh, gelu, silu and softplus (activations.ts), elementwise; computed in f64 and rounded once. */

import type { Tensor } from '@rankwise/tensor';

import { smoothActivations } from '../activations.ts';
import type { SmoothActivationNode } from '../model.ts';
import { inputOf, newOutput } from './nodeCall.ts';
import type { NodeCall } from './nodeCall.ts';

export function runSmoothActivation(node: SmoothActivationNode, call: NodeCall): Tensor<'f32'> {
  const input = inputOf(call);
  const output = newOutput(call);
  const activation = smoothActivations[node.op];
  for (let i = 0; i < output.data.length; i++) {
    // The input is contiguous and as long as the output.
    output.data[i] = activation(input.data[input.offset + i]!);
  }
  return output;
}
