/** The linear memory of kernels, as large at most as the engine grants. */

import { MemoryError } from './heap.ts';

/** 4 GiB: what a 32-bit address reaches. */
export const mostPages = 65_536;
/** The tasks' own needs and a small layer: 1 MiB. */
export const initialPages = 16;

export interface GrantedMemory {
  readonly memory: WebAssembly.Memory;
  /** Pages of 64 KiB that it may grow to. */
  readonly maximum: number;
}

/**
 * Engines reserve addresses for the maximum, of shared memory above all, and may refuse many: then half is asked for, and so on.
 *
 * @param maximum - pages; 65,536 at most
 * @throws MemoryError when not even the initial pages are granted
 */
export function createMemory(shared: boolean, maximum: number): GrantedMemory {
  for (let granted = maximum; ; granted = Math.max(initialPages, Math.floor(granted / 2))) {
    try {
      const initial = Math.min(initialPages, granted);
      return { memory: new WebAssembly.Memory({ initial, maximum: granted, shared }), maximum: granted };
    } catch (error) {
      if (granted > initialPages) continue;
      const reason = error instanceof Error ? error.message : String(error);
      throw new MemoryError(`simd kernels: memory: expected ${granted} pages of 64 KiB, got a refusal (${reason})`);
    }
  }
}
