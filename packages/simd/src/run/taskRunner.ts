/** Runs tasks over the items of a call: here on the calling thread alone. */

import { DomainError } from '@rankwise/tensor';
import { fieldBytes } from '../emit/task.ts';
import type { Fields, Task, TaskValues } from '../emit/task.ts';
import type { Heap } from './heap.ts';

export interface TaskRunner {
  readonly threads: number;
  /**
   * Runs the items [0, items) of a task and returns when all are done.
   * @param work - vector instructions of all items together, roughly: what is too little to share is done by the caller alone
   * @throws DomainError after dispose
   */
  run<const F extends Fields>(task: Task<F>, values: TaskValues<F>, items: number, work: number): void;
  /** Ends the threads. Again does nothing. */
  dispose(): void;
}

export type TaskFunction = (block: number, from: number, to: number, thread: number) => void;

/** The emitted functions by name. */
export type TaskFunctions = Readonly<Record<string, TaskFunction>>;

/** Room for 32 fields. */
const blockBytes = 32 * fieldBytes;

export function singleRunner(functions: TaskFunctions, heap: Heap): TaskRunner {
  const block = allocateFields(heap);
  let disposed = false;
  return {
    threads: 1,
    run: (task, values, items) => {
      if (disposed) throw disposedError();
      if (items <= 0) return;
      writeFields(heap, block, task, values);
      functionOf(functions, task.name)(block, 0, items, 0);
    },
    dispose: () => {
      disposed = true;
    },
  };
}

/** A call after dispose. */
export function disposedError(): DomainError {
  return new DomainError('simd kernels: call: expected kernels in use, got disposed ones');
}

/** A block for the parameters of any task. */
export function allocateFields(heap: Heap): number {
  return heap.allocate(blockBytes);
}

/** Writes a task's parameters where its function reads them. */
export function writeFields<const F extends Fields>(
  heap: Heap,
  block: number,
  task: Task<F>,
  values: TaskValues<F>,
): void {
  const { i32, f64 } = heap;
  let address = block;
  for (const field in task.fields) {
    const value = values[field];
    if (task.fields[field] === 'i32') i32[address / 4] = value;
    else f64[address / 8] = value;
    address += fieldBytes;
  }
}

export function functionOf(functions: TaskFunctions, name: string): TaskFunction {
  const found = functions[name];
  if (found === undefined) throw new RangeError(`simd kernels: no task '${name}' was emitted`);
  return found;
}
