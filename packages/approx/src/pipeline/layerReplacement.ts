/** What replaces a layer: found by layerWork.ts, kept in journals, put into the model here. */

import type { Kernels } from '@rankwise/tensor';
import type { Model } from '@rankwise/nn';
import type { LayerRanks } from '../decomposition/decomposition.ts';
import { installChain } from '../decomposition/installChain.ts';
import { replaceConvolution } from '../decomposition/replaceConvolution.ts';
import { replaceSpatially } from '../decomposition/replaceSpatially.ts';
import type { SpatialFactors } from '../decomposition/spatialFactors.ts';
import type { FactorChain } from '../descent/factorChain.ts';
import type { DescentTrace } from '../descent/limitedMemoryBfgs.ts';
import type { FitAndHeldOut } from './report.ts';
import type { LayerSolution } from './solveLayer.ts';

export interface LayerReplacement {
  /** As found: d' is less than planned where the responses have fewer directions. */
  readonly ranks: LayerRanks;
  /** The vertical and the horizontal layer with all of the original's filters; not of `channel`. */
  readonly pair?: SpatialPair;
  /** The map on the layer's, or the pair's, responses; not of `spatial`. */
  readonly solution?: LayerSolution;
  /** All factors after a descent, in place of the pair and the map that it started from. */
  readonly descent?: LayerDescent;
}

/** Where a descent ended. */
export interface LayerDescent {
  /** On strips; of `channel`, on responses. */
  readonly chain: FactorChain;
  /** Relative error before and after. */
  readonly before: FitAndHeldOut;
  readonly error: FitAndHeldOut;
  readonly trace: readonly DescentTrace[];
}

/** A layer split spatially, before channels are taken from it. */
export interface SpatialPair {
  readonly factors: SpatialFactors;
  /** Share of the filters' squared norm that the nearest pair of that rank holds. */
  readonly energyKept: number;
  /** Relative error of the pair's responses. */
  readonly error: FitAndHeldOut;
}

/** The model with the layer replaced. */
export function installReplacement(
  model: Model,
  name: string,
  { ranks, pair, solution, descent }: LayerReplacement,
  kernels: Kernels,
): Model {
  if (descent !== undefined && ranks.decomposition !== 'channel') return installChain(model, name, descent.chain);
  if (pair !== undefined) return replaceSpatially(model, name, pair.factors, solution?.map, kernels);
  return solution === undefined ? model : replaceConvolution(model, name, solution.map, kernels);
}
