/**
 * What ties eigenvalues to singular values, for two routines that know nothing of each other. References: Golub & Van Loan, 4th
 * ed., §2.4 and §8.6.1 (the Jordan–Wielandt matrix).
 */

import { transpose } from '@rankwise/tensor';
import type { GeneralCase, SymmetricCase } from '../arbitraries.ts';
import { at, matrixFrom, multiply, symmetrized } from '../matrix.ts';
import { descending } from '../spectra.ts';
import type { EigenvaluesOf } from './eigenvalueLaws.ts';
import { apart, normalised } from './law.ts';
import type { Law } from './law.ts';
import type { SingularValuesOf } from './singularValueLaws.ts';

export interface BothValues {
  readonly eigenvalues: EigenvaluesOf;
  readonly singularValues: SingularValuesOf;
}

/** σ(A)² are the eigenvalues of AᵀA, the rest of which are 0. */
const gram: Law<BothValues, GeneralCase> = {
  name: "squares are the eigenvalues of A'A",
  ratio: ({ eigenvalues, singularValues }, { matrix }) => {
    const a = normalised(matrix);
    const [m = 0, n = 0] = a.shape;
    const padded = new Float64Array(n);
    padded.set(singularValues(a).data.map((value) => value * value));
    return apart(eigenvalues(symmetrized(multiply(transpose(a), a))).data, padded, Math.max(m, n));
  },
};

/** The eigenvalues of [0 A; Aᵀ 0] are ±σ(A) and |m − n| zeros. */
const jordanWielandt: Law<BothValues, GeneralCase> = {
  name: "eigenvalues of [0 A; A' 0]",
  ratio: ({ eigenvalues, singularValues }, { matrix }) => {
    const [m = 0, n = 0] = matrix.shape;
    const both = matrixFrom(m + n, m + n, (i, j) =>
      i < m === j < m ? 0 : i < m ? at(matrix, i, j - m) : at(matrix, j, i - m),
    );
    const values = singularValues(matrix).data;
    const zeros = Array.from({ length: Math.abs(m - n) }, () => 0);
    const signed = descending([...values, ...zeros, ...values.map((value) => -value)]);
    return apart(eigenvalues(both).data, signed, m + n);
  },
};

/** The singular values of a symmetric matrix are the magnitudes of its eigenvalues. */
const magnitudes: Law<BothValues, SymmetricCase> = {
  name: 'magnitudes of the eigenvalues',
  ratio: ({ eigenvalues, singularValues }, { matrix }) => {
    const values = eigenvalues(matrix).data.map(Math.abs);
    return apart(singularValues(matrix).data, descending([...values]), matrix.shape[0] ?? 0);
  },
};

export const generalRelationLaws: readonly Law<BothValues, GeneralCase>[] = [gram, jordanWielandt];

export const symmetricRelationLaws: readonly Law<BothValues, SymmetricCase>[] = [magnitudes];
