/**
 * The second activation stream: every calibration image on its way through the network approximated so far.
 *
 * Asymmetric reconstruction (Zhang et al. 2015, §2.3) needs, for each layer, the input x̂ that the approximated layers below it really
 * deliver. Each batch is paused in front of the layer at hand, without its zeros; when the layer has been replaced, it goes on from
 * there, so each layer is computed once. A batch whose state would exceed the memory budget stays paused where it was, or, if there is no
 * room for that either, starts again from its images each time: that costs time but no memory.
 */

import { DomainError } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { advance, nodeIndex, startExecution } from '@rankwise/nn';
import type { ImageSource, Model } from '@rankwise/nn';
import type { ConvolutionLayer } from '../layers.ts';
import { packState, unpackState } from './packedState.ts';
import type { PackedState } from './packedState.ts';

/** Where each batch stands. Owned by one reconstruction; changed as it goes. */
export interface ApproximatedStream {
  readonly images: ImageSource;
  readonly ranges: readonly (readonly [number, number])[];
  readonly memoryBudget: number;
  /** By place in `ranges`; undefined where the batch starts again. */
  readonly paused: (PausedBatch | undefined)[];
}

interface PausedBatch {
  readonly state: PackedState;
  /** Index of the node that it is paused in front of: what is replaced later comes at it or behind it. */
  readonly position: number;
}

/** A stream in front of the first node. `memoryBudget` is in bytes. */
export function createStream(
  images: ImageSource,
  ranges: readonly (readonly [number, number])[],
  memoryBudget: number,
): ApproximatedStream {
  return { images, ranges, memoryBudget, paused: ranges.map(() => undefined) };
}

/**
 * Advances every batch to the given layer of the model approximated so far and hands over the input that the layer gets. Yields the
 * number of images done after each batch. The stream may pass the same layer again: batches that are paused in front of it stay there.
 * The first `known` images need no looking at: their batches, should they be needed later, start again.
 * @param useInput - called with the layer's input, f32 [images, channels, height, width], and the index of its first image
 */
export async function* advanceStreamInPlace(
  stream: ApproximatedStream,
  model: Model,
  layer: ConvolutionLayer,
  useInput: (input: Tensor<'f32'>, firstImage: number) => void,
  kernels: Kernels,
  known = 0,
): AsyncGenerator<number, void, void> {
  const target = nodeIndex(model, layer.name);
  let held = stream.paused.reduce((bytes, batch) => bytes + bytesOf(batch), 0);
  for (const [i, [from, to]] of stream.ranges.entries()) {
    const paused = stream.paused[i];
    // Batches still in front of the last layer count until they move on, so that the budget holds at every moment.
    held -= bytesOf(paused);
    if (to <= known) {
      stream.paused[i] = undefined;
      continue;
    }
    const start =
      paused === undefined ? startExecution(model, await stream.images.batch(from, to)) : unpackState(paused.state);
    const state = advance(model, start, paused?.position ?? 0, target, { kernels });
    const input = state.values.get(layer.node.inputs[0] ?? '');
    if (input === undefined)
      throw new DomainError(`advanceStreamInPlace: layer: expected an input of ${layer.name}, got none`);
    useInput(input, from);
    const advanced = { state: packState(state), position: target };
    const kept = [advanced, paused].find((batch) => held + bytesOf(batch) <= stream.memoryBudget);
    held += bytesOf(kept);
    stream.paused[i] = kept;
    yield to;
  }
}

function bytesOf(batch: PausedBatch | undefined): number {
  return batch?.state.bytes ?? 0;
}
