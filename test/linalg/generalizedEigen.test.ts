import { createRandom, fromNested, referenceKernels, toNested, transpose, zeros } from '@rankwise/tensor';
import type { Kernels } from '@rankwise/tensor';
import { generalizedEigen, symmetricEigen } from '@rankwise/linalg';
import { createSimdKernels } from '@rankwise/simd';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { symmetricCase, symmetricCases } from '../kit/matrices/arbitraries.ts';
import { at, conjugated, matrixFrom, multiply, scaled } from '../kit/matrices/gallery.ts';
import type { Matrix } from '../kit/matrices/gallery.ts';
import { difference, expectRatio, hasPositiveLargest, isDescending, norm1, scalarRatio, valuesRatio } from '../kit/matrices/ratios.ts'; // prettier-ignore
import { runs } from '../kit/runs.ts';

// Every product on SIMD, however small.
const simd = await createSimdKernels({ leastWork: 0 });
afterAll(() => simd.dispose());
const implementations: Record<string, Kernels> = { reference: referenceKernels, simd };

/** Positive definite, eigenvalues from 1 down to 1 / condition. */
function definite(n: number, condition: number, seed: number): Matrix {
  return conjugated(
    Array.from({ length: n }, (_, i) => condition ** (-i / Math.max(n - 1, 1))),
    createRandom(seed),
  );
}

/** ‖A X − B X Λ‖ / (κ n ε ‖A‖ ‖X‖) and ‖XᵀBX − I‖ / (κ n ε), as C = L⁻¹ A L⁻ᵀ is formed to κ ε ‖A‖. */
function expectSolution(what: string, a: Matrix, b: Matrix, condition: number, kernels: Kernels, count?: number): void {
  const { values, vectors } = generalizedEigen(a, b, { kernels, ...(count === undefined ? {} : { count }) });
  const [n = 0, k = 0] = vectors.shape;
  expect([n, k]).toEqual([a.shape[0], count ?? a.shape[0]]);
  expect(isDescending(values)).toBe(true);
  expect(hasPositiveLargest(vectors)).toBe(true);
  const stretched = matrixFrom(n, k, (i, j) => at(vectors, i, j) * values.data[j]!);
  const off = norm1(difference(multiply(a, vectors), multiply(b, stretched)));
  const scale = condition * norm1(a) * norm1(vectors);
  expectRatio('generalizedEigen: A X = B X L (times k)', what, scalarRatio(off, 0, scale, n));
  const identity = matrixFrom(k, k, (i, j) => (i === j ? 1 : 0));
  const gram = multiply(transpose(vectors), multiply(b, vectors));
  expectRatio(
    "generalizedEigen: X'BX = I (times k)",
    what,
    scalarRatio(norm1(difference(gram, identity)), 0, condition, n),
  );
}

describe('generalizedEigen: by hand', () => {
  it('n = 0 and 1', () => {
    expect(generalizedEigen(zeros('f64', [0, 0]), zeros('f64', [0, 0])).vectors.shape).toEqual([0, 0]);
    const { values, vectors } = generalizedEigen(fromNested('f64', [[6]]), fromNested('f64', [[4]]));
    expect([toNested(values), toNested(vectors)]).toEqual([[1.5], [[0.5]]]);
  });

  it('diagonal matrices: quotients', () => {
    const a = fromNested('f64', [[2, 0, 0], [0, -9, 0], [0, 0, 4]]); // prettier-ignore
    const b = fromNested('f64', [[4, 0, 0], [0, 1, 0], [0, 0, 1]]); // prettier-ignore
    const { values, vectors } = generalizedEigen(a, b);
    expect(toNested(values)).toEqual([4, 0.5, -9]);
    expect([...vectors.data].map(Math.abs)).toEqual([0, 0.5, 0, 0, 0, 1, 1, 0, 0]);
  });

  it('extreme scales of A and B cancel, or show in the values alone', () => {
    const a = fromNested('f64', [[2, 1], [1, 2]]); // prettier-ignore
    const b = fromNested('f64', [[4, 0], [0, 4]]); // prettier-ignore
    const plain = generalizedEigen(a, b);
    const up = generalizedEigen(scaled(a, 2 ** 1000), scaled(b, 2 ** 1000));
    expect(up.values).toEqual(plain.values);
    expect(up.vectors.data).toEqual(plain.vectors.data.map((x) => x * 2 ** -500));
    const down = generalizedEigen(scaled(a, 2 ** -1040), scaled(b, 2 ** -1060));
    expect(down.values.data).toEqual(plain.values.data.map((x) => x * 2 ** 20));
    expect(down.vectors.data).toEqual(plain.vectors.data.map((x) => x * 2 ** 530));
  });
});

