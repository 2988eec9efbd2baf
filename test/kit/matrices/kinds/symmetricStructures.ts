/** Symmetric kinds with structure: moments, zeroed rows (dchksy 3–6), blocks, arrows, grading. */

import { transpose } from '@rankwise/tensor';
import type { Random } from '@rankwise/tensor';
import { at, matrixFrom, multiply, randomMatrix, scaled, symmetrized } from '../matrix.ts';
import type { Matrix } from '../matrix.ts';
import type { SymmetricKind } from './kind.ts';

const EPSILON = Number.EPSILON;

const randomSymmetric = (n: number, random: Random): Matrix => symmetrized(randomMatrix(n, n, random));

const gram = (n: number, rank: number, random: Random): Matrix => {
  const y = randomMatrix(n, rank, random);
  return symmetrized(multiply(y, transpose(y)));
};

/** A random symmetric matrix whose rows and columns for which `isZero` holds are zero. */
const withZeroRows = (name: string, isZero: (i: number, n: number) => boolean): SymmetricKind => ({
  name,
  make: (n, random) => {
    const c = randomSymmetric(n, random);
    return matrixFrom(n, n, (i, j) => (isZero(i, n) || isZero(j, n) ? 0 : at(c, i, j)));
  },
});

/** Diagonal d(i), first row and column `arm(i)`: the last row and column when `turned`. */
const arrow = (n: number, d: (i: number) => number, arm: (i: number) => number, turned = false): Matrix => {
  const head = turned ? n - 1 : 0;
  const arms = Float64Array.from({ length: n }, (_, i) => arm(i));
  return matrixFrom(n, n, (i, j) => (i === j ? d(i) : i === head ? arms[j]! : j === head ? arms[i]! : 0));
};

const moments: readonly SymmetricKind[] = [
  { name: 'moment of many samples', make: (n, random) => gram(n, 3 * n + 1, random), semidefinite: true },
  { name: 'moment of rank n / 2', make: (n, random) => gram(n, Math.floor(n / 2), random), semidefinite: true },
  {
    name: 'moment with dead and doubled variables',
    make: (n, random) => {
      const full = gram(n, 2 * n + 1, random);
      const source = (i: number): number => (i % 4 === 3 ? i - 1 : i);
      return matrixFrom(n, n, (i, j) => (i % 5 === 4 || j % 5 === 4 ? 0 : at(full, source(i), source(j))));
    },
    semidefinite: true,
  },
  { name: 'minus a moment', make: (n, random) => scaled(gram(n, 2 * n, random), -1) },
];

const blocks: readonly SymmetricKind[] = [
  {
    name: 'block diagonal with repeats',
    make: (n, random) => {
      const block = randomSymmetric(3, random);
      return matrixFrom(n, n, (i, j) => (Math.floor(i / 3) === Math.floor(j / 3) ? at(block, i % 3, j % 3) : 0));
    },
  },
  {
    name: 'blocks coupled by 1e-9',
    make: (n, random) => {
      const c = randomSymmetric(n, random);
      return matrixFrom(n, n, (i, j) => at(c, i, j) * (Math.floor(i / 4) === Math.floor(j / 4) ? 1 : 1e-9));
    },
  },
  {
    name: 'saddle point',
    // [H B; Bᵀ 0] with H diagonal and positive: as many negative eigenvalues as B has independent columns.
    make: (n, random) => {
      const lead = Math.ceil(n / 2);
      const c = randomSymmetric(n, random);
      return matrixFrom(n, n, (i, j) => (i < lead && j < lead ? (i === j ? 1 + i / n : 0) : i >= lead && j >= lead ? 0 : at(c, i, j))); // prettier-ignore
    },
  },
  {
    name: 'two off-diagonal blocks',
    // [0 B; Bᵀ 0]: the eigenvalues come in pairs ±σ(B).
    make: (n, random) => {
      const lead = Math.ceil(n / 2);
      const c = randomSymmetric(n, random);
      return matrixFrom(n, n, (i, j) => (i < lead === j < lead ? 0 : at(c, i, j)));
    },
  },
];

const arrows: readonly SymmetricKind[] = [
  { name: 'arrow', make: (n, random) => arrow(n, (i) => i + 1, () => random.uniform()) }, // prettier-ignore
  {
    name: 'arrow with repeated diagonal',
    make: (n, random) => arrow(n, (i) => 1 + (i % 3), () => random.normal(), true), // prettier-ignore
  },
  {
    name: 'arrow with tiny arms',
    make: (n, random) => arrow(n, (i) => i, () => 4 * EPSILON * random.uniform()), // prettier-ignore
  },
];

const graded: readonly SymmetricKind[] = [
  {
    name: 'graded rows and columns',
    make: (n, random) => {
      const c = randomSymmetric(n, random);
      return matrixFrom(n, n, (i, j) => at(c, i, j) * 10 ** -(i + j));
    },
  },
  {
    name: 'graded the other way',
    make: (n, random) => {
      const c = randomSymmetric(n, random);
      return matrixFrom(n, n, (i, j) => at(c, i, j) * 10 ** (i + j - 2 * n));
    },
  },
  {
    name: 'graded in any order',
    make: (n, random) => {
      const c = randomSymmetric(n, random);
      const order = random.permutation(n);
      return matrixFrom(n, n, (i, j) => at(c, i, j) * 2 ** -(order[i]! + order[j]!));
    },
  },
];

export const structuredKinds: readonly SymmetricKind[] = [
  ...moments,
  withZeroRows('first row and column zero', (i) => i === 0),
  withZeroRows('middle row and column zero', (i, n) => i === n >> 1),
  withZeroRows('last row and column zero', (i, n) => i === n - 1),
  withZeroRows('last half of rows and columns zero', (i, n) => i >= n >> 1),
  ...blocks,
  ...arrows,
  ...graded,
];
