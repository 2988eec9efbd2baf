/** Runners and workers for the tests of threads. */

import { Worker } from 'node:worker_threads';
import { i32, moduleBuilder } from '@rankwise/simd';
import { emitTask } from '../../../packages/simd/src/emit/task.ts';
import { createMemory, initialPages, mostPages } from '../../../packages/simd/src/run/createMemory.ts';
import { createHeap } from '../../../packages/simd/src/run/heap.ts';
import type { Heap } from '../../../packages/simd/src/run/heap.ts';
import type { TaskFunctions, TaskRunner } from '../../../packages/simd/src/run/taskRunner.ts';
import { createWorker } from '../../../packages/simd/src/threads/createWorker.ts';
import { sharedRunner } from '../../../packages/simd/src/threads/sharedRunner.ts';
import type { CreateWorker } from '../../../packages/simd/src/threads/startWorkers.ts';

/** Work enough to be shared. */
export const muchWork = 1e9;

/** Adds 1 to the i32 of each item, after `turns` turns of a loop. */
export const countTask = { name: 'count', fields: { target: 'i32', turns: 'i32' } } as const;
/** Traps on any thread but `good`. */
export const trapTask = { name: 'trap', fields: { good: 'i32', turns: 'i32' } } as const;

function testModule(): Uint8Array<ArrayBuffer> {
  const module = moduleBuilder({ initial: initialPages, maximum: mostPages, shared: true });
  emitTask(module, countTask, (f, { target, turns }, { from, to }) => {
    const item = f.local('i32');
    const turn = f.local('i32');
    f.count(item, from.get(), to.get(), 1, () => {
      const address = () => i32.add(target.get(), i32.mul(item.get(), i32.const(4)));
      f.count(turn, i32.const(0), turns.get(), 1, () => {});
      f.do(i32.store(address(), i32.add(i32.load(address()), i32.const(1))));
    });
  });
  emitTask(module, trapTask, (f, { good, turns }, { thread }) => {
    const turn = f.local('i32');
    f.if(i32.ne(thread.get(), good.get()), () => f.unreachable());
    f.count(turn, i32.const(0), turns.get(), 1, () => {});
  });
  return module.encode();
}

export interface TestRunner {
  readonly runner: TaskRunner;
  readonly heap: Heap;
}

/** A runner of the two tasks above. */
export async function testRunner(
  threads: number,
  options: { readonly createWorker?: CreateWorker; readonly timeout?: number; readonly startTimeout?: number } = {},
): Promise<TestRunner> {
  const { memory, maximum } = createMemory(true, mostPages);
  const module = await WebAssembly.compile(testModule());
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  const heap = createHeap(memory, maximum);
  const functions = exports as unknown as TaskFunctions;
  const runner = await sharedRunner({ module, functions, heap, threads, timeout: 10_000, createWorker, ...options });
  return { runner, heap };
}

/** Makes workers that fail as faultyWorker.mjs says. */
export function faulty(fault: 'mute' | 'crash' | 'refuse' | 'hang' | 'exit'): CreateWorker {
  return () => new Worker(new URL('./faultyWorker.mjs', import.meta.url), { workerData: fault, execArgv: [] });
}

/** Makes good workers and keeps them in a list. */
export function keptWorkers(): { readonly workers: Worker[]; readonly create: CreateWorker } {
  const workers: Worker[] = [];
  const create: CreateWorker = async (kind) => {
    const worker = await createWorker(kind);
    if (!(worker instanceof Worker)) throw new TypeError('expected a worker of Node');
    workers.push(worker);
    return worker;
  };
  return { workers, create };
}
