/** Joins two or more values along the channel (or feature) axis, in the order they are named. */

import { formatShape, sameShape, sizeOf } from '@rankwise/tensor';
import type { Shape, Tensor } from '@rankwise/tensor';

import type { ConcatNode } from '../model.ts';
import { shapeMismatch } from './checks.ts';
import { newOutput } from './nodeCall.ts';
import type { NodeCall } from './nodeCall.ts';

/** [c1, h, w], [c2, h, w], … to [c1 + c2 + …, h, w]. */
export function concatShape(node: ConcatNode, inputs: readonly Shape[]): Shape {
  const [first] = inputs;
  if (first === undefined || inputs.length < 2) {
    throw shapeMismatch(node, 'inputs', 'two or more values', String(inputs.length));
  }
  const rest = first.slice(1);
  const other = inputs.find((shape) => shape.length !== first.length || !sameShape(shape.slice(1), rest));
  if (other !== undefined) {
    throw shapeMismatch(node, 'inputs', `[any, ${rest.join(', ')}] as the first`, formatShape(other));
  }
  return [inputs.reduce((channels, shape) => channels + (shape[0] ?? 0), 0), ...rest];
}

export function runConcat(call: NodeCall): Tensor<'f32'> {
  const output = newOutput(call);
  const [images = 0] = call.outputShape;
  let next = 0;
  for (let image = 0; image < images; image++) {
    for (const input of call.inputs) {
      const length = sizeOf(input.shape.slice(1));
      const start = input.offset + image * length;
      output.data.set(input.data.subarray(start, start + length), next);
      next += length;
    }
  }
  return output;
}
