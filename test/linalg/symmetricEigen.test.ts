import { cast, createRandom, fromNested, referenceKernels, slice, tensorOf, toNested, transpose, zeros } from '@rankwise/tensor'; // prettier-ignore
import type { Kernels } from '@rankwise/tensor';
import { jacobiEigen, symmetricEigen, symmetricEigenvalues } from '@rankwise/linalg';
import { createSimdKernels } from '@rankwise/simd';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { symmetricCase, symmetricCases } from '../kit/matrices/arbitraries.ts';
import {
  at,
  conjugated,
  matrixFrom,
  multiply,
  randomMatrix,
  symmetricGallery,
  symmetrized,
} from '../kit/matrices/gallery.ts';
import type { Matrix } from '../kit/matrices/gallery.ts';
import {
  expectRatio,
  factorizationRatio,
  hasPositiveLargest,
  isDescending,
  norm1,
  orthogonalityRatio,
  scalarRatio,
  valuesRatio,
} from '../kit/matrices/ratios.ts';
import { runs } from '../kit/runs.ts';
import { sturmCount } from '../kit/matrices/sturmCount.ts';

const solvers = { symmetricEigen, jacobiEigen };

// Every product on SIMD, however small.
const simd = await createSimdKernels({ leastWork: 0 });
afterAll(() => simd.dispose());
const implementations: Record<string, Kernels> = { reference: referenceKernels, simd };

function expectDecomposition(
  routine: keyof typeof solvers,
  matrix: Matrix,
  what: string,
  kernels: Kernels = referenceKernels,
): void {
  const { values, vectors } = solvers[routine](matrix, { kernels });
  expectRatio(`${routine}: A = V L V'`, what, factorizationRatio(matrix, vectors, values.data, transpose(vectors)));
  expectRatio(`${routine}: V'V = I`, what, orthogonalityRatio(vectors));
  expect(isDescending(values), what).toBe(true);
  expect(hasPositiveLargest(vectors), what).toBe(true);
}

for (const [name, eigen] of Object.entries(solvers)) {
  describe(`${name}: by hand`, () => {
    it('n = 0, 1', () => {
      expect(eigen(zeros('f64', [0, 0])).values.shape).toEqual([0]);
      expect(eigen(zeros('f64', [0, 0])).vectors.shape).toEqual([0, 0]);
      expect(toNested(eigen(fromNested('f64', [[-7]])).values)).toEqual([-7]);
      expect(toNested(eigen(fromNested('f64', [[-7]])).vectors)).toEqual([[1]]);
    });

    it('a diagonal matrix is only sorted', () => {
      const { values, vectors } = eigen(matrixFrom(3, 3, (i, j) => (i === j ? [2, 5, -1][i]! : 0)));
      expect(toNested(values)).toEqual([5, 2, -1]);
      expect([...vectors.data].map(Math.abs)).toEqual([0, 1, 0, 1, 0, 0, 0, 0, 1]);
    });

    it('[[1, 2], [2, 1]] has 3 and −1 with vectors along the diagonals', () => {
      const { values, vectors } = eigen(
        fromNested('f64', [
          [1, 2],
          [2, 1],
        ]),
      );
      expectRatio(`${name}: by hand`, 'values', valuesRatio(values.data, new Float64Array([3, -1])));
      const h = Math.SQRT1_2;
      expectRatio(`${name}: by hand`, 'vectors', valuesRatio(vectors.data, new Float64Array([h, h, h, -h])));
    });

    it('second differences have 2 − 2 cos(jπ / (n + 1))', () => {
      const { matrix } = symmetricCase('second differences', 12, 0);
      const exact = Float64Array.from({ length: 12 }, (_, i) => 2 - 2 * Math.cos(((12 - i) * Math.PI) / 13));
      expectRatio(`${name}: by hand`, 'second differences', valuesRatio(eigen(matrix).values.data, exact));
    });

    it('extreme scales: subnormal and near overflow', () => {
      expect(toNested(eigen(fromNested('f64', [[5e-324]])).values)).toEqual([5e-324]);
      expect(
        toNested(
          eigen(
            fromNested('f64', [
              [1.5e308, 0],
              [0, -1e308],
            ]),
          ).values,
        ),
      ).toEqual([1.5e308, -1e308]);
    });
  });
}

