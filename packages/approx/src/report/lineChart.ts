/**
 * A line chart: few lines, each named at its end.
 *
 * Names at line ends that would collide are moved apart and joined to their ends by hairlines. Points with a coordinate
 * that is not finite are left out; a line with one point left is a dot, and one with none keeps out of the plot and of
 * the names.
 */

import { fontSize, horizontalAxis, tickLabelRoom, verticalAxis } from './axes.ts';
import type { PlotArea } from './axes.ts';
import { coordinate, element, fragment } from './html.ts';
import type { Markup } from './html.ts';
import { shortenText, spreadPositions, textWidth } from './labels.ts';
import { marker, seriesClass } from './palette.ts';
import { extent, linearScale, logScale, niceInterval } from './scales.ts';
import type { Scale, ScaleOptions } from './scales.ts';

export type Point = readonly [x: number, y: number];

/** A point worth a marker, and what it says when pointed at. */
export interface Mark {
  readonly at: Point;
  readonly title: string;
}

export interface LineSeries {
  readonly name: string;
  /** Index of its colour and marker. */
  readonly slot: number;
  readonly points: readonly Point[];
  readonly marks: readonly Mark[];
  /** Drawn as upright bars: where the truth may lie. */
  readonly intervals?: readonly Interval[];
}

export interface Interval {
  readonly x: number;
  readonly low: number;
  readonly high: number;
}

export interface AxisSpec {
  /** With the unit: `energy kept, %`. */
  readonly title: string;
  readonly kind?: 'linear' | 'log';
  /** Taken from the data, moved out to the next ticks, when absent. */
  readonly domain?: readonly [number, number];
  readonly format?: ScaleOptions['format'];
}

export interface LineChartSpec {
  /** What the chart shows, for those who cannot see it. */
  readonly label: string;
  /** More of it, such as where the numbers are. */
  readonly description?: string;
  readonly x: AxisSpec;
  readonly y: AxisSpec;
  readonly series: readonly LineSeries[];
  /** Horizontal rules with their names. */
  readonly rules?: readonly { readonly y: number; readonly label: string }[];
}

const width = 460;
const height = 300;
const top = 32;
const bottom = 46;
const nameRoom = 154;
const nameGap = 15;
const markRadius = 4.2;

/**
 * The chart as an svg element. Its colours come from the page (reportPage).
 * @example
 * import { lineChart } from '@rankwise/approx';
 * const { markup } = lineChart({
 *   label: 'Error against rank',
 *   x: { title: 'rank' },
 *   y: { title: 'error' },
 *   series: [{ name: 'linear', slot: 0, points: [[1, 0.5], [2, 0.25]], marks: [] }],
 * });
 * markup.startsWith('<svg class="chart"') // => true
 */
