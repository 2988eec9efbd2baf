/**
 * The whole job in one call: calibrate, choose ranks, reconstruct, compare, measure, report.
 *
 * Each step is a function of its own (calibrate, selectRanks, reconstruct, compareOutputs, measureSpeedup); this file only puts them
 * together. Deterministic: the same model, images, options and kernels give the same network to the last bit.
 */

import { DomainError, referenceKernels } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { forward, modelCost } from '@rankwise/nn';
import type { ImageSource, Model } from '@rankwise/nn';
import { approximatedMacs } from '../decompositionCost.ts';
import { convolutionLayers } from '../layers.ts';
import { candidateLayers, selectRanks } from '../ranks/selectRanks.ts';
import type { RankMethod, RankPlan, RankRequest } from '../ranks/selectRanks.ts';
import { batchRanges, calibrate } from './calibrate.ts';
import type { Calibration, CalibrationOptions } from './calibrate.ts';
import { compareOutputs } from './compareOutputs.ts';
import type { OutputComparison } from './compareOutputs.ts';
import { measureSpeedup } from './measureSpeedup.ts';
import type { ProgressEvent } from './progress.ts';
import { reconstruct } from './reconstruct.ts';
import type { ReconstructedModel, ReconstructionOptions } from './reconstruct.ts';
import type { ApproximationReport } from './report.ts';

export interface ApproximateOptions extends Omit<CalibrationOptions, 'layers'>, ReconstructionOptions {
  /** Wanted ratio of multiply-adds over the counted layers, ≥ 1. Not needed when all ranks are set by hand. */
  readonly speedup?: number;
  /**
   * How ranks are found: `energy` (the paper's greedy), `uniform`, `manual` (only the layers in `fixed`), or `best`, the default:
   * both of the first two are carried out, and the network whose outputs on the held-out images differ least is kept. No labels
   * are used. It is the default because the greedy can starve a layer whose responses are sparse.
   */
  readonly ranks?: RankMethod | 'best';
  /** Ranks set by hand, by layer name; default the model's own `fixedRanks`. */
  readonly fixed?: Readonly<Record<string, number>>;
  /** Largest rank a layer may get, by layer name. */
  readonly caps?: Readonly<Record<string, number>>;
  /** Layers left as they are. */
  readonly exclude?: readonly string[];
  /** Time both networks on a few images; default true. */
  readonly measure?: boolean;
}

export interface ApproximationResult {
  readonly model: Model;
  readonly report: ApproximationReport;
  /** How the ranks were found; `best` names the one it kept. */
  readonly ranks: RankMethod;
}

/** Shares of the progress bar; calibration and reconstruction cost about that on the built-in networks. */
const calibrationShare = 0.25;
const reconstructionShare = 0.7;
/** Images for timing: enough to fill a batch, few enough not to matter. */
const timedImages = 16;

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
  const started = performance.now();
  const { kernels = referenceKernels, ranks = 'best' } = options;
  const request = rankRequest(model, options);
  checkRequest(model, request, ranks, options);
  const layers = candidateLayers(convolutionLayers(model), request).map((layer) => layer.name);
  const calibration = await calibrate(model, images, {
    ...options,
    layers,
    onProgress: scaled(options, 0, calibrationShare),
  });
  const methods: readonly RankMethod[] = ranks === 'best' ? ['uniform', 'energy'] : [ranks];
  const energies = Object.fromEntries(calibration.layers.map((layer) => [layer.layer.name, layer.energies]));
  let best: Candidate | undefined;
  for (const [i, method] of methods.entries()) {
    const plan = selectRanks(convolutionLayers(model), { ...request, method, energies });
    const share = reconstructionShare / methods.length;
    const onProgress = scaled(options, calibrationShare + i * share, share);
    const candidate = { method, plan, ...(await reconstruct(calibration, plan, { ...options, kernels, onProgress })) };
    const compared = await heldOutComparison(calibration, candidate.model, kernels, options.signal);
    if (best === undefined || (compared?.relativeError ?? 0) < (best.compared?.relativeError ?? 0)) {
      best = { ...candidate, compared };
    }
  }
  if (best === undefined)
    throw new DomainError(`approximate: ranks: expected best, energy, uniform or manual, got ${ranks}`);
  const report = await reportOf(calibration, best, options, started);
  options.onProgress?.({ phase: 'measure', done: 1, total: 1, fraction: 1 });
  return { model: best.model, report, ranks: best.method };
}

