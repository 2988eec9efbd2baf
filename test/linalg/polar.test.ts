import { createSimdKernels } from '@rankwise/simd';
import { jacobiEigen, polar, solve } from '@rankwise/linalg';
import { createRandom, fromNested, referenceKernels, toNested, transpose, zeros } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { bindLaws, checkLaws, combined, difference, distanceRatio, expectRatio, generalCase, generalGallery, identityMatrix, matrixFrom, multiply, normFrobenius, orthogonalityRatio, polarLaws, productRatio, randomMatrix, randomOrthonormal, scaled, withSingularValues } from '../kit/matrices/index.ts'; // prettier-ignore
import type { Matrix } from '../kit/matrices/index.ts';

const simd = await createSimdKernels({ leastWork: 0 });

/** The second algorithm: Newton's iteration X ← (γ X + X⁻ᵀ / γ) / 2 with Higham's scaling γ, for regular square matrices. */
function polarByNewton(a: Matrix): Matrix {
  const [n = 0] = a.shape;
  let x = a;
  for (let step = 0; step < 12; step++) {
    const inverse = transpose(solve(x, identityMatrix(n)));
    const gamma = Math.sqrt(normFrobenius(inverse) / normFrobenius(x));
    x = combined(scaled(x, gamma / 2), 1 / (2 * gamma), inverse);
  }
  return x;
}

describe('polar', () => {
  it('by hand', () => {
    const { u, h } = polar(fromNested('f64', [[0, -3], [2, 0]])); // prettier-ignore
    expect([...u.data].map((x) => x + 0)).toEqual([0, -1, 1, 0]);
    expect([...h.data].map((x) => x + 0)).toEqual([2, 0, 0, 3]);
    expect(toNested(polar(fromNested('f64', [[-5]])).u)).toEqual([[-1]]);
    expect(polar(zeros('f64', [0, 3])).h).toEqual(zeros('f64', [3, 3]));
    expect(toNested(polar(zeros('f64', [2, 2])).h)).toEqual([[0, 0], [0, 0]]); // prettier-ignore
  });

  for (const [name, kernels] of [
    ['reference', referenceKernels],
    ['simd', simd],
  ] as const) {
    // prettier-ignore
    it(`keeps its laws for every kind, with ${name} kernels`, () => {
      const laws = bindLaws(polarLaws, (a) => polar(a, { kernels }));
      for (const kind of generalGallery) {
        for (const [m, n] of [[1, 1], [4, 4], [9, 5]] as const) { // prettier-ignore
          checkLaws('polar', laws, generalCase(kind.name, m, n, m + 2 * n));
        }
      }
      for (const kind of ['random', 'half rank', 'zero and doubled columns']) {
        for (const [m, n] of [[32, 32], [35, 33], [66, 65]] as const) checkLaws('polar', laws, generalCase(kind, m, n, m)); // prettier-ignore
      }
    });
  }

  it('has orthonormal rows and the same product for a wide matrix', () => {
    const a = randomMatrix(5, 9, createRandom(1));
    const { u, h } = polar(a);
    expectRatio('polar: A = U H, wide', '5 x 9', productRatio(a, u, h));
    expectRatio("polar: U U' = I, wide", '5 x 9', orthogonalityRatio(transpose(u)));
    expect(h).toEqual({ ...h, data: transpose(h).data });
  });

  it("agrees with Newton's iteration", () => {
    for (const n of [1, 4, 20]) {
      const a = withSingularValues(n, n, Array.from({ length: n }, (_, i) => 1 + i / n), createRandom(n)); // prettier-ignore
      expectRatio('polar: against Newton', `n = ${n}`, distanceRatio(polar(a).u, polarByNewton(a), Math.sqrt(n), n));
    }
  });

  it('H is a root of AᵀA without negative eigenvalues', () => {
    const a = randomMatrix(14, 9, createRandom(2));
    const { h } = polar(a);
    const gram = multiply(transpose(a), a);
    expectRatio("polar: H² = A'A", '14 x 9', productRatio(gram, h, h));
    const { values } = jacobiEigen(h);
    expect(values.data.every((value) => value >= 0)).toBe(true);
  });

  it('U is nearer to A than any other orthonormal matrix', () => {
    const random = createRandom(8);
    for (const [m, n] of [
      [2, 2],
      [3, 2],
      [4, 4],
      [8, 5],
    ] as const) {
      // prettier-ignore
      const a = randomMatrix(m, n, random);
      const { u } = polar(a);
      const least = normFrobenius(difference(a, u));
      for (let i = 0; i < 30; i++) {
        const far = randomOrthonormal(m, n, random);
        // Orthonormalised, U + small: near U, and orthonormal again.
        const near = polar(combined(u, 2 ** -(i % 15), far)).u;
        expect(normFrobenius(difference(a, far))).toBeGreaterThanOrEqual(least);
        // Rounding of the two sums of squares near a minimum.
        expect(normFrobenius(difference(a, near))).toBeGreaterThanOrEqual(least * (1 - m * n * Number.EPSILON)); // bound: rounding of sums of m n squares
      }
    }
  });

  it('works at the ends of the range', () => {
    const a = withSingularValues(6, 4, [4, 3, 2, 1], createRandom(9));
    for (const factor of [2 ** 1000, 2 ** -1000]) {
      const { u, h } = polar(scaled(a, factor));
      expectRatio('polar: scaled', `${factor}`, distanceRatio(u, polar(a).u, 4, 6));
      expectRatio('polar: scaled', `${factor}`, distanceRatio(scaled(h, 1 / factor), polar(a).h, 4, 6));
    }
  });

  it('keeps H where singular values are beyond the doubles', () => {
    const a = fromNested('f64', [[1.2e308, 0.9e308], [0.9e308, 1.2e308]]); // prettier-ignore
    const { u, h } = polar(a);
    expectRatio('polar: near overflow', 'H = A', distanceRatio(scaled(h, 2 ** -1000), scaled(a, 2 ** -1000), normFrobenius(scaled(a, 2 ** -1000)), 2)); // prettier-ignore
    expectRatio('polar: near overflow', 'U = I', distanceRatio(u, identityMatrix(2), 7, 2));
    for (const n of [2, 3, 8]) {
      const signed = polar(matrixFrom(n, n, (i, j) => (i === j ? 1.7e308 : -1.7e308)));
      expect([...signed.u.data, ...signed.h.data].some(Number.isNaN)).toBe(false);
    }
  });

  it('refuses what it is not for', () => {
    expect(() => polar(zeros('f64', [3]))).toThrow('polar: a: expected 2 axes, got shape [3]');
    expect(() => polar(fromNested('f64', [[NaN]]))).toThrow('polar: a: expected finite elements');
  });
});
