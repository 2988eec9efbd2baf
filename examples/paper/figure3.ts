/** Figure 3: accuracy against the energy kept, one layer at a time, solved linearly. */

import { element, fragment, lineChart, reportTable } from '@rankwise/approx';
import type { Markup } from '@rankwise/approx';
import { accuracyText, folded, fixed, lossOf, lossSeries, percentText, pointsText } from './drawing.ts';
import { oneLayer } from './jobs.ts';
import type { ApproximationJob, Job } from './jobs.ts';
import { reachable } from './plan.ts';
import type { Measured, Plan } from './plan.ts';
import type { Figure3 } from './results.ts';

export function figure3Jobs(plan: Plan): Job[] {
  return plan.names.flatMap((name) => jobsOf(plan, name));
}

export function collectFigure3(plan: Plan, { original, of }: Measured): Figure3 {
  const layers = plan.names.map((name) => ({ name, points: jobsOf(plan, name).map(of) }));
  return { original: original.hits, layers };
}

export function drawFigure3({ original, layers }: Figure3): Markup {
  const chart = lineChart({
    label: `Top-1 accuracy lost against the energy kept, one layer approximated at a time: ${layers.map(({ name }) => name).join(', ')}`,
    description: 'Upright bars reach two standard errors. Every point is in the table below.',
    x: {
      title: 'energy kept in the layer, %',
      format: (value, decimals) => (100 * value).toFixed(Math.max(0, decimals - 2)),
    },
    y: { title: 'top-1 accuracy lost, points' },
    series: layers.map(({ name, points }, slot) => {
      const drawn = points.flatMap((point) => {
        const energy = point.layers[0]?.energyKept;
        return energy === undefined ? [] : [{ x: energy, point }];
      });
      return lossSeries(
        name,
        slot,
        original,
        drawn.toSorted((a, b) => a.x - b.x),
      );
    }),
  });
  const rows = layers.flatMap(({ name, points }) => points.map((point) => ({ name, point })));
  return fragment(
    element('div', { class: 'charts' }, chart),
    folded(
      'The numbers',
      reportTable({
        label: 'Accuracy and energy, one layer at a time',
        columns: [
          { heading: 'Layer', kind: 'text', cell: ({ name }) => name },
          { heading: 'Speed-up', kind: 'number', cell: ({ point }) => `${fixed(point.speedup, 2)}×` },
          { heading: 'Rank', kind: 'number', cell: ({ point }) => `${point.layers[0]?.rank ?? '–'}` },
          { heading: 'Energy kept', kind: 'number', cell: ({ point }) => percentText(point.layers[0]?.energyKept, 2) },
          { heading: 'Top-1 (95%)', kind: 'number', cell: ({ point }) => accuracyText(point.hits.top1) },
          { heading: 'Lost, points', kind: 'number', cell: ({ point }) => pointsText(lossOf(original, point.hits)) },
        ],
        rows,
      }),
    ),
  );
}

function jobsOf(plan: Plan, name: string): ApproximationJob[] {
  return reachable(plan, name, [...plan.alone, ...plan.further]).map((speedup) => oneLayer(name, speedup, 'linear'));
}
