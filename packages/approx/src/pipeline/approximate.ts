/**
 * The whole job in one call: calibrate, choose ranks, reconstruct, compare, measure, report.
 *
 * Each step is a function of its own (calibrate, selectRanks, reconstruct, compareOutputs, measureSpeedup); this file only puts them
 * together. Deterministic: the same model, images, options and kernels give the same network to the last bit.
 */

import { DomainError, referenceKernels } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { forward } from '@rankwise/nn';
import type { ImageSource, Model } from '@rankwise/nn';
import type { Decomposition } from '../decomposition/decomposition.ts';
import { filterSpectrum } from '../decomposition/filterReconstruction.ts';
import { findConvolution } from '../decomposition/installFactors.ts';
import { convolutionLayers } from '../layers.ts';
import { candidateLayers } from '../ranks/rankRequest.ts';
import { ownRecord } from '../ranks/ownRecord.ts';
import type { RankMethod, RankRequest } from '../ranks/rankRequest.ts';
import { selectRanks } from '../ranks/selectRanks.ts';
import { batchRanges, calibrate } from './calibrate.ts';
import type { CalibratedLayer, Calibration, CalibrationOptions } from './calibrate.ts';
import { compareOutputs } from './compareOutputs.ts';
import type { OutputComparison } from './compareOutputs.ts';
import { assembleReport } from './assembleReport.ts';
import type { Candidate } from './assembleReport.ts';
import { forecasting } from './progress.ts';
import type { ProgressEvent } from './progress.ts';
import { checkReconstruction, reconstruct } from './reconstruct.ts';
import type { ReconstructionOptions } from './reconstruct.ts';
import type { ApproximationReport } from './report.ts';
import { calibrationShare } from './workEstimate.ts';

/** How a calibrated model is approximated. */
export interface ApproximateCalibratedOptions extends ReconstructionOptions {
  /** What layers become: `channel`, the default, `spatial` or `3d` (decomposition.ts). */
  readonly decomposition?: Decomposition;
  /** Wanted ratio of multiply-adds over the counted layers, ≥ 1. Not needed when all ranks are set by hand. */
  readonly speedup?: number;
  /**
   * How ranks are found: `energy` (the paper's greedy), `exact` (the maximum of the same product), `uniform`, `manual` (only the
   * layers in `fixed`), or `best`, the default: `energy` and `uniform` are carried out, and the network whose outputs on the held-out images differ least is kept. No labels
   * are used. It is the default because the greedy can starve a layer whose responses are sparse.
   */
  readonly ranks?: RankMethod | 'best';
  /** Ranks set by hand, by layer name; default the model's own `fixedRanks`, which are of channels: not for `spatial`. */
  readonly fixed?: Readonly<Record<string, number>>;
  /** d'' set by hand, by layer name; of `3d`, where it otherwise follows from d'. */
  readonly fixedSpatial?: Readonly<Record<string, number>>;
  /** Largest rank a layer may get, by layer name. */
  readonly caps?: Readonly<Record<string, number>>;
  /** Layers left as they are. */
  readonly exclude?: readonly string[];
  /** Time both networks on a few images; default true. */
  readonly measure?: boolean;
}

export interface ApproximateOptions extends Omit<CalibrationOptions, 'layers'>, ApproximateCalibratedOptions {}

export interface ApproximationResult {
  readonly model: Model;
  readonly report: ApproximationReport;
  /** How the ranks were found; `best` names the one it kept. */
  readonly ranks: RankMethod;
}

/** Share of the progress bar after calibration that reconstructions have. */
const reconstructionShare = 0.95;

/**
 * Makes a trained network cheaper.
 * @param model - any graph; convolutions with one group that do not read the network's input take part
 * @param images - preprocessed calibration images, f32 [images, channels, height, width], or a source of them; no labels
 * @returns the new model and the report; the given model is not changed
 * @throws ShapeError when the images do not fit the model or the model's parts do not fit each other.
 * @throws DomainError when an option is out of range (the message names it) or a value is not finite.
 * @throws the signal's reason when it is aborted.
 * @example
 * import { approximate } from '@rankwise/approx';
 * import { sequential } from '@rankwise/nn';
 * import { createRandom, zeros } from '@rankwise/tensor';
 * const model = sequential('tiny', [1, 8, 8], { seed: 1 }).conv('conv1', { filters: 8, kernel: 3 }).relu('relu1')
 *   .conv('conv2', { filters: 8, kernel: 3 }).relu('relu2').build();
 * const images = createRandom(2).fillNormalInPlace(zeros('f32', [40, 1, 8, 8]));
 * const { report } = await approximate(model, images, { speedup: 2, ranks: 'uniform', measure: false });
 * report.layers.map(({ name, rank }) => [name, rank]) // => [['conv2', 3]]
 */