describe('generalizedEigen: laws', () => {
  for (const [name, kernels] of Object.entries(implementations)) {
    it(`solves for any A of the gallery (${name})`, () => {
      const safe = symmetricCases(({ scale }) => scale === undefined);
      fc.assert(
        fc.property(safe, fc.constantFrom(1, 10, 1e4), ({ matrix, what }, condition) => {
          const [n = 0] = matrix.shape;
          expectSolution(`${what}, condition ${condition}`, matrix, definite(n, condition, n), condition, kernels);
        }),
        { numRuns: Math.min(runs(), 200) },
      );
    });

    it(`solves beyond the blocks, whole and in part (${name})`, () => {
      for (const n of [31, 32, 33, 64, 65, 100]) {
        const { matrix, what } = symmetricCase('random', n, n);
        for (const count of [undefined, 0, 5]) expectSolution(what, matrix, definite(n, 100, n), 100, kernels, count);
      }
    });
  }

  it('B = I is the ordinary problem', () => {
    const { matrix, what } = symmetricCase('random', 20, 3);
    const identity = matrixFrom(20, 20, (i, j) => (i === j ? 1 : 0));
    const ordinary = symmetricEigen(matrix);
    const { values, vectors } = generalizedEigen(matrix, identity);
    expectRatio('generalizedEigen: B = I', what, valuesRatio(values.data, ordinary.values.data));
    expectRatio('generalizedEigen: B = I, vectors', what, valuesRatio(vectors.data, ordinary.vectors.data));
  });

  it('A = B has only ones; A + 3 B has values 3 larger', () => {
    const b = definite(12, 100, 1);
    const ones = generalizedEigen(b, b).values.data;
    expectRatio('generalizedEigen: A = B (times k)', 'n = 12', valuesRatio(ones, new Float64Array(12).fill(1)) / 100);
    const { matrix, what } = symmetricCase('random', 12, 2);
    const shifted = matrixFrom(12, 12, (i, j) => at(matrix, i, j) + 3 * at(b, i, j));
    const moved = generalizedEigen(shifted, b).values.data.map((value) => value - 3);
    expectRatio('generalizedEigen: A + 3 B (times k)', what, valuesRatio(generalizedEigen(matrix, b).values.data, moved) / 100); // prettier-ignore
  });

  it('a congruence changes the vectors only', () => {
    const n = 9;
    const { matrix, what } = symmetricCase('random', n, 4);
    const b = definite(n, 10, 2);
    const s = matrixFrom(n, n, (i, j) => (i === j ? 2 : j < i ? 0.1 : 0));
    const turn = (x: Matrix): Matrix => {
      const product = multiply(multiply(transpose(s), x), s);
      return matrixFrom(n, n, (i, j) => (j <= i ? at(product, i, j) : at(product, j, i)));
    };
    const ratio = valuesRatio(
      generalizedEigen(turn(matrix), turn(b)).values.data,
      generalizedEigen(matrix, b).values.data,
    );
    expectRatio('generalizedEigen: congruence (times k)', what, ratio / 10);
  });
});

describe('errors', () => {
  const a = fromNested('f64', [[1, 2], [2, 1]]); // prettier-ignore

  it('refuses what it is not for', () => {
    expect(() => generalizedEigen(zeros('f64', [2, 3]), a)).toThrow('generalizedEigen: a: expected a square matrix, got shape [2, 3]'); // prettier-ignore
    expect(() => generalizedEigen(a, zeros('f64', [3, 3]))).toThrow(
      'generalizedEigen: b: expected shape [2, 2], got [3, 3]',
    );
    expect(() => generalizedEigen(a, a)).toThrow('generalizedEigen: b: expected a positive definite matrix, got pivot -3 at row 1'); // prettier-ignore
    expect(() => generalizedEigen(a, scaled(a, 2 ** 900))).toThrow(`got pivot ${-3 * 2 ** 900} at row 1`);
    expect(() => generalizedEigen(a, fromNested('f64', [[1, 0], [1, 1]]))).toThrow(/generalizedEigen: b: expected a symmetric/); // prettier-ignore
    expect(() => generalizedEigen(fromNested('f64', [[NaN]]), fromNested('f64', [[1]]))).toThrow(/a: expected finite/);
    expect(() => generalizedEigen(a, fromNested('f64', [[1, 0], [0, 1]]), { count: -1 })).toThrow(/count: expected an integer from 0 to 2/); // prettier-ignore
    expect(() => generalizedEigen(fromNested('f64', [[2 ** 600]]), fromNested('f64', [[2 ** -600]]))).toThrow(/b: expected eigenvalues in the range/); // prettier-ignore
  });
});
