/**
 * The main example: a trained network becomes four times cheaper on photographs it has never seen.
 *
 *   npm start                 evaluates on 1,000 test photographs
 *   npm start -- --all        on all 10,000
 *
 * Other options: --images N, --positions P, --speedup R, --seed S, --threads T, --out FOLDER.
 */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureSpeedup, renderReport } from '@rankwise/approx';
import {
  createProgressBar,
  formatCount,
  formatPercent,
  imageSourceFor,
  openImages,
  openModel,
  processTerminal,
  writeFileAtomically,
} from '@rankwise/cli';
import { loadModel, modelCost } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';
import { openTestSet, scoreModel } from './lib/methods.ts';
import type { Method, MethodResult, Score, Task } from './lib/methods.ts';
import { runMethods } from './lib/methodPool.ts';
import { layerTable, methodTable } from './lib/table.ts';

const dataFolder = fileURLToPath(new URL('data/', import.meta.url));
const timedImages = 16;

const { values } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    images: { type: 'string', default: '3000' },
    positions: { type: 'string', default: '1' },
    speedup: { type: 'string', default: '4' },
    iterations: { type: 'string', default: '25' },
    seed: { type: 'string', default: '0' },
    threads: { type: 'string', default: `${Math.min(2, availableParallelism())}` },
    test: { type: 'string', default: '1000' },
    out: { type: 'string', default: 'out' },
  },
});

const started = performance.now();
const terminal = processTerminal();
const say = (text: string): void => terminal.stdout.write(`${text}\n`);
const speedup = Number(values.speedup);
const task: Task = {
  model: join(dataFolder, 'fashion-chain.safetensors'),
  calibrationImages: join(dataFolder, 'calibration-images-idx3-ubyte.gz'),
  testImages: join(dataFolder, 't10k-images-idx3-ubyte.gz'),
  images: Number(values.images),
  positions: Number(values.positions),
  testCount: values.all ? 10_000 : Number(values.test),
  iterations: Number(values.iterations),
  seed: Number(values.seed),
};

/** The paper's method with both rank selections, then what each of its two ideas is worth. */
const compared: readonly Method[] = [
  { ranks: 'uniform', solver: 'nonlinear', reconstruction: 'asymmetric', speedup },
  { ranks: 'energy', solver: 'nonlinear', reconstruction: 'asymmetric', speedup },
  { ranks: 'uniform', solver: 'nonlinear', reconstruction: 'symmetric', speedup },
  { ranks: 'uniform', solver: 'linear', reconstruction: 'asymmetric', speedup },
  { ranks: 'uniform', solver: 'linear', reconstruction: 'symmetric', speedup },
];
/** Cheap to solve, so that accuracy can be drawn against speed-up. */
const curve: readonly Method[] = [2, 3, 6, 8].map((other) => ({
  ranks: 'uniform',
  solver: 'linear',
  reconstruction: 'symmetric',
  speedup: other,
}));

const original = await openModel(task.model);
const test = await openTestSet(original, task);
introduce(original, task, test.source.count);

const bar = createProgressBar(terminal.stderr, terminal.now);
const results = await runMethods(task, [...compared, ...curve], {
  threads: Number(values.threads),
  onProgress: (fraction) => bar.update(fraction, 'calibrating, approximating, evaluating'),
}).finally(bar.clear);
const before = await scoreModel(original, test);
const main = results.slice(0, compared.length);
const chosen = choose(main);
const approximated = loadModel(chosen.file);
const batch = await imageSourceFor(original, await openImages(task.testImages), timedImages).batch(0, timedImages);
const measured = measureSpeedup(original, approximated, batch);

