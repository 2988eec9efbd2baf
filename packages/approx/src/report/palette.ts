/**
 * Colours and marker shapes of the series.
 *
 * Eight colours for light paper and eight for a dark screen. Both sets were chosen by maximising the smallest OKLab
 * distance between any two colours as seen with normal vision and with simulated protanopia, deuteranopia and
 * tritanopia (Machado et al. 2009), under a contrast of at least 3.2 : 1 with the page; that distance is 0.096 on light
 * and 0.12 on dark. No series is told by colour alone: each slot has a marker of its own, and lines are named at their
 * ends.
 */

import { coordinate, element } from './html.ts';
import type { Child, Markup } from './html.ts';

export interface SeriesColour {
  readonly light: string;
  readonly dark: string;
}

export const seriesColours: readonly SeriesColour[] = [
  { light: '#2e40a3', dark: '#7ee2fb' },
  { light: '#a05844', dark: '#f28f29' },
  { light: '#309d8b', dark: '#5bb696' },
  { light: '#6e3562', dark: '#955e90' },
  { light: '#9072df', dark: '#b897f0' },
  { light: '#a6843b', dark: '#ded485' },
  { light: '#236d99', dark: '#4b78db' },
  { light: '#901308', dark: '#cb5040' },
];

/** The page behind the colours. */
export const paper: SeriesColour = { light: '#ffffff', dark: '#14171c' };

/** As many series as one plot holds; more are spread over several plots. */
export const seriesPerPlot = seriesColours.length;

/** Outlines of radius 1 around the origin, closed; the circle is drawn apart. */
const outlines: readonly (readonly (readonly [number, number])[])[] = [
  [],
  [
    [-0.9, -0.9],
    [0.9, -0.9],
    [0.9, 0.9],
    [-0.9, 0.9],
  ],
  [
    [0, -1.2],
    [1.1, 0.8],
    [-1.1, 0.8],
  ],
  [
    [0, -1.3],
    [1.3, 0],
    [0, 1.3],
    [-1.3, 0],
  ],
  [
    [0, 1.2],
    [1.1, -0.8],
    [-1.1, -0.8],
  ],
  [
    [-0.4, -1.2],
    [0.4, -1.2],
    [0.4, -0.4],
    [1.2, -0.4],
    [1.2, 0.4],
    [0.4, 0.4],
    [0.4, 1.2],
    [-0.4, 1.2],
    [-0.4, 0.4],
    [-1.2, 0.4],
    [-1.2, -0.4],
    [-0.4, -0.4],
  ],
  [
    [-1.3, -0.55],
    [1.3, -0.55],
    [1.3, 0.55],
    [-1.3, 0.55],
  ],
  [
    [-0.55, -1.3],
    [0.55, -1.3],
    [0.55, 1.3],
    [-0.55, 1.3],
  ],
];

/** The style class that carries a slot's colour. */
export function seriesClass(slot: number): string {
  return `s${slot % seriesColours.length}`;
}

/** A slot's marker centred at (x, y); `children` may hold its title. */
export function marker(slot: number, x: number, y: number, radius: number, ...children: readonly Child[]): Markup {
  const outline = outlines[slot % outlines.length] ?? [];
  const shape = `mark ${seriesClass(slot)}`;
  if (outline.length === 0) return element('circle', { class: shape, cx: x, cy: y, r: radius }, ...children);
  const corners = outline.map(([dx, dy]) => `${coordinate(x + dx * radius)} ${coordinate(y + dy * radius)}`);
  return element('path', { class: shape, d: `M${corners.join('L')}Z` }, ...children);
}

/** Custom properties for one of the two themes. */
export function paletteCss(theme: keyof SeriesColour): string {
  return seriesColours.map((colour, slot) => `--s${slot}:${colour[theme]};`).join('');
}
