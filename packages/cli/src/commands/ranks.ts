/** `rankwise ranks`: the ranks that a speed-up leads to, without approximating anything. */

import {
  calibrate,
  candidateLayers,
  convolutionLayers,
  energyKept,
  filterSpectrum,
  fullSpatialRank,
  layerMacs,
  plannedRanks,
  ranksPay,
  selectRanks,
  splitsSpatially,
} from '@rankwise/approx';
import type { ConvolutionLayer, Decomposition, LayerRanks, RankMethod, RankPlan, RankRequest } from '@rankwise/approx';
import type { Model } from '@rankwise/nn';

import { UsageError } from '../failures.ts';
import { interruptible } from '../interruptible.ts';
import { openModel } from '../modelArgument.ts';
import type { OpenKernelsOptions } from '../openKernels.ts';
import type { Call, Command, OptionValues } from '../options.ts';
import { createProgressBar } from '../progressBar.ts';
import { checkRankRequest, fixedRanksFor, parseRanks } from '../rankArgument.ts';
import { formatCount, formatPercent, formatTable } from '../table.ts';
import type { Column } from '../table.ts';
import { kernelsRecord, withKernels } from '../withKernels.ts';
import type { KernelsRecord } from '../withKernels.ts';
import { dataOptions, openModelImages } from './dataOptions.ts';
import { decompositionHelp, decompositions } from './decompositionOption.ts';
import { kernelOptions, readKernelOptions } from './kernelOptions.ts';
import { withZooWeights } from './zooWeights.ts';

export const ranksCommand: Command = {
  name: 'ranks',
  summary: 'Choose ranks for a speed-up, without approximating anything',
  usage: [
    'ranks MODEL --speedup R --uniform [--fixed NAME=RANK,…] [--exclude NAMES] [--json]',
    'ranks MODEL --speedup R --energy --data IMAGES [--images N] [--positions P] [--seed S] …',
    'ranks MODEL --fixed NAME=RANK,… [--decomposition NAME] [--json]',
  ],
  operands: ['MODEL'],
  options: {
    speedup: { argument: 'R', text: 'Wanted ratio of multiply-adds over the layers whose rank is chosen, at least 1.' },
    uniform: { text: 'The same speed-up for every layer; needs no data.' },
    energy: {
      text:
        "Keep the most of the responses' variance for the cost (the paper's greedy); needs --data, but for spatial, where it is " +
        'the energy of the filters.',
    },
    decomposition: { argument: 'NAME', text: decompositionHelp, fallback: 'channel' },
    fixed: {
      argument: 'NAME=RANK,…',
      text: "Ranks set by hand, not counted in the speed-up. They come before the model's own (conv1=32 in zoo:sppnet7).",
    },
    exclude: { argument: 'NAMES', text: 'Layers to leave as they are, separated by commas.', otherwise: 'none' },
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
      'by the energy of responses',
      'rankwise ranks model.safetensors --speedup 4 --energy --data train-images-idx3-ubyte.gz',
    ],
  ],
  run: runRanks,
};

interface Sampling {
  readonly images: number;
  readonly positions: number;
  readonly seed: number;
  readonly kernels: OpenKernelsOptions;
}

async function runRanks({ operands, options, terminal }: Call): Promise<void> {
  const argument = operands[0] ?? '';
  const decomposition = options.choice('decomposition', decompositions) ?? 'channel';
  const { method, speedup, fixed: given } = readRequest(options, decomposition);
  const exclude = options.words('exclude');
  const kernelRequest = readKernelOptions(options);
  const sampling = {
    images: options.integer('images', { least: 1 }) ?? 1,
    positions: options.integer('positions', { least: 1 }) ?? 1,
    seed: options.integer('seed', { least: 0 }) ?? 0,
  };
  const model = await openModel(argument, { initialize: false });
  const fixed = method === 'manual' ? given : fixedRanksFor(model, given, exclude, decomposition);
  const layers = convolutionLayers(model);
  const request: RankRequest = {
    method,
    decomposition,
    fixed,
    exclude,
    ...(speedup === undefined ? {} : { speedup }),
  };
  checkRankRequest(layers, request);
  const measure = decomposition === 'spatial' ? filterEnergies : sampleEnergies;
  const { energies, ...computed } =
    method === 'energy'
      ? await measure(argument, model, request, { ...sampling, kernels: kernelRequest }, { options, terminal })
      : { energies: {} };
  const plan = selectRanks(layers, { ...request, energies });
  if (options.flag('json')) {
    const spatialRanks = decomposition === '3d' ? { spatialRanks: plan.spatialRanks } : {};
    const { speedup: reached, counted } = plan;
    const result = { ranks: plan.ranks, ...spatialRanks, speedup: reached, counted, ...computed };
    terminal.stdout.write(`${JSON.stringify(result)}\n`);
    return;
  }
  terminal.stdout.write(planTable(layers, plan, energies, fixed));
}

