/** Matrices with prescribed eigenvalues or singular values: sorts of values, and random orthogonal factors around them. */

import { transpose } from '@rankwise/tensor';
import type { Random } from '@rankwise/tensor';
import { at, matrixFrom, multiply, randomOrthonormal, symmetrized } from './matrix.ts';
import type { Matrix } from './matrix.ts';

const EPSILON = Number.EPSILON;

/** n values of each sort; every sort runs from 1 down to about ε or has a gap of that size. */
export const spectra: Readonly<Record<string, (n: number) => number[]>> = {
  arithmetic: (n) => Array.from({ length: n }, (_, i) => 1 - (i / Math.max(n - 1, 1)) * (1 - EPSILON)),
  geometric: (n) => withCondition(n, 1 / EPSILON),
  'one large': (n) => Array.from({ length: n }, (_, i) => (i === 0 ? 1 : EPSILON)),
  'one small': (n) => Array.from({ length: n }, (_, i) => (i === n - 1 ? EPSILON : 1)),
  'two clusters': (n) => Array.from({ length: n }, (_, i) => (i < n / 2 ? 1 + i * EPSILON : 0.5 - i * EPSILON)),
  repeated: (n) => Array.from({ length: n }, (_, i) => 1 + Math.floor((3 * i) / Math.max(n, 1))),
};

/** n values in a geometric row from 1 down to 1 / condition. */
export function withCondition(n: number, condition: number): number[] {
  return Array.from({ length: n }, (_, i) => condition ** (-i / Math.max(n - 1, 1)));
}

export function descending(values: readonly number[]): number[] {
  return values.toSorted((a, b) => b - a);
}

/** Q diag(values) Qᵀ for a random orthogonal Q, made symmetric to the last bit. */
export function conjugated(values: readonly number[], random: Random): Matrix {
  const n = values.length;
  const q = randomOrthonormal(n, n, random);
  const product = multiply(
    matrixFrom(n, n, (i, j) => at(q, i, j) * values[j]!),
    transpose(q),
  );
  return symmetrized(product);
}

/** U diag(values) Vᵀ, m × n, for random U and V with orthonormal columns; as many values as the shorter side. */
export function withSingularValues(m: number, n: number, values: readonly number[], random: Random): Matrix {
  const u = randomOrthonormal(m, values.length, random);
  const v = randomOrthonormal(n, values.length, random);
  return multiply(
    matrixFrom(m, values.length, (i, j) => at(u, i, j) * values[j]!),
    transpose(v),
  );
}
