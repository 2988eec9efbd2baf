/** `rankwise approximate`: makes a model cheaper and writes the result. */

import { acceleratedSchedule, approximate, convolutionLayers, renderReport } from '@rankwise/approx';
import type { ApproximateOptions, ApproximationResult, Decomposition, ProgressEvent } from '@rankwise/approx';
import { modelFileParts } from '@rankwise/nn';
import type { ImageSource, Model } from '@rankwise/nn';

import { UsageError } from '../failures.ts';
import { interruptible } from '../interruptible.ts';
import { openModelFiles } from '../modelArgument.ts';
import type { Call, Command, OptionValues } from '../options.ts';
import { createProgressBar } from '../progressBar.ts';
import { checkRankRequest, fixedRanksFor, parseRanks } from '../rankArgument.ts';
import { reportFileFor } from '../reportFile.ts';
import type { Terminal } from '../terminal.ts';
import { kernelsRecord, withKernels } from '../withKernels.ts';
import { checkWritable, isSameFile, writeFileAtomically } from '../writeFileAtomically.ts';
import { formatApproximation } from './approximationTable.ts';
import { dataOptions, openModelImages } from './dataOptions.ts';
import { interruptNote, journalOptions, readJournalOptions, withJournal } from './journalOptions.ts';
import type { CommandJournal } from './journalOptions.ts';
import { describeProgress } from './describeProgress.ts';
import { kernelOptions, readKernelOptions } from './kernelOptions.ts';
import { rankOptions, readRankOptions } from './rankOptions.ts';
import type { RankSettings } from './rankOptions.ts';
import { withZooWeights } from './zooWeights.ts';

const solvers = ['nonlinear', 'linear'] as const;
const reconstructions = ['asymmetric', 'symmetric'] as const;
const splits = ['filter', 'data'] as const;
const schedules = ['paper', 'accelerated'] as const;
const methods = ['best', 'sensitivity', 'energy', 'exact', 'uniform'] as const;

type Settings = RankSettings & Omit<ApproximateOptions, 'journal' | 'kernels' | 'onProgress' | 'signal'>;

export const approximateCommand: Command = {
  name: 'approximate',
  summary: 'Replace convolutions by thinner ones that keep what survives the nonlinearity',
  usage: ['approximate MODEL --data IMAGES --speedup R -o OUT [--ranks METHOD] [--report OUT.html] …'],
  operands: ['MODEL'],
  options: {
    ...dataOptions,
    speedup: {
      argument: 'R',
      text: 'Wanted ratio over the layers whose rank is chosen, at least 1. Not with ranks by hand only.',
    },
    output: {
      argument: 'OUT',
      short: 'o',
      text: "Model file to write. Its report for 'rankwise verify' is written beside it: small.report.json for small.safetensors.",
    },
    report: { argument: 'HTML', text: 'Write a report with tables and plots as well.', otherwise: 'none' },
    ranks: {
      argument: 'METHOD',
      text:
        "uniform (one speed-up for every layer), energy (the paper's greedy), exact (the optimum of the same), sensitivity (the least " +
        "sum of each layer's effect on the answers), or best: these and their neighbours are tried on some of the images, and the ranks " +
        'are kept that change the answers least. Ranks by hand may follow or stand alone: energy,conv2=32 or conv2=32,conv3=64.',
      otherwise: 'best',
    },
    ...rankOptions,
    split: {
      argument: 'NAME',
      text: 'How k×k is split into k×1 and 1×k: filter (the nearest in weights) or data (the nearest in responses; slower).',
      fallback: 'filter',
    },
    solver: { argument: 'NAME', text: 'nonlinear or linear.', fallback: 'nonlinear' },
    reconstruction: {
      argument: 'NAME',
      text: 'asymmetric (each layer corrects the errors of those before it) or symmetric.',
      fallback: 'asymmetric',
    },
    schedule: {
      argument: 'NAME',
      text: 'paper (25 alternations at λ = 0.01, 25 at λ = 1) or accelerated (20 at λ = 1, over-relaxed) for the nonlinear solver.',
      fallback: 'paper',
    },
    pooled: {
      text: 'Fit layers in front of a max pool by their pooled responses. Not with a descent or a spatial decomposition.',
    },
    descent: {
      argument: 'N',
      text: 'Iterations of a descent on the true objective after the solver, with all factors of a layer moving together; 25 bring most of it.',
      fallback: '0',
    },
    images: { argument: 'N', text: 'Calibration images, chosen at random; labels are not used.', fallback: '3000' },
    positions: { argument: 'P', text: 'Positions to sample per image and layer.', fallback: '10' },
    seed: { argument: 'S', text: "Seed of every random choice, and of a zoo model's weights.", fallback: '0' },
    ...journalOptions,
    ...kernelOptions,
  },
  examples: [
    [
      'four times fewer multiply-adds, with a report',
      'rankwise approximate model.safetensors --data train-images-idx3-ubyte.gz --speedup 4 -o small.safetensors --report small.html',
    ],
    [
      'ranks by hand, conv1 left as it is',
      'rankwise approximate model.safetensors --data images.npy --ranks conv2=32,conv3=64 -o small.safetensors',
    ],
  ],
  run: runApproximate,
};

