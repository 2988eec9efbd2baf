import { createRandom, fromNested, referenceKernels, slice, toNested, transpose, zeros } from '@rankwise/tensor';
import type { Kernels } from '@rankwise/tensor';
import { solveTriangular } from '@rankwise/linalg';
import { createSimdKernels } from '@rankwise/simd';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { expectWithin, gamma, unitRoundoff } from '../kit/kernelBounds.ts';
import { generalCase, seeds, sizes } from '../kit/matrices/arbitraries.ts';
import { at, generalGallery, matrixFrom, multiply, randomMatrix, scaled } from '../kit/matrices/gallery.ts';
import type { Matrix } from '../kit/matrices/gallery.ts';
import { largestOf } from '../kit/matrices/matrix.ts';
import { distanceRatio, expectRatio, solutionRatio } from '../kit/matrices/ratios.ts';
import { runs } from '../kit/runs.ts';

// Every product on SIMD, however small.
const simd = await createSimdKernels({ leastWork: 0 });
afterAll(() => simd.dispose());
const implementations: Record<string, Kernels> = { reference: referenceKernels, simd };

interface Options {
  readonly triangle: 'lower' | 'upper';
  readonly transposed: boolean;
  readonly unitDiagonal: boolean;
}

const options: fc.Arbitrary<Options> = fc.record({
  triangle: fc.constantFrom('lower', 'upper'),
  transposed: fc.boolean(),
  unitDiagonal: fc.boolean(),
});

/** The matrix that the options pick out of T. */
function pickedTriangle(t: Matrix, { triangle, transposed, unitDiagonal }: Options): Matrix {
  const [n = 0] = t.shape;
  const picked = matrixFrom(n, n, (i, j) => {
    if (i === j) return unitDiagonal ? 1 : at(t, i, i);
    return (triangle === 'lower' ? j < i : j > i) ? at(t, i, j) : 0;
  });
  return transposed ? transpose(picked) : picked;
}

const magnitudes = (a: Matrix): Matrix => matrixFrom(a.shape[0] ?? 0, a.shape[1] ?? 0, (i, j) => Math.abs(at(a, i, j)));

/** |T x − b| ≤ 3 γ_{n+2} |T| |x|: 2 γ from the kernels' promise, one for the residual computed here. */
function expectSmallResidual(t: Matrix, x: Matrix, b: Matrix): void {
  const [n = 0] = t.shape;
  const bound = multiply(magnitudes(t), magnitudes(x)).data.map(
    (size) => 3 * gamma(n + 2, unitRoundoff.f64) * size + (n + 1) * Number.MIN_VALUE,
  );
  expectWithin(multiply(t, x).data, { exact: b.data, bound });
}

/**
 * A kind of the gallery with its zero diagonal elements replaced by the largest magnitude there is; divided by that where the
 * diagonal is to be taken for ones.
 */
function nonsingular(kind: string, n: number, seed: number, unitDiagonal: boolean): Matrix {
  const { matrix } = generalCase(kind, n, n, seed);
  const largest = largestOf(matrix) || 1;
  return matrixFrom(n, n, (i, j) => (at(matrix, i, j) || (i === j ? largest : 0)) / (unitDiagonal ? largest : 1));
}

