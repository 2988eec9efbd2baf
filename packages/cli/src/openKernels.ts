/**
 * The kernels to compute with: those of @rankwise/simd where they can be had, else the reference kernels, which need nothing.
 *
 * The package is loaded when it is asked for, so that it may be missing. What `auto` tries, in this order:
 *
 * | kernels                             | not there                                                                       |
 * |-------------------------------------|---------------------------------------------------------------------------------|
 * | simd, as many threads as asked for  | no package, no WebAssembly or no SIMD in it, memory or a worker thread refused  |
 * | simd, one thread                    | as above but for the threads                                                    |
 * | reference                           | always there                                                                    |
 */

import { availableParallelism } from 'node:os';

import { referenceKernels } from '@rankwise/tensor';
import type { Kernels } from '@rankwise/tensor';

import { CommandError, codeOf } from './failures.ts';

/** More gain little on the small networks this command is used for, and a shared machine has other work. */
const mostDefaultThreads = 8;

export const kernelChoices = ['auto', 'simd', 'reference'] as const;

export type KernelChoice = (typeof kernelChoices)[number];

export interface OpenKernelsOptions {
  /** Default `auto`: simd, or what comes nearest to it. */
  readonly choice?: KernelChoice;
  /** For simd kernels. Default: one for each processor, at most 8. */
  readonly threads?: number;
  /** Loads the package; for tests. */
  readonly load?: () => Promise<SimdPackage>;
}

/** What is used of @rankwise/simd. */
export interface SimdPackage {
  probeFeatures(): { readonly reason: string | undefined };
  createSimdKernels(options: { readonly threads: number }): Promise<DisposableKernels>;
}

export interface DisposableKernels extends Kernels {
  dispose(): void;
}

export interface OpenedKernels {
  readonly kernels: Kernels;
  /** Why these and no faster ones; undefined when they are what was asked for. */
  readonly fallback: string | undefined;
  /** Ends their threads. */
  dispose(): void;
}

/** As many threads as are used when none are asked for. */
export function defaultThreads(): number {
  return Math.min(mostDefaultThreads, availableParallelism());
}

/**
 * Finds the kernels to compute with.
 * @throws CommandError when the choice is `simd` and they cannot be had with that number of threads; `auto` never fails.
 * @example
 * import { openKernels } from '@rankwise/cli';
 * const { kernels, fallback, dispose } = await openKernels({ choice: 'reference' });
 * kernels.name // => 'reference'
 * fallback // => undefined
 * dispose();
 */
export async function openKernels(options: OpenKernelsOptions = {}): Promise<OpenedKernels> {
  const { choice = 'auto', threads = defaultThreads(), load = loadSimd } = options;
  if (choice === 'reference') return { kernels: referenceKernels, fallback: undefined, dispose: () => {} };
  let fallback: string | undefined;
  for (const count of choice === 'auto' && threads > 1 ? [threads, 1] : [threads]) {
    try {
      return opened(await createKernels(load, count), fallback);
    } catch (error) {
      if (choice === 'simd') throw new CommandError(`--kernels simd: ${reasonOf(error)}`);
      fallback = reasonOf(error);
    }
  }
  return { kernels: referenceKernels, fallback, dispose: () => {} };
}

/** What a line of text says of kernels: `simd kernels, 2 threads (simd128, shared memory)`. */
export function describeKernels({ name, threads, features }: Kernels): string {
  const extras = features.length === 0 ? '' : ` (${features.join(', ')})`;
  return `${name} kernels, ${threads} ${threads === 1 ? 'thread' : 'threads'}${extras}`;
}

function opened(kernels: DisposableKernels, fallback: string | undefined): OpenedKernels {
  return { kernels, fallback, dispose: () => kernels.dispose() };
}

async function createKernels(load: () => Promise<SimdPackage>, threads: number): Promise<DisposableKernels> {
  const simd = await load();
  const { reason } = simd.probeFeatures();
  if (reason !== undefined) throw new CommandError(reason);
  return simd.createSimdKernels({ threads });
}

function loadSimd(): Promise<SimdPackage> {
  return import('@rankwise/simd');
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const missing = codeOf(error) === 'ERR_MODULE_NOT_FOUND' && message.includes("'@rankwise/simd'");
  return missing ? 'the package @rankwise/simd is not installed' : message;
}
