/** `rankwise verify`: recomputes what an approximation is and does, and compares it with its report. */

import { access } from 'node:fs/promises';

import { FormatError } from '@rankwise/tensor';
import { verifyApproximation } from '@rankwise/approx';
import type { Verification, VerifyOptions } from '@rankwise/approx';
import type { ImageSource, Model } from '@rankwise/nn';

import { checkLabels } from '../data/labels.ts';
import { CommandError, namingFile } from '../failures.ts';
import { interruptible } from '../interruptible.ts';
import { openModel } from '../modelArgument.ts';
import type { Call, Command, OptionValues } from '../options.ts';
import { createProgressBar } from '../progressBar.ts';
import { readFileBytes } from '../readFileBytes.ts';
import { reportFileFor } from '../reportFile.ts';
import type { Terminal } from '../terminal.ts';
import { kernelsRecord, withKernels } from '../withKernels.ts';
import { dataOptions, labelsOption, openModelImages } from './dataOptions.ts';
import { kernelOptions, readKernelOptions } from './kernelOptions.ts';
import { formatVerification } from './verificationTable.ts';
import { withZooWeights } from './zooWeights.ts';

export const verifyCommand: Command = {
  name: 'verify',
  summary: 'Recompute ranks, costs, errors and accuracy of an approximation, and compare them with its report',
  usage: ['verify ORIGINAL APPROXIMATED --data IMAGES [--report FILE] [--labels FILE] [--fit] …'],
  operands: ['ORIGINAL', 'APPROXIMATED'],
  options: {
    ...dataOptions,
    labels: labelsOption,
    report: {
      argument: 'FILE',
      text:
        "The report to check, as 'rankwise approximate' writes it. Its figures are measured again on the images it held out, which are " +
        'found in --data when that is the file it was made from.',
      otherwise: 'the one beside APPROXIMATED (small.report.json for small.safetensors), if it is there',
    },
    fit: { text: 'Run the calibration images too, so that fitting errors can be checked.' },
    images: {
      argument: 'N',
      text: "Where the report's held-out images are not in --data: use the first N images only.",
      otherwise: 'all',
    },
    positions: { argument: 'P', text: 'Likewise: positions to sample per image and layer.', fallback: '10' },
    seed: { argument: 'S', text: "Likewise: seed of the positions. Also of a zoo model's weights.", fallback: '0' },
    ...kernelOptions,
  },
  examples: [
    [
      'against the report beside it, on the images that the report held out',
      'rankwise verify model.safetensors small.safetensors --data train-images-idx3-ubyte.gz',
    ],
    [
      'on other images, with their labels',
      'rankwise verify model.safetensors small.safetensors --data t10k-images-idx3-ubyte.gz --images 1000',
    ],
  ],
  run: verify,
};

async function verify({ operands: [original = '', approximated = ''], options, terminal }: Call): Promise<void> {
  const settings = readSettings(options);
  const request = readKernelOptions(options);
  options.required('data');
  const sketch = await openModel(original, { initialize: false });
  const changed = await openModel(approximated, { initialize: false });
  const file = options.text('report') ?? (await reportBeside(approximated));
  const report = file === undefined ? undefined : await readJson(file);
  const { source, labels } = await openModelImages(sketch, options, { withLabels: true });
  if (labels !== undefined) checkLabels(sketch, labels);
  const verification = await withKernels(request, terminal, async (opened) => {
    const [before, after] = [
      await withZooWeights(original, sketch, settings.seed, terminal),
      await withZooWeights(approximated, changed, settings.seed, terminal),
    ];
    const given: VerifyOptions = {
      ...settings,
      kernels: opened.kernels,
      ...(labels === undefined ? {} : { labels }),
      ...(report === undefined ? {} : { report }),
    };
    const found = await namingReport(file, () => runVerification(before, after, source, given, terminal));
    terminal.stdout.write(
      options.flag('json')
        ? `${JSON.stringify({ ...found, report: file ?? null, kernels: kernelsRecord(opened) })}\n`
        : formatVerification(found, file, opened.kernels),
    );
    return found;
  });
  const wrong = verification.claims?.filter(({ verdict }) => verdict === 'refuted').length ?? 0;
  if (wrong > 0) throw new CommandError(`${file}: ${wrong} of its figures ${wrong === 1 ? 'is' : 'are'} wrong`);
}

type Settings = Required<Pick<VerifyOptions, 'fit' | 'positions' | 'seed'>> & Pick<VerifyOptions, 'images'>;

function readSettings(options: OptionValues): Settings {
  const images = options.integer('images', { least: 1 });
  return {
    fit: options.flag('fit'),
    positions: options.integer('positions', { least: 1 }) ?? 1,
    seed: options.integer('seed', { least: 0 }) ?? 0,
    ...(images === undefined ? {} : { images }),
  };
}

async function reportBeside(approximated: string): Promise<string | undefined> {
  const path = reportFileFor(approximated);
  try {
    await access(path);
    return path;
  } catch {
    return undefined;
  }
}

async function readJson(path: string): Promise<unknown> {
  const bytes = await readFileBytes(path);
  return namingFile(path, () => {
    try {
      return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new FormatError('json', 0, `verify: report: expected JSON, got text that is not: ${reason}`);
    }
  });
}

/** A report that is none is named by its file; models and images were opened before, and errors of theirs do not come up here. */
async function namingReport<T>(file: string | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FormatError && file !== undefined) error.message = `${file}: ${error.message}`;
    throw error;
  }
}

function runVerification(
  original: Model,
  approximated: Model,
  source: ImageSource,
  options: VerifyOptions,
  terminal: Terminal,
): Promise<Verification> {
  const bar = createProgressBar(terminal.stderr, terminal.now);
  return interruptible(terminal, (signal) =>
    verifyApproximation(original, approximated, source, {
      ...options,
      signal,
      onProgress: ({ done, total }) => bar.update(done / total, `running both networks, image ${done} of ${total}`),
    }),
  ).finally(bar.clear);
}
