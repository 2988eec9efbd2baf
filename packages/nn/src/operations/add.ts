/** Elementwise sum of two or more values of one shape, from left to right. */

import { formatShape, sameShape } from '@rankwise/tensor';
import type { Shape, Tensor } from '@rankwise/tensor';

import type { AddNode } from '../model.ts';
import { shapeMismatch } from './checks.ts';
import { inputOf, newOutput } from './nodeCall.ts';
import type { NodeCall } from './nodeCall.ts';

export function addShape(node: AddNode, inputs: readonly Shape[]): Shape {
  const [first] = inputs;
  if (first === undefined || inputs.length < 2) {
    throw shapeMismatch(node, 'inputs', 'two or more values', String(inputs.length));
  }
  const other = inputs.find((shape) => !sameShape(shape, first));
  if (other !== undefined) {
    throw shapeMismatch(node, 'inputs', `values of one shape ${formatShape(first)}`, formatShape(other));
  }
  return first;
}

export function runAdd(call: NodeCall): Tensor<'f32'> {
  const output = newOutput(call);
  let sum = inputOf(call);
  for (const term of call.inputs.slice(1)) {
    call.kernels.add(sum, term, output);
    sum = output;
  }
  return output;
}
