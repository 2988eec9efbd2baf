/** Copies of tensors into the linear memory and back. */

import { contiguous } from '@rankwise/tensor';
import type { FloatDType, Tensor } from '@rankwise/tensor';
import type { Heap } from './heap.ts';
import type { Machine } from './machine.ts';

/** A matrix in the linear memory; strides in bytes. */
export interface HeapMatrix {
  readonly dtype: FloatDType;
  readonly address: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** A view whose memory holds at most this many times its elements is copied with the gaps, in one piece. */
const sparsestCopy = 2;

/** Bytes of a number. */
export function bytesOf(dtype: FloatDType): number {
  return dtype === 'f32' ? 4 : 8;
}

/** The typed view of the memory for a dtype. */
export function viewOf(heap: Heap, dtype: FloatDType): Float32Array | Float64Array {
  return dtype === 'f32' ? heap.f32 : heap.f64;
}

/** Copies a matrix; a transposed view costs no more than another. */
export function uploadMatrix(
  { heap }: Machine,
  allocate: (bytes: number) => number,
  tensor: Tensor<FloatDType>,
): HeapMatrix {
  const dense = spanOf(tensor) <= sparsestCopy * elementsOf(tensor) ? tensor : contiguous(tensor);
  const { dtype, data, offset, strides } = dense;
  const bytes = bytesOf(dtype);
  const low = offset + lowestReach(dense);
  const span = spanOf(dense);
  const start = allocate(span * bytes);
  viewOf(heap, dtype).set(data.subarray(low, low + span), start / bytes);
  const [rowStride = 0, columnStride = 0] = strides;
  return {
    dtype,
    address: start + (offset - low) * bytes,
    rowStride: rowStride * bytes,
    columnStride: columnStride * bytes,
  };
}

/**
 * Copies rows of the memory into a matrix.
 * @param address - of row 0; rows lie `rowLength` elements apart
 * @param out - [rows, columns], any strides
 */
export function downloadRows(
  { heap }: Machine,
  address: number,
  rowLength: number,
  dtype: FloatDType,
  out: Tensor<FloatDType>,
): void {
  const [rows = 0, columns = 0] = out.shape;
  const [rowStride = 0, columnStride = 0] = out.strides;
  const source = viewOf(heap, dtype);
  const first = address / bytesOf(dtype);
  if (columnStride === 1 && rowStride === columns && rowLength === columns) {
    out.data.set(source.subarray(first, first + rows * columns), out.offset);
    return;
  }
  for (let i = 0; i < rows; i++) {
    const from = first + i * rowLength;
    const to = out.offset + i * rowStride;
    if (columnStride === 1) out.data.set(source.subarray(from, from + columns), to);
    else for (let j = 0; j < columns; j++) out.data[to + j * columnStride] = source[from + j]!;
  }
}

/** Copies a vector with zeros behind it, `length` elements in all; zeros alone without one. */
export function uploadVector(
  { heap }: Machine,
  address: number,
  length: number,
  dtype: FloatDType,
  vector: Tensor<FloatDType> | undefined,
): void {
  const first = address / bytesOf(dtype);
  const target = viewOf(heap, dtype).subarray(first, first + length);
  target.fill(0);
  if (vector === undefined) return;
  const [count = 0] = vector.shape;
  const [stride = 0] = vector.strides;
  for (let i = 0; i < count; i++) target[i] = vector.data[vector.offset + i * stride]!;
}

function elementsOf({ shape }: Tensor): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** Elements from the lowest to the highest index that the view touches. */
function spanOf({ shape, strides }: Tensor): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((span, extent, axis) => span + (extent - 1) * Math.abs(strides[axis] ?? 0), 1);
}

/** Index of the lowest element that the view touches, from its offset: zero or negative. */
function lowestReach({ shape, strides }: Tensor): number {
  return shape.reduce((low, extent, axis) => low + Math.min(0, (extent - 1) * (strides[axis] ?? 0)), 0);
}
