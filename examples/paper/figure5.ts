/** Figure 5: symmetric against asymmetric reconstruction of several layers. */

import { element, fragment, lineChart, reportTable } from '@rankwise/approx';
import type { Markup } from '@rankwise/approx';
import { folded, fixed, headed, lossOf, lossSeries, pointsText } from './drawing.ts';
import { severalLayers } from './jobs.ts';
import type { ApproximationJob, Job } from './jobs.ts';
import type { Measured, Plan } from './plan.ts';
import type { PrintedLosses } from './printed.ts';
import type { Figure5 } from './results.ts';

const speedups = [2, 3, 4] as const;

export interface LayerGroup {
  readonly name: string;
  readonly layers: readonly string[];
}

export function figure5Jobs({ names }: Plan): Job[] {
  return layerGroups(names).flatMap(({ layers }) =>
    speedups.flatMap((speedup) => [symmetric(layers, speedup), severalLayers(layers, speedup)]),
  );
}

export function collectFigure5({ names }: Plan, { original, of }: Measured): Figure5 {
  const groups = layerGroups(names).map(({ name, layers }) => ({
    name,
    points: speedups.map((speedup) => ({
      speedup,
      symmetric: of(symmetric(layers, speedup)),
      asymmetric: of(severalLayers(layers, speedup)),
    })),
  }));
  return { original: original.hits, groups };
}

/** The paper's groups: the last two convolutions, the second to the fourth, the last three. */
export function layerGroups(names: readonly string[]): LayerGroup[] {
  const groups = [names.slice(-2), names.slice(0, 3), names.slice(-3)];
  return groups.map((layers) => ({ name: rangeName(layers), layers }));
}

/** @param printed - what the paper printed for groups of these names */
export function drawFigure5({ original, groups }: Figure5, printed: Readonly<Record<string, PrintedLosses>>): Markup {
  const rows = groups.flatMap(({ name, points }) => points.map((point, i) => ({ name, i, ...point })));
  const printedCell = (name: string, i: number, how: 'asymmetric' | 'symmetric'): string =>
    fixed(printed[name]?.[how]?.[i], 1);
  return fragment(
    element(
      'div',
      { class: 'charts' },
      groups.map((group) => groupChart(original, group)),
    ),
    folded(
      'The numbers, and the paper’s',
      reportTable({
        label: 'Symmetric against asymmetric reconstruction',
        columns: [
          { heading: 'Layers', kind: 'text', cell: ({ name }) => name },
          { heading: 'Speed-up', kind: 'number', cell: ({ speedup }) => `${speedup}×` },
          ...(['symmetric', 'asymmetric'] as const).map((how) => ({
            heading: how,
            group: 'Top-1 lost here, points',
            kind: 'number' as const,
            cell: (row: (typeof rows)[number]) => pointsText(lossOf(original, row[how].hits)),
          })),
          ...(['symmetric', 'asymmetric'] as const).map((how) => ({
            heading: how,
            group: 'Output error here',
            kind: 'number' as const,
            cell: (row: (typeof rows)[number]) => fixed(row[how].outputError, 4),
          })),
          ...(['symmetric', 'asymmetric'] as const).map((how) => ({
            heading: how,
            group: 'Top-5 lost in the paper',
            kind: 'number' as const,
            cell: ({ name, i }: (typeof rows)[number]) => printedCell(name, i, how),
          })),
        ],
        rows,
      }),
    ),
  );
}

function groupChart(original: Figure5['original'], { name, points }: Figure5['groups'][number]): Markup {
  const series = (how: 'asymmetric' | 'symmetric', slot: number) =>
    lossSeries(
      how,
      slot,
      original,
      points.map((one) => ({ x: one.speedup, point: one[how] })),
    );
  return headed(
    name,
    lineChart({
      label: `Top-1 accuracy lost against speed-up, ${name} together, symmetric and asymmetric`,
      description: 'Upright bars reach two standard errors. Every point is in the table below.',
      x: { title: 'speed-up of these layers, ×' },
      y: { title: 'top-1 lost, points' },
      series: [series('symmetric', 1), series('asymmetric', 0)],
    }),
  );
}

function symmetric(layers: readonly string[], speedup: number): ApproximationJob {
  return severalLayers(layers, speedup, { reconstruction: 'symmetric' });
}

/** `conv5–7`, or the names of both ends where they do not end in numbers. */
function rangeName(names: readonly string[]): string {
  const [first = '', last = ''] = [names[0], names.at(-1)];
  const [, stem, number] = /^(.*?)(\d+)$/.exec(last) ?? [];
  return stem !== undefined && first.startsWith(stem) && number !== undefined
    ? `${first}–${number}`
    : `${first} … ${last}`;
}
