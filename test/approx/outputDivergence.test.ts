import { outputDivergence } from '@rankwise/approx';
import { fromNested, slice, tensorOf, transpose } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectWithin, gamma } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';

const logit = fc.double({ min: -30, max: 30, noNaN: true });
const answers = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 5 })).chain(([images, classes]) => {
  const values = fc.array(logit, { minLength: images * classes, maxLength: images * classes });
  return fc.tuple(values, values).map(([p, q]) => ({
    original: tensorOf(Float32Array.from(p), [images, classes]),
    approximated: tensorOf(Float32Array.from(q), [images, classes]),
  }));
});

describe('outputDivergence', () => {
  it('by hand: Σ p log(p / q) of probabilities ½, ½ against ¼, ¾', () => {
    const even = fromNested('f32', [[0, 0]]);
    const uneven = fromNested('f32', [[0, Math.log(3)]]);
    const expected = 0.5 * Math.log(2) + 0.5 * Math.log(2 / 3);
    // log 3 is rounded to f32, and moves the answer by at most as much.
    expectWithin(outputDivergence(even, uneven), expected, gamma(4, 'f32'));
    expectWithin(
      outputDivergence(
        fromNested('f32', [
          [0, 0],
          [0, 0],
        ]),
        fromNested('f32', [
          [0, 0],
          [0, Math.log(3)],
        ]),
      ),
      expected / 2,
      gamma(4, 'f32'),
    );
  });

  it('is not negative, 0 for equal answers, and does not see a shift of all logits', () => {
    fc.assert(
      fc.property(answers, fc.integer({ min: -64, max: 64 }), ({ original, approximated }, shift) => {
        expect(outputDivergence(original, approximated)).toBeGreaterThanOrEqual(0);
        expect(outputDivergence(original, original)).toBe(0);
        const shifted = { ...approximated, data: approximated.data.map((value) => value + shift) };
        // Each shifted logit is rounded once, at a size below 94, and the divergence moves by at most twice the largest move.
        expectWithin(
          outputDivergence(original, shifted),
          outputDivergence(original, approximated),
          2 * 94 * gamma(2, 'f32'),
        );
      }),
      { numRuns: runs() },
    );
  });

  it('is finite for logits far apart', () => {
    expect(outputDivergence(fromNested('f32', [[1e30, 0]]), fromNested('f32', [[0, 1e30]]))).toBeLessThan(Infinity);
    expect(outputDivergence(fromNested('f32', [[3e38, -3e38]]), fromNested('f32', [[3e38, -3e38]]))).toBe(0);
  });

  it('refuses other shapes, views and values that are not finite', () => {
    const two = fromNested('f32', [
      [1, 2],
      [3, 4],
    ]);
    expect(() => outputDivergence(two, slice(two, [[0, 1]]))).toThrow(/^outputDivergence: approximated: expected/);
    expect(() => outputDivergence(transpose(two), two)).toThrow(/original: expected a contiguous tensor/);
    expect(() => outputDivergence(tensorOf(new Float32Array(2), [2]), tensorOf(new Float32Array(2), [2]))).toThrow(
      /original: expected \[images, classes\]/,
    );
    const nan = fromNested('f32', [
      [1, 2],
      [3, Number.NaN],
    ]);
    expect(() => outputDivergence(two, nan)).toThrow(/^outputDivergence: approximated/);
  });
});
