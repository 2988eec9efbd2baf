/**
 * The linear memory: blocks that are allocated and freed, and typed views that follow its growth.
 *
 * First fit over a list of free blocks in address order; neighbours join when freed. Blocks begin on 64 bytes, a cache line.
 * The memory grows when nothing fits, by at least an eighth, and never shrinks: WebAssembly has no such operation.
 */

import { DomainError } from '@rankwise/tensor';

const pageBytes = 65_536;
/** A cache line; also more than the alignment of a vector. */
const alignment = 64;
/** Addresses below stay unused, so that 0 is no block. */
const firstAddress = 64;

export interface Heap {
  readonly memory: WebAssembly.Memory;
  /** Views of the whole memory. Take them anew after an allocation: growth detaches the old ones. */
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
  /**
   * @returns the address of a block; its contents are arbitrary.
   * @throws MemoryError when the memory cannot grow enough.
   */
  allocate(bytes: number): number;
  free(address: number): void;
  /** Bytes in allocated blocks. */
  readonly used: number;
}

/** The memory could not grow: the engine refused, or its limit is reached. */
export class MemoryError extends Error {
  override readonly name = 'MemoryError';
}

interface FreeBlock {
  readonly start: number;
  readonly end: number;
}

/** A heap over a memory that nothing else allocates from. */
export function createHeap(memory: WebAssembly.Memory, maximumPages: number): Heap {
  let views = viewsOf(memory);
  let free: readonly FreeBlock[] = [{ start: firstAddress, end: memory.buffer.byteLength }];
  let used = 0;
  const sizes = new Map<number, number>();

  const current = (): Views => {
    if (views.buffer !== memory.buffer || views.u8.length !== memory.buffer.byteLength) views = viewsOf(memory);
    return views;
  };
  const grow = (bytes: number): void => {
    const before = memory.buffer.byteLength;
    const last = free.at(-1);
    const open = last !== undefined && last.end === before ? before - last.start : 0;
    const pages = before / pageBytes;
    const needed = Math.ceil((bytes - open) / pageBytes);
    const room = maximumPages - pages;
    const step = Math.min(room, Math.max(needed, Math.ceil(pages / 8)));
    try {
      if (needed > room) throw new RangeError(`its maximum is ${maximumPages} pages`);
      memory.grow(step);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new MemoryError(
        `simd kernels: memory: expected ${bytes} more bytes, got a refusal at ${before} bytes (${reason})`,
      );
    }
    free = joined([...free, { start: before, end: memory.buffer.byteLength }]);
  };
  const take = (bytes: number): number | undefined => {
    const index = free.findIndex(({ start, end }) => end - start >= bytes);
    const block = free[index];
    if (block === undefined) return undefined;
    const rest = { start: block.start + bytes, end: block.end };
    free = free.flatMap((other) => (other !== block ? [other] : rest.end > rest.start ? [rest] : []));
    return block.start;
  };

  return {
    memory,
    get f32() {
      return current().f32;
    },
    get f64() {
      return current().f64;
    },
    get i32() {
      return current().i32;
    },
    get u8() {
      return current().u8;
    },
    get used() {
      return used;
    },
    allocate: (bytes) => {
      const size = Math.max(alignment, Math.ceil(bytes / alignment) * alignment);
      let address = take(size);
      if (address === undefined) {
        grow(size);
        // The memory now ends in a free block of that size.
        address = take(size)!;
      }
      sizes.set(address, size);
      used += size;
      return address;
    },
    free: (address) => {
      const size = sizes.get(address);
      if (size === undefined) throw new DomainError(`heap: free: expected the address of a block, got ${address}`);
      sizes.delete(address);
      used -= size;
      free = joined([...free, { start: address, end: address + size }].toSorted((a, b) => a.start - b.start));
    },
  };
}

interface Views {
  readonly buffer: ArrayBufferLike;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
}

function viewsOf({ buffer }: WebAssembly.Memory): Views {
  return {
    buffer,
    f32: new Float32Array(buffer),
    f64: new Float64Array(buffer),
    i32: new Int32Array(buffer),
    u8: new Uint8Array(buffer),
  };
}

/** Neighbouring blocks made one; `blocks` are in address order. */
function joined(blocks: readonly FreeBlock[]): readonly FreeBlock[] {
  const result: FreeBlock[] = [];
  for (const block of blocks) {
    const last = result.at(-1);
    if (last?.end === block.start) result[result.length - 1] = { start: last.start, end: block.end };
    else result.push(block);
  }
  return result;
}
