import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extent, linearScale, logScale, niceInterval, niceTicks } from '../../packages/approx/src/report/scales.ts';
import { runs } from '../kit/runs.ts';

/** Anything a measurement can turn into. */
const anyNumber = fc.oneof(
  fc.double(),
  fc.double({ min: -1e3, max: 1e3 }),
  fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 5e-324, Number.MAX_VALUE, -Number.MAX_VALUE),
);

/** Two different numbers in order, not so near that ticks could not be told apart. */
const interval = fc
  .tuple(fc.double({ min: -1e9, max: 1e9, noNaN: true }), fc.double({ min: 0.001, max: 1e9, noNaN: true }))
  .map(([low, width]): [number, number] => [low, low + width]);

describe('niceTicks', () => {
  it.each([
    [0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [0, 10, [0, 2, 4, 6, 8, 10]],
    [-1, 1, [-1, -0.5, 0, 0.5, 1]],
    [0.03, 0.31, [0.05, 0.1, 0.15, 0.2, 0.25, 0.3]],
    [1.5, 5, [1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5]],
  ])('of [%d, %d]', (low, high, expected) => {
    expect(niceTicks(low, high).values).toEqual(expected);
  });

  it('lie inside, are the multiples of a nice step, none left out, and not too many', () => {
    fc.assert(
      fc.property(interval, fc.integer({ min: 2, max: 12 }), ([low, high], count) => {
        const { values, mantissa, exponent } = niceTicks(low, high, count);
        const step = mantissa * 10 ** exponent;
        expect([1, 2, 5]).toContain(mantissa);
        const multiples = values.map((value) => Math.round(value / step));
        // Each tick is the double nearest to the decimal number its label shows.
        expect(values).toEqual(multiples.map((k) => Number(`${k * mantissa}e${exponent}`) + 0));
        multiples.forEach((k, i) => expect(k).toBe((multiples[0] ?? 0) + i));
        for (const value of values) expect(value >= low && value <= high).toBe(true);
        expect(values.length).toBeGreaterThanOrEqual(Math.floor((high - low) / step));
        expect(values.length).toBeLessThanOrEqual(Math.ceil(1.6 * count) + 1);
        expect(values.length).toBeGreaterThanOrEqual(Math.floor(count / 1.6));
      }),
      { numRuns: runs() },
    );
  });
});

describe('linear scales', () => {
  it('map the ends of the domain to the ends of the range', () => {
    const scale = linearScale([2, 4], [100, 0]);
    expect([2, 3, 4].map(scale.map)).toEqual([100, 50, 0]);
    expect(scale.ticks.map(({ label }) => label)).toEqual(['2.0', '2.5', '3.0', '3.5', '4.0']);
  });

  it('give a single value room, and none at all the unit interval', () => {
    expect(linearScale([3, 3], [0, 1]).domain).toEqual([1.5, 4.5]);
    expect(linearScale([-3, -3], [0, 1]).domain).toEqual([-4.5, -1.5]);
    expect(linearScale([0, 0], [0, 1]).domain).toEqual([0, 1]);
    expect(linearScale([NaN, 2], [0, 1]).domain).toEqual([0, 1]);
  });

  it('are monotone, inside the range, and finite, with ticks inside the domain, whatever comes in', () => {
    fc.assert(
      fc.property(anyNumber, anyNumber, fc.array(anyNumber), (a, b, values) => {
        const scale = linearScale([a, b], [10, 200]);
        expectSoundScale(scale, values);
      }),
      { numRuns: runs() },
    );
  });
});

describe('tick labels', () => {
  it('differ on narrow domains far from zero', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e12, max: 1e12, noNaN: true }), fc.integer({ min: 1, max: 9 }), (base, power) => {
        const width = Math.max(Math.abs(base), 1) * 10 ** -power;
        expectSoundScale(linearScale([base, base + width], [0, 1]), []);
      }),
      { numRuns: runs() },
    );
  });
});

describe('niceInterval', () => {
  it('moves both ends out to ticks', () => {
    expect(niceInterval([0.013, 0.97])).toEqual([0, 1]);
    expect(niceInterval([-3, 17])).toEqual([-5, 20]);
  });

  it('contains the interval and ends on ticks', () => {
    fc.assert(
      fc.property(interval, ([low, high]) => {
        const wide = niceInterval([low, high]);
        expect(wide[0] <= low && wide[1] >= high).toBe(true);
        const { mantissa, exponent } = niceTicks(low, high);
        const step = mantissa * 10 ** exponent;
        for (const end of wide) expect(Number(`${Math.round(end / step) * mantissa}e${exponent}`) + 0).toBe(end + 0);
      }),
      { numRuns: runs() },
    );
  });
});

describe('logarithmic scales', () => {
  it('put powers of ten at equal distances', () => {
    const scale = logScale([0.01, 100], [0, 400]);
    expect(scale.ticks.map(({ value }) => Math.round(scale.map(value)))).toEqual([0, 100, 200, 300, 400]);
    expect(scale.ticks.map(({ label }) => label)).toEqual(['0.01', '0.1', '1', '10', '100']);
    expect(logScale([1e-7, 1e-3], [0, 1]).ticks.map(({ label }) => label)).toContain('10⁻⁷');
  });

  it('have nice ticks inside the domain and are monotone', () => {
    fc.assert(
      fc.property(anyNumber, anyNumber, fc.array(anyNumber), (a, b, values) => {
        expectSoundScale(logScale([a, b], [0, 300]), values);
      }),
      { numRuns: runs() },
    );
  });

  it('send what is not positive to the lower end', () => {
    const scale = logScale([1, 10], [50, 0]);
    expect([0, -1, NaN, -Infinity].map(scale.map)).toEqual([50, 50, 50, 50]);
    expect(scale.map(Infinity)).toBe(0);
  });
});

describe('extent', () => {
  it('sees finite values only', () => {
    expect(extent([NaN, 3, -Infinity, -2, Infinity])).toEqual([-2, 3]);
    expect(extent([])).toEqual([0, 1]);
    expect(extent([NaN])).toEqual([0, 1]);
  });
});

function expectSoundScale(scale: ReturnType<typeof linearScale>, values: readonly number[]): void {
  const [low, high] = scale.domain;
  expect(low < high && Number.isFinite(low) && Number.isFinite(high)).toBe(true);
  const [first, last] = [scale.map(low), scale.map(high)];
  expect(first).not.toBe(last);
  for (const { value, label } of scale.ticks) {
    expect(value >= low && value <= high).toBe(true);
    expect(label).not.toMatch(/NaN|Infinity|undefined/);
  }
  expect(new Set(scale.ticks.map(({ label }) => label)).size).toBe(scale.ticks.length);
  const places = values
    .filter((value) => !Number.isNaN(value))
    .toSorted((a, b) => a - b)
    .map(scale.map);
  const sign = Math.sign(last - first);
  places.forEach((place, i) => {
    expect(Math.min(first, last) <= place && place <= Math.max(first, last)).toBe(true);
    if (i > 0) expect(sign * (place - (places[i - 1] ?? place))).toBeGreaterThanOrEqual(0);
  });
}
