/** `rankwise ranks`: the ranks that speed-ups lead to, without approximating anything. */

import { convolutionLayers } from '@rankwise/approx';
import type { ConvolutionLayer } from '@rankwise/approx';

import { UsageError } from '../failures.ts';
import { openModel } from '../modelArgument.ts';
import type { Call, Command, OptionValues } from '../options.ts';
import { checkRankRequest, fixedRanksFor, parseRanks } from '../rankArgument.ts';
import { dataOptions } from './dataOptions.ts';
import { findPlans, needsImages, requestOf } from './findPlans.ts';
import type { FoundPlan, PlanMethod, PlansAsked, PlansFound } from './findPlans.ts';
import { kernelOptions, readKernelOptions } from './kernelOptions.ts';
import { planFacts } from './planFacts.ts';
import { moreThan, planTable } from './planTable.ts';
import { plansTable } from './plansTable.ts';
import type { PlanColumn } from './plansTable.ts';
import { rankOptions, readRankOptions } from './rankOptions.ts';

const methods = ['uniform', 'energy', 'exact', 'sensitivity', 'best'] as const;
/** Those that only look up what was measured once: what is compared where no method is named. */
const compared: readonly PlanMethod[] = ['uniform', 'energy', 'exact', 'sensitivity'];

export const ranksCommand: Command = {
  name: 'ranks',
  summary: 'Choose ranks for one speed-up or several, without approximating anything',
  usage: [
    'ranks MODEL --speedup R[,R…] --uniform [--fixed NAME=RANK,…] [--exclude NAMES] [--json]',
    'ranks MODEL --speedup R[,R…] --data IMAGES [--energy|--exact|--sensitivity|--best] [--images N] …',
    'ranks MODEL --fixed NAME=RANK,… [--decomposition NAME] [--json]',
  ],
  operands: ['MODEL'],
  options: {
    speedup: {
      argument: 'R[,R…]',
      text:
        'Wanted ratio over the layers whose rank is chosen, at least 1. Several make a table: the images are looked at once. With ' +
        '--data and without a method the methods are compared.',
    },
    uniform: { text: 'The same speed-up for every layer; needs no data.' },
    energy: {
      text:
        "Keep the most of the responses' variance for the cost, by the paper's greedy; needs --data, but for spatial, where it is the " +
        'energy of the filters. Says how much more the exact optimum keeps.',
    },
    exact: { text: 'The exact optimum of what --energy maximises; needs the same.' },
    sensitivity: {
      text: "The least sum of each layer's effect on the network's answers, measured alone; needs --data.",
    },
    best: {
      text: 'As approximate chooses by default: plans are carried out and judged by the answers; needs --data.',
    },
    fixed: {
      argument: 'NAME=RANK,…',
      text: "Ranks set by hand, not counted in the speed-up. They come before the model's own (conv1=32 in zoo:sppnet7).",
    },
    ...rankOptions,
    ...dataOptions,
    images: { argument: 'N', text: 'Images to sample, chosen at random.', fallback: '3000' },
    positions: { argument: 'P', text: 'Positions to sample per image and layer.', fallback: '10' },
    seed: {
      argument: 'S',
      text: "Seed of the choice of images and positions, and of a zoo model's weights.",
      fallback: '0',
    },
    ...kernelOptions,
  },
  examples: [
    ["the paper's Table 2, 4× without rank selection", 'rankwise ranks zoo:sppnet7 --speedup 4 --uniform'],
    [
      'every method at three speed-ups, from one look at the images',
      'rankwise ranks model.safetensors --speedup 2,4,8 --data train-images-idx3-ubyte.gz --images 500',
    ],
  ],
  run: runRanks,
};

async function runRanks({ operands, options, terminal }: Call): Promise<void> {
  const argument = operands[0] ?? '';
  const written = readAsked(options);
  const model = await openModel(argument, { initialize: false });
  const { settings, speedups } = written;
  const { fixed, exclude, decomposition } = settings;
  const own = speedups.length === 0 ? fixed : fixedRanksFor(model, fixed, exclude, decomposition);
  const asked: PlansAsked = { ...written, settings: { ...settings, fixed: own } };
  const layers = convolutionLayers(model);
  const request = requestOf(asked);
  if (speedups.length === 0) checkRankRequest(layers, request);
  for (const speedup of speedups) checkRankRequest(layers, { ...request, speedup });
  const found = await findPlans(argument, model, asked, { options, terminal });
  terminal.stdout.write(options.flag('json') ? `${JSON.stringify(recordOf(found))}\n` : textOf(layers, asked, found));
}

