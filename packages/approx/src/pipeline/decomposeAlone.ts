/** A model in which one layer alone is decomposed, by parts that the caller has at hand. */

import type { Kernels } from '@rankwise/tensor';
import type { Model } from '@rankwise/nn';
import type { LayerRanks } from '../decomposition/decomposition.ts';
import { replaceConvolution } from '../decomposition/replaceConvolution.ts';
import { replaceSpatially } from '../decomposition/replaceSpatially.ts';
import type { SpatialFactors } from '../decomposition/spatialFactors.ts';
import type { LowRankMap } from '../solve/samples.ts';

export interface LayerParts {
  /** Of the layer's responses, at rank d'. */
  map(rank: number): LowRankMap;
  /** Of the layer's filters, with K or d'' vertical ones. */
  pair(rank: number): SpatialFactors;
}

/** The given model is not changed. */
export function decomposeAlone(
  model: Model,
  name: string,
  ranks: LayerRanks,
  parts: LayerParts,
  kernels: Kernels,
): Model {
  switch (ranks.decomposition) {
    case 'channel':
      return replaceConvolution(model, name, parts.map(ranks.rank), kernels);
    case 'spatial':
      return replaceSpatially(model, name, parts.pair(ranks.rank), undefined, kernels);
    case '3d':
      return replaceSpatially(model, name, parts.pair(ranks.spatialRank), parts.map(ranks.rank), kernels);
  }
}
