import { createRandom, fromNested, referenceKernels, transpose, zeros } from '@rankwise/tensor';
import type { Kernels } from '@rankwise/tensor';
import { conditionEstimate, normEstimate } from '@rankwise/linalg';
import type { ConditionOptions } from '@rankwise/linalg';
import { createSimdKernels } from '@rankwise/simd';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { generalCase, seeds, sizes } from '../kit/matrices/arbitraries.ts';
import { at, conjugated, generalGallery, matrixFrom, multiply, randomMatrix, scaled, withSingularValues } from '../kit/matrices/gallery.ts'; // prettier-ignore
import type { Matrix } from '../kit/matrices/gallery.ts';
import { expectRatio, norm1, scalarRatio } from '../kit/matrices/ratios.ts';
import { runs } from '../kit/runs.ts';

// Every product on SIMD, however small.
const simd = await createSimdKernels({ leastWork: 0 });
afterAll(() => simd.dispose());
const implementations: Record<string, Kernels> = { reference: referenceKernels, simd };

const identity = (n: number): Matrix => matrixFrom(n, n, (i, j) => (i === j ? 1 : 0));

/** A⁻¹ by Gauss and Jordan with the largest of all remaining elements as pivot. */
function explicitInverse(a: Matrix): Matrix {
  const [n = 0] = a.shape;
  const wide = matrixFrom(n, 2 * n, (i, j) => (j < n ? at(a, i, j) : j - n === i ? 1 : 0));
  const rows = Array.from({ length: n }, (_, i) => [...wide.data.subarray(2 * n * i, 2 * n * (i + 1))]);
  const columns: number[] = [];
  for (let k = 0; k < n; k++) {
    let [row, column] = [k, -1];
    for (let i = k; i < n; i++) {
      for (let j = 0; j < n; j++) {
        if (columns.includes(j)) continue;
        if (column === -1 || Math.abs(rows[i]![j]!) > Math.abs(rows[row]![column]!)) [row, column] = [i, j];
      }
    }
    columns.push(column);
    [rows[k], rows[row]] = [rows[row]!, rows[k]!];
    const pivot = rows[k]!;
    for (let i = 0; i < n; i++) {
      const factor = i === k ? 1 - 1 / pivot[column]! : rows[i]![column]! / pivot[column]!;
      if (i === k) rows[k] = pivot.map((value) => value / pivot[column]!);
      else rows[i] = rows[i]!.map((value, j) => value - factor * pivot[j]!);
    }
  }
  return matrixFrom(n, n, (i, j) => rows[columns.indexOf(i)]![n + j]!);
}

/** κ / 10 < estimate ≤ κ, where n ε κ² of rounding counts above, as both inverses are known to n ε κ relatively. */
function expectNear(estimate: number, a: Matrix, what: string): void {
  const [n = 0] = a.shape;
  const condition = norm1(a) * norm1(explicitInverse(a));
  const above = Math.max(estimate, condition);
  expectRatio('conditionEstimate: at most κ', what, scalarRatio(above, condition, condition * condition, n));
  expect(estimate / condition, what).toBeGreaterThan(1 / 10);
}