function readRequest(
  options: OptionValues,
  decomposition: Decomposition,
): {
  readonly method: RankMethod;
  readonly speedup: number | undefined;
  readonly fixed: Readonly<Record<string, number>>;
} {
  const speedup = options.number('speedup', { least: 1 });
  const written = options.text('fixed');
  const { fixed } = written === undefined ? { fixed: {} } : parseRanks('--fixed', written, []);
  const uniform = options.flag('uniform');
  const energy = options.flag('energy');
  if (uniform && energy) throw new UsageError('expected --uniform or --energy, got both');
  if (speedup === undefined) {
    if (uniform) throw new UsageError('expected --speedup R with --uniform, got none');
    if (energy) throw new UsageError('expected --speedup R with --energy, got none');
    if (written === undefined) throw new UsageError('expected --speedup R or --fixed NAME=RANK,…, got neither');
    return { method: 'manual', speedup, fixed };
  }
  if (!uniform && !energy) throw new UsageError('expected --uniform (no data) or --energy (with --data), got neither');
  if (energy && decomposition !== 'spatial' && options.text('data') === undefined) {
    throw new UsageError('--energy: expected --data IMAGES to measure it on, got none; --uniform needs no data');
  }
  return { method: uniform ? 'uniform' : 'energy', speedup, fixed };
}

async function sampleEnergies(
  argument: string,
  sketch: Model,
  request: RankRequest,
  sampling: Sampling,
  { options, terminal }: Pick<Call, 'options' | 'terminal'>,
): Promise<{ readonly energies: Record<string, Float64Array>; readonly kernels: KernelsRecord }> {
  const { source } = await openModelImages(sketch, options, { withLabels: false });
  const names = candidateLayers(convolutionLayers(sketch), request).map((layer) => layer.name);
  return withKernels(sampling.kernels, terminal, async (opened) => {
    const model = await withZooWeights(argument, sketch, sampling.seed, terminal);
    const bar = createProgressBar(terminal.stderr, terminal.now);
    const calibration = await interruptible(terminal, (signal) =>
      calibrate(model, source, {
        ...sampling,
        kernels: opened.kernels,
        layers: names,
        heldOut: 0,
        signal,
        onProgress: ({ fraction }) => bar.update(fraction, 'sampling responses'),
      }),
    ).finally(bar.clear);
    const energies = Object.fromEntries(calibration.layers.map(({ layer, energies: found }) => [layer.name, found]));
    return { energies, kernels: kernelsRecord(opened) };
  });
}

/** Squared singular values of each layer's rearranged filters; needs the weights but no data. */
async function filterEnergies(
  argument: string,
  sketch: Model,
  request: RankRequest,
  sampling: Sampling,
  { terminal }: Pick<Call, 'terminal'>,
): Promise<{ readonly energies: Record<string, Float64Array>; readonly kernels: KernelsRecord }> {
  return withKernels(sampling.kernels, terminal, async (opened) => {
    const model = await withZooWeights(argument, sketch, sampling.seed, terminal);
    const energies = candidateLayers(convolutionLayers(sketch), request).flatMap(({ name, node }) => {
      const weight = model.parameters[node.weight];
      return weight === undefined ? [] : [[name, filterSpectrum(weight, opened.kernels)] as const];
    });
    return { energies: Object.fromEntries(energies), kernels: kernelsRecord(opened) };
  });
}

function planTable(
  layers: readonly ConvolutionLayer[],
  plan: RankPlan,
  energies: Readonly<Record<string, Float64Array>>,
  fixed: Readonly<Record<string, number>>,
): string {
  const rows = layers.flatMap((layer) => {
    const ranks = plannedRanks(plan, layer);
    return ranks === undefined
      ? []
      : [{ layer, ranks, after: layerMacs(layer, ranks), spectrum: energies[layer.name] }];
  });
  const note = ({ layer, ranks }: (typeof rows)[number]): string => {
    const notes = [
      ...(fixed[layer.name] === undefined ? [] : ['set by hand']),
      ...(plan.counted.includes(layer.name) ? [] : ['not counted']),
      ...(ranksPay(layer, ranks) ? [] : [`left as it is: ${whyLeft(layer, ranks)}`]),
    ];
    return notes.join(', ');
  };
  const columns: Column<(typeof rows)[number]>[] = [
    { heading: 'layer', cell: ({ layer }) => layer.name, most: 24 },
    { heading: 'rank', align: 'right', cell: ({ ranks }) => `${ranks.rank}` },
    {
      heading: 'of',
      align: 'right',
      cell: ({ layer, ranks }) => `${ranks.decomposition === 'spatial' ? fullSpatialRank(layer) : layer.filters}`,
    },
    { heading: 'multiply-adds', align: 'right', cell: ({ layer }) => formatCount(layer.macs) },
    { heading: 'after', align: 'right', cell: ({ after }) => formatCount(after) },
    { heading: 'speed-up', align: 'right', cell: ({ layer, after }) => `${(layer.macs / after).toFixed(2)}×` },
    {
      heading: 'energy kept',
      align: 'right',
      cell: ({ ranks, spectrum }) => (spectrum === undefined ? '' : formatPercent(energyKept(spectrum, ranks.rank), 2)),
    },
    { heading: 'note', cell: note },
  ];
  if (plan.decomposition === '3d') {
    columns.splice(1, 0, {
      heading: 'split',
      align: 'right',
      cell: ({ ranks }) => (ranks.decomposition === '3d' ? `${ranks.spatialRank}` : ''),
    });
  }
  const table = formatTable(rows, columns);
  const counted = `speed-up ${plan.speedup.toFixed(3)}× over ${plan.counted.join(', ')}`;
  return `${table}\n${counted}: ${formatCount(plan.macsBefore)} multiply-adds become ${formatCount(plan.macsAfter)}\n`;
}

function whyLeft(layer: ConvolutionLayer, ranks: LayerRanks): string {
  if (ranks.decomposition === 'spatial' && !splitsSpatially(layer)) return 'its kernel cannot be split';
  return `${ranks.decomposition === '3d' ? 'three' : 'two'} layers cost no less`;
}
