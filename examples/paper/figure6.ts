/** Figure 6: the whole network by the spatial decomposition, the asymmetric one, and both together. */

import { element, fragment, lineChart, reportTable } from '@rankwise/approx';
import type { Markup } from '@rankwise/approx';
import { accuracyText, folded, fixed, headed, lossOf, lossSeries, plainSeries, pointsText } from './drawing.ts';
import { severalLayers } from './jobs.ts';
import type { Decomposition, Job } from './jobs.ts';
import type { Measured, Plan } from './plan.ts';
import type { PrintedLosses } from './printed.ts';
import type { Figure6, Point } from './results.ts';

const speedups = [3, 4, 5] as const;
const decompositions = ['spatial', 'channel', '3d'] as const;

/** As the paper calls them. */
const names: Readonly<Record<Decomposition, string>> = {
  spatial: 'Jaderberg',
  channel: 'asymmetric',
  '3d': 'asymmetric (3d)',
};

export function figure6Jobs(plan: Plan): Job[] {
  return speedups.flatMap((speedup) =>
    decompositions.map((decomposition) => severalLayers(plan.names, speedup, { decomposition })),
  );
}

export function collectFigure6(plan: Plan, { original, of }: Measured): Figure6 {
  const point = (speedup: number, decomposition: Decomposition): Point =>
    of(severalLayers(plan.names, speedup, { decomposition }));
  return {
    original: original.hits,
    points: speedups.map((speedup) => ({
      speedup,
      spatial: point(speedup, 'spatial'),
      channel: point(speedup, 'channel'),
      '3d': point(speedup, '3d'),
    })),
  };
}

/** @param printed - what the paper printed, by decomposition */
export function drawFigure6({ original, points }: Figure6, printed: PrintedLosses): Markup {
  const rows = decompositions.flatMap((decomposition) =>
    points.map((point, i) => ({ decomposition, speedup: point.speedup, point: point[decomposition], i })),
  );
  return fragment(
    element(
      'div',
      { class: 'charts' },
      headed(
        'Here',
        lineChart({
          label: 'Top-1 accuracy lost against speed-up of the whole network, by decomposition',
          description: 'Upright bars reach two standard errors. Every point is in the table below.',
          x: { title: 'speed-up, ×' },
          y: { title: 'top-1 lost, points' },
          series: decompositions.map((decomposition, slot) =>
            lossSeries(
              names[decomposition],
              slot,
              original,
              points.map((one) => ({ x: one.speedup, point: one[decomposition] })),
            ),
          ),
        }),
      ),
      headed(
        'In the paper, on ImageNet',
        lineChart({
          label: 'Top-5 accuracy lost against speed-up in the paper, by decomposition',
          description: 'Every point is in the table below.',
          x: { title: 'speed-up, ×' },
          y: { title: 'top-5 lost, points' },
          series: decompositions.map((decomposition, slot) =>
            plainSeries(
              names[decomposition],
              slot,
              speedups.map((speedup, i) => [speedup, printed[decomposition]?.[i] ?? Number.NaN] as const),
            ),
          ),
        }),
      ),
    ),
    folded(
      'The numbers, and the paper’s',
      reportTable({
        label: 'Decompositions of the whole network',
        columns: [
          { heading: 'Method', kind: 'text', cell: ({ decomposition }) => names[decomposition] },
          { heading: 'asked', group: 'Speed-up', kind: 'number', cell: ({ speedup }) => `${speedup}×` },
          { heading: 'reached', group: 'Speed-up', kind: 'number', cell: ({ point }) => `${fixed(point.speedup, 2)}×` },
          { heading: 'Top-1 (95%)', kind: 'number', cell: ({ point }) => accuracyText(point.hits.top1) },
          {
            heading: 'top-1',
            group: 'Lost here, points',
            kind: 'number',
            cell: ({ point }) => pointsText(lossOf(original, point.hits)),
          },
          {
            heading: 'top-3',
            group: 'Lost here, points',
            kind: 'number',
            cell: ({ point }) => pointsText(lossOf(original, point.hits, 'top3')),
          },
          { heading: 'Output error', kind: 'number', cell: ({ point }) => fixed(point.outputError, 4) },
          {
            heading: 'Top-5 lost in the paper',
            kind: 'number',
            cell: ({ decomposition, i }) => fixed(printed[decomposition]?.[i], 1),
          },
        ],
        rows,
      }),
    ),
  );
}
