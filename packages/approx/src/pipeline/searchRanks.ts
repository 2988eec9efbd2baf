/**
 * Ranks by their effect on the network's answers: each layer's effect measured alone, the exact optimum of the sum, and then plans
 * carried out and compared, because layers' errors meet.
 *
 * 1. A trial calibration: some of the fitting images fit, others judge (trialCalibration.ts).
 * 2. What each layer's approximation alone does to the judges' answers, rank by rank (measureSensitivity.ts), and the ranks of
 *    the least sum within the budget (optimalRanks.ts).
 * 3. Those ranks, the uniform ones and the energy greedy's are carried out by the linear solver, and so are their neighbours under
 *    re-weighted losses (refineRanks.ts). The plan is kept under which the judges' answers change least.
 *
 * No labels are used, and no held-out image. Each plan is carried out linearly, as every layer's best map follows from moments then;
 * the final networks of plans that are close under the linear solver are close under the nonlinear one. Steps 1 and 2 serve every
 * speed-up.
 *
 * Cost: what measureSensitivity costs, and for each plan one asymmetric linear reconstruction of the trial.
 */

import { DomainError, concat, referenceKernels } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { forward } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';
import type { Decomposition } from '../decomposition/decomposition.ts';
import { canonicalText } from '../journal/fingerprint.ts';
import { journalled } from '../journal/journalSession.ts';
import { openSearchJournal } from '../journal/searchJournal.ts';
import type { SearchJournal } from '../journal/searchJournal.ts';
import { convolutionLayers } from '../layers.ts';
import { ownRecord } from '../ranks/ownRecord.ts';
import { planOfRanks, rankProblem } from '../ranks/rankProblem.ts';
import type { RankRequest } from '../ranks/rankRequest.ts';
import type { RankPlan } from '../ranks/rankPlan.ts';
import { keyOf, refineRanks } from '../ranks/refineRanks.ts';
import type { TriedPlan } from '../ranks/refineRanks.ts';
import { selectRanks } from '../ranks/selectRanks.ts';
import { batchRanges } from './calibrate.ts';
import type { Calibration } from './calibrate.ts';
import { measureSensitivity } from './measureSensitivity.ts';
import { outputLoss } from './outputLoss.ts';
import { rankEnergies } from './rankEnergies.ts';
import { reconstruct } from './reconstruct.ts';
import type { ReconstructionOptions } from './reconstruct.ts';
import { trialCalibration } from './trialCalibration.ts';

/** Where a plan came from. */
export const planOrigins = ['energy', 'search', 'sensitivity', 'uniform'] as const;

export type PlanOrigin = (typeof planOrigins)[number];

export interface SearchOptions extends Pick<
  ReconstructionOptions,
  'journal' | 'kernels' | 'memoryBudget' | 'onProgress' | 'reconstruction' | 'signal'
> {
  /** From sensitivityLosses, where they were measured before; they serve every speed-up. */
  readonly losses?: Readonly<Record<string, ArrayLike<number>>>;
  /** Most plans to carry out; default 20. With 3 only the uniform, the energy and the sensitivity plan are compared. */
  readonly evaluations?: number;
  /**
   * Scores a network in which a plan was carried out linearly on the trial's images; smaller is better. By default the loss of its
   * answers on the trial's judges. With labels of one's own this may be an error rate.
   */
  readonly score?: (model: Model, plan: RankPlan) => Promise<number> | number;
}

/** A plan that was carried out. */
export interface RankCandidate {
  readonly origin: PlanOrigin;
  readonly ranks: Readonly<Record<string, number>>;
  readonly score: number;
}

export interface RankSearch {
  readonly plan: RankPlan;
  readonly origin: PlanOrigin;
  /** In the order they were tried. */
  readonly candidates: readonly RankCandidate[];
  /** Images that judged. */
  readonly judges: number;
}

export const defaultEvaluations = 20;
/** Shares of the progress bar. */
const sensitivityShare = 0.4;

