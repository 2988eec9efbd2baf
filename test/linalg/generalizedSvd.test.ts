import { createSimdKernels } from '@rankwise/simd';
import { createRandom, fromNested, toNested, transpose, zeros } from '@rankwise/tensor';
import type { Kernels, Random } from '@rankwise/tensor';
import { cholesky, generalizedSvd, jacobiEigen, jacobiSvd } from '@rankwise/linalg';
import type { GeneralizedSvd } from '@rankwise/linalg';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeds, symmetricCase, symmetricCases } from '../kit/matrices/arbitraries.ts';
import {
  at,
  conjugated,
  matrixFrom,
  multiply,
  randomMatrix,
  randomOrthonormal,
  scaled,
} from '../kit/matrices/gallery.ts';
import type { Matrix } from '../kit/matrices/gallery.ts';
import {
  difference,
  distanceRatio,
  expectRatio,
  hasPositiveLargest,
  isDescending,
  normFrobenius,
  orthogonalityRatio,
  scalarRatio,
  valuesRatio,
} from '../kit/matrices/ratios.ts';
import { runs } from '../kit/runs.ts';

const identity = (n: number): Matrix => matrixFrom(n, n, (i, j) => (i === j ? 1 : 0));

/** By rows, without signs of zeros. */
const elements = ({ data }: Matrix): number[] => [...data].map((value) => value + 0);

/** tr(X C Xᵀ). */
function squareInMetric(x: Matrix, c: Matrix): number {
  const [p = 0, d = 0] = x.shape;
  const xc = multiply(x, c);
  let sum = 0;
  for (let i = 0; i < p; i++) for (let j = 0; j < d; j++) sum += at(xc, i, j) * at(x, i, j);
  return sum;
}

/** U diag(s) Vᵀ of the first k terms. */
function assembled({ u, s, v }: GeneralizedSvd, k = s.data.length): Matrix {
  const weighted = matrixFrom(u.shape[0] ?? 0, k, (i, j) => at(u, i, j) * s.data[j]!);
  return multiply(
    weighted,
    matrixFrom(k, v.shape[0] ?? 0, (i, j) => at(v, j, i)),
  );
}

const tail = (s: Float64Array, k: number): number => s.slice(k).reduce((sum, value) => sum + value * value, 0);

/** A matrix of good condition with the eigenvalues 1 … 4, and M [p, d]. */
function problem(p: number, d: number, random: Random): { m: Matrix; c: Matrix } {
  const values = Array.from({ length: d }, (_, i) => 1 + (3 * i) / Math.max(1, d - 1));
  return { m: randomMatrix(p, d, random), c: conjugated(values, random) };
}

/** Whatever C is: the identities, each with the factor by which C's own scale and condition enter. */
function expectDecomposition(m: Matrix, c: Matrix, name: Parameters<typeof expectRatio>[1], kernels?: Kernels): void {
  const [p = 0, d = 0] = m.shape;
  const result = generalizedSvd(m, c, kernels === undefined ? {} : { kernels });
  const { u, s, v } = result;
  const k = s.data.length;
  expect([u.shape, v.shape]).toEqual([[p, k], [d, k]]); // prettier-ignore
  expect(k).toBeLessThanOrEqual(Math.min(p, d));
  expect(isDescending(s)).toBe(true);
  expect(s.data.every((value) => value >= 0)).toBe(true);
  expect(hasPositiveLargest(u)).toBe(true);
  expectRatio("generalizedSvd: U'U = I", name, orthogonalityRatio(u));
  // C is off by c d ε |C| as decomposed: V' (that) V.
  const cNorm = normFrobenius(c);
  const amplification = Math.max(1, cNorm * normFrobenius(v) ** 2);
  expectRatio("generalizedSvd: V'CV = I", name, distanceRatio(multiply(transpose(v), multiply(c, v)), identity(k), amplification, d)); // prettier-ignore
  // Eigenvalues up to 16 d ε |C| were dropped; G = M R is pulled back by W and seen through C again.
  const scale = normFrobenius(m) * cNorm * Math.sqrt(amplification);
  const residual = multiply(difference(m, assembled(result)), c);
  expectRatio('generalizedSvd: M C = U S V\' C', name, distanceRatio(residual, zeros('f64', [p, d]), scale, 16 * (p + d))); // prettier-ignore
  expectRatio('generalizedSvd: Σ s² = |M|_C²', name, scalarRatio(squareInMetric(m, c), tail(s.data, 0), normFrobenius(m) ** 2 * cNorm, 16 * (p + d))); // prettier-ignore
}

