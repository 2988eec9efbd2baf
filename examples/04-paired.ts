/**
 * Is an approximated network worse than its original, or better, and is that more than chance? The answers of each approximation
 * stand beside the original's, photograph by photograph.
 *
 *   npm run paired -- [--model FILE --data IMAGES] [--test IMAGES | --split] [--speedups 1.1,1.5] [--methods "uniform N A,…"]
 *
 * By default the network and the photographs of this folder. With --split the photographs with an even number calibrate and the others
 * judge. Methods are named as in 03-methods.ts. For each a row: the share of photographs that are right (top-1, top-5) before and after,
 * how many became right and wrong, the difference with its standard error, and the chance that two equally good networks differ as much
 * (McNemar's exact test). Rows of one network on the same photographs are not independent of each other.
 *
 * All calibration images are fitted to. With --log FILE each row is kept as a line of JSON as soon as it is there, and rows that the file
 * has already are not computed again: a long table can be made in pieces. Other options: --images 3000, --positions 10, --iterations 25,
 * --count N (test photographs, default all), --places 1,5, --exclude conv2,conv3 (layers left as they are), --seed 0, --kernels auto, --threads 1.
 */

import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { approximateCalibrated, calibrate, compareOutputs, pairedAccuracy, paperSchedule } from '@rankwise/approx';
import type { Calibration, PairedAccuracy } from '@rankwise/approx';
import {
  UsageError,
  createProgressBar,
  formatDuration,
  formatTable,
  imageSourceFor,
  openImages,
  openModel,
  processTerminal,
  withKernels,
} from '@rankwise/cli';
import type { Column, ImageSet } from '@rankwise/cli';
import { forward, selectImages } from '@rankwise/nn';
import type { ImageSource, Model } from '@rankwise/nn';
import { concat, tensorOf } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { integerOption, kernelsOption, listOption, numberOption, runExample } from './lib/commandLine.ts';
import { parseMethod } from './lib/methods.ts';
import type { Method } from './lib/methods.ts';
import { openRowLog } from './lib/rowLog.ts';

/** One approximation. */
interface Row {
  readonly method: string;
  /** As --exclude has it. */
  readonly excluded: string;
  readonly speedup: number;
  /** Over the counted convolutions, and over the whole network. */
  readonly reached: number;
  readonly wholeModel: number;
  readonly outputError: number;
  readonly outputAgreement: number;
  readonly accuracy: readonly PairedAccuracy[];
  readonly ranks: Readonly<Record<string, number>>;
  /** Layers that two would not have made cheaper. */
  readonly leftAlone: readonly string[];
  readonly seconds: number;
}

interface Photographs {
  readonly calibration: ImageSource;
  readonly test: ImageSource;
  readonly labels: Tensor<'i32'>;
}

const dataFolder = fileURLToPath(new URL('data/', import.meta.url));
const batchSize = 16;

