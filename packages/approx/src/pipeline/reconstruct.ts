/**
 * Whole-model reconstruction: layers are replaced one by one, shallow to deep (Zhang et al. 2015, §2.3).
 *
 * symmetric:   each layer is fitted on the original network's own responses, ŷ = y.
 * asymmetric:  the target stays r(y) of the original, the regressor is ŷ = W x̂ + b on what the approximated layers below deliver,
 *              so that each layer corrects what went wrong before it.
 */

import { DomainError, referenceKernels } from '@rankwise/tensor';
import type { Kernels } from '@rankwise/tensor';
import type { Model } from '@rankwise/nn';
import type { Decomposition, LayerRanks } from '../decomposition/decomposition.ts';
import { layerMacs, ranksPay } from '../decomposition/layerRanks.ts';
import type { Journal } from '../journal/journal.ts';
import { journalled } from '../journal/journalSession.ts';
import { openReconstructionJournal } from '../journal/reconstructionJournal.ts';
import type { ReconstructionJournal } from '../journal/reconstructionJournal.ts';
import { energyKept } from '../ranks/energyRanks.ts';
import { plannedRanks } from '../ranks/rankPlan.ts';
import type { RankPlan } from '../ranks/rankPlan.ts';
import { nonlinearityName } from '../solve/nonlinearity.ts';
import { checkSchedule, paperSchedule } from '../solve/nonlinearSolver.ts';
import type { PenaltyStage } from '../solve/nonlinearSolver.ts';
import { createStream } from './approximatedStream.ts';
import { batchRanges } from './calibrate.ts';
import type { CalibratedLayer, Calibration } from './calibrate.ts';
import { installReplacement } from './layerReplacement.ts';
import type { LayerReplacement } from './layerReplacement.ts';
import { findReplacement } from './layerWork.ts';
import { createTurnTaker } from './progress.ts';
import type { ProgressEvent } from './progress.ts';
import type { LayerReport, Reconstruction, Solver, SpatialReconstruction } from './report.ts';
import { workEstimate } from './workEstimate.ts';

export interface ReconstructionOptions {
  /** Default `nonlinear`. */
  readonly solver?: Solver;
  /** Default `asymmetric`. */
  readonly reconstruction?: Reconstruction;
  /**
   * How a spatial split is found: `filter`, the default, from the weights alone (as the paper does it), or `data`, from what the layer
   * gets and the original answers. Of `spatial` and `3d`
   * without a descent.
   */
  readonly spatialReconstruction?: SpatialReconstruction;
  /** Of the nonlinear solver; default the paper's. */
  readonly schedule?: readonly PenaltyStage[];
  /**
   * Iterations of a descent on the true objective (descend.ts), after the solver; default 0. It moves all factors of a layer together, those
   * of a spatial split too, which then starts from the pair that is nearest in the metric of the data.
   */
  readonly descent?: number;
  /** Bytes that paused batches may take; default 1 GiB. Beyond it batches are computed again from their images. */
  readonly memoryBudget?: number;
  readonly kernels?: Kernels;
  /** Keeps what was done: after a kill, the same call goes on from there to the same result, bit for bit. */
  readonly journal?: Journal;
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: ProgressEvent) => void;
}

export interface ReconstructedModel {
  readonly model: Model;
  readonly layers: readonly LayerReport[];
}

/**
 * Replaces the planned layers of a calibrated model.
 * @param plan - from selectRanks; every layer it names must have been calibrated
 * @throws DomainError when the plan names a layer that was not calibrated, or an option is out of range.
 * @throws DomainError also when the journal was made with another model, other samples or other kernels; and what the journal throws.
 * @throws the signal's reason when it is aborted.
 * @example
 * import { calibrate, convolutionLayers, reconstruct, selectRanks } from '@rankwise/approx';
 * import { sequential } from '@rankwise/nn';
 * import { createRandom, zeros } from '@rankwise/tensor';
 * const model = sequential('tiny', [1, 8, 8], { seed: 1 }).conv('conv1', { filters: 8, kernel: 3 }).relu('relu1')
 *   .conv('conv2', { filters: 8, kernel: 3 }).relu('relu2').build();
 * const images = createRandom(2).fillNormalInPlace(zeros('f32', [40, 1, 8, 8]));
 * const plan = selectRanks(convolutionLayers(model), { method: 'uniform', speedup: 2 });
 * const approximated = await reconstruct(await calibrate(model, images), plan, { solver: 'linear' });
 * approximated.model.nodes.map((node) => node.name) // => ['conv1', 'relu1', 'conv2/basis', 'conv2', 'relu2']
 */
export async function reconstruct(
  calibration: Calibration,
  plan: RankPlan,
  options: ReconstructionOptions = {},
): Promise<ReconstructedModel> {
  checkPlan(calibration, plan);
  checkReconstruction('reconstruct', options);
  checkPooled('reconstruct', calibration.pooled, { decomposition: plan.decomposition, descent: options.descent });
  const journal = await openReconstructionJournal(calibration, plan, options);
  return journalled(journal.session, () => replaceLayers(calibration, plan, options, journal));
}

