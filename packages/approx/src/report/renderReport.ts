/**
 * The report as one HTML page: numbers first, then the layers, the figures, the comparison, and how everything is defined.
 *
 * Every text that comes from the report is escaped. The same report gives the same page, byte for byte: no clock, no locale, no random numbers.
 */

import { reportFigures } from './figures.ts';
import type { Figure } from './figures.ts';
import { percent, significant, times } from './formatNumber.ts';
import { element, fragment } from './html.ts';
import type { Markup } from './html.ts';
import { shortenText } from './labels.ts';
import type { ReportExtras } from './reportExtras.ts';
import { reportPage } from './reportPage.ts';
import { comparisonTable, layerTable, settingsList } from './reportTables.ts';
import type { ApproximationReport } from '../pipeline/report.ts';

const definitions = [
  'Cost is counted in multiply-adds per image; a decomposed layer costs all of its new layers, a 1×1 one included. The theoretical speed-up is the ' +
    'ratio of the sums over the counted layers, before to after.',
  'The relative error of a layer is Σ ‖r(y) − r(ỹ)‖² / Σ ‖r(y) − mean of r(y)‖², with y the original responses, ỹ the approximated ones and r the ' +
    'nonlinearity that follows: 0 is perfect, 1 is no better than a constant. Fitting samples are those the map was fitted to; held-out ones come from ' +
    'images that no fit has seen.',
  'Energy kept is the share of the variance of the original responses that the chosen number of principal components holds; of a spatial ' +
    'decomposition the share of the filters’ squared norm that the nearest one of that rank holds. A rank written with a dot is that of the vertical layer and ' +
    'that of the horizontal one; the error of a split is what the two leave before channels are taken from them.',
  'Agreement is the share of held-out images on which both networks name the same class.',
];

/**
 * Renders the account of an approximation as a self-contained page.
 * @param report - as the pipeline gives it, or read back from JSON
 * @param extras - accuracies, comparisons and notes of the caller's own
 * @returns a whole HTML document, in UTF-8 characters
 * @example
 * import { renderReport } from '@rankwise/approx';
 * const page = renderReport({
 *   format: 'rankwise-report',
 *   version: 1,
 *   model: 'digits & letters',
 *   settings: {
 *     decomposition: 'channel', solver: 'linear', reconstruction: 'symmetric', spatialReconstruction: null, pooled: false, ranks: 'uniform',
 *     requestedSpeedup: 2,
 *     availableImages: 100, images: 100, heldOutImages: 0, positions: 10, seed: 1,
 *   },
 *   digests: { original: '', approximated: '', images: '', heldOut: null },
 *   rankSelection: { cost: { budget: 'macs', before: 8, after: 4 }, objective: null, judges: 0, candidates: [] },
 *   samples: 1000,
 *   counted: [],
 *   theoretical: { macsBefore: 8, macsAfter: 4, speedup: 2, speedupWithoutProjection: 2, wholeModelSpeedup: 2 },
 *   measured: null,
 *   outputError: null,
 *   outputAgreement: null,
 *   layers: [],
 *   warnings: [],
 *   seconds: 1,
 * });
 * page.includes('<h1>digits &amp; letters</h1>') // => true
 * page.includes('<script') // => false
 */
export function renderReport(report: ApproximationReport, extras: ReportExtras = {}): string {
  const title = extras.title ?? report.model;
  return reportPage(
    title,
    fragment(
      masthead(report, extras, title),
      headline(report, extras),
      report.layers.length === 0 ? null : section('Layers', layerTable(report)),
      figures(reportFigures(report, extras)),
      comparison(extras),
      paragraphs('Notes', extras.notes ?? []),
      section('Settings', settingsList(report)),
      warnings(report.warnings),
      paragraphs('How the numbers are defined', definitions),
      counted(report.counted),
    ),
  );
}

function masthead(report: ApproximationReport, extras: ReportExtras, title: string): Markup {
  const count = report.warnings.length;
  return element(
    'header',
    {},
    element('p', { class: 'eyebrow' }, 'Rankwise report'),
    element('h1', {}, title),
    element(
      'p',
      { class: 'lead' },
      extras.title === undefined || extras.title === report.model ? null : `${report.model} · `,
      methodOf(report),
    ),
    count === 0
      ? null
      : element(
          'p',
          { class: 'warned' },
          element('a', { href: '#warnings' }, count === 1 ? '1 warning' : `${count} warnings`),
        ),
  );
}

function methodOf({ settings, layers }: ApproximationReport): string {
  const { decomposition, solver, reconstruction, spatialReconstruction, ranks } = settings;
  const isDescended = layers.some(({ descent }) => descent !== null);
  return [
    ...(spatialReconstruction === null ? [] : [`${decomposition} by ${spatialReconstruction} reconstruction`]),
    ...(decomposition === 'spatial' ? [] : [`${solver} solver`]),
    ...(isDescended ? ['descent'] : []),
    ...(decomposition === 'spatial' && !isDescended ? [] : [`${reconstruction} reconstruction`]),
    `ranks: ${ranks}`,
  ].join(', ');
}

