import { createSimdKernels } from '@rankwise/simd';
import { svd, truncatedSvd } from '@rankwise/linalg';
import { createRandom, fromNested, referenceKernels, transpose, zeros } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { at, combined, difference, expectRatio, generalCase, generalGallery, hasPositiveLargest, matrixFrom, multiply, normFrobenius, orthogonalityRatio, randomMatrix, scalarRatio, valuesRatio, withSingularValues } from '../kit/matrices/index.ts'; // prettier-ignore
import type { Matrix } from '../kit/matrices/index.ts';

const simd = await createSimdKernels({ leastWork: 0 });

const productOf = ({ u, s, v }: { u: Matrix; s: Matrix; v: Matrix }): Matrix =>
  multiply(
    matrixFrom(u.shape[0] ?? 0, s.data.length, (i, j) => at(u, i, j) * s.data[j]!),
    transpose(v),
  );

describe('truncatedSvd', () => {
  it('by hand', () => {
    const { u, s, v, error, frobeniusError } = truncatedSvd(fromNested('f64', [[3, 0, 0], [0, 0, 12], [0, 4, 0]]), 1); // prettier-ignore
    expect([[...u.data], [...s.data], [...v.data]].map((row) => row.map((x) => x + 0))).toEqual([[0, 1, 0], [12], [0, 0, 1]]); // prettier-ignore
    expect([error, frobeniusError]).toEqual([4, 5]);
    const none = truncatedSvd(fromNested('f64', [[3, 4]]), 0);
    expect([none.u.shape, none.s.shape, none.v.shape]).toEqual([[1, 0], [0], [2, 0]]);
    expectRatio('truncatedSvd: error', 'none kept', scalarRatio(none.error, 5, 5, 2));
    expect(truncatedSvd(zeros('f64', [0, 3]), 0).error).toBe(0);
  });

  for (const [name, kernels] of [
    ['reference', referenceKernels],
    ['simd', simd],
  ] as const) {
    // prettier-ignore
    it(`is the leading part of the SVD, with the errors it states, with ${name} kernels`, () => {
      for (const kind of generalGallery.filter(({ scale }) => scale === undefined)) {
        for (const [m, n, count] of [[6, 6, 2], [12, 5, 4], [5, 12, 3], [36, 34, 20]] as const) { // prettier-ignore
          if (m > 12 && !/random|rank/.test(kind.name)) continue;
          const one = generalCase(kind.name, m, n, m + n);
          const { matrix } = one;
          const part = truncatedSvd(matrix, count, { kernels });
          const { s } = svd(matrix, { kernels });
          expect([part.u.shape, part.v.shape]).toEqual([[m, count], [n, count]]); // prettier-ignore
          expect(part.s.data).toEqual(s.data.slice(0, count));
          expect(part.error).toBe(s.data[count]);
          expect(hasPositiveLargest(part.u)).toBe(true);
          expectRatio("truncatedSvd: U'U = I", one, orthogonalityRatio(part.u));
          expectRatio("truncatedSvd: V'V = I", one, orthogonalityRatio(part.v));
          const left = normFrobenius(difference(matrix, productOf(part)));
          expectRatio('truncatedSvd: Frobenius error', one, scalarRatio(left, part.frobeniusError, s.data[0] || 1, Math.max(m, n))); // prettier-ignore
          const rest = svd(difference(matrix, productOf(part))).s.data[0] ?? 0;
          expectRatio('truncatedSvd: error', one, scalarRatio(rest, part.error, s.data[0] || 1, Math.max(m, n)));
        }
      }
    });
  }

  it('no matrix of the same rank is nearer: random ones, and perturbations of the best', () => {
    const random = createRandom(3);
    for (const [m, n, count] of [
      [3, 3, 1],
      [5, 4, 2],
      [9, 7, 3],
    ] as const) {
      // prettier-ignore
      const a = randomMatrix(m, n, random);
      const { u, s, v, error, frobeniusError } = truncatedSvd(a, count);
      const left = matrixFrom(m, count, (i, j) => at(u, i, j) * s.data[j]!);
      for (let trial = 0; trial < 30; trial++) {
        const size = 2 ** (-trial / 2);
        const [p, q] = [combined(left, size, randomMatrix(m, count, random)), combined(v, size, randomMatrix(n, count, random))]; // prettier-ignore
        const rest = difference(a, multiply(p, transpose(q)));
        // Near the minimum the two differ by size², which roundings of the norms may hide.
        const slack = 1 + 2 * m * n * Number.EPSILON; // bound: rounding of sums of m n squares, twice
        expect(normFrobenius(rest) * slack).toBeGreaterThanOrEqual(frobeniusError);
        expect((svd(rest).s.data[0] ?? 0) * slack).toBeGreaterThanOrEqual(error);
      }
    }
  });

  it('no direction is better for 2 columns: brute force over angles', () => {
    const random = createRandom(5);
    for (let trial = 0; trial < 5; trial++) {
      const a = randomMatrix(4, 2, random);
      const { frobeniusError } = truncatedSvd(a, 1);
      let best = Infinity;
      const steps = 2000;
      for (let step = 0; step < steps; step++) {
        const angle = (Math.PI * step) / steps;
        const x = fromNested('f64', [[Math.cos(angle)], [Math.sin(angle)]]);
        best = Math.min(best, normFrobenius(difference(a, multiply(multiply(a, x), transpose(x)))));
      }
      expect(best).toBeGreaterThanOrEqual(frobeniusError * (1 - 8 * Number.EPSILON)); // bound: rounding of sums of 8 squares
      // The squared error is σ₂² + (σ₁² − σ₂²) sin², and the nearest angle of the grid within π / 2 steps.
      expect(best ** 2 - frobeniusError ** 2).toBeLessThanOrEqual((Math.PI / steps) ** 2 * normFrobenius(a) ** 2);
    }
  });

  it('reconstructs a matrix of that rank', () => {
    const a = withSingularValues(40, 35, [5, 4, 3, 2, 1], createRandom(4));
    const part = truncatedSvd(a, 5);
    expectRatio('truncatedSvd: low rank', '40 x 35', normFrobenius(difference(a, productOf(part))) / (5 * 40 * Number.EPSILON)); // prettier-ignore
    expectRatio('truncatedSvd: low rank', '40 x 35', valuesRatio(part.s.data, new Float64Array([5, 4, 3, 2, 1])));
  });

  it('refuses what it is not for', () => {
    const a = zeros('f64', [3, 2]);
    for (const count of [-1, 3, 0.5, NaN]) {
      expect(() => truncatedSvd(a, count)).toThrow(`truncatedSvd: count: expected an integer from 0 to 2, got ${count}`); // prettier-ignore
    }
    expect(() => truncatedSvd(zeros('f64', [3]), 1)).toThrow('truncatedSvd: a: expected 2 axes, got shape [3]');
    expect(() => truncatedSvd(fromNested('f64', [[NaN]]), 1)).toThrow('truncatedSvd: a: expected finite elements');
  });
});
