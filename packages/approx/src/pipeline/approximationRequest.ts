/** What an approximation is asked for, made into a request for ranks, and what is refused before any image is read. */

import { DomainError } from '@rankwise/tensor';
import type { Model } from '@rankwise/nn';
import type { Decomposition } from '../decomposition/decomposition.ts';
import { convolutionLayers } from '../layers.ts';
import type { ConvolutionLayer } from '../layers.ts';
import type { CostRequest } from '../ranks/rankCosts.ts';
import { candidateLayers, rankMethods } from '../ranks/rankRequest.ts';
import type { RankMethod, RankRequest } from '../ranks/rankRequest.ts';
import { selectRanks } from '../ranks/selectRanks.ts';
import { checkReconstruction } from './reconstruct.ts';
import type { ReconstructionOptions } from './reconstruct.ts';
import type { SearchOptions } from './searchRanks.ts';

/** How a calibrated model is approximated. */
export interface ApproximateCalibratedOptions
  extends
    ReconstructionOptions,
    Pick<CostRequest, 'budget' | 'latencies'>,
    Pick<SearchOptions, 'evaluations' | 'losses' | 'score'> {
  /** What layers become: `channel`, the default, `spatial` or `3d` (decomposition.ts). */
  readonly decomposition?: Decomposition;
  /**
   * Wanted ratio over the counted layers, ≥ 1, of multiply-adds or of what `budget` names. Not needed when all ranks are set by hand.
   * Milliseconds are measured on the kernels given unless `latencies` has them.
   */
  readonly speedup?: number;
  /**
   * How ranks are found, without labels:
   *
   * - `best`, the default: searchRanks. Plans by the effect of each layer on the answers, by energy and uniform ones, and their neighbours,
   *   are carried out linearly on a part of the fitting images, and the one is kept that changes the answers least.
   * - `sensitivity`: the first of these plans, without carrying any out.
   * - `energy`: the paper's greedy, which can starve a layer whose responses are sparse. `exact`: the maximum of the same product.
   * - `uniform`: one speed-up for every layer. `manual`: only the layers in `fixed`.
   */
  readonly ranks?: RankMethod | 'best';
  /** Ranks set by hand, by layer name; default the model's own `fixedRanks`, which are of channels: not for `spatial`. */
  readonly fixed?: Readonly<Record<string, number>>;
  /** d'' set by hand, by layer name; of `3d`, where it otherwise follows from d'. */
  readonly fixedSpatial?: Readonly<Record<string, number>>;
  /**
   * Largest rank a layer may get, by layer name; or `auto`: the rank above which a layer's energy is flat (flatCap). A layer that reads
   * the network's input then takes part at that rank, not counted, as if it were set by hand. Not for `spatial`.
   */
  readonly caps?: Readonly<Record<string, number>> | 'auto';
  /** Chosen ranks are multiples of this; default 1. */
  readonly multipleOf?: number;
  /** Layers left as they are. */
  readonly exclude?: readonly string[];
  /** Time both networks on a few images; default true. */
  readonly measure?: boolean;
}

/**
 * Refuses everything that can be refused without looking at an image.
 * @param fitImages - how many images there are to fit to
 * @throws DomainError naming the option.
 */
export function checkApproximation(model: Model, options: ApproximateCalibratedOptions, fitImages: number): void {
  const { ranks = 'best', evaluations = 1 } = options;
  if (ranks !== 'best' && !rankMethods.includes(ranks)) {
    throw new DomainError(`approximate: ranks: expected best, ${rankMethods.join(', ')}, got ${ranks}`);
  }
  if ((ranks === 'best' || ranks === 'sensitivity') && fitImages < 2) {
    throw new DomainError(
      `approximate: images: expected at least two to fit to for ranks '${ranks}', got ${fitImages}`,
    );
  }
  checkCaps('approximate', options);
  if (!Number.isInteger(evaluations) || evaluations < 1) {
    throw new DomainError(`approximate: evaluations: expected a positive integer, got ${evaluations}`);
  }
  checkReconstruction('approximate', options);
  const request = requestOf(model, options);
  const layers = convolutionLayers(model);
  // Milliseconds are not known yet, and the reach of a speed-up does not depend on the method.
  const reach: RankRequest = request.method === 'manual' ? request : { ...request, method: 'uniform' };
  selectRanks(layers, needsLatencies(options) ? { ...reach, budget: 'macs' } : reach);
  if (candidateLayers(layers, request).length === 0) {
    throw new DomainError('approximate: fixed: expected at least one layer to approximate, got none');
  }
}

