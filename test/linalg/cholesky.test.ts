import { createRandom, fromNested, referenceKernels, toNested, transpose, zeros } from '@rankwise/tensor';
import type { Kernels } from '@rankwise/tensor';
import { cholesky, choleskySolve, qr } from '@rankwise/linalg';
import { createSimdKernels } from '@rankwise/simd';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { expectWithin, gamma, unitRoundoff } from '../kit/kernelBounds.ts';
import { seeds, sizes } from '../kit/matrices/arbitraries.ts';
import {
  at,
  conjugated,
  matrixFrom,
  multiply,
  randomMatrix,
  scaled,
  spectra,
  symmetrized,
} from '../kit/matrices/gallery.ts';
import type { Matrix } from '../kit/matrices/gallery.ts';
import { expectRatio, productRatio, solutionRatio } from '../kit/matrices/ratios.ts';
import { runs } from '../kit/runs.ts';

// Every product on SIMD, however small.
const simd = await createSimdKernels({ leastWork: 0 });
afterAll(() => simd.dispose());
const implementations: Record<string, Kernels> = { reference: referenceKernels, simd };

/** Positive definite with condition number `condition`. */
function definite(n: number, condition: number, seed: number): Matrix {
  return conjugated(
    Array.from({ length: n }, (_, i) => condition ** (-i / Math.max(n - 1, 1))),
    createRandom(seed),
  );
}

/** |A − L Lᵀ| ≤ 3 γ_{n+2} |L| |Lᵀ|: 2 γ from the kernels' promise, one for the product computed here. */
function expectElementwise(a: Matrix, l: Matrix): void {
  const [n = 0] = a.shape;
  const magnitudes = matrixFrom(n, n, (i, j) => Math.abs(at(l, i, j)));
  const factor = 3 * gamma(n + 2, unitRoundoff.f64);
  const bound = multiply(magnitudes, transpose(magnitudes)).data.map(
    (size) => factor * size + (n + 1) * Number.MIN_VALUE,
  );
  expectWithin(multiply(l, transpose(l)).data, { exact: a.data, bound });
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

  for (const [name, kernels] of Object.entries(implementations)) {
    it(`the same at the sizes of blocks, ${name}`, () => {
      for (const n of [31, 32, 33, 64, 65, 100]) {
        const a = definite(n, 1e6, n);
        const l = cholesky(a, { kernels });
        expectRatio("cholesky: A = L L'", `${name}, n = ${n}`, productRatio(a, l, transpose(l)));
        expectElementwise(a, l);
        const b = randomMatrix(n, 4, createRandom(n));
        expectRatio(
          'choleskySolve: A X = B',
          `${name}, n = ${n}`,
          solutionRatio(a, choleskySolve(l, b, { kernels }), b),
        );
      }
    });

    it(`integers exactly, ${name}`, () => {
      for (const n of [5, 32, 33, 70]) {
        const random = createRandom(n);
        const l = matrixFrom(n, n, (i, j) => (i === j ? 1 + random.integer(3) : j < i ? random.integer(5) - 2 : 0));
        expect(cholesky(multiply(l, transpose(l)), { kernels }).data).toEqual(l.data);
      }
    });
  }

  it('is accurate elementwise, however badly the rows are scaled, and does not notice powers of two', () => {
    fc.assert(
      fc.property(cases, ({ n, seed }) => {
        const random = createRandom(seed);
        const a = definite(n, 1e3, seed);
        const powers = Array.from({ length: n }, () => 2 ** (random.integer(400) - 200));
        const graded = matrixFrom(n, n, (i, j) => at(a, i, j) * powers[i]! * powers[j]!);
        const l = cholesky(graded);
        expectElementwise(graded, l);
        const plain = cholesky(a);
        expect(l.data).toEqual(matrixFrom(n, n, (i, j) => at(plain, i, j) * powers[i]!).data);
      }),
      { numRuns: runs() },
    );
  });

  it('factors and solves at every scale', () => {
    for (const exponent of [-1074, -1000, -500, 500, 1000]) {
      const power = 2 ** exponent;
      const a = fromNested('f64', [[4, 12, -16], [12, 37, -43], [-16, -43, 98]]); // prettier-ignore
      const l = cholesky(scaled(a, power));
      const half = 2 ** (exponent / 2);
      expect([...l.data]).toEqual([2, 0, 0, 6, 1, 0, -8, 5, 3].map((value) => value * half));
      const x = fromNested('f64', [[1, 0], [-2, 1], [3, 5]]); // prettier-ignore
      expect(toNested(choleskySolve(l, scaled(multiply(a, x), power)))).toEqual(toNested(x));
    }
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
    const late = matrixFrom(70, 70, (i, j) => (i === j ? (i === 66 ? -3 : 2) : 0));
    expect(() => cholesky(late)).toThrow('got pivot -3 at row 66');
    expect(() => cholesky(scaled(late, 2 ** -1073))).toThrow(`got pivot ${-3 * 2 ** -1073} at row 66`);
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
    expect(() => choleskySolve(t, zeros('f64', [2, 1]))).toThrow('choleskySolve: factor: expected a nonzero diagonal');
    expect(() => choleskySolve(t, zeros('f64', [3, 1]))).toThrow('choleskySolve: b: expected 2 rows, got shape [3, 1]');
    expect(() => choleskySolve(fromNested('f64', [[2 ** -600]]), fromNested('f64', [[1]]))).toThrow('choleskySolve: b: expected a solution in the range of doubles, got overflow in column 0'); // prettier-ignore
  });
});
