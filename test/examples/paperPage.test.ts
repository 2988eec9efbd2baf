/** The page and the record of the paper's claims, from made-up measurements. */

import { describe, expect, it } from 'vitest';
import { claims } from '../../examples/paper/claims.ts';
import { countText, paperPage, tallyText } from '../../examples/paper/page.ts';
import { drawParts } from '../../examples/paper/parts.ts';
import { readPrintedNumbers } from '../../examples/paper/printed.ts';
import { paperRecord } from '../../examples/paper/record.ts';
import type { PaperResults } from '../../examples/paper/results.ts';
import { escapeText } from '../../packages/approx/src/report/escape.ts';
import { hitsOf, samplePaper } from './paperSample.ts';

const printed = await readPrintedNumbers();
const everyClaim = Object.values(claims).flatMap((part) => part.map(({ id, says }) => ({ id, says })));
const pageOf = (results: PaperResults, chain = 'chain'): string =>
  paperPage(drawParts(results, printed, chain), [['Network', chain]], printed.source);

describe('the page', () => {
  const page = pageOf(samplePaper('holds'));

  it('has every table and figure of the paper, each with all of its claims', () => {
    for (const id of Object.keys(claims)) {
      expect(page).toContain(`<section id="${id}">`);
      expect(page).toContain(`href="#${id}"`);
    }
    // In the summary, under the part, and with the rule.
    for (const { says } of everyClaim) expect(page.split(escapeText(says)).length - 1, says).toBeGreaterThanOrEqual(3);
    expect(page).toContain(
      `Of ${everyClaim.length} claims ${everyClaim.length} reproduced, 0 not reproduced, 0 undecided.`,
    );
  });

  it('needs nothing but itself, and no script', () => {
    expect(page).toContain('default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;');
    expect(page).not.toMatch(
      /<(?:script|img|link|iframe|object|base|form)\b|\son\w+=|\sstyle=|url\(|@import|javascript:/,
    );
    const targets = [...page.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, target]) => target);
    expect(targets.filter((target) => !/^#(?:table|figure)\d$/.test(target ?? ''))).toEqual([]);
  });

  it('says in words what each plot shows, and has its numbers in a table', () => {
    const plots = page.match(/<svg [^>]*>(?:<desc>)?/g) ?? [];
    expect(plots.length).toBeGreaterThan(6);
    for (const plot of plots) expect(plot).toMatch(/role="img" aria-label="[^"]{20,}"><desc>$/);
    for (const id of ['figure2', 'figure3', 'figure4', 'figure5', 'figure6']) {
      const section = page.split(`<section id="${id}">`)[1]?.split('</section>')[0] ?? '';
      expect(section, id).toMatch(/<summary>The numbers[^<]*<\/summary><div[^>]*><table>/);
    }
  });

  it('tells a verdict in words and by a mark, not by colour alone', () => {
    expect(pageOf(samplePaper('holds'))).toContain('>✓ reproduced<');
    expect(pageOf(samplePaper('fails'))).toContain('>✗ not reproduced<');
    expect(pageOf(samplePaper('chance'))).toContain('>? undecided<');
  });

  it('draws every position as a number, also of measurements that are none', () => {
    for (const outcome of ['holds', 'fails', 'chance'] as const) {
      const drawn = pageOf(samplePaper(outcome));
      expect(drawn.match(/NaN|Infinity|undefined|null/g)).toBeNull();
      expect(drawn.match(/ (?:x|y|x1|y1|x2|y2|cx|cy|r)="(?!-?\d+(?:\.\d+)?")[^"]*"/g)).toBeNull();
    }
  });

  it('is not disturbed by what a network is called', () => {
    expect(pageOf(samplePaper('holds'), '<script>"\'&')).not.toContain('<script>');
  });

  it('says so where nothing was timed', () => {
    const results = { ...samplePaper('holds'), table3: { kernels: 'simd', native: null, rows: [] } };
    expect(pageOf(results)).toContain('Nothing was timed');
  });

  it('puts the times of ONNX Runtime beside ours where there are some', () => {
    const { table3, ...rest } = samplePaper('holds');
    const rows = table3.rows.map((row) => ({ ...row, native: [123.4, 124.4, 122.4] }));
    expect(page).not.toContain('ONNX Runtime');
    expect(pageOf({ ...rest, table3: { ...table3, native: 'ONNX Runtime', rows } })).toMatch(
      /ONNX Runtime[\s\S]*>123</,
    );
  });
});

describe('the tally', () => {
  it('counts what holds, and speaks of chance only where something was sampled', () => {
    const parts = drawParts(samplePaper('fails'), printed, 'chain');
    const of = (id: string): string => {
      const claim = parts.flatMap((part) => part.claims).find((one) => one.id === id);
      return claim === undefined ? '' : tallyText(claim);
    };
    expect(of('table2-formula')).toBe('2 of 3 hold');
    expect(of('figure5-accuracy')).toBe('0 of 2 hold, 0 beyond two standard errors; 2 fail beyond them');
    expect(countText(parts)).toBe(
      `Of ${everyClaim.length} claims 0 reproduced, ${everyClaim.length} not reproduced, 0 undecided.`,
    );
  });
});

describe('the record', () => {
  it('holds the claims with their rules and verdicts, and counts in place of photographs', () => {
    const results = samplePaper('holds');
    const record = JSON.parse(paperRecord(drawParts(results, printed, 'chain'), results, [['Seed', '0']])) as {
      readonly format: string;
      readonly run: unknown;
      readonly claims: readonly {
        readonly id: string;
        readonly rule: unknown;
        readonly judgement: { verdict: string };
      }[];
      readonly results: { readonly figure6: { readonly original: { readonly top1: unknown } } };
    };
    expect(record.format).toBe('rankwise-paper');
    expect(record.run).toEqual({ Seed: '0' });
    expect(record.claims.map(({ id }) => id)).toEqual(everyClaim.map(({ id }) => id));
    expect(record.claims.every(({ judgement, rule }) => judgement.verdict === 'reproduced' && rule !== undefined)).toBe(
      true,
    );
    const right = hitsOf(350).top1.reduce((sum, hit) => sum + hit, 0);
    expect(record.results.figure6.original.top1).toMatchObject({
      right,
      of: 400,
      interval: [expect.any(Number), expect.any(Number)],
    });
  });
});
