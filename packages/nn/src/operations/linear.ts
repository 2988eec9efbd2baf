/**
 * Fully connected layer: out = x Wᵀ + bias over [images, features].
 *
 * It is computed as outᵀ = W xᵀ, features × images, with transposed views of x and out: the weight, by far the largest
 * operand, is read in its stored order, and the bias is the product's row bias.
 */

import { formatShape, transpose } from '@rankwise/tensor';
import type { Shape, Tensor } from '@rankwise/tensor';

import { parameterOf } from '../graph.ts';
import type { LinearNode, Model } from '../model.ts';
import { checkBias, onlyInput, shapeMismatch, weightShape } from './checks.ts';
import { inputOf, newOutput } from './nodeCall.ts';
import type { NodeCall } from './nodeCall.ts';

/** [features] to [outputs]. */
export function linearShape(node: LinearNode, inputs: readonly Shape[], parameters: Model['parameters']): Shape {
  const input = onlyInput(node, inputs);
  const [outputs = 0, features = 0] = weightShape(node, parameters, node.weight, ['outputs', 'features']);
  if (input.length !== 1) {
    throw shapeMismatch(node, 'input', `flat features [${features}] (a flatten node before it)`, formatShape(input));
  }
  if (input[0] !== features) throw shapeMismatch(node, 'input', `[${features}]`, formatShape(input));
  checkBias(node, parameters, node.bias, outputs);
  return [outputs];
}

export function runLinear(node: LinearNode, call: NodeCall): Tensor<'f32'> {
  const { parameters, kernels, activation } = call;
  const output = newOutput(call);
  const rowBias = node.bias === undefined ? {} : { rowBias: parameterOf(parameters, node.bias, node) };
  kernels.matmul({
    a: parameterOf(parameters, node.weight, node),
    b: transpose(inputOf(call)),
    out: transpose(output),
    ...rowBias,
    constant: 'a',
    activation,
  });
  return output;
}
