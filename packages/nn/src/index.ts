/** Convolutional networks as graphs of named nodes: inference, shapes, cost, files. */

export type {
  AddNode,
  AveragePool2dNode,
  ConcatNode,
  Conv2dNode,
  DropoutNode,
  FlattenNode,
  GlobalAveragePoolNode,
  LeakyReluNode,
  LinearNode,
  MaxPool2dNode,
  Model,
  Node,
  Operation,
  Preprocessing,
  ReluNode,
  SoftmaxNode,
  SpatialPyramidPoolNode,
} from './model.ts';
