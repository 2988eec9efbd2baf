import { createRandom, fromNested, referenceKernels, toNested, transpose, zeros } from '@rankwise/tensor';
import type { Kernels } from '@rankwise/tensor';
import { inertia, jacobiEigen, ldlFactors, ldlSolve, solve } from '@rankwise/linalg';
import type { Inertia, LdlFactors } from '@rankwise/linalg';
import { createSimdKernels } from '@rankwise/simd';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { symmetricCase, symmetricCases } from '../kit/matrices/arbitraries.ts';
import type { MatrixCase } from '../kit/matrices/arbitraries.ts';
import { at, conjugated, matrixFrom, multiply, randomMatrix, scaled, symmetricGallery } from '../kit/matrices/gallery.ts'; // prettier-ignore
import type { Matrix } from '../kit/matrices/gallery.ts';
import { largestOf } from '../kit/matrices/matrix.ts';
import { THRESHOLD, distanceRatio, expectRatio, normFrobenius, productRatio, scalarRatio, solutionRatio } from '../kit/matrices/ratios.ts'; // prettier-ignore
import { runs } from '../kit/runs.ts';

// Every product on SIMD, however small.
const simd = await createSimdKernels({ leastWork: 0 });
afterAll(() => simd.dispose());
const implementations: Record<string, Kernels> = { reference: referenceKernels, simd };

/** D as a matrix. */
function blockDiagonal({ diagonal, coupling }: LdlFactors): Matrix {
  const n = diagonal.data.length;
  return matrixFrom(n, n, (i, j) =>
    i === j ? diagonal.data[i]! : Math.abs(i - j) === 1 ? coupling.data[Math.min(i, j)]! : 0,
  );
}

/** The power of two below the largest magnitude, whose reciprocal is a double. */
function unitOf(a: Matrix): number {
  const largest = largestOf(a);
  return largest === 0 ? 1 : 2 ** Math.max(-1022, Math.floor(Math.log2(largest)));
}

function expectLdl(a: Matrix, name: MatrixCase | string, kernels: Kernels): LdlFactors {
  const [n = 0] = a.shape;
  const factors = ldlFactors(a, { kernels });
  const { lower, diagonal, coupling, permutation, scale } = factors;
  expect([...permutation].toSorted((x, y) => x - y)).toEqual([...permutation.keys()]);
  for (let i = 0; i < n; i++) {
    expect(at(lower, i, i)).toBe(1);
    for (let j = i + 1; j < n; j++) expect(at(lower, i, j)).toBe(0);
    const beside = coupling.data[i]!;
    if (beside === 0) continue;
    // Blocks are apart, L is zero where D has its coupling, and a block has a negative determinant.
    expect(i + 1 < n && coupling.data[i + 1] === 0).toBe(true);
    expect(at(lower, i + 1, i)).toBe(0);
    expect((diagonal.data[i]! / beside) * (diagonal.data[i + 1]! / beside)).toBeLessThan(1);
  }
  const permuted = matrixFrom(n, n, (i, j) => at(a, permutation[i]!, permutation[j]!) * scale);
  const product = multiply(lower, blockDiagonal(factors));
  expectRatio("ldlFactors: P A P' = L D L'", name, productRatio(permuted, product, transpose(lower)));
  return factors;
}

/** A refusal must name a pivot, and A be singular to rounding. */
function expectSolution(a: Matrix, factors: LdlFactors, name: MatrixCase | string, kernels: Kernels): void {
  const [n = 0] = a.shape;
  const unit = unitOf(a);
  const matrix = scaled(a, 1 / unit);
  const b = scaled(multiply(matrix, randomMatrix(n, 3, createRandom(n))), unit);
  let x: Matrix;
  try {
    x = ldlSolve(factors, b, { kernels });
  } catch (error) {
    expect(String(error)).toMatch(/^DomainError: ldlSolve: factors: expected a nonsingular matrix, got pivot 0 at row/);
    const sizes = jacobiEigen(a).values.data.map((value) => Math.abs(value / unit));
    expectRatio('ldlSolve: refuses', name, scalarRatio(Math.min(...sizes), 0, Math.max(...sizes), n));
    return;
  }
  expectRatio('ldlSolve: A X = B', name, solutionRatio(matrix, x, scaled(b, 1 / unit)));
}

