/** The options that concern threads, with their defaults. */

import { DomainError } from '@rankwise/tensor';
import { createWorker } from './createWorker.ts';
import type { CreateWorker } from './startWorkers.ts';

/** More would contend for memory on any machine of today. */
const mostThreads = 64;
/** Milliseconds; between a task's chunks pass a few at most, but a busy machine may stop a thread for long. */
const defaultTimeout = 10_000;

export interface ThreadOptions {
  /** Threads to compute on, the caller's included: 1 (the default) to 64. More than one needs Node 20.16, in Node. */
  readonly threads?: number;
  /** Milliseconds without a sign of a worker after which it counts as dead. Default 10,000. */
  readonly timeout?: number;
  /** Makes the workers. Default: a module worker (Node: a worker thread) from the package's own script. */
  readonly createWorker?: CreateWorker;
}

/**
 * @param caller - for messages
 * @throws DomainError when `threads` is not a whole number from 1 to 64, or `timeout` not a positive number
 */
export function checkThreadOptions(caller: string, options: ThreadOptions): Required<ThreadOptions> {
  const { threads = 1, timeout = defaultTimeout } = options;
  if (!(Number.isInteger(threads) && threads >= 1 && threads <= mostThreads))
    throw new DomainError(`${caller}: threads: expected a whole number from 1 to ${mostThreads}, got ${threads}`);
  // Timers hold 31 bits.
  if (!(timeout > 0 && timeout < 2 ** 31))
    throw new DomainError(`${caller}: timeout: expected milliseconds above 0 and below 2^31, got ${timeout}`);
  return { threads, timeout, createWorker: options.createWorker ?? createWorker };
}
