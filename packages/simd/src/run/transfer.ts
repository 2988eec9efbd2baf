/** Copies of tensors into the linear memory and back. */

import { transpose } from '@rankwise/tensor';
import type { FloatDType, Tensor } from '@rankwise/tensor';
import type { Heap } from './heap.ts';
import type { Allocate, Machine } from './machine.ts';

/** A matrix in the linear memory; strides in bytes. */
export interface HeapMatrix {
  readonly dtype: FloatDType;
  /** The block that was filled, which may hold more than the matrix: its address and its number of elements. */
  readonly start: number;
  readonly count: number;
  /** Of element (0, 0). */
  readonly address: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/**
 * Costs, in elements that one long TypedArray.set copies in the time (0.65 ns each, measured): what a call of set with its subarray
 * takes before the first (85 ns), and an element in a loop (4 ns).
 */
const setCost = 128;
const loopCost = 6;
/** A view with more elements than this in its gaps is copied without them, whatever it costs: 8 MiB of f64. */
const mostGaps = 2 ** 20;

/** Bytes of a number. */
export function bytesOf(dtype: FloatDType): number {
  return dtype === 'f32' ? 4 : 8;
}

/** The typed view of the memory for a dtype. */
export function viewOf(heap: Heap, dtype: FloatDType): Float32Array | Float64Array {
  return dtype === 'f32' ? heap.f32 : heap.f64;
}

/** A matrix that lies in the linear memory already, with strides of either sign. */
export function residentMatrix({ workspace }: Machine, tensor: Tensor<FloatDType>): HeapMatrix | undefined {
  const address = workspace?.addressOf(tensor);
  if (address === undefined) return undefined;
  const { dtype, strides } = tensor;
  const bytes = bytesOf(dtype);
  const [rowStride = 0, columnStride = 0] = strides;
  const start = address + lowestReach(tensor) * bytes;
  return {
    dtype,
    start,
    count: spanOf(tensor),
    address,
    rowStride: rowStride * bytes,
    columnStride: columnStride * bytes,
  };
}

/** Copies a matrix, in one piece with its gaps or line by line; a transposed view costs no more than another. */
export function uploadMatrix(machine: Machine, allocate: Allocate, tensor: Tensor<FloatDType>): HeapMatrix {
  const [rowStride = 0, columnStride = 0] = tensor.strides;
  const turned = Math.abs(rowStride) < Math.abs(columnStride);
  const lines = turned ? transpose(tensor) : tensor;
  const [count = 0, length = 0] = lines.shape;
  const isDense = lines.strides[1] === 1;
  const span = spanOf(tensor);
  const atOnce = span <= count * lineCost(length, isDense) && span - count * length <= mostGaps;
  if (atOnce) return uploadSpan(machine, allocate, tensor);
  const copy = uploadLines(machine, allocate, lines);
  return turned ? { ...copy, rowStride: copy.columnStride, columnStride: copy.rowStride } : copy;
}

function lineCost(length: number, isDense: boolean): number {
  return isDense && setPays(length) ? length + setCost : length * loopCost;
}

/** Whether set copies a line faster than a loop. */
function setPays(length: number): boolean {
  return length + setCost < length * loopCost;
}

/** Copies the memory under a view in one piece. */
function uploadSpan({ heap }: Machine, allocate: Allocate, tensor: Tensor<FloatDType>): HeapMatrix {
  const { dtype, data, offset, strides } = tensor;
  const bytes = bytesOf(dtype);
  const low = offset + lowestReach(tensor);
  const count = spanOf(tensor);
  const start = allocate(count * bytes);
  viewOf(heap, dtype).set(data.subarray(low, low + count), start / bytes);
  const [rowStride = 0, columnStride = 0] = strides;
  return {
    dtype,
    start,
    count,
    address: start + (offset - low) * bytes,
    rowStride: rowStride * bytes,
    columnStride: columnStride * bytes,
  };
}

/** Copies a view row by row, without its gaps. */
function uploadLines({ heap }: Machine, allocate: Allocate, tensor: Tensor<FloatDType>): HeapMatrix {
  const { dtype, data, offset, strides } = tensor;
  const [rows = 0, columns = 0] = tensor.shape;
  const bytes = bytesOf(dtype);
  const count = rows * columns;
  const address = allocate(count * bytes);
  const target = { data: viewOf(heap, dtype), offset: address / bytes, strides: [columns, 1] };
  copyRows(rows, columns, target, { data, offset, strides });
  return { dtype, start: address, count, address, rowStride: columns * bytes, columnStride: bytes };
}

/** Changes the sign of every element of an uploaded matrix, exactly. */
export function negateInPlace({ heap }: Machine, { dtype, start, count }: HeapMatrix): void {
  const first = start / bytesOf(dtype);
  const view = viewOf(heap, dtype);
  for (let i = first; i < first + count; i++) view[i] = -view[i]!;
}

/** Elements (i, j) at data[offset + i · strides[0] + j · strides[1]]. */
export interface Rows {
  readonly data: Tensor<FloatDType>['data'];
  readonly offset: number;
  readonly strides: readonly number[];
}

/** Copies [rows, columns] elements between places that do not overlap. */
export function copyRows(rows: number, columns: number, target: Rows, source: Rows): void {
  const [toRow = 0, toColumn = 0] = target.strides;
  const [fromRow = 0, fromColumn = 0] = source.strides;
  const [to, from] = [target.data, source.data];
  const isDense = toColumn === 1 && fromColumn === 1;
  if (isDense && toRow === columns && fromRow === columns) {
    to.set(from.subarray(source.offset, source.offset + rows * columns), target.offset);
    return;
  }
  for (let i = 0; i < rows; i++) {
    const [start, origin] = [target.offset + i * toRow, source.offset + i * fromRow];
    if (isDense && setPays(columns)) to.set(from.subarray(origin, origin + columns), start);
    else for (let j = 0; j < columns; j++) to[start + j * toColumn] = from[origin + j * fromColumn]!;
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

/** Elements from the lowest to the highest index that the view touches. */
function spanOf({ shape, strides }: Tensor): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((span, extent, axis) => span + (extent - 1) * Math.abs(strides[axis] ?? 0), 1);
}

/** Index of the lowest element that the view touches, from its offset: zero or negative. */
function lowestReach({ shape, strides }: Tensor): number {
  return shape.reduce((low, extent, axis) => low + Math.min(0, (extent - 1) * (strides[axis] ?? 0)), 0);
}
