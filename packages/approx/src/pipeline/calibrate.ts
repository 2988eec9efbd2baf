/**
 * Calibration: one pass of the ORIGINAL network over the images, keeping what every later step needs and nothing more.
 *
 * For each layer that may be approximated, the responses y before the nonlinearity at sampled positions of each image (the paper's
 * Y, §2.1), and the eigenvalues of their covariance (§2.4). One calibration serves every speed-up, rank choice and solver.
 *
 * Some images are held out: their responses are sampled too but no fit sees them; the network's outputs on them are kept to
 * compare the approximated network's with. Memory: images · positions · d · 4 bytes per layer, and one batch of activations.
 */

import {
  DomainError,
  ShapeError,
  concat,
  formatShape,
  referenceKernels,
  sameShape,
  slice,
  zeros,
} from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import {
  advance,
  imageSourceOf,
  inferShapes,
  peakLiveElements,
  selectImages,
  startExecution,
  validateModel,
} from '@rankwise/nn';
import type { ImageSource, Model } from '@rankwise/nn';
import { symmetricEigen } from '@rankwise/linalg';
import { sourceDigest, updateWithImages } from '../digest/digests.ts';
import { createSha256 } from '../digest/sha256.ts';
import { commonFingerprint, imagesChecksum } from '../journal/fingerprint.ts';
import type { Journal } from '../journal/journal.ts';
import { journalled, openSession } from '../journal/journalSession.ts';
import type { JournalSession } from '../journal/journalSession.ts';
import { journalRows } from '../journal/rowJournal.ts';
import { convolutionLayers } from '../layers.ts';
import type { ConvolutionLayer } from '../layers.ts';
import { chooseImages } from '../sampling/chooseImages.ts';
import { computeResponses, gatherResponses } from '../sampling/gatherResponses.ts';
import type { SampledPositions } from '../sampling/samplePositions.ts';
import { drawPositions } from '../sampling/sampleWindows.ts';
import type { PositionDraw } from '../sampling/sampleWindows.ts';
import { centredMoment, meanRow } from '../solve/moments.ts';
import { createTurnTaker } from './progress.ts';
import type { ProgressEvent } from './progress.ts';

export interface CalibrationOptions {
  /** Names of the layers to sample; default: every convolution with one group that does not read the network's input. */
  readonly layers?: readonly string[];
  /** Images to use, chosen at random; default 3,000, or all where there are fewer. */
  readonly images?: number;
  /** Positions per image and layer; default 10. */
  readonly positions?: number;
  /**
   * Sample a layer that a max pool reads by whole windows of it, and fit its pooled responses: of a window only the greatest
   * response counts then. Default false. For slopes ≥ 0 on both sides of 0 (isPoolable); other layers are sampled as ever.
   */
  readonly pooled?: boolean;
  /**
   * Share of the images that no fit sees, 0 ≤ share < 1; default 0.1. Above 0 it is at least two images (answers are compared by how
   * they vary), or one where there are fewer than four.
   */
  readonly heldOut?: number;
  /** Default 0. */
  readonly seed?: number;
  /** Images per forward pass; by default as many as keep the live activations below 32 MiB, at most 64. */
  readonly batchSize?: number;
  readonly kernels?: Kernels;
  /** Keeps what was done: after a kill, the same call goes on from there to the same result, bit for bit. */
  readonly journal?: Journal;
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: ProgressEvent) => void;
}

export interface CalibratedLayer {
  readonly layer: ConvolutionLayer;
  readonly positions: SampledPositions;
  /** f32 [images · perImage, d]; the held-out images' rows are the last. */
  readonly target: Tensor<'f32'>;
  readonly fitRows: number;
  /** Eigenvalues of the covariance of the fitting rows, descending, f64. */
  readonly energies: Float64Array;
}

