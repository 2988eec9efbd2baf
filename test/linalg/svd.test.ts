import { createRandom, fromNested, toNested, transpose, zeros } from '@rankwise/tensor';
import { jacobiSvd, svd, symmetricEigen } from '@rankwise/linalg';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generalCase, generalCases } from '../kit/matrices/arbitraries.ts';
import { at, generalGallery, matrixFrom, multiply, randomMatrix, scaled, symmetrized, withSingularValues } from '../kit/matrices/gallery.ts'; // prettier-ignore
import type { Matrix } from '../kit/matrices/gallery.ts';
import {
  expectRatio,
  factorizationRatio,
  hasPositiveLargest,
  isDescending,
  orthogonalityRatio,
  printWorstRatios,
  scalarRatio,
  valuesRatio,
} from '../kit/matrices/ratios.ts';
import { runs } from '../kit/runs.ts';

printWorstRatios();

const solvers = { svd, jacobiSvd };

function expectSvd(routine: keyof typeof solvers, a: Matrix, what: string): void {
  const [m = 0, n = 0] = a.shape;
  const k = Math.min(m, n);
  const { u, s, v } = solvers[routine](a);
  expect([u.shape, s.shape, v.shape]).toEqual([[m, k], [k], [n, k]]);
  expectRatio(`${routine}: A = U S V'`, what, factorizationRatio(a, u, s.data, transpose(v)));
  expectRatio(`${routine}: U'U = I`, what, orthogonalityRatio(u));
  expectRatio(`${routine}: V'V = I`, what, orthogonalityRatio(v));
  expect(isDescending(s), what).toBe(true);
  expect(k === 0 || s.data[k - 1]! >= 0, what).toBe(true);
  expect(hasPositiveLargest(u), what).toBe(true);
}

for (const [name, decompose] of Object.entries(solvers)) {
  describe(`${name}: by hand`, () => {
    it('a permuted diagonal', () => {
      const { u, s, v } = decompose(fromNested('f64', [[0, -2], [3, 0]])); // prettier-ignore
      expect(toNested(s)).toEqual([3, 2]);
      expect([...u.data].map((value) => value + 0)).toEqual([0, 1, 1, 0]);
      expect([...v.data].map((value) => value + 0)).toEqual([1, 0, 0, -1]);
    });

    it('empty, single, zero', () => {
      expect(decompose(zeros('f64', [0, 3])).v.shape).toEqual([3, 0]);
      expect(toNested(decompose(fromNested('f64', [[-4]])).s)).toEqual([4]);
      expect(toNested(decompose(fromNested('f64', [[-4]])).v)).toEqual([[-1]]);
      expect(toNested(decompose(zeros('f64', [3, 2])).s)).toEqual([0, 0]);
    });

    it('[[1, 1], [0, 1]] has the golden ratio and its reciprocal', () => {
      const { s } = decompose(fromNested('f64', [[1, 1], [0, 1]])); // prettier-ignore
      const golden = (1 + Math.sqrt(5)) / 2;
      expectRatio(`${name}: by hand`, 'golden ratio', valuesRatio(s.data, new Float64Array([golden, 1 / golden])));
    });

    it('all ones, m × n, has √(mn) and zeros', () => {
      const { s } = decompose(matrixFrom(6, 4, () => 1));
      const exact = new Float64Array([Math.sqrt(24), 0, 0, 0]);
      expectRatio(`${name}: by hand`, 'all ones', valuesRatio(s.data, exact));
    });
  });
}

