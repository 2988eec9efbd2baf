/**
 * Times a set of workloads on all engines in turn: A B C A B C …, one sample of each in every round, so that a disturbance of the
 * machine meets all alike. Before that each engine's output is checked and its code warmed up.
 *
 * A sample is as many calls as fill `sampleTime`, at least one. A slow engine leaves the rounds when it has used up its
 * budget, but not before `leastRounds`.
 */

import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

import { createChecker, isDecomposition } from './check.ts';
import type { Check } from './check.ts';
import { isNotMeasured } from './engines/engine.ts';
import type { Engine, Job, NotMeasured } from './engines/engine.ts';
import type { Measurement } from './results.ts';
import { summarise } from './statistics.ts';
import { prepareDecomposition } from './workloads/decompositions.ts';
import { prepareWorkload } from './workloads/workload.ts';
import type { PreparedDecomposition, PreparedWorkload, Workload } from './workloads/workload.ts';

export interface MeasureOptions {
  readonly rounds: number;
  /** Threads of a peer may spin for a while after a call; with more than one, the next engine waits that long. */
  readonly threads: number;
  /** Milliseconds; an engine whose call takes longer is not timed. */
  readonly longestCall: number;
  readonly onProgress: (line: string) => void;
}

/** Milliseconds: a thousand times what the clock resolves, also where it is coarse. */
const sampleTime = 20;
/** Milliseconds of calls before the first sample: compilers of JavaScript and WebAssembly have then replaced their first code. */
const warmUpTime = 300;
/** Milliseconds an engine may take for the samples of one workload. */
const budget = 6000;
const leastRounds = 3;
/** A first call up to this many times as long as the longest allowed may owe it to a compiler. */
const compileAllowance = 4;
/** Milliseconds of rest between engines when their threads may still spin. */
const restTime = 10;

/** An engine on a workload, ready to be timed. */
interface Entrant {
  readonly engine: Engine;
  readonly workload: Workload;
  readonly job: Job;
  readonly check: Check;
  readonly callsPerSample: number;
  readonly samples: number[];
  spent: number;
}

/** @returns one measurement for every workload and engine. */
export async function measureSet(
  set: readonly Workload[],
  engines: readonly Engine[],
  options: MeasureOptions,
): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  const entrants: Entrant[] = [];
  for (const workload of set) {
    const prepared = workload.kind === 'decomposition' ? prepareDecomposition(workload) : prepareWorkload(workload);
    const checker = createChecker(prepared);
    for (const engine of engines) {
      const entrant = await enter(engine, prepared, checker, options);
      if ('notMeasured' in entrant) measurements.push(entrant);
      else entrants.push(entrant);
    }
  }
  await runRounds(entrants, options);
  for (const { engine, workload, check, samples } of entrants) {
    const rounds = samples.map((sample) => Number(sample.toPrecision(6)));
    const time = summarise(rounds);
    measurements.push({ workload: workload.name, engine: engine.name, check, time, rounds });
    options.onProgress(
      `${workload.name} ${engine.name}: ${time.median.toFixed(2)} ms, error / limit ${check.ratio.toPrecision(2)}`,
    );
  }
  for (const { job } of entrants) await job.dispose();
  return measurements;
}

/** Prepares, checks and warms up. */
async function enter(
  engine: Engine,
  prepared: PreparedWorkload | PreparedDecomposition,
  checker: (output: Float32Array | Float64Array) => Check,
  { longestCall, onProgress }: MeasureOptions,
): Promise<Entrant | (Measurement & { notMeasured: string })> {
  const { workload } = prepared;
  const refuse = (notMeasured: string, check?: Check): Measurement & { notMeasured: string } => {
    onProgress(`${workload.name} ${engine.name}: not measured: ${notMeasured}`);
    return { workload: workload.name, engine: engine.name, notMeasured, ...(check === undefined ? {} : { check }) };
  };
  try {
    const job = await prepareJob(engine, prepared);
    if (isNotMeasured(job)) return { workload: workload.name, engine: engine.name, notMeasured: job.reason };
    const start = performance.now();
    const output = await job.output();
    let first = performance.now() - start;
    const check = checker(output);
    // The first call may have compiled code; an engine that is only slow at first gets another chance.
    if (check.ratio <= 1 && first > longestCall && first < compileAllowance * longestCall) first = await timeOf(job);
    if (check.ratio > 1 || first > longestCall) {
      await job.dispose();
      if (check.ratio > 1) return refuse(`wrong output: ${check.ratio.toPrecision(3)} times the error limit`, check);
      return refuse(`one call took ${(first / 1000).toFixed(1)} s`, check);
    }
    const callTime = await warmUp(job, first);
    const callsPerSample = Math.max(1, Math.round(sampleTime / callTime));
    return { engine, workload, job, check, callsPerSample, samples: [], spent: 0 };
  } catch (error) {
    const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    return refuse(`failed: ${line}`);
  }
}

async function prepareJob(
  engine: Engine,
  prepared: PreparedWorkload | PreparedDecomposition,
): Promise<Job | NotMeasured> {
  if (!isDecomposition(prepared)) return engine.prepare(prepared);
  return engine.decompose?.(prepared) ?? { reason: 'no decompositions' };
}

/** @returns the time of the quickest call. */
async function warmUp(job: Job, first: number): Promise<number> {
  let best = first;
  for (let spent = first; spent < warmUpTime;) {
    const time = await timeOf(job);
    spent += time;
    best = Math.min(best, time);
  }
  return best;
}

/** Of so many calls together. */
async function timeOf(job: Job, calls = 1): Promise<number> {
  if (job.timedCall !== undefined) {
    let sum = 0;
    for (let call = 0; call < calls; call++) sum += await job.timedCall();
    return sum;
  }
  const start = performance.now();
  for (let call = 0; call < calls; call++) await job.call();
  return performance.now() - start;
}

async function runRounds(entrants: readonly Entrant[], { rounds, threads }: MeasureOptions): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const entrant of entrants) {
      if (entrant.spent > budget && round >= leastRounds) continue;
      if (threads > 1) await sleep(restTime);
      const time = await timeOf(entrant.job, entrant.callsPerSample);
      entrant.spent += time;
      entrant.samples.push(time / entrant.callsPerSample);
    }
  }
}
