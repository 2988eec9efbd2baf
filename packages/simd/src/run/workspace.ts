/**
 * Tensors inside the linear memory, for intermediate results: kernels read and write them where they are.
 *
 * Only with shared memory: growth detaches the views of other memory, and a tensor must stay what it is while it is borrowed.
 */

import { checkShape, rowMajorStrides, sizeOf } from '@rankwise/tensor';
import type { Shape, Tensor, Workspace } from '@rankwise/tensor';
import { MemoryError } from './heap.ts';
import type { Heap } from './heap.ts';

/** Loads of whole vectors may read this many bytes past the last element. */
export const slackBytes = 64;

export interface HeapWorkspace extends Workspace {
  /** Address of the tensor's first element if its memory is borrowed here. */
  addressOf(tensor: Tensor<'f32'>): number | undefined;
  /** Bytes on loan. */
  readonly borrowed: number;
}

/** @param budget - bytes that may be on loan together */
export function createWorkspace(heap: Heap, budget: number): HeapWorkspace {
  // By the view that is the tensor's data.
  const blocks = new Map<Tensor['data'], { readonly address: number; readonly bytes: number }>();
  let borrowed = 0;
  return {
    borrow: (shape) => {
      checkShape('borrow', shape);
      const bytes = sizeOf(shape) * 4 + slackBytes;
      const address = borrowed + bytes <= budget ? allocateIfPossible(heap, bytes) : undefined;
      if (address === undefined) return undefined;
      const data = new Float32Array(heap.memory.buffer, address, sizeOf(shape));
      blocks.set(data, { address, bytes });
      borrowed += bytes;
      return tensorAt(data, shape);
    },
    release: ({ data }) => {
      const block = blocks.get(data);
      if (block === undefined) return;
      blocks.delete(data);
      borrowed -= block.bytes;
      heap.free(block.address);
    },
    addressOf: ({ data, offset }) => {
      const block = blocks.get(data);
      return block === undefined ? undefined : block.address + 4 * offset;
    },
    get borrowed() {
      return borrowed;
    },
  };
}

function tensorAt(data: Float32Array, shape: Shape): Tensor<'f32'> {
  return { dtype: 'f32', shape: [...shape], strides: rowMajorStrides(shape), offset: 0, data };
}

function allocateIfPossible(heap: Heap, bytes: number): number | undefined {
  try {
    return heap.allocate(bytes);
  } catch (error) {
    if (error instanceof MemoryError) return undefined;
    throw error;
  }
}
