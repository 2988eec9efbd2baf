/** The ranks of Table 2 of Zhang et al. (2016) and the ratios that were printed beside them. */

import { approximatedMacs, convolutionLayers, originalMacs, selectRanks, uniformRank } from '@rankwise/approx';
import type { ConvolutionLayer } from '@rankwise/approx';
import { modelCost, sppNet7 } from '@rankwise/nn';
import { describe, expect, it } from 'vitest';
import { readJson } from '../kit/repository.ts';

interface Row {
  readonly speedup: number;
  readonly selection: boolean;
  readonly ranks: readonly number[];
}

interface PaperTables {
  readonly model: {
    readonly convMacs: number;
    readonly layers: readonly { name: string; kernel: number; in: number; filters: number; output: number }[];
  };
  readonly table2: readonly Row[];
}

const tables = readJson('examples/data/paper.json') as unknown as PaperTables; // a fixture of this shape
const model = sppNet7({ initialize: false });
const layers = convolutionLayers(model);

/** Ratio over some layers at the ranks of a row, rounded down to as many digits as the paper's tables were recomputed to. */
function ratio(counted: readonly ConvolutionLayer[], ranks: readonly number[], digits: number): number {
  const rankOf = (layer: ConvolutionLayer): number => ranks[layers.indexOf(layer)] ?? 0;
  const before = counted.reduce((sum, layer) => sum + originalMacs(layer), 0);
  const after = counted.reduce((sum, layer) => sum + approximatedMacs(layer, rankOf(layer)), 0);
  return Number((before / after).toFixed(digits));
}

const row = (speedup: number, selection: boolean): readonly number[] =>
  tables.table2.find((one) => one.speedup === speedup && one.selection === selection)?.ranks ?? [];

describe('the 7-conv model', () => {
  it('has the layers and the cost of the paper', () => {
    expect(
      layers.map(({ name, kernel, channels, filters, outputShape }) => ({
        name,
        kernel,
        channels,
        filters,
        outputShape,
      })),
    ).toEqual(
      tables.model.layers.map((layer) => ({
        name: layer.name,
        kernel: [layer.kernel, layer.kernel],
        channels: layer.in,
        filters: layer.filters,
        outputShape: [layer.filters, layer.output, layer.output],
      })),
    );
    expect(modelCost(model).convMacs).toBe(tables.model.convMacs);
    expect(layers.reduce((sum, layer) => sum + originalMacs(layer), 0)).toBe(tables.model.convMacs);
    expect(layers.map((layer) => layer.macs)).toEqual(layers.map(originalMacs));
  });
});

describe('Table 2 without rank selection', () => {
  it.each([3, 4, 5])('%i times: every rank is the formula’s', (speedup) => {
    const ranks = layers.map((layer, i) => (i === 0 ? 32 : uniformRank(layer, speedup)));
    expect(ranks).toEqual(row(speedup, false));
    const plan = selectRanks(layers, { method: 'uniform', speedup, fixed: { conv1: 32 } });
    expect(Object.values(plan.ranks)).toEqual(row(speedup, false));
    expect(plan.counted).toEqual(['conv2', 'conv3', 'conv4', 'conv5', 'conv6', 'conv7']);
    expect(plan.speedup).toBeGreaterThanOrEqual(speedup);
  });

  it('the row printed as 2 times is that of 2.1', () => {
    expect(layers.slice(1).map((layer) => uniformRank(layer, 2.1))).toEqual(row(2, false).slice(1));
  });

  it('the row of 2.4 is one below the formula in the last four layers', () => {
    const formula = layers.slice(1).map((layer) => uniformRank(layer, 2.4));
    expect(formula.map((rank, i) => rank - row(2.4, false)[i + 1]!)).toEqual([0, 0, 1, 1, 1, 1]);
  });
});

describe('Table 2 with rank selection', () => {
  it.each([
    [2, 2.101, 2.09],
    [2.4, 2.402, 2.37],
    [3, 3.003, 2.93],
    [4, 4.001, 3.82],
    [5, 5.003, 4.69],
  ])('%f times is %f over conv2–7 and %f with conv1', (speedup, withoutFirst, withFirst) => {
    const ranks = row(speedup, true);
    expect(ranks[0]).toBe(32);
    expect(ratio(layers.slice(1), ranks, 3)).toBe(withoutFirst);
    expect(ratio(layers, ranks, 2)).toBe(withFirst);
    const fixed = Object.fromEntries(layers.slice(1).map((layer, i) => [layer.name, ranks[i + 1]!]));
    expect(selectRanks(layers, { method: 'manual', fixed }).speedup.toFixed(3)).toBe(withoutFirst.toFixed(3));
  });

  it('conv1 at rank 32 is 1.815 with the 1×1 layer counted', () => {
    expect(ratio(layers.slice(0, 1), [32], 3)).toBe(1.815);
    const plan = selectRanks(layers, { method: 'manual', fixed: { conv1: 32 }, countProjection: false });
    expect(plan.speedup).toBe(3);
  });
});
