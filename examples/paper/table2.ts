/** Table 2: ranks with and without selection. The printed ranks are recomputed exactly; accuracies are those of the trained network. */

import {
  approximatedMacs,
  convolutionLayers,
  element,
  fragment,
  originalMacs,
  reportTable,
  uniformRank,
} from '@rankwise/approx';
import type { ConvolutionLayer, Markup } from '@rankwise/approx';
import { sppNet7 } from '@rankwise/nn';
import { accuracyText, fixed, lossOf, pointsText } from './drawing.ts';
import { severalLayers } from './jobs.ts';
import type { Job } from './jobs.ts';
import type { Measured, Plan } from './plan.ts';
import type { PrintedNumbers } from './printed.ts';
import type { Point, RankRow, Table2 } from './results.ts';

const speedups = [2, 2.4, 3, 4, 5] as const;

export function table2Jobs({ names }: Plan): Job[] {
  return speedups.flatMap((speedup) => [
    severalLayers(names, speedup),
    severalLayers(names, speedup, { ranks: 'energy' }),
  ]);
}

export function collectTable2({ names }: Plan, { original, of }: Measured, printed: PrintedNumbers): Table2 {
  const layers = convolutionLayers(sppNet7({ initialize: false }));
  const rows = printed.table2.map(({ speedup, selection, ranks, top5ErrorIncrease }): RankRow => ({
    speedup,
    selection,
    printed: ranks,
    formula: selection ? null : layers.map((layer, i) => (i === 0 ? (ranks[0] ?? 0) : uniformRank(layer, speedup))),
    ratioWithoutFirst: ratioOf(layers.slice(1), ranks.slice(1)),
    ratio: ratioOf(layers, ranks),
    top5ErrorIncrease,
  }));
  const chain = speedups.map((speedup) => ({
    speedup,
    uniform: of(severalLayers(names, speedup)),
    energy: of(severalLayers(names, speedup, { ranks: 'energy' })),
  }));
  return { layers: layers.map(({ name }) => name), rows, original: original.hits, chain };
}

export function drawTable2({ layers, rows, original, chain }: Table2, chainName: string): Markup {
  const chainRows = chain.flatMap(({ speedup, uniform, energy }) => [
    { speedup, selection: false, point: uniform },
    { speedup, selection: true, point: energy },
  ]);
  return fragment(
    reportTable({
      label: 'Ranks of the 7-convolution model',
      columns: [
        { heading: 'Speed-up', kind: 'text', cell: ({ speedup }) => `${speedup}×` },
        { heading: 'Selection', kind: 'text', cell: ({ selection }) => (selection ? 'yes' : 'no') },
        ...layers.map((name, i) => ({
          heading: name,
          group: 'Printed rank, and the formula’s where it differs',
          kind: 'number' as const,
          cell: ({ printed, formula }: RankRow) => rankCell(printed[i] ?? 0, formula?.[i]),
        })),
        {
          heading: `without ${layers[0] ?? ''}`,
          group: 'Ratio of multiply-adds',
          kind: 'number',
          cell: (row) => fixed(row.ratioWithoutFirst, 3),
        },
        { heading: 'all', group: 'Ratio of multiply-adds', kind: 'number', cell: (row) => fixed(row.ratio, 2) },
        { heading: 'Top-5 lost in the paper', kind: 'number', cell: (row) => fixed(row.top5ErrorIncrease, 2) },
      ],
      rows,
    }),
    element('p', { class: 'after' }, rankRemark),
    element('h4', {}, `Accuracy of ${chainName} at the same speed-ups`),
    element(
      'p',
      {},
      `Before: top-1 ${accuracyText(original.top1)}, top-3 ${accuracyText(original.top3)}; 95% intervals.`,
    ),
    reportTable({
      label: `Accuracy of ${chainName}`,
      columns: [
        { heading: 'Speed-up', kind: 'text', cell: ({ speedup }) => `${speedup}×` },
        { heading: 'Ranks', kind: 'text', cell: ({ selection }) => (selection ? 'by energy' : 'uniform') },
        { heading: 'd′', kind: 'text', cell: ({ point }) => point.layers.map(({ rank }) => rank).join(' ') },
        { heading: 'reached', kind: 'number', cell: ({ point }) => `${fixed(point.speedup, 2)}×` },
        { heading: 'Top-1 (95%)', kind: 'number', cell: ({ point }) => accuracyText(point.hits.top1) },
        {
          heading: 'top-1',
          group: 'Lost, points',
          kind: 'number',
          cell: ({ point }) => pointsText(lossOf(original, point.hits)),
        },
        {
          heading: 'top-3',
          group: 'Lost, points',
          kind: 'number',
          cell: ({ point }) => pointsText(lossOf(original, point.hits, 'top3')),
        },
        {
          heading: 'Output error',
          kind: 'number',
          cell: ({ point }: { readonly point: Point }) => fixed(point.outputError, 4),
        },
      ],
      rows: chainRows,
    }),
  );
}

const rankRemark =
  'The formula counts the 1×1 layer: d′ = ⌊d k²c / ((k²c + d) r)⌋. It gives the rows 3×, 4× and 5× without selection exactly. The row printed as 2× ' +
  'is the formula’s at 2.1×; in the row 2.4× conv4–7 are printed one below it. The rows with selection keep their ratio over conv2–7 only: with ' +
  'conv1, which the authors set to 32 by hand, the ratio is the one in the column “all”.';

function rankCell(printed: number, formula: number | undefined): string {
  return formula === undefined || formula === printed ? `${printed}` : `${printed} (${formula})`;
}

function ratioOf(layers: readonly ConvolutionLayer[], ranks: readonly number[]): number {
  const before = layers.reduce((sum, layer) => sum + originalMacs(layer), 0);
  return before / layers.reduce((sum, layer, i) => sum + approximatedMacs(layer, ranks[i] ?? 0), 0);
}
