/**
 * Ranks without data: every layer gets the same speed-up r.
 *
 *   d' = floor( d k²c / ((k²c + d) r) )      with the 1×1 term, the largest d' whose two layers cost at most 1/r of the layer
 *   d' = floor( d / r )                      without it
 *
 * The first form reproduces the rows "no rank selection" of Table 2 of Zhang et al. 2015 exactly at 3×, 4× and 5×.
 */

import { DomainError } from '@rankwise/tensor';
import type { LayerSize } from '../decomposition/decompositionCost.ts';

/**
 * The rank of one layer for a speed-up of its own; never below 1.
 * @param speedup - r ≥ 1
 * @param countProjection - false leaves the 1×1 term out
 * @throws DomainError when the speed-up is below 1 or NaN.
 * @example
 * import { uniformRank } from '@rankwise/approx';
 * uniformRank({ filters: 512, patchSize: 4608, positions: 324 }, 4) // => 115
 */
export function uniformRank({ filters, patchSize }: LayerSize, speedup: number, countProjection = true): number {
  if (!(speedup >= 1)) throw new DomainError(`uniformRank: speedup: expected a number ≥ 1, got ${speedup}`);
  const perRank = patchSize + (countProjection ? filters : 0);
  return Math.max(1, Math.floor((filters * patchSize) / (perRank * speedup)));
}
