/**
 * Products of an f64 matrix with one vector, for a matrix that lies in the linear memory. See emit/matrixTimesVector.ts.
 *
 * Elsewhere, rows pass through a window (thinProduct.ts), and columns are left to the plain loops, which are as fast as copying them
 * would be. A row times a matrix is the transposed matrix times a column.
 */

import { transpose } from '@rankwise/tensor';
import type { MatmulCall } from '@rankwise/tensor';
import { columnsOfItem, rowDotsTask, rowSumsTask, rowsOfItem } from '../emit/matrixTimesVector.ts';
import type { HeapWorkspace } from './workspace.ts';
import type { Machine } from './machine.ts';
import { withScratch } from './machine.ts';
import { storeSums } from './storeSums.ts';

/** Whether the call is a product of an f64 matrix, contiguous along an axis, with one vector. */
export function isVectorProduct(call: MatmulCall): boolean {
  const { a, x } = oriented(call);
  const isDouble = a.dtype === 'f64' && x.dtype === 'f64' && call.out.dtype === 'f64';
  return isDouble && x.shape[1] === 1 && a.strides.includes(1);
}

/** Whether the call is one for multiplyVector; only then is it worth a look at where operands lie. */
export function isResidentVectorProduct(workspace: HeapWorkspace | undefined, call: MatmulCall): boolean {
  return isVectorProduct(call) && workspace?.addressOf(oriented(call).a) !== undefined;
}

export function multiplyVector(machine: Machine, call: MatmulCall): void {
  const { a, x } = oriented(call);
  // isResidentVectorProduct has seen that it is there.
  const address = machine.workspace!.addressOf(a)!;
  const [count = 0, depth = 0] = a.shape;
  const [rowStride = 0, columnStride = 0] = a.strides;
  const alongRows = columnStride === 1;
  withScratch(machine, (allocate) => {
    const [from, to] = [allocate(8 * depth), allocate(8 * count)];
    const { f64 } = machine.heap;
    const [xStride = 0] = x.strides;
    for (let i = 0; i < depth; i++) f64[from / 8 + i] = x.data[x.offset + i * xStride]!;
    const rowBytes = 8 * (alongRows ? rowStride : columnStride);
    const places = { a: address, rowBytes, x: from, out: to };
    const work = (count * depth) / 2;
    if (alongRows) {
      const values = { ...places, rows: count, columns: depth };
      machine.runner.run(rowDotsTask, values, Math.ceil(count / rowsOfItem), work);
    } else {
      const values = { ...places, rows: depth, columns: count };
      machine.runner.run(rowSumsTask, values, Math.ceil(count / columnsOfItem), work);
    }
    storeSums(call, (i, j) => f64[to / 8 + i + j]!);
  });
}

/** The product as matrix times column. */
function oriented({ a, b }: MatmulCall): { readonly a: MatmulCall['a']; readonly x: MatmulCall['b'] } {
  return a.shape[0] === 1 && b.shape[1] !== 1 ? { a: transpose(b), x: transpose(a) } : { a, x: b };
}
