/** The tables of the report: one row per layer, one row per method compared, and the settings. */

import { fullSpatialRank } from '../decomposition/decomposition.ts';
import { absent, duration, fixed, integer, percent, significant, times, withPrefix } from './formatNumber.ts';
import { element, fragment } from './html.ts';
import type { Child, Markup } from './html.ts';
import { shortenText } from './labels.ts';
import type { ComparisonRow } from './reportExtras.ts';
import { reportTable } from './table.ts';
import type { TableColumn } from './table.ts';
import type { ApproximationReport, LayerReport } from '../pipeline/report.ts';

/** Room for a name in the first column, in em. */
const nameWidth = 16;

/** Every layer of the report, decomposed or not, with the totals of the counted ones. */
export function layerTable(report: ApproximationReport): Markup {
  const heldOut = report.layers.some((layer) => layer.error?.heldOut !== null && layer.error !== null);
  const split = report.layers.some(({ spatialError }) => spatialError !== null);
  const columns = [
    ...layerColumns(),
    ...errorColumns('fit', split),
    ...(heldOut ? errorColumns('heldOut', split) : []),
  ];
  columns.push(...workColumns);
  const { macsBefore, macsAfter, speedup } = report.theoretical;
  const totals = new Map([
    ['Layer', 'Counted layers'],
    ['before', withPrefix(macsBefore)],
    ['after', withPrefix(macsAfter)],
    ['ratio', times(speedup)],
  ]);
  return reportTable({
    label: 'Layers',
    columns,
    rows: report.layers,
    rowClass: ({ decomposed }) => (decomposed ? '' : 'quiet'),
    footer: columns.map(({ heading }) => totals.get(heading) ?? ''),
  });
}

/** One row per method; the written one stands out. */
export function comparisonTable(rows: readonly ComparisonRow[]): Markup {
  const columns: (TableColumn<ComparisonRow> & { readonly shown?: boolean })[] = [
    { heading: 'Method', kind: 'text', cell: methodName },
    { heading: 'Solver', kind: 'text', cell: ({ solver }) => solver },
    { heading: 'Reconstruction', kind: 'text', cell: ({ reconstruction }) => reconstruction },
    { heading: 'Ranks', kind: 'text', cell: ({ ranks }) => ranks },
    { heading: 'Speed-up', kind: 'number', cell: ({ speedup }) => times(speedup) },
    {
      heading: 'Top-1',
      kind: 'number',
      shown: rows.some(({ top1 }) => top1 !== null),
      cell: ({ top1 }) => percent(top1),
    },
    {
      heading: 'Top-3',
      kind: 'number',
      shown: rows.some(({ top3 }) => top3 !== null),
      cell: ({ top3 }) => percent(top3),
    },
    {
      heading: 'Agreement',
      kind: 'number',
      shown: rows.some(({ agreement }) => agreement !== null),
      cell: ({ agreement }) => percent(agreement),
    },
    {
      heading: 'Output error',
      kind: 'number',
      shown: rows.some(({ outputError }) => outputError !== null),
      cell: ({ outputError }) => error(outputError),
    },
    { heading: 'Time', kind: 'number', cell: ({ seconds }) => duration(seconds) },
  ];
  return reportTable({
    label: 'Comparison',
    columns: columns.filter(({ shown }) => shown !== false),
    rows,
    rowClass: ({ written }) => (written === true ? 'chosen' : ''),
  });
}

/** What the run was asked to do, as a list of terms. */
export function settingsList({ settings, samples, measured, seconds }: ApproximationReport): Markup {
  const terms: [term: string, value: string][] = [
    ['Decomposition', settings.decomposition],
    ...(settings.spatialReconstruction === null
      ? []
      : [['Spatial split by', `${settings.spatialReconstruction} reconstruction`] as [string, string]]),
    ['Solver', settings.decomposition === 'spatial' ? absent : settings.solver],
    ['Reconstruction', settings.reconstruction],
    ['Ranks', settings.ranks],
    ['Requested speed-up', settings.requestedSpeedup === null ? absent : times(settings.requestedSpeedup)],
    ['Images fitted on', integer(settings.images - settings.heldOutImages)],
    ['Images held out', integer(settings.heldOutImages)],
    ['Positions per image', integer(settings.positions)],
    ['Samples, at least', integer(samples)],
    ['Seed', String(settings.seed)],
    ['Time in all', duration(seconds)],
  ];
  if (measured !== null) {
    const threads = `${integer(measured.threads)} ${measured.threads === 1 ? 'thread' : 'threads'}`;
    terms.push(['Timed with', [measured.kernels, threads, ...measured.features].join(', ')]);
    terms.push(['Timed on', `${integer(measured.images)} ${measured.images === 1 ? 'image' : 'images'}, by turns`]);
  }
  return element(
    'dl',
    { class: 'terms' },
    terms.map(([term, value]) => element('div', {}, element('dt', {}, term), element('dd', {}, printable(value)))),
  );
}

