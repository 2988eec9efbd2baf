import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderReport } from '@rankwise/approx';
import type { ApproximationReport, LayerReport } from '@rankwise/approx';
import { runs } from '../kit/runs.ts';
import { hostileText, sampleExtras, sampleLayer, sampleReport, sampleTrace } from './reportSample.ts';

const hostile = `<script>alert("1")</script>'"><img src=x onerror=alert(1)>&amp;`;

interface Tag {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
}

const unclosedInHtml = new Set(['!DOCTYPE']);

/** Reads the page as XML would be read; throws at the first thing that is not balanced or not quoted. */
function parseTags(page: string): Tag[] {
  const tags: Tag[] = [];
  const open: string[] = [];
  const token = /<(\/?)([!A-Za-z][\w-]*)((?:\s+[\w-]+="[^"<>]*")*|\s+html)(\/?)>|([^<>]+)|([\s\S])/g;
  for (const [whole, close, name = '', attributes = '', empty, text, stray] of page.matchAll(token)) {
    if (stray !== undefined) throw new Error(`stray ${stray} in <${open.at(-1) ?? ''}>`);
    if (text !== undefined) {
      if (/&(?!(?:amp|lt|gt|quot|#39);)/.test(text)) throw new Error(`bare & in ${text}`);
    } else if (close === '/') {
      if (open.pop() !== name) throw new Error(`${whole} closes something else`);
    } else {
      const pairs = [...attributes.matchAll(/([\w-]+)="([^"]*)"/g)].map(
        ([, key = '', value = '']) => [key, value] as const,
      );
      if (new Map(pairs).size !== pairs.length) throw new Error(`an attribute twice: ${whole}`);
      tags.push({ name, attributes: new Map(pairs) });
      if (empty !== '/' && !unclosedInHtml.has(name)) open.push(name);
    }
  }
  if (open.length > 0) throw new Error(`never closed: ${open.join(', ')}`);
  return tags;
}

/** What every page must be, whatever is in it. */
function expectSoundPage(page: string): Tag[] {
  const tags = parseTags(page);
  const violations = tags.flatMap(({ name, attributes }) => [
    ...(foreignElements.has(name) ? [name] : []),
    ...[...attributes]
      .filter(([key, value]) => !isSound(key, value))
      .map(([key, value]) => `${name} ${key}="${value}"`),
  ]);
  expect(violations).toEqual([]);
  return tags;
}

const foreignElements = new Set(['script', 'img', 'iframe', 'object', 'embed', 'base', 'link', 'form']);

function isSound(key: string, value: string): boolean {
  if (/^(?:on|style$|src|xlink)/.test(key)) return false;
  if (key === 'href') return value === '#warnings';
  if (/^(?:x|y|x1|x2|y1|y2|cx|cy|r|width|height)$/.test(key)) return /^-?\d+(\.\d+)?$/.test(value);
  return key !== 'd' || /^(?:[ML]-?\d+(\.\d+)? -?\d+(\.\d+)?)+Z?$/.test(value);
}

/** What a pattern finds, with its surroundings; '' for nothing. The whole page would be no help in a failure. */
function foundIn(page: string, pattern: RegExp): string {
  const match = pattern.exec(page);
  return match === null ? '' : page.slice(Math.max(0, match.index - 40), match.index + 80);
}

function withLayers(layers: readonly LayerReport[]): ApproximationReport {
  return { ...sampleReport(), layers, counted: layers.map(({ name }) => name) };
}

describe('renderReport', () => {
  it('is one sound page that refers to nothing outside', () => {
    const page = renderReport(sampleReport(), sampleExtras());
    const tags = expectSoundPage(page);
    expect(foundIn(page, /NaN|undefined|Infinity|null|https?:\/\/|url\(|@import|\[object/)).toBe('');
    expect(page).toContain(`content="default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;"`);
    const charts = tags.filter(({ name }) => name === 'svg');
    // Energy, six traces, costs, errors, accuracy.
    expect(charts).toHaveLength(10);
    for (const { attributes } of charts) expect(attributes.get('aria-label')).toMatch(/\w/);
  });

  it('shows its parts in order', () => {
    const page = renderReport(sampleReport(), sampleExtras());
    const headings = [...page.matchAll(/<h[123]>([^<]*)</g)].map(([, text]) => text);
    expect(headings).toEqual([
      'Fashion classifier at 4×',
      'Layers',
      'Figure 1. Energy of the responses',
      'Figure 2. Objective of the nonlinear solver',
      'Figure 3. Cost of each layer',
      'Figure 4. Error on held-out samples',
      'Figure 5. Accuracy against speed-up',
      'Comparison',
      'Notes',
      'Settings',
      'Warnings',
      'How the numbers are defined',
      'Counted layers',
    ]);
  });

  it('prints the numbers it was given', () => {
    const text = renderReport(sampleReport(), sampleExtras())
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ');
    expect(text).toContain('over conv2 … conv7, 6 layers; 3.41× over the whole model');
    expect(text).toContain('2.71× faster with simd, 1 thread');
    expect(text).toContain('92.1 → 90.6');
    expect(text).toContain('−1.5 points against original');
    expect(text).toContain('96.8 %');
    expect(text).toContain('conv7 rank 54 asked 192 × 3×3×192 51 / 192');
    expect(text).toContain('conv1 left alone, not counted 48 × 3×3×1 48 / 48');
  });

  it('shows both ranks and the error of the split where layers were split', () => {
    const report = sampleReport();
    const error = { fit: 0.0123, heldOut: 0.0456 };
    const [, conv2, conv3] = report.layers;
    const split: ApproximationReport = {
      ...report,
      settings: { ...report.settings, decomposition: '3d', spatialReconstruction: 'data' },
      layers: [
        { ...conv2!, decomposition: '3d', spatialRank: 31, spatialError: error },
        { ...conv3!, decomposition: 'spatial', effectiveRank: 40, spatialError: error, linearError: null },
      ],
    };
    const text = renderReport(split)
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ');
    expect(text).toContain('3d by data reconstruction, nonlinear solver, asymmetric reconstruction, ranks: energy');
    expect(text).toContain(`31 · ${conv2!.effectiveRank} / 96`);
    expect(text).toContain('40 / 384');
    expect(text).toContain('split linear installed');
    expect(text).toContain('0.0456');
    expect(text).toContain('Spatial split by data reconstruction');
    const spatial = { ...split, settings: { ...split.settings, decomposition: 'spatial' as const } };
    expect(renderReport(spatial)).toContain('spatial by data reconstruction, ranks: energy<');
    const descended = {
      ...split,
      settings: { ...split.settings, spatialReconstruction: 'metric' as const },
      layers: split.layers.map((layer) => ({ ...layer, descent: { before: error, trace: [] } })),
    };
    expect(renderReport(descended)).toContain('3d by metric reconstruction, nonlinear solver, descent, asymmetric');
    // A number of vertical filters is no number of principal components.
    expect(renderReport(spatial)).not.toContain(`conv3: ${conv3!.rank} of`);
  });

  it('leaves out what has no data', () => {
    const layers = sampleReport().layers.map((layer) => ({
      ...layer,
      trace: [],
      error: null,
      linearError: null,
      spectrum: [],
    }));
    const page = renderReport({
      ...withLayers(layers),
      measured: null,
      outputError: null,
      outputAgreement: null,
      warnings: [],
    });
    expectSoundPage(page);
    expect(page).toContain('Figure 1. Cost of each layer');
    expect(
      foundIn(page, /Figure 2|Comparison|Notes|warning|accuracy|same class as|per image, measured|Error, held out/i),
    ).toBe('');
    expectSoundPage(renderReport(withLayers([])));
  });

  it('gives the same page for the same report', () => {
    const [report, extras] = [sampleReport(), sampleExtras()];
    const page = renderReport(report, extras);
    expect(renderReport(structuredClone(report), structuredClone(extras))).toBe(page);
    // Through JSON, as the command line stores it.
    expect(renderReport(JSON.parse(JSON.stringify(report)) as ApproximationReport, extras)).toBe(page);
  });

  it('marks the rank on each line, and where λ changes', () => {
    const page = renderReport(sampleReport());
    for (let i = 2; i <= 7; i++)
      expect(page).toMatch(new RegExp(`<title>conv${i}: \\d+ of \\d+ filters hold [\\d.]+ %</title>`));
    expect(page.match(/class="rule"/g)).toHaveLength(6);
    expect(page.match(/λ = 0\.01</g)).toHaveLength(6);
    expect(page.match(/λ = 1</g)).toHaveLength(6);
  });
});

describe('hostile text', () => {
  it('stays text wherever it stands', () => {
    const report = sampleReport();
    const extras = sampleExtras();
    const page = renderReport(
      {
        ...report,
        model: hostile,
        settings: { ...report.settings, ranks: hostile },
        counted: [hostile, hostile],
        measured: report.measured && { ...report.measured, kernels: hostile, features: [hostile] },
        layers: report.layers.map((layer) => ({ ...layer, name: hostile })),
        warnings: [hostile],
      },
      {
        title: hostile,
        notes: [hostile],
        baseline: { label: hostile, top1: 0.9 },
        accuracy: extras.accuracy.map((point) => ({ ...point, series: hostile })),
        comparison: extras.comparison.map((row) => ({
          ...row,
          label: hostile,
          solver: hostile,
          reconstruction: hostile,
          ranks: hostile,
        })),
      },
    );
    expectSoundPage(page);
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&quot;&gt;&lt;img');
  });

  it('of any kind leaves the page balanced', () => {
    fc.assert(
      fc.property(hostileText, hostileText, (name, label) => {
        const layers = [sampleLayer(name, 8, 1), sampleLayer(label, 8, 2)];
        expectSoundPage(
          renderReport(withLayers(layers), { title: label, baseline: { label, top1: 1 }, notes: [name] }),
        );
      }),
      { numRuns: runs(40) },
    );
  });
});

describe('degenerate data', () => {
  const anyNumber = fc.oneof(
    fc.double(),
    fc.double({ min: 0, max: 1 }),
    fc.constantFrom(0, -0, 1, NaN, Infinity, -Infinity, 5e-324, Number.MAX_VALUE, -1),
  );

  it('of any numbers gives finite drawings and no words for missing ones', () => {
    const numbers = fc.array(anyNumber, { maxLength: 6 });
    fc.assert(
      fc.property(
        numbers,
        numbers,
        fc.array(anyNumber, { minLength: 8, maxLength: 8 }),
        (spectrum, objectives, values) => {
          const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = values;
          const trace = objectives.map((value, iteration) => ({
            iteration,
            lambda: iteration < 2 ? a : 1,
            nonlinear: value,
            relaxedAfterAuxiliary: value,
            relaxedAfterFit: b * value,
          }));
          const layer: LayerReport = {
            ...sampleLayer('conv2', 8, 1),
            spectrum,
            trace,
            rank: 3,
            macsBefore: c,
            macsAfter: d,
            energyKept: e,
            error: { fit: f, heldOut: g },
            linearError: { fit: g, heldOut: h },
            seconds: h,
          };
          const page = renderReport(
            { ...withLayers([layer, layer]), outputError: a, outputAgreement: b },
            {
              baseline: { label: 'original', top1: a },
              accuracy: values.map((top1, i) => ({ series: i < 5 ? 'a' : `b${i}`, speedup: values[7 - i] ?? 1, top1 })),
            },
          );
          expectSoundPage(page);
          expect(foundIn(page, /NaN|undefined|Infinity/)).toBe('');
        },
      ),
      { numRuns: runs(60) },
    );
  });

  it.each([1, 8, 9, 60])('%d layers with long names', (count) => {
    const layers = Array.from({ length: count }, (_, i) =>
      sampleLayer(`features.denseblock${i % 4}.denselayer${i}.conv2`, 16, i + 1),
    );
    const tags = expectSoundPage(renderReport(withLayers(layers)));
    const charts = tags.filter(({ attributes }) => attributes.get('class') === 'chart');
    // At most eight lines in one plot; then costs and errors.
    expect(charts).toHaveLength(Math.ceil(count / 8) + 2);
    expect(tags.filter(({ attributes }) => attributes.get('class') === 'panel')).toHaveLength(count);
  });

  it('a trace of one iteration and a spectrum of one component', () => {
    const layer = {
      ...sampleLayer('conv2', 1, 1),
      rank: 1,
      spectrum: [2],
      trace: sampleTrace(0.1, 0.5, 1).slice(0, 1),
    };
    expectSoundPage(renderReport(withLayers([layer])));
  });
});