/**
 * The losses of `sensitivity` for a calibration, measured on a trial of it: by layer name, at rank 1, 2, … They serve every speed-up.
 * @param layers - names of calibrated layers
 * @throws DomainError when there are fewer than two fitting images, or a layer was not calibrated.
 * @throws the signal's reason when it is aborted.
 * @example
 * import { calibrate, convolutionLayers, selectRanks, sensitivityLosses } from '@rankwise/approx';
 * import { sequential } from '@rankwise/nn';
 * import { createRandom, zeros } from '@rankwise/tensor';
 * const model = sequential('tiny', [1, 8, 8], { seed: 1 }).conv('conv1', { filters: 8, kernel: 3 }).relu('relu1')
 *   .conv('conv2', { filters: 8, kernel: 3 }).relu('relu2').build();
 * const images = createRandom(2).fillNormalInPlace(zeros('f32', [40, 1, 8, 8]));
 * const losses = await sensitivityLosses(await calibrate(model, images), ['conv2']);
 * const layers = convolutionLayers(model);
 * [2, 3, 4].map((speedup) => selectRanks(layers, { method: 'sensitivity', losses, speedup }).ranks.conv2) // => [3, 2, 1]
 */
export async function sensitivityLosses(
  calibration: Calibration,
  layers: readonly string[],
  options: Pick<SearchOptions, 'kernels' | 'onProgress' | 'signal'> & { readonly decomposition?: Decomposition } = {},
): Promise<Record<string, Float64Array>> {
  return measuredLosses(await trialOf(calibration, options), layers, options.decomposition ?? 'channel', options);
}

/**
 * Searches the ranks under which the network's answers change least.
 * @param request - a speed-up and what else the ranks must keep to; its `method` and `losses` are not used
 * @throws DomainError as selectRanks does, and when there are fewer than two fitting images.
 * @throws the signal's reason when it is aborted.
 * @example
 * import { calibrate, searchRanks } from '@rankwise/approx';
 * import { sequential } from '@rankwise/nn';
 * import { createRandom, zeros } from '@rankwise/tensor';
 * const model = sequential('tiny', [1, 8, 8], { seed: 1 }).conv('conv1', { filters: 8, kernel: 3 }).relu('relu1')
 *   .conv('conv2', { filters: 8, kernel: 3 }).relu('relu2').conv('conv3', { filters: 8, kernel: 3 }).build();
 * const images = createRandom(2).fillNormalInPlace(zeros('f32', [40, 1, 8, 8]));
 * const { plan, candidates } = await searchRanks(await calibrate(model, images), { speedup: 3 }, { evaluations: 5 });
 * plan.speedup >= 3 // => true
 * candidates.slice(0, 3).map(({ origin }) => origin) // => ['sensitivity', 'uniform', 'energy']
 */
export async function searchRanks(
  calibration: Calibration,
  request: Omit<RankRequest, 'losses' | 'method'>,
  options: SearchOptions = {},
): Promise<RankSearch> {
  const { evaluations = defaultEvaluations, kernels = referenceKernels, reconstruction } = options;
  const { decomposition = 'channel' } = request;
  const { energies = rankEnergies(calibration, decomposition, kernels) } = request;
  const layers = convolutionLayers(calibration.model);
  // Refuses what cannot be followed before anything is measured.
  const { counted } = selectRanks(layers, { ...request, method: 'uniform' });
  const trial = await trialOf(calibration, options);
  const settings = { decomposition, counted, evaluations, reconstruction };
  const journal = await openSearchJournal(trial, settings, options);
  return journalled(journal.session, async () => {
    const losses =
      options.losses ??
      (await journal.losses(() => measuredLosses(trial, counted, decomposition, scaled(options, sensitivityShare))));
    const complete: RankRequest = { ...request, energies, method: 'sensitivity', losses };
    return tryPlans(trial, complete, { ...options, evaluations }, journal);
  });
}

