/** The command line of `npm run paper`. */

import { join } from 'node:path';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { UsageError } from '@rankwise/cli';
import type { KernelChoice } from '@rankwise/cli';
import { integerOption, kernelsOption } from '../lib/commandLine.ts';
import type { Task } from '../lib/methods.ts';
import { aloneSpeedups } from './plan.ts';
import type { Plan } from './plan.ts';

const dataFolder = fileURLToPath(new URL('../data/', import.meta.url));

/**
 * How much is computed. `usual` takes some fifteen minutes on two cores with simd kernels; `thorough` is the paper's calibration and every test
 * photograph; `quick` shows that everything runs.
 */
const efforts = {
  quick: { images: 200, positions: 3, iterations: 3, count: 500, turns: 1, speedups: aloneSpeedups.few },
  usual: { images: 2000, positions: 5, iterations: 8, count: 2000, turns: 7, speedups: aloneSpeedups.all },
  thorough: { images: 3000, positions: 10, iterations: 25, count: 10_000, turns: 15, speedups: aloneSpeedups.all },
} as const;

export interface PaperOptions {
  readonly task: Omit<Task, 'kernels'>;
  readonly speedups: Pick<Plan, 'alone' | 'further'>;
  readonly effort: keyof typeof efforts;
  readonly turns: number;
  readonly threads: number;
  readonly kernels: KernelChoice;
  readonly folder: string;
  /** Compute everything again. */
  readonly fresh: boolean;
}

export const help = `npm run paper -- [options]

Redraws every table and figure of the paper from runs of its own: FOLDER/paper.html and FOLDER/paper.json.
An interrupted run goes on where it ended: finished points are kept in FOLDER/points.

  --quick              few photographs and speed-ups: shows that everything runs
  --thorough           the paper's calibration (3,000 photographs × 10 positions, 50 iterations), 10,000 test photographs
  --model FILE         a trained network (default: fashion-chain of examples/data)
  --data FILE          photographs to calibrate on; no labels needed
  --test FILE          labelled photographs to score on
  --images N           calibration photographs        --positions N   positions in each
  --iterations N       at each of the two λ           --count N       test photographs
  --turns N            timed turns of Table 3; 0 leaves it out
  --seed N  --threads N  --kernels auto|simd|reference
  --out FOLDER         default out/paper
  --fresh              compute every point again
`;

/**
 * The options, checked; null where only help was asked for.
 * @throws UsageError, and what parseArgs throws, when one is unknown or out of range.
 */
export function readOptions(args: readonly string[]): PaperOptions | null {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: flag,
      quick: flag,
      thorough: flag,
      fresh: flag,
      model: { ...text, default: join(dataFolder, 'fashion-chain.safetensors') },
      data: { ...text, default: join(dataFolder, 'calibration-images-idx3-ubyte.gz') },
      test: { ...text, default: join(dataFolder, 't10k-images-idx3-ubyte.gz') },
      images: text,
      positions: text,
      iterations: text,
      count: text,
      turns: text,
      seed: { ...text, default: '0' },
      threads: { ...text, default: `${Math.min(2, availableParallelism())}` },
      kernels: { ...text, default: 'auto' },
      out: { ...text, default: join('out', 'paper') },
    },
  });
  if (values.help) return null;
  if (values.quick && values.thorough) throw new UsageError('--quick and --thorough: expected one of them, got both');
  const effort = values.quick ? 'quick' : values.thorough ? 'thorough' : 'usual';
  const usual = efforts[effort];
  const given = (name: 'count' | 'images' | 'iterations' | 'positions' | 'turns', least: number): number =>
    values[name] === undefined ? usual[name] : integerOption(name, values[name], least);
  return {
    task: {
      model: values.model,
      calibrationImages: values.data,
      testImages: values.test,
      images: given('images', 10),
      positions: given('positions', 1),
      heldOut: 0.1,
      testCount: given('count', 2),
      iterations: given('iterations', 1),
      seed: integerOption('seed', values.seed, 0),
      firstLayer: true,
    },
    speedups: usual.speedups,
    effort,
    turns: given('turns', 0),
    threads: integerOption('threads', values.threads, 1),
    kernels: kernelsOption(values.kernels),
    folder: values.out,
    fresh: values.fresh,
  };
}
