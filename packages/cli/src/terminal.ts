/**
 * What a command needs of the process it runs in: two streams, the environment, a clock and the interrupt signal.
 *
 * Commands get it passed in, so that tests run them in-process with streams of their own. Nothing else in this package
 * touches `process`.
 */

import { describeSystemError, exitCodes } from './failures.ts';

export interface Output {
  write(text: string): void;
  /** True when a person looks at it: progress may be drawn. */
  readonly isTerminal: boolean;
  /** Characters in a line. */
  readonly columns: number;
}

export interface Terminal {
  /** Results, and nothing else. */
  readonly stdout: Output;
  /** Messages and progress. */
  readonly stderr: Output;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Milliseconds from any fixed moment. */
  now(): number;
  /** Calls the listener once at the first interrupt; a second one ends the process. Returns what takes the listener off again. */
  onInterrupt(listener: () => void): () => void;
}

const defaultColumns = 80;

/** The terminal of this process. Output that cannot be written is a failure (exit code 1, one line); but a reader of its output that goes away (EPIPE) is no failure: the rest is dropped. */
export function processTerminal(): Terminal {
  const stderr = outputOf(process.stderr);
  return {
    stdout: outputOf(process.stdout, (reason) => stderr.write(`rankwise: cannot write the output: ${reason}\n`)),
    stderr,
    environment: process.env,
    now: () => performance.now(),
    onInterrupt: (listener) => {
      // Once: the second interrupt finds no listener, and Node's own way of ending applies.
      process.once('SIGINT', listener);
      process.once('SIGTERM', listener);
      return () => {
        process.off('SIGINT', listener);
        process.off('SIGTERM', listener);
      };
    },
  };
}

function outputOf(stream: NodeJS.WriteStream, onFailure: (reason: string) => void = () => {}): Output {
  let open = true;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    const first = open;
    open = false;
    if (error.code === 'EPIPE') return;
    process.exitCode = exitCodes.failed;
    if (first) onFailure(describeSystemError(error));
  });
  return {
    write: (text) => {
      if (open) stream.write(text);
    },
    isTerminal: stream.isTTY,
    get columns() {
      // Undefined where there is no terminal, 0 where one does not say.
      return stream.columns > 0 ? stream.columns : defaultColumns;
    },
  };
}
