/** Figure 2: cumulative energy of the principal components of each layer's responses. */

import { element, fragment, lineChart, reportTable } from '@rankwise/approx';
import type { Markup } from '@rankwise/approx';
import { folded, percentText } from './drawing.ts';
import type { Measured } from './plan.ts';
import type { Figure2 } from './results.ts';

/** Shares of the components that the table names. */
const shares = [0.125, 0.25, 0.5, 0.75] as const;

export function collectFigure2({ original }: Measured): Figure2 {
  return { layers: original.layers.map(({ name, energies }) => ({ name, energies })) };
}

export function drawFigure2({ layers }: Figure2): Markup {
  const floor = floorOf(layers);
  const chart = lineChart({
    label: `Energy of the responses against the share of components kept, for ${layers.map(({ name }) => name).join(', ')}`,
    description:
      'The numbers at an eighth, a quarter, half and three quarters of the components are in the table below.',
    x: { title: 'components kept, % of filters', domain: [0, 1], format: percentTick },
    y: { title: 'energy kept, %', domain: [floor, 1], format: percentTick },
    series: layers.map(({ name, energies }, slot) => ({
      name,
      slot,
      points: cumulative(energies).filter(([, energy]) => energy >= floor),
      marks: [],
    })),
  });
  return fragment(
    element('div', { class: 'charts' }, chart),
    folded(
      'The numbers',
      reportTable({
        label: 'Energy kept by a share of the components',
        columns: [
          { heading: 'Layer', kind: 'text', cell: ({ name }) => name },
          ...shares.map((share) => ({
            heading: `${100 * share}% of the components`,
            kind: 'number' as const,
            cell: ({ energies }: Figure2['layers'][number]) => percentText(energyOf(energies, share), 2),
          })),
        ],
        rows: layers,
      }),
    ),
  );
}

/** Share of the energy in the first components, from none on. */
function cumulative(energies: readonly number[]): [number, number][] {
  const total = energies.reduce((sum, value) => sum + value, 0);
  let sum = 0;
  return [0, ...energies].map((value, count) => [count / energies.length, (sum += value) / total]);
}

function energyOf(energies: readonly number[], share: number): number {
  return cumulative(energies)[Math.floor(share * energies.length)]?.[1] ?? Number.NaN;
}

/** A tenth below what an eighth of the components hold in the flattest layer: the rest of the plot is steep lines. */
function floorOf(layers: Figure2['layers']): number {
  const lowest = Math.min(...layers.map(({ energies }) => energyOf(energies, 0.125)));
  return Number.isFinite(lowest) ? Math.max(0, Math.floor(10 * lowest) / 10) : 0;
}

function percentTick(value: number): string {
  return `${Math.round(100 * value)}`;
}
