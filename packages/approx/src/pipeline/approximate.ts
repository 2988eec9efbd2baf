/**
 * The whole job in one call: calibrate, choose ranks, reconstruct, compare, measure, report.
 *
 * Each step is a function of its own (calibrate, selectRanks, reconstruct, compareOutputs, measureSpeedup); this file only puts them
 * together. Deterministic: the same model, images, options and kernels give the same network to the last bit, but for a budget in
 * milliseconds that are not given: they are measured.
 */

import { referenceKernels } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { forward } from '@rankwise/nn';
import type { ImageSource, Model } from '@rankwise/nn';
import { checkApproximation, layersToCalibrate } from './approximationRequest.ts';
import type { ApproximateCalibratedOptions } from './approximationRequest.ts';
import { assembleReport } from './assembleReport.ts';
import type { Candidate } from './assembleReport.ts';
import { batchRanges, calibrate, fitCount } from './calibrate.ts';
import type { Calibration, CalibrationOptions } from './calibrate.ts';
import { choosePlan } from './choosePlan.ts';
import type { ChosenPlan } from './choosePlan.ts';
import { compareOutputs } from './compareOutputs.ts';
import type { OutputComparison } from './compareOutputs.ts';
import { forecasting } from './progress.ts';
import type { ProgressEvent } from './progress.ts';
import { checkPooled, reconstruct } from './reconstruct.ts';
import type { ReconstructionOptions } from './reconstruct.ts';
import type { ApproximationReport } from './report.ts';
import { sharesOfWork } from './sharesOfWork.ts';

export interface ApproximateOptions extends Omit<CalibrationOptions, 'layers'>, ApproximateCalibratedOptions {}

export interface ApproximationResult {
  readonly model: Model;
  readonly report: ApproximationReport;
  /** How the ranks were found; of `best`, where the plan came from that it kept. */
  readonly ranks: ChosenPlan['method'];
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
  const count = Math.min('batch' in images ? images.count : (images.shape[0] ?? 0), options.images ?? 3000);
  checkPooled('approximate', options.pooled, options);
  // What calibrate refuses about images it refuses itself.
  checkApproximation(model, options, count >= 1 ? fitCount(count, options.heldOut) : Infinity);
  const started = performance.now();
  const layers = layersToCalibrate(model, options);
  const share = sharesOfWork(model, count, options).calibration;
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
  const { kernels = referenceKernels } = options;
  checkApproximation(calibration.model, options, calibration.fitImages);
  const { calibration: before, search } = sharesOfWork(calibration.model, calibration.images.count, options);
  const chosenShare = (reconstructionShare * search) / (1 - before);
  const chosen = await choosePlan(calibration, {
    ...options,
    kernels,
    onProgress: scaledProgress(options, 0, chosenShare),
  });
  const onProgress = scaledProgress(options, chosenShare, reconstructionShare - chosenShare);
  const reconstructed = await reconstruct(calibration, chosen.plan, {
    ...reconstructionOptions(options),
    kernels,
    onProgress,
  });
  const compared = await heldOutComparison(calibration, reconstructed.model, kernels, options.signal);
  const candidate: Candidate = { ...reconstructed, ...chosen, compared };
  options.onProgress?.({ phase: 'measure', done: 0, total: 1, fraction: reconstructionShare });
  const report = await assembleReport(calibration, candidate, options, (performance.now() - started) / 1000);
  options.onProgress?.({ phase: 'measure', done: 1, total: 1, fraction: 1 });
  return { model: candidate.model, report, ranks: candidate.method };
}

/** Without the options that only concern ranks: a journal tells reconstructions apart by theirs. */
function reconstructionOptions(options: ApproximateCalibratedOptions): ReconstructionOptions {
  const { evaluations: _, latencies: __, losses: ___, score: ____, ...rest } = options;
  return rest;
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
