import { createSimdKernels } from '@rankwise/simd';
import { createRandom, fromNested, referenceKernels, transpose, zeros } from '@rankwise/tensor';
import type { Random } from '@rankwise/tensor';
import { jacobiSvd, prepareRegressor, reducedRankRegression } from '@rankwise/linalg';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { orthonormalRows } from '../../packages/linalg/src/multivariate/orthonormalRows.ts';
import { generalCase, generalCases, seeds } from '../kit/matrices/arbitraries.ts';
import type { MatrixCase } from '../kit/matrices/arbitraries.ts';
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
import { distanceRatio, expectRatio, hasPositiveLargest, isDescending, normFrobenius, orthogonalityRatio, scalarRatio } from '../kit/matrices/ratios.ts'; // prettier-ignore
import { runs } from '../kit/runs.ts';

const sumOfSquares = (values: Float64Array): number => values.reduce((sum, value) => sum + value * value, 0);

const identity = (n: number): Matrix => matrixFrom(n, n, (i, j) => (i === j ? 1 : 0));

const elements = ({ data }: Matrix): number[] => [...data].map((value) => value + 0);

/** A regressor of condition 16 and a cross product with it. */
function problem(p: number, d: number, random: Random) {
  const values = Array.from({ length: d }, (_, i) => 16 ** (i / Math.max(1, d - 1)));
  return { regressor: prepareRegressor(conjugated(values, random)), cross: randomMatrix(p, d, random) };
}

describe('orthonormalRows', () => {
  const rowsOf = (x: Matrix): Matrix => {
    const [k = 0, p = 0] = x.shape;
    const rows = orthonormalRows(
      referenceKernels,
      matrixFrom(k, p, (i, j) => at(x, i, j)),
    );
    if (rows === undefined) throw new Error('expected rows');
    return matrixFrom(k, p, (i, j) => at(rows, i, j));
  };

  it('by hand', () => {
    expect(elements(rowsOf(fromNested('f64', [[0, 4, 0], [3, 4, 0]])))).toEqual([0, 1, 0, 1, 0, 0]); // prettier-ignore
    expect(rowsOf(zeros('f64', [0, 3])).shape).toEqual([0, 3]);
  });

  function expectRows(drawn: MatrixCase): void {
    const { matrix } = drawn;
    const [m = 0, n = 0] = matrix.shape;
    const q = rowsOf(matrix);
    expectRatio("orthonormalRows: QQ' = I", drawn, orthogonalityRatio(transpose(q)));
    const largest = Math.max(...matrix.data.map(Math.abs)) || 1;
    const unit = matrixFrom(m, n, (i, j) => at(matrix, i, j) / largest);
    const back = multiply(multiply(unit, transpose(q)), q);
    expectRatio("orthonormalRows: X Q'Q = X", drawn, distanceRatio(back, unit, normFrobenius(unit), 4 * n));
  }

  it('are orthonormal and span the rows, for wide matrices of every kind', () => {
    fc.assert(fc.property(generalCases({ shape: 'wide' }), expectRows), { numRuns: runs() });
  });

  it('Frank, 7 × 15: stay in the span of rows that are nearly dependent', () => {
    for (const [m, n] of [[6, 15], [7, 12], [7, 15]] as const) expectRows(generalCase('Frank', m, n, 1)); // prettier-ignore
  });

  it('whatever the condition: one pass, two passes, reflectors', () => {
    const random = createRandom(4);
    for (const closeness of [1, 2 ** -10, 2 ** -20, 2 ** -30, 2 ** -45, 0]) {
      const base = randomMatrix(1, 40, random);
      const x = matrixFrom(12, 40, (_, j) => at(base, 0, j) + closeness * random.normal());
      expectRatio("orthonormalRows: QQ' = I", `closeness ${closeness}`, orthogonalityRatio(transpose(rowsOf(x))));
    }
  });

  it('has no answer to what is not finite', () => {
    expect(orthonormalRows(referenceKernels, fromNested('f64', [[1, NaN]]))).toBeUndefined();
    expect(orthonormalRows(referenceKernels, fromNested('f64', [[1, Infinity]]))).toBeUndefined();
    expect(orthonormalRows(referenceKernels, fromNested('f64', [[NaN, 1], [1, 1]]))).toBeUndefined(); // prettier-ignore
  });
});

