/**
 * Every table and figure of the paper, redrawn from runs of its own: `npm run paper` (options in options.ts, or --help).
 *
 * Each point of the experiment is a job (plan.ts); finished ones are kept on disk, so that an interrupted run goes on where it ended. Then the
 * networks of Table 3 are timed, alone on the machine, the claims are judged by the rules in claims.ts, and the page is written.
 */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  checkWritable,
  createProgressBar,
  describeKernels,
  folderJournal,
  formatDuration,
  formatTable,
  interruptible,
  openModel,
  processTerminal,
  withKernels,
  writeFileAtomically,
} from '@rankwise/cli';
import { candidateLayers, convolutionLayers } from '@rankwise/approx';
import type { Kernels } from '@rankwise/tensor';
import { runExample } from '../lib/commandLine.ts';
import { kindOf } from '../lib/methods.ts';
import type { Task } from '../lib/methods.ts';
import { collectFigure2 } from './figure2.ts';
import { collectFigure3 } from './figure3.ts';
import { collectFigure4 } from './figure4.ts';
import { collectFigure5 } from './figure5.ts';
import { collectFigure6 } from './figure6.ts';
import { help, readOptions } from './options.ts';
import type { PaperOptions } from './options.ts';
import { countText, paperPage, tallyText } from './page.ts';
import type { Terms } from './page.ts';
import { drawParts } from './parts.ts';
import type { Plan } from './plan.ts';
import { codeDigest, digestOf, fileDigest, pointStore } from './pointStore.ts';
import type { PointStore } from './pointStore.ts';
import { readPrintedNumbers } from './printed.ts';
import type { PaperResults } from './results.ts';
import { paperRecord } from './record.ts';
import { allJobs, measureJobs } from './run.ts';
import { collectTable1, measureZeros } from './table1.ts';
import { collectTable2 } from './table2.ts';
import { measureTimes } from './table3.ts';

const terminal = processTerminal();
const say = (text: string): void => terminal.stdout.write(`${text}\n`);

await runExample(async () => {
  const options = readOptions(process.argv.slice(2));
  if (options === null) return say(help);
  const [pagePath, recordPath] = [join(options.folder, 'paper.html'), join(options.folder, 'paper.json')];
  await mkdir(options.folder, { recursive: true });
  await checkWritable(pagePath);
  await checkWritable(recordPath);
  await interruptible(
    terminal,
    (signal) =>
      withKernels({ choice: options.kernels, threads: 1 }, terminal, ({ kernels }) =>
        runAll(options, kernels, signal, pagePath, recordPath),
      ),
    async () => 'finished points are kept, the same command goes on from there',
  );
});

async function runAll(
  options: PaperOptions,
  kernels: Kernels,
  signal: AbortSignal,
  pagePath: string,
  recordPath: string,
): Promise<void> {
  const started = performance.now();
  const task: Task = { ...options.task, kernels: kindOf(kernels) };
  const model = await openModel(task.model);
  const layers = convolutionLayers(model);
  const names = candidateLayers(layers, {}).map(({ name }) => name);
  const plan: Plan = { layers, names, ...options.speedups };
  say(
    `${model.name}: ${names.join(', ')}; ${allJobs(plan).length} points, ${describeKernels(kernels)} in each of ${options.threads} threads`,
  );

  const store = await openStore(options, task);
  const bar = createProgressBar(terminal.stderr, terminal.now);
  const measured = await measureJobs(plan, task, kernels, store, {
    threads: options.threads,
    signal,
    onProgress: (fraction, doing) => bar.update(fraction, doing),
  }).finally(bar.clear);
  if (measured.kept > 0) say(`${measured.kept} points were there from an earlier run.`);
  const timing = { turns: options.turns, seed: task.seed, signal };
  const onProgress = (fraction: number): void => bar.update(fraction, 'timing the networks of Table 3');
  const printed = await readPrintedNumbers();
  const table3 = await measureTimes(kernels, store, printed, { ...timing, onProgress }).finally(bar.clear);

  const zeros = await measureZeros(kernels, store, task.seed);
  const results: PaperResults = {
    table1: collectTable1(printed, zeros, layers, measured.original),
    table2: collectTable2(plan, measured, printed),
    table3,
    figure2: collectFigure2(measured),
    figure3: collectFigure3(plan, measured),
    figure4: collectFigure4(plan, measured),
    figure5: collectFigure5(plan, measured),
    figure6: collectFigure6(plan, measured),
  };
  const seconds = (performance.now() - started) / 1000;
  const parts = drawParts(results, printed, model.name);
  const terms = termsOf(options, model.name, measured.original.hits.top1.length, kernels, seconds);
  await writeFileAtomically(recordPath, paperRecord(parts, results, terms));
  await writeFileAtomically(pagePath, paperPage(parts, terms, printed.source));

  const rows = parts.flatMap(({ number, claims }) => claims.map((claim) => ({ number, claim })));
  say('');
  say(
    formatTable(rows, [
      { heading: 'part', cell: ({ number }) => number },
      { heading: 'verdict', cell: ({ claim }) => claim.judgement.verdict },
      { heading: 'claim', cell: ({ claim }) => claim.says },
      { heading: 'comparisons', cell: ({ claim }) => tallyText(claim) },
    ]),
  );
  say(countText(parts));
  say(`Wrote ${pagePath} and ${recordPath} in ${formatDuration(seconds)}.`);
}

async function openStore({ folder, fresh }: PaperOptions, task: Task): Promise<PointStore> {
  // Every point is written as it ends: that is as often as there is something to keep.
  const journal = folderJournal(join(folder, 'points'), 0);
  if (fresh) await journal.remove();
  const contents = await Promise.all([
    fileDigest(task.model),
    fileDigest(task.calibrationImages),
    fileDigest(task.testImages),
  ]);
  const settings = JSON.stringify({ ...task, model: '', calibrationImages: '', testImages: '' });
  return pointStore(journal, digestOf(await codeDigest(), settings, ...contents));
}

function termsOf(
  { task, effort, threads, turns }: PaperOptions,
  model: string,
  testCount: number,
  kernels: Kernels,
  seconds: number,
): Terms {
  return [
    ['Network', model],
    ['Calibration', `${task.images} photographs × ${task.positions} positions, a tenth held out`],
    ['Nonlinear solver', `${2 * task.iterations} iterations (the paper: 50)`],
    ['Test', `${testCount} photographs`],
    ['Seed', `${task.seed}`],
    ['Setting', effort],
    ['Kernels', `${describeKernels(kernels)}, ${threads} of them side by side`],
    ['Timed turns', `${turns}`],
    ['Time of this run', formatDuration(seconds)],
  ];
}
