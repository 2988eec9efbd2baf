/** Made-up measurements in which every claim of the paper holds, or fails, or could be chance. */

import type { Hits } from '../../examples/lib/scoring.ts';
import type { LayerShape, PaperResults, Point, TimedRow } from '../../examples/paper/results.ts';

export type Outcome = 'chance' | 'fails' | 'holds';

const photographs = 400;

/** So many right answers; `odd` photographs at the end are right although the ones before are not. */
export function hitsOf(right: number, odd = 0): Hits {
  const top1 = Uint8Array.from({ length: photographs }, (_, i) => (i < right || i >= photographs - odd ? 1 : 0));
  return { top1, top3: Uint8Array.from(top1, () => 1) };
}

export function pointOf(hits: Hits, error: number, energyKept = 0.9, name = 'conv2'): Point {
  const layer = { name, rank: 4, filters: 8, energyKept, error, linearError: error };
  return { speedup: 3.01, layers: [layer], hits, outputError: error, seconds: 1 };
}

/** Two approximations of which the claim wants the second to be better. */
function pair(outcome: Outcome): readonly [worse: Point, better: Point] {
  if (outcome === 'holds') return [pointOf(hitsOf(300), 0.4), pointOf(hitsOf(330), 0.2)];
  if (outcome === 'fails') return [pointOf(hitsOf(330), 0.2), pointOf(hitsOf(300), 0.4)];
  return [pointOf(hitsOf(320, 1), Number.NaN), pointOf(hitsOf(320), Number.NaN)];
}

const shapes: readonly (readonly [name: string, output: number, share: number])[] = [
  ['conv1', 8, 25],
  ['conv2', 4, 50],
  ['conv3', 4, 25],
];

function layerShapes(zeros: readonly number[], standardError: number): LayerShape[] {
  return shapes.map(([name, output, sharePercent], i) => ({
    name,
    kernel: [3, 3],
    channels: 8,
    filters: 8,
    output: [output, output],
    macs: 100 * sharePercent,
    sharePercent,
    zeros: { value: zeros[i] ?? 0, standardError },
  }));
}

function table1(outcome: Outcome): PaperResults['table1'] {
  const zeros = { holds: [0.5, 0.6, 0.9], fails: [0.5, 0.9, 0.6], chance: [0.5, 0.61, 0.6] }[outcome];
  return {
    printed: shapes.map(([name, output, share]) => ({
      name,
      kernel: outcome === 'fails' ? 5 : 3,
      in: 8,
      filters: 8,
      stride: 1,
      output,
      sharePercent: share,
      zeros: 0.5,
    })),
    printedMacs: outcome === 'chance' ? Number.NaN : 10_000,
    model: outcome === 'chance' ? [] : layerShapes([0.5, 0.5, 0.5], 0.01),
    chain: layerShapes(zeros, 0.02),
  };
}

function table2(outcome: Outcome): PaperResults['table2'] {
  const [uniform, energy] = pair(outcome);
  const off = { holds: 0, fails: 1, chance: Number.NaN }[outcome];
  return {
    layers: ['conv1', 'conv2', 'conv3'],
    original: hitsOf(350),
    rows: [2, 3].flatMap((speedup) => [
      {
        speedup,
        selection: false,
        printed: [32, 20, 30],
        formula: outcome === 'chance' ? [] : [32, 20 + off, 30],
        ratioWithoutFirst: speedup,
        ratio: speedup,
        top5ErrorIncrease: 1,
      },
      {
        speedup,
        selection: true,
        printed: [32, 25, 25],
        formula: null,
        ratioWithoutFirst: speedup - off,
        ratio: speedup - off,
        top5ErrorIncrease: 1,
      },
    ]),
    chain: [2, 3].map((speedup) => ({ speedup, uniform, energy })),
  };
}

function table3(outcome: Outcome): PaperResults['table3'] {
  const row = (network: TimedRow['network'], printed: number, times: readonly number[]): TimedRow => ({
    network,
    label: network,
    printedMilliseconds: printed,
    printedTop5Error: 15,
    macs: 1000,
    convolutions: times,
    rest: times.map(() => 1),
    native: null,
  });
  const noise = { holds: [0, 0, 1], fails: [0, 0, 1], chance: [-70, 0, 90] }[outcome];
  const times = (around: number): number[] => noise.map((one) => around + one);
  const fails = outcome === 'fails';
  return {
    kernels: 'simd',
    native: null,
    rows: [
      row('original', 900, outcome === 'chance' ? [300, 1100, 600] : times(900)),
      row('spatial', 300, times(fails ? 800 : 300)),
      row('channel', 300, times(fails ? 600 : 300)),
      row('3d', 300, times(fails ? 480 : outcome === 'chance' ? 350 : 300)),
      row('alexNet', 300, outcome === 'chance' ? [420, 330, 200] : times(fails ? 200 : 300)),
    ],
  };
}

function figure2(outcome: Outcome): PaperResults['figure2'] {
  const energies = { holds: [1000, 0.1, 0.1, 0.1], fails: [1, 1, 1, 1], chance: [Number.NaN, 1, 1, 1] }[outcome];
  return { layers: ['conv1', 'conv2', 'conv3'].map((name) => ({ name, energies })) };
}

function figure3(outcome: Outcome): PaperResults['figure3'] {
  const energies = [0.5, 0.6, 0.7, 0.8, 0.9, 1];
  const right = {
    holds: [250, 270, 290, 310, 330, 350],
    fails: [350, 330, 310, 290, 270, 250],
    chance: [250, 290, 270, 330, 300, 350],
  }[outcome];
  const points = energies.map((energy, i) => pointOf(hitsOf(right[i] ?? 0), 0.1, energy));
  return { original: hitsOf(350), layers: ['conv2', 'conv3'].map((name) => ({ name, points })) };
}

function figure4(outcome: Outcome): PaperResults['figure4'] {
  const [linear, nonlinear] = pair(outcome);
  const gaining = (gain: number, speedup: number): PaperResults['figure4']['layers'][number]['points'][number] => ({
    speedup,
    linear,
    nonlinear: {
      ...nonlinear,
      layers: nonlinear.layers.map((layer) => ({ ...layer, error: (layer.error ?? 0) * gain })),
    },
  });
  const last = { holds: 0.9, fails: 1.2, chance: 1 }[outcome];
  return {
    original: hitsOf(350),
    layers: [
      { name: 'conv2', points: [2, 3].map((speedup) => gaining(1, speedup)) },
      { name: 'conv3', points: [2, 3].map((speedup) => gaining(last, speedup)) },
    ],
  };
}

export function samplePaper(outcome: Outcome): PaperResults {
  const [worse, better] = pair(outcome);
  const [, best] = outcome === 'holds' ? [null, pointOf(hitsOf(350), 0.1)] : pair(outcome);
  const third = { holds: best, fails: pointOf(hitsOf(270), 0.5), chance: pointOf(hitsOf(319), 0.5) }[outcome];
  return {
    table1: table1(outcome),
    table2: table2(outcome),
    table3: table3(outcome),
    figure2: figure2(outcome),
    figure3: figure3(outcome),
    figure4: figure4(outcome),
    figure5: {
      original: hitsOf(350),
      groups: [
        { name: 'conv2–3', points: [2, 3].map((speedup) => ({ speedup, symmetric: worse, asymmetric: better })) },
      ],
    },
    figure6: {
      original: hitsOf(350),
      points: [3, 4].map((speedup) => ({ speedup, spatial: worse, channel: better, '3d': third })),
    },
  };
}
