/**
 * A builder for networks that are one chain: each call adds a node that reads the value of the one before it.
 *
 * The shape is followed as the chain grows, so a layer states its outputs only, and a layer that does not fit is refused where
 * it is added. Extents are one number for both axes or [vertical, horizontal]. Layers without a name get relu1, pool1, ….
 * For graphs with skips and joins write `Model` data directly.
 */

import { DomainError, ShapeError, formatShape } from '@rankwise/tensor';
import type { Padding, Pair, Shape, Tensor } from '@rankwise/tensor';

import { autoName } from './autoName.ts';
import { createInitializer } from './initialize.ts';
import type { InitializeOptions } from './initialize.ts';
import type { Model, Node, Operation } from './model.ts';
import { nodeShape } from './operations/nodeShape.ts';
import { validateModel } from './validateModel.ts';

export interface ConvSpec {
  readonly filters: number;
  readonly kernel: number | Pair;
  /** Default 1. */
  readonly stride?: number | Pair;
  /** Default 0; one number for all sides, [vertical, horizontal], or [top, left, bottom, right]. */
  readonly padding?: number | Pair | Padding;
  /** Default 1. */
  readonly dilation?: number | Pair;
  /** Default 1. */
  readonly groups?: number;
  /** Default true. */
  readonly bias?: boolean;
}

export interface PoolSpec {
  readonly kernel: number | Pair;
  /** Default: the kernel. */
  readonly stride?: number | Pair;
  readonly padding?: number | Pair | Padding;
  /** Round output extents up. Default false. */
  readonly ceil?: boolean;
}

export interface SequentialBuilder {
  readonly conv: (name: string, spec: ConvSpec) => SequentialBuilder;
  readonly linear: (name: string, spec: { readonly outputs: number; readonly bias?: boolean }) => SequentialBuilder;
  readonly relu: (name?: string) => SequentialBuilder;
  readonly leakyRelu: (slope: number, name?: string) => SequentialBuilder;
  /** A slope for each channel, 0.25 at first. */
  readonly prelu: (name: string) => SequentialBuilder;
  readonly clip: (low: number, high: number, name?: string) => SequentialBuilder;
  /** clip from 0 to 6. */
  readonly relu6: (name?: string) => SequentialBuilder;
  readonly sigmoid: (name?: string) => SequentialBuilder;
  readonly tanh: (name?: string) => SequentialBuilder;
  /** The exact one, x Φ(x). */
  readonly gelu: (name?: string) => SequentialBuilder;
  readonly silu: (name?: string) => SequentialBuilder;
  readonly softplus: (name?: string) => SequentialBuilder;
  readonly maxPool: (name: string, spec: PoolSpec) => SequentialBuilder;
  readonly averagePool: (name: string, spec: PoolSpec & { readonly countPadding?: boolean }) => SequentialBuilder;
  readonly globalAveragePool: (name?: string) => SequentialBuilder;
  readonly spatialPyramidPool: (levels: readonly number[], name?: string) => SequentialBuilder;
  readonly flatten: (name?: string) => SequentialBuilder;
  readonly dropout: (name?: string) => SequentialBuilder;
  readonly softmax: (name?: string) => SequentialBuilder;
  /** The model so far, validated; its output is the last node. `extras` are copied into it. */
  readonly build: (extras?: Pick<Model, 'classNames' | 'fixedRanks' | 'preprocessing'>) => Model;
}

/**
 * Starts a chain. Parameters are named `<layer>.weight` and `<layer>.bias` and He-initialised from `options.seed`.
 * @param inputShape - [channels, height, width]
 * @throws (its methods) ShapeError or DomainError when a layer does not fit the one before it.
 * @example
 * import { inferShapes, sequential } from '@rankwise/nn';
 * const model = sequential('tiny', [3, 8, 8], { seed: 1 })
 *   .conv('conv1', { filters: 4, kernel: 3, padding: 1 })
 *   .relu()
 *   .maxPool('pool1', { kernel: 2 })
 *   .flatten()
 *   .linear('fc', { outputs: 10 })
 *   .build();
 * [...inferShapes(model).values()] // => [[3, 8, 8], [4, 8, 8], [4, 8, 8], [4, 4, 4], [64], [10]]
 */
