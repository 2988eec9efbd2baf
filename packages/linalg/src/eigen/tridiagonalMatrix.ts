/**
 * A symmetric tridiagonal matrix from its two diagonals, the argument of several public routines.
 *
 * | name     | shape   | meaning                                    |
 * |----------|---------|--------------------------------------------|
 * | diagonal | [n]     | T[i, i]                                    |
 * | coupling | [n − 1] | T[i + 1, i] = T[i, i + 1]; empty for n = 0 |
 */

import { DomainError, ShapeError, expandDims, formatShape } from '@rankwise/tensor';
import type { FloatDType, Tensor } from '@rankwise/tensor';
import { copyMatrix, maxAbs, scaleToSafeRangeInPlace } from '../dense/denseMatrix.ts';

export interface TridiagonalMatrix {
  /** [n]. */
  readonly diagonal: Float64Array;
  /** [n]; the last element is 0, so that every row has one. */
  readonly coupling: Float64Array;
  /** T given, times this power of two, is what the arrays hold: squares of their elements are safe. */
  readonly power: number;
}

/**
 * A scaled copy.
 * @throws ShapeError when `diagonal` is not [n] or `coupling` not [n − 1]; DomainError when one is not f32 or f64 or not finite.
 */
export function copyTridiagonal(
  caller: string,
  diagonal: Tensor<FloatDType>,
  coupling: Tensor<FloatDType>,
): TridiagonalMatrix {
  const main = copyVector(caller, 'diagonal', diagonal);
  const beside = copyVector(caller, 'coupling', coupling);
  const n = main.length;
  if (beside.length !== Math.max(n - 1, 0)) {
    throw new ShapeError(`${caller}: coupling: expected shape [${Math.max(n - 1, 0)}], got [${beside.length}]`);
  }
  const both = new Float64Array(2 * n);
  both.set(main);
  both.set(beside, n);
  const power = scaleToSafeRangeInPlace(both);
  return { diagonal: both.subarray(0, n), coupling: both.subarray(n), power };
}

/**
 * An f64 copy of a 1-D tensor.
 * @throws ShapeError when it does not have one axis; DomainError when it is not f32 or f64 or not finite.
 */
export function copyVector(caller: string, argument: string, vector: Tensor<FloatDType>): Float64Array {
  if (vector.shape.length !== 1) {
    throw new ShapeError(`${caller}: ${argument}: expected 1 axis, got shape ${formatShape(vector.shape)}`);
  }
  return copyMatrix(caller, argument, expandDims(vector, 0)).data;
}

/** ‖T‖₁ at most: the largest diagonal element and both couplings beside it. */
export function reachOf({ diagonal, coupling }: TridiagonalMatrix): number {
  return maxAbs(diagonal) + 2 * maxAbs(coupling);
}

/** @throws DomainError when `count` is not an integer in 0 … n. */
export function checkCount(caller: string, count: number | undefined, n: number): number {
  if (count === undefined) return n;
  if (!Number.isInteger(count) || count < 0 || count > n) {
    throw new DomainError(`${caller}: count: expected an integer from 0 to ${n}, got ${count}`);
  }
  return count;
}
