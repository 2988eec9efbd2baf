/**
 * What a rank costs in the unit that a budget is given in.
 *
 * | budget         | cost of the layer as it is | at rank d'                                                            |
 * |----------------|----------------------------|-----------------------------------------------------------------------|
 * | `macs`         | d k²c · positions          | d' (k²c + d) · positions, or without the 1×1 term where asked           |
 * | `parameters`   | d k²c                      | d' (k²c + d); biases are the same before and after and are left out   |
 * | `milliseconds` | measured                   | interpolated between measured ranks (`LayerLatency`)                   |
 *
 * A rank at which two layers would take no fewer multiply-adds than one leaves the layer as it is, in every unit.
 */

import { DomainError } from '@rankwise/tensor';
import { approximatedMacs, decompositionPays, originalMacs } from '../decomposition/decompositionCost.ts';
import type { LayerSize } from '../decomposition/decompositionCost.ts';

export type Budget = 'macs' | 'milliseconds' | 'parameters';

export const budgets: readonly Budget[] = ['macs', 'milliseconds', 'parameters'];

/** Measured milliseconds per image of one layer. */
export interface LayerLatency {
  /** As it is. */
  readonly original: number;
  /** At rank 1, 2, …: of the layers that replace it together. */
  readonly atRank: ArrayLike<number>;
}

export interface CostRequest {
  /** The unit of the speed-up; default `macs`. */
  readonly budget?: Budget;
  /** Count the 1×1 layer in multiply-adds; default true. */
  readonly countProjection?: boolean;
  /** By layer name; needed by `milliseconds`. */
  readonly latencies?: Readonly<Record<string, LayerLatency>>;
}

/** A layer's cost as it is, and at a rank. */
export interface RankCosts {
  original(layer: SizedLayer): number;
  at(layer: SizedLayer, rank: number): number;
}

export interface SizedLayer extends LayerSize {
  readonly name: string;
}

/**
 * The costs in the unit of a request.
 * @throws DomainError (from the costs, naming `caller`) when a layer's latency is missing, or no number > 0.
 */
export function rankCosts(
  caller: string,
  { budget = 'macs', countProjection = true, latencies = {} }: CostRequest,
): RankCosts {
  switch (budget) {
    case 'macs':
      return { original: originalMacs, at: (layer, rank) => approximatedMacs(layer, rank, countProjection) };
    case 'parameters': {
      // Multiply-adds of one position.
      const once = (layer: SizedLayer): LayerSize => ({ ...layer, positions: 1 });
      return {
        original: (layer) => originalMacs(once(layer)),
        at: (layer, rank) => approximatedMacs(once(layer), rank),
      };
    }
    case 'milliseconds': {
      const measured = ({ name }: SizedLayer, value: (latency: LayerLatency) => number | undefined): number => {
        const latency = latencies[name];
        const milliseconds = latency === undefined ? undefined : value(latency);
        if (milliseconds === undefined || !(milliseconds > 0 && milliseconds < Infinity)) {
          throw new DomainError(`${caller}: latencies of ${name}: expected milliseconds > 0, got ${milliseconds}`);
        }
        return milliseconds;
      };
      const original = (layer: SizedLayer): number => measured(layer, (latency) => latency.original);
      return {
        original,
        at: (layer, rank) =>
          decompositionPays(layer, rank) ? measured(layer, ({ atRank }) => atRank[rank - 1]) : original(layer),
      };
    }
  }
}
