/**
 * Every method at several speed-ups on one network: {linear, nonlinear} × {symmetric, asymmetric} × {uniform, energy} ranks.
 *
 *   npm run methods -- [--model FILE --data IMAGES --test IMAGES] [--speedups 4,8,12]
 *
 * MODEL is a model file or an architecture.json with its weights beside it; IMAGES are files as the rankwise command takes them. By
 * default the network and the photographs of this folder. Prints a Markdown table of top-1 / top-3 in percent.
 *
 * All images are fitted to (--held-out 0), since the test photographs are the judge here. Each thread computes on simd kernels of its own
 * where the engine has them; with the reference kernels (--kernels reference) the whole table takes hours. Other options: --methods "uniform L S,…" (ranks, Linear or Nonlinear, Symmetric or Asymmetric), --images 3000,
 * --positions 10, --iterations 25, --count 5000 (test photographs), --seed 0, --threads 2, --json FILE.
 */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  checkWritable,
  createProgressBar,
  openModel,
  processTerminal,
  withKernels,
  writeFileAtomically,
} from '@rankwise/cli';
import { integerOption, kernelsOption, numberOption, runExample } from './lib/commandLine.ts';
import { kindOf, parseMethod, runMethods } from './lib/methods.ts';
import type { MethodResult, Task } from './lib/methods.ts';
import { openTestSet, scoreModel } from './lib/scoring.ts';
import type { Score } from './lib/scoring.ts';

const dataFolder = fileURLToPath(new URL('data/', import.meta.url));
const everyMethod = 'uniform L S,uniform N S,uniform L A,uniform N A,energy L S,energy N S,energy L A,energy N A';

await runExample(async () => {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', default: join(dataFolder, 'fashion-chain.safetensors') },
      data: { type: 'string', default: join(dataFolder, 'calibration-images-idx3-ubyte.gz') },
      test: { type: 'string', default: join(dataFolder, 't10k-images-idx3-ubyte.gz') },
      speedups: { type: 'string', default: '4,8,12' },
      methods: { type: 'string', default: everyMethod },
      images: { type: 'string', default: '3000' },
      positions: { type: 'string', default: '10' },
      count: { type: 'string', default: '5000' },
      'held-out': { type: 'string', default: '0' },
      iterations: { type: 'string', default: '25' },
      seed: { type: 'string', default: '0' },
      threads: { type: 'string', default: '2' },
      kernels: { type: 'string', default: 'auto' },
      json: { type: 'string' },
    },
  });
  const data: Omit<Task, 'kernels'> = {
    model: values.model,
    calibrationImages: values.data,
    testImages: values.test,
    images: integerOption('images', values.images, 1),
    positions: integerOption('positions', values.positions, 1),
    heldOut: numberOption('held-out', values['held-out'], 0),
    testCount: integerOption('count', values.count, 1),
    iterations: integerOption('iterations', values.iterations, 1),
    seed: integerOption('seed', values.seed, 0),
  };
  const threads = integerOption('threads', values.threads, 1);
  const labels = values.methods.split(',').map((label) => label.trim());
  const speedups = values.speedups.split(',').map((text) => numberOption('speedups', text, 1));
  const methods = speedups.flatMap((speedup) => labels.map((label) => ({ ...parseMethod(label), speedup })));
  if (values.json !== undefined) await checkWritable(values.json);

  const terminal = processTerminal();
  await withKernels({ choice: kernelsOption(values.kernels), threads: 1 }, terminal, async ({ kernels }) => {
    const task = { ...data, kernels: kindOf(kernels) };
    const model = await openModel(task.model);
    const test = await openTestSet(model, task.testImages, task.testCount);
    const bar = createProgressBar(terminal.stderr, terminal.now);
    const results = await runMethods(task, methods, kernels, {
      threads,
      onProgress: (fraction) => bar.update(fraction, `${methods.length} approximations of ${model.name}`),
    }).finally(bar.clear);
    const before = await scoreModel(model, test, kernels);
    terminal.stdout.write(
      `${model.name}, ${test.source.count} test photographs, ${kernels.name} kernels: ${scoreText(before)} before\n\n`,
    );
    terminal.stdout.write(markdownTable(labels, speedups, results));
    if (values.json !== undefined) await writeFileAtomically(values.json, jsonOf(model.name, task, before, results));
  });
});

function scoreText({ top1, top3 }: Score): string {
  return `${(100 * top1).toFixed(2)} / ${(100 * top3).toFixed(2)}`;
}

function markdownTable(
  labels: readonly string[],
  speedups: readonly number[],
  results: readonly MethodResult[],
): string {
  const rows = speedups.map((speedup) => {
    const row = results.filter(({ method }) => method.speedup === speedup);
    const best = Math.max(...row.map(({ score }) => score.top1));
    const cells = row.map(({ score }) => (score.top1 === best ? `**${scoreText(score)}**` : scoreText(score)));
    return `| ${speedup}× | ${cells.join(' | ')} |`;
  });
  return `| speed-up | ${labels.join(' | ')} |\n|---|${labels.map(() => '---|').join('')}\n${rows.join('\n')}\n`;
}

function jsonOf(model: string, task: Task, before: Score, scored: readonly MethodResult[]): string {
  const rows = scored.map((row) => ({
    method: row.method,
    top1: row.score.top1,
    top3: row.score.top3,
    outputError: row.report.outputError,
    outputAgreement: row.report.outputAgreement,
    layerRanks: Object.fromEntries(row.report.layers.map(({ name, rank }) => [name, rank])),
    seconds: row.seconds,
  }));
  return `${JSON.stringify({ model, task, before, rows }, undefined, 2)}\n`;
}
