import { createRandom, fromNested, toNested, transpose, zeros } from '@rankwise/tensor';
import { pca } from '@rankwise/linalg';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { symmetricCases } from '../kit/matrices/arbitraries.ts';
import { at, matrixFrom, multiply, randomMatrix, symmetrized } from '../kit/matrices/gallery.ts';
import { difference, expectRatio, factorizationRatio, isDescending, normFrobenius, orthogonalityRatio, printWorstRatios, scalarRatio } from '../kit/matrices/ratios.ts'; // prettier-ignore
import { runs } from '../kit/runs.ts';

printWorstRatios();

describe('pca', () => {
  it('by hand', () => {
    const { values, vectors, energy } = pca(fromNested('f64', [[1, 0], [0, 3]])); // prettier-ignore
    expect(toNested(values)).toEqual([3, 1]);
    expect(toNested(vectors)).toEqual([[0, 1], [1, 0]]); // prettier-ignore
    expect(toNested(energy)).toEqual([0.75, 1]);
    expect(toNested(pca(zeros('f64', [2, 2])).energy)).toEqual([1, 1]);
    expect(pca(zeros('f64', [0, 0])).energy.shape).toEqual([0]);
  });

  it('decomposes any semi-definite matrix, values not below 0, energy rising to 1', () => {
    fc.assert(
      fc.property(
        symmetricCases(({ semidefinite }) => semidefinite === true),
        ({ matrix, what }) => {
          const { values, vectors, energy } = pca(matrix);
          expectRatio('pca: C = E e E', what, factorizationRatio(matrix, vectors, values.data, transpose(vectors)));
          expectRatio("pca: E'E = I", what, orthogonalityRatio(vectors));
          expect(isDescending(values)).toBe(true);
          expect(values.data.every((value) => value >= 0)).toBe(true);
          expect(energy.data.every((value, i) => value <= 1 && value >= (energy.data[i - 1] ?? 0))).toBe(true);
          expect(energy.data.at(-1) ?? 1).toBe(1);
        },
      ),
      { numRuns: runs() },
    );
  });

  it('the first k components leave Σ of the other eigenvalues (Eckart and Young)', () => {
    const y = randomMatrix(6, 25, createRandom(4));
    const moment = symmetrized(multiply(y, transpose(y)));
    const { values, vectors } = pca(moment);
    for (let k = 0; k <= 6; k++) {
      const top = matrixFrom(6, k, (i, j) => at(vectors, i, j));
      const left = normFrobenius(difference(y, multiply(top, multiply(transpose(top), y)))) ** 2;
      const rest = values.data.slice(k).reduce((sum, value) => sum + value, 0);
      expectRatio('pca: residual', `k = ${k}`, scalarRatio(left, rest, normFrobenius(y) ** 2, 25));
    }
  });

  it('refuses what is no covariance', () => {
    expect(() => pca(fromNested('f64', [[1, 2], [2, 1]]))).toThrow(/pca: moment: expected a positive semi-definite matrix, got eigenvalues from -/); // prettier-ignore
    expect(() => pca(fromNested('f64', [[1, 2]]))).toThrow('pca: moment: expected a square matrix, got shape [1, 2]');
    expect(() => pca(fromNested('f64', [[1, 2], [3, 1]]))).toThrow('pca: moment: expected a symmetric matrix'); // prettier-ignore
  });
});
