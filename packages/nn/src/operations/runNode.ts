/** The execution of every operation. */

import type { Tensor } from '@rankwise/tensor';

import type { Node } from '../model.ts';
import { runAdd } from './add.ts';
import { runClip } from './clip.ts';
import { runConcat } from './concat.ts';
import { runConv2d } from './conv2d.ts';
import { runFlatten } from './flatten.ts';
import { runGlobalAveragePool } from './globalAveragePool.ts';
import { runLeakyRelu } from './leakyRelu.ts';
import { runLinear } from './linear.ts';
import { inputOf } from './nodeCall.ts';
import type { NodeCall } from './nodeCall.ts';
import { runAveragePool2d, runMaxPool2d } from './pool2d.ts';
import { runPrelu } from './prelu.ts';
import { runRelu } from './relu.ts';
import { runSmoothActivation } from './smoothActivation.ts';
import { runSoftmax } from './softmax.ts';
import { runSpatialPyramidPool } from './spatialPyramidPool.ts';

/** The node's value, with the images axis. Views (flatten, dropout) share the data of what they read. */
export function runNode(node: Node, call: NodeCall): Tensor<'f32'> {
  switch (node.op) {
    case 'conv2d':
      return runConv2d(node, call);
    case 'linear':
      return runLinear(node, call);
    case 'maxPool2d':
      return runMaxPool2d(node, call);
    case 'averagePool2d':
      return runAveragePool2d(node, call);
    case 'globalAveragePool':
      return runGlobalAveragePool(call);
    case 'spatialPyramidPool':
      return runSpatialPyramidPool(node, call);
    case 'add':
      return runAdd(call);
    case 'concat':
      return runConcat(call);
    case 'relu':
      return runRelu(call);
    case 'leakyRelu':
      return runLeakyRelu(node, call);
    case 'prelu':
      return runPrelu(node, call);
    case 'clip':
      return runClip(node, call);
    case 'sigmoid':
    case 'tanh':
    case 'gelu':
    case 'silu':
    case 'softplus':
      return runSmoothActivation(node, call);
    case 'softmax':
      return runSoftmax(call);
    case 'flatten':
      return runFlatten(call);
    case 'dropout':
      return inputOf(call);
  }
}
