import { createRandom, fromNested, referenceKernels, slice, toNested, transpose, zeros } from '@rankwise/tensor';
import type { Kernels } from '@rankwise/tensor';
import { createSimdKernels } from '@rankwise/simd';
import { applyQ, pivotedQr, qr, svd, thinQ } from '@rankwise/linalg';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generalCase, generalCases } from '../kit/matrices/arbitraries.ts';
import {
  at,
  generalGallery,
  matrixFrom,
  multiply,
  randomMatrix,
  randomOrthonormal,
  scaled,
  withSingularValues,
} from '../kit/matrices/gallery.ts';
import type { Matrix } from '../kit/matrices/gallery.ts';
import { expectRatio, orthogonalFactorRatio, orthogonalityRatio, valuesRatio } from '../kit/matrices/ratios.ts';
import type { CaseName } from '../kit/matrices/ratios.ts';
import { runs } from '../kit/runs.ts';

const permuted = (a: Matrix, order: ArrayLike<number>): Matrix =>
  matrixFrom(a.shape[0] ?? 0, order.length, (i, j) => at(a, i, order[j]!));

const pivotsOf = (r: Matrix): Float64Array =>
  Float64Array.from({ length: r.shape[0] ?? 0 }, (_, i) => Math.abs(at(r, i, i)));

function expectPivotedQr(a: Matrix, what: CaseName, kernels: Kernels = referenceKernels): void {
  const [m = 0, n = 0] = a.shape;
  const k = Math.min(m, n);
  const { factors, permutation, rank, threshold } = pivotedQr(a, { kernels });
  const { r } = factors;
  expect([...permutation].toSorted((i, j) => i - j)).toEqual(Array.from({ length: n }, (_, j) => j));
  expect(r.shape).toEqual([k, n]);
  const q = thinQ(factors, { kernels });
  expectRatio('pivotedQr: A P = Q R', what, orthogonalFactorRatio(permuted(a, permutation), q, r));
  expectRatio("pivotedQr: Q'Q = I", what, orthogonalityRatio(q));
  for (let i = 0; i < k; i++) for (let j = 0; j < i; j++) expect(at(r, i, j)).toBe(0);
  expectDominantPivots(r);
  const pivots = pivotsOf(r);
  expect(rank).toBe(pivots.findIndex((pivot) => pivot <= threshold) < 0 ? k : pivots.findIndex((pivot) => pivot <= threshold)); // prettier-ignore
}

/** r_ii² ≥ Σ r_kj² over i ≤ k ≤ j, for j > i: no column is longer than the one chosen. */
function expectDominantPivots(r: Matrix): void {
  const [k = 0, n = 0] = r.shape;
  const unit = Math.max(...Array.from(r.data, Math.abs), Number.MIN_VALUE);
  // The subnormal among the elements have roundings that are not relative, so many times 2^-1074.
  const coarse = (n * Number.MIN_VALUE) / unit;
  for (let j = 0; j < n; j++) {
    let left = 0;
    for (let i = Math.min(j, k - 1); i >= 0; i--) {
      left = Math.hypot(left, at(r, i, j) / unit);
      const pivot = Math.abs(at(r, i, i)) / unit;
      expect(left).toBeLessThanOrEqual(pivot * (1 + n * Math.sqrt(Number.EPSILON)) + n * n * Number.EPSILON + coarse); // bound: downdated squares keep n √ε relatively, R itself n² ε
    }
  }
}