await runExample(async () => {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', default: join(dataFolder, 'fashion-chain.safetensors') },
      data: { type: 'string', default: join(dataFolder, 'calibration-images-idx3-ubyte.gz') },
      test: { type: 'string' },
      split: { type: 'boolean', default: false },
      speedups: { type: 'string', default: '1.1,1.2,1.3,1.4,1.5' },
      methods: { type: 'string', default: 'uniform N A,energy N A' },
      images: { type: 'string', default: '3000' },
      positions: { type: 'string', default: '10' },
      iterations: { type: 'string', default: '25' },
      count: { type: 'string' },
      places: { type: 'string', default: '1,5' },
      exclude: { type: 'string', default: '' },
      seed: { type: 'string', default: '0' },
      kernels: { type: 'string', default: 'auto' },
      threads: { type: 'string', default: '1' },
      log: { type: 'string' },
    },
  });
  if (values.split && values.test !== undefined) throw new UsageError('expected --test or --split, got both');
  const images = integerOption('images', values.images, 1);
  const positions = integerOption('positions', values.positions, 1);
  const iterations = integerOption('iterations', values.iterations, 1);
  const seed = integerOption('seed', values.seed, 0);
  const count = values.count === undefined ? Infinity : integerOption('count', values.count, 1);
  const places = listOption(values.places).map((text) => integerOption('places', text, 1));
  const labels = listOption(values.methods);
  const speedups = listOption(values.speedups).map((text) => numberOption('speedups', text, 1));
  const wanted = speedups.flatMap((speedup) => labels.map((label) => ({ label, ...parseMethod(label), speedup })));
  const request = { choice: kernelsOption(values.kernels), threads: integerOption('threads', values.threads, 1) };
  const { model: modelFile, data, exclude } = values;
  const testFile = values.split ? undefined : (values.test ?? join(dataFolder, 't10k-images-idx3-ubyte.gz'));

  const terminal = processTerminal();
  const log = await openRowLog<Row>(values.log);
  await withKernels(request, terminal, async ({ kernels }) => {
    const model = await openModel(modelFile);
    const photographs = await openPhotographs(model, data, testFile, count);
    const bar = createProgressBar(terminal.stderr, terminal.now);
    const before = await answersOf(model, photographs.test, kernels);
    terminal.stdout.write(
      `${model.name}: calibrated on ${Math.min(images, photographs.calibration.count)} photographs × ${positions} positions, ` +
        `judged on ${photographs.test.count} others, ${kernels.name} kernels\n`,
    );
    let calibration: Calibration | undefined;
    const rows: Row[] = [];
    for (const [i, { label, ...method }] of wanted.entries()) {
      const known = log.rows.find(
        (row) => row.method === label && row.speedup === method.speedup && row.excluded === exclude,
      );
      const onProgress = ({ fraction }: { readonly fraction: number }): void =>
        bar.update((i + fraction) / wanted.length, `${label} at ${method.speedup}×`);
      calibration ??=
        known === undefined
          ? await calibrate(model, photographs.calibration, { images, positions, heldOut: 0, seed, kernels })
          : undefined;
      const row =
        known ??
        (await approximatedRow(calibration, {
          label,
          method,
          exclude,
          iterations,
          places,
          kernels,
          before,
          photographs,
          onProgress,
        }));
      rows.push(row);
      if (known === undefined) await log.append(row);
    }
    bar.clear();
    terminal.stdout.write(`\n${formatTable(rows, columns(places))}`);
  });
});

async function approximatedRow(
  calibration: Calibration | undefined,
  work: {
    readonly label: string;
    readonly method: Method;
    readonly exclude: string;
    readonly iterations: number;
    readonly places: readonly number[];
    readonly kernels: Kernels;
    readonly before: Tensor<'f32'>;
    readonly photographs: Photographs;
    readonly onProgress: (event: { readonly fraction: number }) => void;
  },
): Promise<Row> {
  if (calibration === undefined) throw new Error('approximatedRow: calibration: expected one, got none');
  const { label, method, exclude, iterations, places, kernels, before, photographs, onProgress } = work;
  const started = performance.now();
  const { model, report } = await approximateCalibrated(calibration, {
    ...method,
    exclude: exclude === '' ? [] : exclude.split(','),
    schedule: paperSchedule.map(({ lambda }) => ({ lambda, iterations })),
    kernels,
    measure: false,
    onProgress,
  });
  const after = await answersOf(model, photographs.test, kernels);
  const { relativeError, agreement } = compareOutputs(before, after);
  return {
    method: label,
    excluded: exclude,
    speedup: method.speedup,
    reached: report.theoretical.speedup,
    wholeModel: report.theoretical.wholeModelSpeedup,
    outputError: relativeError,
    outputAgreement: agreement,
    accuracy: places.map((place) => pairedAccuracy(before, after, photographs.labels, place)),
    ranks: Object.fromEntries(report.layers.map(({ name, effectiveRank }) => [name, effectiveRank])),
    leftAlone: report.layers.filter(({ decomposed }) => !decomposed).map(({ name }) => name),
    seconds: (performance.now() - started) / 1000,
  };
}

