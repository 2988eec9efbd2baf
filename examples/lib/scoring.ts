/**
 * Accuracy on photographs that no fit has seen, photograph by photograph.
 *
 * Networks that differ from one place on share what lies before it: the test photographs can be paused in front of a layer once, and
 * every network that is the same up to there goes on from that.
 */

import { setImmediate } from 'node:timers/promises';
import { imageSourceFor, openImages } from '@rankwise/cli';
import { advance, nodeIndex, startExecution, topK } from '@rankwise/nn';
import type { ExecutionState, ImageSource, Model } from '@rankwise/nn';
import { sizeOf, slice } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';

export interface TestSet {
  readonly source: ImageSource;
  readonly labels: Tensor<'i32' | 'u8'>;
}

/** For each photograph 1 where the right class is the first, or among the first three. */
export interface Hits {
  readonly top1: Uint8Array;
  readonly top3: Uint8Array;
}

export interface Score {
  readonly top1: number;
  readonly top3: number;
  readonly millisecondsPerImage: number;
}

/** A test set in front of one node. */
export interface PausedTestSet {
  readonly test: TestSet;
  readonly at: number;
  /** One for each batch; undefined where it is computed again each time. */
  readonly states: readonly (ExecutionState | undefined)[];
}

/** Images per forward pass when scoring. */
const batchSize = 64;
/** Bytes that a paused test set may take. */
const memoryBudget = 2 ** 28;

/**
 * The first `count` photographs of a file and their labels.
 * @throws Error when it has no labels.
 */
export async function openTestSet(model: Model, path: string, count: number): Promise<TestSet> {
  const set = await openImages(path);
  if (set.labels === undefined) throw new Error(`${path}: expected labels in or beside it, found none`);
  const source = imageSourceFor(model, set, count);
  return { source, labels: slice<'i32' | 'u8'>(set.labels, [[0, source.count]]) };
}

/** A test set in front of the first node. */
export function unpaused(test: TestSet): PausedTestSet {
  return { test, at: 0, states: batches(test).map(() => undefined) };
}

/** A test set in front of a node of the model, as much of it as the memory allows. */
export async function pauseBefore(model: Model, name: string, test: TestSet, kernels: Kernels): Promise<PausedTestSet> {
  const at = nodeIndex(model, name);
  let held = 0;
  const states: (ExecutionState | undefined)[] = [];
  for (const [from, to] of batches(test)) {
    await setImmediate();
    if (held > memoryBudget) {
      states.push(undefined);
      continue;
    }
    const state = advance(model, startExecution(model, await test.source.batch(from, to)), 0, at, { kernels });
    for (const { shape } of state.values.values()) held += sizeOf(shape) * Float32Array.BYTES_PER_ELEMENT;
    states.push(state);
  }
  return { test, at, states };
}

/** What a model gets right; up to where the test set is paused it must be the model that was paused. */
export async function hitsOf(
  model: Model,
  { test, at, states }: PausedTestSet,
  kernels: Kernels,
): Promise<{ readonly hits: Hits; readonly milliseconds: number }> {
  const { count } = test.source;
  const hits = { top1: new Uint8Array(count), top3: new Uint8Array(count) };
  let milliseconds = 0;
  for (const [i, [from, to]] of batches(test).entries()) {
    // Lets messages of other threads through between batches.
    await setImmediate();
    const paused = states[i];
    const state = paused ?? startExecution(model, await test.source.batch(from, to));
    const started = performance.now();
    const { values } = advance(model, state, paused === undefined ? 0 : at, model.nodes.length, { kernels });
    milliseconds += performance.now() - started;
    const output = values.get(model.output);
    if (output === undefined) throw new Error(`${model.name}: expected an output, got none`);
    for (let image = from; image < to; image++) {
      const row = slice(output, [[image - from, image - from + 1]]);
      const [first = 0, third = 0] = topK(row, slice(test.labels, [[image, image + 1]]), [1, 3]);
      hits.top1[image] = first;
      hits.top3[image] = third;
    }
  }
  return { hits, milliseconds };
}

/** Top-1 and top-3 accuracy on a test set. */
export async function scoreModel(model: Model, test: TestSet, kernels: Kernels): Promise<Score> {
  const { hits, milliseconds } = await hitsOf(model, unpaused(test), kernels);
  const share = (of: Uint8Array): number => of.reduce((sum, hit) => sum + hit, 0) / test.source.count;
  return { top1: share(hits.top1), top3: share(hits.top3), millisecondsPerImage: milliseconds / test.source.count };
}

function batches({ source: { count } }: TestSet): [from: number, to: number][] {
  return Array.from({ length: Math.ceil(count / batchSize) }, (_, i) => [
    i * batchSize,
    Math.min(count, (i + 1) * batchSize),
  ]);
}
