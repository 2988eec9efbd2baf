/**
 * Against numbers from elsewhere: LAPACK, called by scipy, and mpmath with 60 digits and more (test/fixtures/linalg says which, by
 * which call). Where the theory promises ε ‖A‖, the bound is a ratio; where it promises relative accuracy, it is relative.
 */

import {
  cholesky,
  conditionEstimate,
  inertia,
  jacobiEigen,
  jacobiSvd,
  ldlFactors,
  leastSquares,
  luFactors,
  pivotedQr,
  qr,
  solve,
  svd,
  symmetricEigen,
  symmetricEigenvalues,
} from '@rankwise/linalg';
import { transpose } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { at, combined, diagonalMatrix, expectRatio, identityMatrix, matrixFrom, multiply, norm1, scalarRatio, symmetrized, tridiagonalMatrix, valuesRatio } from '../kit/matrices/index.ts'; // prettier-ignore
import type { CaseName, Matrix } from '../kit/matrices/index.ts';
import { readSource } from '../kit/repository.ts';

interface Spectrum {
  readonly name: string;
  readonly m?: number;
  readonly n: number;
  readonly source: 'mpmath' | 'scipy' | 'exact';
  readonly relative?: true;
  readonly values: number[];
}

interface Factor {
  readonly m: number;
  readonly n: number;
  readonly values: number[];
  readonly permutation?: number[];
}

interface Factorisations {
  readonly qr: Factor;
  readonly pivotedQr: Factor;
  readonly pivotedQrOfIntegers: Factor;
  readonly lu: Factor;
  readonly inertia: Factor;
  readonly cholesky: Factor;
  readonly condition: readonly { readonly matrix: string; readonly value: number }[];
  readonly generalized: Factor;
  readonly pinv: Factor;
  readonly pinvOfRank3: Factor;
}

/** The fixtures are ours: their shape is known. */
const fixture = (name: string): unknown => JSON.parse(readSource(`test/fixtures/linalg/${name}.json`).text);
const { spectra } = fixture('eigenvalues') as { spectra: Spectrum[] };
const { singularValues } = fixture('singularValues') as { singularValues: Spectrum[] };
const factorisations = fixture('factorisations') as Factorisations;

const half = (n: number): number => (n - 1) / 2;

const symmetricMatrices: Readonly<Record<string, (n: number) => Matrix>> = {
  'Wilkinson W21+': (n) => tridiagonalMatrix(n, (i) => Math.abs(i - half(n)), () => 1), // prettier-ignore
  'glued Wilkinson': (n) => tridiagonalMatrix(n, (i) => Math.abs((i % 21) - 10), (i) => ((i + 1) % 21 === 0 ? 2 ** -26 : 1)), // prettier-ignore
  'Hilbert': (n) => matrixFrom(n, n, (i, j) => 1 / (i + j + 1)), // prettier-ignore
  'Clement': (n) => tridiagonalMatrix(n, () => 0, (i) => Math.sqrt((i + 1) * (n - 1 - i))), // prettier-ignore
  'graded definite': (n) => matrixFrom(n, n, (i, j) => 2 ** (-3 * (i + j)) * (i === j ? 4 : 1)),
  'clustered': (n) => tridiagonalMatrix(n, (i) => 1 + (i % 3) * 2 ** -40 + Math.floor(i / 8), (i) => 2 ** -42 * (1 + (i % 4))), // prettier-ignore
  'Fiedler': (n) => matrixFrom(n, n, (i, j) => Math.abs(i - j)), // prettier-ignore
  'mixed': (n) => matrixFrom(n, n, (i, j) => ((i * j) % 3 === 0 ? -((i + j) % 5) : 1 / (1 + Math.abs(i - j)))), // prettier-ignore
};

const bidiagonal = (m: number, n: number, main: (i: number) => number, above: (i: number) => number): Matrix =>
  matrixFrom(m, n, (i, j) => (i === j ? main(i) : j === i + 1 ? above(i) : 0));

/** Powers by repeated multiplication, as they were made there. */
const power = (base: number, exponent: number): number => {
  let value = 1;
  for (let k = 0; k < exponent; k++) value *= base;
  return value;
};

const kahan = (n: number): Matrix => matrixFrom(n, n, (i, j) => (i === j ? power(0.96, i) : j > i ? -0.28 * power(0.96, i) : 0)); // prettier-ignore
const frank = (n: number): Matrix => matrixFrom(n, n, (i, j) => (j < i - 1 ? 0 : n - Math.max(i, j)));