async function runApproximate({ operands, options, terminal }: Call): Promise<void> {
  const settings = readSettings(options);
  const request = readKernelOptions(options);
  const argument = operands[0] ?? '';
  const [output, page] = [options.required('output'), options.text('report')];
  const data = options.required('data');
  const kept = readJournalOptions(options, output);
  const files: Files = { output, json: reportFileFor(output), html: page, kept };
  const targets = [output, files.json, ...(page === undefined ? [] : [page])];
  if (page !== undefined && ((await isSameFile(output, page)) || (await isSameFile(files.json, page)))) {
    throw new UsageError(`--report: expected another file than --output and ${files.json}, got ${page}`);
  }
  const { model: sketch, files: inputs } = await openModelFiles(argument, { initialize: false });
  for (const target of targets) await checkTarget(target, [...inputs, data]);
  const complete = completeSettings(sketch, settings);
  const { source } = await openModelImages(sketch, options, { withLabels: false });
  await withKernels(request, terminal, async (opened) => {
    const model = await withZooWeights(argument, sketch, settings.seed ?? 0, terminal);
    const { report } = await withJournal(kept, terminal, () =>
      approximateAndWrite(model, source, { ...complete, kernels: opened.kernels }, files, terminal),
    );
    terminal.stdout.write(
      options.flag('json')
        ? `${JSON.stringify({ ...report, kernels: kernelsRecord(opened) })}\n`
        : `${formatApproximation(report, opened.kernels)}wrote ${listed(targets)}\n`,
    );
  });
}

interface Files {
  readonly output: string;
  readonly json: string;
  readonly html: string | undefined;
  /** Where what is done is kept. */
  readonly kept: CommandJournal | undefined;
}

function approximateAndWrite(
  model: Model,
  source: ImageSource,
  options: ApproximateOptions,
  { output, json, html, kept }: Files,
  terminal: Terminal,
): Promise<ApproximationResult> {
  const bar = createProgressBar(terminal.stderr, terminal.now);
  const journal = kept === undefined ? {} : { journal: kept.journal };
  const work = async (signal: AbortSignal): Promise<ApproximationResult> => {
    const onProgress = (event: ProgressEvent): void =>
      bar.update(event.fraction, describeProgress(event), event.secondsLeft);
    const made = await approximate(model, source, { ...options, ...journal, signal, onProgress }).finally(bar.clear);
    const page = html === undefined ? [] : [[html, renderReport(made.report)] as const];
    const files = [
      [output, modelFileParts(made.model)] as const,
      [json, `${JSON.stringify(made.report, undefined, 1)}\n`] as const,
      ...page,
    ];
    // From here on an interrupt is heard but comes too late: all files are written.
    signal.throwIfAborted();
    for (const [path, content] of files) await writeFileAtomically(path, content);
    return made;
  };
  return interruptible(terminal, work, () => interruptNote(kept));
}

/** @throws UsageError when the file is one of those that are read; CommandError when it could not be written. */
async function checkTarget(target: string, inputs: readonly string[]): Promise<void> {
  for (const input of inputs) {
    if (await isSameFile(target, input)) throw new UsageError(`expected another file than the input, got ${target}`);
  }
  await checkWritable(target);
}

