import { createRandom, fromNested, toNested, transpose, zeros } from '@rankwise/tensor';
import { applyQ, qr, qrFactors, thinQ } from '@rankwise/linalg';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generalCase, generalCases } from '../kit/matrices/arbitraries.ts';
import { at, generalGallery, matrixFrom, multiply, randomMatrix, scaled } from '../kit/matrices/gallery.ts';
import type { Matrix } from '../kit/matrices/gallery.ts';
import { distanceRatio, expectRatio, normFrobenius, orthogonalFactorRatio, orthogonalityRatio, printWorstRatios, productRatio } from '../kit/matrices/ratios.ts'; // prettier-ignore
import { runs } from '../kit/runs.ts';

printWorstRatios();

function expectQr(a: Matrix, what: string): void {
  const [m = 0, n = 0] = a.shape;
  const { q, r } = qr(a);
  const k = Math.min(m, n);
  expect(q.shape).toEqual([m, k]);
  expect(r.shape).toEqual([k, n]);
  expectRatio('qr: A = Q R', what, orthogonalFactorRatio(a, q, r));
  expectRatio("qr: Q'Q = I", what, orthogonalityRatio(q));
  for (let i = 0; i < k; i++) for (let j = 0; j < Math.min(i, n); j++) expect(at(r, i, j)).toBe(0);
}

describe('by hand', () => {
  it('columns that lie along the axes', () => {
    const { q, r } = qr(fromNested('f64', [[0, 2], [4, 1]])); // prettier-ignore
    expect(toNested(r)).toEqual([[-4, -1], [0, -2]]); // prettier-ignore
    expect(toNested(q)).toEqual([[0, -1], [-1, 0]]); // prettier-ignore
  });

  it('one column, one row, nothing', () => {
    expect(toNested(qr(fromNested('f64', [[3], [4]])).r)).toEqual([[-5]]);
    expect(toNested(qr(fromNested('f64', [[3, 4]])).r)).toEqual([[3, 4]]);
    expect(qr(zeros('f64', [0, 3])).r.shape).toEqual([0, 3]);
    expect(qr(zeros('f64', [3, 0])).q.shape).toEqual([3, 0]);
  });

  it('zero gives Q = first columns of I and R = 0', () => {
    const { q, r } = qr(zeros('f64', [3, 2]));
    expect(toNested(q)).toEqual([[1, 0], [0, 1], [0, 0]]); // prettier-ignore
    expect(toNested(r)).toEqual([[0, 0], [0, 0]]); // prettier-ignore
  });
});

describe('laws', () => {
  for (const { name } of generalGallery) {
    it(`factors: ${name}`, () => {
      for (const [m, n] of [
        [1, 1],
        [2, 2],
        [5, 3],
        [3, 5],
        [12, 12],
        [33, 17],
      ] as const) {
        // prettier-ignore
        const { matrix, what } = generalCase(name, m, n, m + n);
        expectQr(matrix, what);
      }
    });
  }

  it('factors any gallery matrix of any shape', () => {
    fc.assert(
      fc.property(generalCases(), ({ matrix, what }) => expectQr(matrix, what)),
      { numRuns: runs() },
    );
  });

  it('applies Q without forming it', () => {
    fc.assert(
      fc.property(generalCases(), ({ matrix, random, what }) => {
        const [m = 0] = matrix.shape;
        const factors = qrFactors(matrix);
        const x = randomMatrix(m, 3, random);
        const full = applyQ(
          factors,
          matrixFrom(m, m, (i, j) => (i === j ? 1 : 0)),
        );
        expectRatio('applyQ: Q orthogonal', what, orthogonalityRatio(full));
        expectRatio('applyQ: Q X', what, productRatio(applyQ(factors, x), full, x));
        expectRatio("applyQ: Q'X", what, productRatio(applyQ(factors, x, { transposed: true }), transpose(full), x));
        const thin = thinQ(factors);
        const leading = matrixFrom(m, thin.shape[1] ?? 0, (i, j) => at(full, i, j));
        expectRatio('thinQ: columns of Q', what, distanceRatio(thin, leading, 1, m * m));
      }),
      { numRuns: runs() },
    );
  });

  it("R'R is A'A, which no sign can change", () => {
    const a = randomMatrix(9, 5, createRandom(2));
    const { r } = qr(a);
    expectRatio("qr: R'R = A'A", '9 x 5', productRatio(multiply(transpose(a), a), transpose(r), r));
    expect(normFrobenius(a)).toBeGreaterThan(1);
  });

  it('does not depend on strides or a power of two, and leaves its argument alone', () => {
    const a = randomMatrix(6, 4, createRandom(3));
    const copy = matrixFrom(4, 6, (i, j) => at(a, j, i));
    const before = copy.data.slice();
    expect(qr(transpose(copy))).toEqual(qr(a));
    expect(copy.data).toEqual(before);
    const large = qr(scaled(a, 2 ** 900));
    expect(large.q).toEqual(qr(a).q);
    expect(large.r).toEqual(scaled(qr(a).r, 2 ** 900));
  });
});

describe('errors', () => {
  it('refuses what it is not for', () => {
    expect(() => qr(zeros('f64', [2, 3, 4]))).toThrow('qr: a: expected 2 axes, got shape [2, 3, 4]');
    expect(() => qr(fromNested('f64', [[1], [NaN]]))).toThrow('qr: a: expected finite elements, got NaN at [1, 0]');
    expect(() => applyQ(qrFactors(zeros('f64', [3, 2])), zeros('f64', [2, 2]))).toThrow('applyQ: x: expected 3 rows, got shape [2, 2]'); // prettier-ignore
    expect(() => applyQ(qrFactors(zeros('f64', [1, 1])), fromNested('f64', [[Infinity]]))).toThrow('applyQ: x: expected finite'); // prettier-ignore
  });
});
