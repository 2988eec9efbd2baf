/**
 * What shapes of an approximation are worth on the clock: conv4 of the 7-convolution model (512 → 512, 3 × 3 on 18 × 18) and
 * replacements with a quarter of its multiply-adds each.
 *
 * Minimal filtering makes a k × k convolution several times cheaper and a 1 × 1 one not at all, so equal multiply-adds are not equal
 * times. Ranks are the largest with at most a quarter of 2,359,296 multiply-adds a position.
 *
 * | shape    | convolutions                                   | source                                      |
 * |----------|------------------------------------------------|---------------------------------------------|
 * | channel  | 3 × 3 to d', 1 × 1 to 512                       | Zhang et al. 2015                           |
 * | spatial  | 3 × 1 to r, 1 × 3 to 512                        | Jaderberg et al. 2014, scheme 2             |
 * | 3d       | 3 × 1 to r, 1 × 3 to d', 1 × 1 to 512, r = d'   | Zhang et al. 2016, asymmetric (3d)          |
 * | tucker   | 1 × 1 to s, 3 × 3 to s, 1 × 1 to 512            | Kim et al. 2016                             |
 * | thinner  | 3 × 3 to 128, as if the other filters were cut  | for comparison: no replacement of the layer |
 */

import { modelCost, sequential } from '@rankwise/nn';
import type { ConvSpec, Model } from '@rankwise/nn';

import type { NetworkWorkload } from './workload.ts';

const channels = 512;
const extent = 18;

const square: Omit<ConvSpec, 'filters'> = { kernel: 3, padding: 1 };
const vertical: Omit<ConvSpec, 'filters'> = { kernel: [3, 1], padding: [1, 0] };
const horizontal: Omit<ConvSpec, 'filters'> = { kernel: [1, 3], padding: [0, 1] };
const point: Omit<ConvSpec, 'filters'> = { kernel: 1 };

const shapes: Readonly<Record<string, readonly ConvSpec[]>> = {
  original: [{ ...square, filters: 512 }],
  channel: [
    { ...square, filters: 115 },
    { ...point, filters: 512 },
  ],
  spatial: [
    { ...vertical, filters: 192 },
    { ...horizontal, filters: 512 },
  ],
  '3d': [
    { ...vertical, filters: 228 },
    { ...horizontal, filters: 228 },
    { ...point, filters: 512 },
  ],
  tucker: [
    { ...point, filters: 205 },
    { ...square, filters: 205 },
    { ...point, filters: 512 },
  ],
  thinner: [{ ...square, filters: 128 }],
};

/** One set, timed in turn. */
export function shapeWorkloads(): NetworkWorkload[] {
  return Object.entries(shapes).map(([shape, specs]) => {
    const name = `shape/${shape}`;
    const build = (initialize: boolean): Model => {
      let chain = sequential(name, [channels, extent, extent], { initialize });
      for (const [index, spec] of specs.entries()) chain = chain.conv(`conv${index + 1}`, spec);
      return chain.build();
    };
    const { convMacs: macs } = modelCost(build(false));
    const description = specs.map(({ filters, kernel }) => `${[kernel].flat().join('×')} to ${filters}`).join(', ');
    return { kind: 'network', group: 'shapes', name, description, images: 1, macs, model: () => build(true) };
  });
}