describe('by hand', () => {
  it('takes the longer column first', () => {
    const { factors, permutation, rank, threshold } = pivotedQr(fromNested('f64', [[1, 0], [0, 2]])); // prettier-ignore
    expect([...permutation]).toEqual([1, 0]);
    expect(toNested(factors.r)).toEqual([[-2, 0], [0, -1]]); // prettier-ignore
    expect(rank).toBe(2);
    expect(threshold).toBe(4 * Number.EPSILON);
  });

  it('zero, one element, nothing', () => {
    expect(pivotedQr(zeros('f64', [3, 2])).rank).toBe(0);
    expect(pivotedQr(fromNested('f64', [[-7]])).rank).toBe(1);
    expect(pivotedQr(zeros('f64', [0, 3])).factors.r.shape).toEqual([0, 3]);
    expect([...pivotedQr(zeros('f64', [0, 3])).permutation]).toEqual([0, 1, 2]);
    expect(pivotedQr(zeros('f64', [3, 0])).rank).toBe(0);
  });

  it('equal columns: the first is taken, the second counts as zero', () => {
    const { permutation, rank } = pivotedQr(fromNested('f64', [[3, 3], [4, 4]])); // prettier-ignore
    expect([...permutation]).toEqual([0, 1]);
    expect(rank).toBe(1);
  });

  it('the tolerance decides', () => {
    const a = fromNested('f64', [[8, 0], [0, 1]]); // prettier-ignore
    expect(pivotedQr(a, { tolerance: 0.125 }).rank).toBe(1);
    expect(pivotedQr(a, { tolerance: 0.124 }).rank).toBe(2);
    expect(pivotedQr(a, { tolerance: 0.125 }).threshold).toBe(1);
  });

  it('extreme scales', () => {
    const a = fromNested('f64', [[1, 0], [0, 2]]); // prettier-ignore
    for (const scale of [2 ** -1074, 2 ** -1000, 2 ** 1000, 2 ** 1022]) {
      const { factors, rank } = pivotedQr(scaled(a, scale));
      expect(rank).toBe(2);
      expect(pivotsOf(factors.r)).toEqual(new Float64Array([2 * scale, scale]));
    }
  });
});

describe('laws', () => {
  for (const { name } of generalGallery) {
    it(`factors: ${name}`, () => {
      for (const [m, n] of [
        [1, 1],
        [5, 3],
        [3, 5],
        [33, 33],
        [40, 65],
      ] as const) {
        const drawn = generalCase(name, m, n, m + n);
        expectPivotedQr(drawn.matrix, drawn);
      }
    });
  }

  it('factors any gallery matrix of any shape', () => {
    fc.assert(
      fc.property(generalCases(), (drawn) => expectPivotedQr(drawn.matrix, drawn)),
      { numRuns: runs() },
    );
  });

  it('factors at the boundaries of panels, with simd kernels as well', async () => {
    const kernels = await createSimdKernels();
    for (const kind of ['random', 'half rank', 'graded columns', 'known singular values, geometric']) {
      for (const [m, n] of [
        [31, 32],
        [32, 33],
        [65, 64],
        [64, 65],
        [100, 97],
      ] as const) {
        const drawn = generalCase(kind, m, n, 1);
        expectPivotedQr(drawn.matrix, drawn);
        expectPivotedQr(drawn.matrix, drawn, kernels);
      }
    }
  });

  it('Q is applied without being formed', () => {
    const a = randomMatrix(40, 35, createRandom(8));
    const { factors, permutation } = pivotedQr(a);
    const r = applyQ(factors, permuted(a, permutation), { transposed: true });
    expectRatio("pivotedQr: Q'A = R", '40 x 35', orthogonalFactorRatio(slice(r, [[0, 35]]), identity(35), factors.r)); // prettier-ignore
  });

  it('without need of pivoting it is qr', () => {
    // Orthogonal columns that descend stay in their order whatever is done to them.
    const q = randomOrthonormal(50, 40, createRandom(3));
    const a = matrixFrom(50, 40, (i, j) => at(q, i, j) * 2 ** -j);
    const { factors, permutation } = pivotedQr(a);
    expect([...permutation]).toEqual(Array.from({ length: 40 }, (_, j) => j));
    expectRatio('pivotedQr: against qr', '50 x 40', valuesRatio(pivotsOf(factors.r), pivotsOf(qr(a).r)));
  });
});

describe('invariance', () => {
  const a = withSingularValues(45, 40, Array.from({ length: 40 }, (_, i) => 2 ** (-i / 4)), createRandom(5)); // prettier-ignore
  const { factors, permutation, rank } = pivotedQr(a);

  it('orthogonal transforms from the left change neither order nor |r_ij|', () => {
    const q = randomOrthonormal(45, 45, createRandom(6));
    const turned = pivotedQr(multiply(q, a));
    expect(turned.permutation).toEqual(permutation);
    expectRatio('pivotedQr: Q A', 'pivots', valuesRatio(pivotsOf(turned.factors.r), pivotsOf(factors.r)));
  });

  it('permuted columns give the same pivots in the same order', () => {
    const order = Int32Array.from({ length: 40 }, (_, j) => (7 * j + 3) % 40);
    const shuffled = pivotedQr(permuted(a, order));
    expect(shuffled.permutation.map((j) => order[j]!)).toEqual(permutation);
    expect(pivotsOf(shuffled.factors.r)).toEqual(pivotsOf(factors.r));
  });

  it('powers of two scale R and the threshold and nothing else', () => {
    for (const power of [2 ** -900, 2 ** 900]) {
      const large = pivotedQr(scaled(a, power));
      expect(large.factors.r).toEqual(scaled(factors.r, power));
      expect(large.rank).toBe(rank);
      expect(large.permutation).toEqual(permutation);
    }
  });

  it('gives the same bits for any strides, and leaves its argument alone', () => {
    const copy = matrixFrom(40, 45, (i, j) => at(a, j, i));
    const before = copy.data.slice();
    expect(pivotedQr(transpose(copy)).factors.r).toEqual(factors.r);
    expect(copy.data).toEqual(before);
  });
});

