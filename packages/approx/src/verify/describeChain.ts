/**
 * Which decomposition a chain of convolutions is, told by the shapes alone.
 *
 * | kind    | kernels            | ranks, the filters in between |
 * |---------|--------------------|-------------------------------|
 * | channel | k×k, 1×1           | d'                            |
 * | spatial | k×1, 1×k           | K                             |
 * | 3d      | k×1, 1×k, 1×1      | d'', d'                       |
 * | other   | anything else      |                               |
 *
 * On each axis one layer at most is wider than 1 in these, so the chain sees what the layer saw when that one has the layer's stride,
 * padding and dilation and the others have none; where no layer is wider than 1 the strides only have to multiply to the old one.
 */

import type { Conv2dNode, Model } from '@rankwise/nn';
import type { ConvolutionLayer } from '../layers.ts';

export type ChainKind = 'channel' | 'spatial' | '3d' | 'other';

export interface ChainDescription {
  readonly kind: ChainKind;
  /** Filters of all layers but the last. */
  readonly ranks: readonly number[];
}

/** @param chain - two convolutions or more, in the order they run, with their weights in `approximated` */
export function describeChain(
  layer: ConvolutionLayer,
  original: Model,
  chain: readonly Conv2dNode[],
  approximated: Model,
): ChainDescription {
  const shapes = chain.map((node) => approximated.parameters[node.weight]?.shape ?? []);
  const ranks = shapes.slice(0, -1).map(([filters = 0]) => filters);
  const kernels = shapes.map(([, , height = 0, width = 0]): [number, number] => [height, width]);
  const old = original.parameters[layer.node.weight]?.shape ?? [];
  const sameEnds = shapes[0]?.[1] === old[1] && shapes.at(-1)?.[0] === old[0];
  const sameView = ([0, 1] as const).every((axis) => seesTheSame(axis, layer, chain, kernels));
  return { kind: sameEnds && sameView ? kindOf(kernels, layer.kernel) : 'other', ranks };
}

function kindOf(
  kernels: readonly (readonly [number, number])[],
  [height, width]: readonly [number, number],
): ChainKind {
  const written = kernels.map((kernel) => kernel.join('×')).join(', ');
  if (written === `${height}×${width}, 1×1`) return 'channel';
  if (written === `${height}×1, 1×${width}`) return 'spatial';
  return written === `${height}×1, 1×${width}, 1×1` ? '3d' : 'other';
}

/** @param axis - 0 along the height, 1 along the width */
function seesTheSame(
  axis: 0 | 1,
  { node: old, kernel }: ConvolutionLayer,
  chain: readonly Conv2dNode[],
  kernels: readonly (readonly [number, number])[],
): boolean {
  const pads = ({ padding }: Conv2dNode): string => `${padding[axis]}, ${padding[axis + 2]}`;
  const wide = chain.findIndex((_, i) => (kernels[i]?.[axis] ?? 1) > 1);
  // Without a wide layer the first one alone sees the input's edge.
  const acting = chain[Math.max(0, wide)];
  const others = chain.filter((node) => node !== acting);
  if (acting === undefined || pads(acting) !== pads(old) || !others.every((node) => pads(node) === '0, 0'))
    return false;
  if (wide < 0) return chain.reduce((stride, node) => stride * node.stride[axis], 1) === old.stride[axis];
  return (
    kernels[wide]?.[axis] === kernel[axis] &&
    acting.stride[axis] === old.stride[axis] &&
    acting.dilation[axis] === old.dilation[axis] &&
    others.every((node) => node.stride[axis] === 1)
  );
}
