/**
 * Faults that were planted in the package and that nothing else saw: each case here fails for one of them. Constants are
 * tested from both sides, what only costs time or digits by what it costs.
 */

import { logDeterminant, luFactors, normEstimate, pca, pivotedQr, prepareRegressor, randomizedSvd, reducedRankRegression, symmetricEigen } from '@rankwise/linalg'; // prettier-ignore
import { DomainError, createRandom, fromNested, referenceKernels, toNested, transpose } from '@rankwise/tensor';
import type { Kernels } from '@rankwise/tensor';
import { describe, expect, it, vi } from 'vitest';
import { deflateInPlace } from '../../packages/linalg/src/eigen/deflation.ts';
import { at, checkLaws, expectRatio, generalCase, generalGallery, identityMatrix, matrixFrom, multiply, norm1, randomOrthonormal, symmetricCase, symmetricGallery, valuesRatio, withSingularValues } from '../kit/matrices/index.ts'; // prettier-ignore
import type { Matrix } from '../kit/matrices/index.ts';
import { generalRows, symmetricRows } from './routines.ts';

const diagonal = (...values: number[]): Matrix => matrixFrom(values.length, values.length, (i, j) => (i === j ? values[i]! : 0)); // prettier-ignore

describe('constants, from both sides', () => {
  it('deflateInPlace: 4 ε of the largest pole', () => {
    const known = (z: number[]): number[] => [
      ...deflateInPlace({ d: Float64Array.of(0, 1), z: Float64Array.from(z), rho: 1, ascending: Int32Array.of(0, 1), support: new Uint8Array(2), vectors: Float64Array.of(1, 0, 0, 1), start: 0, stride: 2 }).known, // prettier-ignore
    ];
    expect(known([1, 4 * Number.EPSILON])).toEqual([1]);
    expect(known([1, 5 * Number.EPSILON])).toEqual([]);
  });

  it('deflateInPlace: 4 ε between two poles after the rotation', () => {
    // c s (d_1 − d_0) = 0.48 gap.
    const known = (gap: number): number[] => [
      ...deflateInPlace({ d: Float64Array.of(1 - gap, 1), z: Float64Array.of(0.6, 0.8), rho: 1, ascending: Int32Array.of(0, 1), support: new Uint8Array(2), vectors: Float64Array.of(1, 0, 0, 1), start: 0, stride: 2 }).known, // prettier-ignore
    ];
    expect(known(8 * Number.EPSILON)).toEqual([0]);
    expect(known(9 * Number.EPSILON)).toEqual([]);
  });

  it('symmetricEigen: asymmetry up to 2^-32 of the largest element', () => {
    const off = (x: number): Matrix => fromNested('f64', [[1, 0], [x, 1]]); // prettier-ignore
    expect(symmetricEigen(off(2 ** -32)).values.shape).toEqual([2]);
    expect(() => symmetricEigen(off(1.01 * 2 ** -32))).toThrow('symmetricEigen: a: expected a symmetric matrix');
  });

  it('moments: an eigenvalue down to −d 2^-32 of the largest', () => {
    for (const find of [pca, prepareRegressor]) {
      for (const d of [2, 4]) {
        const moment = (share: number): Matrix => diagonal(...new Float64Array(d - 1).fill(1), -share * d * 2 ** -32);
        expect(() => find(moment(0.99))).not.toThrow();
        expect(() => find(moment(1.01))).toThrow(DomainError);
      }
    }
  });

  it('reducedRankRegression: a step that adds 2^-10 is the last', () => {
    const regressor = prepareRegressor(identityMatrix(2));
    const cross = diagonal(2, 1);
    // G Gᵀ u for u = (cos t, sin t); ‖Gᵀu‖² before the step and after it.
    const gain = (t: number): number => {
      const before = 4 * Math.cos(t) ** 2 + Math.sin(t) ** 2;
      const [x, y] = [4 * Math.cos(t), Math.sin(t)];
      return 1 - before / ((4 * x * x + y * y) / (x * x + y * y));
    };
    const explained = (share: number, leastGain?: number): number => {
      let [low, high] = [0, 0.5];
      for (let i = 0; i < 60; i++) {
        const middle = (low + high) / 2;
        if (1024 * gain(middle) < share) low = middle;
        else high = middle;
      }
      const initial = fromNested('f64', [[Math.cos(low)], [Math.sin(low)]]);
      const options = leastGain === undefined ? { initial } : { initial, leastGain };
      return reducedRankRegression(regressor, cross, 1, options).singularValues.data[0]!;
    };
    expect(explained(0.99)).toBe(explained(0.99, 1));
    expect(explained(1.01)).toBeGreaterThan(explained(1.01, 1));
  });
});