describe('generalizedSvd by hand', () => {
  const m = fromNested('f64', [[3, 0, 5], [0, 2, 7]]); // prettier-ignore
  const c = fromNested('f64', [[1, 0, 0], [0, 4, 0], [0, 0, 0]]); // prettier-ignore

  it('a variable that counts four times, and one that does not count', () => {
    const { u, s, v } = generalizedSvd(m, c);
    expect(toNested(s)).toEqual([4, 3]);
    expect(elements(u)).toEqual([0, 1, 1, 0]);
    expect(elements(v)).toEqual([0, 1, 0.5, 0, 0, 0]);
    // U S Vᵀ is M where C looks, and 0 where it does not.
    expect(elements(assembled({ u, s, v }))).toEqual([3, 0, 0, 0, 2, 0]);
    expect(elements(assembled(generalizedSvd(m, c, { rank: 1 })))).toEqual([0, 0, 0, 0, 2, 0]);
  });

  it('nothing to decompose, nothing that counts, nothing asked', () => {
    for (const [p, d] of [[0, 0], [0, 2], [3, 0]] as const) {
      const { u, s, v } = generalizedSvd(zeros('f64', [p, d]), identity(d));
      expect([u.shape, s.shape, v.shape]).toEqual([[p, 0], [0], [d, 0]]); // prettier-ignore
    } // prettier-ignore
    expect(generalizedSvd(m, zeros('f64', [3, 3])).s.shape).toEqual([0]);
    expect(generalizedSvd(m, c, { rank: 0 }).u.shape).toEqual([2, 0]);
    expect(toNested(generalizedSvd(zeros('f64', [2, 3]), c).s)).toEqual([0, 0]);
    const one = generalizedSvd(fromNested('f64', [[-3]]), fromNested('f64', [[4]]));
    expect([toNested(one.u), toNested(one.s), toNested(one.v)]).toEqual([[[1]], [6], [[-0.5]]]);
  });

  it('f32 and strided operands are those of their values', () => {
    const plain = generalizedSvd(m, c);
    expect(generalizedSvd(transpose(fromNested('f32', [[3, 0], [0, 2], [5, 7]])), transpose(c))).toEqual(plain); // prettier-ignore
  });
});

describe('generalizedSvd: the identities', () => {
  it('for semi-definite matrices of every kind', () => {
    fc.assert(
      fc.property(
        symmetricCases(({ semidefinite }) => semidefinite === true),
        fc.constantFrom(0, 1, 2, 3, 7, 17, 33),
        (example, p) => expectDecomposition(randomMatrix(p, example.matrix.shape[0] ?? 0, example.random), example.matrix, example), // prettier-ignore
      ),
      { numRuns: runs() },
    );
  });

  it.each([31, 32, 33, 64, 65, 100])('p = d = %i around the block boundaries, simd kernels', async (d) => {
    const kernels = await createSimdKernels({ threads: 1 });
    const example = symmetricCase('moment with dead and doubled variables', d, d);
    expectDecomposition(randomMatrix(d, d, example.random), example.matrix, example, kernels);
    kernels.dispose();
  });

  it('keeps to the range of C: nothing for variables that never vary, the same for one that is there twice', () => {
    for (const d of [5, 9, 16]) {
      const { matrix: c, random } = symmetricCase('moment with dead and doubled variables', d, 3);
      const m = randomMatrix(4, d, random);
      const { v } = generalizedSvd(m, c);
      for (let i = 0; i < d; i++) {
        for (let j = 0; j < (v.shape[1] ?? 0); j++) if (at(c, i, i) === 0) expect(Math.abs(at(v, i, j))).toBe(0);
      }
    }
  });

  it('is M times the projector on the range of C (by Jacobi)', () => {
    for (const d of [2, 5, 8, 17]) {
      const { matrix: c, random } = symmetricCase('moment of rank n / 2', d, d);
      const m = randomMatrix(3, d, random);
      const { values, vectors } = jacobiEigen(c);
      const r = Math.floor(d / 2);
      const e = matrixFrom(d, r, (i, j) => at(vectors, i, j));
      const expected = multiply(multiply(m, e), transpose(e));
      const condition = values.data[0]! / values.data[r - 1]!;
      expectRatio('generalizedSvd: M on the range of C', `d ${d}`, distanceRatio(assembled(generalizedSvd(m, c)), expected, condition * normFrobenius(m), d * d)); // prettier-ignore
    }
  });
});

