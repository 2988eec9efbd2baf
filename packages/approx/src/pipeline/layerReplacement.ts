/** What replaces a layer: found by layerWork.ts, kept in journals, put into the model here. */

import type { Kernels } from '@rankwise/tensor';
import type { Model } from '@rankwise/nn';
import type { LayerRanks } from '../decomposition/decomposition.ts';
import { replaceConvolution } from '../decomposition/replaceConvolution.ts';
import { replaceSpatially } from '../decomposition/replaceSpatially.ts';
import type { SpatialFactors } from '../decomposition/spatialFactors.ts';
import type { FitAndHeldOut } from './report.ts';
import type { LayerSolution } from './solveLayer.ts';

export interface LayerReplacement {
  /** As found: d' is less than planned where the responses have fewer directions. */
  readonly ranks: LayerRanks;
  /** The vertical and the horizontal layer with all of the original's filters; not of `channel`. */
  readonly pair?: SpatialPair;
  /** The map on the layer's, or the pair's, responses; not of `spatial`. */
  readonly solution?: LayerSolution;
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
  { pair, solution }: LayerReplacement,
  kernels: Kernels,
): Model {
  if (pair !== undefined) return replaceSpatially(model, name, pair.factors, solution?.map, kernels);
  return solution === undefined ? model : replaceConvolution(model, name, solution.map, kernels);
}
