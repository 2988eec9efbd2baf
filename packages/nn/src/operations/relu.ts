/** max(x, 0), elementwise. */

import type { Tensor } from '@rankwise/tensor';

import { inputOf, newOutput } from './nodeCall.ts';
import type { NodeCall } from './nodeCall.ts';

export function runRelu(call: NodeCall): Tensor<'f32'> {
  const output = newOutput(call);
  call.kernels.relu(inputOf(call), output);
  return output;
}