describe('generalizedSvd: the best of its rank (Eckart and Young)', () => {
  const shapes = fc.record({ p: fc.integer({ min: 1, max: 7 }), d: fc.integer({ min: 1, max: 7 }), seed: seeds });

  it('the first k terms leave the squares of the others, and no perturbation of them leaves less', () => {
    fc.assert(
      fc.property(shapes, ({ p, d, seed }) => {
        const random = createRandom(seed);
        const regular = problem(p, d, random);
        const { m } = regular;
        const half = randomMatrix(d, Math.ceil(d / 2), random);
        for (const c of [regular.c, multiply(half, transpose(half))]) {
          const whole = generalizedSvd(m, c);
          const scale = normFrobenius(m) ** 2 * normFrobenius(c);
          for (let k = 0; k <= whole.s.data.length; k++) {
            const best = generalizedSvd(m, c, { rank: k });
            expect(best.s.data).toEqual(whole.s.data.slice(0, k));
            const least = tail(whole.s.data, k);
            const x = assembled(best);
            const condition = Math.max(1, normFrobenius(c) * normFrobenius(whole.v) ** 2);
            expectRatio('generalizedSvd: |M − X|_C', `p ${p}, d ${d}, k ${k}, seed ${seed}`, scalarRatio(squareInMetric(difference(m, x), c), least, scale, (p + d) * d * condition)); // prettier-ignore
            const slack = (p + d) * d * condition * Number.EPSILON * scale; // bound: the rounding just measured
            for (let trial = 0; trial < 6; trial++) {
              const step = 4 ** -trial;
              const near = (a: Matrix): Matrix => matrixFrom(a.shape[0] ?? 0, k, (i, j) => at(a, i, j) + step * random.normal()); // prettier-ignore
              const other = assembled({ u: near(best.u), s: best.s, v: near(best.v) });
              expect(squareInMetric(difference(m, other), c)).toBeGreaterThanOrEqual(least - slack);
            }
          }
        }
      }),
      { numRuns: runs(40) },
    );
  });

  it('rank 1, two or three rows: no direction on a fine grid does better, and the best nearly as well', () => {
    for (const [p, d] of [[2, 2], [3, 3], [3, 4], [2, 1]] as const) {
      const random = createRandom(p + 8 * d);
      const { m, c } = problem(p, d, random);
      const s = generalizedSvd(m, c).s.data;
      // Given the direction u, the best X = u xᵀ has x = Mᵀu and takes off uᵀ M C Mᵀ u.
      const mcm = multiply(m, multiply(c, transpose(m)));
      let most = 0;
      const steps = 600;
      for (let i = 0; i < steps; i++) {
        const phi = (Math.PI * i) / steps;
        for (let j = 0; j < (p === 2 ? 1 : steps); j++) {
          const theta = p === 2 ? Math.PI / 2 : (Math.PI * j) / steps;
          const u = [Math.sin(theta) * Math.cos(phi), Math.sin(theta) * Math.sin(phi), Math.cos(theta)].slice(0, p);
          most = Math.max(most, u.reduce((sum, x, a) => sum + x * u.reduce((row, y, b) => row + y * at(mcm, a, b), 0), 0)); // prettier-ignore
        }
      }
      const square = s[0]! ** 2;
      const slack = 16 * p * d * Number.EPSILON * square; // bound: rounding of the two quadratic forms
      expect(most).toBeLessThanOrEqual(square + slack);
      // Some direction lies within h = π / steps in either angle of the best: 1 − cos² of at most 2h² is lost.
      expect(most).toBeGreaterThanOrEqual(square * (1 - 2 * (Math.PI / steps) ** 2) - slack);
    } // prettier-ignore
  });
});

describe('generalizedSvd against other algorithms', () => {
  it('for a regular C: the singular values of M L by Jacobi, C = L Lᵀ by Cholesky', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), seeds, (p, d, seed) => {
        const { m, c } = problem(p, d, createRandom(seed));
        const { s } = generalizedSvd(m, c);
        const other = jacobiSvd(multiply(m, cholesky(c))).s.data;
        const scale = normFrobenius(m) ** 2 * normFrobenius(c);
        s.data.forEach((value, i) => expectRatio('generalizedSvd: against Cholesky', `p ${p}, d ${d}, seed ${seed}`, scalarRatio(value ** 2, other[i]! ** 2, scale, p + d))); // prettier-ignore
      }),
      { numRuns: runs() },
    );
  });

  it('with C = I it is the singular value decomposition', () => {
    const m = randomMatrix(7, 5, createRandom(2));
    const { u, s, v } = generalizedSvd(m, identity(5));
    const other = jacobiSvd(m);
    expectRatio('generalizedSvd: C = I', 's', valuesRatio(s.data, other.s.data));
    // Vectors turn by rounding over gap; the gaps of this matrix are above a tenth of the largest value.
    expectRatio('generalizedSvd: C = I', 'u', distanceRatio(u, other.u, 10, 7));
    expectRatio('generalizedSvd: C = I', 'v', distanceRatio(v, other.v, 10, 7));
  });
});

