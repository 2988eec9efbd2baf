import { createSimdKernels } from '@rankwise/simd';
import { createRandom, fromNested, slice, toNested, transpose, zeros } from '@rankwise/tensor';
import type { Random } from '@rankwise/tensor';
import {
  jacobiEigen,
  jacobiSvd,
  prepareRegressor,
  reducedRankRegression,
  reducedRankRegressionFromSamples,
} from '@rankwise/linalg';
import type { RegressionSamples } from '@rankwise/linalg';
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
import { difference, distanceRatio, expectRatio, normFrobenius, orthogonalityRatio, scalarRatio } from '../kit/matrices/ratios.ts'; // prettier-ignore
import { runs } from '../kit/runs.ts';

const sumOfSquares = (values: Float64Array): number => values.reduce((sum, value) => sum + value * value, 0);

const elements = ({ data }: Matrix): number[] => [...data].map((value) => value + 0);

interface Fit {
  readonly left: Matrix;
  readonly right: Matrix;
  readonly offset?: { readonly data: Float64Array };
}

/** Σ ‖z_i − (M y_i + b)‖². */
function residual({ y, z }: { y: Matrix; z: Matrix }, { left, right, offset }: Fit): number {
  const predicted = multiply(multiply(y, transpose(right)), transpose(left));
  const [n = 0, p = 0] = z.shape;
  const other = matrixFrom(n, p, (i, j) => at(predicted, i, j) + (offset?.data[j] ?? 0));
  return normFrobenius(difference(z, other)) ** 2;
}

/** Samples of moderate condition, with means, and noise. */
function samplesOf(n: number, d: number, p: number, random: Random): { y: Matrix; z: Matrix } {
  const y = matrixFrom(n, d, (_, j) => j + 1 + random.normal());
  const signal = multiply(y, randomMatrix(d, p, random));
  return { y, z: matrixFrom(n, p, (i, j) => at(signal, i, j) - 2 * j + random.normal()) };
}

const shapes = fc.record({
  d: fc.integer({ min: 1, max: 6 }),
  p: fc.integer({ min: 1, max: 6 }),
  extra: fc.integer({ min: 1, max: 20 }),
  rank: fc.integer({ min: 0, max: 6 }),
  intercept: fc.boolean(),
  seed: seeds,
});

describe('reducedRankRegressionFromSamples by hand', () => {
  it('a line, with and without an intercept', () => {
    const samples = { y: fromNested('f64', [[-1], [1]]), z: fromNested('f64', [[-1], [3]]) };
    const { left, right, offset } = reducedRankRegressionFromSamples(samples, 1);
    expectRatio('reducedRankRegressionFromSamples: by hand', 'slope', scalarRatio(left.data[0]! * right.data[0]!, 2, 2, 2)); // prettier-ignore
    expect(elements(offset)).toEqual([1]);
    const through = reducedRankRegressionFromSamples(samples, 1, { intercept: false });
    expectRatio('reducedRankRegressionFromSamples: by hand', 'slope', scalarRatio(through.left.data[0]! * through.right.data[0]!, 2, 2, 2)); // prettier-ignore
    expect(elements(through.offset)).toEqual([0]);
  });

  it('no samples, no variables, one sample, rank 0: the mean', () => {
    const none = reducedRankRegressionFromSamples({ y: zeros('f64', [0, 2]), z: zeros('f64', [0, 3]) }, 2);
    expect([none.left.shape, none.right.shape, elements(none.offset)]).toEqual([[3, 0], [0, 2], [0, 0, 0]]); // prettier-ignore
    const bare = reducedRankRegressionFromSamples({ y: zeros('f64', [2, 0]), z: fromNested('f64', [[1], [3]]) }, 2);
    expect([bare.left.shape, elements(bare.offset)]).toEqual([[1, 0], [2]]);
    const one = reducedRankRegressionFromSamples({ y: fromNested('f64', [[5]]), z: fromNested('f64', [[7]]) }, 1);
    expect([one.left.shape, elements(one.offset)]).toEqual([[1, 0], [7]]);
    const zero = reducedRankRegressionFromSamples({ y: fromNested('f64', [[1], [2]]), z: fromNested('f64', [[1], [5]]) }, 0); // prettier-ignore
    expect([toNested(zero.right), elements(zero.offset)]).toEqual([[], [3]]);
  });

  it('f32 and strided samples are those of their values; a variable that never varies gets weight 0', () => {
    const y = fromNested('f32', [[1, 7, 2], [3, 7, 1], [4, 7, 9]]); // prettier-ignore
    const z = fromNested('f64', [[1], [2], [4]]);
    const found = reducedRankRegressionFromSamples({ y, z }, 2);
    const wide = { y: transpose(fromNested('f64', [[1, 3, 4], [7, 7, 7], [2, 1, 9]])), z: slice(z, [[0, 3]]) }; // prettier-ignore
    expect(reducedRankRegressionFromSamples(wide, 2)).toEqual(found);
    expect(Math.abs(at(found.right, 0, 1))).toBe(0);
  });
});

