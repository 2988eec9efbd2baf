/**
 * Products with few columns: each element of the matrix is used so seldom that packing it would cost more than the product.
 *
 * Rows pass through a window of the linear memory that stays in the second-level cache. See emit/dotRows.ts.
 */

import { contiguous, transpose } from '@rankwise/tensor';
import type { MatmulCall, Tensor } from '@rankwise/tensor';
import { dotRowsTask } from '../emit/dotRows.ts';
import type { Machine } from './machine.ts';
import { withScratch } from './machine.ts';
import { storeSums } from './storeSums.ts';

/** Columns of a thin product. With more, packing pays. */
const mostColumns = 8;
/** Bytes of the rows in a window, for each thread. */
const windowBytes = 2 ** 18;

/** Whether there are few columns, and `a` can be read along its rows, in f32. */
export function isThin({ a, b, out }: MatmulCall): boolean {
  const [, depth = 0] = a.shape;
  const single = a.dtype === 'f32' && b.dtype === 'f32' && out.dtype === 'f32';
  return single && (b.shape[1] ?? 0) <= mostColumns && a.strides[1] === 1 && depth > 0;
}

export function multiplyThin(machine: Machine, call: MatmulCall): void {
  const { heap, runner } = machine;
  const [m = 0, depth = 0] = call.a.shape;
  const [rowStride = 0] = call.a.strides;
  const n = call.b.shape[1] ?? 0;
  const data = call.a.data;
  const sums = new Float32Array(m * n);
  const atOnce = Math.min(m, runner.threads * Math.ceil(windowBytes / (4 * depth)));
  withScratch(machine, (allocate) => {
    const [rows, vectors, out] = [allocate(atOnce * depth * 4), allocate(n * depth * 4), allocate(atOnce * n * 4)];
    const { f32 } = heap;
    // isThin has seen that it is f32.
    const columns = contiguous(transpose(call.b) as Tensor<'f32'>);
    f32.set(columns.data.subarray(columns.offset, columns.offset + n * depth), vectors / 4);
    for (let from = 0; from < m; from += atOnce) {
      const count = Math.min(atOnce, m - from);
      const start = call.a.offset + from * rowStride;
      if (rowStride === depth) f32.set(data.subarray(start, start + count * depth), rows / 4);
      else {
        for (let i = 0; i < count; i++) {
          const row = start + i * rowStride;
          f32.set(data.subarray(row, row + depth), rows / 4 + i * depth);
        }
      }
      runner.run(dotRowsTask, { rows, vectors, out, count: n, depth }, count, (count * n * depth) / 4);
      sums.set(f32.subarray(out / 4, out / 4 + count * n), from * n);
    }
  });
  storeSums(call, (i, j) => sums[i * n + j]!);
}
