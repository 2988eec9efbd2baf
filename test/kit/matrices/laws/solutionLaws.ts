/** What solutions, pseudo-inverses and polar factors obey. */

import { transpose } from '@rankwise/tensor';
import type { MatrixCase } from '../arbitraries.ts';
import { at, identityMatrix, largestOf, multiply, randomMatrix, timesPowerOfTwo } from '../matrix.ts';
import type { Matrix } from '../matrix.ts';
import { difference, norm1, orthogonalityRatio, productRatio, solutionRatio } from '../ratios.ts';
import { apart, demandShape, elementsOf, excess, normalised } from './law.ts';
import type { Law } from './law.ts';

/** X with A X = B, A square. */
export type SolutionOf = (a: Matrix, b: Matrix) => Matrix;

/** X of least ‖X‖ among those of least ‖B − A X‖. */
export type LeastSquaresOf = (a: Matrix, b: Matrix) => Matrix;

export type PseudoInverseOf = (a: Matrix) => Matrix;

export interface PolarFactors {
  /** [m, n], orthonormal columns, m ≥ n. */
  readonly u: Matrix;
  /** [n, n], symmetric, positive semi-definite. */
  readonly h: Matrix;
}

export type PolarOf = (a: Matrix) => PolarFactors;

/** Backward stable: (A + E) X = B with ‖E‖ ≤ c n ε ‖A‖, so that ‖B − A X‖ ≤ c n ε ‖A‖ ‖X‖, however ill conditioned A is. */
export const solutionLaws: readonly Law<SolutionOf, MatrixCase>[] = [
  {
    name: 'A X = B',
    ratio: (solve, { matrix }, random) => {
      const largest = largestOf(matrix);
      const exponent = largest === 0 ? 0 : Math.floor(Math.log2(largest));
      // B of A's scale, so that X is near 1 if A is well conditioned; what rounding made of it is the B that counts.
      const b = timesPowerOfTwo(randomMatrix(matrix.shape[0] ?? 0, 3, random), exponent);
      const x = solve(matrix, b);
      demandShape('x', x, matrix.shape[1] ?? 0, 3);
      return solutionRatio(timesPowerOfTwo(matrix, -exponent), x, timesPowerOfTwo(b, -exponent));
    },
  },
];

/** The residual is orthogonal to A's columns. */
export const leastSquaresLaws: readonly Law<LeastSquaresOf, MatrixCase>[] = [
  {
    name: 'normal equations',
    ratio: (leastSquares, { matrix }, random) => {
      const a = normalised(matrix);
      const [m = 0, n = 0] = a.shape;
      const b = randomMatrix(m, 2, random);
      const x = leastSquares(a, b);
      demandShape('x', x, n, 2);
      const residual = difference(b, multiply(a, x));
      const size = norm1(transpose(a)) * (norm1(a) * norm1(x) + norm1(b));
      return quotient(norm1(multiply(transpose(a), residual)), size * Math.max(m, n) * Number.EPSILON);
    },
  },
];

/** Moore's and Penrose's four conditions, each against the norms of its factors (Golub & Van Loan, 4th ed., §5.5.2). */
export const pseudoInverseLaws: readonly Law<PseudoInverseOf, MatrixCase>[] = [
  {
    name: 'A X A = A',
    ratio: (pseudoInverse, { matrix }) => {
      const { a, x, unit } = withInverse(pseudoInverse, matrix);
      return quotient(norm1(difference(multiply(multiply(a, x), a), a)), unit * norm1(a));
    },
  },
  {
    name: 'X A X = X',
    ratio: (pseudoInverse, { matrix }) => {
      const { a, x, unit } = withInverse(pseudoInverse, matrix);
      return quotient(norm1(difference(multiply(multiply(x, a), x), x)), unit * norm1(x));
    },
  },
  {
    name: 'A X symmetric',
    ratio: (pseudoInverse, { matrix }) => {
      const { a, x, unit } = withInverse(pseudoInverse, matrix);
      return asymmetry(multiply(a, x), unit);
    },
  },
  {
    name: 'X A symmetric',
    ratio: (pseudoInverse, { matrix }) => {
      const { a, x, unit } = withInverse(pseudoInverse, matrix);
      return asymmetry(multiply(x, a), unit);
    },
  },
  {
    name: 'inverse of a multiple',
    ratio: (pseudoInverse, { matrix }) => {
      const a = normalised(matrix);
      const moved = timesPowerOfTwo(pseudoInverse(timesPowerOfTwo(a, 300)), 300);
      return apart(elementsOf(moved), elementsOf(pseudoInverse(a)), 1);
    },
  },
];

/** A = U H with orthonormal columns and a symmetric, positive semi-definite factor (Higham 1986). */
export const polarLaws: readonly Law<PolarOf, MatrixCase>[] = [
  { name: 'A = U H', ratio: (polar, { matrix }) => productOf(polar, normalised(matrix)) },
  { name: "U'U = I", ratio: (polar, { matrix }) => orthogonalityRatio(polar(matrix).u) },
  {
    name: 'H symmetric and semi-definite',
    ratio: (polar, { matrix }, random) => {
      const { h } = polar(normalised(matrix));
      const [n = 0] = h.shape;
      const unit = norm1(h) * Math.max(matrix.shape[0] ?? 0, 1) * Number.EPSILON;
      const x = randomMatrix(n, 4, random);
      const forms = multiply(transpose(x), multiply(h, x));
      const diagonal = Array.from({ length: 4 }, (_, j) => at(forms, j, j));
      const negative = excess(diagonal, [0, 0, 0, 0], diagonal.map(() => Infinity), n * n, norm1(h)); // prettier-ignore
      return Math.max(asymmetry(h, unit), negative);
    },
  },
];

function productOf(polar: PolarOf, a: Matrix): number {
  const { u, h } = polar(a);
  return productRatio(a, u, h);
}

/** X for A near 1, and ‖A‖ ‖X‖ max(m, n) ε. */
function withInverse(pseudoInverse: PseudoInverseOf, matrix: Matrix): { a: Matrix; x: Matrix; unit: number } {
  const a = normalised(matrix);
  const [m = 0, n = 0] = a.shape;
  const x = pseudoInverse(a);
  demandShape('x', x, n, m);
  return { a, x, unit: norm1(a) * norm1(x) * Math.max(m, n) * Number.EPSILON };
}

function asymmetry(a: Matrix, unit: number): number {
  return quotient(norm1(difference(a, transpose(a))), unit);
}

/** The pseudo-inverse as the solution with the identity on the right. */
export function inverseBy(leastSquares: LeastSquaresOf): PseudoInverseOf {
  return (a) => leastSquares(a, identityMatrix(a.shape[0] ?? 0));
}

function quotient(error: number, unit: number): number {
  return error === 0 ? 0 : error / unit;
}
