/**
 * Least squares for any shape and rank: the x of least ‖x‖₂ among those of least ‖b − A x‖₂, column by column.
 *
 * | method     | A = …        | x                                | costs, m ≥ n      | ranks                              |
 * |------------|--------------|----------------------------------|-------------------|------------------------------------|
 * | 'complete' | Q T Zᵀ       | Z T⁻¹ Qᵀ b                       | 2n²(m − n/3) + …  | any, as a pivoted R shows it       |
 * | 'qr'       | Q R or L Q   | R⁻¹ Qᵀ b, or Qᵀ L⁻¹ b when wide  | 2n²(m − n/3)      | full only; refuses a small pivot   |
 * | 'svd'      | U S Vᵀ       | V S⁻¹ Uᵀ b                       | several times that | any, as the singular values show it |
 *
 * (Golub & Van Loan, 4th ed., §5.3.3, §5.5.2–5.5.3, §5.6.2; LAPACK dgelsy, dgels, dgelss.) A and each column of b are scaled
 * by powers of two first, so that no scale overflows or loses digits on the way.
 *
 * The caller may rely on: x solves the problem exactly for an A changed by c m n ε ‖A‖, and by what was left out as below
 * the tolerance; so x is off by about c m n ε (κ + κ² ‖r‖ / (‖A‖ ‖x‖)) ‖x‖ where κ is the condition number of what is kept
 * (Higham, Accuracy and Stability, §20.1). Residuals are those of A as it was given, b − A x computed.
 */

import {
  DomainError,
  ShapeError,
  formatShape,
  referenceKernels,
  slice,
  tensorOf,
  transpose,
  zeros,
} from '@rankwise/tensor';
import type { FloatDType, Kernels, Tensor } from '@rankwise/tensor';
import { copyMatrix, matrixTensor, scaleToSafeRangeInPlace, transposed, unscaleInPlace } from '../dense/denseMatrix.ts';
import type { DenseMatrix } from '../dense/denseMatrix.ts';
import { timesPowerOfTwo } from '../dense/powerOfTwo.ts';
import { product } from '../dense/products.ts';
import { norm2 } from '../dense/vectorOps.ts';
import { svd } from '../svd/svd.ts';
import { substituteInPlace, transposedTriangle } from '../systems/triangular.ts';
import { factorizeCompletely, timesTransposedZInPlace, triangle } from './completeOrthogonal.ts';
import { rankTolerance } from './pivotedQr.ts';
import type { RankOptions } from './pivotedQr.ts';
import { applyQ, factorizeQr } from './qr.ts';

export interface LeastSquaresOptions extends RankOptions {
  /** Default 'complete'. */
  readonly method?: 'complete' | 'qr' | 'svd';
}

export interface LeastSquares {
  /** [n, columns]. */
  readonly x: Tensor<'f64'>;
  /** Of A, to the tolerance. */
  readonly rank: number;
  /** [columns]: ‖b − A x‖₂. */
  readonly residualNorms: Tensor<'f64'>;
  /** [min(m, n)], descending; of method 'svd'. */
  readonly singularValues?: Tensor<'f64'>;
}

/** A and b in the safe range. */
interface Problem {
  readonly a: Tensor<'f64'>;
  readonly b: Tensor<'f64'>;
  readonly kernels: Kernels;
  readonly tolerance: number;
}

type Solution = Omit<LeastSquares, 'residualNorms'>;

const solvers = { complete: solveCompletely, qr: solveByQr, svd: solveBySvd };

/**
 * The minimum-norm solution of the least squares problem, for each column of b.
 * @param a - [m, n] f64 (f32 is promoted)
 * @param b - [m, columns] f64 (f32 is promoted)
 * @param options - `method`; `tolerance` in [0, 1): singular values, or diagonal elements of R, up to this part of the
 * largest count as zero, default max(m, n) ε
 * @throws ShapeError when `a` does not have 2 axes or `b` does not have m rows.
 * @throws DomainError when an element is NaN or infinite, the tolerance is not in [0, 1), the method is 'qr' and A is not of
 * full rank (the message names the pivot), or the solution is beyond the range of doubles.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { leastSquares } from '@rankwise/linalg';
 * const { x, rank, residualNorms } = leastSquares(fromNested('f64', [[2, 0], [0, 0]]), fromNested('f64', [[6], [4]]));
 * toNested(x) // => [[3], [0]]
 * rank // => 1
 * toNested(residualNorms) // => [4]
 */
