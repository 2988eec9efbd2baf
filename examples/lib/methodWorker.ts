/** A worker thread that prepares a task once and then runs the methods it is sent, one at a time. */

import { parentPort, workerData } from 'node:worker_threads';
import { openKernels } from '@rankwise/cli';
import { prepareTask, runMethod } from './methods.ts';
import type { Method, MethodResult, Task } from './methods.ts';

/** To the worker: which method to run next. */
export interface MethodRequest {
  readonly index: number;
  readonly method: Method;
}

/** From the worker. `index` is that of the method; −1 stands for the preparation. */
export type WorkerMessage =
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'finished'; readonly index: number; readonly result: MethodResult }
  | { readonly kind: 'progress'; readonly index: number; readonly fraction: number }
  | { readonly kind: 'ready' };

const post = (message: WorkerMessage): void => parentPort?.postMessage(message);
const progressOf =
  (index: number) =>
  ({ fraction }: { readonly fraction: number }): void =>
    post({ kind: 'progress', index, fraction });

try {
  // workerData is whatever the thread was started with; methodPool.ts gives a Task.
  const task = workerData as Task;
  const { kernels } = await openKernels({ choice: task.kernels, threads: 1 });
  const prepared = await prepareTask(task, kernels, progressOf(-1));
  parentPort?.on('message', ({ index, method }: MethodRequest) => {
    runMethod(prepared, method, progressOf(index)).then(
      (result) => post({ kind: 'finished', index, result }),
      (error: unknown) => post({ kind: 'failed', message: messageOf(error) }),
    );
  });
  post({ kind: 'ready' });
} catch (error) {
  post({ kind: 'failed', message: messageOf(error) });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