export async function approximate(
  model: Model,
  images: ImageSource | Tensor<'f32'>,
  options: ApproximateOptions,
): Promise<ApproximationResult> {
  const request = rankRequest(model, options);
  const count = Math.min('batch' in images ? images.count : (images.shape[0] ?? 0), options.images ?? 3000);
  checkRequest(model, request, options, count === 1 ? 0 : (options.heldOut ?? 0.1));
  const started = performance.now();
  const layers = candidateLayers(convolutionLayers(model), request).map((layer) => layer.name);
  const share = calibrationShareOf(model, request, count, options);
  const whole = { onProgress: forecasting((event) => options.onProgress?.(event)) };
  const onProgress = scaledProgress(whole, 0, share);
  const calibration = await calibrate(model, images, { ...options, layers, onProgress });
  const result = await approximateCalibrated(calibration, {
    ...options,
    onProgress: scaledProgress(whole, share, 1 - share),
  });
  return { ...result, report: { ...result.report, seconds: (performance.now() - started) / 1000 } };
}

/**
 * As `approximate`, from a calibration that is there already: one calibration serves every speed-up, rank choice and solver.
 * @throws as approximate does; DomainError also when a layer that takes part was not calibrated.
 * @example
 * import { approximateCalibrated, calibrate } from '@rankwise/approx';
 * import { sequential } from '@rankwise/nn';
 * import { createRandom, zeros } from '@rankwise/tensor';
 * const model = sequential('tiny', [1, 8, 8], { seed: 1 }).conv('conv1', { filters: 8, kernel: 3 }).relu('relu1')
 *   .conv('conv2', { filters: 8, kernel: 3 }).relu('relu2').build();
 * const images = createRandom(2).fillNormalInPlace(zeros('f32', [40, 1, 8, 8]));
 * const calibration = await calibrate(model, images);
 * const speedups = [];
 * for (const speedup of [2, 4]) {
 *   const { report } = await approximateCalibrated(calibration, { speedup, ranks: 'uniform', measure: false });
 *   speedups.push(report.layers[0].rank);
 * }
 * speedups // => [3, 1]
 */
export async function approximateCalibrated(
  calibration: Calibration,
  options: ApproximateCalibratedOptions,
): Promise<ApproximationResult> {
  const started = performance.now();
  const { kernels = referenceKernels, ranks = 'best' } = options;
  const { model } = calibration;
  const request = rankRequest(model, options);
  checkRequest(model, request, options, calibration.images.count - calibration.fitImages);
  checkCalibrated(calibration, request);
  const methods: readonly RankMethod[] = ranks === 'best' ? ['uniform', 'energy'] : [ranks];
  const energies = ownRecord(
    calibration.layers.map((layer) => [layer.layer.name, spectrumFor(layer, model, request, kernels)] as const),
  );
  const candidates: Candidate[] = [];
  for (const [i, method] of methods.entries()) {
    const plan = selectRanks(convolutionLayers(model), { ...request, method, energies });
    const share = reconstructionShare / methods.length;
    const onProgress = scaledProgress(options, i * share, share);
    const reconstructed = await reconstruct(calibration, plan, { ...options, kernels, onProgress });
    const compared = await heldOutComparison(calibration, reconstructed.model, kernels, options.signal);
    candidates.push({ ...reconstructed, method, plan, compared });
  }
  const best = candidates.reduce((a, b) => (differenceOf(b) < differenceOf(a) ? b : a));
  options.onProgress?.({ phase: 'measure', done: 0, total: 1, fraction: reconstructionShare });
  const report = await assembleReport(calibration, best, options, (performance.now() - started) / 1000);
  options.onProgress?.({ phase: 'measure', done: 1, total: 1, fraction: 1 });
  return { model: best.model, report, ranks: best.method };
}

/** What the energy of a rank is: of the responses' principal components, or of the filters' singular values. */
function spectrumFor(
  { layer, energies }: CalibratedLayer,
  model: Model,
  { decomposition }: RankRequest,
  kernels: Kernels,
): ArrayLike<number> {
  if (decomposition !== 'spatial') return energies;
  return filterSpectrum(findConvolution('approximate', model, layer.name).weight, kernels);
}

