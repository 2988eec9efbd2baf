import { createSimdKernels } from '@rankwise/simd';
import { conditionNumber, pseudoInverse, rank, solve, spectralNorm } from '@rankwise/linalg';
import { DomainError, createRandom, fromNested, referenceKernels, toNested, transpose, zeros } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { checkLaws, bindLaws, diagonalMatrix, distanceRatio, expectRatio, generalCase, generalGallery, identityMatrix, multiply, norm1, normFrobenius, pseudoInverseLaws, randomMatrix, scalarRatio, scaled, withSingularValues } from '../kit/matrices/index.ts'; // prettier-ignore

const simd = await createSimdKernels({ leastWork: 0 });

describe('pseudoInverse', () => {
  it('by hand', () => {
    expect(toNested(pseudoInverse(fromNested('f64', [[4]])))).toEqual([[0.25]]);
    expect(toNested(pseudoInverse(diagonalMatrix([0, -2, 0.5])))).toEqual([[0, 0, 0], [0, -0.5, 0], [0, 0, 2]].map((row) => row.map((x) => expect.closeTo(x, 15)))); // prettier-ignore
    expect(pseudoInverse(zeros('f64', [3, 2]))).toEqual(zeros('f64', [2, 3]));
    expect(pseudoInverse(zeros('f64', [0, 2])).shape).toEqual([2, 0]);
  });

  it('of a column is its transpose over its squared length', () => {
    const x = pseudoInverse(fromNested('f64', [[1], [2], [2]]));
    expectRatio(
      'pseudoInverse: column',
      'by hand',
      distanceRatio(x, fromNested('f64', [[1 / 9, 2 / 9, 2 / 9]]), 1 / 3, 3),
    );
  });

  for (const [name, kernels] of [
    ['reference', referenceKernels],
    ['simd', simd],
  ] as const) {
    // prettier-ignore
    it(`keeps the conditions of Moore and Penrose for every kind, with ${name} kernels`, () => {
      const laws = bindLaws(pseudoInverseLaws, (a) => pseudoInverse(a, { kernels }));
      for (const kind of generalGallery.filter(({ scale }) => scale === undefined)) {
        for (const [m, n] of [[1, 3], [4, 4], [9, 5], [5, 9]] as const) { // prettier-ignore
          checkLaws('pseudoInverse', laws, generalCase(kind.name, m, n, m + 2 * n));
        }
      }
      for (const kind of ['random', 'half rank', 'zero and doubled columns']) {
        for (const [m, n] of [[32, 32], [35, 33], [66, 65]] as const) checkLaws('pseudoInverse', laws, generalCase(kind, m, n, m)); // prettier-ignore
      }
    });
  }

  it('is the inverse of a regular matrix', () => {
    const a = withSingularValues(12, 12, Array.from({ length: 12 }, (_, i) => 1 + i), createRandom(3)); // prettier-ignore
    const inverse = solve(a, identityMatrix(12));
    expectRatio('pseudoInverse: against LU', '12 x 12', distanceRatio(pseudoInverse(a), inverse, 12 * normFrobenius(inverse), 12)); // prettier-ignore
  });

  it('of the transpose is the transpose, and twice is the matrix', () => {
    const a = withSingularValues(9, 6, [4, 3, 2, 1, 0, 0], createRandom(5));
    const x = pseudoInverse(a);
    expectRatio('pseudoInverse: transpose', '9 x 6', distanceRatio(pseudoInverse(transpose(a)), transpose(x), 4 * normFrobenius(x), 9)); // prettier-ignore
    expectRatio('pseudoInverse: twice', '9 x 6', distanceRatio(pseudoInverse(x), a, 4 * normFrobenius(a), 9));
  });

  it('leaves out what the tolerance says', () => {
    const values = [8, 4, 2, 1, 2 ** -20, 2 ** -30];
    const a = withSingularValues(6, 6, values, createRandom(6));
    const norms = [2 ** -40, 2 ** -25, 2 ** -2].map((tolerance) => spectralNorm(pseudoInverse(a, { tolerance })));
    // ‖A⁺‖₂ is the reciprocal of the smallest value kept: 2^-30, 2^-20, 4; known to ε ‖A‖ over that value.
    for (const [i, exact] of [2 ** 30, 2 ** 20, 1 / 4].entries()) {
      expectRatio('pseudoInverse: norm', `tolerance ${i}`, scalarRatio(norms[i]!, exact, exact * exact * 8, 6));
    }
  });

  it('works at the ends of the range, and says when the inverse is beyond it', () => {
    const a = withSingularValues(5, 4, [4, 3, 2, 1], createRandom(7));
    for (const factor of [2 ** 1000, 2 ** -1000]) {
      const x = scaled(pseudoInverse(scaled(a, factor)), factor);
      expectRatio('pseudoInverse: scaled', `${factor}`, distanceRatio(x, pseudoInverse(a), 4 * norm1(x), 5));
    }
    expect(() => pseudoInverse(fromNested('f64', [[2 ** -1060]]))).toThrow(DomainError);
    expect(() => pseudoInverse(fromNested('f64', [[2 ** -1060]]))).toThrow(
      /^pseudoInverse: a: expected an inverse in the range/,
    );
  });

  it('refuses what it is not for', () => {
    expect(() => pseudoInverse(zeros('f64', [3]))).toThrow('pseudoInverse: a: expected 2 axes, got shape [3]');
    expect(() => pseudoInverse(fromNested('f64', [[NaN]]))).toThrow('pseudoInverse: a: expected finite elements');
    expect(() => pseudoInverse(zeros('f64', [1, 1]), { tolerance: 1 })).toThrow('pseudoInverse: tolerance: expected a number in [0, 1), got 1'); // prettier-ignore
  });
});

