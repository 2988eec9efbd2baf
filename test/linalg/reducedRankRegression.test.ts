import { createRandom, fromNested, referenceKernels, toNested, transpose, zeros } from '@rankwise/tensor';
import { cholesky, choleskySolve, pca, prepareRegressor, reducedRankRegression } from '@rankwise/linalg';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeds } from '../kit/matrices/arbitraries.ts';
import { at, conjugated, matrixFrom, multiply, randomMatrix, scaled, symmetrized } from '../kit/matrices/gallery.ts';
import type { Matrix } from '../kit/matrices/gallery.ts';
import { difference, distanceRatio, expectRatio, isDescending, normFrobenius, orthogonalityRatio, scalarRatio } from '../kit/matrices/ratios.ts'; // prettier-ignore
import { runs } from '../kit/runs.ts';

/** Samples of a regression: Y [d, n] with correlated rows, Z [p, n] partly explained by Y, and their moments. */
function problem(d: number, p: number, n: number, seed: number) {
  const random = createRandom(seed);
  const y = multiply(randomMatrix(d, d, random), randomMatrix(d, n, random));
  const noise = randomMatrix(p, n, random);
  const signal = multiply(randomMatrix(p, d, random), y);
  const z = matrixFrom(p, n, (i, j) => at(signal, i, j) + at(noise, i, j));
  return { y, z, ...moments(y, z), random };
}

const moments = (y: Matrix, z: Matrix) => ({
  moment: symmetrized(multiply(y, transpose(y))),
  cross: multiply(z, transpose(y)),
});

/** ‖Z − M Y‖², from the samples. */
const objective = (z: Matrix, m: Matrix, y: Matrix): number => normFrobenius(difference(z, multiply(m, y))) ** 2;

const square = (value: number): number => value * value;

const sumOfSquares = (values: Float64Array): number => values.reduce((sum, value) => sum + value * value, 0);

/** Condition of the part of C that was kept: forward errors grow with it. */
const conditionOf = (eigenvalues: Float64Array, rank: number): number =>
  rank === 0 ? 1 : eigenvalues[0]! / eigenvalues[rank - 1]!;

const shapes = fc.record({
  d: fc.integer({ min: 1, max: 9 }),
  p: fc.integer({ min: 1, max: 9 }),
  extra: fc.integer({ min: 1, max: 20 }),
  rank: fc.integer({ min: 1, max: 9 }),
  seed: seeds,
});

