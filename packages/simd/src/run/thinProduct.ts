/**
 * Products with few columns: each element of the matrix is used so seldom that packing it would cost more than the product.
 *
 * Rows pass through a window of the linear memory that stays in the second-level cache. See emit/dotRows.ts.
 */

import { transpose } from '@rankwise/tensor';
import type { MatmulCall } from '@rankwise/tensor';
import { dotRowsTask } from '../emit/dotRows.ts';
import type { Machine } from './machine.ts';
import { withScratch } from './machine.ts';
import { storeSums } from './storeSums.ts';
import { bytesOf, copyRows, viewOf } from './transfer.ts';
import { windowBytes } from './window.ts';

/** Columns of a thin product. With more, packing pays. */
const mostColumns = 8;

/** Whether there are few columns, `a` can be read along its rows, and nothing changes its precision. */
export function isThin({ a, b, out }: MatmulCall): boolean {
  const [, depth = 0] = a.shape;
  const isSame = a.dtype === b.dtype && b.dtype === out.dtype;
  return isSame && (b.shape[1] ?? 0) <= mostColumns && a.strides[1] === 1 && depth > 0;
}

export function multiplyThin(machine: Machine, call: MatmulCall): void {
  const { heap, runner } = machine;
  const { a, b } = call;
  const { dtype } = a;
  const [m = 0, depth = 0] = a.shape;
  const [rowStride = 0] = a.strides;
  const n = b.shape[1] ?? 0;
  const bytes = bytesOf(dtype);
  const sums = dtype === 'f32' ? new Float32Array(m * n) : new Float64Array(m * n);
  const atOnce = Math.min(m, runner.threads * Math.ceil(windowBytes / (bytes * depth)));
  withScratch(machine, (allocate) => {
    const rows = allocate(atOnce * depth * bytes);
    const vectors = allocate(n * depth * bytes);
    const out = allocate(atOnce * n * bytes);
    const data = viewOf(heap, dtype);
    const dense = [depth, 1];
    copyRows(n, depth, { data, offset: vectors / bytes, strides: dense }, transpose(b));
    for (let from = 0; from < m; from += atOnce) {
      const count = Math.min(atOnce, m - from);
      const source = { ...a, offset: a.offset + from * rowStride };
      copyRows(count, depth, { data, offset: rows / bytes, strides: dense }, source);
      const work = (count * n * depth * bytes) / 16;
      runner.run(dotRowsTask(dtype), { rows, vectors, out, count: n, depth }, count, work);
      sums.set(data.subarray(out / bytes, out / bytes + count * n), from * n);
    }
  });
  storeSums(call, { data: sums, offset: 0, strides: [n, 1] });
}
