/**
 * The auxiliary step of every nonlinearity: by hand, then its global minimum against a dense grid with golden sections, which shares
 * nothing with the closed forms and the search by intervals.
 */

import {
  clipAuxiliary,
  columnResponses,
  isIdentity,
  nonlinearityName,
  rectifierAuxiliary,
  relativeResponseError,
  solveNonlinear,
} from '@rankwise/approx';
import type { Nonlinearity, ScalarResponse } from '@rankwise/approx';
import { DomainError, ShapeError, fromNested, zeros } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { smoothAuxiliary } from '../../packages/approx/src/solve/smoothAuxiliary.ts';
import { smoothCurves } from '../../packages/approx/src/solve/smoothCurve.ts';
import { expectWithin, gamma } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';
import { nonlinearities, smoothKinds } from './kinds.ts';
import { activate } from './support.ts';

const kinds = Object.entries(nonlinearities(8));

function responseOf(nonlinearity: Nonlinearity, channel = 0): ScalarResponse {
  const response = columnResponses(nonlinearity, 8)[channel];
  if (response === undefined) throw new Error(`no channel ${channel}`);
  return response;
}

/** One element's problem, and its cost with the rounding of it. */
class Element {
  readonly response: ScalarResponse;
  readonly target: number;
  readonly predicted: number;
  readonly lambda: number;

  constructor(response: ScalarResponse, observed: number, predicted: number, lambda: number) {
    this.response = response;
    this.target = response.value(observed);
    this.predicted = predicted;
    this.lambda = lambda;
  }

  cost(z: number): number {
    return (this.target - this.response.value(z)) ** 2 + this.lambda * (z - this.predicted) ** 2;
  }

  /**
   * What rounding may change of the cost at z: r is off by a few units of |r| (of x² in the tail of gelu, where |x³ φ(x)| < 2), t as
   * much, z by some units of |z| + |y'|, which r multiplies by its slope.
   */
  rounding(z: number): number {
    const value = Math.abs(this.response.value(z));
    const shift = gamma(8, 'f64') * (Math.abs(z) + Math.abs(this.predicted));
    const steepest = Math.max(1.2, Math.abs(this.response.derivative(z)), Math.abs(this.response.derivative(-1)));
    const outer = gamma(32, 'f64') * (Math.abs(this.target) + value + Number.MIN_VALUE) + steepest * shift;
    const miss = Math.abs(this.target - this.response.value(z));
    const inner = Math.abs(z - this.predicted);
    const squares = 2 * miss * outer + outer ** 2 + this.lambda * (2 * inner * shift + shift ** 2);
    return squares + gamma(8, 'f64') * this.cost(z) + 8 * (1 + this.lambda) * Number.MIN_VALUE;
  }

  /** No z beyond it is better than y', as λ (z − y')² ≤ cost(z) ≤ cost(y') = (t − r(y'))². */
  get reach(): number {
    return Math.abs(this.target - this.response.value(this.predicted)) / Math.sqrt(this.lambda);
  }

  /** The best of a dense grid, each of its lows refined by golden sections. */
  searched(points: number): number {
    // Where all curves bend, around 0, the grid is dense too, however far the reach.
    const steps = Array.from({ length: 2 * points + 1 }, (_, i) => i / points - 1);
    const near = steps.map((step) => 8 * step).filter((z) => Math.abs(z - this.predicted) <= this.reach);
    const far = steps.map((step) => this.predicted + this.reach * step);
    const grid = [...near, ...far].toSorted((a, b) => a - b);
    let best = this.predicted;
    grid.forEach((z, i) => {
      const [before = z, after = z] = [grid[i - 1], grid[i + 1]];
      if (this.cost(z) > this.cost(before) || this.cost(z) > this.cost(after)) return;
      const low = this.section(before, after);
      if (this.cost(low) < this.cost(best)) best = low;
    });
    return best;
  }

