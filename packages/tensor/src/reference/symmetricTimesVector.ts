/**
 * out ← a · x for a symmetric matrix of which the lower triangle is read: each element below the diagonal is loaded once and
 * used twice, for its own row and, mirrored, for the row of its column. Four rows go together, so that out is loaded and
 * stored once for four. See Kernels.symmetricTimesVector.
 */

import { DomainError, ShapeError } from '../errors.ts';
import type { SymmetricTimesVectorCall } from '../kernels.ts';
import { formatShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** Rows done together. */
const GROUP = 4;

/** Where a call's elements lie, in elements of their arrays. */
interface Places {
  readonly a: Float64Array;
  readonly x: Float64Array;
  readonly xStart: number;
  readonly out: Float64Array;
  readonly outStart: number;
}

export function symmetricTimesVector(call: SymmetricTimesVectorCall): void {
  const n = checkSymmetricTimesVectorCall(call);
  const { a, x, out } = call;
  const places: Places = { a: a.data, x: x.data, xStart: x.offset, out: out.data, outStart: out.offset };
  const [stride = 0] = a.strides;
  let i = 0;
  for (; i + GROUP <= n; i += GROUP) {
    addFourRowsInPlace(places, a.offset + i * stride, stride, i);
    addDiagonalBlockInPlace(places, a.offset + i * stride, stride, i, GROUP);
  }
  for (; i < n; i++) {
    addRowInPlace(places, a.offset + i * stride, i);
    addDiagonalBlockInPlace(places, a.offset + i * stride, stride, i, 1);
  }
}

/**
 * The extent of a product of a symmetric matrix with a vector.
 * @throws ShapeError when the shapes do not fit together, or rows or vectors are not contiguous.
 * @throws DomainError when a tensor is not f64.
 * @example
 * import { checkSymmetricTimesVectorCall, zeros } from '@rankwise/tensor';
 * checkSymmetricTimesVectorCall({ a: zeros('f64', [3, 3]), x: zeros('f64', [3]), out: zeros('f64', [3]) }) // => 3
 */
export function checkSymmetricTimesVectorCall({ a, x, out }: SymmetricTimesVectorCall): number {
  const n = a.shape[0] ?? 0;
  expectTensor('a', a, [n, n]);
  expectTensor('x', x, [n]);
  expectTensor('out', out, [n]);
  return n;
}

function expectTensor(argument: string, tensor: Tensor<'f64'>, shape: readonly number[]): void {
  const caller = 'symmetricTimesVector';
  // Callers without a type checker may pass any tensor.
  const dtype: string = tensor.dtype;
  if (dtype !== 'f64') throw new DomainError(`${caller}: ${argument}: expected dtype f64, got ${dtype}`);
  const fits = tensor.shape.length === shape.length && shape.every((extent, axis) => tensor.shape[axis] === extent);
  if (!fits) {
    throw new ShapeError(`${caller}: ${argument}: expected ${formatShape(shape)}, got ${formatShape(tensor.shape)}`);
  }
  const step = tensor.strides.at(-1);
  if (step !== 1 && (shape[0] ?? 0) > 1) {
    throw new ShapeError(`${caller}: ${argument}: expected contiguous rows, got a step of ${step} between elements`);
  }
}

/** Rows i … i + 3 left of the diagonal: out_j += Σ a_rj x_r for j < i, and out_r ← Σ_{j<i} a_rj x_j. */
function addFourRowsInPlace({ a, x, xStart, out, outStart }: Places, row0: number, stride: number, i: number): void {
  const row1 = row0 + stride;
  const row2 = row1 + stride;
  const row3 = row2 + stride;
  const x0 = x[xStart + i]!;
  const x1 = x[xStart + i + 1]!;
  const x2 = x[xStart + i + 2]!;
  const x3 = x[xStart + i + 3]!;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let j = 0; j < i; j++) {
    const a0 = a[row0 + j]!;
    const a1 = a[row1 + j]!;
    const a2 = a[row2 + j]!;
    const a3 = a[row3 + j]!;
    const xj = x[xStart + j]!;
    s0 += a0 * xj;
    s1 += a1 * xj;
    s2 += a2 * xj;
    s3 += a3 * xj;
    out[outStart + j] = out[outStart + j]! + (a0 * x0 + a1 * x1 + (a2 * x2 + a3 * x3));
  }
  out[outStart + i] = s0;
  out[outStart + i + 1] = s1;
  out[outStart + i + 2] = s2;
  out[outStart + i + 3] = s3;
}

/** As addFourRowsInPlace, for row i alone. */
function addRowInPlace({ a, x, xStart, out, outStart }: Places, row: number, i: number): void {
  const xi = x[xStart + i]!;
  let sum = 0;
  for (let j = 0; j < i; j++) {
    const value = a[row + j]!;
    sum += value * x[xStart + j]!;
    out[outStart + j] = out[outStart + j]! + value * xi;
  }
  out[outStart + i] = sum;
}

/** The count × count block on the diagonal that begins in row i. */
function addDiagonalBlockInPlace(
  { a, x, xStart, out, outStart }: Places,
  row: number,
  stride: number,
  i: number,
  count: number,
): void {
  for (let r = 0; r < count; r++) {
    const at = row + r * stride + i;
    const diagonal = a[at + r]! * x[xStart + i + r]!;
    out[outStart + i + r] = out[outStart + i + r]! + diagonal;
    for (let c = 0; c < r; c++) {
      const value = a[at + c]!;
      out[outStart + i + r] = out[outStart + i + r]! + value * x[xStart + i + c]!;
      out[outStart + i + c] = out[outStart + i + c]! + value * x[xStart + i + r]!;
    }
  }
}
