/** Names for layers whose author gave none: relu1, relu2, pool1, … counted for each kind. */

import type { Operation } from './model.ts';

const kinds: Readonly<Record<Operation, string>> = {
  add: 'add',
  averagePool2d: 'pool',
  clip: 'clip',
  concat: 'concat',
  conv2d: 'conv',
  dropout: 'dropout',
  flatten: 'flatten',
  gelu: 'gelu',
  globalAveragePool: 'pool',
  leakyRelu: 'relu',
  linear: 'fc',
  maxPool2d: 'pool',
  prelu: 'prelu',
  relu: 'relu',
  sigmoid: 'sigmoid',
  silu: 'silu',
  softmax: 'softmax',
  softplus: 'softplus',
  spatialPyramidPool: 'spp',
  tanh: 'tanh',
};

/** The first free name of the operation's kind; `taken` holds the names in use and is not changed. */
export function autoName(op: Operation, taken: ReadonlySet<string>): string {
  let number = 1;
  while (taken.has(`${kinds[op]}${number}`)) number++;
  return `${kinds[op]}${number}`;
}