describe('by hand', () => {
  it('Y = I: the truncated SVD of Z', () => {
    const regressor = prepareRegressor(fromNested('f64', [[1, 0], [0, 1]])); // prettier-ignore
    const { left, right, singularValues } = reducedRankRegression(regressor, fromNested('f64', [[3, 0], [0, 1]]), 1); // prettier-ignore
    expect(toNested(left)).toEqual([[1], [0]]);
    expect(toNested(right)).toEqual([[3, 0]]);
    expect(toNested(singularValues)).toEqual([3]);
  });

  it('a large regressor does not outweigh a well predicted one', () => {
    // Y = diag(100, 1), Z = diag(1, 2): M = diag(0.01, 2) at full rank; the second direction explains 4 of 5.
    const regressor = prepareRegressor(fromNested('f64', [[10000, 0], [0, 1]])); // prettier-ignore
    const { left, right } = reducedRankRegression(regressor, fromNested('f64', [[100, 0], [0, 2]]), 1); // prettier-ignore
    expect(toNested(multiply(left, right))).toEqual([[0, 0], [0, 2]]); // prettier-ignore
  });

  it('a variable that never varies gets weight 0, exactly', () => {
    const { moment, cross } = problem(3, 4, 10, 1);
    const keep = [0, 2, 3];
    const wide = matrixFrom(5, 5, (i, j) => (keep.includes(i) && keep.includes(j) ? at(moment, keep.indexOf(i), keep.indexOf(j)) : 0)); // prettier-ignore
    const wideCross = matrixFrom(4, 5, (i, j) => (keep.includes(j) ? at(cross, i, keep.indexOf(j)) : 0));
    const regressor = prepareRegressor(wide);
    expect(regressor.rank).toBe(3);
    const { right } = reducedRankRegression(regressor, wideCross, 2);
    for (let row = 0; row < 2; row++) expect([at(right, row, 1), at(right, row, 4)].map(Math.abs)).toEqual([0, 0]);
  });

  it('one response twice: both get the same weight (least norm)', () => {
    const regressor = prepareRegressor(fromNested('f64', [[4, 4], [4, 4]])); // prettier-ignore
    expect(regressor.rank).toBe(1);
    const { left, right } = reducedRankRegression(regressor, fromNested('f64', [[8, 8]]), 1);
    const m = multiply(left, right);
    expectRatio('reducedRankRegression: by hand', 'doubled', distanceRatio(m, fromNested('f64', [[1, 1]]), 1, 2));
  });

  it('nothing varies, nothing to predict, nothing asked', () => {
    const dead = reducedRankRegression(prepareRegressor(zeros('f64', [3, 3])), zeros('f64', [2, 3]), 2);
    expect([dead.left.shape, dead.right.shape]).toEqual([[2, 0], [0, 3]]); // prettier-ignore
    const regressor = prepareRegressor(fromNested('f64', [[1]]));
    expect(reducedRankRegression(regressor, zeros('f64', [2, 1]), 0).left.shape).toEqual([2, 0]);
    expect(toNested(reducedRankRegression(regressor, zeros('f64', [1, 1]), 1).right)).toEqual([[0]]);
    expect(prepareRegressor(zeros('f64', [0, 0])).rank).toBe(0);
  });
});

