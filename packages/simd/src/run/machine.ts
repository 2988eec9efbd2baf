/** What the operations run on: the memory, the tasks, and what the engine has. */

import type { Heap } from './heap.ts';
import type { TaskRunner } from './taskRunner.ts';
import type { WeightCache } from './weightCache.ts';
import type { HeapWorkspace } from './workspace.ts';

export interface Machine {
  readonly heap: Heap;
  readonly runner: TaskRunner;
  readonly weights: WeightCache;
  /** With shared memory only. */
  readonly workspace: HeapWorkspace | undefined;
  /** Multiply-adds of a product or of a group of a convolution below which the plain loops are done before the tasks are set up. */
  readonly leastWork: number;
  /** Whether the emitted tiles use relaxed multiply-add. */
  readonly relaxed: boolean;
}

/** Allocates a block that lives as long as the scratch memory it belongs to. */
export type Allocate = (bytes: number) => number;

/**
 * Runs `work` with a function that allocates blocks; they are freed when it returns or throws.
 * @returns what `work` returns.
 */
export function withScratch<T>({ heap, weights }: Machine, work: (allocate: Allocate) => T): T {
  const blocks: number[] = [];
  try {
    return work((bytes) => {
      const block = heap.allocate(bytes, weights.makeRoom);
      blocks.push(block);
      return block;
    });
  } finally {
    for (const block of blocks) heap.free(block);
  }
}
