/**
 * Runs both networks over the same images and measures what the approximation changed: per replaced layer, and at the output.
 *
 * | error  | compares r(y) of the original on its own input with                                               |
 * |--------|---------------------------------------------------------------------------------------------------|
 * | inside | the approximated network's own response there: errors of all layers below included (Zhang et al. 2015, §2.3) |
 * | alone  | the layer's replacement on the original's input: its own error only (§2.1, §2.2)                  |
 *
 * r is not computed here: responses are read from the graphs, behind the node that applies it. Memory: one batch of activations, and
 * the outputs of all images.
 */

import { referenceKernels, sameShape, tensorOf, zeros } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { forward, inferShapes, parameterNames, peakLiveElements, readersOf } from '@rankwise/nn';
import type { ImageSource, Model, Node } from '@rankwise/nn';
import type { ConvolutionLayer } from '../layers.ts';
import { batchRanges } from '../pipeline/calibrate.ts';
import { createTurnTaker } from '../pipeline/progress.ts';
import type { SampledPositions } from '../sampling/samplePositions.ts';
import { drawPositions } from '../sampling/sampleWindows.ts';
import { addResponsesInPlace, emptySums } from './errorSums.ts';
import type { ErrorSums } from './errorSums.ts';
import type { Replacement } from './matchModels.ts';

/** The images that are measured on, and how positions are drawn on them. */
export interface MeasuredImages {
  readonly source: ImageSource;
  /** Place of the first image among those that positions are drawn for, and how many those are. */
  readonly firstPlace: number;
  readonly places: number;
  readonly positions: number;
  readonly pooled: boolean;
  readonly seed: number;
}

export interface MeasuredLayer {
  readonly replacement: Replacement;
  readonly inside: ErrorSums;
  readonly alone: ErrorSums;
  /** Terms of all sums that a response passes, from the network's input on; for `alone`, those of the replacement. */
  readonly insideTerms: number;
  readonly aloneTerms: number;
}

export interface Measurements {
  readonly layers: readonly MeasuredLayer[];
  /** f32 [images, …]. */
  readonly originalOutputs: Tensor<'f32'>;
  readonly approximatedOutputs: Tensor<'f32'>;
}

export interface MeasureOptions {
  readonly kernels?: Kernels;
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: { readonly done: number; readonly total: number }) => void;
}

/** Activations of one batch of both networks are kept near this many f32 elements: 32 MiB. */
const batchElements = 2 ** 23;
const largestBatch = 64;

/** @throws ShapeError or DomainError as forward does. */
export async function measureModels(
  original: Model,
  approximated: Model,
  replacements: readonly Replacement[],
  images: MeasuredImages,
  { kernels = referenceKernels, signal, onProgress }: MeasureOptions = {},
): Promise<Measurements> {
  const { source } = images;
  const takeTurn = createTurnTaker(signal);
  const probes = replacements.flatMap((replacement) => probeOf(original, approximated, replacement, images) ?? []);
  const outputs = [original, approximated].map((model) =>
    zeros('f32', [source.count, ...(inferShapes(model).get(model.output) ?? [])]),
  ) as [Tensor<'f32'>, Tensor<'f32'>]; // map keeps the two of them
  for (const [from, to] of batchRanges(source.count, batchSizeFor(original, approximated, probes))) {
    await takeTurn();
    const batch = await source.batch(from, to);
    const before = forward(original, batch, {
      kernels,
      taps: probes.flatMap(({ input, response }) => [input, response]),
    });
    await takeTurn();
    const after = forward(approximated, batch, { kernels, taps: probes.map(({ response }) => response) });
    for (const probe of probes) {
      await takeTurn();
      probeBatchInPlace(probe, { before: before.taps, after: after.taps }, from, kernels);
    }
    for (const [i, { output }] of [before, after].entries()) {
      outputs[i]?.data.set(output.data.subarray(output.offset), (from * output.data.length) / (to - from));
    }
    onProgress?.({ done: to, total: source.count });
  }
  return {
    layers: probes.map(({ measured }) => measured),
    originalOutputs: outputs[0],
    approximatedOutputs: outputs[1],
  };
}

/** What is read of both networks for one replacement. */
interface Probe {
  readonly measured: MeasuredLayer;
  /** Names of the layer's input, and of the value behind its nonlinearity. */
  readonly input: string;
  readonly response: string;
  /** The replacement and its nonlinearity as a network of their own. */
  readonly alone: Model;
  readonly drawn: SampledPositions;
  readonly firstPlace: number;
}