describe('symmetricEigen: laws', () => {
  for (const { name } of symmetricGallery) {
    it(`decomposes: ${name}`, () => {
      for (const n of [0, 1, 2, 3, 5, 20]) {
        for (const routine of ['symmetricEigen', 'jacobiEigen'] as const) {
          const { matrix, what } = symmetricCase(name, n, n + 1);
          expectDecomposition(routine, matrix, what);
        }
      }
    });
  }

  it('decomposes any gallery matrix of any size', () => {
    fc.assert(
      fc.property(symmetricCases(), ({ matrix, what }) => expectDecomposition('symmetricEigen', matrix, what)),
      { numRuns: runs() },
    );
  });

  for (const [name, kernels] of Object.entries(implementations)) {
    // Panels of 16 rows, leaves of 32, blocks of 64 reflectors, strips of 128.
    it(`decomposes around the blocks (${name})`, () => {
      for (const kind of ['random', 'conjugated, geometric', 'moment with dead and doubled variables']) {
        for (const n of [15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 67, 100, 131, 150]) {
          const { matrix, what } = symmetricCase(kind, n, 7);
          expectDecomposition('symmetricEigen', matrix, what, kernels);
        }
      }
    });

    it(`a part has the values and the subspace of the whole (${name})`, () => {
      for (const kind of ['random', 'conjugated, arithmetic', 'moment of rank n / 2', 'identity']) {
        for (const n of [1, 20, 33, 80]) {
          const { matrix, what } = symmetricCase(kind, n, 5);
          const whole = symmetricEigen(matrix, { kernels });
          for (const count of [0, 1, n >> 2, n >> 1, n]) {
            const part = symmetricEigen(matrix, { kernels, count });
            expect(part.vectors.shape).toEqual([n, count]);
            expectRatio('symmetricEigen, a part: values', what, valuesRatio(part.values.data, whole.values.data.slice(0, count))); // prettier-ignore
            expectRatio("symmetricEigen, a part: V'V = I", what, orthogonalityRatio(part.vectors));
            if (count === 0 || count === n) continue;
            // sin of the angle between the subspaces is n ε ‖A‖ / gap at most (Davis & Kahan).
            const gap = whole.values.data[count - 1]! - whole.values.data[count]!;
            const overlap = multiply(transpose(part.vectors), slice(whole.vectors, [undefined, [count, n]]));
            const scale = norm1(matrix) / gap;
            if (scale < n)
              expectRatio('symmetricEigen, a part: subspace', what, scalarRatio(norm1(overlap), 0, scale, n));
          }
        }
      }
    });
  }

  it('values alone are those of the whole', () => {
    fc.assert(
      fc.property(symmetricCases(), ({ matrix, what }) => {
        const values = symmetricEigenvalues(matrix);
        expect(isDescending(values)).toBe(true);
        expectRatio('symmetricEigenvalues: values', what, valuesRatio(values.data, symmetricEigen(matrix).values.data));
      }),
      { numRuns: runs() },
    );
  });

  it('promotes f32', () => {
    const single = cast(symmetricCase('random', 40, 8).matrix, 'f32');
    expect(symmetricEigen(single)).toEqual(symmetricEigen(cast(single, 'f64')));
    expect(symmetricEigenvalues(single)).toEqual(symmetricEigenvalues(cast(single, 'f64')));
  });

  it('agrees with Jacobi', () => {
    fc.assert(
      fc.property(symmetricCases(), ({ matrix, what }) => {
        const ratio = valuesRatio(symmetricEigen(matrix).values.data, jacobiEigen(matrix).values.data);
        expectRatio('symmetricEigen: values against Jacobi', what, ratio);
      }),
      { numRuns: runs() },
    );
  });

  it('finds the prescribed spectrum', () => {
    const random = createRandom(3);
    const exact = Float64Array.from({ length: 24 }, (_, i) => 4 - i / 2);
    const { values } = symmetricEigen(conjugated([...exact], random));
    expectRatio('symmetricEigen: known spectrum', 'n = 24', valuesRatio(values.data, exact));
  });

  it('agrees with Sturm counts on tridiagonal matrices', () => {
    const random = createRandom(11);
    for (const n of [2, 3, 10, 40]) {
      const diagonal = Float64Array.from({ length: n }, () => random.normal());
      const coupling = Float64Array.from({ length: n }, () => random.normal());
      const matrix = matrixFrom(n, n, (i, j) =>
        i === j ? diagonal[i]! : Math.abs(i - j) === 1 ? coupling[Math.min(i, j)]! : 0,
      );
      const { values } = symmetricEigen(matrix);
      const reach = 30 * n * Number.EPSILON * norm1(matrix);
      for (let j = 0; j < n; j++) {
        // values[j] is the (j + 1)-th largest: at most n − 1 − j lie clearly below it, at least n − j below it or beside it.
        expect(sturmCount(diagonal, coupling, values.data[j]! - reach)).toBeLessThanOrEqual(n - 1 - j);
        expect(sturmCount(diagonal, coupling, values.data[j]! + reach)).toBeGreaterThanOrEqual(n - j);
      }
    }
  });

  it('keeps trace and sum of squares', () => {
    fc.assert(
      fc.property(
        symmetricCases(({ name }) => !/overflow|1e|subnormal/.test(name)),
        ({ matrix, what }) => {
          const [n = 0] = matrix.shape;
          const { values } = symmetricEigen(matrix);
          let trace = 0;
          for (let i = 0; i < n; i++) trace += at(matrix, i, i);
          const sum = values.data.reduce((total, value) => total + value, 0);
          expectRatio('symmetricEigen: trace', what, scalarRatio(sum, trace, norm1(matrix), n * n));
        },
      ),
      { numRuns: runs() },
    );
  });

  it('reads the lower triangle only', () => {
    const { matrix } = symmetricCase('random', 9, 1);
    const nudged = matrixFrom(9, 9, (i, j) => at(matrix, i, j) * (j > i ? 1 + 2 ** -40 : 1));
    expect(symmetricEigen(nudged)).toEqual(symmetricEigen(matrix));
    expect(jacobiEigen(nudged)).toEqual(jacobiEigen(matrix));
  });

  it('gives the same bits for any strides, and leaves its argument alone', () => {
    const { matrix } = symmetricCase('random', 10, 2);
    const before = matrix.data.slice();
    const whole = matrixFrom(24, 24, (i, j) =>
      i % 2 === 0 && j % 2 === 0 && i < 20 && j < 20 ? at(matrix, i / 2, j / 2) : NaN,
    );
    const view = slice(whole, [
      [0, 20, 2],
      [0, 20, 2],
    ]);
    expect(symmetricEigen(view)).toEqual(symmetricEigen(matrix));
    expect(symmetricEigen(transpose(matrix))).toEqual(symmetricEigen(matrix));
    expect(matrix.data).toEqual(before);
  });

  it('scaling by a power of two scales the values and nothing else', () => {
    const { matrix } = symmetricCase('random', 8, 3);
    const plain = symmetricEigen(matrix);
    const large = symmetricEigen(matrixFrom(8, 8, (i, j) => at(matrix, i, j) * 2 ** 100));
    expect(large.vectors).toEqual(plain.vectors);
    expect(large.values.data).toEqual(plain.values.data.map((value) => value * 2 ** 100));
  });
});