describe('reducedRankRegressionFromSamples: the optimum', () => {
  it('leaves what its singular values say, and no perturbation leaves less', () => {
    fc.assert(
      fc.property(shapes, ({ d, p, extra, rank, intercept, seed }) => {
        const random = createRandom(seed);
        const n = d + extra;
        const samples = samplesOf(n, d, p, random);
        const fit = reducedRankRegressionFromSamples(samples, rank, { intercept });
        const none = reducedRankRegressionFromSamples(samples, 0, { intercept });
        const whole = residual(samples, none);
        const least = residual(samples, fit);
        const singular = jacobiSvd(samples.y).s.data;
        const centred = matrixFrom(n, d, (i, j) => at(samples.y, i, j) - (intercept ? meanOf(samples.y, j) : 0));
        const varied = jacobiSvd(centred).s.data;
        const condition = (singular[0]! / varied[Math.min(n, d) - 1]!) ** 2;
        fc.pre(condition < 1e6);
        const scale = normFrobenius(samples.z) ** 2;
        const what = `d ${d}, p ${p}, n ${n}, rank ${rank}, intercept ${intercept}, seed ${seed}`;
        const explained = sumOfSquares(fit.singularValues.data);
        expectRatio('reducedRankRegressionFromSamples: residual', what, scalarRatio(whole - explained, least, scale, n * d * condition)); // prettier-ignore
        const slack = n * d * condition * Number.EPSILON * scale; // bound: the rounding just measured
        for (let trial = 0; trial < 10; trial++) {
          const step = 4 ** -(trial % 5);
          const near = (a: Matrix): Matrix => ({ ...a, data: a.data.map((value) => value + step * random.normal()) });
          const offset = intercept ? near(fit.offset) : fit.offset;
          const other = trial % 2 === 0 ? { ...fit, offset } : { left: near(fit.left), right: near(fit.right), offset };
          expect(residual(samples, other), what).toBeGreaterThanOrEqual(least - slack);
        }
      }),
      { numRuns: runs() },
    );
  });

  it('is the regression of the centred moments', () => {
    const samples = samplesOf(40, 5, 4, createRandom(3));
    const centre = (a: Matrix): Matrix => matrixFrom(40, a.shape[1] ?? 0, (i, j) => at(a, i, j) - meanOf(a, j));
    const [y, z] = [centre(samples.y), centre(samples.z)];
    const regressor = prepareRegressor(multiply(transpose(y), y));
    const expected = reducedRankRegression(regressor, multiply(transpose(z), y), 2);
    const { left, right } = reducedRankRegressionFromSamples(samples, 2);
    const m = multiply(expected.left, expected.right);
    expectRatio('reducedRankRegressionFromSamples: moments', 'd 5', distanceRatio(multiply(left, right), m, normFrobenius(m), 40 * 25)); // prettier-ignore
  });

  it('powers of two, whatever the scales: the same bits', () => {
    const { y, z } = samplesOf(12, 3, 4, createRandom(4));
    const plain = reducedRankRegressionFromSamples({ y, z }, 2);
    for (const [a, b] of [[5, -3], [-500, 0], [0, -900], [600, 600], [-600, -700], [1000, 900]] as const) {
      const other = reducedRankRegressionFromSamples({ y: scaled(y, 2 ** a), z: scaled(z, 2 ** b) }, 2);
      expect(other.left).toEqual(plain.left);
      expect(other.right).toEqual(scaled(plain.right, 2 ** (b - a)));
      expect([...other.offset.data]).toEqual([...plain.offset.data].map((value) => value * 2 ** b));
      expect([...other.singularValues.data]).toEqual([...plain.singularValues.data].map((value) => value * 2 ** b));
    } // prettier-ignore
  });

  it('with simd kernels and fewer samples than variables fits exactly', async () => {
    const kernels = await createSimdKernels({ threads: 1 });
    const random = createRandom(5);
    const samples = { y: randomMatrix(30, 65, random), z: randomMatrix(30, 33, random) };
    const fit = reducedRankRegressionFromSamples(samples, 33, { kernels });
    expectRatio('reducedRankRegressionFromSamples: left orthonormal', 'simd', orthogonalityRatio(fit.left));
    const varied = jacobiSvd(matrixFrom(30, 65, (i, j) => at(samples.y, i, j) - meanOf(samples.y, j))).s.data;
    const condition = (varied[0]! / varied[28]!) ** 2;
    expectRatio('reducedRankRegressionFromSamples: exact fit', 'simd', scalarRatio(Math.sqrt(residual(samples, fit)), 0, normFrobenius(samples.z), 65 * condition)); // prettier-ignore
    kernels.dispose();
  });

  it('refuses samples that do not belong together, and what is no number', () => {
    const y = zeros('f64', [2, 2]);
    const solve =
      (samples: RegressionSamples, rank = 1) =>
      () =>
        reducedRankRegressionFromSamples(samples, rank);
    const caller = 'reducedRankRegressionFromSamples';
    expect(solve({ y, z: zeros('f64', [3, 2]) })).toThrow(
      `${caller}: z: expected as many rows as y [2, 2], got [3, 2]`,
    );
    expect(solve({ y, z: zeros('f64', [2]) })).toThrow(`${caller}: z: expected 2 axes`);
    expect(solve({ y, z: fromNested('f64', [[1], [NaN]]) })).toThrow(`${caller}: z: expected finite elements, got NaN at [1, 0]`); // prettier-ignore
    expect(solve({ y: fromNested('f64', [[Infinity]]), z: zeros('f64', [1, 1]) })).toThrow(`${caller}: y: expected finite`); // prettier-ignore
    for (const rank of [-1, 1.5, NaN]) expect(solve({ y, z: y }, rank)).toThrow(`${caller}: rank: expected a non-negative integer, got ${rank}`); // prettier-ignore
  });
});

