/**
 * Products of an f64 matrix with one vector, for a matrix that lies in the linear memory. See emit/matrixTimesVector.ts.
 *
 * Elsewhere, rows pass through a window (thinProduct.ts), and columns are left to the plain loops, which are as fast as copying them
 * would be. A row times a matrix is the transposed matrix times a column.
 * Reductions make thousands of these calls: a vector that lies there as well is read, and written, where it is.
 */

import type { FloatDType, MatmulCall, Tensor } from '@rankwise/tensor';
import { columnsOfItem, rowDotsTask, rowSumsTask, rowsOfItem } from '../emit/matrixTimesVector.ts';
import type { HeapWorkspace } from './workspace.ts';
import type { Machine } from './machine.ts';
import { withScratch } from './machine.ts';
import { storeSums } from './storeSums.ts';

/** The call as matrix [count, depth] times column; steps and strides in elements. */
interface VectorCall {
  readonly matrix: Tensor<FloatDType>;
  readonly count: number;
  readonly depth: number;
  readonly rowStride: number;
  readonly columnStride: number;
  readonly vector: Tensor<FloatDType>;
  readonly vectorStep: number;
  readonly outStep: number;
}

/** Whether the call is a product of an f64 matrix, contiguous along an axis, with one vector. */
export function isVectorProduct({ a, b, out }: MatmulCall): boolean {
  const isColumn = b.shape[1] === 1;
  if (!isColumn && a.shape[0] !== 1) return false;
  const isDouble = a.dtype === 'f64' && b.dtype === 'f64' && out.dtype === 'f64';
  return isDouble && (isColumn ? a : b).strides.includes(1);
}

/** Whether the call is one for multiplyVector. */
export function isResidentVectorProduct(workspace: HeapWorkspace | undefined, call: MatmulCall): boolean {
  return isVectorProduct(call) && workspace?.addressOf(call.b.shape[1] === 1 ? call.a : call.b) !== undefined;
}

export function multiplyVector(machine: Machine, call: MatmulCall): void {
  const { alpha = 1, beta = 0, activation = 'none', rowBias, out } = call;
  const oriented = orient(call);
  const { vector, vectorStep, outStep, count, depth } = oriented;
  const resident = (tensor: Tensor<FloatDType>, step: number): number | undefined =>
    step === 1 ? machine.workspace?.addressOf(tensor) : undefined;
  const x = resident(vector, vectorStep);
  const isPlain = rowBias === undefined && activation === 'none';
  const to = isPlain ? resident(out, outStep) : undefined;
  if (x !== undefined && to !== undefined) return runTask(machine, oriented, x, to, alpha, beta);
  withScratch(machine, (allocate) => {
    const from = x ?? allocate(8 * depth);
    const { f64 } = machine.heap;
    if (x === undefined) {
      for (let i = 0; i < depth; i++) f64[from / 8 + i] = vector.data[vector.offset + i * vectorStep]!;
    }
    if (to !== undefined) return runTask(machine, oriented, from, to, alpha, beta);
    const sums = allocate(8 * count);
    runTask(machine, oriented, from, sums, 1, 0);
    // A column or a row: one of the two indices is 0.
    storeSums(call, { data: machine.heap.f64, offset: sums / 8, strides: [1, 1] });
  });
}

function orient({ a, b, out }: MatmulCall): VectorCall {
  if (b.shape[1] === 1) {
    const [count = 0, depth = 0] = a.shape;
    const [rowStride = 0, columnStride = 0] = a.strides;
    const steps = { vectorStep: b.strides[0] ?? 0, outStep: out.strides[0] ?? 0 };
    return { matrix: a, count, depth, rowStride, columnStride, vector: b, ...steps };
  }
  const [depth = 0, count = 0] = b.shape;
  const [columnStride = 0, rowStride = 0] = b.strides;
  const steps = { vectorStep: a.strides[1] ?? 0, outStep: out.strides[1] ?? 0 };
  return { matrix: b, count, depth, rowStride, columnStride, vector: a, ...steps };
}

/** x and out are addresses of contiguous vectors. */
function runTask(machine: Machine, call: VectorCall, x: number, out: number, alpha: number, beta: number): void {
  const { matrix, count, depth, rowStride, columnStride } = call;
  // isResidentVectorProduct has seen that it is there.
  const a = machine.workspace!.addressOf(matrix)!;
  const work = (count * depth) / 2;
  if (columnStride === 1) {
    const values = { a, rowBytes: 8 * rowStride, x, out, rows: count, columns: depth, alpha, beta };
    machine.runner.run(rowDotsTask, values, Math.ceil(count / rowsOfItem), work);
  } else {
    const values = { a, rowBytes: 8 * columnStride, x, out, rows: depth, columns: count, alpha, beta };
    machine.runner.run(rowSumsTask, values, Math.ceil(count / columnsOfItem), work);
  }
}
