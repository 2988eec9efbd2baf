/**
 * The condition number κ₁(A) = ‖A‖₁ ‖A⁻¹‖₁ of a square matrix, estimated from below without an inverse.
 *
 * A is factored, and ‖A⁻¹‖₁ estimated from some ten solves (normEstimate; Higham, Accuracy and Stability of Numerical
 * Algorithms, 2nd ed., ch. 15; LAPACK dgecon, dpocon, dtrcon). A relative error of δ in A moves the solution of A x = b by up
 * to about κ δ, in norm: of the 16 digits of a double, log₁₀ κ are lost.
 *
 * The caller may rely on: the estimate is at most κ₁(A), up to the rounding of the solves, c n ε κ₁(A) relatively, and in
 * practice at least a third of it; the power of two that scales A does not matter. Infinity means a pivot that is exactly 0, or a
 * κ beyond the range of doubles. From about 1/ε on, A is singular to working precision and its κ is known only to be that large.
 * Cost: that of the factorisation (LU 2n³/3, Cholesky n³/3, triangular none) and about 20 n².
 */

import { DomainError, referenceKernels } from '@rankwise/tensor';
import type { FloatDType, Kernels, Tensor } from '@rankwise/tensor';
import { copySquareMatrix, matrixTensor, maxAbs } from '../dense/denseMatrix.ts';
import type { DenseMatrix } from '../dense/denseMatrix.ts';
import type { LinalgOptions } from '../dense/options.ts';
import { copySymmetricMatrix } from '../eigen/symmetricEigen.ts';
import { factorizeDefiniteInPlace } from './cholesky.ts';
import { eliminate } from './elimination.ts';
import { solveFactored, zeroPivot } from './lu.ts';
import { normEstimate } from './normEstimate.ts';
import type { Multiply } from './normEstimate.ts';
import { multiplyInPlace } from './systemScale.ts';
import { copyTriangle, substituteInPlace, transposedTriangle } from './triangular.ts';
import type { Triangle } from './triangular.ts';

export interface ConditionOptions extends LinalgOptions {
  /**
   * What is known of A: 'definite' is factored by Cholesky; of a 'lower' or 'upper' triangular matrix only that triangle is
   * read. Default 'general'.
   */
  readonly structure?: Structure;
}

const STRUCTURES = ['general', 'definite', 'lower', 'upper'] as const;

type Structure = (typeof STRUCTURES)[number];

/**
 * Estimates κ₁(A) from below.
 * @param a - [n, n] f64 (f32 is promoted)
 * @returns at least 1, Infinity for an exactly singular matrix, 0 for n = 0
 * @throws ShapeError when `a` is not square.
 * @throws DomainError when `a` holds NaN or an infinity, is said to be definite and is not (as in cholesky), or `structure` is unknown.
 * @example
 * import { fromNested } from '@rankwise/tensor';
 * import { conditionEstimate } from '@rankwise/linalg';
 * // ‖A‖₁ = 6, A⁻¹ = [[1, -1.5], [0, 0.25]], ‖A⁻¹‖₁ = 1.75
 * conditionEstimate(fromNested('f64', [[1, 6], [0, 4]])) // => 17.5
 */
export function conditionEstimate(a: Tensor<FloatDType>, options: ConditionOptions = {}): number {
  const { structure = 'general', kernels = referenceKernels } = options;
  const matrix = copyStructured(a, structure);
  const positive = structure === 'definite' ? positiveDiagonal(matrix) : 0;
  const power = normalizeInPlace(matrix.data);
  // A diagonal element beyond 2^1022 below the largest: so is κ.
  if (structure === 'definite' && positiveDiagonal(matrix) < positive) return Infinity;
  const norm = norm1(matrix, structure === 'definite');
  const inverse = inverseOf(matrix, structure, power, kernels);
  return inverse === undefined ? Infinity : norm * normEstimate(matrix.rows, inverse);
}

function copyStructured(a: Tensor<FloatDType>, structure: Structure): DenseMatrix {
  if (!STRUCTURES.includes(structure)) {
    throw new DomainError(`conditionEstimate: structure: expected ${STRUCTURES.join(', ')}, got ${String(structure)}`);
  }
  if (structure === 'general') return copySquareMatrix('conditionEstimate', 'a', a);
  if (structure === 'definite') return copySymmetricMatrix('conditionEstimate', 'a', a);
  const { matrix } = copyTriangle('conditionEstimate', 'a', a, { triangle: structure });
  const [n = 0] = matrix.shape;
  return { rows: n, columns: n, data: matrix.data };
}

/** How A⁻¹ is applied; undefined when A is exactly singular. The matrix is overwritten. */
function inverseOf(matrix: DenseMatrix, structure: Structure, power: number, kernels: Kernels): Multiply | undefined {
  const { rows: n, data } = matrix;
  if (structure === 'general') {
    const factors = eliminate('conditionEstimate', 'a', matrix, kernels);
    if (zeroPivot(factors) !== -1) return undefined;
    return (x, transposed) => solveFactored(factors, columnOf(x), transposed, kernels);
  }
  const isLower = structure !== 'upper';
  const t: Triangle = { matrix: matrixTensor(matrix), isLower, unitDiagonal: false };
  if (structure === 'definite') {
    factorizeDefiniteInPlace('conditionEstimate', 'a', matrix, power, kernels);
    return (x) => {
      substituteInPlace(kernels, t, matrixTensor(columnOf(x)));
      substituteInPlace(kernels, transposedTriangle(t), matrixTensor(columnOf(x)));
      return x;
    };
  }
  for (let i = 0; i < n; i++) if (data[i * n + i] === 0) return undefined;
  return (x, transposed) => {
    substituteInPlace(kernels, transposed ? transposedTriangle(t) : t, matrixTensor(columnOf(x)));
    return x;
  };
}

/** Number of diagonal elements above 0. */
function positiveDiagonal({ rows: n, data }: DenseMatrix): number {
  let count = 0;
  for (let i = 0; i < n; i++) if (data[i * n + i]! > 0) count++;
  return count;
}

function columnOf(data: Float64Array): DenseMatrix {
  return { rows: data.length, columns: 1, data };
}

/**
 * Brings the largest magnitude to 1 … 4, whatever it was, so that ‖A⁻¹‖ overflows only when κ does; returns the power, one of
 * four, which commutes with square roots.
 * Elements flushed to zero are below 2^-1022 of the largest, and so of no weight for any κ that is a double.
 */
function normalizeInPlace(data: Float64Array): number {
  const largest = maxAbs(data);
  if (largest === 0) return 1;
  const power = 4 ** Math.max(-511, Math.min(511, -Math.floor(Math.log2(largest) / 2)));
  multiplyInPlace(data, power);
  return power;
}

/** Largest sum of magnitudes of a column; of a symmetric matrix, as its lower triangle gives it. */
function norm1({ rows: n, data }: DenseMatrix, isSymmetric: boolean): number {
  let largest = 0;
  for (let j = 0; j < n; j++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += Math.abs(data[isSymmetric && i < j ? j * n + i : i * n + j]!);
    largest = Math.max(largest, sum);
  }
  return largest;
}
