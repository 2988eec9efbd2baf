/**
 * Axes: quiet grid lines, tick labels that never overlap, and a title with the unit at the end of the axis.
 *
 * The y title stands above the axis and is read without turning one's head; so no text is rotated.
 */

import { element, fragment } from './html.ts';
import type { Markup } from './html.ts';
import { textWidth } from './labels.ts';
import type { Scale, Tick } from './scales.ts';

/** Size of the text in plots, in user units; the style sheet sets the same. */
export const fontSize = 12;

/** The rectangle that data is drawn in; y grows downwards. */
export interface PlotArea {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Space between a tick label and the plot. */
const labelGap = 7;
const tickLength = 4;

/** Room that the tick labels of a vertical axis need at its left. */
export function tickLabelRoom(ticks: readonly Tick[]): number {
  return Math.ceil(Math.max(0, ...ticks.map(({ label }) => textWidth(label, fontSize)))) + labelGap + 1;
}

/** A vertical axis at the left of the area, with its title above. */
export function verticalAxis(scale: Scale, area: PlotArea, title: string): Markup {
  const rows = scale.ticks.map(({ value, label }) => {
    const y = scale.map(value);
    return fragment(
      element('line', { class: 'grid', x1: area.left, x2: area.right, y1: y, y2: y }),
      element('text', { class: 'tick', x: area.left - labelGap, y: y + 4, 'text-anchor': 'end' }, label),
    );
  });
  return fragment(rows, title === '' ? null : element('text', { class: 'axis', x: 0, y: area.top - 12 }, title));
}

/** A horizontal axis at the bottom of the area; `grid` adds lines through it. */
export function horizontalAxis(scale: Scale, area: PlotArea, title: string, grid = false): Markup {
  const shown = new Set(readableTicks(scale));
  const ticks = scale.ticks.map((tick) => {
    const x = scale.map(tick.value);
    return fragment(
      grid ? element('line', { class: 'grid', x1: x, x2: x, y1: area.top, y2: area.bottom }) : null,
      element('line', { class: 'rail', x1: x, x2: x, y1: area.bottom, y2: area.bottom + tickLength }),
      shown.has(tick)
        ? element('text', { class: 'tick', x, y: area.bottom + tickLength + 13, 'text-anchor': 'middle' }, tick.label)
        : null,
    );
  });
  return fragment(
    ticks,
    element('line', { class: 'rail', x1: area.left, x2: area.right, y1: area.bottom, y2: area.bottom }),
    title === ''
      ? null
      : element(
          'text',
          { class: 'axis', x: area.right, y: area.bottom + tickLength + 31, 'text-anchor': 'end' },
          title,
        ),
  );
}

/** Every k-th tick, k the smallest for which neighbouring labels keep apart. */
function readableTicks(scale: Scale): Tick[] {
  const { ticks } = scale;
  for (let stride = 1; stride < ticks.length; stride++) {
    const kept = ticks.filter((_, i) => i % stride === 0);
    if (kept.every((tick, i) => i === 0 || apart(scale, kept[i - 1], tick))) return kept;
  }
  return ticks.slice(0, 1);
}

function apart(scale: Scale, a: Tick | undefined, b: Tick): boolean {
  if (a === undefined) return true;
  const half = (textWidth(a.label, fontSize) + textWidth(b.label, fontSize)) / 2;
  return Math.abs(scale.map(b.value) - scale.map(a.value)) >= half + 6;
}
