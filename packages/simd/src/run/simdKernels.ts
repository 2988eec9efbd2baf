/** Kernels on emitted WebAssembly. */

import { DomainError, referenceKernels } from '@rankwise/tensor';
import type { Kernels } from '@rankwise/tensor';
import { emitKernelModule } from '../emit/kernelModule.ts';
import { probeFeatures } from '../features.ts';
import type { Features } from '../features.ts';
import { checkThreadOptions } from '../threads/threadOptions.ts';
import type { ThreadOptions } from '../threads/threadOptions.ts';
import { sharedRunner } from '../threads/sharedRunner.ts';
import { createMemory, initialPages, mostPages } from './createMemory.ts';
import { auxiliaryStepInPlace } from './auxiliaryStep.ts';
import type { TransformSize } from '../plan/convolutionPlan.ts';
import { conv2d } from './conv2d.ts';
import { add, relu } from './elementwise.ts';
import { createHeap } from './heap.ts';
import type { Heap } from './heap.ts';
import type { Machine } from './machine.ts';
import { matmul } from './matmul.ts';
import { averagePool2d, maxPool2d } from './pool.ts';
import { singleRunner } from './taskRunner.ts';
import type { TaskFunctions, TaskRunner } from './taskRunner.ts';
import { createWeightCache } from './weightCache.ts';

const pageBytes = 65_536;
/** Bytes that packed weights may take by default. */
const defaultWeightBytes = 2 ** 30;

export interface SimdOptions extends ThreadOptions {
  /** Whether multiply-adds that round once may be used where the engine has them. Default true. */
  readonly relaxedSimd?: boolean;
  /**
   * Largest transform of minimal filtering (Winograd) along an axis, in points: 4 is F(2, 3), 6 is F(4, 3), 8 is F(6, 3). Larger
   * ones are faster and less exact. 0 turns it off. Default 8.
   */
  readonly winograd?: TransformSize | 0;
  /** Bytes that the linear memory may grow to. Default: 4 GiB, or what the engine grants of them. */
  readonly memoryLimit?: number;
}

export interface SimdKernels extends Kernels {
  /** Ends the threads; calls after it throw DomainError. Again does nothing. */
  dispose(): void;
}

export async function createSimdKernels(options: SimdOptions = {}): Promise<SimdKernels> {
  const { relaxedSimd = true, winograd = 8 } = options;
  const threadOptions = checkThreadOptions('createSimdKernels', options);
  const maximumPages = pagesOf(options.memoryLimit);
  const features = probeFeatures();
  if (!features.webAssembly) throw new DomainError(`createSimdKernels: expected WebAssembly, got ${features.reason}`);
  if (!features.simd) throw new DomainError('createSimdKernels: expected WebAssembly SIMD, got an engine without it');
  const relaxed = relaxedSimd && features.relaxedSimd;
  const shared = threadOptions.threads > 1 && features.threads;
  const { memory, maximum } = createMemory(shared, maximumPages);
  const limits = { initial: Math.min(initialPages, maximum), maximum: mostPages, shared };
  const module = await WebAssembly.compile(emitKernelModule({ memory: limits, relaxed }));
  const heap = createHeap(memory, maximum);
  const runner = await startRunner(module, heap, shared ? threadOptions : undefined);
  const weights = createWeightCache(heap, defaultWeightBytes);
  const machine: Machine = { heap, runner, weights, relaxed };
  return {
    ...referenceKernels,
    name: 'simd',
    threads: runner.threads,
    features: featureNames(features, relaxed, threadOptions.threads),
    matmul: (call) => matmul(machine, call),
    conv2d: (call) => conv2d(machine, call, winograd),
    maxPool2d: (call) => maxPool2d(machine, call),
    averagePool2d: (call) => averagePool2d(machine, call),
    relu: (input, output) => relu(machine, input, output),
    add: (a, b, output) => add(machine, a, b, output),
    auxiliaryStepInPlace: (call) => auxiliaryStepInPlace(machine, call),
    dispose: () => runner.dispose(),
  };
}

/** @param threadOptions - for shared memory; undefined for one thread */
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

function featureNames({ threads: sharing }: Features, relaxed: boolean, threads: number): readonly string[] {
  return [
    'simd128',
    ...(relaxed ? ['relaxed-simd'] : []),
    ...(threads === 1 ? [] : [sharing ? 'shared memory' : 'one thread: no shared memory']),
  ];
}

function pagesOf(memoryLimit: number = mostPages * pageBytes): number {
  const pages = Math.floor(memoryLimit / pageBytes);
  if (!(pages >= 1))
    throw new DomainError(`createSimdKernels: memoryLimit: expected at least ${pageBytes} bytes, got ${memoryLimit}`);
  return Math.min(pages, mostPages);
}
