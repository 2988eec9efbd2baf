/**
 * Packed weights, kept between calls that share a weight tensor.
 *
 * An entry belongs to the typed array that holds the weights (Kernels promises that it is not changed between calls that share it), to
 * the part of it that the tensor shows, and to the layout. Entries go when the array is collected, or when the budget is exceeded:
 * the least recently used first.
 */

import type { FloatDType, Tensor } from '@rankwise/tensor';
import type { Heap } from './heap.ts';

export interface WeightCache {
  /** The block for these weights in this layout; `make` allocates and fills one when there is none. */
  packed(weight: Tensor<FloatDType>, layout: string, bytes: number, make: (address: number) => void): number;
  /**
   * Frees every block but that of the weights used last, which a running call may need.
   * @returns whether anything was freed.
   */
  makeRoom(): boolean;
  /** Frees every block. */
  clear(): void;
  readonly bytes: number;
}

interface Entry {
  readonly address: number;
  readonly bytes: number;
}

/** @param budget - bytes that the entries may take together; one entry may exceed it */
export function createWeightCache(heap: Heap, budget: number): WeightCache {
  // Least recently used first. Keys begin with the number of the array.
  const entries = new Map<string, Entry>();
  let total = 0;
  const drop = (key: string): void => {
    const entry = entries.get(key);
    if (entry === undefined) return;
    entries.delete(key);
    heap.free(entry.address);
    total -= entry.bytes;
  };
  const dropAll = (): boolean => {
    const some = entries.size > 0;
    for (const key of entries.keys()) drop(key);
    return some;
  };
  const numberOf = arrayNumbers((number) => {
    for (const key of [...entries.keys()].filter((name) => name.startsWith(`${number}:`))) drop(key);
  });
  return {
    packed: (weight, layout, bytes, make) => {
      const view = `${weight.offset}:${weight.shape.join('x')}:${weight.strides.join(',')}`;
      const key = `${numberOf(weight.data)}:${view}:${layout}`;
      const known = entries.get(key);
      if (known !== undefined) {
        entries.delete(key);
        entries.set(key, known);
        return known.address;
      }
      for (const oldest of entries.keys()) {
        if (total + bytes <= budget) break;
        drop(oldest);
      }
      const address = heap.allocate(bytes, dropAll);
      // An entry before it is filled: what making it needs may push out the others.
      entries.set(key, { address, bytes });
      total += bytes;
      try {
        make(address);
      } catch (error) {
        drop(key);
        throw error;
      }
      return address;
    },
    makeRoom: () => {
      const others = [...entries.keys()].slice(0, -1);
      for (const key of others) drop(key);
      return others.length > 0;
    },
    clear: () => void dropAll(),
    get bytes() {
      return total;
    },
  };
}

/** A number of its own for each array; `onCollected` gets it when the array is gone. */
function arrayNumbers(onCollected: (number: number) => void): (data: object) => number {
  const numbers = new WeakMap<object, number>();
  const collected = new FinalizationRegistry(onCollected);
  let next = 0;
  return (data) => {
    const known = numbers.get(data);
    if (known !== undefined) return known;
    const number = next++;
    numbers.set(data, number);
    collected.register(data, number);
    return number;
  };
}
