/**
 * The forward pass of a whole model, in batches.
 *
 * Memory: the input, the output and the taps of all images, and the live activations of one batch (see execution.ts).
 * Images are independent. The size of a batch can change results only where kernels choose their algorithm by it, within the bounds
 * of the Kernels interface; it never does with `createReferenceKernels({ winograd: false })`.
 */

import {
  DomainError,
  ShapeError,
  formatShape,
  isContiguous,
  referenceKernels,
  sameShape,
  sizeOf,
  zeros,
} from '@rankwise/tensor';
import type { Kernels, Shape, Tensor } from '@rankwise/tensor';

import { advance, startExecution } from './execution.ts';
import { firstNonFinite, formatIndex } from './finite.ts';
import { liveAfter } from './graph.ts';
import type { Model } from './model.ts';
import { inferShapes } from './shapes.ts';

/** Live activations of one batch are kept near this many elements (128 MiB of f32) unless a single image needs more. */
const batchElements = 2 ** 25;

export interface ForwardOptions {
  /** Default `referenceKernels`. */
  readonly kernels?: Kernels;
  /** Names of nodes (or of the input) whose values are wanted too; a convolution's is the one before its relu. */
  readonly taps?: readonly string[];
  /** Images at a time; by default as many as keep the live activations below 128 MiB. */
  readonly batchSize?: number;
  /** Looked at before each batch. */
  readonly signal?: AbortSignal;
  /** Called after each batch. */
  readonly onBatch?: (progress: { readonly done: number; readonly images: number }) => void;
}

export interface ForwardResult {
  /** [images, ...shape of the model's output], contiguous. */
  readonly output: Tensor<'f32'>;
  /** Values by name, as asked for in `taps`. */
  readonly taps: Map<string, Tensor<'f32'>>;
}

/**
 * Runs a model on images that are already preprocessed. Parameters are taken as they are: loadModel and validateModel check them.
 * @param input - f32 [images, channels, height, width], contiguous
 * @throws ShapeError when the input's shape is not the model's, or the graph's shapes do not agree (see inferShapes).
 * @throws DomainError when the input is not f32 or holds NaN or an infinity, a tap names no value, or batchSize is no positive integer.
 * @throws the signal's reason when it is aborted.
 * @example
 * import { forward, sequential } from '@rankwise/nn';
 * import { fromNested, toNested } from '@rankwise/tensor';
 * const model = sequential('tiny', [1, 1, 2]).relu('relu1').flatten('features').build();
 * const { output, taps } = forward(model, fromNested('f32', [[[[-1, 2]]]]), { taps: ['relu1'] });
 * toNested(output) // => [[0, 2]]
 * taps.get('relu1')?.shape // => [1, 1, 1, 2]
 */
export function forward(model: Model, input: Tensor<'f32'>, options: ForwardOptions = {}): ForwardResult {
  const { kernels = referenceKernels, taps = [], signal, onBatch } = options;
  const shapes = inferShapes(model);
  const images = checkInput(model, input);
  const batchSize = options.batchSize ?? defaultBatchSize(model, shapes);
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    throw new DomainError(`forward: batchSize: expected a positive integer, got ${batchSize}`);
  }
  const results = new Map<string, Tensor<'f32'>>();
  for (const name of new Set([model.output, ...taps])) {
    const shape = shapes.get(name);
    if (shape === undefined) throw new DomainError(`forward: taps: expected a value of '${model.name}', got '${name}'`);
    results.set(name, zeros('f32', [images, ...shape]));
  }
  for (let first = 0; first < images; first += batchSize) {
    signal?.throwIfAborted();
    const count = Math.min(batchSize, images - first);
    const state = startExecution(model, imageRange(input, first, count));
    const end = advance(model, state, 0, model.nodes.length, { kernels, keep: results.keys() });
    for (const [name, result] of results) copyImages(end.values.get(name), result, first);
    onBatch?.({ done: first + count, images });
  }
  // The loop above has put a tensor for the output and for every tap into results.
  return { output: results.get(model.output)!, taps: new Map(taps.map((name) => [name, results.get(name)!])) };
}

/**
 * The most f32 elements that are alive at once for one image: those a node reads or that wait, and those it makes.
 * @throws as inferShapes.
 * @example
 * import { peakLiveElements, sequential } from '@rankwise/nn';
 * peakLiveElements(sequential('tiny', [1, 4, 4]).maxPool('pool1', { kernel: 2 }).relu().build()) // => 20
 */
export function peakLiveElements(model: Model, shapes: ReadonlyMap<string, Shape> = inferShapes(model)): number {
  const elements = (names: Iterable<string>): number =>
    [...names].reduce((sum, name) => sum + sizeOf(shapes.get(name) ?? []), 0);
  const during = model.nodes.map((node, index) => elements(new Set([...liveAfter(model, index - 1), node.name])));
  return Math.max(elements([model.input.name]), ...during);
}

function defaultBatchSize(model: Model, shapes: ReadonlyMap<string, Shape>): number {
  return Math.max(1, Math.floor(batchElements / peakLiveElements(model, shapes)));
}

/** @returns the number of images. */
function checkInput(model: Model, input: Tensor<'f32'>): number {
  const [images, ...shape] = input.shape;
  if (images === undefined || !sameShape(shape, model.input.shape)) {
    const expected = `[images, ${model.input.shape.join(', ')}]`;
    throw new ShapeError(`forward: input: expected ${expected}, got ${formatShape(input.shape)}`);
  }
  // Widened: a caller without types may pass bytes, which are not preprocessed.
  const { dtype }: Tensor = input;
  if (dtype !== 'f32') throw new DomainError(`forward: input: expected f32, got ${dtype}`);
  if (!isContiguous(input)) throw new ShapeError('forward: input: expected a contiguous tensor, got a strided view');
  const bad = firstNonFinite(input);
  if (bad >= 0) {
    const value = input.data[input.offset + bad];
    throw new DomainError(`forward: input: expected finite values, got ${value} at ${formatIndex(input, bad)}`);
  }
  return images;
}

/** Images [first, first + count) of a contiguous batch, as a view. */
function imageRange(input: Tensor<'f32'>, first: number, count: number): Tensor<'f32'> {
  const [, ...shape] = input.shape;
  return { ...input, shape: [count, ...shape], offset: input.offset + first * sizeOf(shape) };
}

function copyImages(value: Tensor<'f32'> | undefined, target: Tensor<'f32'>, first: number): void {
  if (value === undefined) return;
  const length = sizeOf(value.shape);
  const start = first * sizeOf(target.shape.slice(1));
  target.data.set(value.data.subarray(value.offset, value.offset + length), start);
}
