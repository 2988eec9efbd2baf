/**
 * Dot products of the rows of a matrix with a few vectors: a product too thin to pay for packing.
 *
 *   out[i][j] = Σ_k rows[i][k] · vectors[j][k]         f32 or f64, an item is a row
 *
 * Four vectors of partial sums, added in the order ((0 + 1) + (2 + 3)) lane by lane and then across; what is left behind the last
 * four whole vectors is added one by one.
 */

import { f32, f32x4, f64, f64x2, i32, v128 } from '../assembler/instructions.ts';
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

export function dotRowsTask(dtype: 'f32' | 'f64'): Task<typeof dotRowsFields> {
  return { name: `dotRows_${dtype}`, fields: dotRowsFields };
}

/** Vectors of partial sums. */
const parts = 4;
const stepBytes = 16 * parts;

export function emitDotRows(module: ModuleBuilder, format: NumberFormat): void {
  emitTask(module, dotRowsTask(format.dtype), (f, p, range) => {
    const rowBytes = f.local('i32');
    const row = f.local('i32');
    const column = f.local('i32');
    const left = f.local('i32');
    const right = f.local('i32');
    const end = f.local('i32');
    const out = f.local('i32');
    const emitRest = format.dtype === 'f32' ? restOf(f, single) : restOf(f, double);
    f.set(rowBytes, i32.mul(p.depth.get(), i32.const(format.bytes)));
    f.count(row, range.from.get(), range.to.get(), 1, () => {
      f.set(out, at(p.out, i32.mul(row.get(), p.count.get()), format.bytes));
      f.count(column, i32.const(0), p.count.get(), 1, () => {
        f.set(left, at(p.rows, row, rowBytes));
        f.set(right, at(p.vectors, column, rowBytes));
        f.set(end, i32.add(left.get(), rowBytes.get()));
        const sum = emitWhole(f, format, left, right, rowBytes);
        emitRest(sum, { left, right, end, out });
        advanceBy(f, out, format.bytes);
      });
    });
  });
}

/** The sums of the steps, lane by lane. The two pointers are moved to what is left. */
function emitWhole(
  f: FunctionBuilder,
  format: NumberFormat,
  left: Local<'i32'>,
  right: Local<'i32'>,
  bytes: Local<'i32'>,
): Local<'v128'> {
  const sums = Array.from({ length: parts }, () => f.local('v128'));
  const whole = f.local('i32');
  for (const sum of sums) f.set(sum, zeroVector);
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
  f.set(s0, format.add(format.add(s0.get(), s1.get()), format.add(s2.get(), s3.get())));
  return s0;
}

/** What is left of a row and a vector, and where their product goes. */
interface Rest {
  readonly left: Local<'i32'>;
  /** Of `left`. */
  readonly end: Local<'i32'>;
  readonly right: Local<'i32'>;
  readonly out: Local<'i32'>;
}

/** The scalar instructions of a format. */
interface Scalars<T extends 'f32' | 'f64'> {
  readonly type: T;
  readonly bytes: number;
  add(a: Expression<T>, b: Expression<T>): Expression<T>;
  mul(a: Expression<T>, b: Expression<T>): Expression<T>;
  load(address: Expression<'i32'>): Expression<T>;
  store(address: Expression<'i32'>, value: Expression<T>): Expression<'none'>;
  /** The sum of the lanes. */
  across(vector: Local<'v128'>): Expression<T>;
}

const single: Scalars<'f32'> = {
  type: 'f32',
  bytes: 4,
  add: f32.add,
  mul: f32.mul,
  load: (address) => f32.load(address),
  store: (address, value) => f32.store(address, value),
  across: (vector) => {
    const lane = (index: number): Expression<'f32'> => f32x4.extract_lane(vector.get(), index);
    return f32.add(f32.add(lane(0), lane(1)), f32.add(lane(2), lane(3)));
  },
};

const double: Scalars<'f64'> = {
  type: 'f64',
  bytes: 8,
  add: f64.add,
  mul: f64.mul,
  load: (address) => f64.load(address),
  store: (address, value) => f64.store(address, value),
  across: (vector) => f64.add(f64x2.extract_lane(vector.get(), 0), f64x2.extract_lane(vector.get(), 1)),
};

/** Emits the end of a dot product: the lanes of the sum, and the elements left, one by one. */
function restOf<T extends 'f32' | 'f64'>(f: FunctionBuilder, scalars: Scalars<T>) {
  const { type, bytes, add, mul, load, store, across } = scalars;
  const total = f.local(type);
  return (sum: Local<'v128'>, { left, right, end, out }: Rest): void => {
    f.set(total, across(sum));
    f.count(left, left.get(), end.get(), bytes, () => {
      f.set(total, add(total.get(), mul(load(left.get()), load(right.get()))));
      advanceBy(f, right, bytes);
    });
    f.do(store(out.get(), total.get()));
  };
}
