/**
 * out ← a · x in f64 for a symmetric matrix in the linear memory, of which the lower triangle is read.
 *
 * ```
 *   four rows i … i + 3 at a time          left of the diagonal, two columns j, j + 1 at a time:
 *   ┌────────────┐                           sums of the four rows  += a_rj x_j      (in registers)
 *   │            │                           out_j                  += Σ_r a_rj x_r  (loaded and stored once for four rows)
 *   │ ███████████│◣                        then the 4 × 4 block on the diagonal, element by element
 *   └────────────┘
 * ```
 *
 * Each element is loaded once and used twice: the product runs at the speed of the second-level cache. It is one item, as every
 * row adds to all the elements of out before it.
 */

import { f64, f64x2, i32, v128 } from '../assembler/instructions.ts';
import type { FunctionBuilder, Local } from '../assembler/functionBuilder.ts';
import type { ModuleBuilder } from '../assembler/moduleBuilder.ts';
import { zeroVector } from './lanes.ts';
import type { NumberFormat } from './numberFormat.ts';
import { advanceBy, at, emitTask } from './task.ts';
import type { FieldLocals, Task } from './task.ts';

const symmetricFields = {
  /** Row i at a + i · rowBytes. */
  a: 'i32',
  rowBytes: 'i32',
  x: 'i32',
  out: 'i32',
  extent: 'i32',
} as const;

export const symmetricTimesVectorTask: Task<typeof symmetricFields> = {
  name: 'symmetric_times_vector',
  fields: symmetricFields,
};

/** Rows that share a pass over out. */
const rowsOfGroup = 4;
const bytes = 8;

/** A row of the group: where its next element lies, its x in both lanes, and its sum. */
interface Row {
  readonly place: Local<'i32'>;
  readonly factor: Local<'v128'>;
  readonly sum: Local<'v128'>;
}

export function emitSymmetricTimesVector(module: ModuleBuilder, format: NumberFormat): void {
  emitTask(module, symmetricTimesVectorTask, (f, fields) => {
    const whole = f.local('i32');
    const row = f.local('i32');
    f.set(whole, i32.and(fields.extent.get(), i32.const(-rowsOfGroup)));
    f.count(row, i32.const(0), whole.get(), rowsOfGroup, () => emitGroup(f, format, fields, row, rowsOfGroup));
    f.count(row, whole.get(), fields.extent.get(), 1, () => emitGroup(f, format, fields, row, 1));
  });
}

/** Rows row … row + count − 1, all columns up to the diagonal. */
function emitGroup(
  f: FunctionBuilder,
  format: NumberFormat,
  fields: FieldLocals<typeof symmetricFields>,
  row: Local<'i32'>,
  count: number,
): void {
  const x = f.local('i32');
  const out = f.local('i32');
  const end = f.local('i32');
  f.set(x, at(fields.x, row, bytes));
  const rows = Array.from({ length: count }, (_, r): Row => {
    const one = { place: f.local('i32'), factor: f.local('v128'), sum: f.local('v128') };
    f.set(one.place, at(fields.a, i32.add(row.get(), i32.const(r)), fields.rowBytes));
    f.set(one.factor, f64x2.splat(f64.load(x.get(), bytes * r)));
    f.set(one.sum, zeroVector);
    return one;
  });
  f.set(x, fields.x.get());
  f.set(out, fields.out.get());
  f.set(end, at(fields.out, i32.and(row.get(), i32.const(-2)), bytes));
  f.block((exit) => {
    f.loop((again) => {
      f.branch(exit, i32.ge_u(out.get(), end.get()));
      emitPair(f, format, rows, x, out);
      f.branch(again);
    });
  });
  // A group of four begins at an even row; a single row may have one more column.
  const sums = rows.map(({ sum }) => {
    const total = f.local('f64');
    f.set(total, f64.add(f64x2.extract_lane(sum.get(), 0), f64x2.extract_lane(sum.get(), 1)));
    return total;
  });
  if (count === 1) f.if(i32.and(row.get(), i32.const(1)), () => emitColumn(f, rows[0]!, sums[0]!, x, out));
  emitDiagonalBlock(f, rows, sums, x, out);
}

/** Two columns of all rows. */
function emitPair(
  f: FunctionBuilder,
  format: NumberFormat,
  rows: readonly Row[],
  x: Local<'i32'>,
  out: Local<'i32'>,
): void {
  const columns = f.local('v128');
  const mirrored = f.local('v128');
  const values = f.local('v128');
  f.set(columns, v128.load(x.get()));
  f.set(mirrored, v128.load(out.get()));
  for (const { place, factor, sum } of rows) {
    f.set(values, v128.load(place.get()));
    f.set(sum, format.multiplyAdd(values.get(), columns.get(), sum.get()));
    f.set(mirrored, format.multiplyAdd(values.get(), factor.get(), mirrored.get()));
    advanceBy(f, place, 2 * bytes);
  }
  f.do(v128.store(out.get(), mirrored.get()));
  advanceBy(f, x, 2 * bytes);
  advanceBy(f, out, 2 * bytes);
}

/** The last column before the diagonal of a single row. */
function emitColumn(f: FunctionBuilder, row: Row, sum: Local<'f64'>, x: Local<'i32'>, out: Local<'i32'>): void {
  const value = f.local('f64');
  f.set(value, f64.load(row.place.get()));
  f.set(sum, f64.add(sum.get(), f64.mul(value.get(), f64.load(x.get()))));
  const mirrored = f64.mul(value.get(), f64x2.extract_lane(row.factor.get(), 0));
  f.do(f64.store(out.get(), f64.add(f64.load(out.get()), mirrored)));
  for (const place of [row.place, x, out]) advanceBy(f, place, bytes);
}

/** The block on the diagonal; x and out stand at its first row. Stores the rows' elements of out, which had none before. */
function emitDiagonalBlock(
  f: FunctionBuilder,
  rows: readonly Row[],
  sums: readonly Local<'f64'>[],
  x: Local<'i32'>,
  out: Local<'i32'>,
): void {
  const value = f.local('f64');
  const add = (to: number, index: number): void => {
    // Rows of this block only.
    const sum = sums[to]!;
    f.set(sum, f64.add(sum.get(), f64.mul(value.get(), f64.load(x.get(), bytes * index))));
  };
  rows.forEach(({ place }, r) => {
    for (let c = 0; c <= r; c++) {
      f.set(value, f64.load(place.get(), bytes * c));
      add(r, c);
      if (c < r) add(c, r);
    }
  });
  sums.forEach((sum, r) => f.do(f64.store(out.get(), sum.get(), bytes * r)));
}