/** Undefined where the two responses cannot be compared. */
function probeOf(
  original: Model,
  approximated: Model,
  replacement: Replacement,
  images: MeasuredImages,
): Probe | undefined {
  const { layer, chain } = replacement;
  const activation = activationBehind(original, layer);
  const response = activation?.name ?? layer.name;
  const [before, after] = [original, approximated].map((model) => inferShapes(model).get(response));
  // Chains of another geometry may answer at other places, or the node behind them be gone.
  if (replacement.kind === 'other' || before === undefined || !sameShape(before, after ?? [])) return undefined;
  const input = layer.node.inputs[0] ?? '';
  const [channels = 0, height = 0, width = 0] = inferShapes(original).get(input) ?? [];
  const behind = approximated.nodes.filter(
    ({ name, inputs }) => name === activation?.name && inputs.join() === layer.name,
  );
  if (activation !== undefined && behind.length === 0) return undefined;
  const nodes: Node[] = [...chain, ...behind];
  const alone: Model = {
    name: layer.name,
    input: { name: input, shape: [channels, height, width] },
    nodes,
    output: nodes.at(-1)?.name ?? '',
    parameters: approximated.parameters,
  };
  const upTo = approximated.nodes.findIndex(({ name }) => name === layer.name);
  const measured = {
    replacement,
    inside: emptySums(layer.filters),
    alone: emptySums(layer.filters),
    insideTerms: termsOf(approximated, approximated.nodes.slice(0, upTo + 1)),
    aloneTerms: termsOf(approximated, chain),
  };
  const { places, positions, pooled, seed, firstPlace } = images;
  const drawn = drawPositions(layer, { seed, images: places, wanted: positions, pooled });
  return { measured, input, response, alone, drawn, firstPlace };
}

/** The node that applies the layer's nonlinearity, which is then its one reader. */
function activationBehind(model: Model, layer: ConvolutionLayer): Node | undefined {
  return layer.nonlinearity.kind === 'identity' ? undefined : readersOf(model).get(layer.name)?.[0];
}

type Taps = ReadonlyMap<string, Tensor<'f32'>>;

function probeBatchInPlace(
  { measured, input, response, alone, drawn, firstPlace }: Probe,
  { before, after }: { readonly before: Taps; readonly after: Taps },
  firstImage: number,
  kernels: Kernels,
): void {
  const [layerInput, target, inside] = [before.get(input), before.get(response), after.get(response)];
  if (layerInput === undefined || target === undefined || inside === undefined) return;
  const own = forward(alone, layerInput, { kernels }).output;
  for (let image = 0; image < (target.shape[0] ?? 0); image++) {
    const row = (firstPlace + firstImage + image) * drawn.perImage;
    const positions = drawn.indices.subarray(row, row + drawn.perImage);
    addResponsesInPlace(measured.inside, target, inside, image, positions);
    addResponsesInPlace(measured.alone, target, own, image, positions);
  }
}

/** Terms in the longest sums of each convolution and linear layer, added up. */
export function termsOf(model: Model, nodes: readonly Node[]): number {
  let terms = 0;
  for (const node of nodes) {
    const [weight = ''] = parameterNames(node);
    const [filters = 1, ...rest] = model.parameters[weight]?.shape ?? [0];
    if (filters > 0) terms += rest.reduce((size, extent) => size * extent, 1) + 1;
  }
  return terms;
}

function batchSizeFor(original: Model, approximated: Model, probes: readonly Probe[]): number {
  const shapes = inferShapes(original);
  const elements = (name: string): number => (shapes.get(name) ?? []).reduce((size, extent) => size * extent, 1);
  const tapped = probes.reduce((sum, { input, response }) => sum + elements(input) + 3 * elements(response), 0);
  const live = Math.max(peakLiveElements(original), peakLiveElements(approximated)) + tapped;
  return Math.max(1, Math.min(largestBatch, Math.floor(batchElements / live)));
}

/** The answers to some images, as [images, classes]. */
export function asScores(outputs: Tensor<'f32'>): Tensor<'f32'> {
  const [images = 0] = outputs.shape;
  return tensorOf(outputs.data, [images, outputs.data.length / Math.max(1, images)]);
}
