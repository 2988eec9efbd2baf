import { approximate } from '@rankwise/approx';
import { sppNet7 } from '@rankwise/nn';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forecasting } from '../../packages/approx/src/pipeline/progress.ts';
import type { ProgressEvent } from '../../packages/approx/src/pipeline/progress.ts';
import { sharesOfWork } from '../../packages/approx/src/pipeline/sharesOfWork.ts';
import { unitRoundoff } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';
import { chainNetwork, imagesFor, quick } from './networks.ts';

/** Feeds events at given seconds and returns the forecasts. */
function forecasts(
  events: readonly { seconds: number; fraction: number; resumed?: boolean }[],
): (number | undefined)[] {
  let time = 0;
  const heard: ProgressEvent[] = [];
  const tell = forecasting(
    (event) => heard.push(event),
    () => time,
  );
  for (const { seconds, ...event } of events) {
    time = 1000 * seconds;
    tell({ phase: 'solve', done: 0, total: 1, ...event });
  }
  expect(heard.map(({ fraction }) => fraction)).toEqual(events.map(({ fraction }) => fraction));
  return heard.map(({ secondsLeft }) => secondsLeft);
}

describe('forecasting', () => {
  it('tells the time left at the pace so far, once there is one', () => {
    expect(
      forecasts([
        { seconds: 0.5, fraction: 0.25 },
        { seconds: 2, fraction: 0.001 },
        { seconds: 10, fraction: 0.25 },
        { seconds: 30, fraction: 0.5 },
        { seconds: 60, fraction: 1 },
      ]),
    ).toEqual([undefined, undefined, 30, 30, 0]);
  });

  it('what came from the journal says nothing about the pace', () => {
    expect(
      forecasts([
        { seconds: 1, fraction: 0.25, resumed: true },
        { seconds: 2, fraction: 0.5, resumed: true },
        { seconds: 2.5, fraction: 0.625 },
        { seconds: 6, fraction: 0.75 },
      ]),
    ).toEqual([undefined, undefined, undefined, 4]);
  });

  it('is right all along for work at a steady pace', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 120, max: 100_000 }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        (total, known) => {
          const steps = [0.1, 0.3, 0.5, 0.9, 1].map((share) => ({
            seconds: share * total,
            fraction: known + (1 - known) * share,
          }));
          const told = forecasts([{ seconds: 0, fraction: known, resumed: true }, ...steps]).slice(1);
          // A few roundings of numbers up to the total; the share done is at least a tenth of a half.
          for (const [i, { seconds }] of steps.entries()) {
            expect(Math.abs((told[i] ?? NaN) - (total - seconds))).toBeLessThan(200 * unitRoundoff.f64 * total);
          }
        },
      ),
      { numRuns: runs() },
    );
  });
});

describe('the fraction', () => {
  it.each([{ ranks: 'best' }, { ranks: 'uniform', decomposition: '3d' }] as const)(
    'never falls, ends at 1, and calibration has the share of its work: %j',
    async (changes) => {
      const model = chainNetwork();
      const fractions: number[] = [];
      let calibrated = 0;
      const onProgress = ({ phase, fraction }: ProgressEvent): void => {
        fractions.push(fraction);
        if (phase === 'calibrate') calibrated = fraction;
      };
      await approximate(model, imagesFor(model, 16), { ...quick, speedup: 1.6, heldOut: 0.2, ...changes, onProgress });
      expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
      expect(fractions.at(-1)).toBe(1);
      expect(calibrated).toBeGreaterThan(0);
      expect(calibrated).toBeLessThan(1 / 2);
    },
  );

  it('of a large network is what it took when it was measured, within a third', () => {
    // 7-convolution network, 100 images × 10 positions at 4×, simd kernels: 22.6 of 105 seconds of processors.
    const model = sppNet7({ initialize: false });
    const { calibration: share } = sharesOfWork(model, 100, { speedup: 4, ranks: 'uniform' });
    expect(Math.abs(share / (22.6 / 105) - 1)).toBeLessThan(1 / 3);
  });
});
