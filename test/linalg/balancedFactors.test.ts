import { createRandom, fromNested, toNested, transpose, zeros } from '@rankwise/tensor';
import { balancedFactors, svd } from '@rankwise/linalg';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeds } from '../kit/matrices/arbitraries.ts';
import { matrixFrom, multiply, randomMatrix, scaled } from '../kit/matrices/gallery.ts';
import { distanceRatio, expectRatio, hasPositiveLargest, isDescending, normFrobenius, valuesRatio } from '../kit/matrices/ratios.ts'; // prettier-ignore
import { runs } from '../kit/runs.ts';

describe('balancedFactors', () => {
  it('by hand', () => {
    const { left, right, singularValues } = balancedFactors(
      fromNested('f64', [[0], [-2]]),
      fromNested('f64', [[8, 0]]),
    );
    expect(toNested(singularValues)).toEqual([16]);
    expect([...left.data].map((value) => value + 0)).toEqual([0, 4]);
    expect([...right.data].map((value) => value + 0)).toEqual([-4, 0]);
  });

  it('empty and zero products', () => {
    expect(balancedFactors(zeros('f64', [3, 0]), zeros('f64', [0, 2])).left.shape).toEqual([3, 0]);
    expect(toNested(balancedFactors(zeros('f64', [2, 1]), zeros('f64', [1, 2])).right)).toEqual([[0, 0]]);
  });

  it('keeps the product; both factors carry the singular values', () => {
    const extent = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(extent, extent, extent, seeds, (p, k, d, seed) => {
        const random = createRandom(seed);
        const [a, b] = [randomMatrix(p, k, random), randomMatrix(k, d, random)];
        const { left, right, singularValues } = balancedFactors(a, b);
        const inner = Math.min(p, k, d);
        const what = `p ${p}, k ${k}, d ${d}, seed ${seed}`;
        expect([left.shape, right.shape]).toEqual([[p, inner], [inner, d]]); // prettier-ignore
        const scale = normFrobenius(a) * normFrobenius(b);
        const terms = p + k + d;
        expectRatio(
          'balancedFactors: product',
          what,
          distanceRatio(multiply(left, right), multiply(a, b), scale, terms),
        );
        const s = matrixFrom(inner, inner, (i, j) => (i === j ? singularValues.data[i]! : 0));
        expectRatio("balancedFactors: P'P = S", what, distanceRatio(multiply(transpose(left), left), s, scale, terms));
        expectRatio(
          "balancedFactors: Q'Q = S",
          what,
          distanceRatio(multiply(right, transpose(right)), s, scale, terms),
        );
        expect(isDescending(singularValues)).toBe(true);
        expect(hasPositiveLargest(left)).toBe(true);
        const whole = svd(multiply(a, b)).s.data.slice(0, inner);
        const loss = scale / Math.max(whole[0]!, Number.MIN_VALUE);
        expectRatio('balancedFactors: against the SVD of the product', what, valuesRatio(whole, singularValues.data) / Math.max(loss, 1)); // prettier-ignore
      }),
      { numRuns: runs() },
    );
  });

  it('finds P and Q at both ends of the range, where the product is no double', () => {
    for (const value of [1e-170, 1e200, Number.MIN_VALUE, 1e308]) {
      const one = fromNested('f64', [[value]]);
      const { left, right, singularValues } = balancedFactors(one, one);
      for (const found of [left, right]) expectRatio('balancedFactors: ends of the range', `${value}`, Math.abs(found.data[0]! / value - 1) / Number.EPSILON); // prettier-ignore
      expect(toNested(singularValues)).toEqual([value < 1 ? 0 : Infinity]);
    }
    const random = createRandom(3);
    const [a, b] = [randomMatrix(3, 2, random), randomMatrix(2, 3, random)];
    const plain = balancedFactors(a, b);
    for (const [first, second] of [[-530, -530], [-1000, -1000], [500, 500], [-1000, 1000], [900, -500]] as const) {
      const { left, right } = balancedFactors(scaled(a, 2 ** first), scaled(b, 2 ** second));
      const weight = 2 ** ((first + second) / 2);
      expect([left, right]).toEqual([scaled(plain.left, weight), scaled(plain.right, weight)]);
    } // prettier-ignore
  });

  it('refuses factors that it cannot keep in the range of doubles', () => {
    const full = matrixFrom(1, 9, () => 1.7e308);
    const wide = balancedFactors(fromNested('f64', [[1e307]]), full);
    expect([...wide.left.data, ...wide.right.data].every(Number.isFinite)).toBe(true);
    expect(() => balancedFactors(matrixFrom(9, 9, () => 1.7e308), matrixFrom(9, 9, () => 1.7e308))).toThrow('balancedFactors: left: expected factors in the range of doubles, got overflow'); // prettier-ignore
  });

  it('refuses factors that do not fit', () => {
    expect(() => balancedFactors(zeros('f64', [2, 3]), zeros('f64', [2, 2]))).toThrow('balancedFactors: right: expected [k, d] to fit left, got [2, 3] and [2, 2]'); // prettier-ignore
    expect(() => balancedFactors(fromNested('f64', [[NaN]]), zeros('f64', [1, 1]))).toThrow(
      /balancedFactors: left: .*finite/,
    );
    expect(() => balancedFactors(zeros('f64', [1, 1]), fromNested('f64', [[0, NaN]]))).toThrow('balancedFactors: right: expected finite elements, got NaN at [0, 1]'); // prettier-ignore
  });
});