describe('by hand', () => {
  const t = fromNested('f64', [[2, 7], [1, 4]]); // prettier-ignore
  const b = fromNested('f64', [[2], [9]]);

  it('solves all four systems', () => {
    expect(toNested(solveTriangular(t, b))).toEqual([[1], [2]]); // [[2, 0], [1, 4]]
    expect(toNested(solveTriangular(t, b, { transposed: true }))).toEqual([[-0.125], [2.25]]); // [[2, 1], [0, 4]]
    expect(toNested(solveTriangular(t, b, { triangle: 'upper' }))).toEqual([[-6.875], [2.25]]); // [[2, 7], [0, 4]]
    expect(toNested(solveTriangular(t, b, { triangle: 'upper', transposed: true }))).toEqual([[1], [0.5]]); // [[2, 0], [7, 4]]
  });

  it('takes the diagonal for ones', () => {
    const zeroDiagonal = fromNested('f64', [[0, 7], [3, 0]]); // prettier-ignore
    expect(toNested(solveTriangular(zeroDiagonal, b, { unitDiagonal: true }))).toEqual([[2], [3]]);
    expect(toNested(solveTriangular(zeroDiagonal, b, { unitDiagonal: true, triangle: 'upper' }))).toEqual([[-61], [9]]);
  });

  it('nothing, one row, no columns', () => {
    expect(solveTriangular(zeros('f64', [0, 0]), zeros('f64', [0, 3])).shape).toEqual([0, 3]);
    expect(toNested(solveTriangular(fromNested('f64', [[-4]]), fromNested('f64', [[2, 8]])))).toEqual([[-0.5, -2]]);
    expect(solveTriangular(t, zeros('f64', [2, 0])).shape).toEqual([2, 0]);
  });

  it('promotes f32', () => {
    const single = fromNested('f32', [[2, 0], [1, 4]]); // prettier-ignore
    expect(toNested(solveTriangular(single, fromNested('f32', [[2], [9]])))).toEqual([[1], [2]]);
  });

  for (const [name, kernels] of Object.entries(implementations)) {
    it(`integers exactly, ${name}`, () => {
      for (const n of [31, 32, 33, 64, 65, 100]) {
        // Two bands of ±1 beside a diagonal of ones keep all numbers exact.
        const band = matrixFrom(n, n, (i, j) => (i === j ? 1 : i - j === 1 ? -1 : i - j === 40 ? 1 : 0));
        const x = matrixFrom(n, 5, (i, j) => ((i * 7 + j * 3) % 11) - 5);
        for (const transposed of [false, true]) {
          const product = multiply(transposed ? transpose(band) : band, x);
          expect(solveTriangular(band, product, { transposed, kernels }).data).toEqual(x.data);
        }
      }
    });
  }
});

describe('laws', () => {
  it('every row of the residual is small beside its own terms, for any triangle of the gallery', () => {
    // Triangles of 1e-30 … 1e30 have condition numbers beyond the range of doubles, and so solutions.
    const kinds = fc.constantFrom(...generalGallery.map(({ name }) => name).filter((name) => !/1e-30/.test(name)));
    fc.assert(
      fc.property(kinds, fc.constantFrom(...sizes), seeds, options, (kind, n, seed, choice) => {
        const t = nonsingular(kind, n, seed, choice.unitDiagonal);
        const picked = pickedTriangle(t, choice);
        const b = multiply(picked, randomMatrix(n, 2, createRandom(seed)));
        expectSmallResidual(picked, solveTriangular(t, b, choice), b);
      }),
      { numRuns: runs() },
    );
  });

  for (const [name, kernels] of Object.entries(implementations)) {
    it(`the same at the sizes of blocks, ${name}`, () => {
      for (const n of [31, 32, 33, 64, 65, 97]) {
        for (const triangle of ['lower', 'upper'] as const) {
          for (const transposed of [false, true]) {
            const random = createRandom(n);
            const t = matrixFrom(n, n, (i, j) => (i === j ? 2 + random.uniform() : random.normal() / 4));
            const picked = pickedTriangle(t, { triangle, transposed, unitDiagonal: false });
            for (const columns of [1, 40]) {
              const b = randomMatrix(n, columns, random);
              const x = solveTriangular(t, b, { triangle, transposed, kernels });
              expectSmallResidual(picked, x, b);
              expectRatio('solveTriangular: T X = B', `${name}, n = ${n}, ${triangle}`, solutionRatio(picked, x, b));
            }
          }
        }
      }
    });
  }

  it('undoes a multiplication to the componentwise condition number', () => {
    // An M-matrix: positive diagonal, the rest not positive. With b ≥ 0 nothing cancels, and x is right to relative accuracy
    // (Higham, Accuracy and Stability, §8.2).
    const n = 40;
    const random = createRandom(8);
    const t = matrixFrom(n, n, (i, j) => (i === j ? 1 + random.uniform() : j < i ? -random.uniform() : 0));
    const solution = solveTriangular(
      t,
      matrixFrom(n, 1, () => random.uniform()),
    );
    const again = solveTriangular(t, multiply(t, solution));
    for (let i = 0; i < n; i++) expect(at(solution, i, 0)).toBeGreaterThan(0);
    expectRatio('solveTriangular: M-matrix', 'n = 40', distanceRatio(again, solution, Math.hypot(...solution.data), n * n)); // prettier-ignore
  });

  it('gives the same bits for any strides, and leaves its arguments alone', () => {
    const random = createRandom(3);
    const n = 37;
    const t = matrixFrom(n, n, (i, j) => (i === j ? 2 : random.normal() / 8));
    const b = randomMatrix(n, 3, random);
    const wide = matrixFrom(2 * n, 6, (i, j) => (i % 2 === 0 && j % 2 === 0 ? at(b, i / 2, j / 2) : NaN));
    const view = slice(wide, [
      [0, 2 * n, 2],
      [0, 6, 2],
    ]);
    const before = [t.data.slice(), b.data.slice()];
    const expected = solveTriangular(t, b);
    expect(solveTriangular(t, view)).toEqual(expected);
    const turned = matrixFrom(n, n, (i, j) => at(t, j, i));
    expect(solveTriangular(transpose(turned), b)).toEqual(expected);
    expect([t.data, b.data]).toEqual(before);
  });
});

