import { createSimdKernels } from '@rankwise/simd';
import { randomizedSvd, svd, truncatedSvd } from '@rankwise/linalg';
import type { RandomizedSvd, RandomizedTarget } from '@rankwise/linalg';
import { DomainError, createRandom, fromNested, referenceKernels, transpose, zeros } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { at, difference, expectRatio, generalCase, generalGallery, hasPositiveLargest, isDescending, matrixFrom, multiply, orthogonalityRatio, randomMatrix, scaled, valuesRatio, withSingularValues } from '../kit/matrices/index.ts'; // prettier-ignore
import type { Matrix } from '../kit/matrices/index.ts';

const simd = await createSimdKernels({ leastWork: 0 });

function errorOf(a: Matrix, { u, s, v }: RandomizedSvd): number {
  const weighted = matrixFrom(u.shape[0] ?? 0, s.data.length, (i, j) => at(u, i, j) * s.data[j]!);
  return svd(difference(a, multiply(weighted, transpose(v)))).s.data[0] ?? 0;
}

describe('randomizedSvd', () => {
  it('is exact for a matrix of low rank, and says so', () => {
    for (const [m, n] of [
      [60, 40],
      [40, 60],
      [50, 50],
    ] as const) {
      // prettier-ignore
      for (const kernels of [referenceKernels, simd]) {
        const a = withSingularValues(m, n, [8, 7, 5, 2], createRandom(m));
        const result = randomizedSvd(a, { count: 4 }, { seed: 3, kernels });
        expectRatio('randomizedSvd: values', `rank 4, ${m} x ${n}`, valuesRatio(result.s.data, new Float64Array([8, 7, 5, 2]))); // prettier-ignore
        expectRatio('randomizedSvd: error', `rank 4, ${m} x ${n}`, errorOf(a, result) / (8 * 60 * Number.EPSILON));
        // The bound is 8 times the longest of ten images of normal vectors, of some √60 each.
        expectRatio('randomizedSvd: bound', `rank 4, ${m} x ${n}`, result.errorBound / (8 * 60 * 60 * Number.EPSILON));
        expect(result.errorBound).toBeGreaterThanOrEqual(errorOf(a, result));
        expect([result.u.shape, result.v.shape]).toEqual([[m, 4], [n, 4]]); // prettier-ignore
      }
    }
  });

  it('the bound holds, and is not loose, for every kind', () => {
    for (const kind of generalGallery.filter(({ scale }) => scale === undefined)) {
      for (const [m, n, count] of [
        [12, 12, 4],
        [20, 7, 3],
        [7, 20, 3],
      ] as const) {
        // prettier-ignore
        const one = generalCase(kind.name, m, n, m + n);
        const result = randomizedSvd(one.matrix, { count }, { seed: 5, oversampling: 2 });
        expect(errorOf(one.matrix, result), one.what).toBeLessThanOrEqual(result.errorBound);
        expectRatio("randomizedSvd: U'U = I", one, orthogonalityRatio(result.u));
        expectRatio("randomizedSvd: V'V = I", one, orthogonalityRatio(result.v));
        expect(isDescending(result.s)).toBe(true);
        expect(hasPositiveLargest(result.u)).toBe(true);
      }
    }
  });

  it('the bound holds for hundreds of seeds, though one probe may fail once in ten', () => {
    const values = Array.from({ length: 30 }, (_, i) => 1 / (1 + i));
    const a = withSingularValues(35, 30, values, createRandom(11));
    let failures = 0;
    for (let seed = 0; seed < 200; seed++) {
      const result = randomizedSvd(a, { count: 5 }, { seed, oversampling: 0, powerIterations: 0 });
      const error = errorOf(a, result);
      expect(error).toBeLessThanOrEqual(result.errorBound);
      // No approximation of rank 5 is nearer than σ_6; a bound for it is within 10 √(2/π) √30 · 3 of what is missed.
      expect(error).toBeGreaterThanOrEqual(values[5]! * (1 - 30 * Number.EPSILON)); // bound: n roundings of the norm
      expect(result.errorBound).toBeLessThanOrEqual(150 * error);
      const single = randomizedSvd(a, { count: 5 }, { seed, probes: 1, oversampling: 0, powerIterations: 0 });
      if (errorOf(a, single) > single.errorBound) failures++;
    }
    // At most 200 / 10 are expected; a bound that never failed would be just as right.
    expect(failures).toBeLessThanOrEqual(20);
  });

  it('power iterations bring the error to the best', () => {
    const values = Array.from({ length: 60 }, (_, i) => 1 / Math.sqrt(1 + i));
    const a = withSingularValues(64, 60, values, createRandom(12));
    const best = truncatedSvd(a, 10).error;
    const mean = (powerIterations: number): number => {
      const errors = Array.from({ length: 10 }, (_, seed) => errorOf(a, randomizedSvd(a, { count: 10 }, { seed, powerIterations }))); // prettier-ignore
      return errors.reduce((sum, error) => sum + error, 0) / errors.length;
    };
    const means = [0, 1, 4].map(mean);
    expect(means[0]).toBeGreaterThan(means[1]!);
    expect(means[1]).toBeGreaterThan(means[2]!);
    // Within the (2q + 1)th root of the factor that q = 0 would have, here below 1 + √60 (Theorem 10.6, Corollary 10.10).
    expect(means[2]! / best).toBeLessThan((1 + Math.sqrt(60)) ** (1 / 9));
  });

  it('meets a tolerance with a bound, and with few values', () => {
    const values = Array.from({ length: 80 }, (_, i) => 2 ** -i);
    const a = withSingularValues(90, 80, values, createRandom(13));
    for (const power of [3, 12, 25, 40]) {
      const tolerance = 2 ** -power;
      const result = randomizedSvd(a, { tolerance }, { seed: 1 });
      expect(result.errorBound).toBeLessThanOrEqual(tolerance);
      expect(errorOf(a, result)).toBeLessThanOrEqual(tolerance);
      // σ_{c+1} ≤ tolerance first at c = power; the bound may ask for log₂ of its own factor more.
      expect(result.s.data.length).toBeGreaterThanOrEqual(power);
      expect(result.s.data.length).toBeLessThanOrEqual(power + Math.log2(10 * Math.sqrt(90) * 3));
    }
  });

  it('keeps all values where rounding exceeds the tolerance, and none where the matrix is within it', () => {
    const a = randomMatrix(20, 12, createRandom(14));
    const all = randomizedSvd(a, { tolerance: 0 }, { seed: 1 });
    expect(all.s.shape).toEqual([12]);
    expectRatio('randomizedSvd: all values', '20 x 12', valuesRatio(all.s.data, svd(a).s.data));
    const none = randomizedSvd(a, { tolerance: 1000 }, { seed: 1 });
    expect([none.u.shape, none.s.shape, none.v.shape]).toEqual([[20, 0], [0], [12, 0]]);
    expect(none.errorBound).toBeGreaterThanOrEqual(svd(a).s.data[0]!);
    expect(randomizedSvd(zeros('f64', [5, 4]), { tolerance: 0 }, { seed: 1 })).toMatchObject({ errorBound: 0 });
    expect(randomizedSvd(zeros('f64', [0, 4]), { count: 0 }, { seed: 1 })).toMatchObject({ errorBound: 0 });
  });

  it('is the same for the same seed, and scales with powers of two at the ends of the range', () => {
    const a = withSingularValues(20, 18, [4, 2, 1, 0.5], createRandom(15));
    const plain = randomizedSvd(a, { count: 3 }, { seed: 7 });
    expect(randomizedSvd(a, { count: 3 }, { seed: 7 })).toEqual(plain);
    expect(randomizedSvd(a, { count: 3 }, { seed: 8 }).u).not.toEqual(plain.u);
    for (const factor of [2 ** 900, 2 ** -900]) {
      const large = randomizedSvd(scaled(a, factor), { count: 3 }, { seed: 7 });
      expectRatio('randomizedSvd: scaled', `${factor}`, valuesRatio(large.s.data.map((value) => value / factor), plain.s.data)); // prettier-ignore
      expect(large.errorBound / factor).toBeGreaterThanOrEqual(0.5);
      const adaptive = randomizedSvd(scaled(a, factor), { tolerance: 0.75 * factor }, { seed: 7 });
      expect(adaptive.s.shape).toEqual([3]);
    }
  });

  it('states a probability for all attempts that a tolerance may take', () => {
    const a = zeros('f64', [90, 80]);
    const probability = (target: RandomizedTarget, probes: number, matrix = a): number =>
      randomizedSvd(matrix, target, { seed: 1, probes }).probability;
    expect(probability({ count: 3 }, 3)).toBe(1 - 0.001);
    // 16, 32, 64 and at last 80 random vectors, whether or not the first were enough.
    expect(probability({ tolerance: 1 }, 3)).toBe(1 - 4 * 0.001);
    expect(probability({ tolerance: 1 }, 3, zeros('f64', [16, 40]))).toBe(1 - 0.001);
    expect(probability({ tolerance: 1 }, 3, zeros('f64', [17, 40]))).toBe(1 - 2 * 0.001);
    expect(probability({ tolerance: 1 }, 3, zeros('f64', [0, 4]))).toBe(1 - 0.001);
  });

  it('refuses what it is not for', () => {
    const a = zeros('f64', [3, 2]);
    expect(() => randomizedSvd(a, { count: 3 }, { seed: 1 })).toThrow('randomizedSvd: count: expected an integer from 0 to 2, got 3'); // prettier-ignore
    expect(() => randomizedSvd(a, { tolerance: -1 }, { seed: 1 })).toThrow('randomizedSvd: tolerance: expected a number of at least 0, got -1'); // prettier-ignore
    expect(() => randomizedSvd(a, { tolerance: NaN }, { seed: 1 })).toThrow(DomainError);
    for (const seed of [-1, 0.5, NaN, 2 ** 53]) {
      expect(() => randomizedSvd(a, { count: 1 }, { seed })).toThrow(`randomizedSvd: seed: expected an integer from 0 to 2^53 - 1, got ${seed}`); // prettier-ignore
    }
    // @ts-expect-error: without a type checker the options may be forgotten.
    expect(() => randomizedSvd(a, { count: 1 })).toThrow('randomizedSvd: seed: expected an integer from 0 to 2^53 - 1, got undefined'); // prettier-ignore
    expect(() => randomizedSvd(a, { tolerance: NaN }, { seed: -1 })).toThrow(DomainError);
    for (const [option, least] of [
      ['oversampling', 0],
      ['powerIterations', 0],
      ['probes', 1],
    ] as const) {
      // prettier-ignore
      expect(() => randomizedSvd(a, { count: 1 }, { seed: 1, [option]: least - 1 })).toThrow(`randomizedSvd: ${option}: expected an integer of at least ${least}, got ${least - 1}`); // prettier-ignore
    }
    expect(() => randomizedSvd(zeros('f64', [3]), { count: 1 }, { seed: 1 })).toThrow('randomizedSvd: a: expected 2 axes, got shape [3]'); // prettier-ignore
    expect(() => randomizedSvd(fromNested('f64', [[NaN]]), { count: 1 }, { seed: 1 })).toThrow('randomizedSvd: a: expected finite elements'); // prettier-ignore
  });
});
