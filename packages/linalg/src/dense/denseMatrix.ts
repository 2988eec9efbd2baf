/**
 * From tensors to the contiguous row-major Float64Array that the inner loops work on, and back.
 *
 * Scaling is by powers of two, hence exact apart from elements so far below the largest that they are flushed to zero.
 */

import { DomainError, ShapeError, formatShape, tensorOf } from '@rankwise/tensor';
import type { FloatDType, Tensor } from '@rankwise/tensor';

/** Spacing of doubles just above 1: 2^-52, twice the unit roundoff u. */
export const EPSILON = Number.EPSILON;

/** The smallest normal double. */
export const SAFE_MINIMUM = 2 ** -1022;

/**
 * Magnitudes whose squares may be summed and compared: below 2^400, n² ≤ 2^53 squares stay far under 2^1023; above 2^-400 the
 * square of an element ε² = 2^-104 times the largest is still normal (2^-800 · 2^-208 = 2^-1008), so that what is dropped for
 * having a square below the smallest normal number is far below ε times the largest.
 */
const SAFE_EXPONENT = 400;

export interface DenseMatrix {
  readonly rows: number;
  readonly columns: number;
  /** Element (i, j) at i · columns + j. */
  readonly data: Float64Array;
}

/**
 * A row-major f64 copy of a 2-D tensor; f32 is promoted, which is exact.
 * @throws ShapeError when the tensor is not 2-D; DomainError when it is not f32 or f64 or holds NaN or an infinity.
 */
export function copyMatrix(caller: string, argument: string, tensor: Tensor<FloatDType>): DenseMatrix {
  // Callers without a type checker may pass any tensor.
  const dtype: string = tensor.dtype;
  if (dtype !== 'f64' && dtype !== 'f32') {
    throw new DomainError(`${caller}: ${argument}: expected dtype f64 or f32, got ${dtype}`);
  }
  const [rows, columns] = tensor.shape;
  if (tensor.shape.length !== 2 || rows === undefined || columns === undefined) {
    throw new ShapeError(`${caller}: ${argument}: expected 2 axes, got shape ${formatShape(tensor.shape)}`);
  }
  const [rowStride = 0, columnStride = 0] = tensor.strides;
  const data = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    let from = tensor.offset + i * rowStride;
    for (let j = 0; j < columns; j++, from += columnStride) {
      const value = tensor.data[from]!;
      if (!Number.isFinite(value)) {
        throw new DomainError(`${caller}: ${argument}: expected finite elements, got ${value} at [${i}, ${j}]`);
      }
      data[i * columns + j] = value;
    }
  }
  return { rows, columns, data };
}

/**
 * As copyMatrix, for square matrices.
 * @throws ShapeError when the tensor is not 2-D and square; DomainError when it is not f32 or f64, or not finite.
 */
export function copySquareMatrix(caller: string, argument: string, tensor: Tensor<FloatDType>): DenseMatrix {
  if (tensor.shape.length === 2 && tensor.shape[0] !== tensor.shape[1]) {
    throw new ShapeError(`${caller}: ${argument}: expected a square matrix, got shape ${formatShape(tensor.shape)}`);
  }
  return copyMatrix(caller, argument, tensor);
}

/** The transpose, as a new matrix. */
export function transposed(matrix: DenseMatrix): DenseMatrix {
  const { rows, columns, data } = matrix;
  const result = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) result[j * rows + i] = data[i * columns + j]!;
  }
  return { rows: columns, columns: rows, data: result };
}

/** A tensor over the matrix's own data. */
export function matrixTensor(matrix: DenseMatrix): Tensor<'f64'> {
  return tensorOf(matrix.data, [matrix.rows, matrix.columns]);
}

/** The n × n identity, row-major. */
export function identityData(n: number): Float64Array {
  const data = new Float64Array(n * n);
  for (let i = 0; i < n; i++) data[i * n + i] = 1;
  return data;
}

/** The largest magnitude, 0 for no elements. */
export function maxAbs(data: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < data.length; i++) {
    const magnitude = Math.abs(data[i]!);
    if (magnitude > largest) largest = magnitude;
  }
  return largest;
}

/**
 * Multiplies by a power of two so that the largest magnitude is in [1, 2) when sums of squares would otherwise overflow or
 * lose digits, and returns the power: the matrix given is the result divided by it. Returns 1 when nothing was done.
 */
export function scaleToSafeRangeInPlace(data: Float64Array): number {
  const largest = maxAbs(data);
  if (largest === 0) return 1;
  const exponent = Math.floor(Math.log2(largest));
  if (Math.abs(exponent) < SAFE_EXPONENT) return 1;
  // 2^1074 is not a double: a matrix of subnormals is brought up as far as 2^1023 allows, which is safe as well.
  const power = 2 ** Math.min(-exponent, 1023);
  for (let i = 0; i < data.length; i++) data[i] = data[i]! * power;
  return power;
}

/** Undoes a scaling: values / power. */
export function unscaleInPlace(values: Float64Array, power: number): void {
  if (power === 1) return;
  for (let i = 0; i < values.length; i++) values[i] = values[i]! / power;
}
