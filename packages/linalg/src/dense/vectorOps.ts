/**
 * Dot product and Euclidean norm of contiguous ranges.
 *
 * Sums run in four interleaved partial sums: |computed − exact| ≤ γ_{n/4 + 4} Σ|x_i y_i|, and the processor is not held up
 * by one chain of additions.
 */

import { EPSILON, SAFE_MINIMUM } from './denseMatrix.ts';

/** A sum of squares in [small, large] has lost nothing that matters to underflow, nor overflowed. */
const SMALLEST_SAFE_SQUARE = SAFE_MINIMUM / (EPSILON * EPSILON);

/** Σ x[xStart + i] · y[yStart + i] over i < length. */
export function dot(x: Float64Array, xStart: number, y: Float64Array, yStart: number, length: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    s0 += x[xStart + i]! * y[yStart + i]!;
    s1 += x[xStart + i + 1]! * y[yStart + i + 1]!;
    s2 += x[xStart + i + 2]! * y[yStart + i + 2]!;
    s3 += x[xStart + i + 3]! * y[yStart + i + 3]!;
  }
  for (; i < length; i++) s0 += x[xStart + i]! * y[yStart + i]!;
  return s0 + s1 + (s2 + s3);
}

/** ‖x‖₂ of `length` elements, right for any finite elements whose norm is a double. */
export function norm2(x: Float64Array, start: number, length: number): number {
  const square = dot(x, start, x, start, length);
  if (square >= SMALLEST_SAFE_SQUARE && square < Infinity) return Math.sqrt(square);
  let largest = 0;
  for (let i = start; i < start + length; i++) largest = Math.max(largest, Math.abs(x[i]!));
  if (largest === 0 || !Number.isFinite(largest)) return largest;
  let sum = 0;
  for (let i = start; i < start + length; i++) {
    const ratio = x[i]! / largest;
    sum += ratio * ratio;
  }
  return largest * Math.sqrt(sum);
}
