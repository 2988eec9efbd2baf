/** What the gallery knows of each of its kinds before anything is computed. */

import type { Random } from '@rankwise/tensor';
import type { Matrix } from '../matrix.ts';

/** How many eigenvalues have each sign. */
export interface Inertia {
  readonly positive: number;
  readonly zero: number;
  readonly negative: number;
}

/**
 * Where the elements lie: sums of 'large' ones may overflow, products of 'small' ones vanish, 'subnormal' ones have fewer
 * digits. Absent: squares and sums are safe.
 */
export type Scale = 'large' | 'small' | 'subnormal';

interface Kind {
  readonly name: string;
  readonly scale?: Scale;
}

/** A kind of symmetric matrices, of any order; n = 0 gives an empty one. */
export interface SymmetricKind extends Kind {
  /** Symmetric to the last bit. */
  readonly make: (n: number, random: Random) => Matrix;
  /** True when every eigenvalue is at least 0, apart from rounding. */
  readonly semidefinite?: true;
  /** Positive definite with 20 n^(3/2) κ ε < 1 up to n = 200: Cholesky must succeed (Higham 2002, theorem 10.7). */
  readonly definite?: true;
  /** Eigenvalues, descending, of the matrix before its elements were rounded: right to n ε ‖A‖. */
  readonly spectrum?: (n: number) => number[];
  /** Of the matrix as it is stored, exactly. */
  readonly inertia?: (n: number) => Inertia;
}

/** A kind of matrices of any shape; m = 0 or n = 0 gives an empty one. */
export interface GeneralKind extends Kind {
  readonly make: (m: number, n: number, random: Random) => Matrix;
  /** Singular values, descending, of the matrix before its elements were rounded: right to max(m, n) ε ‖A‖. */
  readonly singularValues?: (m: number, n: number) => number[];
  /** No more than this many singular values exceed max(m, n) ε ‖A‖. */
  readonly rank?: (m: number, n: number) => number;
}
