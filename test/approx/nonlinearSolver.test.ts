import { acceleratedSchedule, nonlinearIterations, paperSchedule, solveLinear, solveNonlinear } from '@rankwise/approx';
import type { NonlinearSolution, PenaltyStage, ResponseSamples } from '@rankwise/approx';
import { jacobiSvd } from '@rankwise/linalg';
import { createRandom, fromNested } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeds } from '../kit/matrices/arbitraries.ts';
import { at, matrixFrom } from '../kit/matrices/gallery.ts';
import { distanceRatio, expectRatio } from '../kit/matrices/ratios.ts';
import { expectWithin, gamma } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';
import { paperAlternation } from './paperOracle.ts';
import { mapMatrix, mixedSamples, objective, sampleAt, samplesFrom, sumOfSquares } from './support.ts';
import type { Samples } from './support.ts';

const short: readonly PenaltyStage[] = [
  { lambda: 0.01, iterations: 6 },
  { lambda: 1, iterations: 6 },
];

/** ŷ: a distortion of y with noise, a mean of its own and some clipped values, as approximated layers below make it. */
function delivered(target: Samples, random: ReturnType<typeof createRandom>): Samples {
  const [n = 0, d = 0] = target.shape;
  const mixing = matrixFrom(d, d, (i, j) => (i === j ? 1 : random.normal() / 4));
  return samplesFrom(n, d, (row, i) => {
    let sum = 0.5 - i / d + random.normal() / 5;
    for (let j = 0; j < d; j++) sum += at(mixing, i, j) * sampleAt(target, row, j);
    return sum;
  });
}

function problem(seed: number, n: number, d: number, symmetric: boolean): ResponseSamples {
  const random = createRandom(seed);
  const target = mixedSamples(n, d, random);
  return { target, regressor: symmetric ? target : delivered(target, random) };
}

const cases = fc.record({
  seed: seeds,
  d: fc.integer({ min: 2, max: 6 }),
  extra: fc.integer({ min: 6, max: 40 }),
  symmetric: fc.boolean(),
});

function responseEnergy(target: Samples): number {
  const [n = 0, d = 0] = target.shape;
  let energy = 0;
  for (let j = 0; j < d; j++) {
    let mean = 0;
    for (let i = 0; i < n; i++) mean += Math.max(0, sampleAt(target, i, j)) / n;
    for (let i = 0; i < n; i++) energy += (Math.max(0, sampleAt(target, i, j)) - mean) ** 2;
  }
  return energy;
}

