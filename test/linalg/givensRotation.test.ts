import { givensRotation } from '@rankwise/linalg';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectRatio, scalarRatio } from '../kit/matrices/ratios.ts';
import { runs } from '../kit/runs.ts';

/** Any exponent a double has, any sign, zero included. */
const components = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(0, 5e-324, -5e-324, Number.MAX_VALUE, -Number.MAX_VALUE) },
  { weight: 9, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
);

describe('by hand', () => {
  it('(3, 4) goes to (5, 0), (−3, 4) to (−5, 0)', () => {
    expect(givensRotation(3, 4)).toEqual({ cosine: 0.6, sine: 0.8, length: 5 });
    expect(givensRotation(-3, 4)).toEqual({ cosine: 0.6, sine: -0.8, length: -5 });
  });

  it('what is on an axis stays or is turned by a right angle', () => {
    expect(givensRotation(-2, 0)).toEqual({ cosine: 1, sine: 0, length: -2 });
    expect(givensRotation(0, 0)).toEqual({ cosine: 1, sine: 0, length: 0 });
    expect(givensRotation(0, -7)).toEqual({ cosine: 0, sine: -1, length: 7 });
  });

  it('(3, 4) is exact at every scale', () => {
    for (const exponent of [-1074, -1073, -1022, -700, -511, -485, -459, -1, 1, 485, 510, 511, 600, 1000, 1021]) {
      const scale = 2 ** exponent;
      expect(givensRotation(3 * scale, 4 * scale)).toEqual({ cosine: 0.6, sine: 0.8, length: 5 * scale });
    }
  });

  it('a length beyond the doubles is infinite, its angle right', () => {
    const { cosine, sine, length } = givensRotation(Number.MAX_VALUE, Number.MAX_VALUE);
    expectRatio('givensRotation: by hand', 'cosine', scalarRatio(cosine, Math.SQRT1_2, 1, 1));
    expectRatio('givensRotation: by hand', 'sine', scalarRatio(sine, Math.SQRT1_2, 1, 1));
    expect(length).toBe(Infinity);
  });

  it('a small sine beside an overflowing square keeps its digits', () => {
    expect(givensRotation(2 ** 512, 2 ** -400)).toEqual({ cosine: 1, sine: 2 ** -912, length: 2 ** 512 });
    expect(givensRotation(2 ** -400, 2 ** 512)).toEqual({ cosine: 2 ** -912, sine: 1, length: 2 ** 512 });
    expect(givensRotation(2 ** -1074, 2 ** -500)).toEqual({ cosine: 2 ** -574, sine: 1, length: 2 ** -500 });
  });
});

describe('laws', () => {
  it('is a rotation, clears g and keeps the length, for all finite f and g', () => {
    fc.assert(
      fc.property(components, components, (f, g) => {
        const { cosine, sine, length } = givensRotation(f, g);
        const what = `(${f}, ${g})`;
        expect(cosine, what).toBeGreaterThanOrEqual(0);
        expectRatio('givensRotation: c² + s² = 1', what, scalarRatio(cosine * cosine + sine * sine, 1, 1, 1));
        // In units of the larger, so that neither products nor their rounding leave the normal range.
        const unit = Math.max(Math.abs(f), Math.abs(g), Number.MIN_VALUE);
        const [x, y] = [f / unit, g / unit];
        expectRatio('givensRotation: c g = s f', what, scalarRatio(cosine * y, sine * x, 1, 1));
        const digits = Math.max(1, Number.MIN_VALUE / unit / Number.EPSILON);
        if (Number.isFinite(length)) {
          expectRatio(
            'givensRotation: c f + s g = r',
            what,
            scalarRatio(cosine * x + sine * y, length / unit, 1, digits),
          );
        } else {
          const turned = Math.min(Math.abs(cosine * x + sine * y), 1);
          expectRatio('givensRotation: r beyond the doubles', what, scalarRatio(turned, 1, 1, 1));
        }
      }),
      { numRuns: runs(1000) },
    );
  });
});

describe('errors', () => {
  it('refuses what is not finite', () => {
    expect(() => givensRotation(NaN, 1)).toThrow('givensRotation: f: expected a finite number, got NaN');
    expect(() => givensRotation(1, -Infinity)).toThrow('givensRotation: g: expected a finite number, got -Infinity');
  });
});
