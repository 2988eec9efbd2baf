/**
 * Charts with one row per layer: bars before and after, and dots for two values to compare.
 *
 * A bar of what remains lies inside the pale bar of what was; a dot plot joins the compared value (hollow) to the
 * installed one (filled). Rows grow downwards, so that any number of layers stays legible. Values that are not finite,
 * or negative, are not drawn.
 */

import { fontSize, horizontalAxis } from './axes.ts';
import type { PlotArea } from './axes.ts';
import { element, fragment } from './html.ts';
import type { Markup } from './html.ts';
import { shortenText, textWidth } from './labels.ts';
import { extent, linearScale, niceInterval } from './scales.ts';
import type { Scale, ScaleOptions } from './scales.ts';

export interface ChartRow {
  readonly name: string;
  /** The pale bar, or the hollow dot. */
  readonly first: number | null;
  /** The strong bar, or the filled dot. */
  readonly second: number | null;
  /** Short text at the end of the row. */
  readonly note: string;
  /** Said when the row is pointed at. */
  readonly title: string;
}

export interface RowChartSpec {
  readonly label: string;
  /** With the unit. */
  readonly axisTitle: string;
  readonly rows: readonly ChartRow[];
  readonly format?: ScaleOptions['format'];
  /** What first and second are, for the key. */
  readonly key: readonly [first: string, second: string];
}

const width = 440;
const keyHeight = 30;
const axisHeight = 42;
const nameRoom = 120;

/** Bars from zero; the strong one inside the pale one. */
export function barChart(spec: RowChartSpec): Markup {
  return rowChart(spec, 'bar', (row, x, y, thickness) => {
    const bar = (value: number | null, share: number, kind: string): Markup | null => {
      if (!isDrawable(value)) return null;
      const size = thickness * share;
      // A sliver stays visible however small the value is beside the others.
      const length = Math.max(x.map(value) - x.map(0), value > 0 ? 1 : 0);
      return element('rect', { class: kind, x: x.map(0), y: y - size / 2, width: length, height: size });
    };
    return fragment(bar(row.first, 0.72, 'before'), bar(row.second, 0.36, 'after'));
  });
}

/** Two dots a row on a common scale from zero. */
export function dotPlot(spec: RowChartSpec): Markup {
  return rowChart(spec, 'dot', (row, x, y) => {
    const both = isDrawable(row.first) && isDrawable(row.second);
    return fragment(
      both
        ? element('line', { class: 'join', x1: x.map(row.first ?? 0), x2: x.map(row.second ?? 0), y1: y, y2: y })
        : null,
      isDrawable(row.first) ? element('circle', { class: 'hollow', cx: x.map(row.first), cy: y, r: 4.5 }) : null,
      isDrawable(row.second) ? element('circle', { class: 'filled', cx: x.map(row.second), cy: y, r: 4.5 }) : null,
    );
  });
}

type DrawRow = (row: ChartRow, x: Scale, y: number, thickness: number) => Markup;

function rowChart(spec: RowChartSpec, kind: 'bar' | 'dot', draw: DrawRow): Markup {
  const rowHeight = spec.rows.length > 16 ? 19 : 26;
  const height = keyHeight + spec.rows.length * rowHeight + axisHeight;
  const names = spec.rows.map(({ name }) => shortenText(name, nameRoom, fontSize));
  const left = Math.max(10, ...names.map((name) => textWidth(name, fontSize))) + 10;
  const right = width - Math.max(8, ...spec.rows.map(({ note }) => textWidth(note, fontSize) + 12));
  const area: PlotArea = { left, right, top: keyHeight, bottom: keyHeight + spec.rows.length * rowHeight + 2 };
  const values = spec.rows.flatMap(({ first, second }) => [first, second]).filter(isDrawable);
  const domain = niceInterval([0, extent([0, ...values])[1] || 1], 4);
  const x = linearScale(domain, [left, right], {
    count: 4,
    ...(spec.format === undefined ? {} : { format: spec.format }),
  });
  return element(
    'svg',
    { class: 'chart', viewBox: `0 0 ${width} ${Math.ceil(height)}`, role: 'img', 'aria-label': spec.label },
    rowKey(spec.key, kind, left),
    horizontalAxis(x, area, spec.axisTitle, true),
    spec.rows.map((row, i) => {
      const y = keyHeight + (i + 0.5) * rowHeight;
      return element(
        'g',
        {},
        element('title', {}, row.title),
        element('rect', { class: 'catch', x: 0, y: y - rowHeight / 2, width, height: rowHeight }),
        element('text', { class: 'name', x: left - 9, y: y + 4, 'text-anchor': 'end' }, names[i] ?? ''),
        draw(row, x, y, rowHeight),
        element('text', { class: 'tick', x: width - 1, y: y + 4, 'text-anchor': 'end' }, row.note),
      );
    }),
  );
}

function rowKey([first, second]: readonly [string, string], kind: 'bar' | 'dot', left: number): Markup {
  const swatch = (x: number, name: string): Markup =>
    kind === 'bar'
      ? element('rect', { class: name === first ? 'before' : 'after', x, y: 5, width: 14, height: 9 })
      : element('circle', { class: name === first ? 'hollow' : 'filled', cx: x + 7, cy: 9.5, r: 4.5 });
  const next = left + 20 + textWidth(first, fontSize) + 16;
  return fragment(
    swatch(left, first),
    element('text', { class: 'tick', x: left + 20, y: 14 }, first),
    swatch(next, second),
    element('text', { class: 'tick', x: next + 20, y: 14 }, second),
  );
}

function isDrawable(value: number | null): value is number {
  return value !== null && Number.isFinite(value) && value >= 0;
}
