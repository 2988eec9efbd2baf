/**
 * Ranks from the energy that principal components keep (Zhang et al. 2015, §2.4).
 *
 *   maximise  Π_l Σ_{a ≤ d'_l} σ_{l,a}   under  Σ_l cost_l(d'_l) ≤ budget
 *
 * | symbol   | meaning                                                                      |
 * |----------|------------------------------------------------------------------------------|
 * | σ_{l,a}  | a-th largest eigenvalue of the covariance of layer l's responses              |
 * | ΔE / E   | σ_{l,d'} / Σ_{a ≤ d'} σ_{l,a}, the energy lost with the last component          |
 * | ΔC       | C_l / d_l, the multiply-adds (or what the budget counts) saved with it         |
 *
 * Greedy: from d'_l = d_l, take the last component from the layer with the smallest (ΔE / E) / ΔC, again and again. The order of
 * removal does not depend on the budget, so one order serves every budget: walk it until the budget holds.
 */

import { DomainError } from '@rankwise/tensor';
import { originalMacs } from '../decomposition/decompositionCost.ts';
import type { LayerSize } from '../decomposition/decompositionCost.ts';

export interface LayerSpectrum extends LayerSize {
  readonly name: string;
  /** σ_l, descending, at least `filters` long; tiny negative values count as 0. */
  readonly energies: ArrayLike<number>;
  /** The rank the greedy starts from; default `filters`. */
  readonly cap?: number;
  /** C_l, what the layer costs as it is, in any unit; default its multiply-adds. */
  readonly cost?: number;
}

/**
 * The names of the layers in the order in which the greedy takes their last component, down to rank 1 everywhere.
 * Ties go to the layer that stands first.
 * @throws DomainError when a spectrum is shorter than the layer's filters or not descending, or a cap is no positive integer.
 * @example
 * import { removalOrder } from '@rankwise/approx';
 * const size = { filters: 3, patchSize: 9, positions: 1 };
 * removalOrder([
 *   { ...size, name: 'flat', energies: [1, 1, 1] },
 *   { ...size, name: 'steep', energies: [100, 10, 1] },
 * ]) // => ['steep', 'steep', 'flat', 'flat']
 */
export function removalOrder(layers: readonly LayerSpectrum[]): string[] {
  for (const layer of layers) checkSpectrum('removalOrder', layer);
  const states = layers.map((layer) => ({
    name: layer.name,
    rank: startingRank(layer),
    saved: (layer.cost ?? originalMacs(layer)) / layer.filters,
    energies: layer.energies,
    cumulative: cumulativeEnergy(layer.energies, layer.filters),
  }));
  const order: string[] = [];
  for (;;) {
    let best: (typeof states)[number] | undefined;
    let least = Infinity;
    for (const state of states) {
      if (state.rank <= 1) continue;
      const kept = state.cumulative[state.rank] ?? 0;
      const lost = Math.max(0, state.energies[state.rank - 1] ?? 0);
      const loss = kept > 0 ? lost / kept / state.saved : 0;
      if (loss < least) {
        best = state;
        least = loss;
      }
    }
    if (best === undefined) return order;
    best.rank--;
    order.push(best.name);
  }
}

/** The rank the greedy starts from. */
export function startingRank({ filters, cap }: LayerSpectrum): number {
  return Math.min(filters, cap ?? filters);
}

/** Σ_{a ≤ i} σ_a for i = 0…count. */
export function cumulativeEnergy(energies: ArrayLike<number>, count = energies.length): Float64Array {
  const cumulative = new Float64Array(count + 1);
  for (let i = 0; i < count; i++) cumulative[i + 1] = cumulative[i]! + Math.max(0, energies[i] ?? 0);
  return cumulative;
}

/**
 * The fraction of the energy that the first `rank` components hold; 1 when there is none to hold.
 * @example
 * import { energyKept } from '@rankwise/approx';
 * energyKept([6, 3, 1], 2) // => 0.9
 */
export function energyKept(energies: ArrayLike<number>, rank: number): number {
  const cumulative = cumulativeEnergy(energies);
  const total = cumulative.at(-1) ?? 0;
  return total > 0 ? (cumulative[Math.min(rank, energies.length)] ?? 0) / total : 1;
}

/**
 * Refuses spectra that are short, ascending or not finite, and caps that are no positive integers.
 * @throws DomainError naming `caller` and the layer.
 */
export function checkSpectrum(
  caller: string,
  { name, filters, energies, cap = filters }: Pick<LayerSpectrum, 'cap' | 'energies' | 'filters' | 'name'>,
): void {
  if (!Number.isInteger(cap) || cap < 1) {
    throw new DomainError(`${caller}: cap of ${name}: expected a positive integer, got ${cap}`);
  }
  if (energies.length < filters) {
    throw new DomainError(`${caller}: energies of ${name}: expected ${filters} values, got ${energies.length}`);
  }
  for (let i = 0; i < filters; i++) {
    const value = energies[i] ?? Number.NaN;
    if (!Number.isFinite(value) || (i > 0 && value > (energies[i - 1] ?? 0))) {
      throw new DomainError(`${caller}: energies of ${name}: expected finite descending values, got ${value} at ${i}`);
    }
  }
}
