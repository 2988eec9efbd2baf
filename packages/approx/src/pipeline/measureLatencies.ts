/**
 * Milliseconds of each layer at every rank, measured on the kernels that will run: what a budget in milliseconds is counted with.
 *
 * Each layer runs alone, as it is and decomposed at a few ranks, with the activation that its kernel applies on the way out. A turn
 * runs every variant once, so that a machine that slows down for a while slows all; medians of the turns count. Between the measured
 * ranks time is interpolated linearly, as multiply-adds are linear in the rank, after neighbours that are out of order were
 * pooled: a larger rank is never taken to be faster.
 *
 * Cost: layers · variants · turns passes of one layer.
 */

import { DomainError, createRandom, referenceKernels, zeros } from '@rankwise/tensor';
import type { Kernels, Shape, Tensor } from '@rankwise/tensor';
import { forward, inferShapes } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';
import type { Decomposition } from '../decomposition/decomposition.ts';
import { convolutionLayers } from '../layers.ts';
import type { ConvolutionLayer } from '../layers.ts';
import { nonDecreasing } from '../ranks/isotonic.ts';
import { probedRanks } from '../ranks/probedRanks.ts';
import type { LayerLatency } from '../ranks/rankCosts.ts';
import { rankRule } from '../ranks/rankRules.ts';
import { decomposeAlone } from './decomposeAlone.ts';
import type { LayerParts } from './decomposeAlone.ts';
import { createTurnTaker } from './progress.ts';
import type { ProgressEvent } from './progress.ts';

export interface LatencyOptions {
  /** Default `channel`. */
  readonly decomposition?: Decomposition;
  /** Names of the layers to time; default every convolution with one group that does not read the network's input. */
  readonly layers?: readonly string[];
  /** Images in a batch; default 8. Times are per image. */
  readonly images?: number;
  /** Timed runs of each variant, one more goes first; default 7. */
  readonly turns?: number;
  readonly kernels?: Kernels;
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: ProgressEvent) => void;
  /** Milliseconds; default performance.now. */
  readonly now?: () => number;
}

/**
 * Times a model's layers, by name.
 * @throws DomainError when a layer's name is unknown, or `images` or `turns` is no positive integer.
 * @throws the signal's reason when it is aborted.
 * @example
 * import { measureLatencies } from '@rankwise/approx';
 * import { sequential } from '@rankwise/nn';
 * const model = sequential('tiny', [1, 8, 8], { seed: 1 }).conv('conv1', { filters: 8, kernel: 3 }).relu('relu1')
 *   .conv('conv2', { filters: 8, kernel: 3 }).relu('relu2').build();
 * const { conv2 } = await measureLatencies(model, { images: 2, turns: 3 });
 * [conv2.original > 0, conv2.atRank.length, conv2.atRank[0] <= conv2.atRank[6]] // => [true, 8, true]
 */
export async function measureLatencies(
  model: Model,
  options: LatencyOptions = {},
): Promise<Record<string, LayerLatency>> {
  const {
    decomposition = 'channel',
    images = 8,
    turns = 7,
    kernels = referenceKernels,
    signal,
    onProgress,
    now = () => performance.now(),
  } = options;
  for (const [argument, value] of Object.entries({ images, turns })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new DomainError(`measureLatencies: ${argument}: expected a positive integer, got ${value}`);
    }
  }
  const rule = rankRule(decomposition, true, {});
  const layers = layersToTime(model, options.layers);
  const takeTurn = createTurnTaker(signal);
  const latencies = new Map<string, LayerLatency>();
  for (const layer of layers) {
    const ranks = probedRanks(layer, rule);
    const alone = modelOfLayer(model, layer);
    const parts = randomParts(layer);
    const variants = [
      alone,
      ...ranks.map((rank) =>
        rule.pays(layer, rank) ? decomposeAlone(alone, layer.name, rule.ranksOf(layer, rank), parts, kernels) : alone,
      ),
    ];
    const batch = createRandom(0).fillNormalInPlace(zeros('f32', [images, ...alone.input.shape]));
    const times = variants.map(() => new Float64Array(turns));
    for (let turn = -1; turn < turns; turn++) {
      for (const [i, variant] of variants.entries()) {
        const milliseconds = timed(variant, batch, kernels, now) / images;
        if (turn >= 0) times[i]!.set([milliseconds], turn);
      }
      await takeTurn();
    }
    const [original = 0, ...atProbes] = times.map(median);
    latencies.set(layer.name, { original, atRank: interpolated(ranks, nonDecreasing(atProbes), rule.most(layer)) });
    const done = latencies.size;
    onProgress?.({ phase: 'measure', layer: layer.name, done, total: layers.length, fraction: done / layers.length });
  }
  return Object.fromEntries(latencies);
}

