import { createRandom, fromNested, referenceKernels, toNested, transpose, zeros } from '@rankwise/tensor';
import type { Kernels } from '@rankwise/tensor';
import { createSimdKernels } from '@rankwise/simd';
import { applyQ, qr, qrFactors, thinQ } from '@rankwise/linalg';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generalCase, generalCases } from '../kit/matrices/arbitraries.ts';
import {
  at,
  generalGallery,
  matrixFrom,
  multiply,
  randomMatrix,
  scaled,
  withSingularValues,
} from '../kit/matrices/gallery.ts';
import type { Matrix } from '../kit/matrices/gallery.ts';
import { distanceRatio, expectRatio, normFrobenius, orthogonalFactorRatio, orthogonalityRatio, productRatio } from '../kit/matrices/ratios.ts'; // prettier-ignore
import type { CaseName } from '../kit/matrices/ratios.ts';
import { runs } from '../kit/runs.ts';

function expectQr(a: Matrix, what: CaseName, kernels: Kernels = referenceKernels): void {
  const [m = 0, n = 0] = a.shape;
  const { q, r } = qr(a, { kernels });
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
        const drawn = generalCase(name, m, n, m + n);
        expectQr(drawn.matrix, drawn);
      }
    });
  }

  it('factors any gallery matrix of any shape', () => {
    fc.assert(
      fc.property(generalCases(), (drawn) => expectQr(drawn.matrix, drawn)),
      { numRuns: runs() },
    );
  });

  it('factors at the boundaries of blocks, with simd kernels as well', async () => {
    const kernels = await createSimdKernels();
    for (const kind of ['random', 'half rank', 'graded columns', 'random near overflow', 'random subnormal']) {
      for (const [m, n] of [
        [31, 31],
        [32, 32],
        [33, 32],
        [32, 33],
        [65, 64],
        [64, 65],
        [100, 70],
        [70, 100],
      ] as const) {
        const drawn = generalCase(kind, m, n, 1);
        expectQr(drawn.matrix, drawn);
        expectQr(drawn.matrix, drawn, kernels);
      }
    }
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

  it('applies Q to columns at both ends of the range', () => {
    const factors = qrFactors(fromNested('f64', [[1.3e308, 0], [0.5e308, 1]])); // prettier-ignore
    const length = Math.hypot(1.3, 0.5);
    const turned = applyQ(factors, fromNested('f64', [[1.3e308], [0.5e308]]), { transposed: true }); // prettier-ignore
    const expected = fromNested('f64', [[-length], [0]]);
    expectRatio('applyQ: near overflow', 'by hand', distanceRatio(scaled(turned, 1e-308), expected, length, 4));
    const x = randomMatrix(9, 3, createRandom(5));
    const some = qrFactors(randomMatrix(9, 4, createRandom(6)));
    const plain = applyQ(some, x);
    const powers = [2 ** 1000, 1, 2 ** -1000];
    const mixed = applyQ(
      some,
      matrixFrom(9, 3, (i, j) => at(x, i, j) * powers[j]!),
    );
    expect(mixed).toEqual(matrixFrom(9, 3, (i, j) => at(plain, i, j) * powers[j]!));
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

/** A = Q R by Gram–Schmidt column by column, twice over; R with a positive diagonal. For m ≥ n and full rank. */
function gramSchmidt(a: Matrix): { q: Matrix; r: Matrix } {
  const [m = 0, n = 0] = a.shape;
  const q = matrixFrom(m, n, (i, j) => at(a, i, j));
  const r = zeros('f64', [n, n]);
  for (let j = 0; j < n; j++) {
    for (let pass = 0; pass < 2; pass++) {
      for (let k = 0; k < j; k++) {
        let overlap = 0;
        for (let i = 0; i < m; i++) overlap += at(q, i, k) * at(q, i, j);
        for (let i = 0; i < m; i++) q.data[i * n + j]! -= overlap * at(q, i, k);
        r.data[k * n + j]! += overlap;
      }
    }
    const norm = normFrobenius(matrixFrom(m, 1, (i) => at(q, i, j)));
    r.data[j * n + j] = norm;
    for (let i = 0; i < m; i++) q.data[i * n + j]! /= norm;
  }
  return { q, r };
}

describe('uniqueness', () => {
  it('Q and R are those of Gram–Schmidt up to signs, within what the condition allows', () => {
    for (const [m, n] of [
      [1, 1],
      [5, 5],
      [33, 32],
      [64, 64],
      [70, 65],
      [120, 97],
    ] as const) {
      // Perturbations of ε ‖A‖ move R by √2 κ ε ‖A‖ or so (Higham, Accuracy and Stability, §19.9).
      const condition = 100;
      const values = Array.from({ length: n }, (_, i) => condition ** (-i / n));
      const a = withSingularValues(m, n, values, createRandom(m));
      const { q, r } = qr(a);
      const expected = gramSchmidt(a);
      const sign = (i: number): number => Math.sign(at(r, i, i));
      const positive = matrixFrom(n, n, (i, j) => sign(i) * at(r, i, j));
      const turned = matrixFrom(m, n, (i, j) => sign(j) * at(q, i, j));
      expectRatio('qr: R of Gram-Schmidt', `${m} x ${n}`, distanceRatio(positive, expected.r, condition, m));
      expectRatio('qr: Q of Gram-Schmidt', `${m} x ${n}`, distanceRatio(turned, expected.q, condition ** 2, m));
    }
  });

  it('columns of R do not depend on the columns behind them', () => {
    const a = randomMatrix(80, 70, createRandom(6));
    const leading = (matrix: Matrix, rows: number, columns: number): Matrix =>
      matrixFrom(rows, columns, (i, j) => at(matrix, i, j));
    const { r } = qr(a);
    for (const n of [32, 64]) {
      // Whole blocks: the same operations in the same order.
      expect(qr(leading(a, 80, n)).r).toEqual(leading(r, n, n));
    }
    for (const n of [1, 31, 33, 50]) {
      const ratio = distanceRatio(qr(leading(a, 80, n)).r, leading(r, n, n), normFrobenius(a), 80);
      expectRatio('qr: leading columns', `n = ${n}`, ratio);
    }
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