export function sequential(
  name: string,
  inputShape: readonly [number, number, number],
  options: InitializeOptions = {},
): SequentialBuilder {
  const chain = startChain(name, inputShape, options);
  const add = (node: Node): SequentialBuilder => {
    chain.append(node);
    return builder;
  };
  const builder: SequentialBuilder = {
    conv: (layer, spec) => {
      const { filters, groups = 1 } = spec;
      const weightShape = [filters, chain.features() / groups, ...pair(spec.kernel)];
      const stride = pair(spec.stride ?? 1);
      const dilation = pair(spec.dilation ?? 1);
      const linked = { ...chain.link('conv2d', layer), ...chain.parametersOf(layer, weightShape, spec.bias) };
      return add({ op: 'conv2d', ...linked, stride, padding: padding(spec.padding), dilation, groups });
    },
    linear: (layer, { outputs, bias }) => {
      const linked = chain.link('linear', layer);
      return add({ op: 'linear', ...linked, ...chain.parametersOf(layer, [outputs, chain.features()], bias) });
    },
    relu: (layer) => add({ op: 'relu', ...chain.link('relu', layer) }),
    leakyRelu: (slope, layer) => add({ op: 'leakyRelu', ...chain.link('leakyRelu', layer), slope }),
    prelu: (layer) => add({ op: 'prelu', ...chain.link('prelu', layer), weight: chain.slopesOf(layer) }),
    clip: (low, high, layer) => add({ op: 'clip', ...chain.link('clip', layer), low, high }),
    relu6: (layer) => builder.clip(0, 6, layer),
    sigmoid: (layer) => add({ op: 'sigmoid', ...chain.link('sigmoid', layer) }),
    tanh: (layer) => add({ op: 'tanh', ...chain.link('tanh', layer) }),
    gelu: (layer) => add({ op: 'gelu', ...chain.link('gelu', layer) }),
    silu: (layer) => add({ op: 'silu', ...chain.link('silu', layer) }),
    softplus: (layer) => add({ op: 'softplus', ...chain.link('softplus', layer) }),
    maxPool: (layer, spec) => add({ op: 'maxPool2d', ...chain.link('maxPool2d', layer), ...pooling(spec) }),
    averagePool: (layer, spec) => {
      const countPadding = spec.countPadding ?? false;
      return add({ op: 'averagePool2d', ...chain.link('averagePool2d', layer), ...pooling(spec), countPadding });
    },
    globalAveragePool: (layer) => add({ op: 'globalAveragePool', ...chain.link('globalAveragePool', layer) }),
    spatialPyramidPool: (levels, layer) =>
      add({ op: 'spatialPyramidPool', ...chain.link('spatialPyramidPool', layer), levels: [...levels] }),
    flatten: (layer) => add({ op: 'flatten', ...chain.link('flatten', layer) }),
    dropout: (layer) => add({ op: 'dropout', ...chain.link('dropout', layer) }),
    softmax: (layer) => add({ op: 'softmax', ...chain.link('softmax', layer) }),
    build: (extras = {}) => {
      const model = { ...chain.model(), ...extras };
      validateModel(model);
      return model;
    },
  };
  return builder;
}

/** The growing list of nodes, the shape at its end, and the parameters so far. */
interface Chain {
  /** Name (a free one when none is given) and inputs of the next node. */
  readonly link: (op: Operation, given: string | undefined) => { name: string; inputs: string[] };
  /** New parameters for a layer of `weightShape[0]` outputs; a bias unless it is refused. */
  readonly parametersOf: (layer: string, weightShape: Shape, bias?: boolean) => { weight: string; bias?: string };
  /** New slopes for the channels at the end of the chain; their name. */
  readonly slopesOf: (layer: string) => string;
  readonly append: (node: Node) => void;
  /** Channels of the map, or flat features, at the end of the chain. */
  readonly features: () => number;
  readonly model: () => Model;
}

function startChain(name: string, inputShape: Model['input']['shape'], options: InitializeOptions): Chain {
  const initializer = createInitializer(options);
  const input = { name: 'input', shape: inputShape };
  const nodes: Node[] = [];
  const parameters = new Map<string, Tensor<'f32'>>();
  let shape: Shape = inputShape;
  const end = (): string => nodes.at(-1)?.name ?? input.name;
  return {
    link: (op, given) => {
      const taken = new Set([input.name, ...nodes.map((node) => node.name)]);
      const wanted = given ?? autoName(op, taken);
      if (taken.has(wanted)) throw new DomainError(`sequential: name: expected a new one, got '${wanted}' again`);
      return { name: wanted, inputs: [end()] };
    },
    parametersOf: (layer, weightShape, bias = true) => {
      const weight = `${layer}.weight`;
      if (!weightShape.every((extent) => Number.isInteger(extent) && extent >= 0)) {
        const expected = 'a weight of whole extents';
        throw new ShapeError(`sequential: layer '${layer}': expected ${expected}, got ${formatShape(weightShape)}`);
      }
      parameters.set(weight, initializer.weight(weight, weightShape));
      if (!bias) return { weight };
      parameters.set(`${layer}.bias`, initializer.bias(weightShape[0] ?? 0));
      return { weight, bias: `${layer}.bias` };
    },
    slopesOf: (layer) => {
      parameters.set(`${layer}.weight`, initializer.slopes(shape[0] ?? 0));
      return `${layer}.weight`;
    },
    append: (node) => {
      shape = nodeShape(node, [shape], Object.fromEntries(parameters));
      nodes.push(node);
    },
    features: () => shape[0] ?? 0,
    model: () => ({ name, input, nodes: [...nodes], output: end(), parameters: Object.fromEntries(parameters) }),
  };
}

function pair(extent: number | Pair): Pair {
  return typeof extent === 'number' ? [extent, extent] : extent;
}

function padding(sides: number | Pair | Padding = 0): Padding {
  if (typeof sides === 'number') return [sides, sides, sides, sides];
  const [top, left, bottom = top, right = left] = sides;
  return [top, left, bottom, right];
}

function pooling(spec: PoolSpec): { kernel: Pair; stride: Pair; padding: Padding; ceil: boolean } {
  const { kernel, stride = kernel, ceil = false } = spec;
  return { kernel: pair(kernel), stride: pair(stride), padding: padding(spec.padding), ceil };
}
