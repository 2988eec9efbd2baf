/** The heap of the linear memory: blocks by hand, a law over random traffic, refusals. */

import fc from 'fast-check';
import { DomainError } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { createHeap, MemoryError } from '../../packages/simd/src/run/heap.ts';
import { runs } from '../kit/runs.ts';

const page = 65_536;

function heapOf(maximum: number, initial = 1) {
  return createHeap(new WebAssembly.Memory({ initial, maximum }), maximum);
}

describe('heap by hand', () => {
  it('gives blocks on cache lines, none at address 0, and counts their bytes', () => {
    const heap = heapOf(1);
    expect([heap.allocate(1), heap.allocate(64), heap.allocate(65), heap.allocate(0)]).toEqual([64, 128, 192, 320]);
    expect(heap.used).toBe(64 + 64 + 128 + 64);
  });

  it('takes the first block that fits', () => {
    const heap = heapOf(1);
    const [a, b, c] = [heap.allocate(128), heap.allocate(64), heap.allocate(256)];
    heap.allocate(64);
    heap.free(a);
    heap.free(c);
    expect(heap.allocate(192)).toBe(c);
    expect(heap.allocate(64)).toBe(a);
    expect(heap.allocate(64)).toBe(a + 64);
    expect(b).toBe(a + 128);
  });

  it.each([
    ['left first', [0, 1, 2]],
    ['right first', [2, 1, 0]],
    ['the middle last', [0, 2, 1]],
  ])('joins freed neighbours: %s', (_, order) => {
    const heap = heapOf(1);
    const blocks = [heap.allocate(64), heap.allocate(128), heap.allocate(64)];
    heap.allocate(64);
    for (const index of order) heap.free(blocks[index] ?? 0);
    expect(heap.allocate(256)).toBe(blocks[0]);
  });

  it('gives one page whole, once everything is free again', () => {
    const heap = heapOf(1);
    const blocks = [1, 2, 3, 4].map((count) => heap.allocate(64 * count));
    for (const block of blocks) heap.free(block);
    expect(heap.used).toBe(0);
    expect(heap.allocate(page - 64)).toBe(64);
  });

  it('grows from the free end, keeps contents, and renews the views', () => {
    const heap = heapOf(4);
    const block = heap.allocate(1024);
    heap.f32[block / 4] = 7;
    const large = heap.allocate(2 * page);
    expect(large).toBe(block + 1024);
    expect(heap.memory.buffer.byteLength).toBe(3 * page);
    expect(heap.f32[block / 4]).toBe(7);
    expect([heap.f32.length, heap.f64.length, heap.i32.length, heap.u8.length]).toEqual(
      [4, 8, 4, 1].map((bytes) => (3 * page) / bytes),
    );
  });

  it('grows shared memory too', () => {
    const heap = createHeap(new WebAssembly.Memory({ initial: 1, maximum: 3, shared: true }), 3);
    const block = heap.allocate(2 * page);
    heap.u8[block + 2 * page - 1] = 5;
    expect(heap.u8[block + 2 * page - 1]).toBe(5);
    expect(heap.memory.buffer.byteLength).toBe(3 * page);
  });
});

describe('heap laws', () => {
  it('never overlaps blocks, and forgets nothing', () => {
    const traffic = fc.array(fc.record({ bytes: fc.nat(20_000), free: fc.nat(3) }), { maxLength: 60 });
    fc.assert(
      fc.property(traffic, (steps) => {
        const heap = heapOf(64);
        const blocks: { start: number; end: number }[] = [];
        for (const { bytes, free } of steps) {
          const start = heap.allocate(bytes);
          expect(start % 64).toBe(0);
          expect(start + bytes).toBeLessThanOrEqual(heap.memory.buffer.byteLength);
          expect(blocks.filter((other) => start < other.end && other.start < start + bytes)).toEqual([]);
          blocks.push({ start, end: start + bytes });
          if (free > 0) heap.free(blocks.splice((free * 7) % blocks.length, 1)[0]?.start ?? 0);
        }
        for (const { start } of blocks) heap.free(start);
        expect(heap.used).toBe(0);
        expect(heap.allocate(heap.memory.buffer.byteLength - 64)).toBe(64);
      }),
      { numRuns: runs(50) },
    );
  });
});

describe('heap refusals', () => {
  it.each([page, 3 * page, 2 ** 40, Number.MAX_VALUE, NaN])('out of memory for %d bytes', (bytes) => {
    const heap = heapOf(2);
    heap.allocate(page);
    expect(() => heap.allocate(bytes)).toThrow(MemoryError);
    expect(() => heap.allocate(bytes)).toThrow(/^simd kernels: memory: expected .* more bytes, got a refusal/);
    expect(heap.used).toBe(page);
    expect(heap.allocate(page - 64)).toBe(page + 64);
  });

  it('reports growth that the engine refuses', () => {
    const heap = createHeap(new WebAssembly.Memory({ initial: 1, maximum: 1 }), 100);
    expect(() => heap.allocate(page)).toThrow(MemoryError);
    expect(heap.allocate(page - 64)).toBe(64);
  });

  it('takes what is needed where the engine refuses more', () => {
    const heap = createHeap(new WebAssembly.Memory({ initial: 32, maximum: 33 }), 100);
    const block = heap.allocate(32 * page);
    expect(block).toBe(64);
    expect(heap.memory.buffer.byteLength).toBe(33 * page);
  });

  it('a block freed twice, or none at all', () => {
    const heap = heapOf(1);
    const block = heap.allocate(64);
    heap.free(block);
    for (const address of [block, 0, 65, NaN]) expect(() => heap.free(address)).toThrow(DomainError);
    expect(() => heap.free(block)).toThrow('heap: free: expected the address of a block, got 64');
  });
});
