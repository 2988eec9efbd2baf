/** Kernels on emitted WebAssembly. */

import { DomainError } from '@rankwise/tensor';
import type { Conv2dCall, Kernels, MatmulCall, Shape, Workspace } from '@rankwise/tensor';
import { probeFeatures } from '../features.ts';
import { transformSizes } from '../plan/convolutionPlan.ts';
import type { TransformSize } from '../plan/convolutionPlan.ts';
import { checkThreadOptions } from '../threads/threadOptions.ts';
import type { ThreadOptions } from '../threads/threadOptions.ts';
import { auxiliaryStepInPlace } from './auxiliaryStep.ts';
import { conv2d } from './conv2d.ts';
import { checkMachineOptions, createMachine } from './createMachine.ts';
import type { Machine } from './machine.ts';
import { symmetricTimesVector } from './symmetricTimesVector.ts';
import { disposedError } from './taskRunner.ts';
import { add, relu } from './elementwise.ts';
import { matmul } from './matmul.ts';
import { averagePool2d, maxPool2d } from './pool.ts';

/** @throws DomainError when it is none of the transforms that exist. */
export function checkTransform(caller: string, winograd: TransformSize | 0): void {
  if (winograd === 0 || transformSizes.includes(winograd)) return;
  throw new DomainError(`${caller}: winograd: expected 0, ${transformSizes.join(', ')}, got ${String(winograd)}`);
}

/** F(6, 3): see SimdOptions. */
export const defaultTransform: TransformSize = 8;

export interface SimdOptions extends ThreadOptions {
  /** Whether multiply-adds that round once may be used where the engine has them. Default true. */
  readonly relaxedSimd?: boolean;
  /**
   * Largest transform of minimal filtering (Winograd) along an axis, in points: 4 is F(2, 3), 6 is F(4, 3), 8 is F(6, 3). Larger
   * ones are faster and less exact. 0 turns it off. Default 8.
   */
  readonly winograd?: TransformSize | 0;
  /**
   * Multiply-adds below which a product, or a group of a convolution, is left to the plain loops, which have done it before tasks are
   * set up. Default 16,384.
   */
  readonly leastWork?: number;
  /** Bytes that the linear memory may grow to, at least 1 MiB. Default: 4 GiB, or what the engine grants of them. */
  readonly memoryLimit?: number;
}

export interface SimdKernels extends Kernels {
  /** Ends the threads; calls after it throw DomainError. Again does nothing. */
  dispose(): void;
}

/**
 * Kernels on WebAssembly SIMD: the module is emitted, compiled and made ready, and with `threads` above 1 so are its workers.
 *
 * Products and convolutions compute in the precision of their output; see README.md for the bounds of minimal filtering. Results are
 * bit-identical for any number of threads. Where memory can be shared the kernels have a workspace.
 * @throws DomainError when the engine has no WebAssembly SIMD or forbids compiling (the message says which), or an option is out of range.
 * @throws MemoryError when the engine refuses the memory.
 * @throws WorkerError when a worker cannot be started.
 * @example
 * import { createSimdKernels } from '@rankwise/simd';
 * import { fromNested, toNested, zeros } from '@rankwise/tensor';
 * const kernels = await createSimdKernels();
 * const out = zeros('f32', [1, 1]);
 * kernels.matmul({ a: fromNested('f32', [[1, 2]]), b: fromNested('f32', [[3], [4]]), out });
 * kernels.dispose();
 * toNested(out) // => [[11]]
 */
export async function createSimdKernels(options: SimdOptions = {}): Promise<SimdKernels> {
  const { winograd = defaultTransform } = options;
  checkTransform('createSimdKernels', winograd);
  const threadOptions = checkThreadOptions('createSimdKernels', options);
  const machineOptions = checkMachineOptions('createSimdKernels', options);
  const shared = threadOptions.threads > 1 && probeFeatures().threads;
  const machine = await createMachine(machineOptions, shared ? threadOptions : undefined);
  const { runner } = machine;
  let disposed = false;
  const whileInUse =
    <A extends unknown[], R>(work: (machine: Machine, ...args: A) => R) =>
    (...args: A): R => {
      // Small calls do not reach the tasks, and must not outlive them either.
      if (disposed) throw disposedError();
      return work(machine, ...args);
    };
  const workspace: Workspace | undefined = machine.workspace && {
    borrow: whileInUse(({ workspace: lender }, dtype, shape: Shape) => lender?.borrow(dtype, shape)),
    release: machine.workspace.release,
  };
  return {
    name: 'simd',
    threads: runner.threads,
    features: featureNames(machine.relaxed, shared, threadOptions.threads),
    matmul: whileInUse((used, call: MatmulCall) => matmul(used, call)),
    conv2d: whileInUse((used, call: Conv2dCall) => conv2d(used, call, winograd)),
    maxPool2d: whileInUse(maxPool2d),
    averagePool2d: whileInUse(averagePool2d),
    relu: whileInUse(relu),
    add: whileInUse(add),
    symmetricTimesVector: whileInUse(symmetricTimesVector),
    auxiliaryStepInPlace: whileInUse(auxiliaryStepInPlace),
    ...(workspace === undefined ? {} : { workspace }),
    dispose: () => {
      disposed = true;
      runner.dispose();
    },
  };
}

function featureNames(relaxed: boolean, shared: boolean, threads: number): readonly string[] {
  return [
    'simd128',
    ...(relaxed ? ['relaxed-simd'] : []),
    ...(threads === 1 ? [] : [shared ? 'shared memory' : 'one thread: no shared memory']),
  ];
}
