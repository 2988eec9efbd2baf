/** The ranks of a layer that are measured when not all can be: 1, and halvings of the largest that pays. */

import { decompositionPays } from '../decomposition/decompositionCost.ts';
import type { LayerSize } from '../decomposition/decompositionCost.ts';

/** Below 2⁻⁵ of the largest rank, a speed-up of more than 32 times the least, curves are drawn from there to rank 1. */
const halvings = 5;

/** Ascending; 1 alone where no rank pays. */
export function probedRanks(layer: LayerSize): number[] {
  let most = 1;
  while (decompositionPays(layer, most + 1)) most++;
  const ranks = new Set([1]);
  for (let k = halvings; k >= 0; k--) ranks.add(Math.max(1, Math.ceil(most / 2 ** k)));
  return [...ranks].toSorted((a, b) => a - b);
}
