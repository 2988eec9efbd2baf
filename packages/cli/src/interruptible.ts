/** Long work that an interrupt (Ctrl-C) ends in good order. */

import { CommandError } from './failures.ts';
import type { Terminal } from './terminal.ts';

/**
 * Runs `work` with a signal that is aborted at the first interrupt. A second interrupt ends the process at once.
 * @param outcome - what is left after an interrupt, for the message
 * @throws CommandError `interrupted` when the work ended because of it; otherwise what the work throws.
 */
export async function interruptible<T>(
  terminal: Terminal,
  work: (signal: AbortSignal) => Promise<T>,
  outcome: () => Promise<string> = async () => 'nothing was written',
): Promise<T> {
  const controller = new AbortController();
  const interrupted = new CommandError('interrupted');
  const stopListening = terminal.onInterrupt(() => controller.abort(interrupted));
  try {
    return await work(controller.signal);
  } catch (error) {
    throw error === interrupted ? new CommandError(`interrupted; ${await outcome()}`) : error;
  } finally {
    stopListening();
  }
}

/** Lets timers and signals through; throws the signal's reason once it is aborted. */
export async function takeTurn(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
  signal.throwIfAborted();
}
