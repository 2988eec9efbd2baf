/**
 * A matrix in the linear memory times a vector, in f64, in the two ways that rows of memory can be walked.
 *
 *   row_dots        out_i ← α Σ_j a_ij x_j + β out_i      four rows share each load of x        an item is a group of four rows
 *   row_sums        out_j ← Σ_i a_ij (α x_i) + β out_j    four rows share each load of out      an item is a group of 128 columns
 *
 * The second is the product with the transpose. Each element of a is used once, so both run at the speed of the cache that it lies in.
 */

import { f64, f64x2, i32, memory, v128 } from '../assembler/instructions.ts';
import type { Expression } from '../assembler/instructions.ts';
import type { FunctionBuilder, Local } from '../assembler/functionBuilder.ts';
import type { ModuleBuilder } from '../assembler/moduleBuilder.ts';
import { zeroVector } from './lanes.ts';
import type { NumberFormat } from './numberFormat.ts';
import { advanceBy, at, emitTask, smaller } from './task.ts';
import type { FieldLocals, Task } from './task.ts';

const matrixFields = {
  /** Row i at a + i · rowBytes. */
  a: 'i32',
  rowBytes: 'i32',
  x: 'i32',
  out: 'i32',
  rows: 'i32',
  columns: 'i32',
  alpha: 'f64',
  /** With 0 the old contents of out are not read. */
  beta: 'f64',
} as const;

type MatrixTask = Task<typeof matrixFields>;

export const rowDotsTask: MatrixTask = { name: 'row_dots', fields: matrixFields };
export const rowSumsTask: MatrixTask = { name: 'row_sums', fields: matrixFields };

/** Rows done together. */
const group = 4;
const bytes = 8;
/** Columns of an item of row_sums: 1 KiB of out, which stays in the first-level cache while the rows pass. */
export const columnsOfItem = 128;
/** Rows of an item of row_dots. */
export const rowsOfItem = group;

export function emitMatrixTimesVector(module: ModuleBuilder, format: NumberFormat): void {
  emitTask(module, rowDotsTask, (f, fields, range) => {
    const row = f.local('i32');
    const end = f.local('i32');
    f.set(row, i32.mul(range.from.get(), i32.const(group)));
    f.set(end, smaller(i32.mul(range.to.get(), i32.const(group)), fields.rows.get()));
    forGroups(f, row, end, (count) => emitRowDots(f, format, fields, row, count));
  });
  emitTask(module, rowSumsTask, (f, fields, range) => {
    const item = f.local('i32');
    f.count(item, range.from.get(), range.to.get(), 1, () => emitRowSums(f, format, fields, item));
  });
}

/** Takes `row` to `end` in steps of four rows, and what is left in steps of one. */
function forGroups(f: FunctionBuilder, row: Local<'i32'>, end: Local<'i32'>, write: (count: number) => void): void {
  for (const count of [group, 1]) {
    f.block((exit) => {
      f.loop((again) => {
        f.branch(exit, i32.gt_s(i32.add(row.get(), i32.const(count)), end.get()));
        write(count);
        advanceBy(f, row, count);
        f.branch(again);
      });
    });
  }
}

