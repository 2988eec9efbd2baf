/**
 * The solver's step for each element, two at a time in f64. See Kernels.auxiliaryStepInPlace for its equations.
 *
 * ```
 *   item b: rows 64 b … of the chunk, taken four at a time so that the columns' sums are loaded once for four
 *   partial sums of an item: [ nonlinear | relaxed | shift² | z² ] two lanes each, then Σ z [width], then Σ e [width]
 * ```
 *
 * Every operation is the formula's own, rounded once (no relaxed multiply-add), so e has the reference's bits, rounded once more where
 * it is kept in f32; the sums differ from the reference's in order only. Items have sums of their own, added by the caller in order:
 * any split over threads gives the same bits.
 */

import type { FloatDType } from '@rankwise/tensor';
import { f32x4, f64, f64x2, i32, memory, v128 } from '../assembler/instructions.ts';
import type { Expression } from '../assembler/instructions.ts';
import type { FunctionBuilder, Local } from '../assembler/functionBuilder.ts';
import type { ModuleBuilder } from '../assembler/moduleBuilder.ts';
import { advanceBy, at, emitTask, smaller } from './task.ts';
import type { FieldLocals, Task } from './task.ts';

const stepFields = {
  /** [rows, width], f32. */
  target: 'i32',
  /** [rows, width], of the task's dtype; e when done. */
  predicted: 'i32',
  /** [width], f64. */
  offset: 'i32',
  /** One block of partialBytes(width) for each item. */
  partials: 'i32',
  rows: 'i32',
  width: 'i32',
  lambda: 'f64',
} as const;

/** The step for predictions of a dtype; z and e are worked out in f64 in either case. */
export function auxiliaryStepTask(dtype: FloatDType): Task<typeof stepFields> {
  return { name: `auxiliary_step_${dtype}`, fields: stepFields };
}

/** Rows of an item. */
export const rowsOfItem = 64;

/** Numbers before the columns' sums: four sums of two lanes. */
export const scalarPartials = 8;

/** Bytes of an item's partial sums. */
export function partialBytes(width: number): number {
  return 8 * (scalarPartials + 2 * width);
}

/** Bytes of a number. */
const sizes = { f32: 4, f64: 8 } as const;

/** Rows done together. */
const rowsOfGroup = 4;

/** What stays in registers for the whole item. */
interface Registers {
  readonly lambda: Local<'v128'>;
  readonly divisor: Local<'v128'>;
  /** In the order of the partial sums. */
  readonly sums: readonly [Local<'v128'>, Local<'v128'>, Local<'v128'>, Local<'v128'>];
}

/** The places of one column of a group of rows. */
interface Column {
  readonly target: Local<'i32'>;
  readonly predicted: Local<'i32'>;
  readonly offset: Local<'i32'>;
  readonly auxiliarySum: Local<'i32'>;
  readonly shiftSum: Local<'i32'>;
  /** Rows of the group. */
  readonly rows: Local<'i32'>;
}

/** How many columns are done at once, and how they are read and written: a single one leaves zeros in the second lane. */
interface Span {
  readonly columns: 1 | 2;
  readonly f64: Access;
  readonly f32: Access;
}

/** Numbers of a dtype in memory, f64 in registers. */
interface Access {
  load(address: Local<'i32'>): Expression<'v128'>;
  store(address: Local<'i32'>, value: Expression<'v128'>): Expression<'none'>;
}

const pair: Span = {
  columns: 2,
  f64: {
    load: (address) => v128.load(address.get()),
    store: (address, value) => v128.store(address.get(), value),
  },
  f32: {
    load: (address) => f64x2.promote_low_f32x4(v128.load64_zero(address.get())),
    store: (address, value) => v128.store64_lane(address.get(), f32x4.demote_f64x2_zero(value), 0),
  },
};

/** A column of zeros adds zeros to every sum, so the empty lane needs no mask. */
const single: Span = {
  columns: 1,
  f64: {
    load: (address) => v128.load64_zero(address.get()),
    store: (address, value) => v128.store64_lane(address.get(), value, 0),
  },
  f32: {
    load: (address) => f64x2.promote_low_f32x4(v128.load32_zero(address.get())),
    store: (address, value) => v128.store32_lane(address.get(), f32x4.demote_f64x2_zero(value), 0),
  },
};

export function emitAuxiliaryStep(module: ModuleBuilder, dtype: FloatDType): void {
  emitTask(module, auxiliaryStepTask(dtype), (f, fields, range) => {
    const registers: Registers = {
      lambda: f.local('v128'),
      divisor: f.local('v128'),
      sums: [f.local('v128'), f.local('v128'), f.local('v128'), f.local('v128')],
    };
    f.set(registers.lambda, f64x2.splat(fields.lambda.get()));
    f.set(registers.divisor, f64x2.splat(f64.add(fields.lambda.get(), f64.const(1))));
    const item = f.local('i32');
    const partial = f.local('i32');
    const bytes = f.local('i32');
    f.set(bytes, i32.add(i32.const(8 * scalarPartials), i32.mul(fields.width.get(), i32.const(16))));
    f.count(item, range.from.get(), range.to.get(), 1, () => {
      f.set(partial, at(fields.partials, item, bytes));
      f.do(memory.fill(partial.get(), i32.const(0), bytes.get()));
      for (const sum of registers.sums) f.set(sum, zero());
      emitItem(f, dtype, fields, registers, item, partial);
      registers.sums.forEach((sum, index) => f.do(v128.store(partial.get(), sum.get(), 16 * index)));
    });
  });
}

