/**
 * Dot products of the rows of a matrix with a few vectors: a product too thin to pay for packing.
 *
 *   out[i][j] = Σ_k rows[i][k] · vectors[j][k]         f32, an item is a row
 *
 * Four vectors of four partial sums, added in the order ((0 + 1) + (2 + 3)) lane by lane and then across; what is left behind the last
 * sixteen elements is added one by one.
 */

import { f32, f32x4, i32, v128 } from '../assembler/instructions.ts';
import type { Expression } from '../assembler/instructions.ts';
import type { FunctionBuilder, Local } from '../assembler/functionBuilder.ts';
import type { ModuleBuilder } from '../assembler/moduleBuilder.ts';
import { zeroVector } from './lanes.ts';
import type { NumberFormat } from './numberFormat.ts';
import { advanceBy, at, emitTask } from './task.ts';
import type { Task } from './task.ts';

const dotRowsFields = {
  rows: 'i32',
  vectors: 'i32',
  out: 'i32',
  /** Number of vectors. */
  count: 'i32',
  depth: 'i32',
} as const;

export const dotRowsTask: Task<typeof dotRowsFields> = { name: 'dotRows', fields: dotRowsFields };

/** Vectors of partial sums. */
const parts = 4;
const stepBytes = 16 * parts;

export function emitDotRows(module: ModuleBuilder, format: NumberFormat): void {
  emitTask(module, dotRowsTask, (f, p, range) => {
    const rowBytes = f.local('i32');
    const row = f.local('i32');
    const column = f.local('i32');
    const left = f.local('i32');
    const right = f.local('i32');
    const out = f.local('i32');
    f.set(rowBytes, i32.shl(p.depth.get(), i32.const(2)));
    f.count(row, range.from.get(), range.to.get(), 1, () => {
      f.set(out, at(p.out, i32.mul(row.get(), p.count.get()), 4));
      f.count(column, i32.const(0), p.count.get(), 1, () => {
        f.set(left, at(p.rows, row, rowBytes));
        f.set(right, at(p.vectors, column, rowBytes));
        f.do(f32.store(out.get(), dotProduct(f, format, left, right, rowBytes)));
        advanceBy(f, out, 4);
      });
    });
  });
}

/** The two pointers are moved to the ends of their vectors. */
function dotProduct(
  f: FunctionBuilder,
  format: NumberFormat,
  left: Local<'i32'>,
  right: Local<'i32'>,
  bytes: Local<'i32'>,
): Expression<'f32'> {
  const sums = Array.from({ length: parts }, () => f.local('v128'));
  const end = f.local('i32');
  const whole = f.local('i32');
  for (const sum of sums) f.set(sum, zeroVector);
  f.set(end, i32.add(left.get(), bytes.get()));
  f.set(whole, i32.and(bytes.get(), i32.const(-stepBytes)));
  f.count(f.local('i32'), i32.const(0), whole.get(), stepBytes, () => {
    sums.forEach((sum, part) => {
      const [a, b] = [v128.load(left.get(), 16 * part), v128.load(right.get(), 16 * part)];
      f.set(sum, format.multiplyAdd(a, b, sum.get()));
    });
    advanceBy(f, left, stepBytes);
    advanceBy(f, right, stepBytes);
  });
  // Four sums.
  const [s0, s1, s2, s3] = sums as [Local<'v128'>, Local<'v128'>, Local<'v128'>, Local<'v128'>];
  f.set(s0, f32x4.add(f32x4.add(s0.get(), s1.get()), f32x4.add(s2.get(), s3.get())));
  const total = f.local('f32');
  const lane = (index: number): Expression<'f32'> => f32x4.extract_lane(s0.get(), index);
  f.set(total, f32.add(f32.add(lane(0), lane(1)), f32.add(lane(2), lane(3))));
  f.count(left, left.get(), end.get(), 4, () => {
    f.set(total, f32.add(total.get(), f32.mul(f32.load(left.get()), f32.load(right.get()))));
    advanceBy(f, right, 4);
  });
  return total.get();
}
