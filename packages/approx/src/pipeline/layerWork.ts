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
import { filterReconstruction } from '../decomposition/filterReconstruction.ts';
import { findConvolution } from '../decomposition/installFactors.ts';
import { composeSpatial } from '../decomposition/spatialFactors.ts';
import type { SpatialFactors } from '../decomposition/spatialFactors.ts';
import type { ReconstructionJournal, TimedReplacement } from '../journal/reconstructionJournal.ts';
import type { ConvolutionLayer } from '../layers.ts';
import { computeResponses } from '../sampling/gatherResponses.ts';
import { paperSchedule } from '../solve/nonlinearSolver.ts';
import { relativeDifference } from '../solve/responseError.ts';
import { advanceStreamInPlace } from './approximatedStream.ts';
import type { ApproximatedStream } from './approximatedStream.ts';
import type { CalibratedLayer } from './calibrate.ts';
import type { LayerReplacement, SpatialPair } from './layerReplacement.ts';
import type { ReconstructionOptions } from './reconstruct.ts';
import type { FitAndHeldOut } from './report.ts';
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
    return { ranks: { ...ranks, rank: solution.rank }, solution };
  }
  const { factors, energyKept } = filterPair(layerWork, options);
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

function filterPair(
  { calibrated, ranks, original }: LayerWork,
  { kernels = referenceKernels }: ReconstructionOptions,
): Pick<SpatialPair, 'energyKept' | 'factors'> {
  const { weight } = findConvolution('reconstruct', original, calibrated.layer.name);
  const rank = ranks.decomposition === '3d' ? ranks.spatialRank : ranks.rank;
  const { factors, squaredError, squaredNorm } = filterReconstruction(weight, rank, kernels);
  return { factors, energyKept: squaredNorm > 0 ? 1 - squaredError / squaredNorm : 1 };
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
  { calibrated, original, model, stream, work, journal, takeTurn }: LayerWork,
  { layer, model: parameters }: LayerInModel,
  options: ReconstructionOptions,
): Promise<Tensor<'f32'>> {
  const { kernels = referenceKernels, onProgress } = options;
  const { positions, target } = calibrated;
  const { count } = stream.images;
  const rows = zeros('f32', target.shape);
  const kept = journal.rows(calibrated, rows);
  const { images: known } = await kept.restore();
  if (known > 0) onProgress?.({ ...work.event('advance', layer.name, known, count), resumed: true });
  const below = isSymmetric(options) ? original : model;
  const respond = (input: Tensor<'f32'>, firstImage: number): void =>
    computeResponses(parameters, layer, input, positions, firstImage, rows, kernels);
  for await (const done of advanceStreamInPlace(stream, below, layer, respond, kernels, known)) {
    onProgress?.(work.event('advance', layer.name, done, count));
    await kept.add(done);
    await takeTurn();
  }
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

/** Errors of responses as they are, without a map on them. */
function errorsAlone({ layer, target, fitRows }: CalibratedLayer, regressor: Tensor<'f32'>): FitAndHeldOut {
  const [rows = 0] = target.shape;
  const error = (from: number, to: number): number =>
    relativeDifference(
      { target: slice(target, [[from, to]]), regressor: slice(regressor, [[from, to]]) },
      layer.nonlinearity,
    );
  return { fit: error(0, fitRows), heldOut: fitRows === rows ? null : error(fitRows, rows) };
}