export interface Calibration {
  readonly model: Model;
  /** The chosen images: those for fitting, then the held-out ones. */
  readonly images: ImageSource;
  readonly fitImages: number;
  /** The set that the images were chosen from. */
  readonly source: { readonly count: number; readonly digest: string };
  /** SHA-256 of the held-out images; null when there are none. */
  readonly heldOutDigest: string | null;
  readonly layers: readonly CalibratedLayer[];
  /** The original network's answers on the held-out images, f32 [heldOutImages, …]; undefined when there are none. */
  readonly outputs: Tensor<'f32'> | undefined;
  readonly positions: number;
  readonly pooled: boolean;
  readonly seed: number;
  readonly batchSize: number;
}

const defaultHeldOut = 0.1;
/** Live activations of one batch are kept near this many f32 elements: 32 MiB. */
const batchElements = 2 ** 23;

/**
 * Samples the original network's responses.
 * @param images - preprocessed, f32 [images, channels, height, width], or a source of such batches
 * @throws ShapeError when the images do not fit the model.
 * @throws DomainError when there are no images, a layer's name is unknown, an option is out of range, or a value is not finite.
 * @throws DomainError also when the journal was made with another model, other images, settings or kernels; and what the journal
 * throws.
 * @throws the signal's reason when it is aborted.
 * @example
 * import { calibrate } from '@rankwise/approx';
 * import { sequential } from '@rankwise/nn';
 * import { createRandom, zeros } from '@rankwise/tensor';
 * const model = sequential('tiny', [1, 6, 6], { seed: 1 }).conv('conv1', { filters: 4, kernel: 3 }).relu('relu1')
 *   .conv('conv2', { filters: 4, kernel: 3 }).relu('relu2').build();
 * const images = createRandom(2).fillNormalInPlace(zeros('f32', [20, 1, 6, 6]));
 * const calibration = await calibrate(model, images, { positions: 2 });
 * calibration.layers.map(({ layer, target }) => [layer.name, target.shape]) // => [['conv2', [40, 4]]]
 */
export async function calibrate(
  model: Model,
  images: ImageSource | Tensor<'f32'>,
  options: CalibrationOptions = {},
): Promise<Calibration> {
  const { kernels = referenceKernels, positions = 10, pooled = false, seed = 0 } = options;
  const { batchSize = defaultBatchSize(model) } = options;
  checkPositiveInteger('positions', positions);
  checkPositiveInteger('batchSize', batchSize);
  validateModel(model);
  const source = sourceOf(model, images);
  const { chosen, fitImages } = chosenImages(source, options);
  options.signal?.throwIfAborted();
  const digest = await sourceDigest(source);
  const sampled = chooseLayers(model, options.layers).map((layer) =>
    prepareLayer(layer, { images: chosen.count, wanted: positions, pooled, seed }),
  );
  const ranges = batchRanges(chosen.count, batchSize, fitImages);
  const takeTurn = createTurnTaker(options.signal);
  const session = await openSession('calibrate', options.journal, async () => ({
    ...commonFingerprint(model, kernels),
    layers: sampled.map(({ layer }) => layer.name).join(', '),
    positions: `${positions}`,
    pooled: `${pooled}`,
    seed: `${seed}`,
    batchSize: `${batchSize}`,
    count: `${chosen.count}`,
    fitImages: `${fitImages}`,
    images: await imagesChecksum(chosen, ranges, takeTurn),
  }));
  return journalled(session, async () => {
    const pass = { model, images: chosen, fitImages, ranges, layers: sampled, kernels, session, takeTurn };
    const heldOut = await samplePass(pass, options.onProgress);
    const layers = await withSpectra(pass);
    const { outputs, digest: heldOutDigest } = heldOut;
    const from = { count: source.count, digest };
    return {
      model,
      images: chosen,
      fitImages,
      source: from,
      heldOutDigest,
      layers,
      outputs,
      positions,
      pooled,
      seed,
      batchSize,
    };
  });
}

