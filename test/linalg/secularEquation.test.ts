import { ConvergenceError, createRandom } from '@rankwise/tensor';
import type { Random } from '@rankwise/tensor';
import { jacobiEigen } from '@rankwise/linalg';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeSecularRoot, secularRootInto } from '../../packages/linalg/src/eigen/secularEquation.ts';
import type { SecularEquation } from '../../packages/linalg/src/eigen/secularEquation.ts';
import { seeds } from '../kit/matrices/arbitraries.ts';
import { matrixFrom } from '../kit/matrices/gallery.ts';
import { expectRatio, orthogonalityRatio, scalarRatio, valuesRatio } from '../kit/matrices/ratios.ts';
import { runs } from '../kit/runs.ts';

interface Poles {
  readonly d: readonly number[];
  readonly z: readonly number[];
  readonly rho: number;
}

function equationOf({ d, z, rho }: Poles): SecularEquation {
  const gapsTo = (origin: number, out: Float64Array): void => {
    for (let j = 0; j < d.length; j++) out[j] = d[j]! - d[origin]!;
  };
  return { z: Float64Array.from(z), rho, gapsTo };
}

/** All roots, and row i the differences d_j − λ_i. */
function solve(poles: Poles): { roots: number[]; differences: Float64Array[] } {
  const equation = equationOf(poles);
  const root = makeSecularRoot();
  const roots: number[] = [];
  const differences = poles.d.map((_, i) => {
    const out = new Float64Array(poles.d.length);
    secularRootInto(root, 'test', equation, i, out);
    roots.push(poles.d[root.origin]! + root.shift);
    return out;
  });
  return { roots, differences };
}

const layouts: Readonly<Record<string, (i: number, k: number, random: Random) => number>> = {
  even: (i) => i,
  random: (i, _, random) => i + random.uniform() / 2,
  graded: (i, k) => 2 ** ((i - k) / 2),
  'one ulp or two apart': (i) => 1 + 2 * i * Number.EPSILON,
  'pairs close together': (i) => Math.floor(i / 2) + (i % 2) * 2 ** -40,
  'on both sides of zero': (i, k) => i - k / 2 + 0.25,
};

const loads: Readonly<Record<string, (i: number, random: Random) => number>> = {
  ones: () => 1,
  random: (_, random) => random.uniform() - 0.5,
  'tiny and large': (i, random) => (random.uniform() + 0.5) * (i % 3 === 0 ? 2 ** -45 : 1),
  'every magnitude': (_, random) => 2 ** (-50 * random.uniform()),
};

const cases = fc
  .record({
    layout: fc.constantFrom(...Object.keys(layouts)),
    load: fc.constantFrom(...Object.keys(loads)),
    k: fc.constantFrom(1, 2, 3, 4, 9, 33, 70),
    rho: fc.constantFrom(1, 2 ** -30, 2 ** 30, 0.3),
    seed: seeds,
  })
  .map(({ layout, load, k, rho, seed }) => {
    const random = createRandom(seed);
    const d = Array.from({ length: k }, (_, i) => layouts[layout]!(i, k, random));
    const z = Array.from({ length: k }, (_, i) => loads[load]!(i, random));
    return {
      d,
      z,
      rho,
      kind: `${layout}, ${load}`,
      what: `${layout}, ${load}, k = ${k}, rho = ${rho}, seed = ${seed}`,
    };
  });

describe('secularRootInto: by hand', () => {
  it('one pole: d + rho z²', () => {
    expect(solve({ d: [3], z: [2], rho: 0.5 })).toEqual({ roots: [5], differences: [Float64Array.of(-2)] });
  });

  it('diag(0, 3) + 11ᵀ·2 has (7 ± 5) / 2', () => {
    const { roots } = solve({ d: [0, 3], z: [1, 1], rho: 2 });
    expectRatio('secularEquation: by hand', '2 poles', valuesRatio(Float64Array.from(roots), Float64Array.of(1, 6)));
  });

  it('an element far below rounding moves its pole by rho z², and no further', () => {
    const { differences } = solve({ d: [0, 1], z: [2 ** -60, 1], rho: 1 });
    // λ = z_0² / (1 + z_1² / (1 − λ)) up to terms of order z_0⁴.
    expect(differences[0]![0]).toBe(-(2 ** -121));
  });
});

describe('secularRootInto: laws', () => {
  it('roots lie between the poles, and the last within rho ‖z‖² of its pole', () => {
    fc.assert(
      fc.property(cases, ({ d, z, rho }) => {
        const { differences } = solve({ d, z, rho });
        const reach = rho * z.reduce((sum, value) => sum + value * value, 0) * (1 + 2 * d.length * Number.EPSILON); // bound: γ_{2k}, the sum of squares and the product
        differences.forEach((row, i) => {
          expect(row[i]).toBeLessThan(0);
          if (i + 1 < d.length) expect(row[i + 1]).toBeGreaterThan(0);
          else expect(-row[i]!).toBeLessThanOrEqual(reach);
        });
      }),
      { numRuns: runs() },
    );
  });

  it('the roots are exact for a vector near z (Löwner), and the vectors made from it are orthonormal', () => {
    fc.assert(
      fc.property(cases, (poles) => {
        const { d, z, rho } = poles;
        const k = d.length;
        const { differences } = solve(poles);
        const size = Math.sqrt(z.reduce((sum, value) => sum + value * value, 0));
        const recomputed = d.map((pole, j) => {
          let square = -differences[j]![j]! / rho;
          for (let i = 0; i < k; i++) if (i !== j) square *= differences[i]![j]! / (pole - d[i]!);
          return Math.sqrt(square);
        });
        recomputed.forEach((value, j) => {
          expectRatio('secularEquation: z recomputed', poles, scalarRatio(value, Math.abs(z[j]!), size, k));
        });
        const vectors = matrixFrom(k, k, (j, i) => recomputed[j]! / differences[i]![j]!);
        const norms = Float64Array.from({ length: k }, (_, i) =>
          Math.hypot(...recomputed.map((value, j) => value / differences[i]![j]!)),
        );
        const scaled = matrixFrom(k, k, (j, i) => vectors.data[j * k + i]! / norms[i]!);
        expectRatio("secularEquation: V'V = I", poles, orthogonalityRatio(scaled));
      }),
      { numRuns: runs() },
    );
  });

  it('agrees with Jacobi on diag(d) + rho z zᵀ', () => {
    fc.assert(
      fc.property(cases, (poles) => {
        const { d, z, rho } = poles;
        const k = d.length;
        const matrix = matrixFrom(k, k, (i, j) => (i === j ? d[i]! : 0) + rho * (z[i]! * z[j]!));
        const { roots } = solve(poles);
        const found = Float64Array.from(roots.toReversed());
        expectRatio('secularEquation: against Jacobi', poles, valuesRatio(found, jacobiEigen(matrix).values.data));
      }),
      { numRuns: Math.min(runs(), 200) },
    );
  });
});

describe('secularRootInto: errors', () => {
  it('tells where it got when nothing can converge', () => {
    const impossible = equationOf({ d: [0, 1, 2], z: [1, NaN, 1], rho: 1 });
    const find = (): void => secularRootInto(makeSecularRoot(), 'someone', impossible, 1, new Float64Array(3));
    expect(find).toThrow(ConvergenceError);
    expect(find).toThrow(/someone: expected a root of the secular equation within 64 steps, got .* at root 1/);
  });
});