describe('normEstimate', () => {
  const productWith = (b: Matrix) => (x: Float64Array, transposed: boolean) =>
    multiply(
      transposed ? transpose(b) : b,
      matrixFrom(x.length, 1, (i) => x[i]!),
    ).data;

  it('n = 0, 1, 2', () => {
    expect(normEstimate(0, (x) => x)).toBe(0);
    expect(normEstimate(1, (x) => x.map((value) => -3 * value))).toBe(3);
    expect(normEstimate(2, productWith(fromNested('f64', [[1, 2], [0, -3]])))).toBe(5); // prettier-ignore
  });

  it('is exact for non-negative matrices', () => {
    const random = createRandom(2);
    for (const n of [3, 10, 33]) {
      const b = matrixFrom(n, n, () => random.integer(100));
      expect(normEstimate(n, productWith(b))).toBe(norm1(b));
    }
  });

  it('is a lower bound, mostly within 3', () => {
    let total = 0;
    fc.assert(
      fc.property(fc.constantFrom(...sizes.filter((n) => n > 0)), seeds, (n, seed) => {
        const random = createRandom(seed);
        const b = matrixFrom(n, n, () => random.integer(2001) - 1000);
        const share = normEstimate(n, productWith(b)) / norm1(b);
        // Integers, but for the last trial vector and its mean.
        expect(share).toBeLessThanOrEqual(1 + n * Number.EPSILON); // bound: n roundings of a sum of n terms
        expect(share).toBeGreaterThan(1 / 10);
        total += share;
      }),
      { numRuns: runs() },
    );
    expect(total / runs()).toBeGreaterThan(0.8);
  });

  it('tries a unit vector where the gradient prefers none', () => {
    // B = I + 1000 C with C e = Cᵀ e = 0: B and its gradient are blind to C at the first vector.
    const c = fromNested('f64', [[1, -1, -1, 1], [-1, 1, 1, -1], [-1, 1, 1, -1], [1, -1, -1, 1]]); // prettier-ignore
    expect(normEstimate(4, productWith(matrixFrom(4, 4, (i, j) => (i === j ? 1 : 0) + 1000 * at(c, i, j))))).toBe(4001);
  });

  it('asks for at most ten products, and gives Infinity for what is not finite', () => {
    let calls = 0;
    const random = createRandom(4);
    const b = randomMatrix(33, 33, random);
    normEstimate(33, (x, transposed) => {
      calls++;
      return productWith(b)(x, transposed);
    });
    expect(calls).toBeLessThanOrEqual(10);
    expect(normEstimate(3, (x) => x.fill(NaN))).toBe(Infinity);
    // Sums of the images overflow, the norm does not.
    expect(normEstimate(2, (x) => x.map((value) => value * 2 ** 1023))).toBe(2 ** 1023);
    expect(normEstimate(3, (x) => x.map(() => Infinity))).toBe(Infinity);
    expect(() => normEstimate(-1, (x) => x)).toThrow('normEstimate: n: expected a non-negative integer, got -1');
  });
});

describe('conditionEstimate: by hand', () => {
  it('integers', () => {
    expect(conditionEstimate(fromNested('f64', [[1, 6], [0, 4]]))).toBe(17.5); // prettier-ignore
    expect(conditionEstimate(fromNested('f64', [[1, 6], [0, 4]]), { structure: 'upper' })).toBe(17.5); // prettier-ignore
    // ‖A‖ = 4, A⁻¹ = [[1, 0], [-0.75, 0.25]].
    expect(conditionEstimate(fromNested('f64', [[1, 9], [3, 4]]), { structure: 'lower' })).toBe(7); // prettier-ignore
    // ‖A‖ = 6, A⁻¹ = [[5, -2], [-2, 1]].
    const definite = fromNested('f64', [[1, 2], [2, 5]]); // prettier-ignore
    expect(conditionEstimate(definite, { structure: 'definite' })).toBe(49);
    expect(conditionEstimate(definite)).toBe(49);
  });

  it('n = 0 and 1, the identity, singular matrices', () => {
    for (const structure of ['general', 'definite', 'lower', 'upper'] as const) {
      expect(conditionEstimate(zeros('f64', [0, 0]), { structure })).toBe(0);
      expect(conditionEstimate(fromNested('f64', [[7]]), { structure })).toBe(1);
      expect(conditionEstimate(identity(40), { structure })).toBe(1);
      if (structure !== 'definite') expect(conditionEstimate(zeros('f64', [3, 3]), { structure })).toBe(Infinity);
    }
    expect(conditionEstimate(fromNested('f64', [[1, 2], [2, 4]]))).toBe(Infinity); // prettier-ignore
  });

  it('promotes f32', () => {
    expect(conditionEstimate(fromNested('f32', [[1, 6], [0, 4]]))).toBe(17.5); // prettier-ignore
  });
});