describe('jacobiEigen: relative accuracy', () => {
  it('finds tiny eigenvalues of a graded positive definite matrix to full relative accuracy', () => {
    // D B D with B = I + ½ 11ᵀ-like and D = diag(10^-2i): λ_min is the reciprocal of the largest of the inverse, known to
    // relative accuracy because the inverse is D⁻¹ B⁻¹ D⁻¹ elementwise.
    const n = 6;
    const d = (i: number): number => 10 ** (-2 * i);
    const b = matrixFrom(n, n, (i, j) => d(i) * d(j) * (i === j ? 1.5 : 0.5));
    // (I + c 11ᵀ)⁻¹ = I − c/(1 + c n) 11ᵀ, c = ½.
    const inverse = matrixFrom(n, n, (i, j) => ((i === j ? 1 : 0) - 0.5 / (1 + 0.5 * n)) / d(i) / d(j));
    const values = jacobiEigen(b).values.data;
    const reciprocals = jacobiEigen(symmetrized(inverse))
      .values.data.toReversed()
      .map((value) => 1 / value);
    for (let i = 0; i < n; i++) {
      expectRatio('jacobiEigen: relative', `value ${i}`, scalarRatio(values[i]!, reciprocals[i]!, values[i]!, n));
    }
  });
});

describe('errors', () => {
  for (const [name, eigen] of Object.entries(solvers)) {
    it(`${name} refuses what it is not for`, () => {
      expect(() => eigen(zeros('f64', [2, 3]))).toThrow(`${name}: a: expected a square matrix, got shape [2, 3]`);
      expect(() => eigen(zeros('f64', [4]))).toThrow(`${name}: a: expected 2 axes, got shape [4]`);
      expect(() =>
        eigen(
          fromNested('f64', [
            [1, NaN],
            [NaN, 1],
          ]),
        ),
      ).toThrow(`${name}: a: expected finite elements, got NaN at [0, 1]`);
      expect(() => eigen(fromNested('f64', [[Infinity]]))).toThrow(/got Infinity at \[0, 0\]/);
      expect(() =>
        eigen(
          fromNested('f64', [
            [4, 2],
            [1, 4],
          ]),
        ),
      ).toThrow(/symmetric matrix, got .* 0\.25 of the largest/);
      expect(() =>
        eigen(
          fromNested('f64', [
            [0, 1.7e308],
            [-1.7e308, 0],
          ]),
        ),
      ).toThrow(/up to 2 of the largest/);
      // A caller without types may pass integers.
      const integers: unknown = tensorOf(new Int32Array(4), [2, 2]);
      expect(() => eigen(integers as Matrix)).toThrow(`${name}: a: expected dtype f64 or f32, got i32`);
    });
  }

  it('a count that is none, and what is no symmetric matrix, is refused', () => {
    const a = zeros('f64', [3, 3]);
    for (const count of [-1, 4, 1.5, NaN]) {
      expect(() => symmetricEigen(a, { count })).toThrow(`symmetricEigen: count: expected an integer from 0 to 3, got ${count}`); // prettier-ignore
    }
    expect(() => symmetricEigenvalues(zeros('f64', [2, 3]))).toThrow(
      'symmetricEigenvalues: a: expected a square matrix',
    );
  });

  it('a random nonsymmetric matrix is refused', () => {
    expect(() => symmetricEigen(randomMatrix(5, 5, createRandom(1)))).toThrow(/symmetric/);
  });
});