describe('rank, conditionNumber, spectralNorm', () => {
  it('by hand', () => {
    expect([rank(zeros('f64', [3, 2])), rank(zeros('f64', [0, 4])), rank(diagonalMatrix([3, 0, -1]))]).toEqual([
      0, 0, 2,
    ]);
    expect([conditionNumber(zeros('f64', [0, 4])), conditionNumber(zeros('f64', [2, 2]))]).toEqual([0, Infinity]);
    expect(conditionNumber(diagonalMatrix([3, 12, -6]))).toBe(4);
    // Singular values 2.1e308, which is no double, and 3e307.
    const huge = fromNested('f64', [[1.2e308, 0.9e308], [0.9e308, 1.2e308]]); // prettier-ignore
    expect([rank(huge), spectralNorm(huge)]).toEqual([2, Infinity]);
    expectRatio('conditionNumber: near overflow', 'by hand', scalarRatio(conditionNumber(huge), 7, 49, 2));
    // (1.2, −0.9; −0.9, 1.2) / 0.63 · 1e-308, of which 2^-1074 is the spacing.
    const inverse = scaled(pseudoInverse(huge), 2 ** 1022);
    const exact = fromNested('f64', [[12, -9], [-9, 12]].map((row) => row.map((x) => (x / 6.3) * (2 ** 1022 / 1e308)))); // prettier-ignore
    expectRatio('pseudoInverse: near overflow', 'by hand', distanceRatio(inverse, exact, 7 * normFrobenius(exact), 2));
    expect([spectralNorm(zeros('f64', [0, 4])), spectralNorm(diagonalMatrix([3, 0, -7]))]).toEqual([0, 7]);
  });

  it('the rank of every kind that has one', () => {
    for (const kind of generalGallery) {
      for (const [m, n] of [
        [4, 4],
        [9, 5],
        [5, 9],
        [34, 33],
      ] as const) {
        // prettier-ignore
        const exact = kind.rank?.(m, n);
        if (exact === undefined) continue;
        const { matrix, what } = generalCase(kind.name, m, n, m);
        expect(rank(matrix), what).toBeLessThanOrEqual(exact);
      }
    }
    const a = withSingularValues(40, 36, Array.from({ length: 36 }, (_, i) => (i < 20 ? 1 : 0)), createRandom(1)); // prettier-ignore
    expect([rank(a), rank(a, { kernels: simd }), rank(transpose(a))]).toEqual([20, 20, 20]);
  });

  it('the tolerance decides', () => {
    const values = [1, 2 ** -10, 2 ** -20, 2 ** -30];
    const a = diagonalMatrix(values);
    expect([0, 2 ** -25, 2 ** -20, 2 ** -5].map((tolerance) => rank(a, { tolerance }))).toEqual([4, 3, 2, 1]);
    expect(() => rank(a, { tolerance: -1 })).toThrow('rank: tolerance: expected a number in [0, 1), got -1');
  });

  it('norms: submultiplicative, and no less than the quotient of any vector', () => {
    const random = createRandom(4);
    const [a, b] = [randomMatrix(13, 9, random), randomMatrix(9, 11, random)];
    expect(spectralNorm(multiply(a, b))).toBeLessThanOrEqual(spectralNorm(a) * spectralNorm(b));
    for (let i = 0; i < 20; i++) {
      const x = randomMatrix(9, 1, random);
      expect(normFrobenius(multiply(a, x))).toBeLessThanOrEqual(spectralNorm(a) * normFrobenius(x));
    }
  });
});
