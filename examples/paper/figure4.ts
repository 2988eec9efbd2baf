/** Figure 4: the linear against the nonlinear solution, one layer at a time. */

import { element, fragment, lineChart, reportTable } from '@rankwise/approx';
import type { Markup } from '@rankwise/approx';
import { folded, fixed, headed, lossOf, lossSeries, plainSeries, pointsText } from './drawing.ts';
import { oneLayer } from './jobs.ts';
import type { Job } from './jobs.ts';
import { reachable } from './plan.ts';
import type { Measured, Plan } from './plan.ts';
import type { Figure4, Point } from './results.ts';

export function figure4Jobs(plan: Plan): Job[] {
  return plan.names.flatMap((name) =>
    reachable(plan, name, plan.alone).flatMap((speedup) => [
      oneLayer(name, speedup, 'linear'),
      oneLayer(name, speedup, 'nonlinear'),
    ]),
  );
}

export function collectFigure4(plan: Plan, { original, of }: Measured): Figure4 {
  const layers = plan.names.map((name) => ({
    name,
    points: reachable(plan, name, plan.alone).map((speedup) => ({
      speedup,
      linear: of(oneLayer(name, speedup, 'linear')),
      nonlinear: of(oneLayer(name, speedup, 'nonlinear')),
    })),
  }));
  return { original: original.hits, layers };
}

export function drawFigure4(data: Figure4): Markup {
  const rows = data.layers.flatMap(({ name, points }) => points.map((point) => ({ name, ...point })));
  return fragment(
    element('h4', {}, 'Accuracy lost'),
    element(
      'div',
      { class: 'charts' },
      data.layers.map((layer) => lossChart(data, layer)),
    ),
    element('h4', {}, 'Error after the ReLU, on photographs that no fit has seen'),
    element('div', { class: 'charts' }, data.layers.map(errorChart)),
    folded(
      'The numbers',
      reportTable({
        label: 'Linear against nonlinear, one layer at a time',
        columns: [
          { heading: 'Layer', kind: 'text', cell: ({ name }) => name },
          { heading: 'Speed-up', kind: 'number', cell: ({ speedup }) => `${speedup}×` },
          { heading: 'Rank', kind: 'number', cell: ({ linear }) => `${linear.layers[0]?.rank ?? '–'}` },
          { heading: 'linear', group: 'Error', kind: 'number', cell: ({ linear }) => fixed(errorOf(linear), 4) },
          {
            heading: 'nonlinear',
            group: 'Error',
            kind: 'number',
            cell: ({ nonlinear }) => fixed(errorOf(nonlinear), 4),
          },
          {
            heading: 'linear',
            group: 'Top-1 lost, points',
            kind: 'number',
            cell: ({ linear }) => pointsText(lossOf(data.original, linear.hits)),
          },
          {
            heading: 'nonlinear',
            group: 'Top-1 lost, points',
            kind: 'number',
            cell: ({ nonlinear }) => pointsText(lossOf(data.original, nonlinear.hits)),
          },
        ],
        rows,
      }),
    ),
  );
}

type Layer = Figure4['layers'][number];

function lossChart({ original }: Figure4, { name, points }: Layer): Markup {
  const series = (solver: 'linear' | 'nonlinear', slot: number) =>
    lossSeries(
      solver,
      slot,
      original,
      points.map((one) => ({ x: one.speedup, point: one[solver] })),
    );
  return headed(
    name,
    lineChart({
      label: `Top-1 accuracy lost against speed-up, ${name} alone, linear and nonlinear`,
      description: 'Upright bars reach two standard errors. Every point is in the table below.',
      x: { title: 'speed-up of the layer, ×' },
      y: { title: 'top-1 lost, points' },
      series: [series('linear', 1), series('nonlinear', 0)],
    }),
  );
}

function errorChart({ name, points }: Layer): Markup {
  const series = (solver: 'linear' | 'nonlinear', slot: number) =>
    plainSeries(
      solver,
      slot,
      points.map((one) => [one.speedup, errorOf(one[solver]) ?? Number.NaN] as const),
    );
  return headed(
    name,
    lineChart({
      label: `Relative error after the ReLU against speed-up, ${name} alone, linear and nonlinear`,
      description: 'Every point is in the table below.',
      x: { title: 'speed-up of the layer, ×' },
      y: { title: 'relative error' },
      series: [series('linear', 1), series('nonlinear', 0)],
    }),
  );
}

function errorOf({ layers }: Point): number | null {
  return layers[0]?.error ?? null;
}
