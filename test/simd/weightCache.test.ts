/** The cache of packed weights: what it keeps, what goes first, what it leaves behind when something fails. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { zeros } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { createHeap, MemoryError } from '../../packages/simd/src/run/heap.ts';
import { createWeightCache } from '../../packages/simd/src/run/weightCache.ts';
import { runs } from '../kit/runs.ts';

function setUp(budget: number, pages = 64) {
  const heap = createHeap(new WebAssembly.Memory({ initial: 1, maximum: pages }), pages);
  const cache = createWeightCache(heap, budget);
  let made = 0;
  /** Whether the weights had to be packed. */
  const use = (weight: Tensor<'f32'>, bytes = 640, layout = 'panels'): boolean => {
    const before = made;
    cache.packed(weight, layout, bytes, () => {
      made++;
    });
    return made > before;
  };
  return { heap, cache, use };
}

const weights = (): Tensor<'f32'> => zeros('f32', [4, 3]);

describe('weightCache', () => {
  it('packs once, and gives the same block again', () => {
    const { heap, cache } = setUp(10_000);
    const weight = weights();
    const addresses = [1, 2, 3].map((value) =>
      cache.packed(weight, 'panels', 640, (address) => {
        heap.f32[address / 4] = value;
      }),
    );
    expect(new Set(addresses).size).toBe(1);
    expect(heap.f32[addresses[0]! / 4]).toBe(1);
    expect([cache.bytes, heap.used]).toEqual([640, 640]);
  });

  it('knows weights by array, place, shape and layout, not by the tensor that shows them', () => {
    const { use } = setUp(100_000);
    const { data } = zeros('f32', [100]);
    const weight: Tensor<'f32'> = { dtype: 'f32', shape: [4, 3], strides: [3, 1], offset: 0, data };
    expect(use(weight)).toBe(true);
    expect(use({ ...weight })).toBe(false);
    expect(use({ ...weight, offset: 1 })).toBe(true);
    expect(use({ ...weight, shape: [3, 4], strides: [4, 1] })).toBe(true);
    expect(use({ ...weight, shape: [12, 1], strides: [1, 1] })).toBe(true);
    expect(use(weight, 640, 'other')).toBe(true);
    expect(use({ ...weight, data: data.slice() })).toBe(true);
    expect(use(weight)).toBe(false);
  });

  it('lets the least recently used go first', () => {
    const { cache, use } = setUp(3 * 640);
    const [a, b, c, d] = [weights(), weights(), weights(), weights()];
    expect([a, b, c].map((weight) => use(weight))).toEqual([true, true, true]);
    expect(use(a)).toBe(false);
    // Now b is the oldest.
    expect(use(d)).toBe(true);
    expect([a, c, d].map((weight) => use(weight))).toEqual([false, false, false]);
    expect(use(b)).toBe(true);
    expect(use(a)).toBe(true);
    expect(cache.bytes).toBe(3 * 640);
  });

  it('drops as many as a large one needs; one larger than the budget stays alone', () => {
    const { cache, use, heap } = setUp(3 * 640);
    const [a, b, c, large, huge] = [weights(), weights(), weights(), weights(), weights()];
    [a, b, c].forEach((weight) => use(weight));
    use(large, 2 * 640);
    expect(cache.bytes).toBe(3 * 640);
    expect(use(c)).toBe(false);
    expect(use(huge, 10 * 640)).toBe(true);
    expect(use(huge, 10 * 640)).toBe(false);
    expect([cache.bytes, heap.used]).toEqual([6400, 6400]);
    use(a);
    expect([cache.bytes, heap.used]).toEqual([640, 640]);
  });

  it('keeps within its budget and frees what it drops, whatever the traffic', () => {
    const traffic = fc.array(fc.record({ which: fc.nat(9), size: fc.integer({ min: 1, max: 5 }) }), { maxLength: 60 });
    fc.assert(
      fc.property(traffic, (steps) => {
        const { heap, cache, use } = setUp(8 * 640);
        const all = Array.from({ length: 10 }, weights);
        for (const { which, size } of steps) {
          use(all[which]!, size * 640, `size ${size}`);
          expect(cache.bytes).toBeLessThanOrEqual(8 * 640);
          expect(heap.used).toBe(cache.bytes);
        }
        cache.clear();
        expect([cache.bytes, heap.used]).toEqual([0, 0]);
      }),
      { numRuns: runs(50) },
    );
  });

  it('leaves nothing behind when packing fails, and packs when asked again', () => {
    const { heap, cache, use } = setUp(10_000);
    const weight = weights();
    const fail = (): void => {
      throw new RangeError('packing failed');
    };
    expect(() => cache.packed(weight, 'panels', 640, fail)).toThrow('packing failed');
    expect([cache.bytes, heap.used]).toEqual([0, 0]);
    expect([use(weight), use(weight)]).toEqual([true, false]);
  });

  it('leaves nothing behind when the memory is too small', () => {
    const { heap, cache, use } = setUp(10 ** 9, 2);
    expect(() => use(weights(), 10 * 65_536)).toThrow(MemoryError);
    expect([cache.bytes, heap.used]).toEqual([0, 0]);
    expect(use(weights())).toBe(true);
  });

  it('packs anew after clear', () => {
    const { heap, cache, use } = setUp(10_000);
    const weight = weights();
    use(weight);
    use(weight, 640, 'other');
    cache.clear();
    expect([cache.bytes, heap.used]).toEqual([0, 0]);
    expect(use(weight)).toBe(true);
    cache.clear();
    cache.clear();
  });

  it('frees the blocks of arrays that were collected', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const { heap, cache, use } = setUp(10_000);
    const kept = weights();
    use(kept);
    for (let i = 0; i < 5; i++) use(weights());
    expect(cache.bytes).toBe(6 * 640);
    // The registry's callbacks run some turns of the event loop after a collection.
    for (let turn = 0; turn < 50 && cache.bytes > 640; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      collect();
    }
    expect([cache.bytes, heap.used]).toEqual([640, 640]);
    expect(use(kept)).toBe(false);
  });
});
