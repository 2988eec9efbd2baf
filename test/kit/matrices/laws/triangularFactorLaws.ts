/**
 * What factorisations by elimination obey: Cholesky, LU with partial pivoting, LDLᵀ with symmetric pivoting.
 *
 * Each is checked against |A| or, where elements may grow, against |L| |U| (Higham 2002, theorems 9.3, 10.3 and 11.3).
 */

import { transpose } from '@rankwise/tensor';
import type { GeneralCase, SymmetricCase } from '../arbitraries.ts';
import { exactDeterminant, logOfInteger } from '../exactDeterminant.ts';
import { at, matrixFrom, multiply, scaled, selected } from '../matrix.ts';
import type { Matrix } from '../matrix.ts';
import { difference, norm1, productRatio } from '../ratios.ts';
import { demand, demandShape, excess } from './law.ts';
import type { Law } from './law.ts';
import { demandPermutation, demandUpper } from './orthogonalFactorLaws.ts';

/** A = L Lᵀ. */
export type CholeskyOf = (a: Matrix) => Matrix;

export interface LuFactorisation {
  /** [m, k], ones on the diagonal. */
  readonly lower: Matrix;
  /** [k, n]. */
  readonly upper: Matrix;
  /** Row i of the matrix factored is row permutation[i] of scale · A. */
  readonly permutation: ArrayLike<number>;
  readonly scale: number;
}

export interface LdlFactorisation {
  /** [n, n], ones on the diagonal. */
  readonly lower: Matrix;
  /** [n, n], blocks of order 1 and 2. */
  readonly middle: Matrix;
  /** Row and column i of the matrix factored are row and column permutation[i] of scale · A. */
  readonly permutation: ArrayLike<number>;
  readonly scale: number;
}

export type LuOf = (a: Matrix) => LuFactorisation;
export type LdlOf = (a: Matrix) => LdlFactorisation;

/** Sign and logarithm of the magnitude; (0, −∞) for a singular matrix. */
export type LogDeterminantOf = (a: Matrix) => { readonly sign: number; readonly logAbs: number };

export const choleskyLaws: readonly Law<CholeskyOf, SymmetricCase>[] = [
  {
    name: "A = L L'",
    applies: ({ entry }) => entry.definite === true,
    ratio: (cholesky, { matrix }) => {
      const [n = 0] = matrix.shape;
      const l = cholesky(matrix);
      demandShape('l', l, n, n);
      demandUpper(transpose(l));
      for (let i = 0; i < n; i++) demand(at(l, i, i) > 0, `expected a positive diagonal, got ${at(l, i, i)}`);
      return productRatio(matrix, l, transpose(l));
    },
  },
];

export const luLaws: readonly Law<LuOf, GeneralCase>[] = [
  {
    name: 'P A = L U',
    ratio: (lu, { matrix }) => {
      const [m = 0, n = 0] = matrix.shape;
      const { lower, upper, permutation, scale } = lu(matrix);
      demandShape('lower', lower, m, Math.min(m, n));
      demandShape('upper', upper, Math.min(m, n), n);
      demandPermutation(permutation, m);
      demandUpper(upper);
      demandUnitLower(lower);
      const moved = selected(
        scaled(matrix, scale),
        permutation,
        Array.from({ length: n }, (_, j) => j),
      );
      return growthRatio(moved, lower, upper);
    },
  },
  {
    name: 'multipliers are at most 1',
    ratio: (lu, { matrix }) => {
      const { lower } = lu(matrix);
      const [m = 0, k = 0] = lower.shape;
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < k; j++)
          demand(Math.abs(at(lower, i, j)) <= 1, `expected |l_ij| ≤ 1, got ${at(lower, i, j)}`);
      }
      return 0;
    },
  },
];

export const ldlLaws: readonly Law<LdlOf, SymmetricCase>[] = [
  {
    name: "P A P' = L D L'",
    ratio: (ldl, { matrix }) => {
      const { lower, middle, permutation, scale } = ldl(matrix);
      demandPermutation(permutation, matrix.shape[0] ?? 0);
      demandUnitLower(lower);
      const moved = selected(scaled(matrix, scale), permutation, permutation);
      return growthRatio(moved, multiply(lower, middle), transpose(lower));
    },
  },
];

export const logDeterminantLaws: readonly Law<LogDeterminantOf, GeneralCase>[] = [
  {
    // Each pivot has a relative error of n ε κ at most; κ is bounded by the elements of A⁻¹ = adj A / det A.
    name: 'exact determinant',
    applies: ({ matrix }) => isSmallIntegerMatrix(matrix) && exactDeterminant(matrix) !== 0n,
    ratio: (logDeterminant, { matrix }) => {
      const [n = 0] = matrix.shape;
      const exact = exactDeterminant(matrix);
      const { sign, logAbs } = logDeterminant(matrix);
      demand(sign === (exact < 0n ? -1 : 1), `expected the sign of ${exact}, got ${sign}`);
      const logarithm = logOfInteger(exact);
      return excess([logAbs], [logarithm], [logarithm], n * n, Math.max(exactCondition(matrix, exact), Math.abs(logarithm))); // prettier-ignore
    },
  },
];

/** Square, of order 1 to 8, with integer elements below 2^10. */
export function isSmallIntegerMatrix(a: Matrix): boolean {
  const [m = 0, n = 0] = a.shape;
  if (m !== n || n === 0 || n > 8) return false;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) if (!Number.isInteger(at(a, i, j)) || Math.abs(at(a, i, j)) >= 2 ** 10) return false;
  }
  return true;
}

/** κ₁(A) by cofactors. */
export function exactCondition(a: Matrix, determinant: bigint): number {
  const [n = 0] = a.shape;
  const others = (gone: number): number[] => Array.from({ length: n }, (_, i) => i).filter((i) => i !== gone);
  const inverse = matrixFrom(n, n, (i, j) => Number(exactDeterminant(selected(a, others(j), others(i)))) / Number(determinant)); // prettier-ignore
  return norm1(a) * norm1(inverse);
}

/** ‖A − L R‖ / ((‖A‖ + ‖L‖ ‖R‖) max(m, n) ε). */
function growthRatio(a: Matrix, left: Matrix, right: Matrix): number {
  const [m = 0, n = 0] = a.shape;
  const off = norm1(difference(a, multiply(left, right)));
  const unit = (norm1(a) + norm1(left) * norm1(right)) * Math.max(m, n, 1) * Number.EPSILON;
  return off === 0 ? 0 : off / unit;
}

function demandUnitLower(lower: Matrix): void {
  const [m = 0, k = 0] = lower.shape;
  for (let i = 0; i < m; i++) {
    for (let j = i; j < k; j++) demand(at(lower, i, j) === (i === j ? 1 : 0), `expected a unit lower triangle, got ${at(lower, i, j)} at [${i}, ${j}]`); // prettier-ignore
  }
}
