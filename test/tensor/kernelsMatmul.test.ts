/** The reference matrix product: exact small cases, exact integers, the promised bound, views, epilogue. */

import fc from 'fast-check';
import {
  createReferenceKernels,
  fromNested,
  full,
  matmulNaive,
  referenceKernels,
  toNested,
  zeros,
} from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { elementsOf, expectWithin, matmulBound } from '../kit/kernelBounds.ts';
import { matmulCallOf, matmulCases, withOwnOutput } from '../kit/kernelCalls.ts';
import { runs } from '../kit/runs.ts';
import { seeded } from '../kit/seededTensors.ts';

const { matmul } = referenceKernels;

describe('matmul by hand', () => {
  it('multiplies, scales, adds and cuts', () => {
    const a = fromNested('f32', [
      [1, 2],
      [3, -4],
    ]);
    const out = fromNested('f64', [
      [10, 20],
      [30, 40],
    ]);
    matmul({ a, b: a, out, alpha: 2, beta: 1, rowBias: fromNested('f32', [1, -1]), activation: 'relu' });
    expect(toNested(out)).toEqual([
      [10 + 14 + 1, 20 - 12 + 1],
      [30 - 18 - 1, 40 + 44 - 1],
    ]);
  });

  it('gives the bias for k = 0 and touches nothing for m = 0 or n = 0', () => {
    const out = full('f32', [2, 2], NaN);
    matmul({ a: zeros('f32', [2, 0]), b: zeros('f32', [0, 2]), out, rowBias: fromNested('f32', [3, 4]) });
    expect(toNested(out)).toEqual([
      [3, 3],
      [4, 4],
    ]);
    matmul({ a: zeros('f32', [0, 3]), b: zeros('f32', [3, 2]), out: zeros('f32', [0, 2]) });
    matmul({ a: zeros('f32', [2, 3]), b: zeros('f32', [3, 0]), out: zeros('f32', [2, 0]) });
  });

  it('lets NaN through, ReLU included', () => {
    const out = zeros('f32', [1, 1]);
    matmul({ a: full('f32', [1, 1], NaN), b: full('f32', [1, 1], 1), out, activation: 'relu' });
    expect(toNested(out)).toEqual([[NaN]]);
  });

  it('rounds the sum once: terms that f32 would lose are kept', () => {
    const out = zeros('f32', [1, 1]);
    matmul({ a: fromNested('f32', [[2 ** 30, 1, -(2 ** 30)]]), b: full('f32', [3, 1], 1), out });
    expect(toNested(out)).toEqual([[1]]);
  });
});

/** Sizes about the panel width 3 and the even depth, and one that takes several panels. */
const extent = fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7, 10, 17);
const operands = matmulCases(extent);

describe('matmul laws', () => {
  it('keeps the promised bound for every mix of dtypes and strides', () => {
    fc.assert(
      fc.property(operands, (drawn) => {
        const call = matmulCallOf(drawn, 'noise');
        const promised = matmulBound(call);
        matmul(call);
        expectWithin(elementsOf(call.out), promised);
      }),
      { numRuns: runs() },
    );
  });

  it('is exact for integers, equals the naive product bit for bit, and repeats itself', () => {
    fc.assert(
      fc.property(operands, fc.constantFrom<'noise' | 'integers'>('noise', 'integers'), (drawn, values) => {
        const call = matmulCallOf(drawn, values);
        const naive = withOwnOutput(call);
        const again = withOwnOutput(call);
        const { exact } = matmulBound(call);
        matmul(call);
        matmulNaive(naive);
        createReferenceKernels().matmul(again);
        expect(call.out.data).toEqual(naive.out.data);
        expect(again.out.data).toEqual(call.out.data);
        if (values === 'integers') expect(elementsOf(call.out)).toEqual(exact.map((value) => value + 0));
      }),
      { numRuns: runs() },
    );
  });

  it('writes nothing outside the view', () => {
    const out = seeded('f32', [4, 5], 1, { gap: 2, offset: 3 });
    out.data.fill(7);
    matmul({ a: seeded('f32', [4, 3], 2), b: seeded('f32', [3, 5], 3), out });
    const inside = new Set(Array.from({ length: 20 }, (_, at) => 3 + Math.floor(at / 5) * 7 + (at % 5)));
    expect([...out.data].filter((value, at) => !inside.has(at) && value !== 7)).toEqual([]);
  });

  // A packed block holds 2^17 elements: with k = 4096 that is 10 panels, 30 columns.
  it.each([29, 30, 31, 61])('crosses block boundaries with %i columns of depth 4096', (n) => {
    const call = { a: seeded('f32', [4, 4096], 1), b: seeded('f32', [4096, n], 2), out: full('f32', [4, n], NaN) };
    const naive = full('f32', [4, n], NaN);
    matmul(call);
    matmulNaive({ ...call, out: naive });
    expect(call.out.data).toEqual(naive.data);
  });
});