function differenceOf({ compared }: Candidate): number {
  return compared?.relativeError ?? 0;
}

function rankRequest(
  model: Model,
  {
    decomposition = 'channel',
    ranks = 'best',
    speedup,
    fixed,
    fixedSpatial,
    caps,
    exclude,
  }: ApproximateCalibratedOptions,
): RankRequest {
  const own = decomposition === 'spatial' ? {} : (model.fixedRanks ?? {});
  return {
    decomposition,
    method: ranks === 'best' ? 'uniform' : ranks,
    fixed: fixed ?? withoutExcluded(own, exclude),
    ...(fixedSpatial === undefined ? {} : { fixedSpatial }),
    ...(speedup === undefined ? {} : { speedup }),
    ...(caps === undefined ? {} : { caps }),
    ...(exclude === undefined ? {} : { exclude }),
  };
}

function withoutExcluded(
  ranks: Readonly<Record<string, number>>,
  exclude: readonly string[] = [],
): Record<string, number> {
  return Object.fromEntries(Object.entries(ranks).filter(([name]) => !exclude.includes(name)));
}

function checkCalibrated({ model, layers }: Calibration, request: RankRequest): void {
  const calibrated = new Set(layers.map(({ layer }) => layer.name));
  for (const { name } of candidateLayers(convolutionLayers(model), request)) {
    if (!calibrated.has(name)) {
      const known = [...calibrated].join(', ');
      throw new DomainError(`approximateCalibrated: calibration: expected ${name} among its layers, got ${known}`);
    }
  }
}

/** Everything that can be refused without looking at an image is refused here. */
function checkRequest(
  model: Model,
  request: RankRequest,
  options: ApproximateCalibratedOptions,
  heldOut: number,
): void {
  const { ranks = 'best' } = options;
  if (!['best', 'energy', 'exact', 'manual', 'uniform'].includes(ranks)) {
    throw new DomainError(`approximate: ranks: expected best, energy, exact, uniform or manual, got ${ranks}`);
  }
  if (ranks === 'best' && heldOut === 0) {
    throw new DomainError(
      "approximate: heldOut: expected held-out images for ranks 'best' (of two at least), got none",
    );
  }
  checkReconstruction('approximate', options);
  // The reach of a speed-up does not depend on the method: rank 1 everywhere is the least for all of them.
  selectRanks(convolutionLayers(model), request.method === 'manual' ? request : { ...request, method: 'uniform' });
  if (candidateLayers(convolutionLayers(model), request).length === 0) {
    throw new DomainError('approximate: fixed: expected at least one layer to approximate, got none');
  }
}

/** Share of calibration in the whole, before anything is known but sizes. */
function calibrationShareOf(model: Model, request: RankRequest, images: number, options: ApproximateOptions): number {
  const { positions = 10, ranks = 'best' } = options;
  const all = convolutionLayers(model);
  const plan = selectRanks(all, request.method === 'manual' ? request : { ...request, method: 'uniform' });
  const layers = candidateLayers(all, request).map((layer) => {
    return { layer, fitRows: images * Math.min(positions, layer.positions) };
  });
  return calibrationShare(model, { layers, images, positions }, plan, ranks === 'best' ? 2 : 1, options);
}

/** Passes events on as a part of a larger whole. */
function scaledProgress(
  { onProgress }: Pick<ApproximateCalibratedOptions, 'onProgress'>,
  start: number,
  share: number,
): (event: ProgressEvent) => void {
  return (event) => onProgress?.({ ...event, fraction: start + share * event.fraction });
}

/** The network's answers on the held-out images against the original's. */
async function heldOutComparison(
  { images, fitImages, outputs, batchSize }: Calibration,
  model: Model,
  kernels: Kernels,
  signal: AbortSignal | undefined,
): Promise<OutputComparison | undefined> {
  if (outputs === undefined) return undefined;
  const answers: Float32Array = new Float32Array(outputs.data.length);
  let written = 0;
  for (const [from, to] of batchRanges(images.count - fitImages, batchSize)) {
    signal?.throwIfAborted();
    const { output } = forward(model, await images.batch(fitImages + from, fitImages + to), { kernels });
    answers.set(output.data, written);
    written += output.data.length;
  }
  return compareOutputs(outputs, { ...outputs, data: answers });
}
