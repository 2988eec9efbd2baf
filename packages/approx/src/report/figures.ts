/** From the report's numbers to its figures. A figure without data is null. */

import { barChart, dotPlot } from './barChart.ts';
import type { ChartRow } from './barChart.ts';
import { fixed, integer, percent, significant, times, withPrefix } from './formatNumber.ts';
import { element } from './html.ts';
import type { Markup } from './html.ts';
import { shortenText } from './labels.ts';
import { lineChart } from './lineChart.ts';
import type { LineSeries, Mark, Point } from './lineChart.ts';
import { extent, niceInterval } from './scales.ts';
import { seriesPerPlot } from './palette.ts';
import type { ReportExtras } from './reportExtras.ts';
import { tracePanel } from './tracePanel.ts';
import type { ApproximationReport, LayerReport } from '../pipeline/report.ts';

/** A caption and the charts under it. */
export interface Figure {
  readonly title: string;
  readonly caption: string;
  readonly charts: readonly Markup[];
  /** Small panels stand close together. */
  readonly panels?: boolean;
  /** Charts of one row per layer; two such figures stand side by side. */
  readonly rows?: boolean;
}

/** Room for a name above a panel, in em. */
const panelNameWidth = 9;

/** More points than this on a spectrum's line are not told apart on the plot's 300 units. */
const spectrumPoints = 150;

/** Every figure that has data, in the order of the report. */
export function reportFigures(report: ApproximationReport, extras: ReportExtras): Figure[] {
  const figures = [
    energyFigure(report.layers),
    objectiveFigure(report.layers),
    costFigure(report.layers),
    errorFigure(report.layers),
    accuracyFigure(extras),
  ];
  return figures.filter((figure) => figure !== null);
}

function energyFigure(layers: readonly LayerReport[]): Figure | null {
  const drawn = layers.filter(({ spectrum }) => cumulativeEnergy(spectrum).length > 0);
  if (drawn.length === 0) return null;
  const low = energyFloor(drawn);
  const charts = inGroups(drawn).map((group) =>
    lineChart({
      label: `Energy kept against the fraction of components, for ${group.map(({ name }) => name).join(', ')}`,
      x: { title: 'components kept, % of filters', domain: [0, 1], format: percentTick },
      y: { title: 'energy of the responses, %', domain: [low, 1], format: percentTick },
      series: group.map((layer, slot) => energySeries(layer, slot, low)),
    }),
  );
  return {
    title: 'Energy of the responses',
    caption:
      'Share of the variance of each layer’s responses that its leading principal components hold. The marker on a line is the rank ' +
      'that was chosen; the earlier a line rises, the fewer filters the layer needs.',
    charts,
  };
}

/** A multiple of a tenth below most of what is drawn: the few first components would take half of the plot. */
function energyFloor(layers: readonly LayerReport[]): number {
  const early = layers.map((layer) => {
    const energy = cumulativeEnergy(layer.spectrum);
    const kept = takesChannels(layer) ? (energy[layer.rank - 1] ?? 1) : 1;
    return Math.min(kept, energy[Math.floor(energy.length / 20)] ?? 0);
  });
  return Math.min(0.9, Math.floor(Math.min(...early) * 10) / 10);
}

function energySeries(layer: LayerReport, slot: number, low: number): LineSeries {
  const { name, spectrum, rank, filters } = layer;
  const energy = cumulativeEnergy(spectrum);
  const stride = Math.ceil(energy.length / spectrumPoints);
  const at = (count: number): Point => [count / energy.length, energy[count - 1] ?? Number.NaN];
  const points = energy
    .map((_, i) => i + 1)
    .filter((count) => count === 1 || count === rank || count === energy.length || count % stride === 0)
    .map(at);
  const [, kept] = at(rank);
  const title = `${name}: ${integer(rank)} of ${integer(filters)} filters hold ${percent(kept, 2)}`;
  const marks: Mark[] = takesChannels(layer) ? [{ at: at(rank), title }] : [];
  return { name, slot, points: pointsAbove(points, low), marks };
}

/** Whether the layer's rank is a number of principal components. */
function takesChannels({ decomposed, decomposition }: LayerReport): boolean {
  return decomposed && decomposition !== 'spatial';
}

/** A rising line from where it crosses `low` on. */
function pointsAbove(points: readonly Point[], low: number): Point[] {
  const first = points.findIndex(([, y]) => y >= low);
  const [before, after] = [points[first - 1], points[first]];
  if (before === undefined || after === undefined) return [...points];
  const share = (low - before[1]) / (after[1] - before[1]);
  return [[before[0] + share * (after[0] - before[0]), low], ...points.slice(first)];
}

/** Partial sums over the total; nothing when the spectrum has no energy. Rounding may leave small negative eigenvalues. */
function cumulativeEnergy(spectrum: readonly number[]): number[] {
  const energies = spectrum.map((value) => Math.max(0, value));
  // Scaled first, so that the sum of large eigenvalues does not overflow.
  const scale = Math.max(0, ...energies);
  if (!(scale > 0) || scale === Infinity) return [];
  const total = energies.reduce((sum, value) => sum + value / scale, 0);
  if (!Number.isFinite(total)) return [];
  let sum = 0;
  return energies.map((value) => Math.min(1, (sum += value / scale) / total));
}