describe('laws', () => {
  for (const { name } of generalGallery) {
    it(`decomposes: ${name}`, () => {
      for (const [m, n] of [
        [1, 1],
        [1, 4],
        [2, 2],
        [5, 3],
        [3, 5],
        [12, 12],
        [33, 17],
        [9, 40],
      ] as const) {
        // prettier-ignore
        const { matrix, what } = generalCase(name, m, n, m + n);
        expectSvd('svd', matrix, what);
        expectSvd('jacobiSvd', matrix, what);
      }
    });
  }

  it('decomposes any gallery matrix of any shape, and agrees with Jacobi', () => {
    fc.assert(
      fc.property(generalCases(), ({ matrix, what }) => {
        expectSvd('svd', matrix, what);
        const ratio = valuesRatio(svd(matrix).s.data, jacobiSvd(matrix).s.data);
        expectRatio('svd: values against Jacobi', what, ratio);
      }),
      { numRuns: runs() },
    );
  });

  it('decomposes at sizes beyond one store of rotations', () => {
    for (const name of ['random', 'known singular values, geometric', 'zero and doubled columns']) {
      const { matrix, what } = generalCase(name, 101, 90, 7);
      expectSvd('svd', matrix, what);
    }
  });

  it('finds the prescribed singular values', () => {
    const exact = Float64Array.from({ length: 20 }, (_, i) => 10 - i / 2);
    const { s } = svd(withSingularValues(31, 20, [...exact], createRandom(3)));
    expectRatio('svd: known singular values', '31 x 20', valuesRatio(s.data, exact));
  });

  it('squares are the eigenvalues of the Gram matrix', () => {
    const a = randomMatrix(14, 9, createRandom(9));
    const squares = svd(a).s.data.map((value) => value * value);
    const { values } = symmetricEigen(symmetrized(multiply(transpose(a), a)));
    expectRatio("svd: squares against eigenvalues of A'A", '14 x 9', valuesRatio(squares, values.data));
  });

  it('the transpose has the same values and exchanged vectors', () => {
    const a = randomMatrix(7, 11, createRandom(12));
    const [plain, turned] = [svd(a), svd(transpose(a))];
    expect(turned.s).toEqual(plain.s);
    expect([...turned.u.data].map(Math.abs)).toEqual([...plain.v.data].map(Math.abs));
  });

  it('a power of two scales the values and nothing else', () => {
    const a = randomMatrix(8, 5, createRandom(13));
    for (const routine of [svd, jacobiSvd]) {
      const [plain, large] = [routine(a), routine(scaled(a, 2 ** -90))];
      expect(large.u).toEqual(plain.u);
      expect(large.s.data).toEqual(plain.s.data.map((value) => value * 2 ** -90));
    }
  });
});

describe('counter-examples found', () => {
  it('jacobiSvd: parallel columns cancel to rounding errors that are parallel again', () => {
    const { matrix, what } = generalCase('all ones', 8, 8, 0);
    expectSvd('jacobiSvd', matrix, what);
    expect(jacobiSvd(matrix).s.data.slice(1)).toEqual(new Float64Array(7));
  });

  it('jacobiSvd: dependent rows shrink for ever when what is left of them is not recognised as noise', () => {
    const { matrix, what } = generalCase('zero and doubled columns', 3, 5, 8);
    expectSvd('jacobiSvd', matrix, what);
    expect(jacobiSvd(matrix).s.data[2]).toBe(0);
  });
});

describe('relative accuracy', () => {
  it('svd keeps the digits of tiny singular values of a bidiagonal matrix', () => {
    // B = D (I + N), D = diag(10^-3i): the product of the values is the determinant, here to relative accuracy.
    const n = 8;
    const b = matrixFrom(n, n, (i, j) => 10 ** (-3 * i) * (i === j ? 1 : j === i + 1 ? 1 : 0));
    const logs = svd(b).s.data.map(Math.log10);
    const sum = logs.reduce((total, value) => total + value, 0);
    // log10 of (1 + δ): δ / ln 10; Demmel–Kahan's tolerance is about 50 ε a value.
    expectRatio('svd: log determinant of a graded bidiagonal', `n = ${n}`, scalarRatio(sum, -3 * 28, 84, 50 * n));
  });

  it('jacobiSvd finds tiny singular values of graded columns relative to themselves', () => {
    const random = createRandom(21);
    const n = 6;
    const c = randomMatrix(n + 4, n, random);
    const graded = matrixFrom(n + 4, n, (i, j) => at(c, i, j) * 2 ** (-30 * j));
    const { s } = jacobiSvd(graded);
    // Π s = √det(AᵀA) = √det(CᵀC) Π 2^(−30 j), and det(CᵀC) is the product of C's squared singular values.
    const product = (values: Float64Array): number => values.reduce((total, value) => total + Math.log2(value), 0);
    const exact = product(svd(c).s.data) - (30 * (n * (n - 1))) / 2;
    const condition = svd(c).s.data[0]! / svd(c).s.data[n - 1]!;
    expectRatio('jacobiSvd: graded columns', `n = ${n}`, scalarRatio(product(s.data), exact, exact, n * condition));
  });
});

describe('errors', () => {
  for (const [name, decompose] of Object.entries(solvers)) {
    it(`${name} refuses what it is not for`, () => {
      expect(() => decompose(zeros('f64', [3]))).toThrow(`${name}: a: expected 2 axes, got shape [3]`);
      expect(() => decompose(fromNested('f64', [[1, -Infinity]]))).toThrow(`${name}: a: expected finite elements, got -Infinity at [0, 1]`); // prettier-ignore
    });
  }
});