/** What the command line says, without a look at the model. */
function readSettings(options: OptionValues): Settings {
  const speedup = options.number('speedup', { least: 1 });
  const written = options.text('ranks');
  const { method, fixed } =
    written === undefined ? { method: undefined, fixed: {} } : parseRanks('--ranks', written, methods);
  const byHand = Object.keys(fixed).length > 0;
  if (speedup === undefined && (method !== undefined || !byHand)) {
    throw new UsageError('expected --speedup R, or --ranks NAME=RANK,… alone, got neither');
  }
  const solver = options.choice('solver', solvers);
  const reconstruction = options.choice('reconstruction', reconstructions);
  const spatialReconstruction = options.choice('split', splits);
  const schedule = options.choice('schedule', schedules);
  const rankSettings = readRankOptions(options, fixed, speedup !== undefined);
  const descent = options.integer('descent', { least: 0 }) ?? 0;
  const pooled = options.flag('pooled');
  checkTogether({
    decomposition: rankSettings.decomposition,
    descent,
    pooled,
    schedule,
    solver,
    spatialReconstruction,
  });
  return {
    ...(speedup === undefined ? { ranks: 'manual' } : { ranks: method ?? 'best', speedup }),
    ...rankSettings,
    ...(solver === undefined ? {} : { solver }),
    ...(reconstruction === undefined ? {} : { reconstruction }),
    ...(schedule === 'accelerated' ? { schedule: acceleratedSchedule } : {}),
    pooled,
    descent,
    ...(spatialReconstruction === undefined ? {} : { spatialReconstruction }),
    images: options.integer('images', { least: 1 }) ?? 1,
    positions: options.integer('positions', { least: 1 }) ?? 1,
    seed: options.integer('seed', { least: 0 }) ?? 0,
  };
}

/** Options of which some have no effect beside others. */
interface Together {
  readonly decomposition: Decomposition;
  readonly descent: number;
  readonly pooled: boolean;
  readonly schedule: (typeof schedules)[number] | undefined;
  readonly solver: Settings['solver'] | undefined;
  readonly spatialReconstruction: Settings['spatialReconstruction'] | undefined;
}

/** @throws UsageError when an option would have no effect beside the others. */
function checkTogether({ decomposition, descent, pooled, schedule, solver, spatialReconstruction }: Together): void {
  const other =
    decomposition === 'spatial'
      ? '--decomposition spatial, which has no alternation'
      : solver === 'linear'
        ? '--solver linear, which has no alternation'
        : undefined;
  if (other !== undefined && schedule === 'accelerated')
    throw new UsageError(`--schedule accelerated: not with ${other}`);
  if (other !== undefined && pooled) throw new UsageError(`--pooled: not with ${other}`);
  if (pooled && descent > 0) throw new UsageError('--pooled: not with --descent, which fits each response');
  if (decomposition === 'spatial' && solver === 'linear') {
    throw new UsageError('--solver linear: not with --decomposition spatial, which has no solver');
  }
  if (spatialReconstruction !== 'data') return;
  if (decomposition === 'channel') throw new UsageError('--split data: only with --decomposition spatial or 3d');
  if (descent > 0) throw new UsageError('--split data: not with --descent, which starts from a split of its own');
}

/**
 * The settings with the ranks that the model's authors set.
 * @throws DomainError when a layer's name is unknown or the speed-up is beyond reach: before the images are even opened.
 */
function completeSettings(model: Model, settings: Settings): Settings {
  const { ranks, speedup, exclude, caps, decomposition, budget, multipleOf } = settings;
  const byHand = ranks === 'manual';
  const fixed = byHand ? settings.fixed : fixedRanksFor(model, settings.fixed, exclude, decomposition);
  checkRankRequest(convolutionLayers(model), {
    method: byHand ? 'manual' : 'uniform',
    budget,
    decomposition,
    exclude,
    fixed,
    multipleOf,
    ...(caps === undefined || caps === 'auto' ? {} : { caps }),
    ...(speedup === undefined ? {} : { speedup }),
  });
  return { ...settings, fixed };
}

/** `a, b and c`. */
function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