interface BigNumber {
  readonly value: Markup;
  readonly name: string;
  readonly detail: string;
}

function headline(report: ApproximationReport, extras: ReportExtras): Markup {
  const numbers = [theoretical(report), measured(report), accuracy(extras), agreement(report)];
  return element(
    'dl',
    { class: 'numbers' },
    numbers
      .filter((number) => number !== null)
      .map(({ value, name, detail }) =>
        element(
          'div',
          {},
          element('dt', {}, name),
          element('dd', { class: 'big' }, value),
          detail === '' ? null : element('dd', { class: 'detail' }, detail),
        ),
      ),
  );
}

function theoretical({ theoretical: cost, counted: names }: ApproximationReport): BigNumber {
  const layers = names.length === 1 ? `over ${names[0] ?? ''}` : `over ${rangeOf(names)}${names.length} layers`;
  return {
    value: fragment(times(cost.speedup)),
    name: 'fewer multiply-adds',
    detail: `${layers}; ${times(cost.wholeModelSpeedup)} over the whole model`,
  };
}

/** `conv2…conv7, ` */
function rangeOf(names: readonly string[]): string {
  const [first, last] = [names[0], names.at(-1)];
  return first === undefined || last === undefined ? '' : `${shortenText(first, 9, 1)} … ${shortenText(last, 9, 1)}, `;
}

function measured({ measured: timing }: ApproximationReport): BigNumber | null {
  if (timing === null) return null;
  const threads = timing.threads === 1 ? '1 thread' : `${timing.threads} threads`;
  return {
    value: fromTo(significant(timing.originalMilliseconds), significant(timing.approximatedMilliseconds)),
    name: 'ms per image, measured',
    detail: `${times(timing.speedup)} faster with ${timing.kernels}, ${threads}`,
  };
}

function accuracy({ baseline, comparison: rows = [] }: ReportExtras): BigNumber | null {
  const after = rows.find(({ written }) => written === true)?.top1 ?? null;
  const before = baseline?.top1 ?? null;
  if (after === null && before === null) return null;
  const change = after === null || before === null ? '' : `${points(after - before)} against ${baseline?.label ?? ''}`;
  return {
    value: fromTo(bare(before), bare(after)),
    name: '% top-1 accuracy',
    detail: after === null ? `${baseline?.label ?? ''}; not measured after` : change,
  };
}

/** A share of images as the number of percent. */
function bare(share: number | null): string {
  return percent(share).replace(' %', '');
}

function points(change: number): string {
  const text = percent(change).replace(' %', ' points');
  return change > 0 ? `+${text}` : text;
}

function agreement({ outputAgreement, outputError, settings }: ApproximationReport): BigNumber | null {
  if (outputAgreement === null && outputError === null) return null;
  return {
    value: fragment(percent(outputAgreement)),
    name: 'same class as the original',
    detail: `on ${settings.heldOutImages} held-out images; output error ${significant(outputError)}`,
  };
}

function fromTo(before: string, after: string): Markup {
  return fragment(element('span', {}, `${before} → `), after);
}

function figures(all: readonly Figure[]): Markup | null {
  if (all.length === 0) return null;
  const drawn = all.map((figure, i) => {
    const pair = isRowChart(figure) && (isRowChart(all[i - 1]) || isRowChart(all[i + 1]));
    const kind = pair ? 'half' : figure.panels !== true && figure.charts.length === 1 ? 'aside' : null;
    return element(
      'figure',
      { class: kind },
      element(
        'figcaption',
        {},
        element('h3', {}, `Figure ${i + 1}. ${figure.title}`),
        element('p', {}, figure.caption),
      ),
      element('div', { class: figure.panels === true ? 'panels' : 'charts' }, figure.charts),
    );
  });
  return element('section', { class: 'figures', 'aria-label': 'Figures' }, drawn);
}

function isRowChart(figure: Figure | undefined): boolean {
  return figure?.rows === true;
}

function comparison({ comparison: rows = [] }: ReportExtras): Markup | null {
  return rows.length === 0 ? null : section('Comparison', comparisonTable(rows));
}

function warnings(texts: readonly string[]): Markup | null {
  if (texts.length === 0) return null;
  const list = element(
    'ul',
    {},
    texts.map((text) => element('li', {}, text)),
  );
  return element('section', { id: 'warnings' }, element('h2', {}, 'Warnings'), list);
}

function counted(names: readonly string[]): Markup | null {
  if (names.length === 0) return null;
  return section(
    'Counted layers',
    element(
      'ul',
      { class: 'inline' },
      names.map((name) => element('li', {}, name)),
    ),
  );
}

function paragraphs(heading: string, texts: readonly string[]): Markup | null {
  return texts.length === 0 ? null : section(heading, fragment(texts.map((text) => element('p', {}, text))));
}

function section(heading: string, content: Markup): Markup {
  return element('section', {}, element('h2', {}, heading), content);
}