describe('generalizedSvd: invariances', () => {
  it('powers of two, of either: the same bits', () => {
    const random = createRandom(6);
    const { m, c } = problem(4, 3, random);
    const plain = generalizedSvd(m, c);
    for (const [a, b] of [[-10, 3], [300, -150], [-500, 150], [900, -490], [-1000, 500], [0, -505], [0, 505]] as const) {
      const other = generalizedSvd(scaled(m, 2 ** a), scaled(c, 4 ** b));
      expect(other.u).toEqual(plain.u);
      expect(other.v).toEqual(scaled(plain.v, 2 ** -b));
      expect([...other.s.data]).toEqual([...plain.s.data].map((value) => value * 2 ** (a + b)));
    } // prettier-ignore
  });

  it('subnormal and near overflow: finite', () => {
    const { m, c } = problem(3, 3, createRandom(7));
    const small = generalizedSvd(scaled(m, 2 ** -1050), scaled(c, 2 ** -1050));
    expect([small.u, small.s, small.v].every(({ data }) => data.every(Number.isFinite))).toBe(true);
    expect(orthogonalityRatio(small.u)).toBeLessThan(30);
    const large = generalizedSvd(scaled(m, 2 ** 1022), scaled(c, 2 ** -40));
    expect([large.u, large.s, large.v].every(({ data }) => data.every(Number.isFinite))).toBe(true);
    const metric = generalizedSvd(m, scaled(c, 2 ** 1020));
    expect([metric.u, metric.s, metric.v].every(({ data }) => data.every(Number.isFinite))).toBe(true);
  });

  it('orthogonal transforms of the rows turn U; those of the variables turn V', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }), seeds, (p, d, seed) => {
        const random = createRandom(seed);
        const { m, c } = problem(p, d, random);
        const q = randomOrthonormal(p, p, random);
        const t = randomOrthonormal(d, d, random);
        const plain = assembled(generalizedSvd(m, c));
        const what = `p ${p}, d ${d}, seed ${seed}`;
        const scale = normFrobenius(m) * 4;
        expectRatio('generalizedSvd: rows turned', what, distanceRatio(assembled(generalizedSvd(multiply(q, m), c)), multiply(q, plain), scale, p + d)); // prettier-ignore
        const turned = multiply(transpose(t), multiply(c, t));
        const symmetric = matrixFrom(d, d, (i, j) => at(turned, Math.max(i, j), Math.min(i, j)));
        expectRatio('generalizedSvd: variables turned', what, distanceRatio(assembled(generalizedSvd(multiply(m, t), symmetric)), multiply(plain, t), scale, p + d)); // prettier-ignore
      }),
      { numRuns: runs() },
    );
  });
});

describe('generalizedSvd refuses', () => {
  const m = fromNested('f64', [[1, 2]]);
  it('metrics that are none, shapes that do not fit, ranks and values that are none', () => {
    const metric = (rows: number[][]) => () => generalizedSvd(m, fromNested('f64', rows));
    expect(metric([[1, 0], [0, -1]])).toThrow(/^generalizedSvd: metric: expected a positive semi-definite matrix, got eigenvalues from -1 to 1/); // prettier-ignore
    expect(metric([[1, 2], [3, 9]])).toThrow(/^generalizedSvd: metric: expected a symmetric matrix/); // prettier-ignore
    expect(metric([[1, 0]])).toThrow('generalizedSvd: metric: expected a square matrix');
    expect(metric([[1]])).toThrow('generalizedSvd: m: expected [p, d] to fit the metric [1, 1], got [1, 2]');
    expect(metric([[NaN, 0], [0, 1]])).toThrow('generalizedSvd: metric: expected finite elements, got NaN at [0, 0]'); // prettier-ignore
    expect(() => generalizedSvd(fromNested('f64', [[1, Infinity]]), identity(2))).toThrow('generalizedSvd: m: expected finite'); // prettier-ignore
    for (const rank of [-1, 0.5, NaN, Infinity]) {
      expect(() => generalizedSvd(m, identity(2), { rank })).toThrow(`generalizedSvd: rank: expected a non-negative integer, got ${rank}`); // prettier-ignore
    }
    expect(() => generalizedSvd(m, identity(2), { tolerance: -1 })).toThrow('generalizedSvd: tolerance: expected a finite number >= 0, got -1'); // prettier-ignore
  });
});
