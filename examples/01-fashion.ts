/**
 * The main example: a trained network becomes four times cheaper on photographs it has never seen.
 *
 *   npm start                 under two minutes on two cores; evaluates on 1,000 test photographs
 *   npm start -- --all        evaluates on all 10,000
 *   npm start -- --full       the paper's calibration: 3,000 photographs × 10 positions, 50 iterations; takes some five minutes
 *
 * The default calibrates on less: what the two minutes allow with simd kernels, or, where there is no WebAssembly, with the reference
 * kernels, which need most of an hour for --full.
 *
 * Other options: --images N, --positions P, --iterations I (at each of the two λ), --test N, --speedup R, --seed S, --threads T,
 * --kernels auto|simd|reference, --out FOLDER.
 */

import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { renderReport } from '@rankwise/approx';
import type { MeasuredSpeedup } from '@rankwise/approx';
import {
  checkWritable,
  createProgressBar,
  describeKernels,
  formatCount,
  formatPercent,
  openModel,
  processTerminal,
  withKernels,
  writeFileAtomically,
} from '@rankwise/cli';
import type { KernelChoice } from '@rankwise/cli';
import { loadModel, modelCost } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';
import type { Kernels } from '@rankwise/tensor';
import { integerOption, kernelsOption, numberOption, runExample } from './lib/commandLine.ts';
import { describeMethod, kindOf, runMethods } from './lib/methods.ts';
import type { Method, MethodResult, Task } from './lib/methods.ts';
import { openTestSet, scoreModel } from './lib/scoring.ts';
import type { Score } from './lib/scoring.ts';
import { layerTable, methodTable } from './lib/table.ts';
import { timeNetworks } from './lib/timing.ts';

const dataFolder = fileURLToPath(new URL('data/', import.meta.url));
const timedImages = 8;

/** The paper's calibration, and as much of it as two minutes on two cores allow with each kind of kernels. */
const effort = {
  full: { images: 3000, positions: 10, iterations: 25 },
  simd: { images: 2000, positions: 5, iterations: 8 },
  reference: { images: 1000, positions: 2, iterations: 8 },
} as const;

const methodsAt = (speedup: number): { readonly compared: readonly Method[]; readonly curve: readonly Method[] } => ({
  /** The paper's method with both rank selections, then what each of its two ideas is worth. */
  compared: [
    { ranks: 'uniform', solver: 'nonlinear', reconstruction: 'asymmetric', speedup },
    { ranks: 'energy', solver: 'nonlinear', reconstruction: 'asymmetric', speedup },
    { ranks: 'uniform', solver: 'nonlinear', reconstruction: 'symmetric', speedup },
    { ranks: 'uniform', solver: 'linear', reconstruction: 'asymmetric', speedup },
    { ranks: 'uniform', solver: 'linear', reconstruction: 'symmetric', speedup },
  ],
  /** Cheap to solve, so that accuracy can be drawn against speed-up. */
  curve: [{ ranks: 'uniform', solver: 'linear', reconstruction: 'symmetric', speedup: 2 * speedup }],
});

const terminal = processTerminal();
const say = (text: string): void => terminal.stdout.write(`${text}\n`);

await runExample(async () => {
  const started = performance.now();
  const { taskOn, choice, ...rest } = await readCommandLine();
  await withKernels({ choice, threads: 1 }, terminal, ({ kernels }) =>
    runAll({ ...rest, task: taskOn(kindOf(kernels)), kernels, started }),
  );
});

