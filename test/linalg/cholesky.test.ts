import { createRandom, fromNested, toNested, transpose, zeros } from '@rankwise/tensor';
import { cholesky, choleskySolve, qr, solveTriangular } from '@rankwise/linalg';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeds, sizes } from '../kit/matrices/arbitraries.ts';
import { at, conjugated, matrixFrom, multiply, randomMatrix, spectra, symmetrized } from '../kit/matrices/gallery.ts';
import type { Matrix } from '../kit/matrices/gallery.ts';
import { expectRatio, printWorstRatios, productRatio, solutionRatio } from '../kit/matrices/ratios.ts';
import { runs } from '../kit/runs.ts';

printWorstRatios();

/** Positive definite with condition number `condition`. */
function definite(n: number, condition: number, seed: number): Matrix {
  return conjugated(
    Array.from({ length: n }, (_, i) => condition ** (-i / Math.max(n - 1, 1))),
    createRandom(seed),
  );
}

describe('by hand', () => {
  it('factors integers exactly', () => {
    const a = fromNested('f64', [[4, 12, -16], [12, 37, -43], [-16, -43, 98]]); // prettier-ignore
    expect(toNested(cholesky(a))).toEqual([[2, 0, 0], [6, 1, 0], [-8, 5, 3]]); // prettier-ignore
  });

  it('n = 0 and 1', () => {
    expect(cholesky(zeros('f64', [0, 0])).shape).toEqual([0, 0]);
    expect(toNested(cholesky(fromNested('f64', [[9]])))).toEqual([[3]]);
    expect(choleskySolve(zeros('f64', [0, 0]), zeros('f64', [0, 2])).shape).toEqual([0, 2]);
  });

  it('solves all four triangular systems', () => {
    const t = fromNested('f64', [[2, 7], [1, 4]]); // prettier-ignore
    const b = fromNested('f64', [[2], [9]]);
    expect(toNested(solveTriangular(t, b))).toEqual([[1], [2]]); // [[2, 0], [1, 4]]
    expect(toNested(solveTriangular(t, b, { transposed: true }))).toEqual([[-0.125], [2.25]]); // [[2, 1], [0, 4]]
    expect(toNested(solveTriangular(t, b, { triangle: 'upper' }))).toEqual([[-6.875], [2.25]]); // [[2, 7], [0, 4]]
    expect(toNested(solveTriangular(t, b, { triangle: 'upper', transposed: true }))).toEqual([[1], [0.5]]); // [[2, 0], [7, 4]]
  });

  it('scales from subnormal to near overflow', () => {
    expect(toNested(cholesky(fromNested('f64', [[2 ** -1074]])))).toEqual([[2 ** -537]]);
    expect(toNested(cholesky(fromNested('f64', [[2 ** 1020, 2 ** 1019], [2 ** 1019, 2 ** 1020]])))).toEqual([[2 ** 510, 0], [2 ** 509, Math.sqrt(0.75) * 2 ** 510]]); // prettier-ignore
  });
});

describe('laws', () => {
  const cases = fc.record({ n: fc.constantFrom(...sizes), logCondition: fc.integer({ min: 0, max: 14 }), seed: seeds });

  it('A = L Lᵀ with a positive diagonal, and solves', () => {
    fc.assert(
      fc.property(cases, ({ n, logCondition, seed }) => {
        const a = definite(n, 10 ** logCondition, seed);
        const what = `n = ${n}, condition 1e${logCondition}, seed ${seed}`;
        const l = cholesky(a);
        expectRatio("cholesky: A = L L'", what, productRatio(a, l, transpose(l)));
        for (let i = 0; i < n; i++) {
          expect(at(l, i, i)).toBeGreaterThan(0);
          for (let j = i + 1; j < n; j++) expect(at(l, i, j)).toBe(0);
        }
        const b = randomMatrix(n, 3, createRandom(seed + 1));
        expectRatio('choleskySolve: A X = B', what, solutionRatio(a, choleskySolve(l, b), b));
      }),
      { numRuns: runs() },
    );
  });

  it('triangular solves leave small residuals, whichever triangle and side', () => {
    fc.assert(
      fc.property(cases, fc.boolean(), fc.boolean(), ({ n, seed }, isLower, isTransposed) => {
        const random = createRandom(seed);
        const full = matrixFrom(n, n, (i, j) => (i === j ? 2 + random.uniform() : random.normal()));
        const used = matrixFrom(n, n, (i, j) => ((isLower ? j <= i : j >= i) ? at(full, i, j) : 0));
        const b = randomMatrix(n, 2, random);
        const x = solveTriangular(full, b, { triangle: isLower ? 'lower' : 'upper', transposed: isTransposed });
        const what = `n = ${n}, lower ${isLower}, transposed ${isTransposed}, seed ${seed}`;
        expectRatio('solveTriangular: T X = B', what, solutionRatio(isTransposed ? transpose(used) : used, x, b));
      }),
      { numRuns: runs() },
    );
  });

  it('is, up to signs, the R of a QR factorisation', () => {
    const y = randomMatrix(20, 6, createRandom(4));
    const l = cholesky(symmetrized(multiply(transpose(y), y)));
    const { r } = qr(y);
    const positive = matrixFrom(6, 6, (i, j) => at(r, i, j) * Math.sign(at(r, i, i)));
    expectRatio('cholesky: against QR', '20 x 6', productRatio(l, transpose(positive), matrixFrom(6, 6, (i, j) => (i === j ? 1 : 0)))); // prettier-ignore
  });
});

describe('errors', () => {
  it('names the pivot of a matrix that is not positive definite', () => {
    expect(() => cholesky(fromNested('f64', [[1, 2], [2, 4]]))).toThrow('cholesky: a: expected a positive definite matrix, got pivot 0 at row 1'); // prettier-ignore
    expect(() => cholesky(fromNested('f64', [[1, 2], [2, 3]]))).toThrow('got pivot -1 at row 1'); // prettier-ignore
    expect(() => cholesky(zeros('f64', [1, 1]))).toThrow('got pivot 0 at row 0');
    const indefinite = conjugated(
      spectra['arithmetic']!(8).map((value) => value - 0.5),
      createRandom(2),
    );
    expect(() => cholesky(indefinite)).toThrow(/got pivot -/);
  });

  it('refuses shapes, asymmetry, NaN and zero diagonals', () => {
    expect(() => cholesky(zeros('f64', [2, 1]))).toThrow('cholesky: a: expected a square matrix, got shape [2, 1]');
    expect(() => cholesky(fromNested('f64', [[1, 0.5], [0, 1]]))).toThrow(/cholesky: a: expected a symmetric matrix/); // prettier-ignore
    expect(() => cholesky(fromNested('f64', [[NaN]]))).toThrow(/cholesky: a: expected finite/);
    const t = fromNested('f64', [[1, 0], [5, 0]]); // prettier-ignore
    expect(() => solveTriangular(t, zeros('f64', [2, 1]))).toThrow('solveTriangular: t: expected a nonzero diagonal, got 0 at row 1'); // prettier-ignore
    expect(() => choleskySolve(t, zeros('f64', [2, 1]))).toThrow('choleskySolve: factor: expected a nonzero diagonal');
    expect(() => solveTriangular(t, zeros('f64', [3, 1]))).toThrow('solveTriangular: b: expected 2 rows, got shape [3, 1]'); // prettier-ignore
  });
});
