/**
 * Single layers: every convolution shape of the 7-convolution model, of the same model at 4×, and of VGG-16.
 *
 * A layer at 4× is a pair, d' filters k × k and then d filters 1 × 1. The ranks d' are those of Zhang, Zou, He, Sun, TPAMI
 * 2016 (arXiv 1505.06798), table 2, row 4× with rank selection; conv1 is set to 32 by its authors.
 */

import { modelCost, sequential } from '@rankwise/nn';
import type { ConvSpec, Model } from '@rankwise/nn';

import type { NetworkWorkload } from './workload.ts';

/** d' of conv1 to conv7. */
export const ranks4x: readonly number[] = [32, 50, 112, 114, 122, 117, 119];

export interface LayerShape {
  readonly name: string;
  /** Input channels and extent. */
  readonly channels: number;
  readonly extent: number;
  readonly spec: ConvSpec & { readonly kernel: number };
}

/** The 7-convolution model on a 224 × 224 image; see sppNet7 in @rankwise/nn. */
export const sevenConvShapes: readonly LayerShape[] = [
  { name: 'conv1', channels: 3, extent: 224, spec: { filters: 96, kernel: 7, stride: 2 } },
  { name: 'conv2', channels: 96, extent: 37, spec: { filters: 256, kernel: 5, padding: 1 } },
  { name: 'conv3', channels: 256, extent: 18, spec: { filters: 512, kernel: 3, padding: 1 } },
  ...['conv4', 'conv5', 'conv6', 'conv7'].map((name) => ({
    name,
    channels: 512,
    extent: 18,
    spec: { filters: 512, kernel: 3, padding: 1 },
  })),
];

/** The distinct shapes of VGG-16 (Simonyan, Zisserman 2015, configuration D): channels, extent, filters of 3 × 3. */
const vggShapes: readonly (readonly [string, number, number, number])[] = [
  ['conv1_1', 3, 224, 64],
  ['conv1_2', 64, 224, 64],
  ['conv2_1', 64, 112, 128],
  ['conv2_2', 128, 112, 128],
  ['conv3_1', 128, 56, 256],
  ['conv3_2', 256, 56, 256],
  ['conv4_1', 256, 28, 512],
  ['conv4_2', 512, 28, 512],
  ['conv5_1', 512, 14, 512],
];

/**
 * Layer workloads in sets; the members of a set are timed in turn. conv5 to conv7 have the shape of conv4, so only their
 * versions at 4× are listed.
 */
export function layerWorkloads(): NetworkWorkload[][] {
  const seven = sevenConvShapes.map((shape, index) => {
    const decomposed = layerWorkload(`seven/${shape.name}-4x`, shape, ranks4x[index]);
    return index > 3 ? [decomposed] : [layerWorkload(`seven/${shape.name}`, shape), decomposed];
  });
  const vgg = vggShapes.map(([name, channels, extent, filters]) => [
    layerWorkload(`vgg16/${name}`, { name, channels, extent, spec: { filters, kernel: 3, padding: 1 } }),
  ]);
  return [...seven, ...vgg];
}

/** The layer, or with a rank the pair that stands for it. */
function layerWorkload(name: string, shape: LayerShape, rank?: number): NetworkWorkload {
  const { channels, extent, spec } = shape;
  const build = (initialize: boolean): Model => {
    const chain = sequential(name, [channels, extent, extent], { initialize });
    return addConvolution(chain, shape, rank).build();
  };
  const { filters, kernel, stride = 1 } = spec;
  const step = stride === 1 ? '' : ` /${String(stride)}`;
  const shown = rank === undefined ? `${filters}` : `${rank}→${filters}`;
  const description = `${channels}→${shown} ${kernel}×${kernel}${step} on ${extent}×${extent}`;
  const { convMacs: macs } = modelCost(build(false));
  return { kind: 'network', group: 'layers', name, description, images: 1, macs, model: () => build(true) };
}

/** Appends the layer, decomposed when a rank is given. */
export function addConvolution(
  chain: ReturnType<typeof sequential>,
  { name, spec }: LayerShape,
  rank: number | undefined,
): ReturnType<typeof sequential> {
  if (rank === undefined) return chain.conv(name, spec);
  const { filters } = spec;
  return chain.conv(`${name}/a`, { ...spec, filters: rank, bias: false }).conv(`${name}/b`, { filters, kernel: 1 });
}
