/** Makes what the operations run on: the module is emitted and compiled, the memory and the threads are made. */

import { DomainError } from '@rankwise/tensor';
import { emitKernelModule } from '../emit/kernelModule.ts';
import { probeFeatures } from '../features.ts';
import { sharedRunner } from '../threads/sharedRunner.ts';
import type { ThreadOptions } from '../threads/threadOptions.ts';
import { createMemory, initialPages, mostPages } from './createMemory.ts';
import { createHeap } from './heap.ts';
import type { Heap } from './heap.ts';
import type { Machine } from './machine.ts';
import { singleRunner } from './taskRunner.ts';
import type { TaskFunctions, TaskRunner } from './taskRunner.ts';
import { createWeightCache } from './weightCache.ts';
import { createWorkspace } from './workspace.ts';

const pageBytes = 65_536;
/** Setting up takes some 20 to 50 µs, in which the plain loops do this many multiply-adds. */
const defaultLeastWork = 2 ** 14;
/** Windows, parameters and panels of a small layer fit; with less, hardly a call would find room. */
const leastMemory = initialPages * pageBytes;
/** Bytes that packed weights may take by default. */
const defaultWeightBytes = 2 ** 30;

/** Plain data: it can be sent to a worker. */
export interface MachineOptions {
  /** Whether relaxed multiply-add is emitted. */
  readonly relaxed: boolean;
  /** Pages of 64 KiB that the memory may grow to. */
  readonly maximumPages: number;
  /** See Machine. */
  readonly leastWork: number;
}

export interface MachineRequest {
  readonly relaxedSimd?: boolean;
  readonly memoryLimit?: number;
  readonly leastWork?: number;
}

/**
 * What is asked for and the engine has.
 *
 * @param caller - for messages
 * @throws DomainError when an option is no number or too small, or the engine lacks WebAssembly SIMD
 */
export function checkMachineOptions(caller: string, request: MachineRequest): MachineOptions {
  const { relaxedSimd = true, memoryLimit = mostPages * pageBytes, leastWork = defaultLeastWork } = request;
  // What a caller without types may pass is compared as it is, never converted.
  if (!(typeof leastWork === 'number' && leastWork >= 0)) {
    throw new DomainError(`${caller}: leastWork: expected a number of multiply-adds, got ${shown(leastWork)}`);
  }
  if (!(typeof memoryLimit === 'number' && memoryLimit >= leastMemory)) {
    throw new DomainError(
      `${caller}: memoryLimit: expected a number of bytes, at least ${leastMemory}, got ${shown(memoryLimit)}`,
    );
  }
  const maximumPages = Math.min(mostPages, Math.floor(memoryLimit / pageBytes));
  const features = probeFeatures();
  if (!features.webAssembly) throw new DomainError(`${caller}: expected WebAssembly, got ${features.reason}`);
  if (!features.simd) throw new DomainError(`${caller}: expected WebAssembly SIMD, got an engine without it`);
  return { relaxed: relaxedSimd && features.relaxedSimd, maximumPages, leastWork };
}

/** A value for a message: a string with its quotes. */
function shown(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}

/**
 * @param threadOptions - for several threads, where memory can be shared; undefined for one
 * @throws MemoryError when the memory is refused, WorkerError when a worker cannot be started
 */
export async function createMachine(
  { relaxed, maximumPages, leastWork }: MachineOptions,
  threadOptions?: Required<ThreadOptions>,
): Promise<Machine> {
  const shared = probeFeatures().threads;
  const { memory, maximum } = createMemory(shared, maximumPages);
  const limits = { initial: Math.min(initialPages, maximum), maximum: mostPages, shared };
  const module = await WebAssembly.compile(emitKernelModule({ memory: limits, relaxed }));
  const heap = createHeap(memory, maximum);
  const runner = await startRunner(module, heap, threadOptions);
  const weights = createWeightCache(heap, defaultWeightBytes);
  const workspace = shared ? createWorkspace(heap, (maximum * pageBytes) / 4) : undefined;
  return { heap, runner, weights, workspace, leastWork, relaxed };
}

async function startRunner(
  module: WebAssembly.Module,
  heap: Heap,
  threadOptions: Required<ThreadOptions> | undefined,
): Promise<TaskRunner> {
  const { exports } = await WebAssembly.instantiate(module, { env: { memory: heap.memory } });
  // The module exports its functions and nothing else; those asked for by a task's name take a task's arguments.
  const functions = exports as unknown as TaskFunctions;
  if (threadOptions === undefined) return singleRunner(functions, heap);
  return sharedRunner({ module, functions, heap, ...threadOptions });
}