async function runAll({ task, kernels, speedup, threads, modelPath, pagePath, started }: Run): Promise<void> {
  const original = await openModel(task.model);
  const test = await openTestSet(original, task.testImages, task.testCount);
  introduce({ model: original, task, kernels, speedup, threads, testCount: test.source.count });

  const { compared, curve } = methodsAt(speedup);
  const bar = createProgressBar(terminal.stderr, terminal.now);
  const [results, before] = await Promise.all([
    runMethods(task, [...compared, ...curve], kernels, {
      threads,
      onProgress: (fraction) => bar.update(fraction, 'calibrating, approximating, evaluating'),
    }),
    scoreModel(original, test, kernels),
  ]).finally(bar.clear);
  const main = results.slice(0, compared.length);
  const chosen = main.reduce((best, row) => (outputError(row) < outputError(best) ? row : best));
  const batch = await test.source.batch(0, Math.min(timedImages, test.source.count));
  const timing = await timeNetworks(original, loadModel(chosen.file), batch, kernels);

  say(`${describeMethod(chosen.method)}, layer by layer (errors on held-out photographs, 0 is perfect):\n`);
  say(layerTable(chosen.report.layers));
  say(`Accuracy on ${formatCount(test.source.count)} test photographs that no approximation saw:\n`);
  say(`the original network: top-1 ${formatPercent(before.top1)}, top-3 ${formatPercent(before.top3)}\n`);
  say(methodTable(main, chosen));
  say(explainChoice(main, chosen));
  const { theoretical, counted } = chosen.report;
  say(
    `Top-1 ${formatPercent(before.top1)} before, ${formatPercent(chosen.score.top1)} after, at ${theoretical.speedup.toFixed(2)}× fewer ` +
      `multiply-adds in ${counted.join(', ')}.\n\n` +
      `Milliseconds a photograph, the whole network on one thread, ${timing.measured.images} photographs at a time:\n`,
  );
  say(timing.table);
  say(
    "Winograd's convolution makes the original's 3×3 layers cheaper than their multiply-adds say; direct is without it.\n",
  );
  await writeFileAtomically(modelPath, chosen.file);
  const notes = [explainChoice(main, chosen)];
  await writeFileAtomically(pagePath, pageOf({ results, main, chosen, before, measured: timing.measured, notes }));
  say(`Wrote ${modelPath} (the network) and ${pagePath} (the report).`);
  say(`Done in ${((performance.now() - started) / 1000).toFixed(0)} s.`);
}

interface Options {
  readonly speedup: number;
  /** Each works on a method of its own. */
  readonly threads: number;
  readonly modelPath: string;
  readonly pagePath: string;
}

interface Run extends Options {
  readonly task: Task;
  readonly kernels: Kernels;
  /** Milliseconds, as performance.now() has them. */
  readonly started: number;
}

/** The options, checked, and output files that can be written: before any work. */
async function readCommandLine(): Promise<
  Options & { readonly taskOn: (kernels: Task['kernels']) => Task; readonly choice: KernelChoice }
> {
  const { values } = parseArgs({
    options: {
      all: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      images: { type: 'string' },
      positions: { type: 'string' },
      iterations: { type: 'string' },
      speedup: { type: 'string', default: '4' },
      seed: { type: 'string', default: '0' },
      threads: { type: 'string', default: `${Math.min(2, availableParallelism())}` },
      kernels: { type: 'string', default: 'auto' },
      test: { type: 'string', default: '1000' },
      out: { type: 'string', default: 'out' },
    },
  });
  const asked = (name: 'images' | 'positions' | 'iterations', least: number): { [key in typeof name]?: number } =>
    values[name] === undefined ? {} : { [name]: integerOption(name, values[name], least) };
  const speedup = numberOption('speedup', values.speedup, 1);
  const given = {
    ...asked('images', 10),
    ...asked('positions', 1),
    ...asked('iterations', 1),
  };
  const task = {
    model: join(dataFolder, 'fashion-chain.safetensors'),
    calibrationImages: join(dataFolder, 'calibration-images-idx3-ubyte.gz'),
    testImages: join(dataFolder, 't10k-images-idx3-ubyte.gz'),
    heldOut: 0.1,
    testCount: values.all ? 10_000 : integerOption('test', values.test, 1),
    seed: integerOption('seed', values.seed, 0),
  };
  const threads = integerOption('threads', values.threads, 1);
  // Not recursive: a folder that cannot be made is refused at once, whatever the file system.
  if (!existsSync(values.out)) await mkdir(values.out);
  const [modelPath, pagePath] = ['safetensors', 'html'].map((end) =>
    join(values.out, `fashion-chain-${speedup}x.${end}`),
  );
  if (modelPath === undefined || pagePath === undefined) throw new Error('expected two output files');
  await checkWritable(modelPath);
  await checkWritable(pagePath);
  const taskOn = (kernels: Task['kernels']): Task => ({
    ...task,
    ...effort[values.full ? 'full' : kernels],
    ...given,
    kernels,
  });
  return { taskOn, choice: kernelsOption(values.kernels), speedup, threads, modelPath, pagePath };
}