describe('rank', () => {
  it('of matrices of exact rank', () => {
    for (const [m, n] of [
      [9, 9],
      [33, 20],
      [20, 33],
      [70, 66],
    ] as const) {
      const k = Math.min(m, n);
      const ranks = {
        zero: 0,
        identity: k,
        'rank 1': 1,
        'half rank': Math.floor(k / 2),
        'all ones': 1,
        'one element': 1,
        random: k,
        'random subnormal': k,
        'random near overflow': k,
      };
      for (const [kind, rank] of Object.entries(ranks)) {
        const { matrix, what } = generalCase(kind, m, n, 2);
        expect(pivotedQr(matrix).rank, what).toBe(rank);
      }
    }
  });

  it('of zero and doubled columns: one for each different column', () => {
    const { matrix } = generalCase('zero and doubled columns', 40, 24, 3);
    const sources = new Set(Array.from({ length: 24 }, (_, j) => j).filter((j) => j % 3 !== 1).map((j) => (j % 4 === 3 ? j - 1 : j))); // prettier-ignore
    expect(pivotedQr(matrix).rank).toBe(sources.size);
  });

  it('σ_i is at most (n − i) |r_ii|, so that too low a rank is never found', () => {
    fc.assert(
      fc.property(generalCases(), ({ matrix, what }) => {
        const [, n = 0] = matrix.shape;
        const s = svd(matrix).s.data;
        const pivots = pivotsOf(pivotedQr(matrix).factors.r);
        const slack = 30 * (n + 1) * Number.EPSILON * (s[0] ?? 0) + n * Number.MIN_VALUE; // bound: the threshold of ratios, for s and R
        for (let i = 0; i < s.length; i++) {
          // σ_i ≤ ‖R(i.., i..)‖_F ≤ √(n − i) √(n − i) |r_ii|, as no trailing column is longer than the pivot.
          expect(s[i]!, what).toBeLessThanOrEqual((n - i) * pivots[i]! * (1 + n * Math.sqrt(Number.EPSILON)) + slack); // bound: as for the pivots, and the ratio of svd
        }
      }),
      { numRuns: runs() },
    );
  });

  it('the Kahan matrix: no pivot looks small while σ_min is', () => {
    // Nudged so that rounding does not change the order (Higham, Accuracy and Stability, §8.3): then R = A.
    const n = 60;
    const [sine, cosine] = [Math.sin(1.2), Math.cos(1.2)];
    const a = matrixFrom(n, n, (i, j) => (1 - 100 * n * Number.EPSILON * j) * sine ** i * (i === j ? 1 : j > i ? -cosine : 0)); // prettier-ignore
    const { factors, permutation, rank } = pivotedQr(a);
    expect([...permutation]).toEqual(Array.from({ length: n }, (_, j) => j));
    expect(rank).toBe(n);
    expectRatio('pivotedQr: Kahan', 'pivots', valuesRatio(pivotsOf(factors.r), pivotsOf(a)));
    const s = svd(a).s.data;
    const last = pivotsOf(factors.r)[n - 1]!;
    expect(s[n - 1]!).toBeLessThan(last / 1000);
  });
});

describe('errors', () => {
  it('refuses what it is not for', () => {
    expect(() => pivotedQr(zeros('f64', [2]))).toThrow('pivotedQr: a: expected 2 axes, got shape [2]');
    expect(() => pivotedQr(fromNested('f64', [[1], [Infinity]]))).toThrow('pivotedQr: a: expected finite elements, got Infinity at [1, 0]'); // prettier-ignore
    for (const bad of [-1, 1, NaN]) {
      expect(() => pivotedQr(zeros('f64', [1, 1]), { tolerance: bad })).toThrow(`pivotedQr: tolerance: expected a number in [0, 1), got ${bad}`); // prettier-ignore
    }
  });
});

function identity(n: number): Matrix {
  return matrixFrom(n, n, (i, j) => (i === j ? 1 : 0));
}