/** The convolution and what its kernel does at once with it, reading the network's input. */
function modelOfLayer(model: Model, { name, node, index }: ConvolutionLayer): Model {
  const shape = inferShapes(model).get(node.inputs[0] ?? '') ?? [];
  const [channels = 0, height = 0, width = 0] = shape;
  const next = model.nodes[index + 1];
  const relu = next?.op === 'relu' && next.inputs[0] === name ? [next] : [];
  const names = [node.weight, ...(node.bias === undefined ? [] : [node.bias])];
  return {
    name,
    input: { ...model.input, name: 'input', shape: [channels, height, width] },
    nodes: [{ ...node, inputs: ['input'] }, ...relu],
    output: relu[0]?.name ?? name,
    parameters: Object.fromEntries(
      names.flatMap((key) => (key in model.parameters ? [[key, model.parameters[key]!]] : [])),
    ),
  };
}

/** Which numbers the weights are does not matter, as long as none is denormal. */
function randomParts({ filters, channels, kernel }: ConvolutionLayer): LayerParts {
  const random = createRandom(0);
  const normal = (shape: Shape): Tensor<'f64'> => random.fillNormalInPlace(zeros('f64', shape));
  return {
    map: (rank) => ({
      left: normal([filters, rank]),
      right: normal([rank, filters]),
      offset: new Float64Array(filters),
    }),
    pair: (rank) => ({
      vertical: normal([rank, channels, kernel[0], 1]),
      horizontal: normal([filters, rank, 1, kernel[1]]),
    }),
  };
}

function timed(model: Model, batch: Tensor<'f32'>, kernels: Kernels, now: () => number): number {
  const start = now();
  forward(model, batch, { kernels });
  return now() - start;
}

function median(values: Float64Array): number {
  const sorted = values.toSorted();
  return ((sorted[Math.floor((sorted.length - 1) / 2)] ?? 0) + (sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0)) / 2;
}

/** Straight lines between the measured ranks; level beyond the last. */
function interpolated(ranks: readonly number[], values: readonly number[], count: number): Float64Array {
  const curve = new Float64Array(count);
  let segment = 0;
  for (let rank = 1; rank <= count; rank++) {
    while (segment + 1 < ranks.length && (ranks[segment + 1] ?? 0) <= rank) segment++;
    const [from = 1, to] = [ranks[segment], ranks[segment + 1]];
    const [low = 0, high = low] = [values[segment], values[segment + 1]];
    curve[rank - 1] = to === undefined ? low : low + ((high - low) * (rank - from)) / (to - from);
  }
  return curve;
}

function layersToTime(model: Model, names: readonly string[] | undefined): ConvolutionLayer[] {
  const layers = convolutionLayers(model);
  if (names === undefined) return layers.filter((layer) => !layer.first);
  const known = layers.map(({ name }) => name);
  for (const name of names) {
    if (!known.includes(name)) {
      throw new DomainError(`measureLatencies: layers: expected one of ${known.join(', ')}, got ${name}`);
    }
  }
  return layers.filter(({ name }) => names.includes(name));
}