/** Eigenvalues within rounding of 0 may count on either side. */
function expectInertia(a: Matrix, found: Inertia, name: string): void {
  const [n = 0] = a.shape;
  const { values } = jacobiEigen(a);
  const largest = Math.max(Math.abs(values.data[0] ?? 0), Math.abs(values.data[n - 1] ?? 0));
  const doubt = THRESHOLD * n * Math.max(Number.EPSILON * largest, Number.MIN_VALUE); // bound: what ratios allow, by Weyl
  const count = (isCounted: (value: number) => boolean): number => [...values.data].filter(isCounted).length;
  expect(found.positive + found.negative + found.zero, name).toBe(n);
  expect(found.positive, name).toBeGreaterThanOrEqual(count((value) => value > doubt));
  expect(found.negative, name).toBeGreaterThanOrEqual(count((value) => value < -doubt));
  expect(found.zero, name).toBeLessThanOrEqual(count((value) => Math.abs(value) <= doubt));
}

describe('by hand', () => {
  it('a pivot on the diagonal', () => {
    const { lower, diagonal, coupling, permutation } = ldlFactors(fromNested('f64', [[4, 2, -4], [2, 5, 6], [-4, 6, 1]])); // prettier-ignore
    // |4| ≥ α · 4; then S = [[4, 8], [8, -3]], |4| < α · 8 · 1, |-3| < α · 8: rows 1 and 2 together.
    expect(toNested(lower)).toEqual([[1, 0, 0], [0.5, 1, 0], [-1, 0, 1]]); // prettier-ignore
    expect([...diagonal.data]).toEqual([4, 4, -3]);
    expect([...coupling.data]).toEqual([0, 8, 0]);
    expect([...permutation]).toEqual([0, 1, 2]);
  });

  it('a pivot of two rows where the diagonal is zero', () => {
    const factors = ldlFactors(fromNested('f64', [[0, 2, 4], [2, 0, 0], [4, 0, 1]])); // prettier-ignore
    expect(toNested(factors.lower)).toEqual([[1, 0, 0], [0, 1, 0], [-0.125, 0.5, 1]]); // prettier-ignore
    expect(toNested(blockDiagonal(factors))).toEqual([[0, 4, 0], [4, 1, 0], [0, 0, 0.25]]); // prettier-ignore
    expect([...factors.permutation]).toEqual([0, 2, 1]);
    expect(inertia(factors)).toEqual({ positive: 2, negative: 1, zero: 0 });
  });

  it('a larger diagonal element that is moved to the front', () => {
    const factors = ldlFactors(fromNested('f64', [[1, 8], [8, 16]])); // prettier-ignore
    expect(toNested(factors.lower)).toEqual([[1, 0], [0.5, 1]]); // prettier-ignore
    expect([...factors.diagonal.data]).toEqual([16, -3]);
    expect([...factors.permutation]).toEqual([1, 0]);
  });

  it('nothing, one row, zeros', () => {
    expect(ldlFactors(zeros('f64', [0, 0])).lower.shape).toEqual([0, 0]);
    expect(inertia(ldlFactors(zeros('f64', [0, 0])))).toEqual({ positive: 0, negative: 0, zero: 0 });
    expect(ldlSolve(ldlFactors(zeros('f64', [0, 0])), zeros('f64', [0, 2])).shape).toEqual([0, 2]);
    expect(toNested(ldlSolve(ldlFactors(fromNested('f64', [[-4]])), fromNested('f64', [[2, 6]])))).toEqual([[-0.5, -1.5]]); // prettier-ignore
    expect(inertia(ldlFactors(zeros('f64', [5, 5])))).toEqual({ positive: 0, negative: 0, zero: 5 });
  });

  it('promotes f32', () => {
    const factors = ldlFactors(fromNested('f32', [[0, 2], [2, 0]])); // prettier-ignore
    expect(toNested(ldlSolve(factors, fromNested('f32', [[2], [6]])))).toEqual([[3], [1]]);
  });

  it('zero pivots within and at the end', () => {
    const diagonal = matrixFrom(40, 40, (i, j) => (i === j ? [1, 0, -2, 0][i % 4]! : 0));
    expect(inertia(ldlFactors(diagonal))).toEqual({ positive: 10, negative: 10, zero: 20 });
    const ones = matrixFrom(6, 6, () => 1);
    expect(inertia(ldlFactors(ones))).toEqual({ positive: 1, negative: 0, zero: 5 });
  });

  it('a square that underflows does not make a zero pivot', () => {
    const a = fromNested('f64', [[0, 2 ** -600, 0], [2 ** -600, 0, 1], [0, 1, 0]]); // prettier-ignore
    expectLdl(a, '2^-600', referenceKernels);
  });
});