describe('laws', () => {
  it('‖Z − M Y‖² = ‖Z‖² − Σ σ², left is orthonormal, rank and order are as promised', () => {
    fc.assert(
      fc.property(shapes, ({ d, p, extra, rank, seed }) => {
        const { y, z, moment, cross } = problem(d, p, d + extra, seed);
        const regressor = prepareRegressor(moment);
        const { left, right, singularValues } = reducedRankRegression(regressor, cross, rank);
        const k = Math.min(rank, regressor.rank, p);
        expect([left.shape, right.shape, singularValues.shape]).toEqual([[p, k], [k, d], [k]]);
        expect(isDescending(singularValues)).toBe(true);
        const what = `d ${d}, p ${p}, n ${d + extra}, rank ${rank}, seed ${seed}`;
        expectRatio('reducedRankRegression: left orthonormal', what, orthogonalityRatio(left));
        const total = square(normFrobenius(z));
        const terms = (d + extra) * d * conditionOf(regressor.eigenvalues.data, regressor.rank);
        const found = objective(z, multiply(left, right), y);
        expectRatio('reducedRankRegression: residual identity', what, scalarRatio(found, total - sumOfSquares(singularValues.data), total, terms)); // prettier-ignore
      }),
      // Three samples, condition 9e6: the smallest eigenvalue, and σ² with it, is off by condition · ε, not by its root.
      { numRuns: runs(), examples: [[{ d: 2, p: 5, extra: 1, rank: 2, seed: 727880976 }]] },
    );
  });

  it('satisfies the normal equations of either factor', () => {
    fc.assert(
      fc.property(shapes, ({ d, p, extra, rank, seed }) => {
        const { moment, cross } = problem(d, p, d + extra, seed);
        const regressor = prepareRegressor(moment);
        const { left, right } = reducedRankRegression(regressor, cross, rank);
        const what = `d ${d}, p ${p}, rank ${rank}, seed ${seed}`;
        const terms = d * p * conditionOf(regressor.eigenvalues.data, regressor.rank);
        const rc = multiply(right, moment);
        // ∂/∂right: leftᵀ (cross − M C) = 0; ∂/∂left: (cross − M C) rightᵀ = 0.
        expectRatio('reducedRankRegression: normal equations, right', what, distanceRatio(multiply(transpose(left), cross), rc, normFrobenius(cross), terms)); // prettier-ignore
        const scale = normFrobenius(cross) * normFrobenius(right);
        expectRatio('reducedRankRegression: normal equations, left', what, distanceRatio(multiply(cross, transpose(right)), multiply(left, multiply(rc, transpose(right))), scale, terms)); // prettier-ignore
      }),
      { numRuns: runs() },
    );
  });

  it('at full rank is ordinary least squares (by Cholesky)', () => {
    fc.assert(
      fc.property(shapes, ({ d, p, extra, seed }) => {
        const { moment, cross } = problem(d, p, 2 * d + extra, seed);
        const regressor = prepareRegressor(moment);
        fc.pre(regressor.rank === d);
        const { left, right } = reducedRankRegression(regressor, cross, Math.max(d, p));
        const plain = transpose(choleskySolve(cholesky(moment), transpose(cross)));
        const terms = d * p * conditionOf(regressor.eigenvalues.data, d);
        const what = `d ${d}, p ${p}, seed ${seed}`;
        expectRatio('reducedRankRegression: against least squares', what, distanceRatio(multiply(left, right), plain, normFrobenius(plain), terms)); // prettier-ignore
      }),
      { numRuns: runs() },
    );
  });

  it('of Y on itself is PCA', () => {
    const values = [9, 7, 4, 1, 0.5];
    const moment = conjugated(values, createRandom(3));
    for (let rank = 1; rank <= 5; rank++) {
      const { left, right } = reducedRankRegression(prepareRegressor(moment), moment, rank);
      const { vectors } = pca(moment);
      const top = matrixFrom(5, rank, (i, j) => at(vectors, i, j));
      expectRatio('reducedRankRegression: PCA', `rank ${rank}`, distanceRatio(multiply(left, right), multiply(top, transpose(top)), 1, 5 * 18)); // prettier-ignore
    }
  });

  it('no perturbation of the same rank does better', () => {
    const { y, z, moment, cross, random } = problem(5, 6, 30, 8);
    for (const rank of [1, 2, 3]) {
      const { left, right } = reducedRankRegression(prepareRegressor(moment), cross, rank);
      const best = objective(z, multiply(left, right), y);
      const slack = 30 * 30 * Number.EPSILON * square(normFrobenius(z)); // bound: rounding of the objective, n ε ‖Z‖²
      for (let trial = 0; trial < 200; trial++) {
        const size = 2 ** -(trial % 20);
        const nearLeft = matrixFrom(6, rank, (i, j) => at(left, i, j) + size * random.normal());
        const nearRight = matrixFrom(rank, 5, (i, j) => at(right, i, j) + size * random.normal());
        expect(objective(z, multiply(nearLeft, nearRight), y)).toBeGreaterThanOrEqual(best - slack);
      }
    }
  });

  it('rank 1 with two or three responses: no direction on a fine grid does better, and the best nearly as well', () => {
    for (const seed of [1, 2, 3]) {
      for (const p of [2, 3]) {
        const { z, y, moment, cross } = problem(2, p, 9, seed);
        const [a, b, c] = [at(moment, 0, 0), at(moment, 0, 1), at(moment, 1, 1)];
        const determinant = a * c - b * b;
        const total = square(normFrobenius(z));
        // Given the direction u, the best right factor is uᵀ cross C⁻¹, and leaves ‖Z‖² − uᵀ cross C⁻¹ crossᵀ u.
        const left = (u: readonly number[]): number => {
          const g = [0, 1].map((j) => u.reduce((sum, value, i) => sum + value * at(cross, i, j), 0));
          return total - (g[0]! * (c * g[0]! - b * g[1]!) + g[1]! * (a * g[1]! - b * g[0]!)) / determinant;
        };
        let best = Infinity;
        const steps = 400;
        for (let i = 0; i < steps; i++) {
          const phi = (Math.PI * i) / steps;
          for (let j = 0; j < (p === 2 ? 1 : steps); j++) {
            const theta = p === 2 ? Math.PI / 2 : (Math.PI * j) / steps;
            const s = Math.sin(theta);
            best = Math.min(best, left([s * Math.cos(phi), s * Math.sin(phi), Math.cos(theta)].slice(0, p)));
          }
        }
        const solution = reducedRankRegression(prepareRegressor(moment), cross, 1);
        const found = objective(z, multiply(solution.left, solution.right), y);
        const condition = conditionOf(prepareRegressor(moment).eigenvalues.data, 2);
        const slack = 30 * 9 * condition * Number.EPSILON * total; // bound: c κ n ε of the objective
        expect(best).toBeGreaterThanOrEqual(found - slack);
        // The grid has a direction within h = π / steps of the best one; there at most h² σ_1² ≤ h² ‖Z‖² is lost.
        expect(best).toBeLessThanOrEqual(found + square(Math.PI / steps) * total + slack);
      }
    }
  });

  it('the fit does not change under an invertible transform of Y', () => {
    fc.assert(
      fc.property(shapes, ({ d, p, extra, rank, seed }) => {
        const { y, z, moment, cross, random } = problem(d, p, d + extra, seed);
        const transform = matrixFrom(d, d, (i, j) => (i === j ? 2 : 0) + random.uniform() / d);
        const turned = multiply(transform, y);
        const other = moments(turned, z);
        const [plain, changed] = [prepareRegressor(moment), prepareRegressor(other.moment)];
        fc.pre(plain.rank === d && changed.rank === d);
        const before = reducedRankRegression(plain, cross, rank);
        const after = reducedRankRegression(changed, other.cross, rank);
        const condition = Math.max(conditionOf(plain.eigenvalues.data, d), conditionOf(changed.eigenvalues.data, d));
        const total = square(normFrobenius(z));
        const what = `d ${d}, p ${p}, rank ${rank}, seed ${seed}`;
        const residuals = [objective(z, multiply(before.left, before.right), y), objective(z, multiply(after.left, after.right), turned)]; // prettier-ignore
        expectRatio('reducedRankRegression: invariance', what, scalarRatio(residuals[0]!, residuals[1]!, total, d * condition)); // prettier-ignore
      }),
      { numRuns: runs() },
    );
  });

  it('sum or mean, any power of two: the same bits', () => {
    const { moment, cross } = problem(4, 5, 12, 5);
    const plain = reducedRankRegression(prepareRegressor(moment), cross, 2);
    for (const factor of [2 ** -10, 2 ** -600, 2 ** 600]) {
      const other = reducedRankRegression(prepareRegressor(scaled(moment, factor)), scaled(cross, factor), 2);
      expect(other.left).toEqual(plain.left);
      expect(other.right).toEqual(plain.right);
    }
  });

  it('a rank beyond the numerical rank changes nothing', () => {
    const random = createRandom(14);
    const y = multiply(randomMatrix(6, 2, random), randomMatrix(2, 20, random));
    const { moment, cross } = moments(y, randomMatrix(5, 20, random));
    const regressor = prepareRegressor(moment);
    expect(regressor.rank).toBe(2);
    expect(reducedRankRegression(regressor, cross, 6)).toEqual(reducedRankRegression(regressor, cross, 2));
  });

  it('whitens: Wᵀ C W = I on the part kept', () => {
    const { moment } = problem(7, 1, 20, 6);
    const { whitener, eigenvalues, rank } = prepareRegressor(moment);
    const whitened = multiply(transpose(whitener), multiply(moment, whitener));
    const identity = matrixFrom(rank, rank, (i, j) => (i === j ? 1 : 0));
    expectRatio("prepareRegressor: W'CW = I", 'd 7', distanceRatio(whitened, identity, 1, 49 * conditionOf(eigenvalues.data, rank))); // prettier-ignore
  });

  it('a ridge is the same as adding to the diagonal', () => {
    const { moment, cross } = problem(4, 3, 20, 7);
    let trace = 0;
    for (let i = 0; i < 4; i++) trace += at(moment, i, i);
    const raised = matrixFrom(4, 4, (i, j) => at(moment, i, j) + (i === j ? (0.1 * trace) / 4 : 0));
    const withRidge = reducedRankRegression(prepareRegressor(moment, { ridge: 0.1 }), cross, 2);
    const explicit = reducedRankRegression(prepareRegressor(raised), cross, 2);
    const m = multiply(explicit.left, explicit.right);
    const terms = 16 * conditionOf(prepareRegressor(raised).eigenvalues.data, 4);
    expectRatio('prepareRegressor: ridge', 'd 4', distanceRatio(multiply(withRidge.left, withRidge.right), m, normFrobenius(m), terms)); // prettier-ignore
  });

  it('gives its products to the kernels', () => {
    let calls = 0;
    const counting = { ...referenceKernels, matmul: (call: Parameters<typeof referenceKernels.matmul>[0]) => {
      calls++;
      referenceKernels.matmul(call);
    } }; // prettier-ignore
    const { moment, cross } = problem(4, 3, 20, 9);
    reducedRankRegression(prepareRegressor(moment), cross, 2, { kernels: counting });
    expect(calls).toBeGreaterThanOrEqual(4);
  });
});

