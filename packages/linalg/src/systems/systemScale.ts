/**
 * Keeps the numbers of A X = B inside the range of doubles, by powers of two.
 *
 * | name | shape  | meaning                                                          |
 * |------|--------|------------------------------------------------------------------|
 * | A    | [n, n] | the matrix given; p A is worked on                               |
 * | p    | number | A is lifted when it is tiny, lowered when it is about to overflow |
 * | c    | [k]    | per column of B, lowers it when it is about to overflow          |
 *
 *     (p A) (c X) = p c B
 *
 * Lifting is exact, so it is always done; lowering may flush what is 2^-958 or smaller, so it is done only where elimination
 * may overflow otherwise. If p B overflows by lifting then so does X, up to a factor of 2n: |X| ≥ |B| / (n max|A|). Each
 * column has its own c, so that a solution does not depend on the columns beside it.
 */

import { DomainError, ShapeError, formatShape } from '@rankwise/tensor';
import type { FloatDType, Tensor } from '@rankwise/tensor';
import { copyMatrix, matrixTensor, maxAbs } from '../dense/denseMatrix.ts';
import type { DenseMatrix } from '../dense/denseMatrix.ts';

/** Below it a matrix is lifted: products of two of its elements, and their roundings, would be subnormal. */
const LIFT_BELOW = 2 ** -485;

/**
 * How far elements may grow before they overflow. Partial pivoting allows 2^(n−1) and shows about n^(2/3); so does the
 * substitution with its unit triangle (Higham, Accuracy and Stability, §9.3–9.4).
 */
const ROOM = 2 ** 64;

const LOWER_ABOVE = Number.MAX_VALUE / ROOM;

/** B, scaled for the work on it. */
export interface RightHandSide extends DenseMatrix {
  /** [columns]: c, powers of two. */
  readonly columnPowers: Float64Array;
}

/** Multiplies tiny elements by a power of four p, so that the largest comes near 1, and returns p, whose root is exact. */
export function liftInPlace(data: Float64Array): number {
  const largest = maxAbs(data);
  if (largest === 0 || largest >= LIFT_BELOW) return 1;
  // The largest power of four that is a double is 2^1022: 2^-1074 becomes 2^-52, near enough to 1.
  const power = 4 ** Math.min(511, Math.floor(-Math.log2(largest) / 2));
  multiplyInPlace(data, power);
  return power;
}

/** As liftInPlace, and lowers what has no room to grow by 2^64. */
export function makeRoomInPlace(data: Float64Array): number {
  if (maxAbs(data) <= LOWER_ABOVE) return liftInPlace(data);
  multiplyInPlace(data, 1 / ROOM);
  return 1 / ROOM;
}

/**
 * p c B, a copy.
 * @throws ShapeError when `b` does not have 2 axes and n rows; DomainError when it is not f32 or f64 or not finite.
 */
export function copyRightHandSide(caller: string, n: number, b: Tensor<FloatDType>, power: number): RightHandSide {
  if (b.shape.length === 2 && b.shape[0] !== n) {
    throw new ShapeError(`${caller}: b: expected ${n} rows, got shape ${formatShape(b.shape)}`);
  }
  const { rows, columns, data } = copyMatrix(caller, 'b', b);
  const columnPowers = new Float64Array(columns).fill(1);
  for (let j = 0; j < columns; j++) {
    let largest = 0;
    for (let at = j; at < data.length; at += columns) largest = Math.max(largest, Math.abs(data[at]!));
    if (largest * power > LOWER_ABOVE) columnPowers[j] = 1 / ROOM;
  }
  for (let at = 0; at < data.length; at++) data[at] = data[at]! * (power * columnPowers[at % columns]!);
  return { rows, columns, data, columnPowers };
}

/**
 * X from c X, which it takes over.
 * @throws DomainError when X is beyond the range of doubles.
 */
export function solutionOf(caller: string, { rows, columns, data, columnPowers }: RightHandSide): Tensor<'f64'> {
  for (let at = 0; at < data.length; at++) {
    const value = data[at]! / columnPowers[at % columns]!;
    if (!Number.isFinite(value)) {
      throw new DomainError(
        `${caller}: b: expected a solution in the range of doubles, got overflow in column ${at % columns}`,
      );
    }
    data[at] = value;
  }
  return matrixTensor({ rows, columns, data });
}

/** Each element times a power of two. */
export function multiplyInPlace(data: Float64Array, factor: number): void {
  if (factor === 1) return;
  for (let i = 0; i < data.length; i++) data[i] = data[i]! * factor;
}
