/** [images, c, h, w] to [images, c · h · w]: a view, nothing is copied. Dropout is the identity and a view too. */

import { reshape, sizeOf } from '@rankwise/tensor';
import type { Shape, Tensor } from '@rankwise/tensor';

import type { FlattenNode } from '../model.ts';
import { onlyInput } from './checks.ts';
import { inputOf } from './nodeCall.ts';
import type { NodeCall } from './nodeCall.ts';

export function flattenShape(node: FlattenNode, inputs: readonly Shape[]): Shape {
  return [sizeOf(onlyInput(node, inputs))];
}

export function runFlatten(call: NodeCall): Tensor<'f32'> {
  return reshape(inputOf(call), call.outputShape);
}
