import { fromNested, tensorOf, toNested, zeros } from '@rankwise/tensor';
import { jacobiEigen, sturmCount, tridiagonalEigenvalues } from '@rankwise/linalg';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { symmetricCases } from '../kit/matrices/arbitraries.ts';
import { expectRatio, scalarRatio, valuesRatio } from '../kit/matrices/ratios.ts';
import { sturmEigenvalues } from '../kit/matrices/sturmCount.ts';
import { runs } from '../kit/runs.ts';
import { diagonalsOf, tridiagonalCase, tridiagonalKinds } from './tridiagonalCases.ts';

const cases = symmetricCases(({ name }) => tridiagonalKinds.includes(name));

describe('sturmCount: by hand', () => {
  const diagonal = fromNested('f64', [3, 1, 2]);
  const none = fromNested('f64', [0, 0]);

  it('counts what lies strictly below', () => {
    expect([0, 1, 1.5, 2, 2.5, 3, 4].map((x) => sturmCount(diagonal, none, x))).toEqual([0, 0, 1, 1, 2, 2, 3]);
    expect([-Infinity, Infinity].map((x) => sturmCount(diagonal, none, x))).toEqual([0, 3]);
    expect(sturmCount(zeros('f64', [0]), zeros('f64', [0]), 1)).toBe(0);
  });

  it('[[1, 1], [1, 1]] has 0 and 2', () => {
    const ones = (x: number): number => sturmCount(fromNested('f64', [1, 1]), fromNested('f64', [1]), x);
    expect([-1, 0.5, 1, 1.5, 3].map(ones)).toEqual([0, 1, 1, 1, 2]);
  });

  it('holds at the ends of the range of doubles', () => {
    const tiny = tensorOf(Float64Array.of(5e-324, 0), [2]);
    expect(sturmCount(tiny, zeros('f64', [1]), 5e-324)).toBe(1);
    const huge = tensorOf(Float64Array.of(1e308, -1e308), [2]);
    expect(sturmCount(huge, tensorOf(Float64Array.of(1e308), [1]), 0)).toBe(1);
  });
});

describe('tridiagonalEigenvalues', () => {
  it('by hand: exact where the matrix is diagonal, at every scale', () => {
    for (const scale of [1, 2 ** 1020, 2 ** -1070]) {
      const values = [5, 3, 3, 0, -1, -2].map((value) => value * scale);
      const diagonal = tensorOf(Float64Array.from(values.toReversed()), [6]);
      expect(toNested(tridiagonalEigenvalues(diagonal, zeros('f64', [5])))).toEqual(values);
    }
    expect(tridiagonalEigenvalues(zeros('f64', [0]), zeros('f64', [0])).shape).toEqual([0]);
    expect(toNested(tridiagonalEigenvalues(zeros('f64', [4]), zeros('f64', [3])))).toEqual([0, 0, 0, 0]);
    expect(toNested(tridiagonalEigenvalues(fromNested('f64', [5e-324]), zeros('f64', [0])))).toEqual([5e-324]);
  });

  it('agrees with the bisection of the kit, and with Jacobi', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const { diagonal, coupling } = diagonalsOf(one.matrix);
        const found = tridiagonalEigenvalues(diagonal, coupling).data;
        expectRatio(
          'tridiagonalEigenvalues: against Jacobi',
          one,
          valuesRatio(found, jacobiEigen(one.matrix).values.data),
        );
        expectRatio('tridiagonalEigenvalues: against the kit', one, valuesRatio(found, sturmEigenvalues(diagonal.data, coupling.data))); // prettier-ignore
      }),
      { numRuns: runs() },
    );
  });

  it('has every digit of the small eigenvalues of a matrix that determines them', () => {
    // B Bᵀ for a bidiagonal B of ones: eigenvalues 4 sin²(…), of which the least is near (π / 2n)², with n² ε relative at worst.
    const n = 200;
    const diagonal = Float64Array.from({ length: n }, (_, i) => (i === 0 ? 1 : 2));
    const values = tridiagonalEigenvalues(tensorOf(diagonal, [n]), tensorOf(new Float64Array(n - 1).fill(-1), [n - 1]));
    const least = 4 * Math.sin(Math.PI / (2 * (2 * n + 1))) ** 2;
    expectRatio('tridiagonalEigenvalues: least', 'by hand', scalarRatio(values.data[n - 1]!, least, 4, 3));
  });

  it('a range and an interval select from the whole', () => {
    fc.assert(
      fc.property(cases, fc.nat(), fc.nat(), ({ matrix }, x, y) => {
        const { diagonal, coupling } = diagonalsOf(matrix);
        const whole = tridiagonalEigenvalues(diagonal, coupling).data;
        const [from, to] = [x % (whole.length + 1), y % (whole.length + 1)].toSorted((i, j) => i - j) as [
          number,
          number,
        ]; // two numbers stay two
        expect(tridiagonalEigenvalues(diagonal, coupling, { range: [from, to] }).data).toEqual(whole.slice(from, to));
        if (from === to) return;
        const [low, high] = [whole[to - 1]!, whole[from]!];
        const inside = tridiagonalEigenvalues(diagonal, coupling, { interval: [low, high] }).data;
        expect(inside).toEqual(whole.filter((value) => value >= low && value < high));
        const first = tridiagonalEigenvalues(diagonal, coupling, { interval: [low, high], range: [0, Math.min(1, inside.length)] }); // prettier-ignore
        expect(first.data).toEqual(inside.slice(0, 1));
      }),
      { numRuns: runs() },
    );
  });

  it('counts agree with the values', () => {
    for (const kind of tridiagonalKinds) {
      const { diagonal, coupling, what } = tridiagonalCase(kind, 40, 3);
      const values = tridiagonalEigenvalues(diagonal, coupling).data;
      for (const x of values) {
        expect(sturmCount(diagonal, coupling, x), what).toBe(values.filter((value) => value < x).length);
      }
    }
  });
});

describe('errors', () => {
  const [two, one] = [fromNested('f64', [1, 2]), fromNested('f64', [0.5])];

  it('refuses what it is not for', () => {
    expect(() => sturmCount(two, one, NaN)).toThrow('sturmCount: x: expected a number, got NaN');
    expect(() => sturmCount(two, two, 0)).toThrow('sturmCount: coupling: expected shape [1], got [2]');
    expect(() => tridiagonalEigenvalues(two, fromNested('f64', [Infinity]))).toThrow(/coupling: expected finite/);
    for (const range of [
      [-1, 1],
      [1, 0],
      [0, 3],
      [0.5, 1],
    ] as const) {
      expect(() => tridiagonalEigenvalues(two, one, { range })).toThrow(
        /range: expected integers 0 <= from <= to <= 2, got/,
      );
    }
    for (const interval of [
      [1, 0],
      [NaN, 1],
    ] as const) {
      expect(() => tridiagonalEigenvalues(two, one, { interval })).toThrow(/interval: expected low <= high/);
    }
  });
});