/** The answers to all images, f32 [images, classes]. */
async function answersOf(model: Model, source: ImageSource, kernels: Kernels): Promise<Tensor<'f32'>> {
  const parts: Tensor<'f32'>[] = [];
  for (let from = 0; from < source.count; from += batchSize) {
    await setImmediate();
    const { output } = forward(model, await source.batch(from, Math.min(from + batchSize, source.count)), { kernels });
    parts.push(output);
  }
  const all = concat(parts, 0);
  return tensorOf(all.data, [source.count, all.data.length / source.count]);
}

/** From two files, or from the even and the odd places of one. */
async function openPhotographs(
  model: Model,
  data: string,
  test: string | undefined,
  count: number,
): Promise<Photographs> {
  const fitted = await openImages(data, { withLabels: test === undefined });
  const calibration = imageSourceFor(model, fitted);
  if (test !== undefined) {
    const judges = await openImages(test);
    const source = imageSourceFor(model, judges, Number.isFinite(count) ? count : undefined);
    return { calibration, test: source, labels: labelsAt(judges, indices(source.count, 0, 1)) };
  }
  const odd = indices(calibration.count, 1, 2).slice(0, count);
  return {
    calibration: selectImages(calibration, indices(calibration.count, 0, 2)),
    test: selectImages(calibration, odd),
    labels: labelsAt(fitted, odd),
  };
}

function indices(count: number, first: number, step: number): number[] {
  return Array.from({ length: Math.ceil((count - first) / step) }, (_, i) => first + i * step);
}

function labelsAt({ labels }: ImageSet, at: readonly number[]): Tensor<'i32'> {
  if (labels === undefined) throw new Error('expected labels in or beside the photographs that judge, found none');
  const stride = labels.strides[0] ?? 1;
  return tensorOf(
    Int32Array.from(at, (index) => labels.data[labels.offset + index * stride] ?? -1),
    [at.length],
  );
}

function columns(places: readonly number[]): Column<Row>[] {
  const percent = (share: number): string => (100 * share).toFixed(1);
  const signed = (share: number): string => `${share < 0 ? '−' : '+'}${Math.abs(100 * share).toFixed(1)}`;
  const paired = places.flatMap((place, i): Column<Row>[] => {
    const cell = (text: (accuracy: PairedAccuracy) => string) => (row: Row) => {
      const accuracy = row.accuracy[i];
      return accuracy === undefined ? '' : text(accuracy);
    };
    return [
      {
        heading: `top-${place}`,
        align: 'right',
        cell: cell(({ original, approximated }) => `${percent(original)} → ${percent(approximated)}`),
      },
      { heading: 'right/wrong', align: 'right', cell: cell(({ gained, lost }) => `+${gained} −${lost}`) },
      {
        heading: 'points',
        align: 'right',
        cell: cell(
          ({ original, approximated, standardError }) =>
            `${signed(approximated - original)} ± ${percent(standardError)}`,
        ),
      },
      { heading: 'p', align: 'right', cell: cell(({ pValue }) => pValue.toFixed(3)) },
    ];
  });
  return [
    { heading: 'method', cell: ({ method }) => method },
    { heading: 'asked', align: 'right', cell: ({ speedup }) => `${speedup}×` },
    { heading: 'reached', align: 'right', cell: ({ reached }) => `${reached.toFixed(2)}×` },
    { heading: 'whole', align: 'right', cell: ({ wholeModel }) => `${wholeModel.toFixed(2)}×` },
    ...paired,
    { heading: 'output error', align: 'right', cell: ({ outputError }) => outputError.toPrecision(3) },
    { heading: 'left alone', align: 'right', cell: ({ leftAlone }) => `${leftAlone.length}` },
    { heading: 'time', align: 'right', cell: ({ seconds }) => formatDuration(seconds) },
  ];
}
