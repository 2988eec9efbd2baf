/**
 * How long it takes and how much memory, at the paper's size: 3,000 images of 224 × 224, 10 positions each, every convolution of the
 * 7-convolution network at 4×. No trained weights of it are published in a form that is read here, so they are random (He): this is
 * about time and memory, not about accuracy.
 *
 *   node --conditions=rankwise-source --import tsx examples/05-imagenet-size.ts --photographs FILE [--images 3000] [--journal FOLDER]
 *
 * FILE holds photographs as bytes, height × width × channels, one after the other, in the network's size; without one, smooth random
 * images are drawn. With --journal a run that was interrupted or killed goes on where it was. Other options: --model zoo:sppnet7,
 * --positions 10, --speedup 4, --ranks uniform, --seed 0, --threads 2, --kernels auto, --memory 1024 (MiB for paused batches), --json FILE.
 *
 * Seconds are by the clock; beside them those of the processors, since a busy machine makes the clock worthless.
 */

import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { approximate } from '@rankwise/approx';
import type { ApproximationReport, ProgressEvent, RankMethod } from '@rankwise/approx';
import {
  UsageError,
  createProgressBar,
  describeKernels,
  folderJournal,
  formatDuration,
  formatTable,
  openModel,
  processTerminal,
  withKernels,
  writeFileAtomically,
} from '@rankwise/cli';
import { integerOption, kernelsOption, numberOption, runExample } from './lib/commandLine.ts';
import { photographViews } from './lib/photographViews.ts';
import { layerTable } from './lib/table.ts';

/** Milliseconds of work that a kill may cost. */
const journalInterval = 10_000;

const methods: readonly RankMethod[] = ['uniform', 'energy'];

interface Step {
  readonly what: string;
  readonly seconds: number;
  readonly processorSeconds: number;
  /** MiB in memory at its end. */
  readonly resident: number;
}

await runExample(async () => {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', default: 'zoo:sppnet7' },
      photographs: { type: 'string' },
      images: { type: 'string', default: '3000' },
      positions: { type: 'string', default: '10' },
      speedup: { type: 'string', default: '4' },
      ranks: { type: 'string', default: 'uniform' },
      seed: { type: 'string', default: '0' },
      threads: { type: 'string', default: '2' },
      kernels: { type: 'string', default: 'auto' },
      memory: { type: 'string', default: '1024' },
      journal: { type: 'string' },
      json: { type: 'string' },
    },
  });
  const terminal = processTerminal();
  const seed = integerOption('seed', values.seed, 0);
  const images = integerOption('images', values.images, 2);
  const model = await openModel(values.model, { seed });
  const photographs = values.photographs === undefined ? undefined : new Uint8Array(await readFile(values.photographs));
  const source = photographViews(model, images, seed, photographs);
  const options = {
    images,
    seed,
    positions: integerOption('positions', values.positions, 1),
    speedup: numberOption('speedup', values.speedup, 1),
    ranks: rankMethod(values.ranks),
    memoryBudget: numberOption('memory', values.memory, 0) * 2 ** 20,
    measure: false,
    ...(values.journal === undefined ? {} : { journal: folderJournal(values.journal, journalInterval) }),
  };
  const request = { choice: kernelsOption(values.kernels), threads: integerOption('threads', values.threads, 1) };
  await withKernels(request, terminal, async ({ kernels }) => {
    const bar = createProgressBar(terminal.stderr, terminal.now);
    const clock = stepClock();
    const onProgress = (event: ProgressEvent): void => {
      clock.enter(event);
      bar.update(event.fraction, `${event.phase} ${event.layer ?? ''}`, event.secondsLeft);
    };
    const { report } = await approximate(model, source, { ...options, kernels, onProgress }).finally(bar.clear);
    const steps = clock.steps();
    terminal.stdout.write(describe(report, steps, describeKernels(kernels)));
    if (values.json !== undefined) {
      await writeFileAtomically(
        values.json,
        `${JSON.stringify({ steps, peak: peakResident(), report }, undefined, 1)}\n`,
      );
    }
  });
});

function rankMethod(text: string): RankMethod {
  const found = methods.find((method) => method === text);
  if (found === undefined) throw new UsageError(`--ranks: expected ${methods.join(' or ')}, got '${text}'`);
  return found;
}

/** Keeps the time of each phase of each layer. */
function stepClock(): { enter(event: ProgressEvent): void; steps(): readonly Step[] } {
  const steps: Step[] = [];
  let current = 'preparation';
  let since = { time: performance.now(), processor: process.cpuUsage() };
  const close = (): void => {
    const { user, system } = process.cpuUsage(since.processor);
    steps.push({
      what: current,
      seconds: (performance.now() - since.time) / 1000,
      processorSeconds: (user + system) / 1e6,
      resident: process.memoryUsage().rss / 2 ** 20,
    });
    since = { time: performance.now(), processor: process.cpuUsage() };
  };
  return {
    enter: ({ phase, layer, resumed }) => {
      const what = `${phase}${layer === undefined ? '' : ` ${layer}`}${resumed === true ? ' (from the journal)' : ''}`;
      if (what === current) return;
      close();
      current = what;
    },
    steps: () => {
      close();
      return steps;
    },
  };
}

/** MiB; with the linear memory of the kernels. */
function peakResident(): number {
  return process.resourceUsage().maxRSS / 1024;
}

function describe(report: ApproximationReport, steps: readonly Step[], kernels: string): string {
  const { images, positions } = report.settings;
  const table = formatTable(steps, [
    { heading: 'step', cell: ({ what }) => what },
    { heading: 'seconds', align: 'right', cell: ({ seconds }) => seconds.toFixed(1) },
    { heading: 'of processors', align: 'right', cell: ({ processorSeconds }) => processorSeconds.toFixed(1) },
    { heading: 'MiB', align: 'right', cell: ({ resident }) => resident.toFixed(0) },
  ]);
  const processors = steps.reduce((sum, { processorSeconds }) => sum + processorSeconds, 0);
  return [
    `${report.model}, ${images} images × ${positions} positions, ${kernels}`,
    table,
    layerTable(report.layers),
    `${formatDuration(report.seconds)} in all, ${formatDuration(processors)} of processors, ${peakResident().toFixed(0)} MiB at most\n`,
  ].join('\n');
}