function objectiveFigure(layers: readonly LayerReport[]): Figure | null {
  const solved = layers.filter(({ trace }) => trace.length > 0);
  if (solved.length === 0) return null;
  const charts = solved.map(({ name, trace }) => {
    const first = trace[0]?.nonlinear;
    const last = trace.at(-1)?.nonlinear;
    const change = `${significant(first)} → ${significant(last)}`;
    return element(
      'div',
      { class: 'panel' },
      element(
        'p',
        {},
        element('b', { title: name }, shortenText(name, panelNameWidth, 1)),
        ' ',
        element('span', {}, change),
      ),
      tracePanel(`Objective of ${name} over ${integer(trace.length)} iterations: ${change}`, trace),
    );
  });
  return {
    title: 'Objective of the nonlinear solver',
    caption:
      'Per iteration: the nonlinear objective, which is what counts, and the relaxed one, which the alternation lowers. Both are relative to ' +
      'the variance of the responses. Dashed: λ changes. The numbers are the nonlinear objective of the linear start and at the end.',
    charts,
    panels: true,
  };
}

function costFigure(layers: readonly LayerReport[]): Figure | null {
  if (layers.length === 0) return null;
  const rows = layers.map(({ name, macsBefore, macsAfter, decomposed }): ChartRow => {
    const note = decomposed ? times(macsBefore / macsAfter) : 'left alone';
    return {
      name,
      first: macsBefore,
      second: macsAfter,
      note,
      title: `${name}: ${withPrefix(macsBefore)} before, ${withPrefix(macsAfter)} after, ${note}`,
    };
  });
  return {
    title: 'Cost of each layer',
    caption: 'Multiply-adds per image before and after; all new layers counted.',
    charts: [
      barChart({
        label: `Multiply-adds of ${layers.length} layers before and after`,
        axisTitle: 'multiply-adds per image',
        rows,
        format: countTick,
        key: ['before', 'after'],
      }),
    ],
    rows: true,
  };
}

function errorFigure(layers: readonly LayerReport[]): Figure | null {
  const rows = layers.flatMap(({ name, error, linearError }): ChartRow[] => {
    const linear = linearError?.heldOut ?? null;
    const installed = error?.heldOut ?? null;
    if (installed === null) return [];
    const change = linear === null || !(linear > 0) ? Number.NaN : installed / linear - 1;
    return [
      {
        name,
        first: linear,
        second: installed,
        note: Number.isFinite(change) ? percent(change, 0) : '',
        title: `${name}: linear ${significant(linear)}, installed ${significant(installed)}`,
      },
    ];
  });
  if (rows.length === 0) return null;
  return {
    title: 'Error on held-out samples',
    caption:
      'Relative error after the nonlinearity, on images no fit has seen; at the right the change against the linear map.',
    charts: [
      dotPlot({
        label: `Held-out error of ${rows.length} layers, linear against installed`,
        axisTitle: 'relative error',
        rows,
        key: ['linear', 'installed'],
      }),
    ],
    rows: true,
  };
}

function accuracyFigure({ accuracy = [], baseline }: ReportExtras): Figure | null {
  const names = [...new Set(accuracy.map(({ series }) => series))];
  if (names.length === 0) return null;
  const [, fastest] = extent([1, ...accuracy.map(({ speedup }) => speedup)]);
  const charts = inGroups(names).map((group) =>
    lineChart({
      label: `Accuracy against speed-up, for ${group.join(', ')}`,
      x: { title: 'theoretical speed-up, ×', domain: niceInterval([1, fastest]) },
      y: { title: 'top-1 accuracy, %', format: percentTick },
      series: group.map((name, slot): LineSeries => {
        const points = accuracy
          .filter(({ series }) => series === name)
          .toSorted((a, b) => a.speedup - b.speedup)
          .map(({ speedup, top1 }): Point => [speedup, top1]);
        const marks = points.map((at): Mark => ({ at, title: `${name}: ${percent(at[1])} at ${times(at[0])}` }));
        return { name, slot, points, marks };
      }),
      rules: baseline === undefined ? [] : [{ y: baseline.top1, label: `${baseline.label} ${percent(baseline.top1)}` }],
    }),
  );
  return {
    title: 'Accuracy against speed-up',
    caption: 'Top-1 accuracy of the approximated model, one line per method; the dashed rule is the model as it was.',
    charts,
  };
}

/** Groups of equal size, as few as keep every group within one plot's series. */
function inGroups<T>(items: readonly T[]): T[][] {
  const count = Math.ceil(items.length / seriesPerPlot);
  const size = Math.ceil(items.length / Math.max(1, count));
  return Array.from({ length: count }, (_, i) => items.slice(i * size, (i + 1) * size)).filter(
    (group) => group.length > 0,
  );
}

/** A fraction as the number of percent. */
function percentTick(value: number, decimals: number): string {
  return fixed(value * 100, Math.max(0, decimals - 2));
}

function countTick(value: number): string {
  return withPrefix(value, 2);
}
