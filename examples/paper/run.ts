/** Measuring every point that is not there yet. */

import type { Kernels } from '@rankwise/tensor';
import type { Task } from '../lib/methods.ts';
import { runJobs } from '../lib/workerPool.ts';
import { paperWorkshop } from './experiment.ts';
import type { JobResult } from './experiment.ts';
import { figure3Jobs } from './figure3.ts';
import { figure4Jobs } from './figure4.ts';
import { figure5Jobs } from './figure5.ts';
import { figure6Jobs } from './figure6.ts';
import { describeJob, inOrder, jobKey } from './jobs.ts';
import type { Job } from './jobs.ts';
import type { Measured, Plan } from './plan.ts';
import type { PointStore } from './pointStore.ts';
import { table2Jobs } from './table2.ts';

export interface RunOptions {
  readonly threads: number;
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number, doing: string) => void;
}

/** Every point, each once. */
export function allJobs(plan: Plan): Job[] {
  return inOrder(
    [
      { kind: 'original' },
      ...figure3Jobs(plan),
      ...figure4Jobs(plan),
      ...figure5Jobs(plan),
      ...figure6Jobs(plan),
      ...table2Jobs(plan),
    ],
    plan.names,
  );
}

/** What was measured for every point of the plan, and how many of them were in the store already. */
export async function measureJobs(
  plan: Plan,
  task: Task,
  kernels: Kernels,
  store: PointStore,
  options: RunOptions,
): Promise<Measured & { readonly kept: number }> {
  const results = new Map<string, JobResult>();
  const missing: Job[] = [];
  for (const job of allJobs(plan)) {
    // What the store gives was written below, under the same key.
    const stored = (await store.read(jobKey(job))) as JobResult | undefined;
    if (stored === undefined) missing.push(job);
    else results.set(jobKey(job), stored);
  }
  const kept = results.size;
  let doing = 'calibrating';
  await runJobs(paperWorkshop, new URL('paperWorker.ts', import.meta.url), task, missing, kernels, {
    threads: options.threads,
    signal: options.signal,
    onProgress: (fraction) => options.onProgress(fraction, doing),
    onResult: async (result, job) => {
      doing = `after ${describeJob(job)}`;
      results.set(jobKey(job), result);
      await store.write(jobKey(job), result);
    },
  });
  const found = <Kind extends JobResult['kind']>(job: Job, kind: Kind): Extract<JobResult, { kind: Kind }> => {
    const result = results.get(jobKey(job));
    if (result?.kind !== kind) throw new Error(`expected a result of ${describeJob(job)}, got none`);
    return result as Extract<JobResult, { kind: Kind }>; // its kind was compared
  };
  return { original: found({ kind: 'original' }, 'original'), of: (job) => found(job, 'approximation'), kept };
}
