/**
 * What a model costs for one image.
 *
 * Counted are multiply-adds (one multiplication and one addition are one): a convolution has
 * filters · outputHeight · outputWidth · channels / groups · kernelHeight · kernelWidth, a linear layer outputs · features.
 * Everything else counts 0: bias, relu, pooling (spatial pyramid pooling too), add, concat, softmax. Padded positions count
 * like any other, as in the papers.
 */

import { sizeOf } from '@rankwise/tensor';
import type { Shape } from '@rankwise/tensor';

import { parameterNames, parameterOf } from './graph.ts';
import type { Model, Node, Operation } from './model.ts';
import { conv2dMacs } from './operations/conv2d.ts';
import { inferShapes } from './shapes.ts';

export interface LayerCost {
  readonly name: string;
  readonly op: Operation;
  /** Without the images axis. */
  readonly outputShape: Shape;
  /** Multiply-adds for one image. */
  readonly macs: number;
  /** Of `convMacs`, between 0 and 1; 0 for anything but a convolution. */
  readonly share: number;
  /** Elements of the node's parameters, the bias included. */
  readonly parameters: number;
}

export interface ModelCost {
  readonly layers: readonly LayerCost[];
  /** Multiply-adds of the convolutions. */
  readonly convMacs: number;
  /** Multiply-adds of the convolutions and the linear layers. */
  readonly macs: number;
  /** Elements of all parameters that nodes read, each counted once. */
  readonly parameters: number;
}

/**
 * Multiply-adds and parameters of every node and of the whole model, for one image.
 * @throws as inferShapes.
 * @example
 * import { modelCost, sequential } from '@rankwise/nn';
 * const model = sequential('tiny', [3, 8, 8]).conv('conv1', { filters: 4, kernel: 3, padding: 1 }).build();
 * modelCost(model).macs // => 6912
 */
export function modelCost(model: Model): ModelCost {
  const shapes = inferShapes(model);
  const counted = model.nodes.map((node) => ({ node, macs: nodeMacs(node, model, shapes) }));
  const sum = (op: Operation): number =>
    counted.reduce((total, { node, macs }) => (node.op === op ? total + macs : total), 0);
  const convMacs = sum('conv2d');
  const layers = counted.map(({ node, macs }) => ({
    name: node.name,
    op: node.op,
    outputShape: shapes.get(node.name) ?? [],
    macs,
    share: node.op === 'conv2d' && convMacs > 0 ? macs / convMacs : 0,
    parameters: parameterCount(model, parameterNames(node), node),
  }));
  const unique = new Map(model.nodes.flatMap((node) => parameterNames(node).map((name) => [name, node] as const)));
  let parameters = 0;
  for (const [name, node] of unique) parameters += parameterCount(model, [name], node);
  return { layers, convMacs, macs: convMacs + sum('linear'), parameters };
}

function nodeMacs(node: Node, model: Model, shapes: ReadonlyMap<string, Shape>): number {
  const outputShape = shapes.get(node.name) ?? [];
  if (node.op === 'conv2d') return conv2dMacs(node, outputShape, model.parameters);
  return node.op === 'linear' ? sizeOf(parameterOf(model.parameters, node.weight, node).shape) : 0;
}

function parameterCount(model: Model, names: readonly string[], node: Node): number {
  return names.reduce((total, name) => total + sizeOf(parameterOf(model.parameters, name, node).shape), 0);
}
