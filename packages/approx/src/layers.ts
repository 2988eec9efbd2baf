/**
 * The convolutions of a model as the approximation sees them.
 *
 * | symbol | field              | meaning                                                            |
 * |--------|--------------------|--------------------------------------------------------------------|
 * | d      | filters            | responses per position                                             |
 * | k²c    | patchSize          | inputs per position: kernelHeight · kernelWidth · channels          |
 * | C      | macs               | multiply-adds per image: d k²c · positions                         |
 */

import { inferShapes } from '@rankwise/nn';
import type { Conv2dNode, MaxPool2dNode, Model, Node } from '@rankwise/nn';
import type { Nonlinearity } from './solve/nonlinearity.ts';

export interface ConvolutionLayer {
  readonly name: string;
  /** Index of the node in `model.nodes`. */
  readonly index: number;
  readonly node: Conv2dNode;
  readonly filters: number;
  readonly channels: number;
  /** [kernelHeight, kernelWidth]. */
  readonly kernel: readonly [number, number];
  readonly patchSize: number;
  /** Output positions per image: height · width. */
  readonly positions: number;
  readonly outputShape: readonly number[];
  /** Positions per image of a vertical layer in its place: output height · input width (decomposition/spatialCost.ts). */
  readonly verticalPositions: number;
  readonly macs: number;
  /** What the one reader of the convolution does to each response; the identity where there are more, or it does something else. */
  readonly nonlinearity: Nonlinearity;
  /** The max pool that is the one reader of what the nonlinearity makes of the responses. */
  readonly pooling?: Pick<MaxPool2dNode, 'kernel' | 'padding' | 'stride'>;
  /** True when the layer reads the network's own input. */
  readonly first: boolean;
}

/**
 * The convolutions that a low-rank map can replace: those with one group, in the order of the graph.
 * @throws ShapeError when the model's shapes do not fit (from inferShapes).
 * @example
 * import { convolutionLayers } from '@rankwise/approx';
 * import { sppNet7 } from '@rankwise/nn';
 * convolutionLayers(sppNet7({ initialize: false })).map((layer) => layer.filters) // => [96, 256, 512, 512, 512, 512, 512]
 */
export function convolutionLayers(model: Model): ConvolutionLayer[] {
  const shapes = inferShapes(model);
  return model.nodes.flatMap((node, index) => {
    if (node.op !== 'conv2d' || node.groups !== 1) return [];
    const [filters = 0, channels = 0, kernelHeight = 0, kernelWidth = 0] = model.parameters[node.weight]?.shape ?? [];
    const outputShape = shapes.get(node.name) ?? [];
    const positions = (outputShape[1] ?? 0) * (outputShape[2] ?? 0);
    const inputWidth = shapes.get(node.inputs[0] ?? '')?.[2] ?? 0;
    const patchSize = kernelHeight * kernelWidth * channels;
    const nonlinearity = nonlinearityAfter(model, node.name);
    const pooling = poolingAfter(model, node.name, nonlinearity);
    return {
      name: node.name,
      index,
      node,
      filters,
      channels,
      kernel: [kernelHeight, kernelWidth],
      patchSize,
      positions,
      outputShape,
      verticalPositions: (outputShape[1] ?? 0) * inputWidth,
      macs: filters * patchSize * positions,
      nonlinearity,
      ...(pooling === undefined ? {} : { pooling }),
      first: node.inputs[0] === model.input.name,
    };
  });
}

/** The one reader of a value that nothing else needs. */
function onlyReader(model: Model, name: string): Node | undefined {
  const readers = model.nodes.filter((node) => node.inputs.includes(name));
  return readers.length === 1 && model.output !== name ? readers[0] : undefined;
}

function poolingAfter(model: Model, name: string, nonlinearity: Nonlinearity): MaxPool2dNode | undefined {
  const activation = nonlinearity.kind === 'identity' ? undefined : onlyReader(model, name);
  const reader = onlyReader(model, activation?.name ?? name);
  return reader?.op === 'maxPool2d' ? reader : undefined;
}

function nonlinearityAfter(model: Model, name: string): Nonlinearity {
  const only = onlyReader(model, name);
  switch (only?.op) {
    case 'relu':
      return { kind: 'relu' };
    case 'leakyRelu':
      return { kind: 'leakyRelu', slope: only.slope };
    case 'prelu': {
      const slopes = model.parameters[only.weight];
      return slopes === undefined ? { kind: 'identity' } : { kind: 'prelu', slopes };
    }
    case 'clip':
      return { kind: 'clip', low: only.low, high: only.high };
    case 'sigmoid':
    case 'tanh':
    case 'gelu':
    case 'silu':
    case 'softplus':
      return { kind: only.op };
    default:
      return { kind: 'identity' };
  }
}