/** The index ranges of batches, cut at `boundary` too. */
export function batchRanges(count: number, batchSize: number, boundary = count): [number, number][] {
  const ranges: [number, number][] = [];
  for (let from = 0; from < count;) {
    const to = Math.min(from + batchSize, from < boundary ? boundary : count);
    ranges.push([from, to]);
    from = to;
  }
  return ranges;
}

/** What the one pass tells of the held-out images. */
interface HeldOut {
  readonly outputs: Tensor<'f32'> | undefined;
  readonly digest: string | null;
}

type SampledLayer = Pick<CalibratedLayer, 'layer' | 'positions' | 'target'>;

/** The one pass over the images. */
interface SamplePass {
  readonly model: Model;
  readonly images: ImageSource;
  readonly fitImages: number;
  readonly ranges: readonly (readonly [number, number])[];
  readonly layers: readonly SampledLayer[];
  readonly kernels: Kernels;
  readonly session: JournalSession;
  readonly takeTurn: () => Promise<void>;
}

async function samplePass(
  { model, images, fitImages, ranges, layers, kernels, session, takeTurn }: SamplePass,
  onProgress: CalibrationOptions['onProgress'],
): Promise<HeldOut> {
  const hash = createSha256();
  const targets = layers.map(({ positions, target }) => ({ rows: target, perImage: positions.perImage }));
  const kept = journalRows(session, 'samples', 'samples', targets);
  const { images: known, answers } = await kept.restore();
  const outputs = [...answers];
  const progress = (done: number, resumed: boolean): void =>
    onProgress?.({ phase: 'calibrate', done, total: images.count, fraction: done / images.count, resumed });
  if (known > 0) progress(known, true);
  for (const [from, to] of ranges) {
    const isHeldOut = from >= fitImages;
    if (to <= known && !isHeldOut) continue;
    await takeTurn();
    const batch = await images.batch(from, to);
    checkFiniteBatch(batch);
    if (isHeldOut) updateWithImages(hash, batch);
    if (to <= known) continue;
    const output = sampleBatch(model, batch, from, layers, isHeldOut, kernels);
    if (output !== undefined) outputs.push(output);
    await kept.add(to, output);
    progress(to, false);
  }
  return outputs.length === 0
    ? { outputs: undefined, digest: null }
    : { outputs: concat(outputs, 0), digest: hash.digest() };
}

/** Samples every layer for one batch; goes on to the network's answer only when it is wanted. */
function sampleBatch(
  model: Model,
  batch: Tensor<'f32'>,
  firstImage: number,
  layers: readonly SampledLayer[],
  wantOutput: boolean,
  kernels: Kernels,
): Tensor<'f32'> | undefined {
  let state = startExecution(model, batch);
  let at = 0;
  for (const [i, { layer, positions, target }] of layers.entries()) {
    const isLast = i === layers.length - 1 && !wantOutput;
    const next = isLast ? layer.index : layer.index + 1;
    state = advance(model, state, at, next, { kernels, keep: isLast ? [] : [layer.name] });
    at = next;
    if (isLast) {
      const input = state.values.get(layer.node.inputs[0] ?? '');
      if (input !== undefined) computeResponses(model, layer, input, positions, firstImage, target, kernels);
    } else {
      const map = state.values.get(layer.name);
      if (map !== undefined) gatherResponses(map, positions, firstImage, target);
    }
  }
  if (!wantOutput) return undefined;
  return advance(model, state, at, model.nodes.length, { kernels }).values.get(model.output);
}

function sourceOf(model: Model, images: ImageSource | Tensor<'f32'>): ImageSource {
  const source = 'batch' in images ? images : imageSourceOf(images);
  if (!sameShape(source.shape, model.input.shape)) {
    throw new ShapeError(
      `calibrate: images: expected ${formatShape(model.input.shape)} each, got ${formatShape(source.shape)}`,
    );
  }
  return source;
}

