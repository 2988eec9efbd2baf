/**
 * A network as plain readonly data: named nodes in topological order, each an operation with its inputs and attributes,
 * and the parameter tensors they name.
 *
 * Every node makes one value, known by the node's name; `model.input.name` names the network's input. A node's inputs
 * stand before it. Activations are f32, [images, channels, height, width] or, after `flatten`, [images, features].
 */

import type { Padding, Pair, Tensor } from '@rankwise/tensor';

import type { SmoothActivation } from './activations.ts';

interface NodeBase {
  readonly name: string;
  /** Names of the values read, in order. */
  readonly inputs: readonly string[];
}

export interface Conv2dNode extends NodeBase {
  readonly op: 'conv2d';
  /** Name of the [filters, channels / groups, kernelHeight, kernelWidth] parameter. */
  readonly weight: string;
  /** Name of the [filters] parameter. */
  readonly bias?: string;
  readonly stride: Pair;
  readonly padding: Padding;
  readonly dilation: Pair;
  readonly groups: number;
}

/** out = weight · x + bias over [images, features]. */
export interface LinearNode extends NodeBase {
  readonly op: 'linear';
  /** Name of the [outputs, features] parameter. */
  readonly weight: string;
  /** Name of the [outputs] parameter. */
  readonly bias?: string;
}

export interface ReluNode extends NodeBase {
  readonly op: 'relu';
}

/** x for x ≥ 0, slope · x below. */
export interface LeakyReluNode extends NodeBase {
  readonly op: 'leakyRelu';
  readonly slope: number;
}

/** x for x ≥ 0, below it times the channel's slope. */
export interface PreluNode extends NodeBase {
  readonly op: 'prelu';
  /** Name of the [channels] parameter that holds the slopes. */
  readonly weight: string;
}

/** min(max(x, low), high), both finite and low ≤ high; ReLU6 is 0 and 6. */
export interface ClipNode extends NodeBase {
  readonly op: 'clip';
  readonly low: number;
  readonly high: number;
}

/** One of the functions in activations.ts, elementwise; gelu is the exact one, x Φ(x). */
export interface SmoothActivationNode extends NodeBase {
  readonly op: SmoothActivation;
}

export interface MaxPool2dNode extends NodeBase {
  readonly op: 'maxPool2d';
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Padding;
  /** Output extents are rounded up, and a window may run past the far edge; it always starts inside. */
  readonly ceil: boolean;
}

export interface AveragePool2dNode extends NodeBase {
  readonly op: 'averagePool2d';
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Padding;
  readonly ceil: boolean;
  readonly countPadding: boolean;
}

/** [images, channels, h, w] to [images, channels, 1, 1]. */
export interface GlobalAveragePoolNode extends NodeBase {
  readonly op: 'globalAveragePool';
}

/**
 * Spatial pyramid max pooling (He et al. 2014): per level n, an n × n grid of windows ceil(a / n) with stride floor(a / n);
 * [images, channels, a, b] to [images, channels · Σ n²], levels in order, each as (channel, y, x).
 */
export interface SpatialPyramidPoolNode extends NodeBase {
  readonly op: 'spatialPyramidPool';
  readonly levels: readonly number[];
}

/** Elementwise sum of two or more values of one shape. */
export interface AddNode extends NodeBase {
  readonly op: 'add';
}

/** Joins two or more values along the channel axis. */
export interface ConcatNode extends NodeBase {
  readonly op: 'concat';
}

/** exp(x − max) / Σ exp(x − max) over axis 1. */
export interface SoftmaxNode extends NodeBase {
  readonly op: 'softmax';
}

/** [images, c, h, w] to [images, c · h · w]. */
export interface FlattenNode extends NodeBase {
  readonly op: 'flatten';
}

/** The identity at inference. */
export interface DropoutNode extends NodeBase {
  readonly op: 'dropout';
}

export type Node =
  | AddNode
  | AveragePool2dNode
  | ClipNode
  | ConcatNode
  | Conv2dNode
  | DropoutNode
  | FlattenNode
  | GlobalAveragePoolNode
  | LeakyReluNode
  | LinearNode
  | MaxPool2dNode
  | PreluNode
  | ReluNode
  | SmoothActivationNode
  | SoftmaxNode
  | SpatialPyramidPoolNode;

export type Operation = Node['op'];

/** How stored images (0…255, RGB order) become the network's input: channel c is (image · scale − mean[c]) / std[c]. */
export interface Preprocessing {
  /** Applied first; 1 for networks that work on 0…255, 1/255 for those on 0…1. */
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly channelOrder: 'RGB' | 'BGR' | 'grey';
}

export interface Model {
  readonly name: string;
  /** `shape` is [channels, height, width], without the images axis. */
  readonly input: { readonly name: string; readonly shape: readonly [number, number, number] };
  readonly nodes: readonly Node[];
  /** Name of the value that is the network's answer. */
  readonly output: string;
  readonly parameters: Readonly<Record<string, Tensor<'f32'>>>;
  readonly preprocessing?: Preprocessing;
  readonly classNames?: readonly string[];
  /** Ranks that the network's authors set by hand, kept by rank selection unless the caller says otherwise. */
  readonly fixedRanks?: Readonly<Record<string, number>>;
}
