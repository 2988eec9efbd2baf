/** What the drawings of all tables and figures share: losses against the original with their intervals, and numbers as text. */

import { element } from '@rankwise/approx';
import type { LineSeries, Markup } from '@rankwise/approx';
import type { Hits } from '../lib/scoring.ts';
import type { Point } from './results.ts';
import { pairedDifference, wilsonInterval } from './statistics.ts';
import type { Estimate } from './statistics.ts';

/** Two standard errors on either side, about 95%. */
const reach = 2;

/** Accuracy lost against the original, in points, photograph by photograph. */
export function lossOf(original: Hits, point: Hits, top: keyof Hits = 'top1'): Estimate {
  const { value, standardError } = pairedDifference(original[top], point[top]);
  return { value: 100 * value, standardError: 100 * standardError };
}

/** A line of losses, with intervals and a word for whoever points at it. */
export function lossSeries(
  name: string,
  slot: number,
  original: Hits,
  points: readonly { readonly x: number; readonly point: Point }[],
): LineSeries {
  const drawn = points.map(({ x, point }) => ({ x, point, ...lossOf(original, point.hits) }));
  return {
    name,
    slot,
    points: drawn.map(({ x, value }) => [x, value]),
    marks: drawn.map(({ x, value, standardError, point }) => ({
      at: [x, value],
      title: `${name}: ${pointsText({ value, standardError })} points at ${fixed(point.speedup, 2)}×`,
    })),
    intervals: drawn.map(({ x, value, standardError }) => ({
      x,
      low: value - reach * standardError,
      high: value + reach * standardError,
    })),
  };
}

/** A line of plain numbers. */
export function plainSeries(name: string, slot: number, points: readonly (readonly [number, number])[]): LineSeries {
  return {
    name,
    slot,
    points,
    marks: points.map((at) => ({ at, title: `${name}: ${fixed(at[1], 3)} at ${at[0]}` })),
  };
}

/** Top-1 or top-3 accuracy with its 95% interval: `91.2 % (90.6 – 91.7)`. */
export function accuracyText(hits: Uint8Array): string {
  const right = hits.reduce((sum, hit) => sum + hit, 0);
  const [low, high] = wilsonInterval(right, hits.length);
  return `${fixed((100 * right) / hits.length, 1)} % (${fixed(100 * low, 1)} – ${fixed(100 * high, 1)})`;
}

/** `0.42 ± 0.10`, with one standard error. */
export function pointsText({ value, standardError }: Estimate): string {
  return `${signed(value, 2)} ± ${fixed(standardError, 2)}`;
}

export function signed(value: number, decimals: number): string {
  const text = fixed(Math.abs(value), decimals);
  return value < 0 && /[1-9]/.test(text) ? `−${text}` : text;
}

/** A dash for what was not measured. */
export function fixed(value: number | null | undefined, decimals: number): string {
  return value === null || value === undefined || Number.isNaN(value) ? '–' : value.toFixed(decimals);
}

export function percentText(share: number | null | undefined, decimals = 1): string {
  const text = fixed(share === null || share === undefined ? share : 100 * share, decimals);
  return text === '–' ? text : `${text} %`;
}

/** The numbers under a figure, folded away. */
export function folded(summary: string, content: Markup): Markup {
  return element('details', {}, element('summary', {}, summary), content);
}

/** A chart with its own small heading. */
export function headed(heading: string, chart: Markup): Markup {
  return element('div', { class: 'headed' }, element('h4', {}, heading), chart);
}