function layerColumns(): TableColumn<LayerReport>[] {
  return [
    { heading: 'Layer', kind: 'text', cell: layerName },
    {
      heading: 'Filters',
      kind: 'text',
      cell: ({ filters, channels, kernel }) => `${filters} × ${kernel.join('×')}×${channels}`,
    },
    { heading: 'Rank', kind: 'number', cell: rankCell },
    { heading: 'before', group: 'MACs per image', kind: 'number', cell: ({ macsBefore }) => withPrefix(macsBefore) },
    { heading: 'after', group: 'MACs per image', kind: 'number', cell: ({ macsAfter }) => withPrefix(macsAfter) },
    {
      heading: 'ratio',
      group: 'MACs per image',
      kind: 'number',
      cell: ({ macsBefore, macsAfter }) => times(macsBefore / macsAfter),
    },
    { heading: 'Energy kept', kind: 'number', cell: ({ energyKept }) => percent(energyKept, 2) },
  ];
}

/** Errors on samples of one kind; `split` where layers were split spatially. */
function errorColumns(which: 'fit' | 'heldOut', split: boolean): TableColumn<LayerReport>[] {
  const group = which === 'fit' ? 'Error, fitting' : 'Error, held out';
  const column = (heading: string, field: 'error' | 'linearError' | 'spatialError'): TableColumn<LayerReport> => ({
    heading,
    group,
    kind: 'number',
    cell: (one) => error(one[field]?.[which]),
  });
  return [
    ...(split ? [column('split', 'spatialError')] : []),
    column('linear', 'linearError'),
    column('installed', 'error'),
  ];
}

const workColumns: readonly TableColumn<LayerReport>[] = [
  {
    heading: 'Iterations',
    kind: 'number',
    cell: ({ iterations }) => (iterations > 0 ? integer(iterations) : absent),
  },
  { heading: 'Time', kind: 'number', cell: ({ seconds }) => duration(seconds) },
];

function layerName({ name, counted, decomposed, rank, effectiveRank }: LayerReport): Markup {
  const remarks = [
    decomposed ? '' : 'left alone',
    counted ? '' : 'not counted',
    // The responses have fewer directions than were asked for.
    decomposed && effectiveRank < rank ? `rank ${integer(rank)} asked` : '',
  ].filter((text) => text !== '');
  return fragment(
    shortName(name),
    remarks.length > 0 ? element('small', { class: 'remark' }, remarks.join(', ')) : null,
  );
}

/** A long name by its two ends, whole when pointed at. */
function shortName(name: string): Child {
  const short = shortenText(name, nameWidth, 1);
  return short === name ? name : element('span', { title: name }, short);
}

/** d' of d; K of the full rank; d'' · d' of d. */
function rankCell(layer: LayerReport): Markup {
  const { decomposed, decomposition, effectiveRank, filters, spatialRank } = layer;
  const most = decomposed && decomposition === 'spatial' ? fullSpatialRank(layer) : filters;
  const both = decomposed && spatialRank !== null ? `${integer(spatialRank)} · ` : '';
  return fragment(`${both}${integer(effectiveRank)}`, element('small', {}, ` / ${integer(most)}`));
}

function methodName({ label, written }: ComparisonRow): Markup {
  return fragment(shortName(label), written === true ? element('small', {}, ' written') : null);
}

/** A relative error to four decimals, so that a column lines up; very small ones in scientific notation. */
function error(value: number | null | undefined): string {
  const small = typeof value === 'number' && value > 0 && value < 5e-5; // would print as 0.0000
  return small ? significant(value, 2) : fixed(value, 4);
}

function printable(value: string): string {
  return value === '' ? absent : value;
}
