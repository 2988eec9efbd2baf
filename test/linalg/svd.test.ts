import { createSimdKernels } from '@rankwise/simd';
import { cast, createRandom, fromNested, referenceKernels, toNested, transpose, zeros } from '@rankwise/tensor';
import type { Kernels } from '@rankwise/tensor';
import { jacobiEigen, jacobiSvd, singularValues, svd, symmetricEigen } from '@rankwise/linalg';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generalCase, generalCases } from '../kit/matrices/arbitraries.ts';
import { at, generalGallery, matrixFrom, multiply, randomMatrix, randomOrthonormal, scaled, symmetrized, withSingularValues } from '../kit/matrices/gallery.ts'; // prettier-ignore
import type { Matrix } from '../kit/matrices/gallery.ts';
import {
  expectRatio,
  factorizationRatio,
  hasPositiveLargest,
  isDescending,
  orthogonalityRatio,
  scalarRatio,
  valuesRatio,
} from '../kit/matrices/ratios.ts';
import { runs } from '../kit/runs.ts';

const simd = await createSimdKernels({ leastWork: 0 });

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

/** Around one block and two, with a QR factorisation first and without, wide and tall. */
const blockShapes = [[31, 31], [32, 32], [33, 33], [34, 33], [40, 33], [66, 33], [33, 66], [64, 65], [66, 66], [101, 97]] as const; // prettier-ignore

function expectAllForms(kernels: Kernels, a: Matrix, what: string): void {
  const [m = 0, n = 0] = a.shape;
  const k = Math.min(m, n);
  const { u, s, v } = svd(a, { kernels });
  expectRatio("svd: A = U S V'", what, factorizationRatio(a, u, s.data, transpose(v)));
  expectRatio("svd: U'U = I", what, orthogonalityRatio(u));
  expectRatio("svd: V'V = I", what, orthogonalityRatio(v));
  expect([isDescending(s), hasPositiveLargest(u), s.data.every((value) => value >= 0)], what).toEqual([true, true, true]); // prettier-ignore
  expectRatio('singularValues: against svd', what, valuesRatio(singularValues(a, { kernels }).data, s.data));

  const full = svd(a, { kernels, full: true });
  expect([full.u.shape, full.v.shape]).toEqual([[m, m], [n, n]]); // prettier-ignore
  expectRatio("svd: U'U = I, complete", what, orthogonalityRatio(full.u));
  expectRatio("svd: V'V = I, complete", what, orthogonalityRatio(full.v));
  expect(full.s).toEqual(s);
  const leading = (matrix: Matrix): Matrix => matrixFrom(matrix.shape[0] ?? 0, k, (i, j) => at(matrix, i, j));
  expectRatio("svd: A = U S V'", what, factorizationRatio(a, leading(full.u), s.data, transpose(leading(full.v))));
}

for (const [name, kernels] of [
  ['reference', referenceKernels],
  ['simd', simd],
] as const) {
  // prettier-ignore
  describe(`svd at block boundaries, with ${name} kernels`, () => {
    for (const kind of ['random', 'half rank', 'known singular values, two clusters', 'known singular values, repeated', 'graded rows']) { // prettier-ignore
      it(kind, () => {
        for (const [m, n] of blockShapes) {
          const { matrix, what } = generalCase(kind, m, n, m + n);
          expectAllForms(kernels, matrix, what);
        }
      });
    }

    it('small and degenerate shapes', () => {
      for (const [m, n] of [[0, 0], [0, 3], [3, 0], [1, 1], [1, 4], [4, 1], [3, 2], [2, 5]] as const) { // prettier-ignore
        expectAllForms(kernels, randomMatrix(m, n, createRandom(m + n)), `random, ${m} x ${n}`);
        expectAllForms(kernels, zeros('f64', [m, n]), `zero, ${m} x ${n}`);
      }
    });

    it('scales from subnormal to near overflow', () => {
      const a = randomMatrix(70, 40, createRandom(4));
      for (const exponent of [-1050, -700, 700, 1010]) {
        const moved = scaled(scaled(a, 2 ** (exponent / 2)), 2 ** (exponent / 2));
        expectAllForms(kernels, moved, `random times 2^${exponent}`);
      }
    });
  });
}

describe('svd against other algorithms', () => {
  it('jacobiSvd, and the eigenvalues of AᵀA and of [0 A; Aᵀ 0]', () => {
    const random = createRandom(31);
    for (const [m, n] of [
      [40, 40],
      [70, 38],
      [66, 66],
    ] as const) {
      // prettier-ignore
      const what = `${m} x ${n}`;
      const a = withSingularValues(m, n, Array.from({ length: n }, (_, i) => 4 - (2 * i) / n), random); // prettier-ignore
      const { s } = svd(a);
      expectRatio('svd: values against Jacobi', what, valuesRatio(s.data, jacobiSvd(a).s.data));
      const gram = jacobiEigen(symmetrized(multiply(transpose(a), a))).values;
      expectRatio("svd: squares against eigenvalues of A'A", what, valuesRatio(s.data.map((x) => x * x), gram.data)); // prettier-ignore
      const doubled = matrixFrom(m + n, m + n, (i, j) => (i < m && j >= m ? at(a, i, j - m) : i >= m && j < m ? at(a, j, i - m) : 0)); // prettier-ignore
      const { values } = symmetricEigen(doubled);
      expectRatio("svd: against eigenvalues of [0 A; A' 0]", what, valuesRatio(s.data, values.data.slice(0, n)));
    }
  });

  it('Ky Fan: the sum of the leading values is the largest trace of UᵀAV over orthonormal U and V', () => {
    const random = createRandom(32);
    const a = randomMatrix(9, 7, random);
    const { s } = svd(a);
    for (const k of [1, 3, 7]) {
      const sum = s.data.slice(0, k).reduce((total, value) => total + value, 0);
      for (let trial = 0; trial < 20; trial++) {
        const small = multiply(
          transpose(randomOrthonormal(9, k, random)),
          multiply(a, randomOrthonormal(7, k, random)),
        );
        const trace = Array.from({ length: k }, (_, i) => at(small, i, i)).reduce((total, value) => total + value, 0);
        expect(trace).toBeLessThanOrEqual(sum);
      }
    }
  });

  it('f32 is promoted', () => {
    const a = cast(randomMatrix(12, 9, createRandom(33)), 'f32');
    expect(svd(a)).toEqual(svd(cast(a, 'f64')));
    expect(singularValues(a)).toEqual(singularValues(cast(a, 'f64')));
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
  it('singularValues refuses what it is not for', () => {
    expect(() => singularValues(zeros('f64', [3]))).toThrow('singularValues: a: expected 2 axes, got shape [3]');
    expect(() => singularValues(fromNested('f64', [[NaN]]))).toThrow('singularValues: a: expected finite elements');
  });

  for (const [name, decompose] of Object.entries(solvers)) {
    it(`${name} refuses what it is not for`, () => {
      expect(() => decompose(zeros('f64', [3]))).toThrow(`${name}: a: expected 2 axes, got shape [3]`);
      expect(() => decompose(fromNested('f64', [[1, -Infinity]]))).toThrow(`${name}: a: expected finite elements, got -Infinity at [0, 1]`); // prettier-ignore
    });
  }
});
