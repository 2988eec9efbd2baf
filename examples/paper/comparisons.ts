/** What each claim compares, as pure functions of the measurements: differences that the claim wants at or below zero. */

import type { Hits } from '../lib/scoring.ts';
import { differenceOf, meanOf, pairedDifference } from './statistics.ts';
import type { Estimate } from './statistics.ts';
import type { Comparison } from './rules.ts';
import type { Figure2, Figure3, Figure4, Figure5, Point, RankRow, Table1, Table3, TimedNetwork } from './results.ts';

/** The paper's times are matched when a network is at least this share as much faster as the paper's. */
const matchedShare = 0.9;
/** Times within this share of one another are alike. */
const alike = 0.1;
/** What the paper calls nearly linear, and monotone, is a coefficient from here on. */
const strong = 0.9;

export function exactly(label: string, difference: number): Comparison {
  return { label, difference, standardError: 0 };
}

function compared(label: string, { value, standardError }: Estimate): Comparison {
  return { label, difference: value, standardError };
}

/** Accuracy of `worse` minus that of `better`, which the claim wants at or below zero. */
export function accuracyBelow(label: string, worse: Hits, better: Hits): Comparison {
  return compared(label, pairedDifference(worse.top1, better.top1));
}

export function shapeDifferences({ printed, model, printedMacs }: Table1): Comparison[] {
  const differences = printed.flatMap((row, i) => {
    const layer = model[i];
    if (layer === undefined) return [exactly(row.name, Number.NaN)];
    const pairs: [what: string, ours: number, theirs: number][] = [
      ['filters', layer.filters, row.filters],
      ['channels', layer.channels, row.in],
      ['kernel', layer.kernel[0], row.kernel],
      ['output', layer.output[0], row.output],
      ['share', Math.round(layer.sharePercent * 10) / 10, row.sharePercent],
    ];
    return pairs.map(([what, ours, theirs]) => exactly(`${row.name} ${what}`, Math.abs(ours - theirs)));
  });
  const macs = model.reduce((sum, layer) => sum + layer.macs, 0);
  return [...differences, exactly('multiply-adds', Math.abs(macs - printedMacs))];
}

export function sparsenessBelowLast({ chain }: Table1): Comparison[] {
  const last = chain.at(-1);
  if (last === undefined) return [];
  return chain.slice(0, -1).map(({ name, zeros }) => compared(name, differenceOf(zeros, last.zeros)));
}

export function rankDifferences(rows: readonly RankRow[]): Comparison[] {
  return rows.flatMap(({ speedup, printed, formula }) =>
    (formula ?? []).map((rank, i) =>
      exactly(`conv${i + 1} at ${speedup}×`, Math.abs(rank - (printed[i] ?? Number.NaN))),
    ),
  );
}

export function shortfalls(rows: readonly RankRow[], ratioOf: (row: RankRow) => number): Comparison[] {
  const selected = rows.filter(({ selection }) => selection);
  return selected.map((row) => exactly(`${row.speedup}×`, row.speedup - ratioOf(row)));
}

/** Milliseconds of the whole network, turn by turn. */
function timesOf(
  { rows }: Table3,
  network: TimedNetwork,
): { readonly times: number[]; readonly printed: number } | null {
  const row = rows.find((one) => one.network === network);
  if (row === undefined) return null;
  return {
    times: row.convolutions.map((time, turn) => time + (row.rest[turn] ?? Number.NaN)),
    printed: row.printedMilliseconds,
  };
}

export function timesFaster(data: Table3): Comparison[] {
  const original = timesOf(data, 'original');
  return (['spatial', 'channel', '3d'] as const).flatMap((network) => {
    const one = timesOf(data, network);
    if (original === null || one === null) return [];
    const wanted = (matchedShare * original.printed) / one.printed;
    // Turn by turn: a machine that slows down slows both.
    return [
      compared(network, meanOf(one.times.map((time, turn) => wanted - (original.times[turn] ?? Number.NaN) / time))),
    ];
  });
}

export function timesAlike(data: Table3): Comparison[] {
  const found = (['spatial', 'channel', '3d'] as const).flatMap((network) => {
    const one = timesOf(data, network);
    return one === null ? [] : [{ network, ...meanOf(one.times) }];
  });
  const middle = found.map(({ value }) => value).toSorted((a, b) => a - b)[1] ?? Number.NaN;
  return found.map(({ network, value, standardError }) => ({
    label: network,
    difference: Math.abs(value / middle - 1) - alike,
    standardError: standardError / middle,
  }));
}

export function noLongerThanAlexNet(data: Table3): Comparison | null {
  const ours = timesOf(data, '3d');
  const alexNet = timesOf(data, 'alexNet');
  if (ours === null || alexNet === null) return null;
  return compared(
    '3d',
    meanOf(ours.times.map((time, turn) => time / (alexNet.times[turn] ?? Number.NaN) - (1 + alike))),
  );
}

export function energyShortfall({ name, energies }: Figure2['layers'][number], wanted: number): Comparison {
  const total = energies.reduce((sum, value) => sum + value, 0);
  const half = energies.slice(0, Math.floor(energies.length / 2)).reduce((sum, value) => sum + value, 0);
  return exactly(name, wanted - half / total);
}

/** The coefficient of accuracy and energy in each layer where accuracy varies at all. */
export function perLayer(
  { layers }: Figure3,
  coefficient: (x: readonly number[], y: readonly number[]) => Estimate,
): Comparison[] {
  return layers.flatMap(({ name, points }) => {
    const ordered = points.toSorted((a, b) => meanOf(a.hits.top1).value - meanOf(b.hits.top1).value);
    const [worst, best] = [ordered[0], ordered.at(-1)];
    if (worst === undefined || best === undefined) return [];
    const range = pairedDifference(best.hits.top1, worst.hits.top1);
    if (!(range.value > 4 * range.standardError)) return [];
    const { value, standardError } = coefficient(
      points.map((point) => point.layers[0]?.energyKept ?? Number.NaN),
      points.map((point) => meanOf(point.hits.top1).value),
    );
    return [{ label: name, difference: strong - value, standardError }];
  });
}

export function layerError({ layers }: Point): number {
  return layers[0]?.error ?? Number.NaN;
}

export function pairsOfFigure4(
  { layers }: Figure4,
  compare: (label: string, linear: Point, nonlinear: Point) => Comparison,
): Comparison[] {
  return layers.flatMap(({ name, points }) =>
    points.map(({ speedup, linear, nonlinear }) => compare(`${name} at ${speedup}×`, linear, nonlinear)),
  );
}

export function gainBelowLast({ layers }: Figure4): Comparison[] {
  const gains = layers.map(({ name, points }) => ({
    name,
    gain: points.map(({ linear, nonlinear }) => 1 - layerError(nonlinear) / layerError(linear)),
  }));
  const last = gains.at(-1);
  if (last === undefined) return [];
  return gains.slice(0, -1).map(({ name, gain }) => compared(name, pairedDifference(gain, last.gain)));
}

export function pairsOfFigure5(
  { groups }: Figure5,
  compare: (label: string, symmetric: Point, asymmetric: Point) => Comparison,
): Comparison[] {
  return groups.flatMap(({ name, points }) =>
    points.map(({ speedup, symmetric, asymmetric }) => compare(`${name} at ${speedup}×`, symmetric, asymmetric)),
  );
}