const matrices: Readonly<Record<string, (m: number, n: number) => Matrix>> = {
  'Kahan': (_, n) => kahan(n), // prettier-ignore
  'Frank': (_, n) => frank(n), // prettier-ignore
  'Hilbert': (m, n) => matrixFrom(m, n, (i, j) => 1 / (i + j + 1)), // prettier-ignore
  'Vandermonde': (m, n) => matrixFrom(m, n, (i, j) => power((i + 1) / m, j)), // prettier-ignore
  'Demmel-Kahan, graded downwards': (m, n) => bidiagonal(m, n, (i) => 2 ** (-7 * i), (i) => 2 ** (-7 * i)), // prettier-ignore
  'Demmel-Kahan, graded upwards': (m, n) => bidiagonal(m, n, (i) => 2 ** (7 * (i - n)), (i) => 2 ** (7 * (i - n))), // prettier-ignore
  'Demmel-Kahan, one small value': (m, n) => bidiagonal(m, n, () => 1, () => 2 ** 10), // prettier-ignore
  'bidiagonal with a tiny middle': (m, n) => bidiagonal(m, n, (i) => (i === n >> 1 ? 2 ** -66 : 1), () => 1), // prettier-ignore
};

/** Small integers without any pattern. */
const integers = (m: number, n: number, step = 7): Matrix =>
  matrixFrom(m, n, (i, j) => (((i * step + 3) * (j * 5 + i + 2) + j * j) % 19) - 9);

const gramPlus = (a: Matrix, shift: number): Matrix => combined(multiply(a, transpose(a)), shift, identityMatrix(a.shape[0] ?? 0)); // prettier-ignore

describe('eigenvalues', () => {
  const solvers = { symmetricEigen: (a: Matrix) => symmetricEigen(a).values, symmetricEigenvalues, jacobiEigen: (a: Matrix) => jacobiEigen(a).values }; // prettier-ignore
  for (const { name, n, source, relative, values } of spectra) {
    it(`${name}, n = ${n}, by ${source}`, () => {
      const matrix = symmetricMatrices[name]!(n);
      const one = { kind: name, family: 'oracles', what: `${name}, n = ${n}` };
      for (const [routine, solver] of Object.entries(solvers)) {
        expectRatio(`${routine}: against ${source}`, one, valuesRatio(solver(matrix).data, Float64Array.from(values)));
      }
      if (relative) expectRelative('jacobiEigen: relative, against mpmath', one, jacobiEigen(matrix).values.data, values, (n * (n + 3)) / 3); // prettier-ignore
    });
  }
});

describe('singular values', () => {
  const solvers = { svd, jacobiSvd };
  for (const { name, m = 0, n, source, relative, values } of singularValues) {
    it(`${name}, ${m} x ${n}, by ${source}`, () => {
      const matrix = matrices[name]!(m, n);
      const one = { kind: name, family: 'oracles', what: `${name}, ${m} x ${n}` };
      for (const [routine, solver] of Object.entries(solvers)) {
        expectRatio(
          `${routine}: against ${source}`,
          name,
          valuesRatio(solver(matrix).s.data, Float64Array.from(values)),
        );
      }
      // Demmel & Kahan stop at about 50 ε relative to the neighbours.
      if (relative) expectRelative('svd: relative, against mpmath', one, svd(matrix).s.data, values, 50 * n);
    });
  }
});

