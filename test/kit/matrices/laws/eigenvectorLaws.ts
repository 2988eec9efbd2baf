/** What a whole decomposition A = V diag(λ) Vᵀ obeys, or a part of it: columns V and values λ, count ≤ n of each. */

import type { Tensor } from '@rankwise/tensor';
import { transpose } from '@rankwise/tensor';
import type { SymmetricCase } from '../arbitraries.ts';
import { at, matrixFrom, multiply } from '../matrix.ts';
import type { Matrix } from '../matrix.ts';
import { difference, factorizationRatio, norm1, orthogonalityRatio } from '../ratios.ts';
import { demandDescending, demandShape, normalised } from './law.ts';
import type { Law } from './law.ts';

export interface EigenDecomposition {
  /** [count], descending. */
  readonly values: Tensor<'f64'>;
  /** [n, count]. */
  readonly vectors: Matrix;
}

/** Of a symmetric matrix. */
export type EigenOf = (a: Matrix) => EigenDecomposition;

type EigenvectorLaw = Law<EigenOf, SymmetricCase>;

const orthonormal: EigenvectorLaw = {
  name: "V'V = I",
  ratio: (eigen, { matrix }) => {
    const { values, vectors } = eigen(matrix);
    demandDescending(values.data, values.data.length);
    demandShape('vectors', vectors, matrix.shape[0] ?? 0, values.data.length);
    return orthogonalityRatio(vectors);
  },
};

/** ‖A V − V Λ‖ / (‖A‖ n ε), which a part of the vectors obeys as well. */
const residual: EigenvectorLaw = {
  name: 'A V = V L',
  ratio: (eigen, { matrix }) => {
    const a = normalised(matrix);
    const [n = 0] = a.shape;
    const { values, vectors } = eigen(a);
    const stretched = matrixFrom(n, values.data.length, (i, j) => at(vectors, i, j) * values.data[j]!);
    const off = norm1(difference(multiply(a, vectors), stretched));
    return off === 0 ? 0 : off / (norm1(a) * n * Number.EPSILON);
  },
};

const reconstruction: EigenvectorLaw = {
  name: "A = V L V'",
  ratio: (eigen, { matrix }) => {
    const { values, vectors } = eigen(matrix);
    return factorizationRatio(matrix, vectors, values.data, transpose(vectors));
  },
};

/** Of a whole decomposition. */
export const eigenvectorLaws: readonly EigenvectorLaw[] = [orthonormal, reconstruction, residual];

/** Of a part of one: the largest eigenvalues, with their vectors. */
export const partialEigenvectorLaws: readonly EigenvectorLaw[] = [orthonormal, residual];
