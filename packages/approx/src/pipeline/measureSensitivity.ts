/**
 * What each layer's approximation does to the network's answers, layer by layer and rank by rank, without labels.
 *
 * For each layer and a few ranks, the linear approximation of that layer alone is put into the original network, and the
 * answers on images that it was not fitted to are compared with the original's. All ranks of a layer come from one eigenproblem (and
 * filter reconstructions where it is split spatially; the map is not fitted anew to what a split delivers), and the original
 * network runs once: each variant starts at the layer it changes, from the original's activations.
 *
 * Energies and errors of the responses say how much of a layer is lost; this says how much the network minds. Summed over
 * the layers it is a model of what a set of ranks does, which is good where layers err a little and independently of each other.
 *
 * Cost: layers · ranks · images passes through the part of the network behind the layer, about half a pass on average.
 */

import { DomainError, concat, referenceKernels, slice } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { prepareRegressor } from '@rankwise/linalg';
import { advance, startExecution } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';
import type { Decomposition } from '../decomposition/decomposition.ts';
import { filterReconstruction } from '../decomposition/filterReconstruction.ts';
import { findConvolution } from '../decomposition/installFactors.ts';
import type { ConvolutionLayer } from '../layers.ts';
import { monotoneCurve } from '../ranks/monotoneCurve.ts';
import { probedRanks } from '../ranks/probedRanks.ts';
import { rankRule } from '../ranks/rankRules.ts';
import type { RankRule } from '../ranks/rankRules.ts';
import { balanced, linearSolution, problemMoments } from '../solve/linearSolver.ts';
import { batchRanges } from './calibrate.ts';
import type { CalibratedLayer, Calibration } from './calibrate.ts';
import { decomposeAlone } from './decomposeAlone.ts';
import type { LayerParts } from './decomposeAlone.ts';
import { outputLoss } from './outputLoss.ts';
import { createTurnTaker } from './progress.ts';
import type { ProgressEvent } from './progress.ts';

export interface SensitivityOptions {
  /** Default `channel`. */
  readonly decomposition?: Decomposition;
  /** Names of the layers to measure; default all that were calibrated. */
  readonly layers?: readonly string[];
  readonly kernels?: Kernels;
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: ProgressEvent) => void;
}

/** What one layer's approximation alone does to the answers. */
export interface LayerSensitivity {
  readonly name: string;
  /** Measured ranks, ascending. */
  readonly ranks: readonly number[];
  /** Loss of the answers at each, ≥ 0. */
  readonly measured: readonly number[];
  /** At rank 1, 2, …, the full rank: a monotone curve through the measurements. */
  readonly losses: Float64Array;
}

/**
 * Measures how much the network's answers on the held-out images change with each layer's rank.
 * @throws DomainError when no images are held out, or a layer was not calibrated.
 * @throws the signal's reason when it is aborted.
 * @example
 * import { calibrate, measureSensitivity } from '@rankwise/approx';
 * import { sequential } from '@rankwise/nn';
 * import { createRandom, zeros } from '@rankwise/tensor';
 * const model = sequential('tiny', [1, 8, 8], { seed: 1 }).conv('conv1', { filters: 8, kernel: 3 }).relu('relu1')
 *   .conv('conv2', { filters: 8, kernel: 3 }).relu('relu2').build();
 * const images = createRandom(2).fillNormalInPlace(zeros('f32', [40, 1, 8, 8]));
 * const [conv2] = await measureSensitivity(await calibrate(model, images));
 * conv2.ranks // => [1, 2, 4, 7]
 * conv2.losses[0] > conv2.losses[6] // => true
 */
export async function measureSensitivity(
  calibration: Calibration,
  options: SensitivityOptions = {},
): Promise<LayerSensitivity[]> {
  const { decomposition = 'channel', kernels = referenceKernels, signal, onProgress } = options;
  const { model, images, fitImages, outputs, batchSize } = calibration;
  if (outputs === undefined) {
    throw new DomainError('measureSensitivity: calibration: expected held-out images to judge by, got none');
  }
  const takeTurn = createTurnTaker(signal);
  const rule = rankRule(decomposition, true, {});
  const layers = layersToMeasure(calibration, options.layers);
  const probes: Probe[] = [];
  for (const layer of layers) {
    await takeTurn();
    probes.push(probeOf(model, layer, rule, kernels));
  }
  const ranges = batchRanges(images.count - fitImages, batchSize);
  for (const [from, to] of ranges) {
    const batch = await images.batch(fitImages + from, fitImages + to);
    for await (const done of probeBatch(model, batch, probes, kernels)) {
      await takeTurn();
      const fraction = (from + ((to - from) * done) / probes.length) / (images.count - fitImages);
      onProgress?.({ phase: 'sensitivity', done: to, total: images.count - fitImages, fraction });
    }
  }
  const lossOf = outputLoss(model);
  return probes.map(({ layer, variants }) => {
    const ranks = variants.map(({ rank }) => rank);
    const measured = variants.map(({ answers }) => lossOf(outputs, concat(answers, 0)));
    return { name: layer.name, ranks, measured, losses: monotoneCurve(ranks, measured, rule.most(layer)) };
  });
}

/** A layer with the networks in which it alone is approximated. */
interface Probe {
  readonly layer: ConvolutionLayer;
  readonly variants: readonly {
    readonly rank: number;
    readonly model: Model;
    /** On the batches so far. */
    readonly answers: Tensor<'f32'>[];
  }[];
}

function probeOf(model: Model, { layer, target, fitRows }: CalibratedLayer, rule: RankRule, kernels: Kernels): Probe {
  const rows = slice(target, [[0, fitRows]]);
  const moments = problemMoments({ target: rows, regressor: rows }, kernels);
  const regressor = prepareRegressor(moments.regressorMoment, { kernels });
  const { weight } = findConvolution('measureSensitivity', model, layer.name);
  const parts: LayerParts = {
    map: (rank) => balanced(linearSolution(moments, rank, kernels, regressor).map),
    pair: (rank) => filterReconstruction(weight, rank, kernels).factors,
  };
  const variants = probedRanks(layer, rule).map((rank) => {
    const ranks = rule.ranksOf(layer, rank);
    // A layer that cannot be split is left as it is.
    const changed = rule.pays(layer, rank) ? decomposeAlone(model, layer.name, ranks, parts, kernels) : model;
    return { rank, model: changed, answers: [] };
  });
  return { layer, variants };
}

/** Runs one batch through all variants; yields the number of layers done. */
async function* probeBatch(
  model: Model,
  batch: Tensor<'f32'>,
  probes: readonly Probe[],
  kernels: Kernels,
): AsyncGenerator<number, void, void> {
  let state = startExecution(model, batch);
  let at = 0;
  for (const [i, { layer, variants }] of probes.entries()) {
    state = advance(model, state, at, layer.index, { kernels });
    at = layer.index;
    for (const variant of variants) {
      // Up to the layer the variant has the original's nodes.
      const end = advance(variant.model, state, at, variant.model.nodes.length, { kernels });
      const answer = end.values.get(model.output);
      if (answer !== undefined) variant.answers.push(answer);
    }
    yield i + 1;
  }
}

function layersToMeasure({ layers }: Calibration, names: readonly string[] | undefined): readonly CalibratedLayer[] {
  const known = layers.map(({ layer }) => layer.name);
  for (const name of names ?? []) {
    if (!known.includes(name)) {
      throw new DomainError(`measureSensitivity: layers: expected calibrated ones (${known.join(', ')}), got ${name}`);
    }
  }
  return layers.filter(({ layer }) => names === undefined || names.includes(layer.name));
}