/** @throws DomainError when automatic caps are asked for where there are none. */
export function checkCaps(caller: string, { caps, decomposition }: ApproximateCalibratedOptions): void {
  if (caps === 'auto' && decomposition === 'spatial') {
    throw new DomainError(`${caller}: caps: expected ranks by layer name for the decomposition 'spatial', got auto`);
  }
}

/**
 * Names of the layers that an approximation, or its choice of ranks, may need: what calibrate's `layers` has to be.
 * @throws DomainError when the model's nodes or shapes do not fit each other.
 * @example
 * import { layersToCalibrate } from '@rankwise/approx';
 * import { sequential } from '@rankwise/nn';
 * const model = sequential('tiny', [1, 8, 8], { seed: 1 }).conv('conv1', { filters: 8, kernel: 3 }).relu('relu1')
 *   .conv('conv2', { filters: 8, kernel: 3 }).relu('relu2').build();
 * layersToCalibrate(model, {}) // => ['conv2']
 * layersToCalibrate(model, { caps: 'auto' }) // => ['conv1', 'conv2']
 */
export function layersToCalibrate(
  model: Model,
  options: Pick<ApproximateCalibratedOptions, 'caps' | 'decomposition' | 'exclude' | 'fixed' | 'ranks'>,
): string[] {
  const request = requestOf(model, options);
  const layers = convolutionLayers(model);
  const taking = new Set(candidateLayers(layers, request));
  return layers.filter((layer) => taking.has(layer) || isCappedFirst(layer, options, request)).map(({ name }) => name);
}

/** True when milliseconds have to be measured. */
export function needsLatencies({ budget, latencies }: ApproximateCalibratedOptions): boolean {
  return budget === 'milliseconds' && latencies === undefined;
}

/** Without automatic caps. The method of `best` is `uniform` here: it needs no data. */
export function requestOf(model: Model, options: ApproximateCalibratedOptions): RankRequest {
  const { decomposition = 'channel', ranks = 'best', fixed, caps, exclude } = options;
  const { speedup, fixedSpatial, budget, latencies, losses, multipleOf } = options;
  const own = decomposition === 'spatial' ? {} : (model.fixedRanks ?? {});
  return {
    decomposition,
    method: ranks === 'best' ? 'uniform' : ranks,
    fixed: fixed ?? withoutExcluded(own, exclude),
    ...(fixedSpatial === undefined ? {} : { fixedSpatial }),
    ...(speedup === undefined ? {} : { speedup }),
    ...(caps === undefined || caps === 'auto' ? {} : { caps }),
    ...(exclude === undefined ? {} : { exclude }),
    ...(budget === undefined ? {} : { budget }),
    ...(latencies === undefined ? {} : { latencies }),
    ...(losses === undefined ? {} : { losses }),
    ...(multipleOf === undefined ? {} : { multipleOf }),
  };
}

/** A layer that reads the network's input and takes part because caps are automatic. */
export function isCappedFirst(
  { first, name }: ConvolutionLayer,
  { caps, ranks }: ApproximateCalibratedOptions,
  { fixed = {}, exclude = [] }: RankRequest,
): boolean {
  return caps === 'auto' && ranks !== 'manual' && first && fixed[name] === undefined && !exclude.includes(name);
}

function withoutExcluded(
  ranks: Readonly<Record<string, number>>,
  exclude: readonly string[] = [],
): Record<string, number> {
  return Object.fromEntries(Object.entries(ranks).filter(([name]) => !exclude.includes(name)));
}