describe('conditionEstimate: laws', () => {
  const conditioned = fc.record({ n: fc.constantFrom(...sizes.filter((n) => n > 0)), digits: fc.integer({ min: 0, max: 6 }), seed: seeds }); // prettier-ignore

  it('is a lower bound, within 10, for known singular values', () => {
    fc.assert(
      fc.property(conditioned, ({ n, digits, seed }) => {
        const random = createRandom(seed);
        const values = Array.from({ length: n }, (_, i) => 10 ** ((-digits * i) / Math.max(n - 1, 1)));
        const a = withSingularValues(n, n, values, random);
        expectNear(conditionEstimate(a), a, `n = ${n}, 1e${digits}, seed = ${seed}`);
        const definite = conjugated(values, random);
        const options: ConditionOptions = { structure: 'definite' };
        expectNear(conditionEstimate(definite, options), definite, `definite, n = ${n}, 1e${digits}, seed = ${seed}`);
      }),
      { numRuns: runs() },
    );
  });

  it('the same for triangles, whatever lies beside them', () => {
    fc.assert(
      fc.property(conditioned, fc.constantFrom('lower', 'upper'), ({ n, seed }, structure) => {
        const random = createRandom(seed);
        const full = matrixFrom(n, n, (i, j) => (i === j ? 1 + random.uniform() : random.normal() / 4));
        const picked = matrixFrom(n, n, (i, j) => ((structure === 'lower' ? j <= i : j >= i) ? at(full, i, j) : 0));
        const estimate = conditionEstimate(full, { structure });
        expectNear(estimate, picked, `${structure}, n = ${n}, seed = ${seed}`);
        expect(conditionEstimate(picked, { structure })).toBe(estimate);
      }),
      { numRuns: runs() },
    );
  });

  for (const [name, kernels] of Object.entries(implementations)) {
    it(`the same at the sizes of blocks, ${name}`, () => {
      for (const n of [31, 32, 33, 65]) {
        const random = createRandom(n);
        const values = Array.from({ length: n }, (_, i) => 10 ** ((-4 * i) / (n - 1)));
        const a = withSingularValues(n, n, values, random);
        expectNear(conditionEstimate(a, { kernels }), a, `n = ${n}`);
        const definite = conjugated(values, random);
        expectNear(conditionEstimate(definite, { kernels, structure: 'definite' }), definite, `definite, n = ${n}`);
      }
    });
  }

  it('is large for what is singular to rounding, whatever the gallery has', () => {
    for (const { name } of generalGallery) {
      for (const n of [2, 5, 20]) {
        const { matrix, what } = generalCase(name, n, n, n);
        const estimate = conditionEstimate(matrix);
        expect(estimate, what).toBeGreaterThanOrEqual(1);
        if (!/^(half rank|rank 1)$/.test(name)) continue;
        expectRatio('conditionEstimate: singular', what, scalarRatio(1 / estimate, 0, 1, n));
      }
    }
  });

  it('does not depend on powers of two, strides or the argument’s memory', () => {
    const a = fromNested('f64', [[3, 1, 2], [6, 4, 1], [-2, 5, 7]]); // prettier-ignore
    const before = a.data.slice();
    const estimate = conditionEstimate(a);
    for (const power of [2 ** -1074, 2 ** -1000, 2 ** -480, 2 ** 500, 2 ** 1000, 2 ** 1020]) {
      expect(conditionEstimate(scaled(a, power))).toBe(estimate);
    }
    expect(conditionEstimate(transpose(matrixFrom(3, 3, (i, j) => at(a, j, i))))).toBe(estimate);
    expect(a.data).toEqual(before);
  });

  it('follows condition numbers to the end of the range of doubles', () => {
    const graded = (ratio: number): Matrix => fromNested('f64', [[1, 0], [0, ratio]]); // prettier-ignore
    expect(conditionEstimate(graded(2 ** -1000))).toBe(2 ** 1000);
    expect(conditionEstimate(scaled(graded(2 ** -590), 2 ** -480))).toBe(2 ** 590);
    expect(conditionEstimate(graded(2 ** -1074))).toBe(Infinity);
    // Definite, but with a κ that no double holds.
    const wide = matrixFrom(3, 3, (i, j) => (i === j ? [1e300, 1, 1e-300][i]! : 0));
    expect(conditionEstimate(wide, { structure: 'definite' })).toBe(Infinity);
  });
});

describe('conditionEstimate: errors', () => {
  it('refuses what it is not for', () => {
    expect(() => conditionEstimate(zeros('f64', [2, 3]))).toThrow('conditionEstimate: a: expected a square matrix, got shape [2, 3]'); // prettier-ignore
    expect(() => conditionEstimate(fromNested('f64', [[NaN]]))).toThrow('conditionEstimate: a: expected finite elements, got NaN at [0, 0]'); // prettier-ignore
    const indefinite = fromNested('f64', [[1, 2], [2, 1]]); // prettier-ignore
    expect(() => conditionEstimate(indefinite, { structure: 'definite' })).toThrow('conditionEstimate: a: expected a positive definite matrix, got pivot -3 at row 1'); // prettier-ignore
    // Callers without a type checker may ask for any structure.
    const unknown: unknown = 'banded';
    expect(() => conditionEstimate(identity(2), { structure: unknown as 'general' })).toThrow('conditionEstimate: structure: expected general, definite, lower, upper, got banded'); // prettier-ignore
    const lopsided = fromNested('f64', [[1, 2], [0, 1]]); // prettier-ignore
    expect(() => conditionEstimate(lopsided, { structure: 'definite' })).toThrow(/conditionEstimate: a: expected a symmetric/); // prettier-ignore
  });
});