describe('what costs digits', () => {
  it('pivotedQr: a column that has been worn down keeps its history when it changes places', () => {
    // Column A = Σ δ^i e_i loses all but δ of its length in every step, and is at the place of the pivot each time. What is
    // left of it in the end, δ³, is a tenth of the last column.
    const delta = 2 ** -11;
    const columns = [
      [2, 0, 0, 0, 0],
      [1, delta, delta ** 2, delta ** 3, 0],
      [0, 2 * delta, 0, 0, 0],
      [0, 0, 2 * delta ** 2, 0, 0],
      [0, 0, 0, 0, 10 * delta ** 3],
    ];
    for (let seed = 0; seed < 40; seed++) {
      const q = randomOrthonormal(5, 5, createRandom(seed));
      const { permutation } = pivotedQr(multiply(q, transpose(fromNested('f64', columns))));
      expect([...permutation]).toEqual([0, 2, 3, 4, 1]);
    }
  });

  it('randomizedSvd: as many power iterations as asked for', () => {
    // What is missed shrinks by (1/2)^(2 (2q + 1)): to 2^-66 for q = 16.
    const a = withSingularValues(30, 24, Array.from({ length: 24 }, (_, i) => (i < 4 ? 1 : 0.5)), createRandom(3)); // prettier-ignore
    for (let seed = 0; seed < 5; seed++) {
      const { s } = randomizedSvd(a, { count: 4 }, { seed, oversampling: 0, powerIterations: 16 });
      expectRatio('randomizedSvd: values', 'four of 1, others 1/2', valuesRatio(s.data, new Float64Array(4).fill(1)));
    }
  });

  it('normEstimate: a matrix at which the steps between vertices stop at once', () => {
    // B = I + 1000 C: B e = Bᵀ e = e, and the first unit vector, which no other surpasses then, is an eigenvector.
    const b = fromNested('f64', [[1, 0, 0], [0, 1001, -1000], [0, -1000, 1001]]); // prettier-ignore
    const estimate = normEstimate(
      3,
      (x) =>
        multiply(
          b,
          matrixFrom(3, 1, (i) => x[i]!),
        ).data,
    );
    expect(estimate).toBeGreaterThan(norm1(b) / 3);
    expect(estimate).toBeLessThanOrEqual(norm1(b));
  });

  it('luFactors: pivots far below the largest element count, subnormal ones too', () => {
    for (const p of [2 ** -890, 2 ** -1000, 2 ** -1060]) {
      const { lower, upper } = luFactors(
        fromNested('f64', [
          [1, 0, 0],
          [0, p, p],
          [0, p / 2, p],
        ]),
      );
      expect(toNested(lower)).toEqual([[1, 0, 0], [0, 1, 0], [0, 0.5, 1]]); // prettier-ignore
      expect(toNested(upper)).toEqual([[1, 0, 0], [0, p, p], [0, 0, p / 2]]); // prettier-ignore
      expect(at(upper, 2, 2)).toBe(p / 2);
    }
  });
});

/** By loops of their own: they take no kernels, or have no product to make. */
const WITHOUT_KERNELS = new Set(['jacobiEigen', 'jacobiSvd', 'tridiagonalEigenvalues', 'tridiagonalEigenvectors', 'givensRotation']); // prettier-ignore

describe('the kernels passed in do all products', () => {
  let own = 0;
  const { matmul } = referenceKernels;
  const kernels: Kernels = { ...referenceKernels, matmul: (call) => { own++; matmul(call); } }; // prettier-ignore

  /** Calls of the kernels passed in, and of the default ones. */
  function callsOf(run: () => void): [own: number, others: number] {
    own = 0;
    const others = vi.spyOn(referenceKernels, 'matmul');
    try {
      run();
      return [own, others.mock.calls.length];
    } finally {
      others.mockRestore();
    }
  }

  for (const { name, variant = '', keep = () => true, results, relations } of symmetricRows(kernels)) {
    if (WITHOUT_KERNELS.has(name)) continue;
    it(`${name} ${variant}`, () => {
      const kind = symmetricGallery.filter(keep).find((one) => /^(random|second differences|moment of many samples|definite, condition 2)$/.test(one.name))!; // prettier-ignore
      const [passed, others] = callsOf(() => checkLaws(name, results.length > 0 ? results : relations, symmetricCase(kind.name, 40, 1))); // prettier-ignore
      expect(others).toBe(0);
      expect(passed).toBeGreaterThan(0);
    });
  }

  for (const { name, variant = '', keep = () => true, results, relations } of generalRows(kernels)) {
    // The law of logDeterminant speaks of orders up to 8, where nothing is blocked.
    if (WITHOUT_KERNELS.has(name) || name === 'logDeterminant') continue;
    it(`${name} ${variant}`, () => {
      const kind = generalGallery.filter(keep).find((one) => /^(random|condition 2)$/.test(one.name))!;
      const [passed, others] = callsOf(() => checkLaws(name, results.length > 0 ? results : relations, generalCase(kind.name, 40, 40, 1))); // prettier-ignore
      expect(others).toBe(0);
      expect(passed).toBeGreaterThan(0);
    });
  }

  it('logDeterminant', () => {
    const { matrix } = generalCase('random', 40, 40, 1);
    const [passed, others] = callsOf(() => logDeterminant(matrix, { kernels }));
    expect(others).toBe(0);
    expect(passed).toBeGreaterThan(0);
  });
});
