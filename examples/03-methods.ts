/**
 * Every method at several speed-ups on one network, with the spread over several calibrations.
 *
 *   npm run methods -- [--model FILE --data IMAGES --test IMAGES] [--speedups 4,8,12] [--methods "uniform L S,…"] [--seeds 0,1,2,3,4]
 *
 * MODEL is a model file or an architecture.json with its weights beside it; IMAGES are files as the rankwise command takes them. By
 * default the network and the photographs of this folder. A method is its ranks (uniform, energy, exact, sensitivity, best), Linear or
 * Nonlinear, Symmetric or Asymmetric, and where they are wanted the decomposition (spatial, 3d) and the iterations of a descent, as in
 * `uniform N A spatial D30`. Prints Markdown tables of top-1 / top-3 in percent, or with several seeds of the mean top-1 and its standard
 * deviation over them; one table for each number of calibration images.
 *
 * All images are fitted to (--held-out 0), since the test photographs are the judge here. Each thread computes on simd kernels of its own
 * where the engine has them; with the reference kernels (--kernels reference) a whole table takes hours. With --log FILE each row is kept as a
 * line of JSON as soon as it is there, and rows that the file has already are not computed again. Other options: --images 3000 (several:
 * 100,1000), --positions 10, --iterations 25 (at each of the paper's two λ), --count 5000 (test photographs), --threads 2.
 */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createProgressBar, openModel, processTerminal, withKernels } from '@rankwise/cli';
import { integerOption, kernelsOption, listOption, numberOption, runExample } from './lib/commandLine.ts';
import { kindOf, parseMethod, runMethods } from './lib/methods.ts';
import type { MethodResult, Task } from './lib/methods.ts';
import { openRowLog } from './lib/rowLog.ts';
import { openTestSet, scoreModel } from './lib/scoring.ts';
import type { Score } from './lib/scoring.ts';

/** One approximation; the settings say which. */
interface Row {
  readonly model: string;
  readonly images: number;
  readonly positions: number;
  readonly iterations: number;
  readonly heldOut: number;
  readonly testCount: number;
  readonly seed: number;
  readonly method: string;
  readonly speedup: number;
  readonly top1: number;
  readonly top3: number;
  /** As the ranks reach it, in multiply-adds. */
  readonly reached: number;
  readonly outputError: number | null;
  readonly ranks: Readonly<Record<string, number>>;
  readonly seconds: number;
}

type Settings = Pick<
  Row,
  'heldOut' | 'images' | 'iterations' | 'method' | 'model' | 'positions' | 'seed' | 'speedup' | 'testCount'
