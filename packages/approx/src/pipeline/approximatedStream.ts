/**
 * The second activation stream: every calibration image on its way through the network approximated so far.
 *
 * Asymmetric reconstruction (Zhang et al. 2015, §2.3) needs, for each layer, the input x̂ that the approximated layers below it really
 * deliver. Each batch is paused in front of the layer at hand; when the layer has been replaced, it goes on from there, so each
 * layer is computed once. Batches whose paused state would exceed the memory budget are not kept: they start again from
 * their images each time, which costs time but no memory.
 */

import { DomainError, sizeOf } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { advance, nodeIndex, startExecution } from '@rankwise/nn';
import type { ExecutionState, ImageSource, Model } from '@rankwise/nn';
import type { ConvolutionLayer } from '../layers.ts';

/** Where each batch stands. Owned by one reconstruction; changed as it goes. */
export interface ApproximatedStream {
  readonly images: ImageSource;
  readonly ranges: readonly (readonly [number, number])[];
  readonly memoryBudget: number;
  /** Paused batches, by place in `ranges`; undefined where the batch is recomputed. */
  readonly states: (ExecutionState | undefined)[];
  /** Index, in the model approximated so far, of the node that the kept states are paused in front of. */
  position: number;
}

/** A stream in front of the first node. `memoryBudget` is in bytes. */
export function createStream(
  images: ImageSource,
  ranges: readonly (readonly [number, number])[],
  memoryBudget: number,
): ApproximatedStream {
  return { images, ranges, memoryBudget, states: ranges.map(() => undefined), position: 0 };
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
  let held = stream.states.reduce((bytes, state) => bytes + stateBytes(state), 0);
  for (const [i, [from, to]] of stream.ranges.entries()) {
    const paused = stream.states[i];
    // Batches still in front of the last layer count until they move on, so that the budget holds at every moment.
    held -= stateBytes(paused);
    if (to <= known) {
      stream.states[i] = undefined;
      continue;
    }
    const state =
      paused === undefined
        ? advance(model, startExecution(model, await stream.images.batch(from, to)), 0, target, { kernels })
        : advance(model, paused, stream.position, target, { kernels });
    const input = state.values.get(layer.node.inputs[0] ?? '');
    if (input === undefined)
      throw new DomainError(`advanceStreamInPlace: layer: expected an input of ${layer.name}, got none`);
    useInput(input, from);
    const size = stateBytes(state);
    const keep = held + size <= stream.memoryBudget;
    if (keep) held += size;
    stream.states[i] = keep ? state : undefined;
    yield to;
  }
  stream.position = target;
}

/** By shapes: a view of all images, which are in memory anyway, counts as its own part of them. */
function stateBytes(state: ExecutionState | undefined): number {
  let bytes = 0;
  for (const value of state?.values.values() ?? []) bytes += sizeOf(value.shape) * value.data.BYTES_PER_ELEMENT;
  return bytes;
}
