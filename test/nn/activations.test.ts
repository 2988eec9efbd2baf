/** The smooth activations and erfc: by hand, identities between them, and erfc against two series that share no code with it. */

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { smoothActivations } from '@rankwise/nn';
import { erfc } from '../../packages/nn/src/errorFunction.ts';
import { expectWithin, gamma } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';

/** 1 − 2/√π exp(−x²) Σ 2ⁿ x^{2n+1} / (2n + 1)!!, Abramowitz & Stegun 7.1.6: all terms of one sign. */
function erfcByPowers(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 400; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return 1 - (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** exp(−x²)/√π · 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + …)))), Abramowitz & Stegun 7.1.14, for x > 0, from the end. */
function erfcByFraction(x: number): number {
  let rest = x;
  for (let n = 400; n > 0; n--) rest = x + n / 2 / rest;
  // x² in two parts, the first exact, so that its rounding is not multiplied by x².
  const high = Math.fround(x);
  const bell = Math.exp(-high * high) * Math.exp(-(x - high) * (x + high));
  return bell / (Math.sqrt(Math.PI) * rest);
}

describe('erfc', () => {
  it('is 1 at 0, 2 and 0 far out, and as tabulated', () => {
    expect([0, -Infinity, Infinity, -30, 30].map(erfc)).toEqual([1, 2, 0, 2, 0]);
    // Abramowitz & Stegun, Tables 7.1 and 7.3: erfc 0.5, 1, 2.
    expectWithin(erfc(0.5), 0.4795001221869535, gamma(16, 'f64'));
    expectWithin(erfc(1), 0.15729920705028513, gamma(16, 'f64') * 0.16);
    expectWithin(erfc(2), 0.004677734981047266, gamma(16, 'f64') * 0.005);
    expect(Number.isNaN(erfc(Number.NaN))).toBe(true);
  });

  it('agrees with the continued fraction to 16 units wherever that has settled', () => {
    fc.assert(
      fc.property(fc.double({ min: 1.5, max: 26.4, noNaN: true }), (x) => {
        // The fraction itself rounds some ten times after its division's errors have shrunk.
        expectWithin(erfc(x), erfcByFraction(x), gamma(32, 'f64') * erfcByFraction(x), `erfc(${x})`);
      }),
      { numRuns: runs(500) },
    );
  });

  it('agrees with the power series, in absolute terms, and erfc(−x) = 2 − erfc(x)', () => {
    fc.assert(
      fc.property(fc.double({ min: -3, max: 3, noNaN: true }), (x) => {
        // Σ of up to 60 terms that matter, each with three roundings a step, all of one sign.
        expectWithin(erfc(x), erfcByPowers(x), gamma(200, 'f64') * 2, `erfc(${x})`);
        expectWithin(erfc(-x), 2 - erfc(x), gamma(16, 'f64') * 2);
      }),
      { numRuns: runs(500) },
    );
  });

  it('falls without a step at the joints', () => {
    for (const joint of [0.46875, 4]) {
      const [before, after] = [erfc(joint), erfc(joint * (1 + Number.EPSILON))];
      // A relative 2^-52 of x moves erfc by 2 x² times as much of itself, 64 units at 4; each side is off by 16 at most.
      expectWithin(after, before, gamma(64 + 32, 'f64') * before, `at ${joint}`);
    }
  });
});

describe('smooth activations', () => {
  const { sigmoid, tanh, gelu, silu, softplus } = smoothActivations;
  const numbers = fc.oneof(
    fc.double({ min: -40, max: 40, noNaN: true }),
    fc.constantFrom(0, 1e-300, -1e-300, 700, -700, 1000, -1000, 3.4e38, -3.4e38),
  );

  it('are finite for every number, and of the right sign', () => {
    for (const x of [-Number.MAX_VALUE, -1e9, -750, -1, 0, 1, 750, 1e9, Number.MAX_VALUE]) {
      for (const [name, r] of Object.entries(smoothActivations)) {
        expect(Number.isFinite(r(x)), `${name}(${x})`).toBe(true);
      }
    }
    expect([gelu(-40), silu(-800), softplus(-800), sigmoid(-800)].map((x) => x + 0)).toEqual([0, 0, 0, 0]);
    expect([gelu(40), silu(40), softplus(40), sigmoid(40), tanh(40)]).toEqual([40, 40, 40, 1, 1]);
  });

  it('keep their relative accuracy in the tails', () => {
    // exp(−x) (1 − exp(−x) + …) and its like; the next term is below 2^-60.
    const small = Math.exp(-45);
    expectWithin(sigmoid(-45), small, gamma(8, 'f64') * small);
    expectWithin(softplus(-45), small, gamma(8, 'f64') * small);
    expectWithin(silu(-45), -45 * small, gamma(8, 'f64') * 45 * small);
    // x Φ(x) at −10: Φ = 7.61985302416052606597e-24 (Abramowitz & Stegun, Table 26.2). 2 a² = 100 for the rounding of a.
    expectWithin(gelu(-10), -7.619853024160526e-23, gamma(120, 'f64') * 7.7e-23);
  });

  it('meet the identities that join them', () => {
    fc.assert(
      fc.property(numbers, (x) => {
        const unit = gamma(16, 'f64');
        expectWithin(sigmoid(x) + sigmoid(-x), 1, unit);
        expectWithin(tanh(x), 2 * sigmoid(2 * x) - 1, 2 * unit);
        expectWithin(softplus(x) - softplus(-x), x, unit * Math.abs(x) + unit);
        const least = 4 * Number.MIN_VALUE;
        expectWithin(silu(x) - silu(-x), x, unit * Math.abs(x) + least);
        expectWithin(gelu(x) - gelu(-x), x, unit * Math.abs(x) + least);
        if (Math.abs(x) < 700)
          expectWithin(Math.exp(softplus(x)) - 1, Math.exp(x), gamma(1500, 'f64') * (1 + Math.exp(x)));
      }),
      { numRuns: runs(300) },
    );
  });
});