describe('the alternation', () => {
  it('never raises the relaxed objective at a fixed λ', () => {
    fc.assert(
      fc.property(cases, fc.double({ min: -7, max: 4, noNaN: true }), ({ seed, d, extra, symmetric }, exponent) => {
        const samples = problem(seed, d + extra, d, symmetric);
        const lambda = 2 ** exponent;
        const rank = 1 + (seed % d);
        const { trace } = solveNonlinear(samples, rank, { schedule: [{ lambda, iterations: 12 }] });
        expect(trace).toHaveLength(12);
        // Sums of n d squares of numbers made by products of length d, and a minimum that the regression misses by
        // 2 k c d ε Σz²: see reducedRankRegression. |z| is at most |y'| + r(y), and Σ y'² is near Σ y² at most.
        const scale =
          (1 + lambda) * 4 * (sumOfSquares(samples.target, samples.regressor) / responseEnergy(samples.target));
        const allowance = 4 * d * gamma((d + extra) * d, 'f64') * scale;
        trace.forEach((step, i) => {
          const what = `seed ${seed}, iteration ${i}: ${JSON.stringify(step)}`;
          // z = y' is allowed, where the relaxed objective is the nonlinear one.
          expect(step.relaxedAfterAuxiliary, what).toBeLessThanOrEqual(step.nonlinear + allowance);
          expect(step.relaxedAfterFit, what).toBeLessThanOrEqual(step.relaxedAfterAuxiliary + allowance);
          const next = trace[i + 1];
          if (next) expect(next.relaxedAfterAuxiliary, what).toBeLessThanOrEqual(step.relaxedAfterFit + allowance);
        });
      }),
      { numRuns: runs(30) },
    );
  });

  it('follows the text of the paper, value by value', () => {
    fc.assert(
      fc.property(cases, ({ seed, d, extra, symmetric }) => {
        const n = d + extra;
        const samples = problem(seed, n, d, symmetric);
        const rank = 1 + (seed % d);
        const expected = paperAlternation(samples, rank, [
          [0.01, 6],
          [1, 6],
        ]);
        // Errors in M grow with condition and gap, and each iteration starts from those of the last.
        fc.pre(expected.sensitivity < 1e4);
        const { trace, initial } = solveNonlinear(samples, rank, { schedule: short });
        const scale = expected.sensitivity * (sumOfSquares(samples.target, samples.regressor) / expected.energy);
        expected.iterations.forEach((step, i) => {
          const found = trace[i]!;
          for (const key of ['nonlinear', 'relaxedAfterAuxiliary', 'relaxedAfterFit'] as const) {
            const ratio = Math.abs(found[key] - step[key] / expected.energy) / (scale * n * (i + 1) * Number.EPSILON);
            expectRatio(key, `seed ${seed}, ${n} x ${d}, rank ${rank}, symmetric ${symmetric}, iteration ${i}`, ratio);
          }
        });
        expect(initial).toBe(trace[0]!.nonlinear);
      }),
      { numRuns: runs(30) },
    );
  });

  it('follows its definition under over-relaxation too, value by value', () => {
    fc.assert(
      fc.property(cases, fc.constantFrom(1.2, 1.5, 1.8, 2), ({ seed, d, extra, symmetric }, overRelaxation) => {
        const n = d + extra;
        const samples = problem(seed, n, d, symmetric);
        const rank = 1 + (seed % d);
        const expected = paperAlternation(samples, rank, [[1, 6]], overRelaxation);
        fc.pre(expected.sensitivity < 1e4);
        const { trace } = solveNonlinear(samples, rank, { schedule: [{ lambda: 1, iterations: 6, overRelaxation }] });
        const scale = expected.sensitivity * (sumOfSquares(samples.target, samples.regressor) / expected.energy);
        expected.iterations.forEach((step, i) => {
          const found = trace[i]!;
          for (const key of ['nonlinear', 'relaxedAfterAuxiliary', 'relaxedAfterFit'] as const) {
            const ratio = Math.abs(found[key] - step[key] / expected.energy) / (scale * n * (i + 1) * Number.EPSILON);
            const what = `seed ${seed}, ${n} x ${d}, rank ${rank}, ω ${overRelaxation}, iteration ${i}`;
            expectRatio(`${key}, over-relaxed`, what, ratio);
          }
        });
      }),
      { numRuns: runs(30) },
    );
  });

  it('at full rank never raises the relaxed objective under over-relaxation', () => {
    fc.assert(
      fc.property(cases, fc.constantFrom(1.2, 1.8, 2), ({ seed, d, extra, symmetric }, overRelaxation) => {
        const samples = problem(seed, d + extra, d, symmetric);
        const { trace } = solveNonlinear(samples, d, { schedule: [{ lambda: 1, iterations: 8, overRelaxation }] });
        const scale = 8 * (sumOfSquares(samples.target, samples.regressor) / responseEnergy(samples.target));
        const allowance = 8 * d * gamma((d + extra) * d, 'f64') * scale;
        trace.forEach((step, i) => {
          const what = `seed ${seed}, ω ${overRelaxation}, iteration ${i}: ${JSON.stringify(step)}`;
          expect(step.relaxedAfterFit, what).toBeLessThanOrEqual(step.relaxedAfterAuxiliary + allowance);
          const next = trace[i + 1];
          if (next) expect(next.relaxedAfterAuxiliary, what).toBeLessThanOrEqual(step.relaxedAfterFit + allowance);
        });
      }),
      { numRuns: runs(30) },
    );
  });

  it('the accelerated schedule ends no higher than the linear start', () => {
    fc.assert(
      fc.property(cases, ({ seed, d, extra, symmetric }) => {
        const samples = problem(seed, d + extra, d, symmetric);
        const { trace, initial, final } = solveNonlinear(samples, 1 + (seed % d), { schedule: acceleratedSchedule });
        expect(trace).toHaveLength(20);
        expect(final).toBeLessThanOrEqual(initial);
      }),
      { numRuns: runs(30) },
    );
  });

  it('refuses steps that are shorter than one or longer than two', () => {
    const samples = problem(2, 30, 3, true);
    for (const overRelaxation of [0.5, 2.1, Number.NaN]) {
      expect(() => solveNonlinear(samples, 2, { schedule: [{ lambda: 1, iterations: 1, overRelaxation }] })).toThrow(
        `solveNonlinear: schedule: expected 1 ≤ overRelaxation ≤ 2, got ${overRelaxation}`,
      );
    }
  });

  it('ends at the map of the paper', () => {
    for (const symmetric of [true, false]) {
      const samples = problem(21, 60, 4, symmetric);
      const expected = paperAlternation(samples, 2, [[0.5, 5]]);
      const { map, initial, final } = solveNonlinear(samples, 2, { schedule: [{ lambda: 0.5, iterations: 5 }] });
      expect(final).toBeLessThan(initial);
      const terms = 60 * 5 * expected.sensitivity;
      expectRatio('M', `symmetric ${symmetric}`, distanceRatio(mapMatrix(map), expected.last.m, 1, terms));
      map.offset.forEach((value, j) => expectWithin(value, expected.last.offset[j]!, gamma(terms, 'f64'), `b ${j}`));
    }
  });

  it('the generator yields each iteration and returns what solveNonlinear does', () => {
    const samples = problem(2, 30, 3, true);
    const seen: number[] = [];
    const steps = nonlinearIterations(samples, 2, { schedule: short });
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) seen.push(step.value.trace.at(-1)!.iteration);
    const heard: number[] = [];
    const solution = solveNonlinear(samples, 2, { schedule: short, onIteration: (t) => heard.push(t.iteration) });
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(heard).toEqual(seen);
    expect(step.value).toEqual(solution);
  });
});

