/**
 * One layer's part of a reconstruction: what replaces it, from what the network below it delivers.
 *
 * | decomposition | regressor ŷ of the solver                                           | how                                     |
 * |---------------|---------------------------------------------------------------------|-----------------------------------------|
 * | channel       | W x̂ + b: the layer itself on what it gets                            | solver, rank d'                         |
 * | spatial       | –                                                                   | the pair V, H                           |
 * | 3d            | H (V x̂) + b: what the horizontal layer says on what the vertical     | the pair V, H with rank d'', then solver, |
 * |               | one delivers                                                        | rank d', on the pair's responses         |
 *
 * The target is always r(y) of the original, undecomposed layer, so that the solver also corrects what the split lost (Zhang et al.
 * 2016, "asymmetric (3d)"). x̂ is what the network approximated so far delivers; symmetric reconstruction takes the original's x. The pair's
 * responses are computed as those of the one convolution W̃ that it makes (composeSpatial), which is the same up to rounding.
 */

import { cast, referenceKernels, slice, tensorOf, zeros } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import type { Model } from '@rankwise/nn';
import type { LayerRanks } from '../decomposition/decomposition.ts';
import { dataReconstructionSteps } from '../decomposition/dataReconstruction.ts';
import { filterEnergyKept, filterReconstruction } from '../decomposition/filterReconstruction.ts';
import { metricReconstruction } from '../decomposition/metricReconstruction.ts';
import { findConvolution } from '../decomposition/installFactors.ts';
import { sumPatchMoments } from '../decomposition/patchMoments.ts';
import type { PatchMoments } from '../decomposition/patchMoments.ts';
import { composeSpatial } from '../decomposition/spatialFactors.ts';
import type { SpatialFactors } from '../decomposition/spatialFactors.ts';
import type { ReconstructionJournal, TimedReplacement } from '../journal/reconstructionJournal.ts';
import type { ConvolutionLayer } from '../layers.ts';
import { chainMap, chainResponses, mapChain, mapOnPair, pairFactors } from '../descent/chainForms.ts';
import { computeResponses, gatherPatches } from '../sampling/gatherResponses.ts';
import { gatherStrips } from '../sampling/gatherStrips.ts';
import { balanced } from '../solve/linearSolver.ts';
import { paperSchedule } from '../solve/nonlinearSolver.ts';
import { advanceStreamInPlace } from './approximatedStream.ts';
import type { ApproximatedStream } from './approximatedStream.ts';
import type { CalibratedLayer } from './calibrate.ts';
import { chainErrors, descendLayer, errorsAlone, fittingPart } from './descendLayer.ts';
import type { LayerReplacement, SpatialPair } from './layerReplacement.ts';
import type { ProgressEvent } from './progress.ts';
import type { ReconstructionOptions } from './reconstruct.ts';
import { solveLayer } from './solveLayer.ts';
import type { LayerSolution } from './solveLayer.ts';
import type { WorkEstimate } from './workEstimate.ts';

export interface LayerWork {
  readonly calibrated: CalibratedLayer;
  readonly ranks: LayerRanks;
  readonly original: Model;
  /** Approximated below the layer. */
  readonly model: Model;
  /** Of the approximated network; of the original one when the reconstruction is symmetric. */
  readonly stream: ApproximatedStream;
  readonly work: WorkEstimate;
  readonly journal: ReconstructionJournal;
  readonly takeTurn: () => Promise<void>;
}

/** Finds what replaces the layer, and keeps it in the journal. */
export async function findReplacement(layerWork: LayerWork, options: ReconstructionOptions): Promise<TimedReplacement> {
  const { calibrated, journal } = layerWork;
  const started = performance.now();
  const replacement = await decompose(layerWork, options);
  const found = { replacement, seconds: (performance.now() - started) / 1000 };
  await journal.keepFound(calibrated, found);
  return found;
}

async function decompose(layerWork: LayerWork, options: ReconstructionOptions): Promise<LayerReplacement> {
  const { calibrated, ranks, original, model } = layerWork;
  if (ranks.decomposition === 'channel') {
    const isLayerAlone = isSymmetric(options) || model === original;
    const regressor = isLayerAlone
      ? calibrated.target
      : await responsesInModel(layerWork, { layer: calibrated.layer, model }, options);
    const solution = await solve(layerWork, regressor, options);
    return descendMap(layerWork, regressor, { ranks: { ...ranks, rank: solution.rank }, solution }, options);
  }
  if ((options.descent ?? 0) > 0) return descendOnStrips(layerWork, options);
  const { factors, energyKept } = await splitLayer(layerWork, options);
  const composed = composedLayer(original, calibrated.layer, factors, options.kernels ?? referenceKernels);
  const regressor = await responsesInModel(layerWork, composed, options);
  const pair: SpatialPair = { factors, energyKept, error: errorsAlone(calibrated, regressor) };
  if (ranks.decomposition === 'spatial') return { ranks, pair };
  const solution = await solve(layerWork, regressor, options);
  return { ranks: { ...ranks, rank: solution.rank }, pair, solution };
}

