/**
 * Bidiagonal and triangular kinds: those that cost a singular value iteration its digits (Demmel & Kahan 1990, §7; dchkbd 16)
 * and those whose small singular values no diagonal element betrays (Kahan 1966).
 */

import type { Random } from '@rankwise/tensor';
import { matrixFrom } from '../matrix.ts';
import type { Matrix } from '../matrix.ts';
import type { GeneralKind } from './kind.ts';

/** Upper bidiagonal with main(i) at (i, i) and above(i) at (i, i + 1). */
const bidiagonal = (m: number, n: number, main: (i: number) => number, above: (i: number) => number): Matrix =>
  matrixFrom(m, n, (i, j) => (i === j ? main(i) : j === i + 1 ? above(i) : 0));

/** 2^x with x uniform within ±104: from ε² to 1/ε². */
const logarithmic = (random: Random): number => 2 ** (208 * random.uniform() - 104);

/** sin^i θ on the diagonal, −cos θ · sin^i θ right of it. */
const kahan = (m: number, n: number, angle: number): Matrix =>
  matrixFrom(m, n, (i, j) => Math.sin(angle) ** i * (i === j ? 1 : j > i ? -Math.cos(angle) : 0));

export const bidiagonalKinds: readonly GeneralKind[] = [
  {
    name: 'bidiagonal with zeros on the diagonal',
    make: (m, n) => bidiagonal(m, n, (i) => i % 2, () => 1), // prettier-ignore
  },
  {
    name: 'bidiagonal of ones',
    make: (m, n) => bidiagonal(m, n, () => 1, () => 1), // prettier-ignore
    // BBᵀ or BᵀB is second differences: with one more column than rows of the plain kind, otherwise with a free end.
    singularValues: (m, n) =>
      Array.from({ length: Math.min(m, n) }, (_, j) =>
        m < n ? 2 * Math.cos(((j + 1) * Math.PI) / (2 * m + 2)) : 2 * Math.cos(((j + 1) * Math.PI) / (2 * n + 1)),
      ),
  },
  {
    name: 'Demmel-Kahan, graded downwards',
    make: (m, n) => bidiagonal(m, n, (i) => 10 ** (-2 * i), (i) => 10 ** (-2 * i)), // prettier-ignore
  },
  {
    name: 'Demmel-Kahan, graded upwards',
    make: (m, n) => bidiagonal(m, n, (i) => 10 ** (2 * (i - n)), (i) => 10 ** (2 * (i - n))), // prettier-ignore
  },
  {
    name: 'Demmel-Kahan, one small value',
    // Ones with a large element above: the smallest singular value is near 2^(−10 n), far below ε.
    make: (m, n) => bidiagonal(m, n, () => 1, () => 2 ** 10), // prettier-ignore
  },
  {
    name: 'bidiagonal from 1e-31 to 1e31',
    make: (m, n, random) => {
      const values = Array.from({ length: 2 * m }, () => logarithmic(random));
      return bidiagonal(m, n, (i) => values[2 * i]!, (i) => values[2 * i + 1]!); // prettier-ignore
    },
  },
  {
    name: 'bidiagonal with a tiny middle',
    make: (m, n) => bidiagonal(m, n, (i) => (i === Math.min(m, n) >> 1 ? 1e-20 : 1), () => 1), // prettier-ignore
  },
  {
    name: 'Jordan block',
    // Singular values 1 except for one 0; the corner makes the eigenvalues the n-th roots of ε.
    make: (m, n) => matrixFrom(m, n, (i, j) => (j === i + 1 ? 1 : i === m - 1 && j === 0 ? Number.EPSILON : 0)),
  },
  { name: 'Kahan', make: (m, n) => kahan(m, n, 1.2) },
  { name: 'Kahan with angle 0.6', make: (m, n) => kahan(m, n, 0.6) },
];