  /** A golden section search between two points. */
  private section(from: number, to: number): number {
    const ratio = (Math.sqrt(5) - 1) / 2;
    let [low, high] = [from, to];
    for (let i = 0; i < 90; i++) {
      const [a, b] = [high - ratio * (high - low), low + ratio * (high - low)];
      if (this.cost(a) <= this.cost(b)) high = b;
      else low = a;
    }
    return 0.5 * (low + high);
  }
}

/** Squares of less underflow, and what is compared here are squares. */
const ordinary = fc.double({ min: -12, max: 12, noNaN: true }).map((x) => (Math.abs(x) < 1e-140 ? 0 : x)); // bound: √ of the least double

const signed = fc.oneof(
  { weight: 4, arbitrary: ordinary },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, -1, 1e-9, -1e-9, 1000, -1000) },
);
const observedValues = signed.map(Math.fround);
const lambdas = fc.oneof(
  fc.constantFrom(0.01, 1),
  fc.double({ min: -30, max: 30, noNaN: true }).map((exponent) => 2 ** exponent),
);

describe('by hand', () => {
  it.each([
    ["leaky: both inactive, half way between y and y'", rectifierAuxiliary(0.5, -1, -5, 1), -5 + (0.5 * 1.5) / 1.25],
    ['leaky: an active target draws an inactive prediction across 0', rectifierAuxiliary(2, 1, -0.25, 1), 0.375],
    ['slope 1: the weighted mean on both sides', rectifierAuxiliary(1, -3, 5, 1), 1],
    ['slope −1: r is |x|, the nearer of two answers', rectifierAuxiliary(-1, 3, -1, 1), -2],
    ['clip: inside, the weighted mean', clipAuxiliary(0, 6, 3, 1, 1), 2],
    ['clip: above, a saturated target is met', clipAuxiliary(0, 6, 6, 9, 1), 9],
    ['clip: below, the same', clipAuxiliary(0, 6, 0, -9, 1), -9],
    ['clip: to the bound', clipAuxiliary(0, 6, 6, 5.5, 0.001), (0.001 * 5.5 + 6) / 1.001],
    ['clip: far above stays when giving the target up is cheaper', clipAuxiliary(0, 6, 5, 20, 1), 20],
    ['clip to a point: nothing to gain', clipAuxiliary(2, 2, 2, -7, 1), -7],
  ])('%s', (_, found, expected) => {
    expectWithin(found, expected, gamma(8, 'f64') * Math.abs(expected));
  });

  it('a tie goes to the lesser z', () => {
    // |x| with t = 1 and y' = 0: z = ±1/2 cost 1/4 + 1/4.
    expect(rectifierAuxiliary(-1, 1, 0, 1)).toBe(-0.5);
  });

  it('a prediction that is right already stays, to the bit', () => {
    for (const [name, nonlinearity] of kinds) {
      const { auxiliary } = responseOf(nonlinearity);
      for (const y of [-8, -0.75, 0, 0.375, 5]) expect(auxiliary(y, y, 0.5) - y, name).toBe(0);
    }
  });

  it('names and identities', () => {
    expect(Object.values(nonlinearities(2)).map(nonlinearityName)).toEqual([
      'relu',
      'leakyRelu 0.1',
      'leakyRelu 3',
      'leakyRelu -1',
      'prelu',
      'clip 0…6',
      'clip -0.5…0.75',
      ...smoothKinds,
    ]);
    expect(kinds.some(([, nonlinearity]) => isIdentity(nonlinearity))).toBe(false);
    expect(isIdentity({ kind: 'identity' })).toBe(true);
    expect(isIdentity({ kind: 'leakyRelu', slope: 1 })).toBe(true);
    expect(isIdentity({ kind: 'prelu', slopes: fromNested('f32', [1, 1]) })).toBe(true);
    expect(isIdentity({ kind: 'prelu', slopes: fromNested('f32', [1, 0.5]) })).toBe(false);
  });

  it('slopes are those of the channel, through views too', () => {
    const slopes = { ...fromNested('f32', [9, 0.5, 9, -2]), shape: [2], strides: [2], offset: 1 };
    const responses = columnResponses({ kind: 'prelu', slopes }, 2);
    expect(responses.map(({ value }) => value(-4))).toEqual([-2, 8]);
    expect(responses.map(({ derivative }) => [derivative(-1), derivative(1)])).toEqual([
      [0.5, 1],
      [-2, 1],
    ]);
  });

  it('refuses slopes and bounds that are no numbers or do not fit', () => {
    const y = fromNested('f32', [
      [1, 2],
      [3, 5],
    ]);
    const solve = (nonlinearity: Nonlinearity) => () =>
      solveNonlinear({ target: y, regressor: y }, 1, { nonlinearity });
    expect(solve({ kind: 'leakyRelu', slope: Number.NaN })).toThrow(
      /^solveNonlinear: nonlinearity: expected a finite slope/,
    );
    expect(solve({ kind: 'clip', low: 0, high: Infinity })).toThrow(/expected a finite high, got Infinity/);
    expect(solve({ kind: 'clip', low: 7, high: 6 })).toThrow(DomainError);
    expect(solve({ kind: 'prelu', slopes: zeros('f32', [3]) })).toThrow(ShapeError);
    expect(solve({ kind: 'prelu', slopes: fromNested('f32', [0, Infinity]) })).toThrow(
      /expected a finite slope, got Infinity/,
    );
    const map = { left: zeros('f64', [2, 1]), right: zeros('f64', [1, 2]), offset: new Float64Array(2) };
    const wrong: Nonlinearity = { kind: 'clip', low: Number.NaN, high: 1 };
    expect(() => relativeResponseError({ target: y, regressor: y }, map, wrong)).toThrow(
      /^relativeResponseError: nonlinearity: expected a finite low/,
    );
  });
});

