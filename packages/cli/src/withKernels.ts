/** Work on kernels that are there for as long as it takes, and what is said of them. */

import { CommandError } from './failures.ts';
import { openKernels } from './openKernels.ts';
import type { OpenKernelsOptions, OpenedKernels } from './openKernels.ts';
import type { Terminal } from './terminal.ts';

/** Kernels as --json tells of them. */
export interface KernelsRecord {
  readonly name: string;
  readonly threads: number;
  readonly features: readonly string[];
  /** Why no faster ones were used; null when they are what was asked for. */
  readonly fallback: string | null;
}

/**
 * Runs `work` with the kernels asked for and ends their threads, however it ends. Says on stderr when they are not the fastest, and why.
 * @throws CommandError when kernels that were insisted on cannot be had, or a thread of theirs fails; and what `work` throws.
 * @example
 * import { processTerminal, withKernels } from '@rankwise/cli';
 * await withKernels({ choice: 'reference' }, processTerminal(), async ({ kernels }) => kernels.name) // => 'reference'
 */
export async function withKernels<T>(
  request: OpenKernelsOptions,
  { stderr }: Pick<Terminal, 'stderr'>,
  work: (opened: OpenedKernels) => Promise<T>,
): Promise<T> {
  const opened = await openKernels(request);
  try {
    if (opened.fallback !== undefined) stderr.write(`${fallbackNote(opened)}\n`);
    return await work(opened);
  } catch (error) {
    // The package that has the class may not be loaded: its name has to do.
    if (!(error instanceof Error) || error.name !== 'WorkerError') throw error;
    throw new CommandError(`${error.message}; --threads 1 or --kernels reference does without workers`);
  } finally {
    opened.dispose();
  }
}

export function kernelsRecord({ kernels, fallback }: OpenedKernels): KernelsRecord {
  const { name, threads, features } = kernels;
  return { name, threads, features, fallback: fallback ?? null };
}

function fallbackNote({ kernels, fallback }: OpenedKernels): string {
  const what =
    kernels.name === 'reference' ? 'the reference kernels, which are slower' : `${kernels.name} kernels on one thread`;
  return `note: computing with ${what}: ${fallback}`;
}