interface Candidate extends ReconstructedModel {
  readonly method: RankMethod;
  readonly plan: RankPlan;
  readonly compared: OutputComparison | undefined;
}

function rankRequest(model: Model, { ranks = 'best', speedup, fixed, caps, exclude }: ApproximateOptions): RankRequest {
  return {
    method: ranks === 'best' ? 'uniform' : ranks,
    fixed: fixed ?? withoutExcluded(model.fixedRanks ?? {}, exclude),
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

/** Everything that can be refused without looking at an image is refused here. */
function checkRequest(
  model: Model,
  request: RankRequest,
  ranks: RankMethod | 'best',
  { heldOut = 0.1, memoryBudget = 0 }: ApproximateOptions,
): void {
  if (ranks === 'best' && heldOut === 0) {
    throw new DomainError("approximate: heldOut: expected a share above 0 for ranks 'best', got 0");
  }
  if (!(memoryBudget >= 0)) throw new DomainError(`approximate: memoryBudget: expected bytes ≥ 0, got ${memoryBudget}`);
  // The reach of a speed-up does not depend on the method: rank 1 everywhere is the least for all of them.
  selectRanks(convolutionLayers(model), request.method === 'energy' ? { ...request, method: 'uniform' } : request);
}

function scaled({ onProgress }: ApproximateOptions, start: number, share: number): (event: ProgressEvent) => void {
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

async function reportOf(
  calibration: Calibration,
  best: Candidate,
  options: ApproximateOptions,
  started: number,
): Promise<ApproximationReport> {
  const { model: original, images, fitImages, layers } = calibration;
  const { kernels = referenceKernels, ranks = 'best' } = options;
  const timed = Math.min(timedImages, calibration.batchSize, images.count);
  const measured =
    options.measure === false ? null : measureSpeedup(original, best.model, await images.batch(0, timed), kernels);
  const counted = layers.filter(({ layer }) => best.plan.counted.includes(layer.name)).map(({ layer }) => layer);
  const rankOf = new Map(best.layers.map((report) => [report.name, report.effectiveRank]));
  const cost = (countProjection: boolean): number =>
    counted.reduce(
      (sum, layer) => sum + approximatedMacs(layer, rankOf.get(layer.name) ?? layer.filters, countProjection),
      0,
    );
  const { macsBefore } = best.plan;
  const samples = Math.min(...layers.map((layer) => layer.fitRows));
  return {
    format: 'rankwise-report',
    version: 1,
    model: original.name,
    settings: {
      solver: options.solver ?? 'nonlinear',
      reconstruction: options.reconstruction ?? 'asymmetric',
      ranks: ranks === 'best' ? `best (${best.method})` : ranks,
      requestedSpeedup: options.speedup ?? null,
      images: images.count,
      heldOutImages: images.count - fitImages,
      positions: calibration.positions,
      seed: calibration.seed,
    },
    samples,
    counted: best.plan.counted,
    theoretical: {
      macsBefore,
      macsAfter: cost(true),
      speedup: macsBefore / cost(true),
      speedupWithoutProjection: macsBefore / cost(false),
      wholeModelSpeedup: modelCost(original).macs / modelCost(best.model).macs,
    },
    measured,
    outputError: best.compared?.relativeError ?? null,
    outputAgreement: best.compared?.agreement ?? null,
    layers: best.layers,
    warnings: warningsOf(calibration, best),
    seconds: (performance.now() - started) / 1000,
  };
}

function warningsOf({ layers }: Calibration, { plan, layers: reports }: Candidate): string[] {
  const warnings: string[] = [];
  for (const name of plan.leftAlone) {
    warnings.push(`${name} is left as it is: at rank ${plan.ranks[name]} two layers would cost no less than one`);
  }
  for (const { layer, fitRows } of layers) {
    if (fitRows <= layer.filters) {
      warnings.push(
        `${layer.name} was fitted to ${fitRows} responses of ${layer.filters} filters: give more images or positions`,
      );
    }
  }
  for (const { name, rank, effectiveRank, decomposed } of reports) {
    if (decomposed && effectiveRank < rank) {
      warnings.push(`${name} got rank ${effectiveRank}, not ${rank}: its responses have no more directions`);
    }
  }
  return warnings;
}
