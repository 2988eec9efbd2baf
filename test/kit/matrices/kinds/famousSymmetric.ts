/** Symmetric matrices with a name or with integer elements (Higham 2002, chapter 28, and N. J. Higham's test matrices). */

import { at, identityMatrix, matrixFrom, randomMatrix, symmetrized } from '../matrix.ts';
import type { SymmetricKind } from './kind.ts';

const allPositive = (n: number) => ({ positive: n, zero: 0, negative: 0 });

export const famousSymmetricKinds: readonly SymmetricKind[] = [
  { name: 'Hilbert', make: (n) => matrixFrom(n, n, (i, j) => 1 / (i + j + 1)), semidefinite: true },
  {
    name: 'all ones',
    make: (n) => matrixFrom(n, n, () => 1),
    semidefinite: true,
    spectrum: (n) => Array.from({ length: n }, (_, i) => (i === 0 ? n : 0)),
    inertia: (n) => ({ positive: Math.min(n, 1), zero: Math.max(n - 1, 0), negative: 0 }),
  },
  {
    name: 'Pei',
    make: (n) => matrixFrom(n, n, (i, j) => (i === j ? 2 : 1)),
    semidefinite: true,
    definite: true,
    spectrum: (n) => Array.from({ length: n }, (_, i) => (i === 0 ? n + 1 : 1)),
    inertia: allPositive,
  },
  {
    name: 'exchange',
    make: (n) => matrixFrom(n, n, (i, j) => (i + j === n - 1 ? 1 : 0)),
    spectrum: (n) => Array.from({ length: n }, (_, i) => (i < n / 2 ? 1 : -1)),
    inertia: (n) => ({ positive: Math.ceil(n / 2), zero: 0, negative: Math.floor(n / 2) }),
  },
  {
    name: 'sine transform',
    // Symmetric and orthogonal: the trace decides how many eigenvalues are 1.
    make: (n) => matrixFrom(n, n, (i, j) => Math.sqrt(2 / (n + 1)) * Math.sin((((i + 1) * (j + 1)) % (2 * n + 2)) * (Math.PI / (n + 1)))), // prettier-ignore
    spectrum: (n) => Array.from({ length: n }, (_, i) => (i < n / 2 ? 1 : -1)),
  },
  {
    name: 'Lehmer',
    // κ < 4 n².
    make: (n) => matrixFrom(n, n, (i, j) => (Math.min(i, j) + 1) / (Math.max(i, j) + 1)),
    semidefinite: true,
    definite: true,
  },
  {
    name: 'min(i, j)',
    // The inverse of second differences with a 1 in the last corner.
    make: (n) => matrixFrom(n, n, (i, j) => Math.min(i, j) + 1),
    semidefinite: true,
    definite: true,
    spectrum: (n) => Array.from({ length: n }, (_, j) => 0.25 / Math.sin(((2 * j + 1) * Math.PI) / (4 * n + 2)) ** 2),
    inertia: allPositive,
  },
  {
    name: 'Fiedler',
    // |i − j|: one positive eigenvalue.
    make: (n) => matrixFrom(n, n, (i, j) => Math.abs(i - j)),
    inertia: (n) => (n < 2 ? { positive: 0, zero: n, negative: 0 } : { positive: 1, zero: 0, negative: n - 1 }),
  },
  {
    name: 'Moler',
    // LLᵀ with 1 on the diagonal of L and −1 below it: one tiny eigenvalue, near 4^−n.
    make: (n) => matrixFrom(n, n, (i, j) => (i === j ? i + 1 : Math.min(i, j) - 1)),
    semidefinite: true,
    inertia: allPositive,
  },
  {
    name: 'Kac-Murdock-Szego',
    // ½^|i − j|, spectrum within [⅓, 3].
    make: (n) => matrixFrom(n, n, (i, j) => 0.5 ** Math.abs(i - j)),
    semidefinite: true,
    definite: true,
  },
  {
    name: 'prolate',
    // The Toeplitz matrix of sin(πk/2) / πk: half the eigenvalues cluster at 1, half at 0 (Slepian 1978).
    make: (n) => matrixFrom(n, n, (i, j) => (i === j ? 0.5 : Math.sin((Math.PI / 2) * (i - j)) / (Math.PI * (i - j)))),
    semidefinite: true,
  },
  {
    name: 'random signs',
    make: (n, random) => symmetrized(matrixFrom(n, n, () => (random.uniform() < 0.5 ? -1 : 1))),
  },
  {
    name: 'small integers',
    make: (n, random) => symmetrized(matrixFrom(n, n, () => random.integer(7) - 3)),
  },
  {
    name: 'identity plus 1e-14 noise',
    make: (n, random) => {
      const [noise, identity] = [symmetrized(randomMatrix(n, n, random)), identityMatrix(n)];
      return matrixFrom(n, n, (i, j) => at(identity, i, j) + 1e-14 * at(noise, i, j));
    },
    semidefinite: true,
    definite: true,
  },
];