function expectSameMap(a: NonlinearSolution['map'], b: NonlinearSolution['map'], scale: number, terms: number): void {
  expectRatio('M unchanged', '', distanceRatio(mapMatrix(a), mapMatrix(b), scale, terms));
  a.offset.forEach((value, j) => expectWithin(value, b.offset[j]!, gamma(terms, 'f64') * scale * 100, `b ${j}`));
}

describe('the solution', () => {
  it('is the linear one when every response is far positive, where the ReLU does nothing', () => {
    const random = createRandom(12);
    const y = samplesFrom(80, 5, (_, j) => 100 + (5 - j) * random.normal());
    const samples = { target: y, regressor: y };
    const { map, initial, final, trace } = solveNonlinear(samples, 2);
    const roundings = gamma(50 * 80 * 25, 'f64') * 1e4; // bound: means of 100 squared against variances near 1
    for (const step of trace) expectWithin(step.nonlinear, initial, roundings, `iteration ${step.iteration}`);
    expectSameMap(map, solveLinear(samples, 2).map, 1, 50 * 80 * 25);
    expectWithin(final, initial, roundings, 'objective');
  });

  it('asymmetric, a full rank undoes an invertible distortion', () => {
    const random = createRandom(13);
    const target = samplesFrom(60, 3, () => random.integer(65) - 32);
    // ŷ = A y + c with A = [[2, 1, 0], [0, 1, 0], [1, 0, 4]]: exact in f32.
    const regressor = samplesFrom(60, 3, (row, i) => {
      const [a, b, c] = [0, 1, 2].map((j) => sampleAt(target, row, j));
      return [2 * a! + b! + 5, b! - 3, a! + 4 * c!][i]!;
    });
    const { map, final } = solveNonlinear({ target, regressor }, 3);
    const inverse = matrixFrom(
      3,
      3,
      (i, j) =>
        [
          [0.5, -0.5, 0],
          [0, 1, 0],
          [-0.125, 0.125, 0.25],
        ][i]![j]!,
    );
    expectRatio('M = inverse', '', distanceRatio(mapMatrix(map), inverse, 30, 60 * 50));
    [-4, 3, 1].forEach((b, i) => expectWithin(map.offset[i]!, b, gamma(30 * 60 * 50, 'f64') * 10, `b ${i}`));
    expectWithin(final, 0, gamma(30 * 60 * 50, 'f64') ** 2, 'final');
  });

  it('final never exceeds initial, is the objective of the map, and the rank holds', () => {
    fc.assert(
      fc.property(cases, fc.constantFrom(0.001, 0.01, 1, 100), ({ seed, d, extra, symmetric }, lambda) => {
        const samples = problem(seed, d + extra, d, symmetric);
        const rank = 1 + (seed % d);
        const solution = solveNonlinear(samples, rank, { schedule: [{ lambda, iterations: 7 }] });
        expect(solution.final).toBeLessThanOrEqual(solution.initial);
        expect(solution.map.left.shape).toEqual([d, rank]);
        expect(solution.map.right.shape).toEqual([rank, d]);
        const m = mapMatrix(solution.map);
        const { s } = jacobiSvd(m);
        for (let i = rank; i < d; i++) expectWithin(s.data[i]!, 0, gamma(20 * d, 'f64') * s.data[0]!, 'singular value');
        const energy = responseEnergy(samples.target);
        const scale = sumOfSquares(samples.target, samples.regressor) / energy;
        const found = objective(samples, solution.map, { kind: 'relu' }) / energy;
        expectWithin(solution.final, found, 8 * gamma((d + extra) * d, 'f64') * scale, 'final');
      }),
      { numRuns: runs(30) },
    );
  });

  it('is the same to the last bit each time', () => {
    const samples = problem(5, 50, 5, false);
    expect(solveNonlinear(samples, 2)).toEqual(solveNonlinear(samples, 2));
  });

  it('beats the linear map on sparse responses with the default schedule', () => {
    const random = createRandom(17);
    const base = mixedSamples(300, 8, random);
    const y = samplesFrom(300, 8, (row, j) => sampleAt(base, row, j) - 1.2);
    const { initial, final, trace } = solveNonlinear({ target: y, regressor: y }, 3);
    expect(trace).toHaveLength(50);
    expect(trace.map((t) => t.lambda)).toEqual([...Array(25).fill(0.01), ...Array(25).fill(1)]);
    expect(paperSchedule).toEqual([
      { lambda: 0.01, iterations: 25 },
      { lambda: 1, iterations: 25 },
    ]);
    expect(final).toBeLessThan(0.9 * initial);
  });

  it('an empty schedule leaves the linear map', () => {
    const samples = problem(6, 30, 4, false);
    for (const schedule of [[], [{ lambda: 1, iterations: 0 }]]) {
      const { map, trace, initial, final } = solveNonlinear(samples, 2, { schedule });
      expect(trace).toEqual([]);
      expect(map).toEqual(solveLinear(samples, 2).map);
      expect(final).toBe(initial);
    }
  });
});