async function tryPlans(
  trial: Calibration,
  request: RankRequest,
  options: SearchOptions & { readonly evaluations: number },
  journal: SearchJournal,
): Promise<RankSearch> {
  const { evaluations, onProgress } = options;
  const layers = convolutionLayers(trial.model);
  const { tables, budget } = rankProblem(layers, request);
  const ranksOf = (plan: TriedPlan): Record<string, number> =>
    ownRecord(tables.map(({ name }, i) => [name, plan[i]?.rank ?? 1] as const));
  const starts = (['uniform', 'energy'] as const).map((method) => {
    const { ranks } = selectRanks(layers, { ...request, method });
    return tables.flatMap(({ name, options: own }) => own.find(({ rank }) => rank === ranks[name]) ?? []);
  });
  const candidates: RankCandidate[] = [];
  const score = scorer(trial, options, journal);
  const best = await refineRanks(tables, budget, (tried) => score(planOfRanks(layers, request, ranksOf(tried))), {
    starts,
    evaluations,
    onScore: (tried, found, evaluation) => {
      const origin = originOf(keyOf(tried), starts.map(keyOf), candidates.length);
      candidates.push({ origin, ranks: ranksOf(tried), score: found });
      const fraction = sensitivityShare + ((1 - sensitivityShare) * evaluation) / evaluations;
      onProgress?.({ phase: 'search', done: evaluation, total: evaluations, fraction });
    },
  });
  return {
    plan: planOfRanks(layers, request, ranksOf(best.options)),
    origin: candidates.find(({ score: found }) => found === best.score)?.origin ?? 'sensitivity',
    candidates,
    judges: trial.images.count - trial.fitImages,
  };
}

/** The options with progress that fills a share of the bar. */
function scaled({ onProgress, ...options }: SearchOptions, share: number): SearchOptions {
  if (onProgress === undefined) return options;
  return { ...options, onProgress: (event) => onProgress({ ...event, fraction: share * event.fraction }) };
}

/** The optimum is tried first, then the starts that differ from it, then what the search makes of them. */
function originOf(tried: string, [uniform, energy]: readonly string[], place: number): PlanOrigin {
  if (place === 0) return 'sensitivity';
  if (tried === uniform) return 'uniform';
  return tried === energy ? 'energy' : 'search';
}

async function trialOf(
  calibration: Calibration,
  { kernels = referenceKernels, signal }: Pick<SearchOptions, 'kernels' | 'signal'>,
): Promise<Calibration> {
  if (calibration.fitImages < 2) {
    throw new DomainError(
      `searchRanks: calibration: expected at least two fitting images, got ${calibration.fitImages}`,
    );
  }
  return trialCalibration(calibration, { kernels, ...(signal === undefined ? {} : { signal }) });
}

async function measuredLosses(
  trial: Calibration,
  layers: readonly string[],
  decomposition: Decomposition,
  { kernels, onProgress, signal }: Pick<SearchOptions, 'kernels' | 'onProgress' | 'signal'>,
): Promise<Record<string, Float64Array>> {
  const measured = await measureSensitivity(trial, {
    layers,
    decomposition,
    ...(kernels === undefined ? {} : { kernels }),
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  return ownRecord(measured.map(({ name, losses }) => [name, losses] as const));
}

/** Carries a plan out on the trial and scores the network. What a caller's score says is asked anew each time. */
function scorer(
  trial: Calibration,
  options: SearchOptions,
  journal: SearchJournal,
): (plan: RankPlan) => Promise<number> {
  const { kernels = referenceKernels, score, signal, memoryBudget, reconstruction } = options;
  const lossOf = outputLoss(trial.model);
  const carriedOut = async (plan: RankPlan): Promise<Model> => {
    const { model } = await reconstruct(trial, plan, {
      solver: 'linear',
      kernels,
      ...(reconstruction === undefined ? {} : { reconstruction }),
      ...(memoryBudget === undefined ? {} : { memoryBudget }),
      ...(signal === undefined ? {} : { signal }),
    });
    return model;
  };
  if (score !== undefined) return async (plan) => score(await carriedOut(plan), plan);
  return (plan) =>
    journal.score(canonicalText(plan), async () => {
      const { outputs } = trial;
      const answers = await judgesAnswers(trial, await carriedOut(plan), kernels, signal);
      return outputs === undefined ? 0 : lossOf(outputs, answers);
    });
}

async function judgesAnswers(
  { images, fitImages, batchSize }: Calibration,
  model: Model,
  kernels: Kernels,
  signal: AbortSignal | undefined,
): Promise<Tensor<'f32'>> {
  const answers: Tensor<'f32'>[] = [];
  for (const [from, to] of batchRanges(images.count - fitImages, batchSize)) {
    signal?.throwIfAborted();
    answers.push(forward(model, await images.batch(fitImages + from, fitImages + to), { kernels }).output);
  }
  return concat(answers, 0);
}
