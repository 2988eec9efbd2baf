/** Matrices of any shape with a name or with integer elements (Higham 2002, chapter 28, and N. J. Higham's test matrices). */

import { at, matrixFrom, multiply } from '../matrix.ts';
import type { GeneralKind } from './kind.ts';

export const famousGeneralKinds: readonly GeneralKind[] = [
  { name: 'Hilbert', make: (m, n) => matrixFrom(m, n, (i, j) => 1 / (i + j + 1)) },
  { name: 'Lotkin', make: (m, n) => matrixFrom(m, n, (i, j) => (i === 0 ? 1 : 1 / (i + j + 1))) },
  { name: 'Cauchy', make: (m, n) => matrixFrom(m, n, (i, j) => 1 / (i + j / 2 + 0.3)) },
  {
    name: 'Parter',
    // A Toeplitz matrix with most singular values near π.
    make: (m, n) => matrixFrom(m, n, (i, j) => 1 / (i - j + 0.5)),
  },
  { name: 'Vandermonde', make: (m, n) => matrixFrom(m, n, (i, j) => ((i + 1) / Math.max(m, 1)) ** j) },
  {
    name: 'Chebyshev-Vandermonde',
    make: (m, n) => matrixFrom(m, n, (i, j) => Math.cos((j * (2 * i + 1) * Math.PI) / (2 * Math.max(m, 1)))),
  },
  { name: 'Frank', make: (m, n) => matrixFrom(m, n, (i, j) => (j < i - 1 ? 0 : n - Math.max(i, j))) },
  { name: 'Grcar', make: (m, n) => matrixFrom(m, n, (i, j) => (j === i - 1 ? -1 : j >= i && j <= i + 3 ? 1 : 0)) },
  {
    name: 'Lesp',
    // Tridiagonal with sensitive eigenvalues: −(2 i + 3), with i above and 1 / i below the diagonal.
    make: (m, n) => matrixFrom(m, n, (i, j) => (i === j ? -(2 * i + 5) : j === i + 1 ? i + 2 : i === j + 1 ? 1 / (i + 1) : 0)), // prettier-ignore
  },
  { name: 'Kac', make: (m, n) => matrixFrom(m, n, (i, j) => (j === i + 1 ? i + 1 : i === j + 1 ? n - i : 0)) },
  {
    name: 'Wilkinson growth',
    // Partial pivoting doubles the last column with every step.
    make: (m, n) => matrixFrom(m, n, (i, j) => (i === j || j === n - 1 ? 1 : j < i ? -1 : 0)),
  },
  {
    name: 'Lauchli',
    // A row of ones over 1e-9 times the identity: AᵀA is singular to working precision, A is not.
    make: (m, n) => matrixFrom(m, n, (i, j) => (i === 0 ? 1 : i === j + 1 ? 1e-9 : 0)),
  },
  {
    name: 'companion',
    make: (m, n, random) => {
      const first = Float64Array.from({ length: n }, () => random.normal() * 10);
      return matrixFrom(m, n, (i, j) => (i === 0 ? first[j]! : i === j + 1 ? 1 : 0));
    },
  },
  {
    name: 'circulant',
    make: (m, n, random) => {
      const order = Math.max(m, n, 1);
      const first = Float64Array.from({ length: order }, () => random.normal());
      return matrixFrom(m, n, (i, j) => first[(j - i + order) % order]!);
    },
  },
  { name: 'small integers', make: (m, n, random) => matrixFrom(m, n, () => random.integer(7) - 3) },
  { name: 'random signs', make: (m, n, random) => matrixFrom(m, n, () => (random.uniform() < 0.5 ? -1 : 1)) },
  {
    name: 'unimodular integers',
    // L U with ones on both diagonals and elements −1, 0, 1: the determinant of a square one is 1.
    make: (m, n, random) => {
      const k = Math.min(m, n);
      const draws = (rows: number, columns: number) => matrixFrom(rows, columns, () => random.integer(3) - 1);
      const [below, above] = [draws(m, k), draws(k, n)];
      const l = matrixFrom(m, k, (i, j) => (i === j ? 1 : i > j && i - j < 4 ? at(below, i, j) : 0));
      const u = matrixFrom(k, n, (i, j) => (i === j ? 1 : j > i && j - i < 4 ? at(above, i, j) : 0));
      return multiply(l, u);
    },
  },
];
