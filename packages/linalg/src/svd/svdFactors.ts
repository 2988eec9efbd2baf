/**
 * The work behind every function that needs singular values or vectors: A = U diag(s) Vᵀ, with as many vectors as are wanted.
 *
 * Scale by a power of two; turn a wide matrix on its side; take a QR factorisation first when there are many more rows than
 * columns (Chan 1982); reduce to bidiagonal form; divide and conquer; order; and only then lead the vectors that are wanted
 * back through the reflectors, whose product is never formed (LAPACK dgesdd, dormbr).
 *
 * Vectors are rows until the end, contiguous to every step. Cost, m = n: 8n³/3 for the reduction, at most as much for the
 * bidiagonal matrix, and 4n² for each pair of vectors wanted; for the values alone 8n³/3.
 */

import { zeros } from '@rankwise/tensor';
import type { FloatDType, Kernels, Tensor } from '@rankwise/tensor';
import { descendingOrder } from '../dense/columnOrder.ts';
import { copyMatrix, matrixTensor, scaleToSafeRangeInPlace, transposed, unscaleInPlace } from '../dense/denseMatrix.ts';
import type { DenseMatrix } from '../dense/denseMatrix.ts';
import { withWorkMatrix } from '../dense/workMatrix.ts';
import { orderedColumns, rowSigns } from '../eigen/orderedColumns.ts';
import type { ReflectorRows } from '../orthogonal/blockReflector.ts';
import { factorizeQr } from '../orthogonal/qr.ts';
import { makeRotationSweeps } from '../orthogonal/rotationSweeps.ts';
import { bidiagonalDivideAndConquer } from './bidiagonalDivideAndConquer.ts';
import { applyReflectorsInPlace, bidiagonalize } from './bidiagonalize.ts';
import { bidiagonalQrInPlace } from './bidiagonalQr.ts';

/** Rows per column from which a QR factorisation first is cheaper (Chan 1982, with U and V wanted). */
const TALL_RATIO = 5 / 3;

export interface SvdFactors {
  /** Singular vectors as columns; those beyond min(m, n) complete an orthonormal basis. */
  readonly u: Tensor<'f64'>;
  /** [min(m, n)], descending, whatever the number of vectors. */
  readonly s: Float64Array;
  readonly v: Tensor<'f64'>;
}

/** How many vectors: min(m, n) on either side, all m and all n, or only the leading so many. */
export type VectorCount = 'thin' | 'full' | number;

/** A tall matrix in bidiagonal form. */
interface Reduction {
  readonly main: Float64Array;
  readonly above: Float64Array;
  /** What leads left singular vectors of the bidiagonal matrix back, in this order. */
  readonly left: readonly ReflectorRows[];
  readonly right: readonly ReflectorRows[];
}

/**
 * The singular values of a matrix and the vectors wanted, with the signs of `svd`.
 * @throws ShapeError when it is not 2-D; DomainError when it is not f32 or f64 or not finite; ConvergenceError.
 */
export function svdFactors(
  caller: string,
  argument: string,
  a: Tensor<FloatDType>,
  kernels: Kernels,
  count: VectorCount,
): SvdFactors {
  const matrix = copyMatrix(caller, argument, a);
  const power = scaleToSafeRangeInPlace(matrix.data);
  const isWide = matrix.rows < matrix.columns;
  const tall = isWide ? transposed(matrix) : matrix;
  const { rows: m, columns: n } = tall;
  const reduction = reduceTall(caller, tall, kernels);
  const parts = bidiagonalDivideAndConquer(caller, kernels, reduction.main, reduction.above);

  const order = descendingOrder(parts.values);
  const s = Float64Array.from(order, (j) => parts.values[j]!);
  unscaleInPlace(s, power);
  const wanted = typeof count === 'number' ? order.slice(0, count) : order;
  const leftRows = selectedRows(parts.left, n, n, wanted);
  const rightRows = selectedRows(parts.right, n + 1, n, wanted);
  const leftCount = count === 'full' ? m : wanted.length;
  let signs: Float64Array | undefined;
  const columnsOf = (rows: Tensor<'f64'>): Tensor<'f64'> => {
    signs ??= rowSigns(rows);
    return orderedColumns(rows, Array.from({ length: rows.shape[0] ?? 0 }, (_, j) => j), signs); // prettier-ignore
  };
  // U first, as its signs are V's as well.
  if (isWide) {
    const u = ledBack(kernels, rightRows, reduction.right, wanted.length, columnsOf);
    return { u, s, v: ledBack(kernels, leftRows, reduction.left, leftCount, columnsOf) };
  }
  const u = ledBack(kernels, leftRows, reduction.left, leftCount, columnsOf);
  return { u, s, v: ledBack(kernels, rightRows, reduction.right, wanted.length, columnsOf) };
}