async function replaceLayers(
  calibration: Calibration,
  plan: RankPlan,
  options: ReconstructionOptions,
  journal: ReconstructionJournal,
): Promise<ReconstructedModel> {
  const { memoryBudget = 2 ** 30, kernels = referenceKernels } = options;
  const takeTurn = createTurnTaker(options.signal);
  const work = workEstimate({ ...calibration, images: calibration.images.count }, plan, options);
  const ranges = batchRanges(calibration.images.count, calibration.batchSize, calibration.fitImages);
  const stream = createStream(calibration.images, ranges, memoryBudget);
  const layers: LayerReport[] = [];
  const { model: original } = calibration;
  let model = original;
  for (const calibrated of calibration.layers) {
    const { layer } = calibrated;
    const ranks = plannedRanks(plan, layer);
    if (ranks === undefined) continue;
    if (!ranksPay(layer, ranks)) {
      layers.push(layerReport(calibrated, plan, ranks, undefined, 0));
      options.onProgress?.(work.layerDone(layer.name));
      continue;
    }
    const known = await journal.found(calibrated);
    const { replacement, seconds } =
      known ??
      (await findReplacement({ calibrated, ranks, original, model, stream, work, journal, takeTurn }, options));
    await takeTurn();
    model = installReplacement(model, layer.name, replacement, kernels);
    options.onProgress?.({ ...work.layerDone(layer.name), resumed: known !== undefined });
    layers.push(layerReport(calibrated, plan, ranks, replacement, seconds));
  }
  return { model, layers };
}

/**
 * Refuses options that no reconstruction can follow.
 * @throws DomainError naming `caller` and the option.
 */
export function checkReconstruction(caller: string, options: ReconstructionOptions): void {
  const { solver = 'nonlinear', reconstruction = 'asymmetric', schedule = paperSchedule } = options;
  const { spatialReconstruction = 'filter', descent = 0, memoryBudget = 0 } = options;
  if (!['linear', 'nonlinear'].includes(solver)) {
    throw new DomainError(`${caller}: solver: expected linear or nonlinear, got ${solver}`);
  }
  if (!['asymmetric', 'symmetric'].includes(reconstruction)) {
    throw new DomainError(`${caller}: reconstruction: expected asymmetric or symmetric, got ${reconstruction}`);
  }
  if (!['data', 'filter'].includes(spatialReconstruction)) {
    throw new DomainError(`${caller}: spatialReconstruction: expected filter or data, got ${spatialReconstruction}`);
  }
  if (!(memoryBudget >= 0)) throw new DomainError(`${caller}: memoryBudget: expected bytes ≥ 0, got ${memoryBudget}`);
  if (!Number.isInteger(descent) || descent < 0) {
    throw new DomainError(`${caller}: descent: expected an integer ≥ 0, got ${descent}`);
  }
  checkSchedule(caller, schedule);
}

/**
 * Refuses fits that do not look at pooled responses.
 * @throws DomainError naming `caller` and the option.
 */
export function checkPooled(
  caller: string,
  pooled: boolean | undefined,
  { decomposition, descent = 0 }: { readonly decomposition?: Decomposition; readonly descent?: number | undefined },
): void {
  if (pooled !== true || (decomposition !== 'spatial' && descent === 0)) return;
  const got = decomposition === 'spatial' ? "the decomposition 'spatial'" : `a descent of ${descent}`;
  throw new DomainError(
    `${caller}: pooled: expected false where no alternation has the last word, got true and ${got}`,
  );
}

function checkPlan({ layers }: Calibration, plan: RankPlan): void {
  const known = layers.map(({ layer }) => layer.name);
  for (const name of Object.keys(plan.ranks)) {
    if (!known.includes(name)) {
      throw new DomainError(`reconstruct: plan: expected calibrated layers (${known.join(', ')}), got ${name}`);
    }
  }
}

function layerReport(
  { layer, energies, positions }: CalibratedLayer,
  plan: RankPlan,
  planned: LayerRanks,
  replacement: LayerReplacement | undefined,
  seconds: number,
): LayerReport {
  const { pair, solution, descent, ranks } = replacement ?? { ranks: undefined };
  return {
    name: layer.name,
    filters: layer.filters,
    channels: layer.channels,
    kernel: layer.kernel,
    outputShape: layer.outputShape,
    decomposition: planned.decomposition,
    rank: planned.rank,
    effectiveRank: ranks?.rank ?? layer.filters,
    spatialRank: planned.decomposition === '3d' ? planned.spatialRank : null,
    decomposed: replacement !== undefined,
    counted: plan.counted.includes(layer.name),
    macsBefore: layer.macs,
    macsAfter: ranks === undefined ? layer.macs : layerMacs(layer, ranks),
    energyKept: solution === undefined ? (pair?.energyKept ?? 1) : energyKept(energies, planned.rank),
    spectrum: [...energies],
    nonlinearity: nonlinearityName(layer.nonlinearity),
    window: positions.window ?? 1,
    error: descent?.error ?? solution?.error ?? pair?.error ?? null,
    linearError: solution?.linearError ?? null,
    spatialError: pair?.error ?? null,
    iterations: solution?.trace.length ?? 0,
    trace: solution?.trace ?? [],
    descent: descent === undefined ? null : { before: descent.before, trace: descent.trace.map(({ value }) => value) },
    seconds,
  };
}
