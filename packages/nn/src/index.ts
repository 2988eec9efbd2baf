/** Convolutional networks as graphs of named nodes: inference, shapes, cost, files. */

export type {
  AddNode,
  AveragePool2dNode,
  ClipNode,
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
  PreluNode,
  Preprocessing,
  ReluNode,
  SmoothActivationNode,
  SoftmaxNode,
  SpatialPyramidPoolNode,
} from './model.ts';
export { smoothActivations } from './activations.ts';
export type { SmoothActivation } from './activations.ts';
export { liveAfter, nodeIndex, parameterNames, readersOf, withoutUnusedParameters } from './graph.ts';
export { inferShapes } from './shapes.ts';
export { validateModel } from './validateModel.ts';
export { advance, startExecution } from './execution.ts';
export type { AdvanceOptions, ExecutionState } from './execution.ts';
export { forward, peakLiveElements } from './forward.ts';
export type { ForwardOptions, ForwardResult } from './forward.ts';
export { modelCost } from './cost.ts';
export type { LayerCost, ModelCost } from './cost.ts';
export { sequential } from './sequential.ts';
export type { ConvSpec, PoolSpec, SequentialBuilder } from './sequential.ts';
export type { InitializeOptions } from './initialize.ts';
export { sppNet7 } from './zoo/sppNet7.ts';
export type { ZooOptions } from './zoo/sppNet7.ts';
export { alexNet } from './zoo/alexNet.ts';
export { vgg16 } from './zoo/vgg16.ts';
export { createDecoder } from './decode.ts';
export type { Decoder, Fail, ObjectFields } from './decode.ts';
export { preprocessImages } from './preprocess.ts';
export { topK } from './accuracy.ts';
export { loadModel, modelFileParts, saveModel } from './modelFile.ts';
export { modelFromLayerList } from './layerList.ts';
export { imageSourceOf, selectImages } from './imageSource.ts';
export type { ImageSource } from './imageSource.ts';
