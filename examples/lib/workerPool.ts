/**
 * Several jobs on several threads. Each thread prepares for itself (the same seed, so to the same bits), then takes the next job that nobody
 * has; the first failure ends the run.
 */

import { Worker } from 'node:worker_threads';
import type { Kernels } from '@rankwise/tensor';

/** What preparing weighs in the progress, in jobs. */
const preparationWeight = 0.5;

type OnProgress = (event: { readonly fraction: number }) => void;

/** How jobs are done. Tasks, jobs and results are plain data, as they are sent between threads. */
export interface Workshop<Task, Prepared, Job, Result> {
  prepare(task: Task, kernels: Kernels, onProgress: OnProgress): Promise<Prepared>;
  run(prepared: Prepared, job: Job, onProgress: OnProgress): Promise<Result>;
}

export interface PoolOptions<Job, Result> {
  /** 1 runs everything in this thread. */
  readonly threads: number;
  /** Share of the whole work that is done, 0…1. */
  readonly onProgress: (fraction: number) => void;
  /** Called as each job ends, in the order they end. The next job of that thread waits for it. */
  readonly onResult?: (result: Result, job: Job) => Promise<void> | void;
  /** Ends the threads and rejects with its reason; what `onResult` was given is finished. */
  readonly signal?: AbortSignal;
}

/** To a worker: which job to do next. */
export interface JobRequest<Job> {
  readonly index: number;
  readonly job: Job;
}

/** From a worker. `index` is that of the job; −1 stands for the preparation. */
export type WorkerMessage<Result> =
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'finished'; readonly index: number; readonly result: Result }
  | { readonly kind: 'progress'; readonly index: number; readonly fraction: number }
  | { readonly kind: 'ready' };

/**
 * Does every job of a task; results in the order of `jobs`.
 * @param module - the TypeScript module that serves the same workshop in a worker (serveJobs)
 * @param kernels - for this thread, should it do the work
 */
export async function runJobs<Task, Prepared, Job, Result>(
  workshop: Workshop<Task, Prepared, Job, Result>,
  module: URL,
  task: Task,
  jobs: readonly Job[],
  kernels: Kernels,
  options: PoolOptions<Job, Result>,
): Promise<Result[]> {
  const count = Math.max(1, Math.min(options.threads, jobs.length));
  const report = progressOf(count, jobs.length, options.onProgress);
  const results: Result[] = [];
  const finish = async (index: number, job: Job, result: Result): Promise<void> => {
    results[index] = result;
    await options.onResult?.(result, job);
    report(`job ${index}`, 1);
  };
  if (jobs.length === 0) return results;
  if (count === 1) {
    const prepared = await workshop.prepare(task, kernels, ({ fraction }) => report('preparation', fraction));
    for (const [index, job] of jobs.entries()) {
      options.signal?.throwIfAborted();
      const result = await workshop.run(prepared, job, ({ fraction }) => {
        options.signal?.throwIfAborted();
        report(`job ${index}`, fraction);
      });
      await finish(index, job, result);
    }
    return results;
  }
  const queue: JobRequest<Job>[] = jobs.map((job, index) => ({ index, job }));
  const workers = Array.from(
    { length: count },
    () => new Worker(new URL('startWorker.mjs', import.meta.url), { workerData: { module: module.href, task } }),
  );
  try {
    const aborted = whenAborted(options.signal);
    const drained = workers.map((worker, place) => drain(worker, place, queue, report, finish));
    await Promise.race([Promise.all(drained), ...(aborted === undefined ? [] : [aborted])]);
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return results;
}

function progressOf(
  threads: number,
  jobs: number,
  onProgress: (fraction: number) => void,
): (key: string, fraction: number) => void {
  const fractions = new Map<string, number>();
  return (key, fraction) => {
    fractions.set(key, fraction);
    let done = 0;
    for (const [name, value] of fractions)
      done += value * (name.startsWith('preparation') ? preparationWeight / threads : 1);
    onProgress(done / (jobs + preparationWeight));
  };
}

function whenAborted(signal: AbortSignal | undefined): Promise<never> | undefined {
  if (signal === undefined) return undefined;
  return new Promise((_, reject) => {
    // The reason may be anything; whoever aborts gives an error.
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

/** Feeds one worker from the queue until it is empty. */
function drain<Job, Result>(
  worker: Worker,
  place: number,
  queue: JobRequest<Job>[],
  report: (key: string, fraction: number) => void,
  finish: (index: number, job: Job, result: Result) => Promise<void>,
): Promise<void> {
  const current = new Map<number, Job>();
  return new Promise((resolve, reject) => {
    const next = (): void => {
      const request = queue.shift();
      if (request === undefined) return resolve();
      current.set(request.index, request.job);
      worker.postMessage(request);
    };
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`a worker thread ended early (exit code ${code})`)));
    worker.on('message', (message: WorkerMessage<Result>) => {
      switch (message.kind) {
        case 'ready':
          return next();
        case 'progress':
          return report(message.index < 0 ? `preparation ${place}` : `job ${message.index}`, message.fraction);
        case 'finished': {
          const job = current.get(message.index);
          if (job !== undefined) finish(message.index, job, message.result).then(next, reject);
          return undefined;
        }
        case 'failed':
          return reject(new Error(message.message));
      }
    });
  });
}
