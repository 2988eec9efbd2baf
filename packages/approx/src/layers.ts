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
import type { Conv2dNode, Model } from '@rankwise/nn';
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
      nonlinearity: nonlinearityAfter(model, node.name),
      first: node.inputs[0] === model.input.name,
    };
  });
}

function nonlinearityAfter(model: Model, name: string): Nonlinearity {
  const readers = model.nodes.filter((node) => node.inputs.includes(name));
  const only = readers.length === 1 && model.output !== name ? readers[0] : undefined;
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