describe('a wide layer, whose fits are improved between exact ones', () => {
  const stages: readonly PenaltyStage[] = [
    { lambda: 0.01, iterations: 6 },
    { lambda: 1, iterations: 6 },
  ];
  /** One iteration a stage: every fit is exact. */
  const exactStages = stages.flatMap(({ lambda, iterations }) =>
    Array.from({ length: iterations }, () => ({ lambda, iterations: 1 })),
  );

  it.each([true, false])(
    'never raises the relaxed objective, and ends near the exact steps (symmetric %s)',
    (symmetric) => {
      const [n, d, rank] = [300, 130, 24];
      const samples = problem(31, n, d, symmetric);
      const solution = solveNonlinear(samples, rank, { schedule: stages });
      const exact = solveNonlinear(samples, rank, { schedule: exactStages });
      const scale = 8 * (sumOfSquares(samples.target, samples.regressor) / responseEnergy(samples.target));
      const allowance = 4 * d * gamma(n * d, 'f64') * scale;
      solution.trace.forEach((step, i) => {
        expect(step.relaxedAfterAuxiliary).toBeLessThanOrEqual(step.nonlinear + allowance);
        expect(step.relaxedAfterFit).toBeLessThanOrEqual(step.relaxedAfterAuxiliary + allowance);
        const next = solution.trace[i + 1];
        if (next?.lambda === step.lambda)
          expect(next.relaxedAfterAuxiliary).toBeLessThanOrEqual(step.relaxedAfterFit + allowance);
      });
      const progress = exact.initial - exact.final;
      expect(progress).toBeGreaterThan(0.05 * exact.initial);
      expect(Math.abs(solution.final - exact.final)).toBeLessThan(0.02 * progress);
      expect(solution.final).not.toBe(exact.final);
      expect(solution.trace[0]!.relaxedAfterFit).toBeGreaterThanOrEqual(exact.trace[0]!.relaxedAfterFit - allowance);
      expect(solveNonlinear(samples, rank, { schedule: stages })).toEqual(solution);
      const found = objective(samples, solution.map, { kind: 'relu' }) / responseEnergy(samples.target);
      expectWithin(solution.final, found, 8 * gamma(n * d, 'f64') * scale, 'final');
    },
  );

  it('above half the width every fit is exact', () => {
    const samples = problem(32, 300, 128, true);
    const few = [{ lambda: 0.01, iterations: 2 }];
    const exactFew = [...few, ...few].map((stage) => ({ ...stage, iterations: 1 }));
    expect(solveNonlinear(samples, 65, { schedule: few })).toEqual(solveNonlinear(samples, 65, { schedule: exactFew }));
  });

  it.each([
    [
      'dead and repeated filters',
      samplesFrom(200, 128, (row, j) => (j % 9 === 0 ? -1 : Math.sin(row * (1 + (j >> 1))))),
    ],
    ['fewer samples than filters', mixedSamples(20, 128, createRandom(3))],
    ['all zero', samplesFrom(9, 128, () => 0)],
  ])('%s', (_, y) => {
    for (const regressor of [y, { ...y }]) {
      const solution = solveNonlinear({ target: y, regressor }, 30, { schedule: short });
      for (const step of solution.trace) expect(Object.values(step).every(Number.isFinite)).toBe(true);
      expect(solution.final).toBeLessThanOrEqual(solution.initial);
    }
  });
});

