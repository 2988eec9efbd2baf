/**
 * The suite's command: measures every combination of Node version and number of threads in a process of its own, one after the
 * other, and writes the results as JSON and Markdown after each, so that a run that is broken off leaves what it has.
 *
 * A whole run writes results.json and results.md to benchmarks/results/, which is committed, and one of a whole group the same with the
 * group's name; any other writes to out/benchmarks/, which is not.
 */

import { fork } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

import { readOptions, usage } from './options.ts';
import type { Options } from './options.ts';
import { markdownReport } from './report.ts';
import type { ChildMessage, ChildSettings, CombinationResult, SuiteResult } from './results.ts';
import { findRuntimes } from './runtimes.ts';
import type { Runtime } from './runtimes.ts';
import { hasThreads } from './workloads/allWorkloads.ts';

/** Milliseconds a call may take to be timed. */
const longestCall = 2000;
const longestQuickCall = 1000;
/** And in linear algebra, where some engines take seconds; these have few rounds. */
const longestDecomposition = 15_000;
const longestQuickDecomposition = 5000;

const root = new URL('../', import.meta.url);

try {
  await run(readOptions(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.error(usage);
  process.exitCode = 1;
}

async function run(options: Options): Promise<void> {
  const runtimes = findRuntimes().filter(({ major }) => options.node === undefined || major === options.node);
  if (runtimes.length === 0) throw new Error(`--node: no binary of Node ${options.node} was found`);
  const folder = new URL(options.kept === undefined ? '../out/benchmarks/' : 'results/', root);
  await mkdir(folder, { recursive: true });
  const file = new URL(options.kept ?? 'results', folder);
  const combinations: CombinationResult[] = [];
  const failures: string[] = [];
  for (const runtime of runtimes) {
    for (const threads of threadCounts(options)) {
      const label = `Node ${runtime.version}, ${threads} thread${threads === 1 ? '' : 's'}`;
      try {
        combinations.push(await measureIn(runtime, settingsOf(options, threads), label));
      } catch (error) {
        failures.push(`${label}: ${error instanceof Error ? error.message : String(error)}`);
        process.exitCode = 1;
      }
      await write(file, { ...about(options), combinations, failures });
    }
  }
  for (const failure of failures) console.error(`failed: ${failure}`);
  console.log(`written: ${fileURLToPath(file)}.md`);
}

function threadCounts({ threads, only }: Options): readonly number[] {
  return threads === undefined ? [1, 2].filter((count) => only === undefined || hasThreads(only, count)) : [threads];
}

function settingsOf({ quick, rounds, only, match }: Options, threads: number): ChildSettings {
  const filter = { ...(only === undefined ? {} : { only }), ...(match === undefined ? {} : { match }) };
  return {
    threads,
    rounds,
    longestCall: quick ? longestQuickCall : longestCall,
    longestDecomposition: quick ? longestQuickDecomposition : longestDecomposition,
    ...filter,
  };
}

/** One child process; its progress is printed as it comes. */
function measureIn(runtime: Runtime, settings: ChildSettings, label: string): Promise<CombinationResult> {
  const child = fork(fileURLToPath(new URL('src/child.ts', root)), [JSON.stringify(settings)], {
    execPath: runtime.path,
    execArgv: ['--import', 'tsx'],
    cwd: fileURLToPath(root),
  });
  return new Promise((resolve, reject) => {
    // child.ts sends nothing else.
    child.on('message', (message: ChildMessage) => {
      if (message.type === 'progress') console.log(`[${label}] ${message.line}`);
      else resolve(message.result);
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => reject(new Error(`the process ended early (${signal ?? `status ${code}`})`)));
  });
}

function about({ rounds }: Options): Pick<SuiteResult, 'date' | 'machine' | 'rounds'> {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const machine = `${process.platform} ${process.arch}, ${availableParallelism()} × ${model}`;
  return { date: new Date().toISOString().slice(0, 10), machine, rounds };
}

/** @param file - without what tells its format */
async function write(file: URL, result: SuiteResult): Promise<void> {
  await writeFile(new URL(`${file.href}.json`), `${JSON.stringify(result, undefined, 1)}\n`);
  await writeFile(new URL(`${file.href}.md`), markdownReport(result));
}