function introduce(run: {
  readonly model: Model;
  readonly task: Task;
  readonly kernels: Kernels;
  readonly speedup: number;
  readonly threads: number;
  readonly testCount: number;
}): void {
  const { model, kernels, threads, task } = run;
  const cost = modelCost(model);
  const each = threads === 1 ? '' : ` in each of ${threads} workers`;
  say(`Rankwise makes a trained network ${run.speedup}× cheaper, without retraining.\n`);
  say(`network      ${model.name}: ${formatCount(cost.convMacs)} multiply-adds a photograph in its convolutions`);
  say(
    `calibration  ${formatCount(task.images)} training photographs × ${task.positions} positions a layer, a tenth held out; no labels`,
  );
  say(
    `solver       ${2 * task.iterations} iterations for the nonlinear one (the paper: 50; --full makes its whole calibration)`,
  );
  say(`test         ${formatCount(run.testCount)} photographs of the official test set`);
  say(`kernels      ${describeKernels(kernels)}${each}\n`);
}

function outputError({ report }: MethodResult): number {
  return report.outputError ?? Infinity;
}

/** What the two rank selections did to the last layer and to the accuracy, from the numbers of this run. */
function explainChoice([uniform, energy]: readonly MethodResult[], chosen: MethodResult): string {
  if (uniform === undefined || energy === undefined) throw new Error('expected the first two methods, got fewer');
  const [layer, other] = [energy.report.layers.at(-1), uniform.report.layers.at(-1)];
  const starved = (layer?.rank ?? 0) < (other?.rank ?? 0) / 2;
  const points = 100 * (energy.score.top1 - uniform.score.top1);
  const verdict =
    points === 0 ? 'the same' : `${Math.abs(points).toFixed(1)} points ${points < 0 ? 'lower' : 'higher'}`;
  const reason = starved ? ': its sparse responses hold their energy in few directions' : '';
  return (
    `Ranks by energy, the paper's selection, give ${layer?.name} rank ${layer?.rank}, uniform ranks give it ${other?.rank}${reason}.\n` +
    `Top-1 is ${verdict} with energy ranks here; at higher speed-ups they can be far worse than uniform ones (see examples/README.md).\n` +
    `No label and no belief decides what is written: it is the network whose outputs on held-out calibration photographs\n` +
    `differ least from the original's (output error ${outputError(chosen).toFixed(4)}).\n`
  );
}

function pageOf(run: {
  readonly results: readonly MethodResult[];
  readonly main: readonly MethodResult[];
  readonly chosen: MethodResult;
  readonly before: Score;
  readonly measured: MeasuredSpeedup;
  readonly notes: readonly string[];
}): string {
  // Short, as the tables of this folder have it: Linear or Nonlinear, Symmetric or Asymmetric.
  const seriesOf = ({ method }: MethodResult): string =>
    `${method.ranks} ${method.solver === 'linear' ? 'L' : 'N'} ${method.reconstruction === 'symmetric' ? 'S' : 'A'}`;
  const { report, method } = run.chosen;
  return renderReport(
    { ...report, measured: run.measured },
    {
      title: `fashion-chain, ${method.speedup}× cheaper`,
      baseline: { label: 'original', top1: run.before.top1 },
      accuracy: run.results.map((row) => ({
        series: seriesOf(row),
        speedup: row.report.theoretical.speedup,
        top1: row.score.top1,
      })),
      comparison: run.main.map((row) => ({
        ...row.method,
        label: seriesOf(row),
        speedup: row.report.theoretical.speedup,
        top1: row.score.top1,
        top3: row.score.top3,
        outputError: row.report.outputError,
        agreement: row.report.outputAgreement,
        seconds: row.seconds,
        written: row === run.chosen,
      })),
      notes: run.notes,
    },
  );
}