/** A random choice, fitting images first. */
function chosenImages(
  source: ImageSource,
  { images = 3000, heldOut = defaultHeldOut, seed = 0 }: CalibrationOptions,
): { readonly chosen: ImageSource; readonly fitImages: number } {
  if (source.count === 0) throw new DomainError('calibrate: images: expected at least one image, got none');
  checkPositiveInteger('images', images);
  if (!(heldOut >= 0 && heldOut < 1))
    throw new DomainError(`calibrate: heldOut: expected 0 ≤ share < 1, got ${heldOut}`);
  const count = Math.min(images, source.count);
  const heldOutImages = count - fitCount(count, heldOut);
  const choice = chooseImages({ available: source.count, images: count, heldOutImages, seed });
  return { chosen: selectImages(source, [...choice.fit, ...choice.heldOut]), fitImages: choice.fit.length };
}

/** How many of `count` images are fitted to. */
export function fitCount(count: number, heldOut = defaultHeldOut): number {
  const fewest = count < 4 ? 1 : 2;
  return heldOut > 0 && heldOut < 1
    ? count - Math.min(count - 1, Math.max(fewest, Math.round(count * heldOut)))
    : count;
}

function chooseLayers(model: Model, names: readonly string[] | undefined): ConvolutionLayer[] {
  const layers = convolutionLayers(model);
  if (names === undefined) return layers.filter((layer) => !layer.first);
  const known = new Set(layers.map((layer) => layer.name));
  for (const name of names) {
    if (!known.has(name)) {
      throw new DomainError(`calibrate: layers: expected one of ${[...known].join(', ')}, got ${name}`);
    }
  }
  return layers.filter((layer) => names.includes(layer.name));
}

function prepareLayer(layer: ConvolutionLayer, draw: PositionDraw): SampledLayer {
  const drawn = drawPositions(layer, draw);
  return { layer, positions: drawn, target: zeros('f32', [draw.images * drawn.perImage, layer.filters]) };
}

/** The layers with the eigenvalues of their covariance. */
async function withSpectra({ layers, fitImages, kernels, session, takeTurn }: SamplePass): Promise<CalibratedLayer[]> {
  // Written below, as the very same kind of list.
  const known = ((await session.read('spectra', 'spectra')) ?? []) as readonly Float64Array[];
  const spectra = [...known];
  for (const { positions, target } of layers.slice(known.length)) {
    spectra.push(spectrumOf(slice(target, [[0, fitImages * positions.perImage]]), kernels));
    session.put('spectra', 'spectra', () => spectra);
    await session.checkpoint();
    await takeTurn();
  }
  return layers.map(({ layer, positions, target }, i) => {
    const fitRows = fitImages * positions.perImage;
    return { layer, positions, target, fitRows, energies: spectra[i] ?? new Float64Array() };
  });
}

/** Eigenvalues of the covariance of the rows, descending, in f64. */
export function spectrumOf(rows: Tensor<'f32'>, kernels: Kernels): Float64Array {
  const mean = meanRow(rows);
  const { values } = symmetricEigen(centredMoment(rows, mean, rows, mean, kernels), { kernels });
  const count = rows.shape[0] ?? 1;
  return Float64Array.from(values.data, (value) => Math.max(0, value) / count);
}

function checkPositiveInteger(argument: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new DomainError(`calibrate: ${argument}: expected a positive integer, got ${value}`);
  }
}

function defaultBatchSize(model: Model): number {
  return Math.max(1, Math.min(64, Math.floor(batchElements / peakLiveElements(model, inferShapes(model)))));
}

function checkFiniteBatch(batch: Tensor<'f32'>): void {
  const { data, offset } = batch;
  const length = batch.shape.reduce((size, extent) => size * extent, 1);
  for (let i = 0; i < length; i++) {
    if (!Number.isFinite(data[offset + i]!)) {
      throw new DomainError(`calibrate: images: expected finite values, got ${data[offset + i]}`);
    }
  }
}