export function leastSquares(
  a: Tensor<FloatDType>,
  b: Tensor<FloatDType>,
  options: LeastSquaresOptions = {},
): LeastSquares {
  const { kernels = referenceKernels, method = 'complete' } = options;
  if (!Object.hasOwn(solvers, method)) {
    throw new DomainError(`leastSquares: method: expected complete, qr or svd, got ${method}`);
  }
  const left = copyMatrix('leastSquares', 'a', a);
  const { rows: m, columns: n } = left;
  if (b.shape.length === 2 && b.shape[0] !== m) {
    throw new ShapeError(`leastSquares: b: expected ${m} rows, got shape ${formatShape(b.shape)}`);
  }
  const right = transposed(copyMatrix('leastSquares', 'b', b));
  const tolerance = rankTolerance('leastSquares', m, n, options.tolerance);
  const power = scaleToSafeRangeInPlace(left.data);
  const columnPowers = columnsOf(right).map(scaleToSafeRangeInPlace);
  const problem = { a: matrixTensor(left), b: transpose(matrixTensor(right)), kernels, tolerance };
  const { x, rank, singularValues } = solvers[method](problem);
  kernels.matmul({ a: problem.a, b: x, out: problem.b, alpha: -1, beta: 1 });
  const residualNorms = columnsOf(right).map((column, j) => norm2(column, 0, m) / columnPowers[j]!);
  rescaleInPlace(x, power, columnPowers);
  if (singularValues !== undefined) unscaleInPlace(singularValues.data, power);
  return {
    x,
    rank,
    residualNorms: tensorOf(Float64Array.from(residualNorms), [residualNorms.length]),
    ...(singularValues === undefined ? {} : { singularValues }),
  };
}

/** By A P = Q [T 0] Zᵀ. */
function solveCompletely({ a, b, kernels, tolerance }: Problem): Solution {
  const factors = factorizeCompletely('leastSquares', a, { kernels, tolerance });
  const { rank, columns: n, pivoted } = factors;
  const [, count = 0] = b.shape;
  const y = slice(applyQ(pivoted.factors, b, { kernels, transposed: true }), [[0, rank]]);
  substituteInPlace(kernels, { matrix: triangle(factors), isLower: false, unitDiagonal: false }, y);
  const rows = new Float64Array(count * n);
  for (let i = 0; i < rank; i++) for (let c = 0; c < count; c++) rows[c * n + i] = y.data[i * count + c]!;
  timesTransposedZInPlace(kernels, factors, rows, count);
  const x = zeros('f64', [n, count]);
  for (let j = 0; j < n; j++) {
    for (let c = 0; c < count; c++) x.data[pivoted.permutation[j]! * count + c] = rows[c * n + j]!;
  }
  return { x, rank };
}

/** By A = Q R, or Aᵀ = Q R and so A = Rᵀ Qᵀ when A is wide. */
function solveByQr({ a, b, kernels, tolerance }: Problem): Solution {
  const [m = 0, n = 0] = a.shape;
  const [, count = 0] = b.shape;
  const isWide = m < n;
  const factors = factorizeQr('leastSquares', 'a', isWide ? transpose(a) : a, kernels);
  expectFullRank(factors.r, tolerance);
  const upper = { matrix: factors.r, isLower: false, unitDiagonal: false };
  const rank = Math.min(m, n);
  if (!isWide) {
    const x = slice(applyQ(factors, b, { kernels, transposed: true }), [[0, n]]);
    substituteInPlace(kernels, upper, x);
    return { x: { ...x, data: x.data.slice(0, n * count) }, rank };
  }
  const y = zeros('f64', [n, count]);
  for (let i = 0; i < m; i++) for (let c = 0; c < count; c++) y.data[i * count + c] = b.data[c * m + i]!;
  substituteInPlace(kernels, transposedTriangle(upper), slice(y, [[0, m]]));
  return { x: applyQ(factors, y, { kernels }), rank };
}

/** By A = U S Vᵀ. */
function solveBySvd({ a, b, kernels, tolerance }: Problem): Solution {
  const { u, s, v } = svd(a, { kernels });
  const threshold = tolerance * (s.data[0] ?? 0);
  const rank = s.data.filter((value) => value > threshold).length;
  const weights = product(kernels, transpose(slice(u, [undefined, [0, rank]])), b);
  const [, count = 0] = b.shape;
  for (let at = 0; at < weights.data.length; at++) {
    weights.data[at] = weights.data[at]! / s.data[Math.floor(at / count)]!;
  }
  return { x: product(kernels, slice(v, [undefined, [0, rank]]), weights), rank, singularValues: s };
}

function expectFullRank(r: Tensor<'f64'>, tolerance: number): void {
  const [k = 0] = r.shape;
  const pivots = Float64Array.from({ length: k }, (_, i) => Math.abs(r.data[i * k + i]!));
  const largest = pivots.reduce((most, pivot) => Math.max(most, pivot), 0);
  const first = pivots.findIndex((pivot) => pivot <= tolerance * largest);
  if (first < 0) return;
  const part = largest === 0 ? 0 : pivots[first]! / largest;
  throw new DomainError(
    `leastSquares: a: expected full rank for method qr, got pivot ${first} of ${part} times the largest`,
  );
}

/** The rows of Bᵀ, as views. */
function columnsOf({ rows, columns, data }: DenseMatrix): Float64Array[] {
  return Array.from({ length: rows }, (_, j) => data.subarray(j * columns, (j + 1) * columns));
}

/**
 * Column c of x times power / columnPowers[c].
 * @throws DomainError when that overflows.
 */
function rescaleInPlace(x: Tensor<'f64'>, power: number, columnPowers: readonly number[]): void {
  const count = columnPowers.length;
  for (let at = 0; at < x.data.length; at++) {
    const value = timesPowerOfTwo(x.data[at]!, Math.log2(power) - Math.log2(columnPowers[at % count]!));
    if (!Number.isFinite(value)) {
      throw new DomainError(
        `leastSquares: b: expected a solution in the range of doubles, got overflow in column ${at % count}`,
      );
    }
    x.data[at] = value;
  }
}
