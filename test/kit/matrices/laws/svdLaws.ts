/** What a decomposition A = U diag(s) Vᵀ obeys, thin: k = min(m, n). Reference: Golub & Van Loan, 4th ed., §2.4. */

import type { Tensor } from '@rankwise/tensor';
import { transpose } from '@rankwise/tensor';
import type { GeneralCase } from '../arbitraries.ts';
import { at, matrixFrom, multiply } from '../matrix.ts';
import type { Matrix } from '../matrix.ts';
import { difference, factorizationRatio, normFrobenius, orthogonalityRatio } from '../ratios.ts';
import { demandDescending, demandShape, excess, normalised } from './law.ts';
import type { Law } from './law.ts';

export interface SingularDecomposition {
  /** [m, k]. */
  readonly u: Matrix;
  /** [k], descending, at least 0. */
  readonly s: Tensor<'f64'>;
  /** [n, k]. */
  readonly v: Matrix;
}

export type SvdOf = (a: Matrix) => SingularDecomposition;

type SvdLaw = Law<SvdOf, GeneralCase>;

const reconstruction: SvdLaw = {
  name: "A = U S V'",
  ratio: (svd, { matrix }) => {
    const { u, s, v } = svd(matrix);
    demandDescending(s.data, Math.min(matrix.shape[0] ?? 0, matrix.shape[1] ?? 0));
    return factorizationRatio(matrix, u, s.data, transpose(v));
  },
};

const side = (name: string, which: 'u' | 'v', axis: 0 | 1): SvdLaw => ({
  name,
  ratio: (svd, { matrix }) => {
    const decomposition = svd(matrix);
    const vectors = decomposition[which];
    demandShape(which, vectors, matrix.shape[axis] ?? 0, decomposition.s.data.length);
    return orthogonalityRatio(vectors);
  },
});

/** ‖A − A_k‖_F = √(σ_{k+1}² + …): what is cut off is what the values say (Eckart and Young 1936). */
const truncation: SvdLaw = {
  name: 'Eckart-Young',
  ratio: (svd, { matrix }, random) => {
    const a = normalised(matrix);
    const [m = 0, n = 0] = a.shape;
    const { u, s, v } = svd(a);
    const k = random.integer(s.data.length + 1);
    const left = matrixFrom(m, k, (i, j) => at(u, i, j) * s.data[j]!);
    const right = matrixFrom(k, n, (i, j) => at(v, j, i));
    const error = normFrobenius(difference(a, multiply(left, right)));
    const rest = Math.sqrt(s.data.subarray(k).reduce((sum, value) => sum + value * value, 0));
    return excess([error], [rest], [rest], Math.max(m, n), normFrobenius(a));
  },
};

export const svdLaws: readonly SvdLaw[] = [
  reconstruction,
  side("U'U = I", 'u', 0),
  side("V'V = I", 'v', 1),
  truncation,
];

/** The leading `count` values and vectors, and ‖A − U diag(s) Vᵀ‖_F. */
export type TruncatedSvdOf = (a: Matrix, count: number) => SingularDecomposition & { readonly frobeniusError: number };

export const truncatedSvdLaws: readonly Law<TruncatedSvdOf, GeneralCase>[] = [
  {
    name: "U'U = I, V'V = I",
    ratio: (svd, { matrix }, random) => {
      const [m = 0, n = 0] = matrix.shape;
      const count = random.integer(Math.min(m, n) + 1);
      const { u, s, v } = svd(matrix, count);
      demandDescending(s.data, count);
      demandShape('u', u, m, count);
      demandShape('v', v, n, count);
      return Math.max(orthogonalityRatio(u), orthogonalityRatio(v));
    },
  },
  {
    name: 'the error is what it says',
    ratio: (svd, { matrix }, random) => {
      const a = normalised(matrix);
      const [m = 0, n = 0] = a.shape;
      const count = random.integer(Math.min(m, n) + 1);
      const { u, s, v, frobeniusError } = svd(a, count);
      const left = matrixFrom(m, count, (i, j) => at(u, i, j) * s.data[j]!);
      const error = normFrobenius(difference(a, multiply(left, transpose(v))));
      return excess([error], [frobeniusError], [frobeniusError], Math.max(m, n), normFrobenius(a));
    },
  },
];
