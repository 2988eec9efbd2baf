/**
 * The rank above which a layer's energy is flat: what the components beyond it hold cannot be told from nothing.
 *
 *   cap = the least d' with Σ_{a > d'} σ_a ≤ √(2 Σ_a σ_a² / n)
 *
 * σ are the eigenvalues of the covariance of n sampled responses. The energy Σ σ itself is an estimate: for normal responses the sum
 * of squared deviations along each principal axis is σ_a χ²_n / n, of variance 2 σ_a² / n, and the axes are independent, so that the right
 * side is one standard error of the energy. A cumulative curve that is within it of its end has reached its end as far as n samples
 * show. More samples show more and raise the cap. Heavier tails than the normal's, or samples of one image that depend on each
 * other, make the true error larger, so that the rule caps later than it might.
 *
 * It replaces the ranks that the paper sets by hand where "the energy is flat" (Zhang et al. 2015, §2.4: Conv1 at 32 of 96).
 */

import { DomainError } from '@rankwise/tensor';
import { cumulativeEnergy } from './energyRanks.ts';

/**
 * The cap of one layer, from 1 to the number of energies.
 * @param energies - σ, descending; tiny negative values count as 0
 * @param samples - n
 * @throws DomainError when there are no energies, one is not finite or larger than the one before, or `samples` is no positive integer.
 * @example
 * import { flatCap } from '@rankwise/approx';
 * flatCap([8, 4, 2, 1, 1e-4, 1e-4], 30000) // => 4
 * flatCap([8, 4, 2, 1, 1e-4, 1e-4], 100) // => 3
 * flatCap([1, 1, 1, 1], 30000) // => 4
 */
export function flatCap(energies: ArrayLike<number>, samples: number): number {
  if (!Number.isInteger(samples) || samples < 1) {
    throw new DomainError(`flatCap: samples: expected a positive integer, got ${samples}`);
  }
  const values = Array.from(energies);
  for (const [i, value] of values.entries()) {
    if (!Number.isFinite(value) || value > (values[i - 1] ?? Infinity)) {
      throw new DomainError(`flatCap: energies: expected finite descending values, got ${value} at ${i}`);
    }
  }
  const largest = values[0];
  if (largest === undefined) throw new DomainError('flatCap: energies: expected at least one, got none');
  if (!(largest > 0)) return 1;
  // Relative to the largest, whose square might overflow.
  const relative = values.map((value) => Math.max(0, value) / largest);
  const standardError = Math.sqrt((2 * relative.reduce((sum, value) => sum + value * value, 0)) / samples);
  // rest[i] is what the last i components hold, summed from the small end.
  const rest = cumulativeEnergy(relative.toReversed());
  for (let cap = 1; cap < values.length; cap++) if (rest[values.length - cap]! <= standardError) return cap;
  return values.length;
}
