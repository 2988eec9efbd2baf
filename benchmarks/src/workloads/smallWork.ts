/**
 * Work that is far from square or too small to fill a machine: linear layers, statistics of few channels, and the layers of a
 * network for 28 × 28 images in batches of 32.
 */

import { modelCost, sequential } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';

import { matmulWorkload } from './matmuls.ts';
import type { NetworkWorkload, Workload } from './workload.ts';

/** m, k, n. */
const products: readonly (readonly [number, number, number])[] = [
  [64, 64, 64],
  [4096, 512, 10],
  [10, 512, 4096],
  [512, 9, 512],
  [4096, 4096, 1],
];

/** Channels, filters, kernel, extent; padded so that the map keeps its extent. */
const convolutions: readonly (readonly [number, number, number, number])[] = [
  [1, 48, 3, 28],
  [48, 96, 3, 14],
  [192, 192, 3, 7],
  [192, 46, 3, 7],
  [46, 192, 1, 7],
];
const images = 32;

/** One set each. */
export function smallWorkloads(): Workload[] {
  const matmuls = products.map(([m, k, n]) => matmulWorkload('small', 'f32', m, k, n));
  return [...matmuls, ...convolutions.map((shape) => batchWorkload(...shape))];
}

function batchWorkload(channels: number, filters: number, kernel: number, extent: number): NetworkWorkload {
  const name = `batch/${channels}-${filters}-${kernel}x${kernel}`;
  const build = (initialize: boolean): Model =>
    sequential(name, [channels, extent, extent], { initialize })
      .conv('conv', { filters, kernel, padding: (kernel - 1) / 2 })
      .build();
  const description = `${channels}→${filters} ${kernel}×${kernel} on ${extent}×${extent}, ${images} images`;
  const macs = images * modelCost(build(false)).convMacs;
  return { kind: 'network', group: 'small', name, description, images, macs, model: () => build(true) };
}