function meanOf(a: Matrix, j: number): number {
  const [n = 0] = a.shape;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += at(a, i, j);
  return sum / n;
}

describe('reducedRankRegression from moments of every kind', () => {
  /** C^½ and C^−½ on the range of C, by Jacobi. */
  function roots(c: Matrix, r: number): [root: Matrix, inverse: Matrix, condition: number] {
    const { values, vectors } = jacobiEigen(c);
    const [d = 0] = c.shape;
    const e = matrixFrom(d, r, (i, j) => at(vectors, i, j));
    const power = (exponent: number): Matrix => multiply(matrixFrom(d, r, (i, j) => at(e, i, j) * values.data[j]! ** exponent), transpose(e)); // prettier-ignore
    return [power(0.5), power(-0.5), r === 0 ? 1 : values.data[0]! / values.data[r - 1]!];
  }

  it('explains as much as the SVD of cross C^−½ (by Jacobi), for singular C as well', () => {
    fc.assert(
      fc.property(
        symmetricCases(({ semidefinite, name }) => semidefinite === true && /moment|identity|zero|repeated/.test(name)),
        fc.constantFrom(1, 2, 5, 17, 40),
        fc.constantFrom(1, 3, 16),
        ({ matrix: c, random, kind, what }, p, rank) => {
          const [d = 0] = c.shape;
          const regressor = prepareRegressor(c);
          const [root, inverse, condition] = roots(c, regressor.rank);
          const b = randomMatrix(p, d, random);
          const cross = multiply(b, root);
          const { left, right, singularValues } = reducedRankRegression(regressor, cross, rank);
          const k = Math.min(rank, regressor.rank, p);
          const whitened = multiply(cross, inverse);
          const expected = jacobiSvd(whitened).s.data.slice(0, k);
          const scale = normFrobenius(whitened);
          const name = { kind, what: `${what}, p ${p}, rank ${rank}` };
          expectRatio('reducedRankRegression: left orthonormal', name, orthogonalityRatio(left));
          for (let i = 0; i < k; i++) expectRatio('reducedRankRegression: σ² against C^−½', name, scalarRatio(singularValues.data[i]! ** 2, expected[i]! ** 2, scale ** 2, (p + d) * condition)); // prettier-ignore
          // right is in the range of C: the minimiser of least norm.
          const projected = multiply(right, multiply(root, inverse));
          expectRatio('reducedRankRegression: least norm', name, distanceRatio(projected, right, normFrobenius(right) || 1, (p + d) * condition)); // prettier-ignore
        },
      ),
      { numRuns: runs() },
    );
  });

  it('alternating least squares comes to the same residual', () => {
    for (const [p, d, k, seed] of [[4, 3, 1, 1], [3, 4, 2, 2], [6, 6, 3, 3], [9, 4, 2, 4]] as const) {
      const random = createRandom(seed);
      const values = Array.from({ length: d }, (_, i) => i + 1);
      const c = conjugated(values, random);
      const [root, inverse] = roots(c, d);
      // Singular values of cross C^−½ that halve: the alternation gains a factor of 16 each time.
      const g = multiply(
        matrixFrom(p, Math.min(p, d), (i, j) => (i === j ? 2 ** -j : 0)),
        transpose(randomOrthonormal(d, Math.min(p, d), random)),
      );
      const cross = multiply(g, root);
      let x = randomMatrix(k, d, random);
      let explained = 0;
      for (let step = 0; step < 60; step++) {
        // L = cross Xᵀ (X C Xᵀ)⁻¹, orthonormalised, then X = Lᵀ cross C⁻¹.
        const l = jacobiSvd(multiply(cross, transpose(x))).u;
        x = multiply(multiply(transpose(l), multiply(cross, inverse)), inverse);
        explained = normFrobenius(multiply(x, root)) ** 2;
      }
      const { singularValues } = reducedRankRegression(prepareRegressor(c), cross, k);
      expectRatio('reducedRankRegression: against alternation', `p ${p}, d ${d}, k ${k}`, scalarRatio(sumOfSquares(singularValues.data), explained, explained, 4 * (p + d) * d)); // prettier-ignore
    } // prettier-ignore
  });

  it('a turned response turns M; permuted variables permute it', () => {
    const random = createRandom(21);
    const c = conjugated([1, 2, 3, 4, 5], random);
    const cross = randomMatrix(4, 5, random);
    const plain = reducedRankRegression(prepareRegressor(c), cross, 2);
    const m = multiply(plain.left, plain.right);
    const q = randomOrthonormal(4, 4, random);
    const turned = reducedRankRegression(prepareRegressor(c), multiply(q, cross), 2);
    // M moves by rounding over the gap between σ_2² and σ_3².
    const s = reducedRankRegression(prepareRegressor(c), cross, 3).singularValues.data;
    const scale = (normFrobenius(m) * s[0]! ** 2) / (s[1]! ** 2 - s[2]! ** 2);
    expectRatio('reducedRankRegression: turned', 'p 4', distanceRatio(multiply(turned.left, turned.right), multiply(q, m), scale, 5 * 9)); // prettier-ignore
    const order = [3, 0, 4, 1, 2];
    const permuted = reducedRankRegression(
      prepareRegressor(matrixFrom(5, 5, (i, j) => at(c, order[i]!, order[j]!))),
      matrixFrom(4, 5, (i, j) => at(cross, i, order[j]!)),
      2,
    );
    const expected = matrixFrom(4, 5, (i, j) => at(m, i, order[j]!));
    expectRatio('reducedRankRegression: permuted', 'd 5', distanceRatio(multiply(permuted.left, permuted.right), expected, scale, 5 * 9)); // prettier-ignore
  });

  it('a ridge towards 0 gives the minimiser of least norm; one without end, the leading part of cross / ridge', () => {
    const { matrix: c, random } = symmetricCase('moment of rank n / 2', 6, 8);
    const [root, , condition] = roots(c, 3);
    const cross = multiply(randomMatrix(4, 6, random), root);
    const limit = reducedRankRegression(prepareRegressor(c), cross, 2);
    const m = multiply(limit.left, limit.right);
    const distances = [-6, -10, -14].map((exponent) => {
      const { left, right } = reducedRankRegression(
        prepareRegressor(c, { ridge: 2 ** exponent / condition }),
        cross,
        2,
      );
      return normFrobenius(difference(multiply(left, right), m)) / normFrobenius(m);
    });
    // The distance is proportional to the ridge.
    expect(distances[1]!).toBeLessThan(distances[0]! / 12);
    expect(distances[2]!).toBeLessThan(distances[1]! / 12);
    const ridge = 2 ** 60;
    const { left, right } = reducedRankRegression(prepareRegressor(c, { ridge }), cross, 2);
    let trace = 0;
    for (let i = 0; i < 6; i++) trace += at(c, i, i);
    const { u } = jacobiSvd(cross);
    const top = matrixFrom(4, 2, (i, j) => at(u, i, j));
    const expected = multiply(top, multiply(transpose(top), cross));
    const found = scaled(multiply(left, right), (ridge * trace) / 6);
    expectRatio('reducedRankRegression: ridge without end', 'd 6', distanceRatio(found, expected, 100 * normFrobenius(cross), 10)); // prettier-ignore
  });
});