function isSymmetric({ reconstruction }: ReconstructionOptions): boolean {
  return reconstruction === 'symmetric';
}

/** The vertical and the horizontal layer: the nearest in filters, or from there the nearest in responses. */
async function splitLayer(
  layerWork: LayerWork,
  options: ReconstructionOptions,
): Promise<Pick<SpatialPair, 'energyKept' | 'factors'>> {
  const { calibrated, ranks, original, takeTurn } = layerWork;
  const { kernels = referenceKernels } = options;
  const { weight } = findConvolution('reconstruct', original, calibrated.layer.name);
  const rank = ranks.decomposition === '3d' ? ranks.spatialRank : ranks.rank;
  const nearest = filterReconstruction(weight, rank, kernels);
  const { factors } = nearest;
  const energyKept = filterEnergyKept(nearest);
  if (!isFittedToData(options)) return { factors, energyKept };
  const moments = await patchMoments(layerWork, options);
  const steps = dataReconstructionSteps(moments, weight, factors, { kernels });
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) return { factors: step.value.factors, energyKept };
    await takeTurn();
  }
}

/** A descent starts from a split of its own. */
function isFittedToData({ spatialReconstruction, descent = 0 }: ReconstructionOptions): boolean {
  return spatialReconstruction === 'data' && descent === 0;
}

/** Moments of the patches that the layer gets and the original's responses, on fitting images. */
async function patchMoments(layerWork: LayerWork, options: ReconstructionOptions): Promise<PatchMoments> {
  const { layer, positions, target, fitRows } = layerWork.calibrated;
  const sums = sumPatchMoments(layer.patchSize, layer.filters, options.kernels);
  const add = (input: Tensor<'f32'>, firstImage: number): void => {
    const first = firstImage * positions.perImage;
    if (first >= fitRows) return;
    const patches = gatherPatches(layer, input, positions, firstImage);
    sums.add(patches, slice(target, [[first, first + (patches.shape[0] ?? 0)]]));
  };
  await passInputs(layerWork, add, options, { known: 0, first: true, afterBatch: async () => {} });
  return sums.finish();
}

/** A layer and the model that holds its parameters. */
interface LayerInModel {
  readonly layer: ConvolutionLayer;
  readonly model: Model;
}

/** The one convolution that a pair makes, in the layer's place, with weights rounded as those of the pair are when it is installed. */
function composedLayer(
  original: Model,
  layer: ConvolutionLayer,
  { vertical, horizontal, bias }: SpatialFactors,
  kernels: Kernels,
): LayerInModel {
  const weight = cast(composeSpatial({ vertical: rounded(vertical), horizontal: rounded(horizontal) }, kernels), 'f32');
  const own = findConvolution('reconstruct', original, layer.name).bias;
  const added = bias === undefined ? own : cast(tensorOf(bias, [bias.length]), 'f32');
  const { bias: _, ...node } = layer.node;
  const biased = added === undefined ? node : { ...node, bias: 'bias' };
  return {
    layer: { ...layer, node: { ...biased, weight: 'weight' } },
    model: { ...original, parameters: { weight, ...(added === undefined ? {} : { bias: added }) } },
  };
}

/** To f32 and back. */
function rounded(tensor: Tensor<'f64'>): Tensor<'f64'> {
  return cast(cast(tensor, 'f32'), 'f64');
}

/** ŷ of a layer at the sampled positions, on the input that the stream's network delivers to it. */
async function responsesInModel(
  layerWork: LayerWork,
  { layer, model: parameters }: LayerInModel,
  options: ReconstructionOptions,
): Promise<Tensor<'f32'>> {
  const { calibrated, journal } = layerWork;
  const { kernels = referenceKernels } = options;
  const { positions, target } = calibrated;
  const rows = zeros('f32', target.shape);
  const kept = journal.rows(calibrated, rows);
  const { images: known } = await kept.restore();
  const respond = (input: Tensor<'f32'>, firstImage: number): void =>
    computeResponses(parameters, layer, input, positions, firstImage, rows, kernels);
  await passInputs(layerWork, respond, options, { known, first: false, afterBatch: (done) => kept.add(done) });
  return rows;
}