describe('errors', () => {
  const regressor = prepareRegressor(fromNested('f64', [[1, 0], [0, 1]])); // prettier-ignore

  it('refuses ranks, shapes and values it is not for', () => {
    expect(() => reducedRankRegression(regressor, zeros('f64', [3, 2]), -1)).toThrow('reducedRankRegression: rank: expected a non-negative integer, got -1'); // prettier-ignore
    expect(() => reducedRankRegression(regressor, zeros('f64', [3, 2]), 1.5)).toThrow('got 1.5');
    expect(() => reducedRankRegression(regressor, zeros('f64', [3, 3]), 1)).toThrow('reducedRankRegression: cross: expected [p, 2] to fit the regressor, got [3, 3]'); // prettier-ignore
    expect(() => reducedRankRegression(regressor, fromNested('f64', [[NaN, 0]]), 1)).toThrow('cross: expected finite');
  });

  it('a map beyond the doubles is refused, and never NaN; one within them is right, however it is scaled', () => {
    const tiny = prepareRegressor(fromNested('f64', [[1e-310, 0.4e-310], [0.4e-310, 1e-310]])); // prettier-ignore
    const cross = fromNested('f64', [[1, 2], [-2, 1]]); // prettier-ignore
    for (const rank of [1, 2]) {
      expect(() => reducedRankRegression(tiny, cross, rank)).toThrow('reducedRankRegression: cross: expected a map in the range of doubles, got overflow'); // prettier-ignore
    }
    const { moment, cross: some } = problem(3, 3, 9, 1);
    const plain = reducedRankRegression(prepareRegressor(moment), some, 2);
    for (const [first, second] of [[-1000, -1000], [-1000, -100], [1000, 100], [1000, 900]] as const) {
      const other = reducedRankRegression(prepareRegressor(scaled(moment, 2 ** first)), scaled(some, 2 ** second), 2);
      expect(other.right).toEqual(scaled(plain.right, 2 ** (second - first)));
    } // prettier-ignore
  });

  it('refuses moments that are none', () => {
    expect(() => prepareRegressor(fromNested('f64', [[1, 0], [0, -1]]))).toThrow(/prepareRegressor: moment: expected a positive semi-definite matrix, got eigenvalues from -1 to 1/); // prettier-ignore
    expect(() => prepareRegressor(fromNested('f64', [[-1]]))).toThrow(/semi-definite/);
    expect(() => prepareRegressor(zeros('f64', [1, 2]))).toThrow('prepareRegressor: moment: expected a square matrix');
    expect(() => prepareRegressor(zeros('f64', [1, 1]), { tolerance: -1 })).toThrow('prepareRegressor: tolerance: expected a finite number >= 0, got -1'); // prettier-ignore
    expect(() => prepareRegressor(zeros('f64', [1, 1]), { ridge: NaN })).toThrow('prepareRegressor: ridge');
  });
});
