import { pooledMaximum, rectifierAuxiliary, solveLinear, solveNonlinear } from '@rankwise/approx';
import type { IterationTrace } from '@rankwise/approx';
import { DomainError, ShapeError, createRandom, fromNested, referenceKernels, tensorOf, zeros } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pooledStepInPlace } from '../../packages/approx/src/solve/pooledStep.ts';
import { relax } from '../../packages/approx/src/solve/relaxation.ts';
import { responseEnergy, squaredResponseError } from '../../packages/approx/src/solve/responseError.ts';
import { gamma } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';

const respond = (slope: number, x: number): number => (x > 0 ? x : slope * x);

/** (t − max r(z))² + λ Σ (z − y')², straight from the definition. */
function windowCost(slope: number, target: number, predicted: readonly number[], lambda: number, z: readonly number[]) {
  const miss = target - Math.max(...z.map((value) => respond(slope, value)));
  return miss * miss + lambda * z.reduce((sum, value, i) => sum + (value - predicted[i]!) ** 2, 0);
}

/** The window that goes with its greatest value m: all others lowered to it, the greatest raised to it. */
function windowAt(predicted: readonly number[], m: number): number[] {
  const most = Math.max(...predicted);
  const winner = m > most ? predicted.indexOf(most) : -1;
  return predicted.map((value, i) => (i === winner ? m : Math.min(value, m)));
}

/** What rounding adds to a cost: z is off by δ, and the cost is stationary there but for a kink that both branches meet in. */
function costAllowance(target: number, predicted: readonly number[], lambda: number, cost: number): number {
  const size = Math.abs(target) + predicted.reduce((sum, value) => sum + Math.abs(value), 0);
  const delta = gamma(8 + 2 * predicted.length, 'f64') * size;
  return gamma(16 + 2 * predicted.length, 'f64') * cost + (1 + lambda) * predicted.length * delta * delta;
}

const lambdas = fc.constantFrom(0.01, 0.25, 1, 4);
const slopes = fc.constantFrom(0, 0.1, 0.5, 1);
const values = fc.oneof(fc.double({ min: -5, max: 5, noNaN: true }), fc.constantFrom(0, 1, -1));
const windows = fc.array(values, { minLength: 1, maxLength: 9 });
const descending = (window: readonly number[]): number[] => window.toSorted((a, b) => b - a);

describe('pooledMaximum', () => {
  it.each([
    ['the greatest is raised half way to the target', 0, 3, [1, 0], 1, 2],
    ['two that are too high are lowered together', 0, 0, [3, 3], 1, 2],
    ['a window that is right stays', 0, 2, [2, 1], 1, 2],
    ['an inactive target and window stay', 0, 0, [-1, -2], 1, -1],
    ['a target that is out of reach is given up', 0, 1, [-3, -4], 1, -3],
    ['only those above the bottom are lowered: (0 + 4 + 3.5) / 3', 0, 0, [4, 3.5, 1], 1, 2.5],
  ])('%s', (_, slope, target, predicted, lambda, expected) => {
    expect(pooledMaximum(slope, target, predicted, lambda)).toBe(expected);
  });

  it('no greatest value of a dense grid costs less', () => {
    fc.assert(
      fc.property(slopes, values, windows, lambdas, (slope, observed, window, lambda) => {
        const target = respond(slope, observed);
        const cost = (m: number): number => windowCost(slope, target, window, lambda, windowAt(window, m));
        const found = cost(pooledMaximum(slope, target, descending(window), lambda));
        const allowance = costAllowance(target, window, lambda, found);
        for (let m = -6; m <= 6; m += 1 / 64) expect(found).toBeLessThanOrEqual(cost(m) + allowance);
        for (const m of window) expect(found).toBeLessThanOrEqual(cost(m) + allowance);
      }),
      { numRuns: runs() },
    );
  });

  it('no window at all costs less: every pair on a grid, and random steps from the answer', () => {
    fc.assert(
      fc.property(
        slopes,
        values,
        fc.array(values, { minLength: 2, maxLength: 2 }),
        lambdas,
        (slope, observed, window, lambda) => {
          const target = respond(slope, observed);
          const z = windowAt(window, pooledMaximum(slope, target, descending(window), lambda));
          const found = windowCost(slope, target, window, lambda, z);
          const allowance = costAllowance(target, window, lambda, found);
          const cost = (...other: number[]): number => windowCost(slope, target, window, lambda, other);
          let least = Infinity;
          for (let a = -6; a <= 6; a += 0.25) {
            for (let b = -6; b <= 6; b += 0.25)
              least = Math.min(least, cost(a, b), cost(z[0]! + a / 64, z[1]! + b / 64));
          }
          expect(found).toBeLessThanOrEqual(least + allowance);
        },
      ),
      { numRuns: Math.min(50, runs()) },
    );
  });

  it('of one response it costs what the rectifier’s step costs', () => {
    fc.assert(
      fc.property(slopes, values, values, lambdas, (slope, observed, predicted, lambda) => {
        const target = respond(slope, observed);
        const cost = (z: number): number => windowCost(slope, target, [predicted], lambda, [z]);
        const pooled = cost(pooledMaximum(slope, target, [predicted], lambda));
        const single = cost(rectifierAuxiliary(slope, target, predicted, lambda));
        expect(Math.abs(pooled - single)).toBeLessThanOrEqual(2 * costAllowance(target, [predicted], lambda, single));
      }),
      { numRuns: runs() },
    );
  });
});

