/**
 * What a rank costs in the unit that a budget is given in.
 *
 * | budget         | cost of the layer as it is | at a rank of the decomposition, here d' of the channel one                  |
 * |----------------|----------------------------|-----------------------------------------------------------------------|
 * | `macs`         | d k²c · positions          | d' (k²c + d) · positions, or without the 1×1 term where asked           |
 * | `parameters`   | d k²c                      | d' (k²c + d); biases are the same before and after and are left out   |
 * | `milliseconds` | measured                   | interpolated between measured ranks (`LayerLatency`)                   |
 *
 * A rank at which what replaces a layer would take no fewer multiply-adds leaves the layer as it is, in every unit.
 */

import { DomainError } from '@rankwise/tensor';
import { originalMacs } from '../decomposition/decompositionCost.ts';
import { chainMacs } from '../decomposition/layerRanks.ts';
import type { ConvolutionLayer } from '../layers.ts';
import type { RankRule } from './rankRules.ts';

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
  original(layer: ConvolutionLayer): number;
  at(layer: ConvolutionLayer, rank: number): number;
  /** What the energy greedy counts as saved with one rank: C_l / d_l (§2.4), of a spatial decomposition the cost of rank 1. */
  removed(layer: ConvolutionLayer): number;
}

/**
 * The costs in the unit of a request.
 * @throws DomainError (from the costs, naming `caller`) when a layer's latency is missing, or no number > 0.
 */
export function rankCosts(
  caller: string,
  { budget = 'macs', countProjection = true, latencies = {} }: CostRequest,
  rule: RankRule,
): RankCosts {
  const { original, decomposed } = unitCosts(caller, budget, countProjection, latencies, rule);
  const at = (layer: ConvolutionLayer, rank: number): number =>
    rule.pays(layer, rank) ? decomposed(layer, rank) : original(layer);
  return {
    original,
    at,
    removed: (layer) =>
      rule.ranksOf(layer, 1).decomposition === 'spatial' ? at(layer, 1) : original(layer) / layer.filters,
  };
}

/** Of the layer as it is, and of what replaces it at a rank, cheaper or not. */
interface UnitCosts {
  original(layer: ConvolutionLayer): number;
  decomposed(layer: ConvolutionLayer, rank: number): number;
}

function unitCosts(
  caller: string,
  budget: Budget,
  countProjection: boolean,
  latencies: Readonly<Record<string, LayerLatency>>,
  rule: RankRule,
): UnitCosts {
  switch (budget) {
    case 'macs':
      return {
        original: originalMacs,
        decomposed: (layer, rank) => chainMacs(layer, rule.ranksOf(layer, rank), countProjection),
      };
    case 'parameters': {
      return {
        original: (layer) => originalMacs(onePosition(layer)),
        decomposed: (layer, rank) => chainMacs(onePosition(layer), rule.ranksOf(layer, rank)),
      };
    }
    case 'milliseconds': {
      const measured = ({ name }: ConvolutionLayer, value: (latency: LayerLatency) => number | undefined): number => {
        const latency = latencies[name];
        const milliseconds = latency === undefined ? undefined : value(latency);
        if (milliseconds === undefined || !(milliseconds > 0 && milliseconds < Infinity)) {
          throw new DomainError(`${caller}: latencies of ${name}: expected milliseconds > 0, got ${milliseconds}`);
        }
        return milliseconds;
      };
      return {
        original: (layer) => measured(layer, (latency) => latency.original),
        decomposed: (layer, rank) => measured(layer, ({ atRank }) => atRank[rank - 1]),
      };
    }
  }
}

/** The layer with an output of one position: its multiply-adds are its weights. */
export function onePosition(layer: ConvolutionLayer): ConvolutionLayer {
  return { ...layer, positions: 1, verticalPositions: 1 };
}
