import { createRandom, fromNested, referenceKernels, toNested, transpose, zeros } from '@rankwise/tensor';
import type { Kernels } from '@rankwise/tensor';
import { createSimdKernels } from '@rankwise/simd';
import { completeOrthogonal, pivotedQr, svd } from '@rankwise/linalg';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generalCase, generalCases } from '../kit/matrices/arbitraries.ts';
import { at, generalGallery, matrixFrom, multiply, scaled, withSingularValues } from '../kit/matrices/gallery.ts';
import type { Matrix } from '../kit/matrices/gallery.ts';
import { expectRatio, orthogonalFactorRatio, orthogonalityRatio, valuesRatio } from '../kit/matrices/ratios.ts';
import type { CaseName } from '../kit/matrices/ratios.ts';
import { runs } from '../kit/runs.ts';

function expectComplete(a: Matrix, what: CaseName, kernels: Kernels = referenceKernels): void {
  const [m = 0, n = 0] = a.shape;
  const { q, t, z, rank, threshold } = completeOrthogonal(a, { kernels });
  const pivoted = pivotedQr(a, { kernels });
  expect(rank).toBe(pivoted.rank);
  expect(threshold).toBe(pivoted.threshold);
  expect(q.shape).toEqual([m, rank]);
  expect(t.shape).toEqual([rank, rank]);
  expect(z.shape).toEqual([n, rank]);
  for (let i = 0; i < rank; i++) {
    for (let j = 0; j < i; j++) expect(at(t, i, j)).toBe(0);
    expect(at(t, i, i)).not.toBe(0);
  }
  expectRatio("completeOrthogonal: Q'Q = I", what, orthogonalityRatio(q));
  expectRatio("completeOrthogonal: Z'Z = I", what, orthogonalityRatio(z));
  // T and Z alone must have the scale of A between them: T Zᵀ stays in range when A's largest element is taken out.
  const unit = Math.max(...Array.from(a.data, Math.abs), 0) || 1;
  const inner = multiply(scaled(t, 1 / unit), transpose(z));
  if (Number.isFinite(1 / unit)) {
    expectRatio('completeOrthogonal: A = Q T Z', what, orthogonalFactorRatio(scaled(a, 1 / unit), q, inner));
  }
}

describe('by hand', () => {
  it('one row: T is its length', () => {
    const { q, t, z, rank } = completeOrthogonal(fromNested('f64', [[4, 3], [0, 0]])); // prettier-ignore
    expect(rank).toBe(1);
    expect(toNested(t)).toEqual([[-5]]);
    expect(toNested(q)).toEqual([[1], [0]]);
    expect(toNested(z)).toEqual([[-0.8], [-0.6]]);
  });

  it('rank 0 has empty factors', () => {
    for (const a of [zeros('f64', [3, 2]), zeros('f64', [0, 2]), zeros('f64', [3, 0]), zeros('f64', [0, 0])]) {
      const { q, t, z, rank } = completeOrthogonal(a);
      expect([rank, q.shape, t.shape, z.shape]).toEqual([0, [a.shape[0], 0], [0, 0], [a.shape[1], 0]]);
    }
  });

  it('a tolerance leaves out what is below it', () => {
    const a = fromNested('f64', [[8, 0], [0, 1]]); // prettier-ignore
    expect(toNested(completeOrthogonal(a, { tolerance: 0.25 }).t)).toEqual([[8]]);
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
        expectComplete(drawn.matrix, drawn);
      }
    });
  }

  it('factors any gallery matrix of any shape', () => {
    fc.assert(
      fc.property(generalCases(), (drawn) => expectComplete(drawn.matrix, drawn)),
      { numRuns: runs() },
    );
  });

  it('clears rows in blocks, with simd kernels as well', async () => {
    const kernels = await createSimdKernels();
    for (const [m, n] of [
      [31, 40],
      [32, 33],
      [33, 100],
      [64, 65],
      [65, 70],
    ] as const) {
      const drawn = generalCase('random', m, n, 1);
      expectComplete(drawn.matrix, drawn);
      expectComplete(drawn.matrix, drawn, kernels);
    }
    const drawn = generalCase('half rank', 130, 140, 1);
    expectComplete(drawn.matrix, drawn);
    expectComplete(drawn.matrix, drawn, kernels);
  });

  it('T has the singular values of A, and Q and Z span what U and V do', () => {
    const random = createRandom(4);
    for (const [m, n] of [
      [40, 30],
      [30, 40],
    ] as const) {
      const values = Array.from({ length: 20 }, (_, i) => 20 - i);
      const a = withSingularValues(m, n, values, random);
      const { q, t, z, rank } = completeOrthogonal(a);
      expect(rank).toBe(20);
      expectRatio(
        'completeOrthogonal: values of T',
        `${m} x ${n}`,
        valuesRatio(svd(t).s.data, Float64Array.from(values)),
      );
      const { u, v } = svd(a);
      const leading = (matrix: Matrix): Matrix => matrixFrom(matrix.shape[0] ?? 0, 20, (i, j) => at(matrix, i, j));
      // A product of two orthonormal bases of one space is orthogonal.
      const what = `${m} x ${n}`;
      expectRatio('completeOrthogonal: range', what, orthogonalityRatio(multiply(transpose(leading(u)), q)));
      expectRatio('completeOrthogonal: row space', what, orthogonalityRatio(multiply(transpose(leading(v)), z)));
    }
  });
});

describe('errors', () => {
  it('refuses what it is not for', () => {
    expect(() => completeOrthogonal(zeros('f64', [2]))).toThrow(
      'completeOrthogonal: a: expected 2 axes, got shape [2]',
    );
    expect(() => completeOrthogonal(fromNested('f64', [[NaN]]))).toThrow('completeOrthogonal: a: expected finite elements, got NaN at [0, 0]'); // prettier-ignore
    expect(() => completeOrthogonal(zeros('f64', [1, 1]), { tolerance: 2 })).toThrow('completeOrthogonal: tolerance: expected a number in [0, 1), got 2'); // prettier-ignore
  });
});