describe('laws', () => {
  for (const { name } of symmetricGallery) {
    it(`factors, solves and counts signs: ${name}`, () => {
      for (const n of [1, 2, 3, 5, 12, 33]) {
        const one = symmetricCase(name, n, n + 1);
        const factors = expectLdl(one.matrix, one, referenceKernels);
        expectSolution(one.matrix, factors, one, referenceKernels);
        expectInertia(one.matrix, inertia(factors), one.what);
      }
    });
  }

  it('factors, solves and counts signs for any gallery matrix', () => {
    fc.assert(
      fc.property(symmetricCases(), (one) => {
        const factors = expectLdl(one.matrix, one, referenceKernels);
        expectSolution(one.matrix, factors, one, referenceKernels);
        expectInertia(one.matrix, inertia(factors), one.what);
      }),
      { numRuns: runs() },
    );
  });

  for (const [name, kernels] of Object.entries(implementations)) {
    it(`the same at the sizes of blocks, ${name}`, () => {
      for (const kind of ['random', 'zero diagonal', 'exchange', 'moment of rank n / 2', 'Wilkinson W+']) {
        for (const n of [31, 32, 33, 34, 65, 100]) {
          const one = symmetricCase(kind, n, n);
          const factors = expectLdl(one.matrix, one, kernels);
          expectSolution(one.matrix, factors, one, kernels);
        }
      }
    });
  }

  it('factors more than a strip of columns', () => {
    for (const kernels of [referenceKernels, simd]) {
      const one = symmetricCase('random', 165, 3);
      expectSolution(one.matrix, expectLdl(one.matrix, one, kernels), one, kernels);
    }
  });

  it('agrees with LU, to the condition number', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 12 }), fc.nat(), (n, digits, seed) => {
        const random = createRandom(seed);
        const condition = 10 ** digits;
        const a = conjugated(Array.from({ length: n }, (_, i) => (random.uniform() < 0.5 ? -1 : 1) * condition ** (-i / Math.max(n - 1, 1))), random); // prettier-ignore
        const b = randomMatrix(n, 1, random);
        const x = ldlSolve(ldlFactors(a), b);
        const what = `n = ${n}, condition 1e${digits}, seed = ${seed}`;
        expectRatio('ldlSolve: against LU', what, distanceRatio(x, solve(a, b), condition * normFrobenius(x), n));
      }),
      { numRuns: runs() },
    );
  });

  it('Sylvester’s law: a congruence keeps the inertia', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(-3, -1, 1, 2), { maxLength: 7 }), fc.nat(), (signs, seed) => {
        // X of integers and determinant 1, so that XᵀAX is exact.
        const n = signs.length;
        const random = createRandom(seed);
        const unit = (isLower: boolean): Matrix => matrixFrom(n, n, (i, j) => (i === j ? 1 : i > j === isLower ? random.integer(3) - 1 : 0)); // prettier-ignore
        const x = multiply(unit(true), unit(false));
        const a = multiply(
          transpose(x),
          matrixFrom(n, n, (i, j) => signs[i]! * at(x, i, j)),
        );
        const positive = signs.filter((sign) => sign > 0).length;
        expect(inertia(ldlFactors(a))).toEqual({ positive, negative: n - positive, zero: 0 });
      }),
      { numRuns: runs() },
    );
  });

  it('counts the eigenvalues below a shift, as bisection does', () => {
    const n = 30;
    const values = Array.from({ length: n }, (_, i) => i - 10);
    const a = conjugated(values, createRandom(9));
    for (const shift of [-10.5, -0.5, 7.25, 18.75, 20]) {
      const moved = matrixFrom(n, n, (i, j) => at(a, i, j) - (i === j ? shift : 0));
      expect(inertia(ldlFactors(moved)).negative).toBe(values.filter((value) => value < shift).length);
    }
  });

  it('reads the lower triangle only, gives the same bits for any strides, leaves its argument alone', () => {
    const { matrix } = symmetricCase('random', 37, 1);
    const before = matrix.data.slice();
    const expected = ldlFactors(matrix);
    const nudged = matrixFrom(37, 37, (i, j) => at(matrix, i, j) * (j > i ? 1 + 2 ** -40 : 1));
    expect(ldlFactors(nudged)).toEqual(expected);
    expect(ldlFactors(transpose(matrix))).toEqual(expected);
    expect(matrix.data).toEqual(before);
  });
});