describe.each(kinds)('%s', (name, nonlinearity) => {
  const channels = nonlinearity.kind === 'prelu' ? fc.integer({ min: 0, max: 7 }) : fc.constant(0);

  it('value and derivative are those of the definition', () => {
    fc.assert(
      fc.property(channels, signed, (channel, x) => {
        const { value, derivative } = responseOf(nonlinearity, channel);
        const r = (at: number): number => activate(nonlinearity, channel, at);
        expectWithin(value(x), r(x), gamma(64, 'f64') * (Math.abs(r(x)) + Math.abs(x)), `r(${x})`);
        // A central difference over h: r''' h² / 6 + rounding of r / h, away from kinks. |r'''| < 3 for all kinds.
        const h = 2 ** -16; // bound: near the cube root of the rounding, where both errors of the quotient meet
        const kinks = nonlinearity.kind === 'clip' ? [nonlinearity.low, nonlinearity.high] : [0];
        fc.pre(kinks.every((kink) => Math.abs(x - kink) > h));
        const quotient = (r(x + h) - r(x - h)) / (2 * h);
        const bound = 3 * h ** 2 + (gamma(64, 'f64') * (Math.abs(r(x)) + Math.abs(x) + 1)) / h;
        expectWithin(derivative(x), quotient, bound, `r'(${x})`);
      }),
      { numRuns: runs(200) },
    );
  });

  it('no point costs less: a dense grid over all that could, refined by golden sections', () => {
    fc.assert(
      fc.property(channels, observedValues, signed, lambdas, (channel, y, predicted, lambda) => {
        const response = responseOf(nonlinearity, channel);
        const element = new Element(response, y, predicted, lambda);
        const z = response.auxiliary(y, predicted, lambda);
        const other = element.searched(200);
        const allowance = element.rounding(z) + element.rounding(other);
        expectWithin(Math.max(element.cost(z) - element.cost(other), 0), 0, allowance, `${z} against ${other}`);
        expect(Math.abs(z - predicted)).toBeLessThanOrEqual(
          element.reach * (1 + gamma(8, 'f64')) + Math.abs(predicted) * gamma(8, 'f64'),
        );
        expect(response.auxiliary(y, predicted, lambda)).toBe(z);
      }),
      { numRuns: runs(300) },
    );
  });

  it('is a stationary point where r is smooth there', () => {
    fc.assert(
      fc.property(channels, observedValues, signed, lambdas, (channel, y, predicted, lambda) => {
        const response = responseOf(nonlinearity, channel);
        const z = response.auxiliary(y, predicted, lambda);
        const kinks = nonlinearity.kind === 'clip' ? [nonlinearity.low, nonlinearity.high] : [0];
        const bent = (smoothKinds as readonly string[]).includes(nonlinearity.kind);
        fc.pre(bent || !kinks.includes(z));
        const [value, slope, target] = [response.value(z), response.derivative(z), response.value(y)];
        const gradient = lambda * (z - predicted) - (target - value) * slope;
        // With f''/2 ≤ λ + r'² + |t − r| a step downhill would gain (f'/2)² / (f''/2) at least: less than the rounding of f.
        const bend = lambda + slope ** 2 + Math.abs(target - value);
        const allowance = 4 * new Element(response, y, predicted, lambda).rounding(z);
        expectWithin(gradient ** 2, 0, bend * allowance, `z = ${z}`);
      }),
      { numRuns: runs(300) },
    );
  });

  it("goes to y' as λ grows, and meets r(y) as λ vanishes", () => {
    const response = responseOf(nonlinearity);
    for (const [y, predicted] of [
      [0.5, -2],
      [-2, 0.5],
      [3, 1],
      [-4, -1],
    ] as const) {
      const miss = Math.abs(response.value(y) - response.value(predicted));
      // λ (z − y')² ≤ miss², and (t − r(z))² ≤ cost(y) = λ (y − y')².
      const firm = response.auxiliary(y, predicted, 2 ** 40);
      expect(Math.abs(firm - predicted), name).toBeLessThanOrEqual(miss * 2 ** -20); // bound: the root of λ = 2^40
      const loose = response.value(response.auxiliary(y, predicted, 2 ** -40));
      expect(Math.abs(loose - response.value(y)), name).toBeLessThanOrEqual(Math.abs(y - predicted) * 2 ** -20); // bound: the root of λ = 2^-40
    }
  });
});