interface Pass {
  /** Images that need no looking at. */
  readonly known: number;
  /** True of the first of two passes. */
  readonly first: boolean;
  readonly afterBatch: (done: number) => Promise<void>;
}

/** Hands over the layer's input, batch by batch, as the network below delivers it. */
async function passInputs(
  { calibrated, ranks, original, model, stream, work, takeTurn }: LayerWork,
  useInput: (input: Tensor<'f32'>, firstImage: number) => void,
  options: ReconstructionOptions,
  { known, first, afterBatch }: Pass,
): Promise<void> {
  const { kernels = referenceKernels, onProgress } = options;
  const { layer } = calibrated;
  const { count } = stream.images;
  const passes = ranks.decomposition !== 'channel' && isFittedToData(options) ? 2 : 1;
  const before = passes === 2 && !first ? count : 0;
  const event = (done: number): ProgressEvent => work.event('advance', layer.name, before + done, passes * count);
  if (known > 0) onProgress?.({ ...event(known), resumed: true });
  const below = isSymmetric(options) ? original : model;
  for await (const done of advanceStreamInPlace(stream, below, layer, useInput, kernels, known)) {
    onProgress?.(event(done));
    await afterBatch(done);
    await takeTurn();
  }
}

/** Goes on from the solver's map, where a descent is wanted. */
async function descendMap(
  layerWork: LayerWork,
  regressor: Tensor<'f32'>,
  found: LayerReplacement & { readonly solution: LayerSolution },
  options: ReconstructionOptions,
): Promise<LayerReplacement> {
  if ((options.descent ?? 0) === 0) return found;
  const { solution } = found;
  const descent = await descendLayer(layerWork, regressor, mapChain(solution.map), options);
  const map = balanced(chainMap(descent.chain));
  return { ...found, solution: { ...solution, map }, descent };
}

/**
 * The pair nearest in the metric of the data, for three layers the solver's map on its responses, and then all factors together.
 */
async function descendOnStrips(layerWork: LayerWork, options: ReconstructionOptions): Promise<LayerReplacement> {
  const { calibrated, ranks, original } = layerWork;
  const { kernels = referenceKernels } = options;
  const { weight } = findConvolution('reconstruct', original, calibrated.layer.name);
  const rank = ranks.decomposition === '3d' ? ranks.spatialRank : ranks.rank;
  const input = await stripsInModel(layerWork, options);
  const split = metricReconstruction(fittingPart(calibrated, input), weight, rank, kernels);
  const pair: SpatialPair = {
    factors: { ...pairFactors(split, weight.shape), bias: split.offset },
    energyKept: filterEnergyKept(filterReconstruction(weight, rank, kernels)),
    error: chainErrors(calibrated, input, split, kernels),
  };
  if (ranks.decomposition !== '3d') {
    return { ranks, pair, descent: await descendLayer(layerWork, input, split, options) };
  }
  const solution = await solve(layerWork, chainResponses(input, split, kernels), options);
  const start = mapOnPair(split, solution.map, kernels);
  const descent = await descendLayer(layerWork, input, start, options);
  return { ranks: { ...ranks, rank: solution.rank }, pair, solution, descent };
}

/** x̂ at the sampled positions, as the vertical layer reads it. */
async function stripsInModel(layerWork: LayerWork, options: ReconstructionOptions): Promise<Tensor<'f32'>> {
  const { layer, positions, target } = layerWork.calibrated;
  const rows = zeros('f32', [target.shape[0] ?? 0, layer.patchSize]);
  const gather = (input: Tensor<'f32'>, firstImage: number): void =>
    gatherStrips(layer, input, positions, firstImage, rows);
  await passInputs(layerWork, gather, options, { known: 0, first: true, afterBatch: async () => {} });
  return rows;
}

async function solve(
  { calibrated, ranks, work, journal, takeTurn }: LayerWork,
  regressor: Tensor<'f32'>,
  options: ReconstructionOptions,
): Promise<LayerSolution> {
  const { name } = calibrated.layer;
  return solveLayer(calibrated, regressor, ranks.rank, {
    solver: options.solver ?? 'nonlinear',
    schedule: options.schedule ?? paperSchedule,
    kernels: options.kernels ?? referenceKernels,
    resume: await journal.state(calibrated),
    afterIteration: async (state) => {
      options.onProgress?.(work.event('solve', name, state.trace.length, work.iterations));
      await journal.keepState(calibrated, state);
      await takeTurn();
    },
  });
}
