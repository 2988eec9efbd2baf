import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeText } from '../../packages/approx/src/report/escape.ts';
import {
  brief,
  duration,
  fixed,
  integer,
  percent,
  significant,
  times,
  withPrefix,
} from '../../packages/approx/src/report/formatNumber.ts';
import { coordinate, element } from '../../packages/approx/src/report/html.ts';
import { shortenText, spreadPositions, textWidth } from '../../packages/approx/src/report/labels.ts';
import { paper, seriesColours } from '../../packages/approx/src/report/palette.ts';
import { runs } from '../kit/runs.ts';
import { hostileText } from './reportSample.ts';

describe('numbers', () => {
  it.each([
    [significant(0.012345), '0.0123'],
    [significant(99.95), '100'],
    [significant(-1234567), '−1.23e6'],
    [significant(0.00001234), '1.23e−5'],
    [significant(0), '0'],
    [fixed(-0.0001, 2), '0.00'],
    [fixed(1.004e12, 2), '1.00e12'],
    [percent(0.9214), '92.1 %'],
    [percent(-0.175, 0), '−18 %'],
    [integer(30000), '30\u202f000'],
    [withPrefix(4_360_158_240), '4.36 G'],
    [withPrefix(999_999), '1.00 M'],
    [withPrefix(640), '640'],
    [times(3.9512), '3.95×'],
    [brief(0.01), '0.01'],
    [brief(1), '1'],
    [brief(100), '100'],
    [duration(0.0321), '32.1 ms'],
    [duration(148.2), '2.47 min'],
    [duration(9000), '2.50 h'],
  ])('%s is %s', (text, expected) => {
    expect(text).toBe(expected);
  });

  it('have a sign for no value and for an infinite one', () => {
    for (const format of [significant, percent, integer, withPrefix, times, duration, brief]) {
      expect(format(NaN)).toBe('–');
      expect(format(null)).toBe('–');
      expect(format(Infinity)).toMatch(/^∞/);
    }
  });

  it('never print a word', () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        for (const format of [significant, percent, integer, withPrefix, times, duration, brief]) {
          expect(format(value)).toMatch(/^[-−–∞\d.e\u202f]+( ?(%|×|[kMGTP]|ms|s|min|h))?$/u);
        }
      }),
      { numRuns: runs() },
    );
  });
});

describe('escapeText', () => {
  it('replaces what markup acts on', () => {
    expect(escapeText(`<a b="c" d='e'>&`)).toBe('&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;');
    expect(escapeText('a\u0000\u001b\u202eb\ud800c\td\n')).toBe('a���b�c\td\n');
    expect(escapeText('λ ∘ 層 🙂')).toBe('λ ∘ 層 🙂');
  });

  it('leaves no character of markup and no lone surrogate', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const escaped = escapeText(text);
        expect(escaped).not.toMatch(/[<>"']/);
        expect(escaped).not.toMatch(/&(?!(?:amp|lt|gt|quot|#39);)/);
        expect(escaped).not.toMatch(/\p{Surrogate}/u);
      }),
      { numRuns: runs() },
    );
  });
});

describe('element', () => {
  it('escapes text and attributes, and leaves out what has no value', () => {
    expect(
      element('p', { title: '"<', hidden: true, lang: null, x: NaN, y: 1.234567 }, 'a<b', element('b', {}, '&')).markup,
    ).toBe('<p title="&quot;&lt;" hidden="hidden" y="1.23">a&lt;b<b>&amp;</b></p>');
    expect(element('meta', { charset: 'utf-8' }).markup).toBe('<meta charset="utf-8"/>');
    expect(element('p').markup).toBe('<p></p>');
  });

  it('writes coordinates without exponents', () => {
    expect([1e-9, -1e-9, 1 / 3, 1e20].map(coordinate)).toEqual(['0', '0', '0.33', '0']);
  });
});

describe('labels', () => {
  it('are shortened in the middle, and fit', () => {
    expect(shortenText('conv1', 100, 12)).toBe('conv1');
    expect(shortenText('features.denseblock3.denselayer24.conv2', 12, 1)).toMatch(/^featu.*….*24\.conv2$/);
    fc.assert(
      fc.property(hostileText, fc.integer({ min: 4, max: 20 }), (text, width) => {
        expect(textWidth(shortenText(text, width, 1), 1)).toBeLessThanOrEqual(width);
      }),
      { numRuns: runs() },
    );
  });

  it('stay where they are when there is room, and share it evenly when there is none', () => {
    expect(spreadPositions([10, 50], 15, 0, 100)).toEqual([10, 50]);
    expect(spreadPositions([50, 50], 10, 0, 100)).toEqual([45, 55]);
    expect(spreadPositions([0, 0, 0], 10, 0, 100)).toEqual([0, 10, 20]);
    expect(spreadPositions([5, 5, 5], 10, 0, 10)).toEqual([0, 5, 10]);
    expect(spreadPositions([], 10, 0, 10)).toEqual([]);
  });

  it('never collide nor leave the plot', () => {
    const places = fc.array(fc.integer({ min: -20, max: 320 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(places, (wanted) => {
        const sorted = wanted.toSorted((a, b) => a - b);
        const spread = spreadPositions(sorted, 15, 0, 300);
        const rounding = 300 * 2 ** -45; // bound: a few dozen roundings of numbers below 2^9, each 2^-44 at most relative to 300
        spread.forEach((place, i) => {
          expect(place >= -rounding && place <= 300 + rounding).toBe(true);
          if (i > 0) expect(place - (spread[i - 1] ?? 0)).toBeGreaterThanOrEqual(15 - rounding);
        });
      }),
      { numRuns: runs() },
    );
  });
});

describe('the palette', () => {
  it('has eight different colours, each with a contrast of 3 : 1 with its page', () => {
    expect(seriesColours).toHaveLength(8);
    for (const theme of ['light', 'dark'] as const) {
      expect(new Set(seriesColours.map((colour) => colour[theme])).size).toBe(8);
      for (const colour of seriesColours) expect(contrast(colour[theme], paper[theme])).toBeGreaterThan(3);
    }
  });
});

/** WCAG 2.2, contrast ratio of two sRGB colours. */
function contrast(a: string, b: string): number {
  const luminance = (colour: string): number =>
    [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
      const value = Number.parseInt(colour.slice(1 + 2 * i, 3 + 2 * i), 16) / 255;
      return sum + weight * (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    }, 0);
  const [low = 0, high = 0] = [luminance(a), luminance(b)].toSorted((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}