export function lineChart(spec: LineChartSpec): Markup {
  const series = spec.series
    .map((one) => ({
      ...one,
      points: one.points.filter(isFinitePoint),
      marks: one.marks.filter((m) => isFinitePoint(m.at)),
    }))
    .filter(({ points }) => points.length > 0);
  const rules = (spec.rules ?? []).filter(({ y }) => Number.isFinite(y));
  const points = series.flatMap((one) => one.points);
  const intervals = series.flatMap((one) => intervalsOf(one));
  const names = [...series.map(({ name }) => name), ...rules.map(({ label }) => label)];
  const right = width - Math.min(nameRoom, Math.max(20, ...names.map((name) => textWidth(name, fontSize)))) - 32;
  const y = axisScale(
    spec.y,
    [...points.map((p) => p[1]), ...rules.map((r) => r.y), ...intervals.flatMap(({ low, high }) => [low, high])],
    [height - bottom, top],
  );
  const left = tickLabelRoom(y.ticks);
  const x = axisScale(
    spec.x,
    points.map((p) => p[0]),
    [left, right],
  );
  const area: PlotArea = { left, right, top, bottom: height - bottom };
  return element(
    'svg',
    { class: 'chart', viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': spec.label },
    spec.description === undefined ? null : element('desc', {}, spec.description),
    verticalAxis(y, area, spec.y.title),
    horizontalAxis(x, area, spec.x.title),
    rules.map((rule) => element('line', { class: 'rule', x1: left, x2: right, y1: y.map(rule.y), y2: y.map(rule.y) })),
    series.map((one) => intervalsOf(one).map((interval) => whisker(interval, one.slot, x, y))),
    series.map((one) => line(one, x, y)),
    series.map(({ slot, marks }) =>
      marks.map(({ at, title }) => marker(slot, x.map(at[0]), y.map(at[1]), markRadius, element('title', {}, title))),
    ),
    endLabels(series, rules, x, y, right),
  );
}

/** The path of a polyline in user units. */
export function linePath(points: readonly Point[], x: Scale, y: Scale): string {
  return points.map(([a, b], i) => `${i === 0 ? 'M' : 'L'}${coordinate(x.map(a))} ${coordinate(y.map(b))}`).join('');
}

function isFinitePoint([x, y]: Point): boolean {
  return Number.isFinite(x) && Number.isFinite(y);
}

function intervalsOf({ intervals = [] }: LineSeries): readonly Interval[] {
  return intervals.filter(({ x, low, high }) => Number.isFinite(x) && Number.isFinite(low) && Number.isFinite(high));
}

/** An upright bar with short feet. */
function whisker(interval: Interval, slot: number, x: Scale, y: Scale): Markup {
  const at = x.map(interval.x);
  const [low, high] = [y.map(interval.low), y.map(interval.high)];
  const foot = (level: number): string =>
    `M${coordinate(at - 3)} ${coordinate(level)}L${coordinate(at + 3)} ${coordinate(level)}`;
  const d = `M${coordinate(at)} ${coordinate(low)}L${coordinate(at)} ${coordinate(high)}${foot(low)}${foot(high)}`;
  return element('path', { class: `line whisker ${seriesClass(slot)}`, d });
}

function axisScale(axis: AxisSpec, values: readonly number[], range: readonly [number, number]): Scale {
  const options: ScaleOptions = axis.format === undefined ? {} : { format: axis.format };
  if (axis.kind === 'log') return logScale(axis.domain ?? extent(values.filter((v) => v > 0)), range, options);
  return linearScale(axis.domain ?? niceInterval(extent(values)), range, options);
}

function line({ slot, points, marks }: LineSeries, x: Scale, y: Scale): Markup {
  const [only] = points;
  if (points.length === 1 && only !== undefined) {
    return marks.length > 0 ? fragment() : marker(slot, x.map(only[0]), y.map(only[1]), markRadius);
  }
  return element('path', { class: `line ${seriesClass(slot)}`, d: linePath(points, x, y) });
}

interface EndLabel {
  readonly name: string;
  /** Null for a rule. */
  readonly slot: number | null;
  /** Whether the line's end carries its marker, so that the name needs none. */
  readonly marked: boolean;
  readonly x: number;
  readonly y: number;
  /** Mean height, which orders lines that end together. */
  readonly mean: number;
}

function endLabels(
  series: readonly LineSeries[],
  rules: readonly { readonly y: number; readonly label: string }[],
  x: Scale,
  y: Scale,
  right: number,
): Markup {
  const ends: EndLabel[] = series.map(({ name, slot, points, marks }) => {
    const [endX, endY] = points.at(-1) ?? [0, 0];
    const mean = points.reduce((sum, point) => sum + y.map(point[1]) / points.length, 0);
    const marked = points.length === 1 || marks.some(({ at }) => at[0] === endX && at[1] === endY);
    return { name, slot, marked, x: x.map(endX), y: y.map(endY), mean };
  });
  for (const { label, y: value } of rules) {
    ends.push({ name: label, slot: null, marked: true, x: right, y: y.map(value), mean: y.map(value) });
  }
  ends.sort((a, b) => Math.round(a.y) - Math.round(b.y) || a.mean - b.mean);
  const places = spreadPositions(
    ends.map((end) => end.y),
    nameGap,
    top,
    height - bottom - 4,
  );
  return fragment(ends.map((end, i) => endLabel(end, places[i] ?? end.y, right)));
}

function endLabel({ name, slot, marked, x, y }: EndLabel, place: number, right: number): Markup {
  const text = right + (marked ? 11 : 27);
  const short = shortenText(name, nameRoom, fontSize);
  const joined = slot !== null && (Math.abs(place - y) > 3 || x < right - 1);
  const leader = `M${coordinate(x + markRadius)} ${coordinate(y)}L${coordinate(text - (marked ? 3 : 15))} ${coordinate(place)}`;
  return fragment(
    joined ? element('path', { class: 'leader', d: leader }) : null,
    marked || slot === null ? null : marker(slot, text - 9, place, 3.6),
    element(
      'text',
      { class: slot === null ? 'name rule-name' : 'name', x: text, y: place + 4 },
      short,
      short === name ? null : element('title', {}, name),
    ),
  );
}