function emitItem(
  f: FunctionBuilder,
  dtype: FloatDType,
  { target, predicted, offset, rows, width }: FieldLocals<typeof stepFields>,
  registers: Registers,
  item: Local<'i32'>,
  partial: Local<'i32'>,
): void {
  const row = f.local('i32');
  const end = f.local('i32');
  const left = f.local('i32');
  const first = f.local('i32');
  const last = f.local('i32');
  const column: Column = {
    target: f.local('i32'),
    predicted: f.local('i32'),
    offset: f.local('i32'),
    auxiliarySum: f.local('i32'),
    shiftSum: f.local('i32'),
    rows: f.local('i32'),
  };
  f.set(first, i32.mul(item.get(), i32.const(rowsOfItem)));
  f.set(end, smaller(i32.add(first.get(), i32.const(rowsOfItem)), rows.get()));
  f.count(row, first.get(), end.get(), rowsOfGroup, () => {
    f.set(column.rows, smaller(i32.sub(end.get(), row.get()), i32.const(rowsOfGroup)));
    f.set(left, i32.mul(row.get(), width.get()));
    f.set(column.target, at(target, left, 4));
    f.set(column.predicted, at(predicted, left, sizes[dtype]));
    f.set(column.offset, offset.get());
    f.set(column.auxiliarySum, i32.add(partial.get(), i32.const(8 * scalarPartials)));
    f.set(column.shiftSum, at(column.auxiliarySum, width, 8));
    f.set(last, at(offset, i32.and(width.get(), i32.const(-2)), 8));
    f.block((exit) => {
      f.loop((again) => {
        f.branch(exit, i32.ge_u(column.offset.get(), last.get()));
        emitColumn(f, dtype, column, width, registers, pair);
        f.branch(again);
      });
    });
    f.if(i32.and(width.get(), i32.const(1)), () => emitColumn(f, dtype, column, width, registers, single));
  });
}

/** One span of columns of a group of rows; then the places of the next. */
function emitColumn(
  f: FunctionBuilder,
  dtype: FloatDType,
  column: Column,
  width: Local<'i32'>,
  registers: Registers,
  span: Span,
): void {
  const offset = f.local('v128');
  const auxiliarySum = f.local('v128');
  const shiftSum = f.local('v128');
  const target = f.local('i32');
  const predicted = f.local('i32');
  const row = f.local('i32');
  const { f64: sums, f32: targets, [dtype]: predictions } = span;
  f.set(offset, sums.load(column.offset));
  f.set(auxiliarySum, sums.load(column.auxiliarySum));
  f.set(shiftSum, sums.load(column.shiftSum));
  f.set(target, column.target.get());
  f.set(predicted, column.predicted.get());
  f.count(row, i32.const(0), column.rows.get(), 1, () => {
    const guess = f64x2.add(predictions.load(predicted), offset.get());
    const { z, shift } = emitElements(f, targets.load(target), guess, registers);
    f.set(auxiliarySum, f64x2.add(auxiliarySum.get(), z.get()));
    f.set(shiftSum, f64x2.add(shiftSum.get(), shift.get()));
    f.do(predictions.store(predicted, shift.get()));
    f.set(target, at(target, width, 4));
    f.set(predicted, at(predicted, width, sizes[dtype]));
  });
  f.do(sums.store(column.auxiliarySum, auxiliarySum.get()));
  f.do(sums.store(column.shiftSum, shiftSum.get()));
  advanceBy(f, column.target, 4 * span.columns);
  advanceBy(f, column.predicted, sizes[dtype] * span.columns);
  for (const place of [column.offset, column.auxiliarySum, column.shiftSum]) advanceBy(f, place, 8 * span.columns);
}

/** z and e of two elements from y and y', their costs added to the sums. */
function emitElements(
  f: FunctionBuilder,
  y: Expression<'v128'>,
  predicted: Expression<'v128'>,
  { lambda, divisor, sums: [nonlinear, relaxed, shiftSquares, auxiliarySquares] }: Registers,
): { readonly z: Local<'v128'>; readonly shift: Local<'v128'> } {
  const { add, sub, mul, div, lt } = f64x2;
  const keep = (value: Expression<'v128'>): Local<'v128'> => {
    const local = f.local('v128');
    f.set(local, value);
    return local;
  };
  const response = keep(positivePart(y));
  const guess = keep(predicted);
  const active = keep(positivePart(guess.get()));
  const z0 = keep(f64x2.pmin(zero(), guess.get()));
  const stationary = div(add(mul(lambda.get(), guess.get()), response.get()), divisor.get());
  const z1 = keep(positivePart(stationary));
  const outer = keep(sub(response.get(), z1.get()));
  const inner = keep(sub(z1.get(), guess.get()));
  const weighted = (x: Local<'v128'>): Expression<'v128'> => mul(mul(lambda.get(), x.get()), x.get());
  const cost0 = keep(add(square(response), weighted(active)));
  const cost1 = keep(add(square(outer), weighted(inner)));
  const z = keep(v128.bitselect(z1.get(), z0.get(), lt(cost1.get(), cost0.get())));
  const shift = keep(sub(z.get(), guess.get()));
  const error = keep(sub(response.get(), active.get()));
  f.set(nonlinear, add(nonlinear.get(), square(error)));
  f.set(relaxed, add(relaxed.get(), f64x2.pmin(cost0.get(), cost1.get())));
  f.set(shiftSquares, add(shiftSquares.get(), square(shift)));
  f.set(auxiliarySquares, add(auxiliarySquares.get(), square(z)));
  return { z, shift };
}

/** max(x, 0), one instruction: 0 < x ? x : 0. */
function positivePart(x: Expression<'v128'>): Expression<'v128'> {
  return f64x2.pmax(zero(), x);
}

function square(x: Local<'v128'>): Expression<'v128'> {
  return f64x2.mul(x.get(), x.get());
}

function zero(): Expression<'v128'> {
  return v128.const(Array<number>(16).fill(0));
}
