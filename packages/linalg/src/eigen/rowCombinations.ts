/**
 * Products of a few long rows with a vector: the corrections inside a panel, where the rows change from one column to the
 * next and are too few for a matrix product. Four rows share one pass over the vector. Cost: 2 operations an element.
 */

import { dot } from '../dense/vectorOps.ts';

/** Consecutive rows of an array, each `stride` after the one before. */
export interface Rows {
  readonly data: Float64Array;
  readonly stride: number;
}

/** out[r] = row r · vector, r < count, over the first `length` elements. */
export function dotRows(rows: Rows, count: number, vector: Float64Array, length: number, out: Float64Array): void {
  const { data, stride } = rows;
  let r = 0;
  for (; r + 4 <= count; r += 4) {
    const row0 = r * stride;
    const row1 = row0 + stride;
    const row2 = row1 + stride;
    const row3 = row2 + stride;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let j = 0; j < length; j++) {
      const x = vector[j]!;
      s0 += data[row0 + j]! * x;
      s1 += data[row1 + j]! * x;
      s2 += data[row2 + j]! * x;
      s3 += data[row3 + j]! * x;
    }
    out[r] = s0;
    out[r + 1] = s1;
    out[r + 2] = s2;
    out[r + 3] = s3;
  }
  for (; r < count; r++) out[r] = dot(data, r * stride, vector, 0, length);
}

/** target[start + j] −= Σ_r coefficients[r] · row r [j], r < count, j < length. */
export function subtractRowsInPlace(
  target: Float64Array,
  start: number,
  length: number,
  rows: Rows,
  coefficients: Float64Array,
  count: number,
): void {
  const { data, stride } = rows;
  let r = 0;
  for (; r + 4 <= count; r += 4) {
    const row0 = r * stride;
    const row1 = row0 + stride;
    const row2 = row1 + stride;
    const row3 = row2 + stride;
    const c0 = coefficients[r]!;
    const c1 = coefficients[r + 1]!;
    const c2 = coefficients[r + 2]!;
    const c3 = coefficients[r + 3]!;
    for (let j = 0; j < length; j++) {
      const sum = c0 * data[row0 + j]! + c1 * data[row1 + j]! + (c2 * data[row2 + j]! + c3 * data[row3 + j]!);
      target[start + j] = target[start + j]! - sum;
    }
  }
  for (; r < count; r++) {
    const c = coefficients[r]!;
    const row = r * stride;
    for (let j = 0; j < length; j++) target[start + j] = target[start + j]! - c * data[row + j]!;
  }
}
