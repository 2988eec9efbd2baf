/** The shape rule of every operation: from the shapes a node reads to the shape of its value, without the images axis. */

import type { Shape } from '@rankwise/tensor';

import type { Model, Node } from '../model.ts';
import { addShape } from './add.ts';
import { onlyInput } from './checks.ts';
import { clipShape } from './clip.ts';
import { concatShape } from './concat.ts';
import { conv2dShape } from './conv2d.ts';
import { flattenShape } from './flatten.ts';
import { globalAveragePoolShape } from './globalAveragePool.ts';
import { leakyReluShape } from './leakyRelu.ts';
import { linearShape } from './linear.ts';
import { pool2dShape } from './pool2d.ts';
import { preluShape } from './prelu.ts';
import { softmaxShape } from './softmax.ts';
import { spatialPyramidPoolShape } from './spatialPyramidPool.ts';

/**
 * @throws ShapeError when the inputs or the parameters do not fit the operation.
 * @throws DomainError when an attribute is out of range or a parameter does not exist.
 */
export function nodeShape(node: Node, inputs: readonly Shape[], parameters: Model['parameters']): Shape {
  switch (node.op) {
    case 'conv2d':
      return conv2dShape(node, inputs, parameters);
    case 'linear':
      return linearShape(node, inputs, parameters);
    case 'maxPool2d':
    case 'averagePool2d':
      return pool2dShape(node, inputs);
    case 'globalAveragePool':
      return globalAveragePoolShape(node, inputs);
    case 'spatialPyramidPool':
      return spatialPyramidPoolShape(node, inputs);
    case 'add':
      return addShape(node, inputs);
    case 'concat':
      return concatShape(node, inputs);
    case 'leakyRelu':
      return leakyReluShape(node, inputs);
    case 'prelu':
      return preluShape(node, inputs, parameters);
    case 'clip':
      return clipShape(node, inputs);
    case 'softmax':
      return softmaxShape(node, inputs);
    case 'flatten':
      return flattenShape(node, inputs);
    case 'relu':
    case 'sigmoid':
    case 'tanh':
    case 'gelu':
    case 'silu':
    case 'softplus':
    case 'dropout':
      return onlyInput(node, inputs);
  }
}