/**
 * The singular values alone, descending.
 * @throws as svdFactors does.
 */
export function singularValuesOf(
  caller: string,
  argument: string,
  a: Tensor<FloatDType>,
  kernels: Kernels,
): Float64Array {
  const matrix = copyMatrix(caller, argument, a);
  const power = scaleToSafeRangeInPlace(matrix.data);
  const tall = matrix.rows < matrix.columns ? transposed(matrix) : matrix;
  const { main, above } = reduceTall(caller, tall, kernels);
  const noVectors = new Float64Array(0);
  const n = main.length;
  bidiagonalQrInPlace(caller, main, above, makeRotationSweeps(noVectors, 0, n), makeRotationSweeps(noVectors, 0, n));
  const s = main.map(Math.abs).toSorted().toReversed();
  unscaleInPlace(s, power);
  return s;
}

/** Reduces a matrix with at least as many rows as columns, which is destroyed. */
function reduceTall(caller: string, a: DenseMatrix, kernels: Kernels): Reduction {
  const { rows: m, columns: n } = a;
  if (m <= TALL_RATIO * n) {
    const { main, above, left, right } = bidiagonalize(kernels, a);
    return { main, above, left: [left], right: [right] };
  }
  const { r, reflectors, taus } = factorizeQr(caller, 'a', matrixTensor(a), kernels);
  const { main, above, left, right } = bidiagonalize(kernels, { rows: n, columns: n, data: r.data });
  return { main, above, left: [left, { data: reflectors, taus, length: m, shift: 0 }], right: [right] };
}

/** A new matrix of the rows listed, cut to `columns` elements. */
function selectedRows(rows: Float64Array, stride: number, columns: number, listed: readonly number[]): Tensor<'f64'> {
  const result = zeros('f64', [listed.length, columns]);
  listed.forEach((row, i) => result.data.set(rows.subarray(row * stride, row * stride + columns), i * columns));
  return result;
}

/**
 * Calls `use` with `count` rows: those given, led back through the reflectors, and beyond them as many that are orthonormal to
 * them. The rows are its own until it returns.
 */
function ledBack(
  kernels: Kernels,
  rows: Tensor<'f64'>,
  [reflectors, ...others]: readonly ReflectorRows[],
  count: number,
  use: (rows: Tensor<'f64'>) => Tensor<'f64'>,
): Tensor<'f64'> {
  if (reflectors === undefined) return use(rows);
  const { length } = reflectors;
  return withWorkMatrix(kernels, Math.min(count, length), length, (x) => {
    extendInto(x, rows);
    applyReflectorsInPlace(kernels, reflectors, x);
    return ledBack(kernels, x, others, count, use);
  });
}

/** Fills x with the rows, zeros after them, and then rows of the identity. */
function extendInto(x: Tensor<'f64'>, rows: Tensor<'f64'>): void {
  const [height = 0, width = 0] = x.shape;
  const [count = 0, length = 0] = rows.shape;
  x.data.fill(0);
  for (let i = 0; i < count; i++) x.data.set(rows.data.subarray(i * length, (i + 1) * length), i * width);
  for (let i = count; i < height; i++) x.data[i * width + i] = 1;
}
