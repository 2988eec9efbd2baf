/**
 * Several methods on several threads. Each thread calibrates for itself (the same seed, so to the same bits), then takes the next
 * method that nobody has; the first failure ends the run.
 */

import { Worker } from 'node:worker_threads';
import type { Kernels } from '@rankwise/tensor';
import { prepareTask, runMethod } from './methods.ts';
import type { Method, MethodResult, Task } from './methods.ts';
import type { MethodRequest, WorkerMessage } from './methodWorker.ts';

/** What calibration weighs in the progress, in methods. */
const calibrationWeight = 0.5;

export interface PoolOptions {
  /** 1 runs everything in this thread. */
  readonly threads: number;
  /** Share of the whole work that is done, 0…1. */
  readonly onProgress: (fraction: number) => void;
  /** Called as each method ends, in the order they end. */
  readonly onResult?: (result: MethodResult) => void;
}

/** Runs every method of a task; results in the order of `methods`. `kernels` are for this thread, should it do the work. */
export async function runMethods(
  task: Task,
  methods: readonly Method[],
  kernels: Kernels,
  { threads, onProgress, onResult }: PoolOptions,
): Promise<MethodResult[]> {
  const count = Math.max(1, Math.min(threads, methods.length));
  const fractions = new Map<string, number>();
  const report = (key: string, fraction: number): void => {
    fractions.set(key, fraction);
    let done = 0;
    for (const [name, value] of fractions)
      done += value * (name.startsWith('calibration') ? calibrationWeight / count : 1);
    onProgress(done / (methods.length + calibrationWeight));
  };
  const results: MethodResult[] = [];
  const finish = (index: number, result: MethodResult): void => {
    results[index] = result;
    report(`method ${index}`, 1);
    onResult?.(result);
  };
  if (count <= 1) {
    const prepared = await prepareTask(task, kernels, (event) => report('calibration', event.fraction));
    for (const [index, method] of methods.entries()) {
      finish(index, await runMethod(prepared, method, (event) => report(`method ${index}`, event.fraction)));
    }
    return results;
  }
  const queue: MethodRequest[] = methods.map((method, index) => ({ index, method }));
  const workers = Array.from(
    { length: count },
    () => new Worker(new URL('startWorker.mjs', import.meta.url), { workerData: task }),
  );
  try {
    await Promise.all(workers.map((worker, place) => drain(worker, place, queue, report, finish)));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return results;
}

/** Feeds one worker from the queue until it is empty. */
function drain(
  worker: Worker,
  place: number,
  queue: MethodRequest[],
  report: (key: string, fraction: number) => void,
  finish: (index: number, result: MethodResult) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const next = (): void => {
      const request = queue.shift();
      if (request === undefined) resolve();
      else worker.postMessage(request);
    };
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`a worker thread ended early (exit code ${code})`)));
    worker.on('message', (message: WorkerMessage) => {
      switch (message.kind) {
        case 'ready':
          return next();
        case 'progress':
          return report(message.index < 0 ? `calibration ${place}` : `method ${message.index}`, message.fraction);
        case 'finished':
          finish(message.index, message.result);
          return next();
        case 'failed':
          return reject(new Error(message.message));
      }
    });
  });
}
