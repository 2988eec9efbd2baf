/**
 * Starts workers and waits until each has said that it is ready.
 *
 * A worker answers its first message by `{ kind: 'ready' }` or `{ kind: 'failed', message }`.
 */

import { WorkerError } from './workerError.ts';
import { connectWorker, reasonOf } from './workerPort.ts';
import type { WorkerLike, WorkerPort } from './workerPort.ts';

/** Milliseconds that workers have to start: loading their script may take long on a busy machine or a slow network. */
export const defaultStartTimeout = 30_000;

/** `tasks`: runs worker.js, on shared memory. `kernels`: runs kernelWorker.js, on copies. */
export type WorkerKind = 'tasks' | 'kernels';

/** Makes a worker that runs the script of its kind; for pages whose policy wants workers made in a certain way. */
export type CreateWorker = (kind: WorkerKind) => WorkerLike | Promise<WorkerLike>;

export interface StartOptions {
  readonly kind: WorkerKind;
  readonly count: number;
  readonly create: CreateWorker;
  /** Milliseconds for all to become ready. */
  readonly timeout: number;
  /** The first message to worker `index` (from 0). */
  readonly greeting: (index: number) => unknown;
  /** Later messages. */
  readonly message: (index: number, data: unknown) => void;
  /** A worker stopped or failed after the start. */
  readonly stopped: (index: number, reason: string) => void;
}

/** @throws WorkerError when one cannot be made, fails, or is not ready in time; the others are ended */
export async function startWorkers(options: StartOptions): Promise<readonly WorkerPort[]> {
  const started = Array.from({ length: options.count }, (_, index) => startWorker(options, index));
  const results = await Promise.allSettled(started);
  const ports = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failure = results.find((result) => result.status === 'rejected');
  if (failure !== undefined) {
    for (const port of ports) port.terminate();
    throw failure.reason;
  }
  for (const port of ports) port.unref();
  return ports;
}

async function startWorker(options: StartOptions, index: number): Promise<WorkerPort> {
  const { kind, count, create } = options;
  try {
    return await greet(options, index, await create(kind));
  } catch (error) {
    throw new WorkerError(
      `simd kernels: worker ${index + 1} of ${count}: expected it to start, got ${reasonOf(error)}`,
    );
  }
}

/** Sends the first message and waits for its answer. */
function greet(options: StartOptions, index: number, worker: WorkerLike): Promise<WorkerPort> {
  return new Promise((resolve, reject) => {
    let ready = false;
    const fail = (reason: string): void => {
      clearTimeout(timer);
      port.terminate();
      reject(new Error(reason));
    };
    const port = connectWorker(worker, {
      message: (data) => {
        if (ready) return options.message(index, data);
        if (isAnswer(data) && data.kind === 'failed') return fail(data.message ?? 'a failure');
        if (!isAnswer(data) || data.kind !== 'ready') return fail('another message than ready');
        ready = true;
        clearTimeout(timer);
        resolve(port);
      },
      stopped: (reason) => (ready ? options.stopped(index, reason) : fail(reason)),
    });
    const timer = setTimeout(() => fail(`no answer within ${options.timeout} ms`), options.timeout);
    try {
      port.post(options.greeting(index));
    } catch (error) {
      // Where agents may not share memory, the message cannot be sent.
      fail(reasonOf(error));
    }
  });
}

function isAnswer(data: unknown): data is { readonly kind: string; readonly message?: string } {
  return data instanceof Object && 'kind' in data;
}
