/** Kernels on emitted WebAssembly. */

import { DomainError, referenceKernels } from '@rankwise/tensor';
import type { Kernels } from '@rankwise/tensor';
import { emitKernelModule } from '../emit/kernelModule.ts';
import { probeFeatures } from '../features.ts';
import { createHeap } from './heap.ts';
import type { Machine } from './machine.ts';
import { matmul } from './matmul.ts';
import { singleRunner } from './taskRunner.ts';
import type { TaskFunctions } from './taskRunner.ts';

export interface SimdOptions {
  /** Whether multiply-adds that round once may be used where the engine has them. Default true. */
  readonly relaxedSimd?: boolean;
}

export interface SimdKernels extends Kernels {
  dispose(): void;
}

export async function createSimdKernels({ relaxedSimd = true }: SimdOptions = {}): Promise<SimdKernels> {
  const features = probeFeatures();
  if (!features.webAssembly) throw new DomainError(`createSimdKernels: expected WebAssembly, got ${features.reason}`);
  if (!features.simd) throw new DomainError('createSimdKernels: expected WebAssembly SIMD, got an engine without it');
  const relaxed = relaxedSimd && features.relaxedSimd;
  const limits = { initial: 16, maximum: 65_536, shared: false };
  const memory = new WebAssembly.Memory(limits);
  const module = await WebAssembly.compile(emitKernelModule({ memory: limits, relaxed }));
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  const heap = createHeap(memory, limits.maximum);
  const runner = singleRunner(instance.exports as unknown as TaskFunctions, heap);
  const machine: Machine = { heap, runner, relaxed };
  return {
    ...referenceKernels,
    name: 'simd',
    threads: runner.threads,
    features: relaxed ? ['simd128', 'relaxed-simd'] : ['simd128'],
    matmul: (call) => matmul(machine, call),
    dispose: () => runner.dispose(),
  };
}
