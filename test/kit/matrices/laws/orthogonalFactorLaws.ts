/** What factorisations into orthonormal and triangular factors obey: QR, LQ, pivoted QR, complete orthogonal decompositions. */

import { transpose } from '@rankwise/tensor';
import type { GeneralCase } from '../arbitraries.ts';
import { at, multiply, selected } from '../matrix.ts';
import type { Matrix } from '../matrix.ts';
import { normFrobenius, orthogonalFactorRatio, orthogonalityRatio } from '../ratios.ts';
import { apart, demand, demandShape, excess, normalised } from './law.ts';
import type { Law } from './law.ts';

export interface QrFactorisation {
  /** [m, k]. */
  readonly q: Matrix;
  /** [k, n], upper trapezoidal. */
  readonly r: Matrix;
}

export interface LqFactorisation {
  /** [m, k], lower trapezoidal. */
  readonly l: Matrix;
  /** [k, n]. */
  readonly q: Matrix;
}

export interface PivotedQrFactorisation extends QrFactorisation {
  /** Column j of the matrix factored is column permutation[j] of A. */
  readonly permutation: ArrayLike<number>;
}

/** A = Q T Zᵀ with as many columns as A's numerical rank. */
export interface CompleteOrthogonalFactorisation {
  readonly q: Matrix;
  /** Upper triangular. */
  readonly t: Matrix;
  readonly z: Matrix;
}

export type QrOf = (a: Matrix) => QrFactorisation;
export type LqOf = (a: Matrix) => LqFactorisation;
export type PivotedQrOf = (a: Matrix) => PivotedQrFactorisation;
export type CompleteOrthogonalOf = (a: Matrix) => CompleteOrthogonalFactorisation;

const shapeOf = (a: Matrix): [m: number, n: number] => [a.shape[0] ?? 0, a.shape[1] ?? 0];

const indices = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

const orthonormal: Law<QrOf, GeneralCase> = {
  name: "Q'Q = I",
  ratio: (qr, { matrix }) => {
    const [m, n] = shapeOf(matrix);
    const { q } = qr(matrix);
    demandShape('q', q, m, Math.min(m, n));
    return orthogonalityRatio(q);
  },
};

const product: Law<QrOf, GeneralCase> = {
  name: 'A = Q R',
  ratio: (qr, { matrix }) => {
    const [m, n] = shapeOf(matrix);
    const { q, r } = qr(matrix);
    demandShape('r', r, Math.min(m, n), n);
    demandUpper(r);
    return orthogonalFactorRatio(matrix, q, r);
  },
};

/** The part of each column of A in the span of Q's columns is the whole: ‖Qᵀ a_j‖ = ‖a_j‖, and so R's columns are as long. */
const columnLengths: Law<QrOf, GeneralCase> = {
  name: "R's columns are as long as A's",
  ratio: (qr, { matrix }) => {
    const a = normalised(matrix);
    const { r } = qr(a);
    return apart(columnNorms(r), columnNorms(a), shapeOf(a)[0]);
  },
};

export const qrLaws: readonly Law<QrOf, GeneralCase>[] = [orthonormal, product, columnLengths];

export const lqLaws: readonly Law<LqOf, GeneralCase>[] = [
  {
    name: "Q Q' = I",
    ratio: (lq, { matrix }) => {
      const [m, n] = shapeOf(matrix);
      const { q } = lq(matrix);
      demandShape('q', q, Math.min(m, n), n);
      return orthogonalityRatio(transpose(q));
    },
  },
  {
    name: 'A = L Q',
    ratio: (lq, { matrix }) => {
      const [m, n] = shapeOf(matrix);
      const { l, q } = lq(matrix);
      demandShape('l', l, m, Math.min(m, n));
      demandUpper(transpose(l));
      return orthogonalFactorRatio(transpose(matrix), transpose(q), transpose(l));
    },
  },
];

export const pivotedQrLaws: readonly Law<PivotedQrOf, GeneralCase>[] = [
  orthonormal,
  {
    name: 'A P = Q R',
    ratio: (pivotedQr, { matrix }) => {
      const [m, n] = shapeOf(matrix);
      const { q, r, permutation } = pivotedQr(matrix);
      demandPermutation(permutation, n);
      demandShape('r', r, Math.min(m, n), n);
      demandUpper(r);
      return orthogonalFactorRatio(selected(matrix, indices(m), permutation), q, r);
    },
  },
  {
    // The pivot is the longest of what is left of the columns: |r_ii| ≥ ‖r_{i:j, j}‖ for j > i (Golub & Van Loan, §5.4.2).
    name: 'pivots are the longest columns left',
    ratio: (pivotedQr, { matrix }) => {
      const { r } = pivotedQr(normalised(matrix));
      const [k, n] = shapeOf(r);
      let worst = 0;
      const largest = k > 0 ? Math.abs(at(r, 0, 0)) : 0;
      for (let i = 0; i < k; i++) {
        const pivot = Math.abs(at(r, i, i));
        for (let j = i + 1; j < n; j++) {
          const rest = normFrobenius(selected(r, indices(k).slice(i, j + 1), [j]));
          worst = Math.max(worst, excess([rest], [0], [pivot], Math.max(shapeOf(matrix)[0], n), largest));
        }
      }
      return worst;
    },
  },
];

export const completeOrthogonalLaws: readonly Law<CompleteOrthogonalOf, GeneralCase>[] = [
  {
    name: "A = Q T Z'",
    ratio: (complete, { matrix }) => {
      const { q, t, z } = complete(matrix);
      demandUpper(t);
      return orthogonalFactorRatio(matrix, q, multiply(t, transpose(z)));
    },
  },
  { name: "Q'Q = I", ratio: (complete, { matrix }) => orthogonalityRatio(complete(matrix).q) },
  { name: "Z'Z = I", ratio: (complete, { matrix }) => orthogonalityRatio(complete(matrix).z) },
];

/** @throws LawViolation when an element below the diagonal is not 0 */
export function demandUpper(r: Matrix): void {
  const [k, n] = shapeOf(r);
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < Math.min(i, n); j++)
      demand(at(r, i, j) === 0, `expected 0 at [${i}, ${j}], got ${at(r, i, j)}`);
  }
}

/** @throws LawViolation unless each of 0 … n − 1 occurs once */
export function demandPermutation(permutation: ArrayLike<number>, n: number): void {
  const seen = new Set(Array.from(permutation));
  const isWhole = permutation.length === n && seen.size === n && indices(n).every((i) => seen.has(i));
  demand(isWhole, `expected a permutation of 0 … ${n - 1}, got ${Array.from(permutation)}`);
}

function columnNorms(a: Matrix): number[] {
  const [m, n] = shapeOf(a);
  return indices(n).map((j) => normFrobenius(selected(a, indices(m), [j])));
}
