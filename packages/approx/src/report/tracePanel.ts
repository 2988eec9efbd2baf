/**
 * A small panel for one layer's alternation: the nonlinear objective above, the relaxed one below, over the iterations.
 *
 * They are drawn apart because they live on different scales: at a small λ the relaxed objective is a small fraction of
 * the nonlinear one and jumps when λ rises, while the gain worth seeing is a change of some percent in the other. Each
 * plot takes a logarithmic scale when its values span more than a factor of 20. A dashed line marks where λ changes.
 */

import { fontSize, horizontalAxis, verticalAxis } from './axes.ts';
import type { PlotArea } from './axes.ts';
import { element, fragment } from './html.ts';
import type { Markup } from './html.ts';
import { textWidth } from './labels.ts';
import { linePath } from './lineChart.ts';
import type { Point } from './lineChart.ts';
import { brief } from './formatNumber.ts';
import { extent, linearScale, logScale, niceInterval } from './scales.ts';
import type { Scale } from './scales.ts';
import type { IterationTrace } from '../solve/nonlinearSolver.ts';

const width = 236;
const height = 246;
const left = 48;
const upper: PlotArea = { left, right: width - 8, top: 34, bottom: 112 };
const lower: PlotArea = { left, right: width - 8, top: 146, bottom: 206 };

/** Values spread wider than this are drawn on a logarithmic scale. */
const widestLinear = 20;

/** The plot spans at least this fraction of the values. */
const leastSpan = 0.02;

/** The panel as an svg element. */
export function tracePanel(label: string, trace: readonly IterationTrace[]): Markup {
  const iterations = trace.map(({ iteration }) => iteration + 1);
  const [first, last] = extent(iterations);
  const x = linearScale([Math.min(first, 1), Math.max(last, 2)], [left, upper.right], { count: 4 });
  return element(
    'svg',
    { class: 'panel-chart', viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label },
    penaltyChanges(trace, x),
    objective(
      trace.map((step) => [step.iteration + 1, step.nonlinear]),
      x,
      upper,
      'nonlinear',
      's0',
    ),
    objective(
      trace.map((step) => [step.iteration + 1, step.relaxedAfterFit]),
      x,
      lower,
      'relaxed',
      's1',
    ),
    horizontalAxis(x, lower, 'iteration'),
  );
}

function objective(points: readonly Point[], x: Scale, area: PlotArea, name: string, colour: string): Markup {
  const finite = points.filter(([a, b]) => Number.isFinite(a) && Number.isFinite(b));
  const y = objectiveScale(
    finite.map((point) => point[1]),
    area,
  );
  const end = finite.at(-1);
  const caption = element('text', { class: 'axis', x: 0, y: area.top - 11 }, name);
  if (end === undefined) return caption;
  return fragment(
    verticalAxis(y, area, ''),
    caption,
    finite.length > 1 ? element('path', { class: `line ${colour}`, d: linePath(finite, x, y) }) : null,
    element('circle', { class: `mark ${colour}`, cx: x.map(end[0]), cy: y.map(end[1]), r: 3 }),
  );
}

function objectiveScale(values: readonly number[], area: PlotArea): Scale {
  const positive = extent(values.filter((value) => value > 0));
  const range = [area.bottom, area.top] as const;
  if (positive[1] > widestLinear * positive[0]) return logScale(positive, range, { count: 3 });
  const [low, high] = extent(values);
  // A converged objective is a level line, not a picture of rounding errors.
  const room = Math.max(0, leastSpan * Math.max(Math.abs(low), Math.abs(high)) - (high - low)) / 2;
  return linearScale(niceInterval([low - room, high + room], 3), range, { count: 3 });
}

/** A line before the first iteration of each stage but the first, with the new λ; labels that would collide are left out. */
function penaltyChanges(trace: readonly IterationTrace[], x: Scale): Markup {
  let free = textWidth('nonlinear', fontSize) + 4;
  return fragment(
    trace.map((step, i) => {
      const before = trace[i - 1];
      if (before !== undefined && before.lambda === step.lambda) return null;
      const at = before === undefined ? left : x.map(step.iteration + 0.5);
      const text = `λ = ${brief(step.lambda)}`;
      const start = before === undefined ? free : Math.min(at + 4, width - textWidth(text, fontSize));
      const fits = start >= free && start + textWidth(text, fontSize) <= width;
      if (fits) free = start + textWidth(text, fontSize) + 4;
      return fragment(
        before === undefined ? null : element('line', { class: 'rule', x1: at, x2: at, y1: 10, y2: lower.bottom }),
        fits ? element('text', { class: 'tick', x: start, y: upper.top - 11 }, text) : null,
      );
    }),
  );
}