describe('where kinds meet', () => {
  it('slope 0 is the ReLU, a slope of 1 and a wide clip are the identity', () => {
    fc.assert(
      fc.property(observedValues, signed, lambdas, (y, predicted, lambda) => {
        const at = (nonlinearity: Nonlinearity): number => responseOf(nonlinearity).auxiliary(y, predicted, lambda);
        expect(at({ kind: 'leakyRelu', slope: 0 })).toBe(at({ kind: 'relu' }));
        expect(at({ kind: 'prelu', slopes: zeros('f32', [8]) })).toBe(at({ kind: 'relu' }));
        const mean = (y + lambda * predicted) / (1 + lambda);
        const bound = gamma(8, 'f64') * (Math.abs(y) + Math.abs(predicted));
        for (const same of [
          { kind: 'identity' },
          { kind: 'leakyRelu', slope: 1 },
          { kind: 'clip', low: -1e6, high: 1e6 },
        ] as const) {
          expectWithin(at(same), mean, bound, same.kind);
        }
      }),
      { numRuns: runs(200) },
    );
  });

  it('tanh is the sigmoid of twice the argument: z halves, λ is sixteen times as large', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -6, max: 6, noNaN: true }),
        fc.double({ min: -6, max: 6, noNaN: true }),
        (y, predicted) => {
          const sigmoid = smoothAuxiliary(smoothCurves.sigmoid, 2 * y, 2 * predicted, 1 / 16);
          const tanh = smoothAuxiliary(smoothCurves.tanh, y, predicted, 1);
          // Both lie at minima of costs that differ by rounding; f'' ≥ 1/2 there, as λ = 1 and |t − r| |r''| < 1.55 … in all but ties.
          const cost = (z: number): number => (Math.tanh(y) - Math.tanh(z)) ** 2 + (z - predicted) ** 2;
          expectWithin(cost(tanh), cost(sigmoid / 2), gamma(128, 'f64') * (1 + cost(tanh) * 16), `${y}, ${predicted}`);
        },
      ),
      { numRuns: runs(200) },
    );
  });
});