say(
  `${chosen.method.ranks} ranks, nonlinear, asymmetric, layer by layer (errors on held-out photographs, 0 is perfect):\n`,
);
say(layerTable(chosen.report.layers));
say(`Accuracy on ${formatCount(test.source.count)} test photographs that no approximation saw:\n`);
say(`the original network: top-1 ${formatPercent(before.top1)}, top-3 ${formatPercent(before.top3)}\n`);
say(methodTable(main, chosen));
say(explainChoice(main));
say(
  `Top-1 ${formatPercent(before.top1)} before, ${formatPercent(chosen.score.top1)} after, at ${chosen.report.theoretical.speedup.toFixed(2)}× fewer ` +
    `multiply-adds in ${chosen.report.counted.join(', ')};\nmeasured here in pure TypeScript: ${measured.originalMilliseconds.toFixed(1)} ms a photograph ` +
    `before, ${measured.approximatedMilliseconds.toFixed(1)} ms after (${measured.speedup.toFixed(2)}×).`,
);
await writeResults(chosen, before);
say(`Done in ${((performance.now() - started) / 1000).toFixed(0)} s.`);

function introduce(model: Model, { images, positions }: Task, testCount: number): void {
  const cost = modelCost(model);
  say(`Rankwise makes a trained network ${speedup}× cheaper, without retraining.\n`);
  say(`network      ${model.name}: ${formatCount(cost.convMacs)} multiply-adds a photograph in its convolutions`);
  say(
    `calibration  ${formatCount(images)} training photographs × ${positions} position(s) a layer, without labels; a tenth held out`,
  );
  say(`test         ${formatCount(testCount)} photographs of the official test set\n`);
}

function outputError({ report }: MethodResult): number {
  return report.outputError ?? Infinity;
}

/** The paper's method with uniform and with energy ranks: the two that the choice is between. */
function contenders([uniform, energy]: readonly MethodResult[]): [MethodResult, MethodResult] {
  if (uniform === undefined || energy === undefined) throw new Error('expected two results to choose from, got fewer');
  return [uniform, energy];
}

/** The one whose answers on held-out calibration photographs differ less from the original's. No label is used. */
function choose(candidates: readonly MethodResult[]): MethodResult {
  const [uniform, energy] = contenders(candidates);
  return outputError(energy) < outputError(uniform) ? energy : uniform;
}

function explainChoice(candidates: readonly MethodResult[]): string {
  const [uniform, energy] = contenders(candidates);
  const starved = energy.report.layers.at(-1);
  const points = 100 * (uniform.score.top1 - energy.score.top1);
  const verdict = points > 0 ? `${points.toFixed(1)} points worse than` : `${(-points).toFixed(1)} points better than`;
  return (
    `The paper selects ranks by the energy of the responses. Here that leaves ${starved?.name} rank ${starved?.rank} of ${starved?.filters} ` +
    `(uniform: ${uniform.report.layers.at(-1)?.rank}),\nbecause its sparse responses hold their energy in few directions: top-1 is ${verdict} with uniform ranks.\n` +
    `Written is the one with ${choose(candidates).method.ranks} ranks: its outputs on held-out photographs differ less from the original's\n` +
    `(${outputError(uniform).toFixed(4)} uniform, ${outputError(energy).toFixed(4)} energy). No label is used for that choice.\n`
  );
}

async function writeResults(result: MethodResult, score: Score): Promise<void> {
  await mkdir(values.out, { recursive: true });
  const modelPath = join(values.out, `fashion-chain-${speedup}x.safetensors`);
  const pagePath = join(values.out, `fashion-chain-${speedup}x.html`);
  const seriesOf = ({ method }: MethodResult): string =>
    `${method.solver}, ${method.reconstruction}, ${method.ranks} ranks`;
  const page = renderReport(
    { ...result.report, measured },
    {
      title: `fashion-chain, ${speedup}× cheaper`,
      baseline: { label: 'original', top1: score.top1 },
      accuracy: results.map((row) => ({
        series: seriesOf(row),
        speedup: row.report.theoretical.speedup,
        top1: row.score.top1,
      })),
      comparison: main.map((row) => ({
        ...row.method,
        label: seriesOf(row),
        speedup: row.report.theoretical.speedup,
        top1: row.score.top1,
        top3: row.score.top3,
        outputError: row.report.outputError,
        agreement: row.report.outputAgreement,
        seconds: row.seconds,
        written: row === result,
      })),
      notes: [explainChoice(main)],
    },
  );
  await writeFileAtomically(modelPath, result.file);
  await writeFileAtomically(pagePath, page);
  say(`Wrote ${modelPath} (the network) and ${pagePath} (the report).`);
}
