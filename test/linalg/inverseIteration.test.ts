import { ConvergenceError, fromNested, toNested, zeros } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import { tridiagonalEigenvalues, tridiagonalEigenvectors } from '@rankwise/linalg';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { symmetricCases } from '../kit/matrices/arbitraries.ts';
import type { Matrix } from '../kit/matrices/gallery.ts';
import { eigenvectorLaws, partialEigenvectorLaws } from '../kit/matrices/laws/eigenvectorLaws.ts';
import { bindLaws, checkLaws } from '../kit/matrices/laws/law.ts';
import { expectRatio, hasPositiveLargest, valuesRatio } from '../kit/matrices/ratios.ts';
import { runs } from '../kit/runs.ts';
import { diagonalsOf, tridiagonalCase, tridiagonalKinds } from './tridiagonalCases.ts';

function bisectionAndInverseIteration(
  matrix: Matrix,
  range?: readonly [number, number],
): {
  values: Tensor<'f64'>;
  vectors: Tensor<'f64'>;
} {
  const { diagonal, coupling } = diagonalsOf(matrix);
  const values = tridiagonalEigenvalues(diagonal, coupling, range === undefined ? {} : { range });
  return { values, vectors: tridiagonalEigenvectors(diagonal, coupling, values) };
}

const whole = bindLaws(eigenvectorLaws, (matrix) => bisectionAndInverseIteration(matrix));

describe('tridiagonalEigenvectors', () => {
  it('by hand', () => {
    const empty = zeros('f64', [0]);
    expect(tridiagonalEigenvectors(empty, empty, empty).shape).toEqual([0, 0]);
    expect(toNested(tridiagonalEigenvectors(fromNested('f64', [4]), empty, fromNested('f64', [4])))).toEqual([[1]]);
    const diagonal = fromNested('f64', [3, -1, 2]);
    expect(tridiagonalEigenvectors(diagonal, zeros('f64', [2]), empty).shape).toEqual([3, 0]);
    const { data } = tridiagonalEigenvectors(diagonal, zeros('f64', [2]), fromNested('f64', [3, -1]));
    expectRatio('tridiagonalEigenvectors: by hand', 'diagonal', valuesRatio(data, Float64Array.of(1, 0, 0, 1, 0, 0)));
  });

  for (const kind of tridiagonalKinds) {
    it(`with bisection it is a decomposition: ${kind}`, () => {
      for (const n of [1, 2, 3, 21, 42, 64]) {
        const one = tridiagonalCase(kind, n, n);
        checkLaws('tridiagonalEigenvectors', whole, one);
        expect(hasPositiveLargest(bisectionAndInverseIteration(one.matrix).vectors), one.what).toBe(true);
      }
    });
  }

  it('for any part of the values', () => {
    const cases = symmetricCases(({ name }) => tridiagonalKinds.includes(name));
    fc.assert(
      fc.property(cases, fc.nat(), fc.nat(), (one, x, y) => {
        const n = one.matrix.shape[0] ?? 0;
        const range: [number, number] = [Math.min(x % (n + 1), y % (n + 1)), Math.max(x % (n + 1), y % (n + 1))];
        const part = bindLaws(partialEigenvectorLaws, (matrix) => bisectionAndInverseIteration(matrix, range));
        checkLaws('tridiagonalEigenvectors, a part', part, one);
      }),
      { numRuns: runs() },
    );
  });

  it('gives the same bits each time', () => {
    const { matrix } = tridiagonalCase('glued Wilkinson', 63, 2);
    expect(bisectionAndInverseIteration(matrix)).toEqual(bisectionAndInverseIteration(matrix));
  });
});

describe('errors', () => {
  const [diagonal, coupling] = [fromNested('f64', [1, 2]), fromNested('f64', [0.5])];

  it('refuses what it is not for', () => {
    expect(() => tridiagonalEigenvectors(diagonal, coupling, fromNested('f64', [1, 2]))).toThrow('tridiagonalEigenvectors: values: expected descending order, got an ascent'); // prettier-ignore
    expect(() => tridiagonalEigenvectors(diagonal, coupling, zeros('f64', [1, 1]))).toThrow(/values: expected 1 axis/);
    expect(() => tridiagonalEigenvectors(diagonal, diagonal, zeros('f64', [1]))).toThrow(
      /coupling: expected shape \[1\]/,
    );
  });

  it('a number that is no eigenvalue has no eigenvector, nor has a value more than there are', () => {
    const find = (values: number[]) => () => tridiagonalEigenvectors(diagonal, coupling, fromNested('f64', values));
    expect(find([1.5])).toThrow(ConvergenceError);
    expect(find([1.5])).toThrow(/tridiagonalEigenvectors: values: expected an eigenvector within 5 steps, got a residual of 0\.\d+ for value 0/); // prettier-ignore
    const { values } = bisectionAndInverseIteration(tridiagonalCase('second differences', 2, 0).matrix);
    expect(() => tridiagonalEigenvectors(fromNested('f64', [2, 2]), fromNested('f64', [-1]), fromNested('f64', [values.data[0]!, values.data[0]!]))).toThrow(ConvergenceError); // prettier-ignore
  });
});