describe('degenerate samples', () => {
  it.each([
    ['dead filters', samplesFrom(40, 5, (row, j) => (j === 2 ? -3 : j === 4 ? 2 : Math.sin(7 * row + j * j)))],
    ['fewer samples than filters', mixedSamples(3, 6, createRandom(9))],
    ['one sample', mixedSamples(1, 5, createRandom(9))],
    ['all zero', samplesFrom(9, 5, () => 0)],
    ['never active', samplesFrom(9, 5, (row, j) => -1 - ((row * j) % 3))],
    ['a repeated filter', samplesFrom(30, 5, (row, j) => Math.cos(3 * row + 2 * (j % 3)))],
  ])('%s: solved at every rank, symmetric or not', (_, y) => {
    for (const regressor of [y, { ...y }]) {
      for (let rank = 1; rank <= 5; rank++) {
        const solution = solveNonlinear({ target: y, regressor }, rank, { schedule: short });
        expect(solution.rank).toBeLessThanOrEqual(rank);
        expect(solution.map.left.shape[1]).toBe(solution.rank);
        expect(Number.isFinite(solution.final)).toBe(true);
        for (const step of solution.trace) expect(Object.values(step).every(Number.isFinite)).toBe(true);
      }
    }
  });

  it('refuses schedules, ranks and values before the first step', () => {
    const y = fromNested('f32', [
      [1, 2],
      [3, 5],
    ]);
    const samples = { target: y, regressor: y };
    const solve = (lambda: number, iterations: number) => () =>
      solveNonlinear(samples, 1, { schedule: [{ lambda, iterations }] });
    for (const lambda of [0, -1, Number.NaN, Infinity]) {
      expect(solve(lambda, 1)).toThrow(/^solveNonlinear: schedule: expected 0 < lambda/);
    }
    for (const iterations of [-1, 1.5, Number.NaN]) {
      expect(solve(1, iterations)).toThrow(/^solveNonlinear: schedule: expected iterations/);
    }
    expect(() => solveNonlinear(samples, 0)).toThrow(/^solveNonlinear: rank:/);
    const nan = fromNested('f32', [
      [1, 2],
      [3, -Infinity],
    ]);
    expect(() => solveNonlinear({ target: nan, regressor: nan }, 1)).toThrow(/^solveNonlinear: target:.*-Infinity/);
  });
});
