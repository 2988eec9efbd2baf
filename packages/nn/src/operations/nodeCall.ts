/** What the execution of one node is given. */

import { DomainError } from '@rankwise/tensor';
import type { FusedActivation, Kernels, Shape, Tensor } from '@rankwise/tensor';

import type { Model } from '../model.ts';

export interface NodeCall {
  /** The values the node reads, contiguous, with the images axis, in the order of `node.inputs`. */
  readonly inputs: readonly Tensor<'f32'>[];
  /** With the images axis; from the node's shape rule. */
  readonly outputShape: Shape;
  readonly parameters: Model['parameters'];
  readonly kernels: Kernels;
  /** A contiguous tensor with arbitrary contents: for the node's value, every element of which the node writes. */
  readonly newOutput: (shape: Shape) => Tensor<'f32'>;
  /** Applied as the result is stored; only conv2d and linear are ever asked for other than `none`. */
  readonly activation: FusedActivation;
}

/** The one value an operation with one input reads. */
export function inputOf(call: NodeCall): Tensor<'f32'> {
  const [input] = call.inputs;
  if (input === undefined) throw new DomainError('execution: inputs: expected one value, got none');
  return input;
}

/** A tensor for the node's value. */
export function newOutput(call: NodeCall): Tensor<'f32'> {
  return call.newOutput(call.outputShape);
}
