/** Runs tasks over the items of a call: here on the calling thread alone. */

import { fieldBytes } from '../emit/task.ts';
import type { Fields, Task, TaskValues } from '../emit/task.ts';
import type { Heap } from './heap.ts';

export interface TaskRunner {
  readonly threads: number;
  /**
   * Runs the items [0, items) of a task and returns when all are done.
   * @param work - vector instructions of all items together, roughly: what is too little to share is done by the caller alone
   */
  run<const F extends Fields>(task: Task<F>, values: TaskValues<F>, items: number, work: number): void;
  dispose(): void;
}

/** The emitted functions by name. */
export type TaskFunctions = Readonly<Record<string, (block: number, from: number, to: number, thread: number) => void>>;

/** Room for 32 fields. */
const blockBytes = 32 * fieldBytes;

export function singleRunner(functions: TaskFunctions, heap: Heap): TaskRunner {
  const block = heap.allocate(blockBytes);
  return {
    threads: 1,
    run: (task, values, items) => {
      if (items <= 0) return;
      writeFields(heap, block, task, values);
      functionOf(functions, task.name)(block, 0, items, 0);
    },
    dispose: () => heap.free(block),
  };
}

/** Writes a task's parameters where its function reads them. */
export function writeFields<const F extends Fields>(
  heap: Heap,
  block: number,
  task: Task<F>,
  values: TaskValues<F>,
): void {
  const { i32, f64 } = heap;
  Object.entries(task.fields).forEach(([field, type], index) => {
    const address = block + index * fieldBytes;
    // The values have a number for each field.
    const value = values[field] as number;
    if (type === 'i32') i32[address >> 2] = value;
    else f64[address >> 3] = value;
  });
}

function functionOf(functions: TaskFunctions, name: string): TaskFunctions[string] {
  const found = functions[name];
  if (found === undefined) throw new RangeError(`simd kernels: no task '${name}' was emitted`);
  return found;
}