describe('the search by intervals', () => {
  it.each(smoothKinds)('%s: turns are where the derivatives vanish, and there is no other', (kind) => {
    const { at, valueTurns, slopeTurns, curvatureTurns } = smoothCurves[kind];
    const third = (x: number): number => (at(x + 2 ** -14).curvature - at(x - 2 ** -14).curvature) * 2 ** 13;
    const signChanges = (f: (x: number) => number): number[] => {
      const found: number[] = [];
      for (let i = -2400; i < 2400; i++) {
        const [a, b] = [(i + 0.5) / 100, (i + 1.5) / 100];
        if (f(a) * f(b) < 0) found.push(0.5 * (a + b));
      }
      return found;
    };
    for (const [turns, derivative] of [
      [valueTurns, (x: number) => at(x).slope],
      [slopeTurns, (x: number) => at(x).curvature],
      [curvatureTurns, third],
    ] as const) {
      const changes = signChanges(derivative);
      expect(changes).toHaveLength(turns.length);
      turns.forEach((turn, i) => expect(Math.abs(turn.x - changes[i]!)).toBeLessThan(0.02));
    }
    for (const { slope } of valueTurns) expectWithin(slope, 0, gamma(16, 'f64'));
    for (const { curvature } of slopeTurns) expectWithin(curvature, 0, gamma(16, 'f64'));
  });

  it.each(smoothKinds)('%s: few evaluations, a bounded number where minima merge', (kind) => {
    const curve = smoothCurves[kind];
    let evaluations = 0;
    const counted = { ...curve, at: (x: number) => (evaluations++, curve.at(x)) };
    const countOf = (y: number, predicted: number, lambda: number): number => {
      evaluations = 0;
      smoothAuxiliary(counted, y, predicted, lambda);
      return evaluations;
    };
    fc.assert(
      fc.property(observedValues, signed, lambdas, (y, predicted, lambda) => countOf(y, predicted, lambda) < 500),
      { numRuns: runs(300) },
    );
    // f' = f'' = 0 at z by choice of λ and y'; on the way of t all higher ones vanish as well for some z.
    const points = fc.double({ min: -4, max: 4, noNaN: true });
    fc.assert(
      fc.property(fc.double({ min: -8, max: 8, noNaN: true }), points, (y, z) => {
        const { value, slope, curvature } = curve.at(z);
        const miss = curve.at(y).value - value;
        const lambda = miss * curvature - slope ** 2;
        fc.pre(lambda > 2 ** -30); // bound: smaller penalties put y' beyond any response
        const predicted = z - (miss * slope) / lambda;
        expect(countOf(y, predicted, lambda)).toBeLessThan(5000);
        const element = new Element(responseOf({ kind }), y, predicted, lambda);
        const found = smoothAuxiliary(curve, y, predicted, lambda);
        const other = element.searched(400);
        const allowance = element.rounding(found) + element.rounding(other);
        expectWithin(Math.max(0, element.cost(found) - element.cost(other)), 0, allowance, `${found} against ${other}`);
      }),
      { numRuns: runs(200) },
    );
  });

  it.each(smoothKinds)('%s: far out and at extreme λ it ends with finite numbers', (kind) => {
    const { auxiliary, value } = responseOf({ kind });
    for (const y of [-3.4e38, -1000, -1, 0, 1, 1000, 3.4e38]) {
      for (const predicted of [-1e30, -1000, -40, 0, 40, 1000, 1e30]) {
        for (const lambda of [2 ** -60, 2 ** -20, 1, 2 ** 40]) {
          const z = auxiliary(y, predicted, lambda);
          const what = `${y}, ${predicted}, ${lambda}`;
          expect(Number.isFinite(z), what).toBe(true);
          const cost = (value(y) - value(z)) ** 2 + lambda * (z - predicted) ** 2;
          expect(cost, what).toBeLessThanOrEqual((value(y) - value(predicted)) ** 2);
        }
      }
    }
  });
});
