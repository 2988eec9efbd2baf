/** Plans as text beside each other: a row for each layer, a column for each plan. */

import { plannedRanks } from '@rankwise/approx';

import { formatCount, formatPercent, formatTable } from '../table.ts';
import type { Column } from '../table.ts';
import type { FoundPlan } from './findPlans.ts';
import type { PlanFacts } from './planFacts.ts';

export interface PlanColumn {
  readonly heading: string;
  readonly found: FoundPlan;
  readonly facts: PlanFacts;
}

interface Row {
  readonly label: string;
  readonly cell: (column: PlanColumn) => string;
}

/** The table, its last line ended. */
export function plansTable(columns: readonly PlanColumn[]): string {
  const names = Object.keys(columns[0]?.found.plan.ranks ?? {});
  const isSplit = columns.some(({ found: { plan } }) => plan.decomposition === '3d');
  const unit = columns[0]?.found.plan.cost.budget ?? 'macs';
  const factRow = (
    label: string,
    fact: (facts: PlanFacts) => number | undefined,
    format: (value: number) => string,
  ) => ({
    label,
    cell: ({ facts }: PlanColumn): string => {
      const value = fact(facts);
      return value === undefined ? '' : format(value);
    },
  });
  const separator: Row = { label: '', cell: () => '' };
  const rows: Row[] = [
    ...names.map((name) => ({ label: name, cell: (column: PlanColumn) => rankCell(column, name) })),
    separator,
    ...(unit === 'macs'
      ? []
      : [
          {
            label: `× in ${unit}`,
            cell: ({ found: { plan } }: PlanColumn) => times(plan.cost.before / plan.cost.after),
          },
        ]),
    { label: '× in multiply-adds', cell: ({ found: { plan } }) => times(plan.speedup) },
    { label: 'multiply-adds', cell: ({ found: { plan } }) => formatCount(plan.macsAfter) },
    factRow('energy kept', ({ energyKept }) => energyKept, percent),
    factRow('  the most there is', ({ energyAtMost }) => energyAtMost, percent),
    factRow('  by the greedy', ({ energyOfGreedy }) => energyOfGreedy, percent),
    factRow(
      'effect on answers',
      ({ effect }) => effect,
      (value) => value.toPrecision(3),
    ),
  ];
  const used = rows.filter((row) => row === separator || columns.some((column) => row.cell(column) !== ''));
  return formatTable(used, [
    { heading: isSplit ? 'layer (split/rank)' : 'layer', cell: ({ label }) => label, most: 24 },
    ...columns.map((column): Column<Row> => ({
      heading: column.heading,
      align: 'right',
      cell: ({ cell }) => cell(column),
    })),
  ]);
}

function rankCell({ found: { plan } }: PlanColumn, name: string): string {
  const ranks = plannedRanks(plan, { name });
  if (ranks === undefined) return '';
  if (plan.leftAlone.includes(name)) return 'as it is';
  return ranks.decomposition === '3d' ? `${ranks.spatialRank}/${ranks.rank}` : `${ranks.rank}`;
}

function percent(fraction: number): string {
  return formatPercent(fraction, 2);
}

function times(value: number): string {
  return `${value.toFixed(2)}×`;
}