/** The dot products of `count` rows with x, two columns at a time. */
function emitRowDots(
  f: FunctionBuilder,
  format: NumberFormat,
  fields: FieldLocals<typeof matrixFields>,
  row: Local<'i32'>,
  count: number,
): void {
  const places = rowPlaces(f, fields, row, count);
  const sums = places.map(() => f.local('v128'));
  const x = f.local('i32');
  const end = f.local('i32');
  const pair = f.local('v128');
  const out = f.local('i32');
  for (const sum of sums) f.set(sum, zeroVector);
  f.set(end, at(fields.x, i32.and(fields.columns.get(), i32.const(-2)), bytes));
  f.count(x, fields.x.get(), end.get(), 2 * bytes, () => {
    f.set(pair, v128.load(x.get()));
    places.forEach((place, r) => {
      const sum = sums[r]!;
      f.set(sum, format.multiplyAdd(v128.load(place.get()), pair.get(), sum.get()));
      advanceBy(f, place, 2 * bytes);
    });
  });
  // A last column adds to the first lanes.
  f.if(i32.and(fields.columns.get(), i32.const(1)), () => {
    places.forEach((place, r) => {
      const sum = sums[r]!;
      f.set(sum, format.multiplyAdd(v128.load64_zero(place.get()), v128.load64_zero(x.get()), sum.get()));
    });
  });
  f.set(out, at(fields.out, row, bytes));
  const total = f.local('f64');
  const { alpha, beta } = fields;
  sums.forEach((sum, r) => {
    f.set(total, f64.add(f64x2.extract_lane(sum.get(), 0), f64x2.extract_lane(sum.get(), 1)));
    f.set(total, f64.mul(alpha.get(), total.get()));
    f.if(f64.ne(beta.get(), f64.const(0)), () => {
      f.set(total, f64.add(total.get(), f64.mul(beta.get(), f64.load(out.get(), bytes * r))));
    });
    f.do(f64.store(out.get(), total.get(), bytes * r));
  });
}

/** A group of columns: all rows times their x, added up. */
function emitRowSums(
  f: FunctionBuilder,
  format: NumberFormat,
  fields: FieldLocals<typeof matrixFields>,
  item: Local<'i32'>,
): void {
  const first = f.local('i32');
  const count = f.local('i32');
  const row = f.local('i32');
  const out = f.local('i32');
  const end = f.local('i32');
  f.set(first, i32.mul(item.get(), i32.const(columnsOfItem)));
  f.set(count, smaller(i32.sub(fields.columns.get(), first.get()), i32.const(columnsOfItem)));
  f.set(out, at(fields.out, first, bytes));
  f.set(end, at(out, count, bytes));
  f.if(f64.eq(fields.beta.get(), f64.const(0)), () => {
    f.do(memory.fill(out.get(), i32.const(0), i32.mul(count.get(), i32.const(bytes))));
  });
  f.if(f64.ne(fields.beta.get(), f64.const(1)), () => {
    f.count(out, out.get(), end.get(), bytes, () => {
      f.do(f64.store(out.get(), f64.mul(fields.beta.get(), f64.load(out.get()))));
    });
  });
  f.set(row, i32.const(0));
  forGroups(f, row, fields.rows, (rows) => {
    const places = rowPlaces(f, fields, row, rows, i32.mul(first.get(), i32.const(bytes)));
    const x = f.local('i32');
    f.set(x, at(fields.x, row, bytes));
    const factors = places.map((_, r) => {
      const factor = f.local('v128');
      f.set(factor, f64x2.splat(f64.mul(fields.alpha.get(), f64.load(x.get(), bytes * r))));
      return factor;
    });
    const start = at(fields.out, first, bytes);
    f.set(end, i32.add(start, i32.mul(i32.and(count.get(), i32.const(-2)), i32.const(bytes))));
    const sums = f.local('v128');
    f.count(out, start, end.get(), 2 * bytes, () => {
      f.set(sums, v128.load(out.get()));
      places.forEach((place, r) => {
        f.set(sums, format.multiplyAdd(v128.load(place.get()), factors[r]!.get(), sums.get()));
        advanceBy(f, place, 2 * bytes);
      });
      f.do(v128.store(out.get(), sums.get()));
    });
    f.if(i32.and(count.get(), i32.const(1)), () => {
      f.set(sums, v128.load64_zero(out.get()));
      places.forEach((place, r) => {
        f.set(sums, format.multiplyAdd(v128.load64_zero(place.get()), factors[r]!.get(), sums.get()));
      });
      f.do(v128.store64_lane(out.get(), sums.get(), 0));
    });
  });
}

function rowPlaces(
  f: FunctionBuilder,
  { a, rowBytes }: FieldLocals<typeof matrixFields>,
  row: Local<'i32'>,
  count: number,
  skipped: Expression<'i32'> = i32.const(0),
): readonly Local<'i32'>[] {
  return Array.from({ length: count }, (_, r) => {
    const place = f.local('i32');
    f.set(place, i32.add(at(a, i32.add(row.get(), i32.const(r)), rowBytes), skipped));
    return place;
  });
}
