/** The ranks of a layer that are measured when not all can be: 1, and halvings of the largest that pays. */

import type { ConvolutionLayer } from '../layers.ts';
import type { RankRule } from './rankRules.ts';

/** Below 2⁻⁵ of the largest rank, a speed-up of more than 32 times the least, curves are drawn from there to rank 1. */
const halvings = 5;

/** Ascending; 1 alone where no rank pays. */
export function probedRanks(layer: ConvolutionLayer, rule: RankRule): number[] {
  let most = 1;
  while (most < rule.most(layer) && rule.pays(layer, most + 1)) most++;
  const ranks = new Set([1]);
  for (let k = halvings; k >= 0; k--) ranks.add(Math.ceil(most / 2 ** k));
  return [...ranks].toSorted((a, b) => a - b);
}
