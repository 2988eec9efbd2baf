import { limitedMemoryBfgs } from '@rankwise/approx';
import type { Minimum, Objective } from '@rankwise/approx';
import { cholesky, choleskySolve } from '@rankwise/linalg';
import { createRandom, tensorOf, transpose } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeds } from '../kit/matrices/arbitraries.ts';
import { at, matrixFrom, multiply } from '../kit/matrices/gallery.ts';
import { gamma } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';

function minimise(objective: Objective, start: Float64Array, iterations: number, memory?: number): Minimum {
  const steps = limitedMemoryBfgs(objective, start, { iterations, ...(memory === undefined ? {} : { memory }) });
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
}

/** ½ xᵀ A x − bᵀ x with A = Bᵀ B + I. */
function quadratic(seed: number, n: number) {
  const random = createRandom(seed);
  const root = matrixFrom(n, n, () => random.normal());
  const gram = multiply(transpose(root), root);
  const a = matrixFrom(n, n, (i, j) => at(gram, i, j) + (i === j ? 1 : 0));
  const b = Float64Array.from({ length: n }, () => random.normal());
  const objective: Objective = (x, gradient) => {
    let value = 0;
    for (let i = 0; i < n; i++) {
      let product = 0;
      for (let j = 0; j < n; j++) product += at(a, i, j) * x[j]!;
      gradient[i] = product - b[i]!;
      value += x[i]! * (product / 2 - b[i]!);
    }
    return value;
  };
  return { a, b, objective };
}

describe('limitedMemoryBfgs', () => {
  it('reaches the minimum of convex quadratics that Cholesky finds', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 8 }), (seed, n) => {
        const { a, b, objective } = quadratic(seed, n);
        const solution = choleskySolve(cholesky(a), tensorOf(b, [n, 1]));
        const least = objective(Float64Array.from(solution.data), new Float64Array(n));
        const { value } = minimise(objective, new Float64Array(n), 400);
        // Values are sums of n² products: steps end where their rounding hides any decrease.
        const scale = b.reduce((sum, entry, i) => sum + Math.abs(entry * solution.data[i]!), 0) * n;
        const allowance = 2 ** 10 * gamma(n * n + n, 'f64') * scale;
        expect(value).toBeGreaterThanOrEqual(least - allowance);
        expect(value).toBeLessThanOrEqual(least + allowance);
      }),
      { numRuns: runs(60) },
    );
  });

  it('never raises the value, and counts what it evaluates', () => {
    // Rosenbrock's valley: curved, with a minimum of 0 at (1, 1).
    let calls = 0;
    const objective: Objective = (point, gradient) => {
      calls++;
      const [x = 0, y = 0] = point;
      gradient.set([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)]);
      return (1 - x) ** 2 + 100 * (y - x * x) ** 2;
    };
    const { point, value, trace, evaluations } = minimise(objective, Float64Array.of(-1.2, 1), 200);
    let last = objective(Float64Array.of(-1.2, 1), new Float64Array(2));
    for (const step of trace) {
      expect(step.value).toBeLessThanOrEqual(last);
      last = step.value;
    }
    expect(evaluations).toBe(calls - 1);
    expect(value).toBe(last);
    expect(Array.from(point, (x) => Math.round(x * 1e4) / 1e4)).toEqual([1, 1]);
  });

  it('stays where it is at a minimum, and does as many steps as asked for elsewhere', () => {
    const { objective } = quadratic(3, 4);
    const start = Float64Array.of(9, -9, 9, -9);
    expect(minimise(objective, start, 3).trace.map(({ iteration }) => iteration)).toEqual([0, 1, 2]);
    expect(minimise(objective, start, 0).point).toEqual(start);
    const flat: Objective = (_, gradient) => {
      gradient.fill(0);
      return 1;
    };
    expect(minimise(flat, start, 5)).toMatchObject({ point: start, value: 1, trace: [] });
  });

  it('does not change the start and is repeatable', () => {
    const { objective } = quadratic(5, 6);
    const start = new Float64Array(6).fill(2);
    const once = minimise(objective, start, 10);
    expect(start).toEqual(new Float64Array(6).fill(2));
    expect(minimise(objective, start, 10).point).toEqual(once.point);
  });

  it('does better with more pairs on a long valley', () => {
    const n = 40;
    const stretched: Objective = (x, gradient) => {
      let value = 0;
      for (let i = 0; i < n; i++) {
        gradient[i] = 2 ** (i / 3) * x[i]!;
        value += (gradient[i]! * x[i]!) / 2;
      }
      return value;
    };
    const start = new Float64Array(n).fill(1);
    expect(minimise(stretched, start, 60, 20).value).toBeLessThan(minimise(stretched, start, 60, 1).value);
  });

  it('gives up on a function whose gradient lies, where it stood', () => {
    const lying: Objective = ([x = 0], gradient) => {
      gradient[0] = 1;
      return Math.abs(x);
    };
    expect(minimise(lying, Float64Array.of(0), 5)).toMatchObject({ point: Float64Array.of(0), value: 0, trace: [] });
  });

  it('names what it refuses', () => {
    const bad: Objective = () => Number.NaN;
    expect(() => minimise(bad, new Float64Array(1), 1)).toThrow(
      'limitedMemoryBfgs: start: expected a finite value, got NaN',
    );
    expect(() => minimise(bad, new Float64Array(1), -1)).toThrow('iterations: expected an integer ≥ 0, got -1');
    expect(() => minimise(bad, new Float64Array(1), 1, 0)).toThrow('memory: expected an integer ≥ 1, got 0');
  });
});