describe('factorisations', () => {
  it('the diagonal of R, up to signs', () => {
    const { m, n, values } = factorisations.qr;
    const { r } = qr(integers(m, n));
    expectRatio('qr: |R_ii| against scipy', 'integers', valuesRatio(diagonalOf(r).map(Math.abs), Float64Array.from(values))); // prettier-ignore
  });

  for (const [name, fixed, matrix] of [
    [
      'Kahan',
      factorisations.pivotedQr,
      multiply(kahan(20), diagonalMatrix(Array.from({ length: 20 }, (_, j) => 1 - j * 2 ** -20))),
    ],
    [
      'integers',
      factorisations.pivotedQrOfIntegers,
      multiply(integers(14, 9), diagonalMatrix(Array.from({ length: 9 }, (_, j) => 2 ** ((3 * j) % 7)))),
    ],
  ] as const) {
    // prettier-ignore
    it(`column pivoting of ${name}`, () => {
      const { factors, permutation, rank } = pivotedQr(matrix);
      expect([...permutation]).toEqual(fixed.permutation);
      expect(rank).toBe(fixed.n);
      expectRatio('pivotedQr: |R_ii| against scipy', name, valuesRatio(diagonalOf(factors.r).map(Math.abs), Float64Array.from(fixed.values)));
    });
  }

  it('the pivots of LU', () => {
    const { n, values, permutation } = factorisations.lu;
    const factors = luFactors(
      combined(
        integers(n, n),
        20,
        matrixFrom(n, n, (i, j) => (i + j === n - 1 ? 1 : 0)),
      ),
    );
    expect([...factors.permutation]).toEqual(permutation);
    const found = diagonalOf(factors.upper).map((value) => value / factors.scale);
    expectRatio('luFactors: pivots against scipy', 'integers', valuesRatio(found, Float64Array.from(values)));
  });

  it('the diagonal of a Cholesky factor, and the signs of LDL', () => {
    const definite = gramPlus(integers(8, 8), 100);
    expectRatio('cholesky: diagonal against scipy', 'integers', valuesRatio(diagonalOf(cholesky(definite)), Float64Array.from(factorisations.cholesky.values))); // prettier-ignore
    const [positive, zero, negative] = factorisations.inertia.values;
    expect(inertia(ldlFactors(symmetrized(integers(9, 9))))).toEqual({ positive, zero, negative });
  });

  it('condition numbers from below, within a factor of 3', () => {
    const named = { 'Hilbert 6': matrices['Hilbert']!(6, 6), 'Frank 8': frank(8), 'integers 7': integers(7, 7), 'Kahan 10': kahan(10) }; // prettier-ignore
    for (const { matrix: name, value } of factorisations.condition) {
      const matrix = Object.entries(named).find(([key]) => key === name)?.[1];
      if (matrix === undefined) throw new Error(`unknown matrix ${name}`);
      const estimate = conditionEstimate(matrix);
      // What the estimate may exceed it by: κ n ε relative, the error of the solves.
      expectRatio('conditionEstimate: at most what it is', name, scalarRatio(Math.max(estimate, value), value, value * value, 8)); // prettier-ignore
      expect(estimate).toBeGreaterThan(value / 3);
    }
  });

  it('pseudo-inverses, of full rank and not', () => {
    const full = integers(5, 3);
    const dependent = matrixFrom(5, 4, (i, j) => (j < 3 ? at(full, i, j) : at(full, i, 0) + at(full, i, 1)));
    for (const [name, a, { values, m, n }] of [
      ['integers', full, factorisations.pinv],
      ['of rank 3', dependent, factorisations.pinvOfRank3],
    ] as const) {
      // prettier-ignore
      const inverse = leastSquares(a, identityMatrix(m)).x;
      expect(inverse.shape).toEqual([n, m]);
      // ‖X − A⁺‖ ≤ c max(m, n) ε κ ‖A⁺‖ (Higham 2002, §20.1).
      const condition = norm1(a) * norm1(inverse);
      const expected = Float64Array.from(values);
      const error = expected.reduce((worst, value, k) => Math.max(worst, Math.abs(value - inverse.data[k]!)), 0);
      expectRatio('leastSquares: pseudo-inverse against scipy', name, scalarRatio(error, 0, norm1(inverse) * condition, m)); // prettier-ignore
    }
  });

  it('generalised eigenvalues, as those of B⁻¹A by way of the factor of B', () => {
    const { n, values } = factorisations.generalized;
    const a = symmetrized(integers(n, n));
    const b = gramPlus(integers(n, n, 5), 50);
    const l = cholesky(b);
    const reduced = symmetrized(transpose(solve(l, transpose(solve(l, a)))));
    const condition = norm1(b) * norm1(solve(b, identityMatrix(n)));
    const found = symmetricEigen(reduced).values.data;
    const error = values.reduce((worst, value, j) => Math.max(worst, Math.abs(value - found[j]!)), 0);
    expectRatio('symmetricEigen: generalised, against scipy', 'integers', scalarRatio(error, 0, Math.abs(values[0]!) * condition, n)); // prettier-ignore
  });
});

/** |x_i − exact_i| / (exact_i · terms · ε), each value against itself. */
function expectRelative(check: string, one: CaseName, x: Float64Array, exact: readonly number[], terms: number): void {
  expect(x).toHaveLength(exact.length);
  exact.forEach((value, j) => expectRatio(check, one, scalarRatio(x[j]!, value, value, terms)));
}

function diagonalOf(a: Matrix): Float64Array {
  return Float64Array.from({ length: Math.min(...a.shape) }, (_, i) => at(a, i, i));
}
