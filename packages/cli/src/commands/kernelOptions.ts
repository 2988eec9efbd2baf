/** The options by which every command that computes takes its kernels. */

import { UsageError } from '../failures.ts';
import { defaultThreads, kernelChoices } from '../openKernels.ts';
import type { OpenKernelsOptions } from '../openKernels.ts';
import type { OptionSpec, OptionValues } from '../options.ts';

/** What @rankwise/simd takes. */
const mostThreads = 64;

export const kernelOptions: Readonly<Record<string, OptionSpec>> = {
  kernels: {
    argument: 'KIND',
    text:
      'What computes: simd (WebAssembly, needs the package @rankwise/simd), reference (plain JavaScript, needs nothing), or ' +
      'auto: simd where it can be had, else reference.',
    fallback: 'auto',
  },
  threads: {
    argument: 'N',
    text: 'Threads of the simd kernels. The result is the same to the last bit with any number.',
    otherwise: 'one for each processor, at most 8',
  },
};

/**
 * What --kernels and --threads say.
 * @throws UsageError when they are malformed or contradict each other.
 */
export function readKernelOptions(options: OptionValues): Required<Omit<OpenKernelsOptions, 'load'>> {
  const choice = options.choice('kernels', kernelChoices) ?? 'auto';
  const threads = options.integer('threads', { least: 1, most: mostThreads });
  if (choice === 'reference' && threads !== undefined && threads > 1) {
    throw new UsageError(`--threads: expected 1 with --kernels reference, got ${threads}`);
  }
  return { choice, threads: threads ?? defaultThreads() };
}
