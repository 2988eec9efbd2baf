/**
 * Kernels on several threads where no memory can be shared: asynchronous, by messages.
 *
 * Each worker has single-threaded kernels of its own. A call is cut over its outputs (see kernelParts.ts); operands go as copies, and
 * the results are written into the caller's output when all have come: bit by bit those of createSimdKernels with the same options.
 */

import { assignInPlace, checkConv2dCall, checkMatmulCall } from '@rankwise/tensor';
import type { Conv2dCall, MatmulCall } from '@rankwise/tensor';
import { chooseConvolution } from '../plan/convolutionPlan.ts';
import { checkMachineOptions } from '../run/createMachine.ts';
import { productWay } from '../run/matmul.ts';
import { checkTransform, defaultTransform } from '../run/simdKernels.ts';
import type { SimdOptions } from '../run/simdKernels.ts';
import { disposedError } from '../run/taskRunner.ts';
import { conv2dParts, matmulParts } from './kernelParts.ts';
import type { KernelPart } from './kernelParts.ts';
import type { KernelWorkerStart } from './kernelMessages.ts';
import { requestQueue } from './requestQueue.ts';
import type { RequestQueue } from './requestQueue.ts';
import { defaultStartTimeout, startWorkers } from './startWorkers.ts';
import { checkThreadOptions } from './threadOptions.ts';

export interface KernelPool {
  /** Workers; the caller does not compute. */
  readonly threads: number;
  /**
   * As Kernels.matmul. The operands are read before the promise is returned; `out` is written just before it is fulfilled, or not at all.
   * Rejects with the errors of that method, with MemoryError, with WorkerError, or with DomainError after dispose.
   */
  matmul(call: MatmulCall): Promise<void>;
  /** As Kernels.conv2d, and as above. */
  conv2d(call: Conv2dCall): Promise<void>;
  /** Ends the workers; calls under way are rejected. Again does nothing. */
  dispose(): void;
}

/**
 * Makes a pool: as createSimdKernels, `timeout` being the longest that a worker may take for its part of a call.
 *
 * @throws DomainError when an option is out of range, or the engine lacks WebAssembly SIMD
 * @throws WorkerError when a worker cannot be started
 * @example
 * import { createKernelPool } from '@rankwise/simd';
 * import { zeros } from '@rankwise/tensor';
 * async function multiply(threads: number): Promise<Float32Array> {
 *   const pool = await createKernelPool({ threads });
 *   const out = zeros('f32', [2, 2]);
 *   await pool.matmul({ a: zeros('f32', [2, 3]), b: zeros('f32', [3, 2]), out });
 *   pool.dispose();
 *   return out.data;
 * }
 * await multiply(65) // => throws DomainError: createKernelPool: threads: expected a whole number from 1 to 64, got 65
 */
export async function createKernelPool(options: SimdOptions = {}): Promise<KernelPool> {
  const { threads, timeout, createWorker } = checkThreadOptions('createKernelPool', options);
  const { winograd = defaultTransform } = options;
  checkTransform('createKernelPool', winograd);
  const machine = checkMachineOptions('createKernelPool', options);
  const start: KernelWorkerStart = { options: machine };
  const queues: RequestQueue[] = [];
  let failure: Error | undefined;
  const fail = (error: Error): void => {
    failure ??= error;
    for (const queue of queues) queue.close(failure);
  };
  const early: (() => void)[] = [];
  const ports = await startWorkers({
    kind: 'kernels',
    count: threads,
    create: createWorker,
    timeout: defaultStartTimeout,
    greeting: () => start,
    message: (index, data) => queues[index]?.receive(data),
    // A worker may stop while others are still starting.
    stopped: (index, reason) =>
      queues[index] === undefined ? early.push(() => stop(index, reason)) : stop(index, reason),
  });
  const stop = (index: number, reason: string): void => queues[index]?.fail(`expected it to run, got ${reason}`);
  for (const [index, port] of ports.entries())
    queues.push(requestQueue({ port, timeout, name: `worker ${index + 1} of ${threads}`, failed: fail }));
  for (const report of early) report();
  const run = async (parts: readonly KernelPart[]): Promise<void> => {
    if (failure !== undefined) throw failure;
    const outs = await Promise.all(parts.map(({ work }, index) => queues[index]?.request(work)));
    parts.forEach(({ target }, index) => {
      const out = outs[index];
      if (out !== undefined) assignInPlace(target, out);
    });
  };
  return {
    threads,
    matmul: async (call) => {
      checkMatmulCall(call);
      await run(matmulParts(call, productWay(machine, call), threads));
    },
    conv2d: async (call) => {
      const extents = checkConv2dCall(call);
      const plan = chooseConvolution(extents, call, {
        ...machine,
        largest: winograd,
      });
      await run(conv2dParts(call, extents, plan, threads));
    },
    dispose: () => fail(disposedError()),
  };
}