describe('scale', () => {
  it('does not matter, down to subnormal and up to overflow', () => {
    const t = fromNested('f64', [[2, 0], [3, 4]]); // prettier-ignore
    const b = fromNested('f64', [[2], [11]]);
    for (const power of [2 ** -1074, 2 ** -1000, 2 ** -500, 2 ** 500, 2 ** 1020]) {
      expect(toNested(solveTriangular(scaled(t, power), scaled(b, power)))).toEqual([[1], [2]]);
    }
  });

  it('sums that overflow on the way to a solution that does not', () => {
    const a = 2 ** 1023;
    const t = fromNested('f64', [[1, 0, 0], [0, 1, 0], [1, 1, 1]]); // prettier-ignore
    // In the last row, a − (−a) − a.
    expect(toNested(solveTriangular(t, fromNested('f64', [[-a], [a], [a]])))).toEqual([[-a], [a], [a]]);
  });

  it('is the column’s own affair', () => {
    const both = fromNested('f64', [[2 ** -1074, 1.5 * 2 ** 1023], [2 ** -1074, 2 ** 1023]]); // prettier-ignore
    const identity = fromNested('f64', [[1, 0], [0, 1]]); // prettier-ignore
    expect(solveTriangular(identity, both)).toEqual(both);
  });

  it('names the column of a solution that is no double', () => {
    const tiny = fromNested('f64', [[2 ** -600]]);
    // Callers without a type checker may name any triangle.
    const unknown: unknown = 'left';
    expect(() => solveTriangular(zeros('f64', [2, 2]), zeros('f64', [2, 1]), { triangle: unknown as 'lower' })).toThrow('solveTriangular: triangle: expected lower or upper, got left'); // prettier-ignore
    expect(() => solveTriangular(tiny, fromNested('f64', [[1, 2 ** 600]]))).toThrow('solveTriangular: b: expected a solution in the range of doubles, got overflow in column 1'); // prettier-ignore
  });
});

describe('errors', () => {
  it('names the row of a zero on the diagonal', () => {
    const t = fromNested('f64', [[1, 0], [5, 0]]); // prettier-ignore
    expect(() => solveTriangular(t, zeros('f64', [2, 1]))).toThrow('solveTriangular: t: expected a nonzero diagonal, got 0 at row 1'); // prettier-ignore
    expect(() => solveTriangular(zeros('f64', [40, 40]), zeros('f64', [40, 1]))).toThrow('got 0 at row 0');
  });

  it('refuses shapes and NaN', () => {
    const t = fromNested('f64', [[1, 0], [5, 0]]); // prettier-ignore
    expect(() => solveTriangular(t, zeros('f64', [3, 1]))).toThrow('solveTriangular: b: expected 2 rows, got shape [3, 1]'); // prettier-ignore
    expect(() => solveTriangular(t, zeros('f64', [2]))).toThrow('solveTriangular: b: expected 2 axes, got shape [2]');
    expect(() => solveTriangular(zeros('f64', [2, 3]), t)).toThrow('solveTriangular: t: expected a square matrix, got shape [2, 3]'); // prettier-ignore
    expect(() => solveTriangular(t, fromNested('f64', [[1], [NaN]]))).toThrow('solveTriangular: b: expected finite elements, got NaN at [1, 0]'); // prettier-ignore
  });
});