/** What the command line says, without a look at the model. */
function readAsked(options: OptionValues): PlansAsked {
  const speedups = options.numbers('speedup', { least: 1 });
  const byHand = options.text('fixed');
  const { fixed } = byHand === undefined ? { fixed: {} } : parseRanks('--fixed', byHand, []);
  const [method, second] = methods.filter((name) => options.flag(name));
  if (second !== undefined) throw new UsageError(`expected one method, got both --${method} and --${second}`);
  const choosing = speedups.length > 0;
  if (!choosing && method !== undefined) throw new UsageError(`expected --speedup R with --${method}, got none`);
  if (!choosing && byHand === undefined) {
    throw new UsageError('expected --speedup R or --fixed NAME=RANK,…, got neither');
  }
  const settings = readRankOptions(options, fixed, choosing);
  const hasData = options.text('data') !== undefined;
  if (choosing && method === undefined && !hasData) {
    throw new UsageError('expected --uniform (no data), or --data IMAGES to choose ranks on, got neither');
  }
  const wanted: readonly PlanMethod[] = !choosing ? ['manual'] : method === undefined ? compared : [method];
  if (needsImages({ methods: wanted, settings }) && !hasData) {
    const what = method === undefined || method === 'uniform' ? 'caps auto' : method;
    throw new UsageError(`--${what}: expected --data IMAGES to measure it on, got none; --uniform needs no data`);
  }
  return {
    methods: wanted,
    speedups,
    settings,
    sampling: {
      images: options.integer('images', { least: 1 }) ?? 1,
      positions: options.integer('positions', { least: 1 }) ?? 1,
      seed: options.integer('seed', { least: 0 }) ?? 0,
    },
    kernels: readKernelOptions(options),
  };
}

function textOf(
  layers: readonly ConvolutionLayer[],
  { methods: used, speedups, settings }: PlansAsked,
  found: PlansFound,
): string {
  const { plans, request } = found;
  const columns = plans.map((plan) => ({ found: plan, facts: planFacts(layers, request, plan) }));
  const [only] = columns;
  if (only !== undefined && columns.length === 1)
    return planTable(layers, only.found, request, only.facts, Object.keys(settings.fixed));
  if (used.length === 1) {
    return plansTable(columns.map((column) => ({ ...column, heading: `${column.found.requested}×` })));
  }
  const comparisons = speedups.map((speedup) => {
    const these = columns.filter(({ found: { requested } }) => requested === speedup);
    return `${speedups.length === 1 ? '' : `speed-up ${speedup}×\n`}${comparison(these)}`;
  });
  return `${comparisons.join('\n')}\n${explanation}`;
}

/** The methods at one speed-up: their table, and how far the greedy is from the optimum. */
function comparison(columns: readonly Omit<PlanColumn, 'heading'>[]): string {
  const table = plansTable(
    columns.map(({ found, facts: { energyKept, effect } }) => ({
      heading: found.method,
      found,
      facts: { ...(energyKept === undefined ? {} : { energyKept }), ...(effect === undefined ? {} : { effect }) },
    })),
  );
  const { energyKept = 1, energyOfGreedy = 1 } = columns.find(({ found }) => found.method === 'exact')?.facts ?? {};
  return `${table}the exact optimum keeps ${moreThan(energyKept, energyOfGreedy)} the greedy\n`;
}

const explanation =
  '(energy kept: the product over these layers; energy is the greedy for it, exact the optimum.\n' +
  ' effect on answers: the sum of what each layer does alone; sensitivity is the optimum.)\n';

function recordOf({ plans, request, kernels }: PlansFound): Record<string, unknown> {
  const { latencies = {} } = request;
  const timed = Object.entries(latencies).map(([name, { original, atRank }]) => [
    name,
    { original, atRank: Array.from(atRank) },
  ]);
  const measured = {
    ...(timed.length === 0 ? {} : { latencies: Object.fromEntries(timed) }),
    ...(kernels === undefined ? {} : { kernels }),
  };
  const [only] = plans;
  if (only !== undefined && plans.length === 1) return { ...planRecord(only), ...measured };
  const records = plans.map((plan) => ({ method: plan.method, requested: plan.requested, ...planRecord(plan) }));
  return { plans: records, ...measured };
}

function planRecord({ plan, search }: FoundPlan): Record<string, unknown> {
  const { cost, objective } = plan;
  return {
    ranks: plan.ranks,
    ...(plan.decomposition === '3d' ? { spatialRanks: plan.spatialRanks } : {}),
    speedup: plan.speedup,
    counted: plan.counted,
    ...(cost.budget === 'macs' ? {} : { cost }),
    ...(objective === undefined ? {} : { objective }),
    ...(search === undefined ? {} : { origin: search.origin, candidates: search.candidates, judges: search.judges }),
  };
}
