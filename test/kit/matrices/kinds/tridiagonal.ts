/**
 * Symmetric tridiagonal kinds, famous for clusters, deflation or exactly known spectra (LAPACK's stetester collection in
 * spirit: Marques, Vömel, Demmel & Parlett, ACM TOMS 35 (2008), §3).
 */

import { matrixFrom, symmetrized, tridiagonalMatrix } from '../matrix.ts';
import { descending } from '../spectra.ts';
import type { SymmetricKind } from './kind.ts';

const EPSILON = Number.EPSILON;

const half = (n: number): number => (n - 1) / 2;

/** Blocks of 21, or of 5 in small matrices. */
const gluedBlock = (n: number): number => (n >= 42 ? 21 : 5);

export const tridiagonalKinds: readonly SymmetricKind[] = [
  { name: 'Wilkinson W+', make: (n) => tridiagonalMatrix(n, (i) => Math.abs(i - half(n)), () => 1) }, // prettier-ignore
  {
    name: 'Wilkinson W-',
    // Antisymmetric about its centre: the eigenvalues come in pairs ±λ.
    make: (n) => tridiagonalMatrix(n, (i) => half(n) - i, () => 1), // prettier-ignore
  },
  {
    name: 'glued Wilkinson',
    make: (n) => {
      const block = gluedBlock(n);
      return tridiagonalMatrix(n, (i) => Math.abs((i % block) - half(block)), (i) => ((i + 1) % block === 0 ? Math.sqrt(EPSILON) : 1)); // prettier-ignore
    },
  },
  {
    name: 'second differences',
    make: (n) => tridiagonalMatrix(n, () => 2, () => -1), // prettier-ignore
    semidefinite: true,
    definite: true,
    spectrum: (n) => Array.from({ length: n }, (_, j) => 2 + 2 * Math.cos(((j + 1) * Math.PI) / (n + 1))),
    inertia: (n) => ({ positive: n, zero: 0, negative: 0 }),
  },
  {
    name: 'tiny off-diagonals',
    make: (n) => tridiagonalMatrix(n, (i) => 1 + (i % 3), (i) => EPSILON * (1 + (i % 2))), // prettier-ignore
    inertia: (n) => ({ positive: n, zero: 0, negative: 0 }),
  },
  {
    name: 'zero diagonal',
    make: (n, random) => symmetrized(matrixFrom(n, n, (i, j) => (i === j + 1 ? random.uniform() : 0))),
  },
  {
    name: 'Clement',
    // Kac's matrix made symmetric: n − 1, n − 3, …, 1 − n exactly.
    make: (n) => tridiagonalMatrix(n, () => 0, (i) => Math.sqrt((i + 1) * (n - 1 - i))), // prettier-ignore
    spectrum: (n) => Array.from({ length: n }, (_, j) => n - 1 - 2 * j),
  },
  {
    name: 'Legendre',
    // Eigenvalues are the nodes of Gauss's quadrature (Golub & Welsch 1969).
    make: (n) => tridiagonalMatrix(n, () => 0, (i) => (i + 1) / Math.sqrt(4 * (i + 1) ** 2 - 1)), // prettier-ignore
  },
  { name: 'Hermite', make: (n) => tridiagonalMatrix(n, () => 0, (i) => Math.sqrt((i + 1) / 2)) }, // prettier-ignore
  { name: 'Laguerre', make: (n) => tridiagonalMatrix(n, (i) => 2 * i + 1, (i) => i + 1), semidefinite: true }, // prettier-ignore
  {
    name: 'dominant geometric diagonal',
    // dchkst 21: off-diagonals half the geometric mean of their neighbours.
    make: (n) => {
      const d = (i: number): number => EPSILON ** (i / Math.max(n - 1, 1));
      return tridiagonalMatrix(n, d, (i) => Math.sqrt(d(i) * d(i + 1)) / 2);
    },
    semidefinite: true,
  },
  {
    name: 'graded up and down',
    make: (n) => {
      const d = (i: number): number => 10 ** -Math.abs(i - half(n));
      return tridiagonalMatrix(n, d, (i) => d(i) * 0.7);
    },
  },
  {
    name: 'equal halves',
    // Every eigenvalue of one half is one of the other: divide and conquer must deflate all of them.
    make: (n) => tridiagonalMatrix(n, (i) => Math.abs(i - half(n)) % 3, (i) => (i === (n >> 1) - 1 ? 4 * EPSILON : 1)), // prettier-ignore
  },
  {
    name: 'ones split in the middle',
    make: (n) => tridiagonalMatrix(n, () => 0, (i) => (i === (n >> 1) - 1 ? 0 : 1)), // prettier-ignore
    spectrum: (n) =>
      descending(
        [n >> 1, n - (n >> 1)].flatMap((size) =>
          // 2 cos((j + 1) π / (size + 1)), with an exact 0 in the middle.
          Array.from({ length: size }, (_, j) => 2 * Math.sin(((size - 1 - 2 * j) * Math.PI) / (2 * size + 2))),
        ),
      ),
  },
  {
    name: 'random tridiagonal',
    make: (n, random) => tridiagonalMatrix(n, () => random.normal(), () => random.normal()), // prettier-ignore
  },
];