describe('pooledStepInPlace', () => {
  it('leaves the shifts and their sums, column by column', () => {
    // Two columns, two windows of two: the first column as in the cases above; the second has slope 1, the identity.
    const target = fromNested('f32', [[3, 1], [0, 2], [-1, 0], [-1, 0]]); // prettier-ignore
    const predicted = fromNested('f64', [[1, 1], [0, 0], [2, 0], [2, -4]]); // prettier-ignore
    const auxiliarySum = new Float64Array(2);
    const shiftSum = new Float64Array(2);
    const sums = pooledStepInPlace([0, 1], 2, {
      target,
      predicted,
      offset: Float64Array.of(0, 0),
      lambda: 1,
      auxiliarySum,
      shiftSum,
    });
    // Column 0: targets 3 and 0, windows {1, 0} → {2, 0}, {2, 2} → {4/3, 4/3}. Column 1: targets 2 and 0, {1, 0} → {1.5, 0}, {0, −4} stay.
    const third = (0 + 2 + 2) / 3;
    expect([...predicted.data]).toEqual([1, 0.5, 0, 0, third - 2, 0, third - 2, 0]);
    expect([...shiftSum]).toEqual([1 + (third - 2) + (third - 2), 0.5]);
    expect([...auxiliarySum]).toEqual([2 + 0 + third + third, 1.5 + 0 + 0 - 4]);
    // (3 − 1)² + (0 − 2)² + (2 − 1)² + 0
    expect(sums.nonlinear).toBe(9);
    expect(sums.shiftSquares).toBe(1 + 2 * (third - 2) ** 2 + 0.25);
  });

  it('refuses rows that are not whole windows', () => {
    const rows = { target: zeros('f32', [3, 1]), predicted: zeros('f64', [3, 1]), offset: new Float64Array(1) };
    const sums = { lambda: 1, auxiliarySum: new Float64Array(1), shiftSum: new Float64Array(1) };
    expect(() => pooledStepInPlace([0], 2, { ...rows, ...sums })).toThrow(ShapeError);
  });
});

/** Correlated responses, in windows whose rows are alike. */
function responses(seed: number, count: number, width: number): Tensor<'f32'> {
  const random = createRandom(seed);
  const mix = Array.from({ length: width * 3 }, () => random.normal());
  const rows = zeros('f32', [count, width]);
  for (let row = 0; row < count; row++) {
    const factors = [random.normal(), random.normal(), random.normal()];
    for (let j = 0; j < width; j++) {
      rows.data[row * width + j] = factors.reduce((sum, f, k) => sum + f * mix[j * 3 + k]!, 0.3 * random.normal());
    }
  }
  return rows;
}

/** Σ over windows and columns of (max r(y) − max r(z))², by nested arrays. */
function pooledSquares(target: Tensor<'f32'>, answers: Tensor<'f32' | 'f64'>, offset: Float64Array, window: number) {
  const [rows = 0, width = 0] = target.shape;
  let squares = 0;
  for (let j = 0; j < width; j++) {
    for (let first = 0; first < rows; first += window) {
      const of = (x: Tensor<'f32' | 'f64'>, shift: number): number =>
        Math.max(...Array.from({ length: window }, (_, i) => Math.max(0, x.data[(first + i) * width + j]! + shift)));
      squares += (of(target, 0) - of(answers, offset[j]!)) ** 2;
    }
  }
  return squares;
}

