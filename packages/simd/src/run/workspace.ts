/**
 * Tensors inside the linear memory, for intermediate results: kernels read and write them where they are.
 *
 * Only with shared memory: growth detaches the views of other memory, and a tensor must stay what it is while it is borrowed.
 */

import { checkShape, rowMajorStrides, sizeOf } from '@rankwise/tensor';
import type { FloatDType, Shape, Tensor, Workspace } from '@rankwise/tensor';
import { slackBytes } from '../emit/lanes.ts';
import { MemoryError } from './heap.ts';
import type { Heap } from './heap.ts';
import { bytesOf } from './transfer.ts';

export interface HeapWorkspace extends Workspace {
  /** Address of the tensor's first element if its memory is borrowed here. */
  addressOf(tensor: Tensor<FloatDType>): number | undefined;
  /** Bytes on loan. */
  readonly borrowed: number;
}

/** @param budget - bytes that may be on loan together */
export function createWorkspace(heap: Heap, budget: number): HeapWorkspace {
  // By the view that is the tensor's data.
  const blocks = new Map<Tensor['data'], { readonly address: number; readonly bytes: number }>();
  let borrowed = 0;
  return {
    borrow: (dtype, shape) => {
      checkShape('borrow', shape);
      const bytes = sizeOf(shape) * bytesOf(dtype) + slackBytes;
      const address = borrowed + bytes <= budget ? allocateIfPossible(heap, bytes) : undefined;
      if (address === undefined) return undefined;
      const tensor = tensorAt(heap, dtype, address, shape);
      blocks.set(tensor.data, { address, bytes });
      borrowed += bytes;
      return tensor;
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
      return block === undefined ? undefined : block.address + data.BYTES_PER_ELEMENT * offset;
    },
    get borrowed() {
      return borrowed;
    },
  };
}

function tensorAt<D extends FloatDType>(heap: Heap, dtype: D, address: number, shape: Shape): Tensor<D> {
  const { buffer } = heap.memory;
  const size = sizeOf(shape);
  const data = dtype === 'f32' ? new Float32Array(buffer, address, size) : new Float64Array(buffer, address, size);
  // The compiler does not follow that the array is the one of dtype.
  return { dtype, shape: [...shape], strides: rowMajorStrides(shape), offset: 0, data } as unknown as Tensor<D>;
}

function allocateIfPossible(heap: Heap, bytes: number): number | undefined {
  try {
    return heap.allocate(bytes);
  } catch (error) {
    if (error instanceof MemoryError) return undefined;
    throw error;
  }
}
