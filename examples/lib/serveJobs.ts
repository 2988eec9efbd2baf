/** A worker thread that prepares a task once and then does the jobs it is sent, one at a time. */

import { parentPort, workerData } from 'node:worker_threads';
import { openKernels } from '@rankwise/cli';
import type { Task } from './methods.ts';
import type { JobRequest, WorkerMessage, Workshop } from './workerPool.ts';

/** Serves a workshop in this thread, on kernels of the kind that the task names. */
export async function serveJobs<Prepared, Job, Result>(workshop: Workshop<Task, Prepared, Job, Result>): Promise<void> {
  const post = (message: WorkerMessage<Result>): void => parentPort?.postMessage(message);
  const progressOf =
    (index: number) =>
    ({ fraction }: { readonly fraction: number }): void =>
      post({ kind: 'progress', index, fraction });
  const fail = (error: unknown): void =>
    post({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  try {
    // workerData is whatever the thread was started with; workerPool.ts gives a module and its task.
    const { task } = workerData as { readonly task: Task };
    const { kernels } = await openKernels({ choice: task.kernels, threads: 1 });
    const prepared = await workshop.prepare(task, kernels, progressOf(-1));
    parentPort?.on('message', ({ index, job }: JobRequest<Job>) => {
      workshop
        .run(prepared, job, progressOf(index))
        .then((result) => post({ kind: 'finished', index, result }))
        .catch(fail);
    });
    post({ kind: 'ready' });
  } catch (error) {
    fail(error);
  }
}
