import { createRandom, fromNested, toNested, transpose, zeros } from '@rankwise/tensor';
import { lq, qr } from '@rankwise/linalg';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generalCases } from '../kit/matrices/arbitraries.ts';
import { at, randomMatrix } from '../kit/matrices/gallery.ts';
import type { Matrix } from '../kit/matrices/gallery.ts';
import { expectRatio, orthogonalFactorRatio, orthogonalityRatio } from '../kit/matrices/ratios.ts';
import type { CaseName } from '../kit/matrices/ratios.ts';
import { runs } from '../kit/runs.ts';

function expectLq(a: Matrix, what: CaseName): void {
  const [m = 0, n = 0] = a.shape;
  const { l, q } = lq(a);
  const k = Math.min(m, n);
  expect(l.shape).toEqual([m, k]);
  expect(q.shape).toEqual([k, n]);
  expectRatio('lq: A = L Q', what, orthogonalFactorRatio(transpose(a), transpose(q), transpose(l)));
  expectRatio("lq: Q Q' = I", what, orthogonalityRatio(transpose(q)));
  for (let i = 0; i < m; i++) for (let j = i + 1; j < k; j++) expect(at(l, i, j)).toBe(0);
}

describe('lq', () => {
  it('by hand: rows that lie along the axes', () => {
    const { l, q } = lq(fromNested('f64', [[0, 4], [2, 1]])); // prettier-ignore
    expect(toNested(l)).toEqual([[-4, 0], [-1, -2]]); // prettier-ignore
    expect(toNested(q)).toEqual([[0, -1], [-1, 0]]); // prettier-ignore
  });

  it('one row, one column, nothing', () => {
    expect(toNested(lq(fromNested('f64', [[3, 4]])).l)).toEqual([[-5]]);
    expect(toNested(lq(fromNested('f64', [[3], [4]])).l)).toEqual([[3], [4]]);
    expect(lq(zeros('f64', [0, 3])).q.shape).toEqual([0, 3]);
    expect(lq(zeros('f64', [3, 0])).l.shape).toEqual([3, 0]);
  });

  it('factors any gallery matrix of any shape', () => {
    fc.assert(
      fc.property(generalCases(), (drawn) => expectLq(drawn.matrix, drawn)),
      { numRuns: runs() },
    );
  });

  it('is the QR factorisation of the transpose', () => {
    const a = randomMatrix(40, 70, createRandom(4));
    const { l, q } = lq(a);
    const { q: qOfTranspose, r } = qr(transpose(a));
    expect(toNested(l)).toEqual(toNested(transpose(r)));
    expect(toNested(q)).toEqual(toNested(transpose(qOfTranspose)));
  });

  it('names the element as its caller does', () => {
    expect(() => lq(fromNested('f64', [[1, NaN]]))).toThrow('lq: a: expected finite elements, got NaN at [0, 1]');
    expect(() => lq(zeros('f64', [3]))).toThrow('lq: a: expected 2 axes, got shape [3]');
  });
});