describe('scale', () => {
  const a = fromNested('f64', [[1, 4, 2], [4, 1, 0], [2, 0, -3]]); // prettier-ignore
  const b = fromNested('f64', [[7, 1], [5, 0], [-1, 4]]); // prettier-ignore

  it('does not matter, down to subnormal and up to overflow', () => {
    const x = ldlSolve(ldlFactors(a), b);
    for (const power of [2 ** -1074, 2 ** -1000, 2 ** -500, 2 ** 500, 2 ** 1000, 2 ** 1020]) {
      const factors = ldlFactors(scaled(a, power));
      expect(ldlSolve(factors, scaled(b, power))).toEqual(x);
      expect(inertia(factors)).toEqual(inertia(ldlFactors(a)));
    }
  });

  it('elimination that overflows in a matrix of the largest doubles', () => {
    const huge = Number.MAX_VALUE;
    const factors = ldlFactors(fromNested('f64', [[huge, huge], [huge, -huge]])); // prettier-ignore
    expect(toNested(ldlSolve(factors, fromNested('f64', [[huge], [-huge]])))).toEqual([[0], [1]]);
  });

  it('names the column of a solution that is no double', () => {
    const factors = ldlFactors(scaled(a, 2 ** -1000));
    expect(() => ldlSolve(factors, scaled(b, 2 ** 100))).toThrow('ldlSolve: b: expected a solution in the range of doubles, got overflow in column 0'); // prettier-ignore
  });
});

describe('errors', () => {
  it('names the first pivot of an exactly singular matrix', () => {
    const singular: [Matrix, number][] = [
      [fromNested('f64', [[0]]), 0],
      [fromNested('f64', [[1, 2], [2, 4]]), 1], // prettier-ignore
      [fromNested('f64', [[0, 1, 0], [1, 0, 0], [0, 0, 0]]), 2], // prettier-ignore
      [matrixFrom(70, 70, (i, j) => (i === j && i !== 66 ? 2 : 0)), 66],
    ];
    for (const [a, pivot] of singular) {
      expect(() => ldlSolve(ldlFactors(a), zeros('f64', [a.shape[0] ?? 0, 1]))).toThrow(`ldlSolve: factors: expected a nonsingular matrix, got pivot 0 at row ${pivot}`); // prettier-ignore
    }
  });

  it('refuses shapes, asymmetry and NaN', () => {
    const factors = ldlFactors(fromNested('f64', [[1, 5], [5, 1]])); // prettier-ignore
    expect(() => ldlFactors(zeros('f64', [2, 3]))).toThrow('ldlFactors: a: expected a square matrix, got shape [2, 3]');
    expect(() => ldlFactors(fromNested('f64', [[1, 0.5], [0, 1]]))).toThrow(/ldlFactors: a: expected a symmetric matrix/); // prettier-ignore
    expect(() => ldlFactors(fromNested('f64', [[NaN]]))).toThrow('ldlFactors: a: expected finite elements, got NaN at [0, 0]'); // prettier-ignore
    expect(() => ldlSolve(factors, zeros('f64', [3, 1]))).toThrow('ldlSolve: b: expected 2 rows, got shape [3, 1]');
    expect(() => ldlSolve(factors, fromNested('f64', [[1], [NaN]]))).toThrow('ldlSolve: b: expected finite elements, got NaN at [1, 0]'); // prettier-ignore
  });
});