describe('reducedRankRegression from an initial subspace', () => {
  it('by hand: a step from the diagonal of the plane towards the longer axis', () => {
    const regressor = prepareRegressor(identity(2));
    const cross = fromNested('f64', [[2, 0], [0, 1]]); // prettier-ignore
    const h = Math.SQRT1_2;
    const { left, right, singularValues } = reducedRankRegression(regressor, cross, 1, { initial: fromNested('f64', [[h], [h]]), leastGain: 1 }); // prettier-ignore
    // G Gᵀ (1, 1) = (4, 1), and (4, 1) G / √17 = (8, 1) / √17.
    const root = Math.sqrt(17);
    expectRatio('reducedRankRegression: one step', 'left', distanceRatio(left, fromNested('f64', [[4 / root], [1 / root]]), 1, 4)); // prettier-ignore
    expectRatio('reducedRankRegression: one step', 'right', distanceRatio(right, fromNested('f64', [[8 / root, 1 / root]]), 2, 4)); // prettier-ignore
    expectRatio('reducedRankRegression: one step', 's', scalarRatio(singularValues.data[0]!, Math.sqrt(65 / 17), 2, 4));
  });

  it('a subspace without the leading direction is not left by improvement, only by solving anew', () => {
    const regressor = prepareRegressor(identity(2));
    const cross = fromNested('f64', [[3, 0], [0, 1]]); // prettier-ignore
    const stuck = reducedRankRegression(regressor, cross, 1, { initial: fromNested('f64', [[0], [1]]) });
    expect([elements(stuck.left), elements(stuck.right)]).toEqual([[0, 1], [0, 1]]); // prettier-ignore
    expect(elements(reducedRankRegression(regressor, cross, 1).left)).toEqual([1, 0]);
  });

  it('explains what any M with the same left factor does, or more, and not more than the best', () => {
    const shapes = fc.record({ p: fc.integer({ min: 1, max: 20 }), d: fc.integer({ min: 1, max: 20 }), seed: seeds });
    fc.assert(
      fc.property(shapes, fc.integer({ min: 1, max: 20 }), ({ p, d, seed }, rank) => {
        const random = createRandom(seed);
        const { regressor, cross } = problem(p, d, random);
        const k = Math.min(rank, p, d);
        const initial = randomOrthonormal(p, k, random);
        const found = reducedRankRegression(regressor, cross, rank, { initial, leastGain: 1 });
        const what = `p ${p}, d ${d}, k ${k}, seed ${seed}`;
        const { left, right, singularValues } = found;
        expect([left.shape, right.shape]).toEqual([[p, k], [k, d]]); // prettier-ignore
        expectRatio('reducedRankRegression: improved left orthonormal', what, orthogonalityRatio(left));
        expect(isDescending(singularValues) && hasPositiveLargest(left)).toBe(true);
        const explained = sumOfSquares(singularValues.data);
        const g = multiply(cross, regressor.whitener);
        const before = normFrobenius(multiply(transpose(initial), g)) ** 2;
        const most = sumOfSquares(reducedRankRegression(regressor, cross, rank).singularValues.data);
        const slack = 30 * (p + d) * Number.EPSILON * normFrobenius(g) ** 2; // bound: rounding of ‖UᵀG‖²
        expect(explained, what).toBeGreaterThanOrEqual(before - slack);
        expect(explained, what).toBeLessThanOrEqual(most + slack);
        // right is the best to left: UᵀG Wᵀ.
        const best = multiply(multiply(transpose(left), g), transpose(regressor.whitener));
        expectRatio('reducedRankRegression: improved right', what, distanceRatio(right, best, normFrobenius(cross), 16 * (p + d))); // prettier-ignore
        expectRatio('reducedRankRegression: improved explains', what, scalarRatio(normFrobenius(multiply(transpose(left), g)) ** 2, explained, normFrobenius(g) ** 2, p + d)); // prettier-ignore
      }),
      { numRuns: runs() },
    );
  });

  it('from the answer to a nearby problem comes to the least gain asked for, or solves anew', () => {
    const random = createRandom(10);
    const { regressor, cross } = problem(24, 20, random);
    const near = matrixFrom(24, 20, (i, j) => at(cross, i, j) + 0.05 * random.normal());
    const { left: initial } = reducedRankRegression(regressor, near, 6);
    const exact = reducedRankRegression(regressor, cross, 6);
    const most = sumOfSquares(exact.singularValues.data);
    const rest = (leastGain: number): number => 1 - sumOfSquares(reducedRankRegression(regressor, cross, 6, { initial, leastGain }).singularValues.data) / most; // prettier-ignore
    const [coarse, fine] = [1 / 16, 1 / 16384];
    expect(rest(coarse)).toBeGreaterThan(rest(fine));
    // The steps' gains shrink by more than half here, so that less than the last one is left.
    expect(rest(coarse)).toBeLessThan(coarse);
    expect(rest(fine)).toBeLessThan(fine);
    // Four steps never end in no gain at all here: the exact answer, to the bit.
    expect(reducedRankRegression(regressor, cross, 6, { initial, leastGain: 0 })).toEqual(exact);
  });

  it('from the answer itself stays there', () => {
    const { regressor, cross } = problem(9, 12, createRandom(11));
    const exact = reducedRankRegression(regressor, cross, 4);
    const again = reducedRankRegression(regressor, cross, 4, { initial: exact.left });
    const most = sumOfSquares(exact.singularValues.data);
    expectRatio('reducedRankRegression: stays', 'p 9', scalarRatio(sumOfSquares(again.singularValues.data), most, most, 21)); // prettier-ignore
  });

  it('takes a cross product of less rank, or none, and any scale', () => {
    const random = createRandom(12);
    const { regressor } = problem(6, 5, random);
    const one = multiply(randomMatrix(6, 1, random), randomMatrix(1, 5, random));
    const initial = randomOrthonormal(6, 3, random);
    const { left, singularValues } = reducedRankRegression(regressor, one, 3, { initial });
    expectRatio('reducedRankRegression: improved left orthonormal', 'rank 1', orthogonalityRatio(left));
    const s = jacobiSvd(multiply(one, regressor.whitener)).s.data;
    expectRatio('reducedRankRegression: rank 1', 's', scalarRatio(singularValues.data[0]!, s[0]!, s[0]!, 11));
    const none = reducedRankRegression(regressor, zeros('f64', [6, 5]), 3, { initial });
    expectRatio('reducedRankRegression: improved left orthonormal', 'zero', orthogonalityRatio(none.left));
    expect(elements(none.right).every((value) => value === 0)).toBe(true);
    const cross = randomMatrix(6, 5, random);
    const plain = reducedRankRegression(regressor, cross, 3, { initial });
    for (const power of [-1000, -600, 600, 1000]) {
      const other = reducedRankRegression(regressor, scaled(cross, 2 ** power), 3, { initial });
      expect(other.left).toEqual(plain.left);
      expect(other.right).toEqual(scaled(plain.right, 2 ** power));
    }
    const tiny = prepareRegressor(scaled(identity(2), 2 ** -1060));
    const start = { initial: fromNested('f64', [[1], [1]]) };
    const steep = fromNested('f64', [[1, 0], [0, 2]]); // prettier-ignore
    expect(() => reducedRankRegression(tiny, steep, 1, start)).toThrow('reducedRankRegression: cross: expected a map in the range of doubles, got overflow'); // prettier-ignore
    expect(elements(reducedRankRegression(tiny, scaled(steep, 2 ** -1050), 1, { ...start, leastGain: 0.1 }).right)[1]).toBeGreaterThan(1000); // prettier-ignore
  });

  it('a small whitener and a small cross product, whose squares underflow, are no reason to lose what was there', () => {
    const regressor = prepareRegressor(scaled(identity(3), 2 ** 1000));
    const cross = scaled(fromNested('f64', [[1, 0, 0], [0, 2, 0], [0, 0, 4]]), 2 ** -390); // prettier-ignore
    const { left } = reducedRankRegression(regressor, cross, 1, { initial: fromNested('f64', [[0], [0], [1]]) });
    expect(elements(left)).toEqual([0, 0, 1]);
  });

  it.each([33, 65, 100])('p = d = %i with simd kernels', async (d) => {
    const kernels = await createSimdKernels({ threads: 1 });
    const random = createRandom(d);
    const { regressor, cross } = problem(d, d, random);
    const k = Math.floor(d / 4);
    const near = matrixFrom(d, d, (i, j) => at(cross, i, j) + random.normal() / 16);
    const initial = reducedRankRegression(regressor, near, k, { kernels }).left;
    const { left, singularValues } = reducedRankRegression(regressor, cross, k, { kernels, initial });
    expectRatio('reducedRankRegression: improved left orthonormal', `d ${d}, simd`, orthogonalityRatio(left));
    const g = multiply(cross, regressor.whitener);
    const before = normFrobenius(multiply(transpose(initial), g)) ** 2;
    expect(sumOfSquares(singularValues.data)).toBeGreaterThan(before);
    const most = sumOfSquares(jacobiSvd(g).s.data.slice(0, k));
    const exact = sumOfSquares(reducedRankRegression(regressor, cross, k, { kernels }).singularValues.data);
    expectRatio('reducedRankRegression: Σ σ² against Jacobi', `d ${d}, simd`, scalarRatio(exact, most, normFrobenius(g) ** 2, d)); // prettier-ignore
    kernels.dispose();
  });

  it('refuses a start that does not fit, or is none', () => {
    const { regressor, cross } = problem(3, 2, createRandom(1));
    const from = (initial: Matrix, leastGain = 1) => () => reducedRankRegression(regressor, cross, 2, { initial, leastGain }); // prettier-ignore
    expect(from(zeros('f64', [3, 1]))).toThrow('reducedRankRegression: initial: expected [3, 2], got [3, 1]');
    expect(from(zeros('f64', [2, 2]))).toThrow('reducedRankRegression: initial: expected [3, 2], got [2, 2]');
    expect(from(matrixFrom(3, 2, () => NaN))).toThrow('reducedRankRegression: initial: expected finite');
    for (const leastGain of [-1, NaN]) {
      expect(from(zeros('f64', [3, 2]), leastGain)).toThrow(`reducedRankRegression: leastGain: expected a number >= 0, got ${leastGain}`); // prettier-ignore
    }
  });
});
