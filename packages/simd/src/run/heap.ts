/**
 * The linear memory: blocks that are allocated and freed, and typed views that follow its growth.
 *
 * First fit over a list of free blocks in address order; neighbours join when freed. Blocks begin on 64 bytes, a cache line.
 * The memory grows when nothing fits, by at least an eighth, and never shrinks: WebAssembly has no such operation.
 */

import { DomainError } from '@rankwise/tensor';
import { giveBack, takeFirstFit } from './freeBlocks.ts';
import type { FreeBlock } from './freeBlocks.ts';

const pageBytes = 65_536;
/** A cache line; also more than the alignment of a vector. */
const alignment = 64;
/** Addresses below stay unused, so that 0 is no block. */
const firstAddress = 64;

export interface Heap extends MemoryViews {
  readonly memory: WebAssembly.Memory;
  /**
   * @returns the address of a block; its contents are arbitrary.
   * @param makeRoom - called when the memory cannot grow enough; whether it has freed something, so that a second try is worth it
   * @throws MemoryError when the memory cannot grow enough.
   */
  allocate(bytes: number, makeRoom?: () => boolean): number;
  /** @throws DomainError where no allocated block begins. */
  free(address: number): void;
  /** Bytes in allocated blocks. */
  readonly used: number;
}

/** Views of the whole memory. Take them anew after an allocation: growth detaches the old ones. */
interface MemoryViews {
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
}

/** The memory could not grow: the engine refused, or its limit is reached. */
export class MemoryError extends Error {
  override readonly name = 'MemoryError';
}

/** A heap over a memory that nothing else allocates from. */
export function createHeap(memory: WebAssembly.Memory, maximumPages: number): Heap {
  const views = followingViews(memory);
  const sizes = new Map<number, number>();
  let free: readonly FreeBlock[] = [{ start: firstAddress, end: memory.buffer.byteLength }];
  let used = 0;
  const take = (size: number): number => {
    let taken = takeFirstFit(free, size);
    if (taken === undefined) {
      free = giveBack(free, grow(memory, size - openEnd(free, memory), maximumPages));
      // The memory now ends in a free block of that size.
      taken = takeFirstFit(free, size)!;
    }
    free = taken.rest;
    sizes.set(taken.address, size);
    used += size;
    return taken.address;
  };
  return {
    memory,
    get f32() {
      return views().f32;
    },
    get f64() {
      return views().f64;
    },
    get i32() {
      return views().i32;
    },
    get u8() {
      return views().u8;
    },
    get used() {
      return used;
    },
    allocate: (bytes, makeRoom) => {
      const size = Math.max(alignment, Math.ceil(bytes / alignment) * alignment);
      try {
        return take(size);
      } catch (error) {
        if (!(error instanceof MemoryError) || makeRoom?.() !== true) throw error;
        return take(size);
      }
    },
    free: (address) => {
      const size = sizes.get(address);
      if (size === undefined) throw new DomainError(`heap: free: expected the address of a block, got ${address}`);
      sizes.delete(address);
      used -= size;
      free = giveBack(free, { start: address, end: address + size });
    },
  };
}

/** Bytes of the free block that ends with the memory. */
function openEnd(free: readonly FreeBlock[], { buffer }: WebAssembly.Memory): number {
  const last = free.at(-1);
  return last?.end === buffer.byteLength ? last.end - last.start : 0;
}

/** Grows by at least `bytes` and gives what came. */
function grow(memory: WebAssembly.Memory, bytes: number, maximumPages: number): FreeBlock {
  const before = memory.buffer.byteLength;
  const pages = before / pageBytes;
  const needed = Math.ceil(bytes / pageBytes);
  const room = maximumPages - pages;
  try {
    if (!(needed <= room)) throw new RangeError(`its maximum is ${maximumPages} pages`);
    growAtLeast(memory, needed, Math.min(room, Math.ceil(pages / 8)));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MemoryError(
      `simd kernels: memory: expected ${bytes} more bytes, got a refusal at ${before} bytes (${reason})`,
    );
  }
  return { start: before, end: memory.buffer.byteLength };
}

function growAtLeast(memory: WebAssembly.Memory, needed: number, wanted: number): void {
  if (wanted > needed) {
    try {
      memory.grow(wanted);
      return;
    } catch {
      // What is needed may still be granted.
    }
  }
  memory.grow(needed);
}

/** Gives the views, made anew whenever the memory has grown. */
function followingViews(memory: WebAssembly.Memory): () => MemoryViews {
  let views = viewsOf(memory.buffer);
  return () => {
    if (views.u8.buffer !== memory.buffer) views = viewsOf(memory.buffer);
    return views;
  };
}

function viewsOf(buffer: ArrayBufferLike): MemoryViews {
  return {
    f32: new Float32Array(buffer),
    f64: new Float64Array(buffer),
    i32: new Int32Array(buffer),
    u8: new Uint8Array(buffer),
  };
}