>;

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
      seeds: { type: 'string', default: '0' },
      threads: { type: 'string', default: '2' },
      kernels: { type: 'string', default: 'auto' },
      log: { type: 'string' },
    },
  });
  const data: Omit<Task, 'images' | 'kernels' | 'seed'> = {
    model: values.model,
    calibrationImages: values.data,
    testImages: values.test,
    positions: integerOption('positions', values.positions, 1),
    heldOut: numberOption('held-out', values['held-out'], 0),
    testCount: integerOption('count', values.count, 1),
    iterations: integerOption('iterations', values.iterations, 1),
  };
  const calibrations = listOption(values.images).flatMap((images) =>
    listOption(values.seeds).map((seed) => ({
      images: integerOption('images', images, 1),
      seed: integerOption('seeds', seed, 0),
    })),
  );
  const threads = integerOption('threads', values.threads, 1);
  const labels = listOption(values.methods);
  const speedups = listOption(values.speedups).map((text) => numberOption('speedups', text, 1));
  const wanted = speedups.flatMap((speedup) => labels.map((label) => ({ label, ...parseMethod(label), speedup })));
  const log = await openRowLog<Row>(values.log);

  const terminal = processTerminal();
  await withKernels({ choice: kernelsOption(values.kernels), threads: 1 }, terminal, async ({ kernels }) => {
    const model = await openModel(data.model);
    const test = await openTestSet(model, data.testImages, data.testCount);
    const bar = createProgressBar(terminal.stderr, terminal.now);
    const rows: Row[] = [];
    for (const [i, calibration] of calibrations.entries()) {
      const task: Task = { ...data, ...calibration, kernels: kindOf(kernels) };
      const settingsOf = ({ label, speedup }: (typeof wanted)[number]): Settings => ({
        model: model.name,
        images: task.images,
        positions: task.positions,
        iterations: task.iterations,
        heldOut: task.heldOut,
        testCount: test.source.count,
        seed: task.seed,
        method: label,
        speedup,
      });
      const found = (settings: Settings): Row | undefined => log.rows.find((row) => isOf(row, settings));
      rows.push(...wanted.flatMap((method) => found(settingsOf(method)) ?? []));
      await runMethods(
        task,
        wanted.filter((method) => found(settingsOf(method)) === undefined),
        kernels,
        {
          threads,
          onProgress: (fraction) =>
            bar.update((i + fraction) / calibrations.length, `${wanted.length} approximations of ${model.name}`),
          onResult: async (result, method) => {
            const row = rowOf(settingsOf(method), result);
            rows.push(row);
            await log.append(row);
          },
        },
      ).finally(bar.clear);
    }
    const before = scoreText(await scoreModel(model, test, kernels));
    const title = `${model.name}, ${test.source.count} test photographs, ${kernels.name} kernels: ${before} before`;
    terminal.stdout.write(`${title}\n`);
    for (const images of new Set(calibrations.map((calibration) => calibration.images))) {
      const those = rows.filter((row) => row.images === images);
      terminal.stdout.write(`\n${images} calibration images × ${data.positions} positions\n\n`);
      terminal.stdout.write(markdownTable(labels, speedups, those));
    }
  });
});

function rowOf(settings: Settings, { report, score, seconds }: MethodResult): Row {
  return {
    ...settings,
    top1: score.top1,
    top3: score.top3,
    reached: report.theoretical.speedup,
    outputError: report.outputError,
    ranks: Object.fromEntries(report.layers.map(({ name, rank }) => [name, rank])),
    seconds,
  };
}

function isOf(row: Row, settings: Settings): boolean {
  return Object.entries(settings).every(([name, value]) => row[name as keyof Settings] === value);
}

function scoreText({ top1, top3 }: Pick<Score, 'top1' | 'top3'>): string {
  return `${(100 * top1).toFixed(2)} / ${(100 * top3).toFixed(2)}`;
}

function markdownTable(labels: readonly string[], speedups: readonly number[], rows: readonly Row[]): string {
  const lines = speedups.map((speedup) => {
    const cells = labels.map((label) => rows.filter((row) => row.speedup === speedup && row.method === label));
    const best = Math.max(...cells.map(meanTop1));
    const texts = cells.map((cell) => (meanTop1(cell) === best ? `**${cellText(cell)}**` : cellText(cell)));
    return `| ${speedup}× | ${texts.join(' | ')} |`;
  });
  return `| speed-up | ${labels.join(' | ')} |\n|---|${labels.map(() => '---|').join('')}\n${lines.join('\n')}\n`;
}

/** Of the same method with several seeds. */
function cellText(rows: readonly Row[]): string {
  const [only] = rows;
  if (only !== undefined && rows.length === 1) return scoreText(only);
  const mean = meanTop1(rows);
  const variance = rows.reduce((sum, { top1 }) => sum + (top1 - mean) ** 2, 0) / (rows.length - 1);
  return `${(100 * mean).toFixed(2)} ± ${(100 * Math.sqrt(variance)).toFixed(2)}`;
}

function meanTop1(rows: readonly Row[]): number {
  return rows.reduce((sum, { top1 }) => sum + top1, 0) / rows.length;
}