describe('the alternation on windows', () => {
  const relu = { kind: 'relu' } as const;

  it('never raises the relaxed objective at one λ, and ends no higher than it began', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.constantFrom(2, 3, 4),
        fc.constantFrom(0.01, 1),
        (seed, window, lambda) => {
          const y = responses(seed, 24 * window, 5);
          const trace: IterationTrace[] = [];
          const { initial, final } = solveNonlinear({ target: y, regressor: y, window }, 2, {
            schedule: [{ lambda, iterations: 6 }],
            onIteration: (event) => trace.push(event),
          });
          expect(final).toBeLessThanOrEqual(initial);
          // Each step is exact up to rounding, of sums of 24 · 4 · 5 terms that are below 1 here.
          const rounding = gamma(2000, 'f64');
          for (const [i, { relaxedAfterAuxiliary, relaxedAfterFit }] of trace.entries()) {
            expect(relaxedAfterFit).toBeLessThanOrEqual(relaxedAfterAuxiliary * (1 + rounding) + rounding);
            const next = trace[i + 1];
            if (next !== undefined)
              expect(next.relaxedAfterAuxiliary).toBeLessThanOrEqual(relaxedAfterFit * (1 + rounding) + rounding);
          }
        },
      ),
      { numRuns: Math.min(40, runs()) },
    );
  });

  it('its nonlinear sum and the error are those of pooled responses', () => {
    const window = 3;
    const y = responses(5, 30, 4);
    const { map } = solveLinear({ target: y, regressor: y }, 2);
    const product = zeros('f64', [30, 2]);
    const answers = zeros('f64', [30, 4]);
    referenceKernels.matmul({ a: y, b: { ...map.right, shape: [4, 2], strides: [1, 4] }, out: product });
    referenceKernels.matmul({ a: product, b: { ...map.left, shape: [2, 4], strides: [1, 2] }, out: answers });
    const expected = pooledSquares(y, answers, map.offset, window);
    const samples = { target: y, regressor: y, window };
    const sums = relax(samples, map, relu, 1, referenceKernels);
    const bound = gamma(200, 'f64') * expected;
    expect(Math.abs(sums.nonlinear - expected)).toBeLessThanOrEqual(bound);
    expect(Math.abs(squaredResponseError(samples, map, relu, referenceKernels) - expected)).toBeLessThanOrEqual(bound);
    // The energy: of pooled responses about their mean, in two passes.
    const pooled = Array.from({ length: 4 }, (_, j) =>
      Array.from({ length: 10 }, (__, i) => Math.max(0, ...[0, 1, 2].map((k) => y.data[(3 * i + k) * 4 + j]!))),
    );
    const energy = pooled.reduce((sum, column) => {
      const mean = column.reduce((a, b) => a + b, 0) / column.length;
      return sum + column.reduce((a, b) => a + (b - mean) ** 2, 0);
    }, 0);
    expect(Math.abs(responseEnergy(y, relu, window) - energy)).toBeLessThanOrEqual(gamma(200, 'f64') * energy);
  });

  it('meets what is pooled better than a fit to each response', () => {
    const window = 4;
    const y = responses(11, 400, 6);
    const error = (of: number | undefined): number => {
      const { map } = solveNonlinear({ target: y, regressor: y, ...(of === undefined ? {} : { window: of }) }, 2);
      return squaredResponseError({ target: y, regressor: y, window }, map, relu, referenceKernels);
    };
    expect(error(window)).toBeLessThan(error(undefined));
  });

  it('windows of one response are no windows, to the last bit', () => {
    const y = responses(3, 40, 5);
    const solve = (window?: number) =>
      solveNonlinear({ target: y, regressor: y, ...(window === undefined ? {} : { window }) }, 2).map;
    expect(solve(1)).toEqual(solve());
  });

  it('refuses windows that do not divide the rows, and nonlinearities that fall', () => {
    const y = tensorOf(Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2]);
    expect(() => solveNonlinear({ target: y, regressor: y, window: 2 }, 1)).toThrow(
      new ShapeError('solveNonlinear: window: expected a number that divides the 3 rows, got 2'),
    );
    expect(() => solveNonlinear({ target: y, regressor: y, window: 3 }, 1, { nonlinearity: { kind: 'gelu' } })).toThrow(
      DomainError,
    );
  });
});
