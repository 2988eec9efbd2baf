import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mcnemar, pairedAccuracy } from '@rankwise/approx';
import { topK } from '@rankwise/nn';
import { createRandom, fromNested, tensorOf, zeros } from '@rankwise/tensor';
import { expectWithin, gamma } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';

describe('mcnemar', () => {
  it('is the tail of a fair coin, counted in integers', () => {
    expect([mcnemar(0, 0), mcnemar(3, 3), mcnemar(1, 2)]).toEqual([1, 1, 1]);
    const exact = (b: number, c: number): number => {
      let [binomial, sum] = [1n, 0n];
      for (let i = 0; i <= Math.min(b, c); i++) {
        sum += binomial;
        binomial = (binomial * BigInt(b + c - i)) / BigInt(i + 1);
      }
      return Math.min(1, Number((sum * 2n ** 60n * 2n) / 2n ** BigInt(b + c)) / 2 ** 60);
    };
    fc.assert(
      fc.property(fc.nat(40), fc.nat(40), (b, c) => {
        // The logarithms are sums of up to 40 terms no larger than 60, each with an error of u relative to that.
        expectWithin(mcnemar(b, c), exact(b, c), 60 * gamma(80, 'f64') + 2 ** -59, `mcnemar(${b}, ${c})`);
        expect(mcnemar(b, c)).toBe(mcnemar(c, b));
      }),
      { numRuns: runs() },
    );
  });

  it('holds where 2^n is beyond the doubles', () => {
    expect(mcnemar(1000, 1000)).toBe(1);
    expect(mcnemar(0, 5000)).toBe(0);
    // The normal approximation with continuity correction, z = (|b − c| − 1) / √(b + c) = 1.976, gives 0.0481.
    expect(Math.abs(mcnemar(970, 1060) - 0.0481)).toBeLessThan(2e-4); // bound: the correction's next term, 1 / (b + c)
  });

  it('refuses what are no counts', () => {
    expect(() => mcnemar(-1, 2)).toThrow('mcnemar: b, c: expected integers ≥ 0, got -1');
    expect(() => mcnemar(1, 0.5)).toThrow('got 0.5');
  });
});

describe('pairedAccuracy', () => {
  it('counts who gained and who lost, and how sure the difference is', () => {
    const before = fromNested('f32', [
      [3, 2, 1],
      [3, 2, 1],
      [3, 2, 1],
      [1, 2, 3],
    ]);
    const after = fromNested('f32', [
      [3, 2, 1],
      [1, 3, 2],
      [2, 3, 1],
      [3, 2, 1],
    ]);
    const labels = fromNested('i32', [0, 1, 0, 2]);
    const found = pairedAccuracy(before, after, labels, 1);
    expect(found).toMatchObject({
      places: 1,
      images: 4,
      original: 0.75,
      approximated: 0.5,
      gained: 1,
      lost: 2,
      pValue: 1,
    });
    // Of the four differences 0, 1, −1, −1: Σ d² − (Σ d)² / n = 3 − 1/4.
    expect(found.standardError).toBe(Math.sqrt(2.75) / 4);
    expect(pairedAccuracy(before, after, labels, 2)).toMatchObject({
      original: 1,
      approximated: 0.75,
      lost: 1,
      gained: 0,
    });
  });

  it('agrees with top-k, whatever the answers', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 5 }),
        fc.nat(1000),
        (images, classes, seed) => {
          const random = createRandom(seed);
          const [before, after] = [0, 1].map(() => random.fillNormalInPlace(zeros('f32', [images, classes])));
          if (before === undefined || after === undefined) throw new Error('no answers');
          const labels = tensorOf(
            Int32Array.from({ length: images }, () => random.integer(classes)),
            [images],
          );
          const places = 1 + random.integer(classes);
          const found = pairedAccuracy(before, after, labels, places);
          expect([found.original]).toEqual(topK(before, labels, [places]));
          expect([found.approximated]).toEqual(topK(after, labels, [places]));
          expect(found.gained - found.lost).toBe(Math.round(images * (found.approximated - found.original)));
        },
      ),
      { numRuns: runs() },
    );
  });

  it('refuses answers to other images', () => {
    const answers = fromNested('f32', [[1, 0]]);
    const labels = fromNested('i32', [0]);
    expect(() =>
      pairedAccuracy(
        answers,
        fromNested('f32', [
          [1, 0],
          [0, 1],
        ]),
        labels,
        1,
      ),
    ).toThrow('expected 1 images, got 2');
    expect(() => pairedAccuracy(answers, answers, fromNested('i32', [2]), 1)).toThrow('topK: labels');
  });
});
