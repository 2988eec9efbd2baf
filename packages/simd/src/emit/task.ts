/**
 * Tasks: the calling convention between TypeScript and the emitted functions.
 *
 *   task(block: i32, from: i32, to: i32, thread: i32)
 *
 * `block` is the address of the task's parameters, one after the other in the order of `fields`, eight bytes each: an address,
 * a count or a stride as i32, or an f64. A call does the items [from, to) of the task. Items are independent of each other and
 * of how they are grouped, so any split over threads gives the same bits. `thread` selects scratch memory.
 */

import { f64, i32, select } from '../assembler/instructions.ts';
import type { Expression } from '../assembler/instructions.ts';
import type { FunctionBuilder, Local } from '../assembler/functionBuilder.ts';
import type { ModuleBuilder } from '../assembler/moduleBuilder.ts';

export type FieldType = 'i32' | 'f64';
export type Fields = Readonly<Record<string, FieldType>>;

/** The name and the parameters of an emitted task. */
export interface Task<F extends Fields = Fields> {
  readonly name: string;
  readonly fields: F;
}

/** Values of a task's parameters. An i32 may be any integer in [−2^31, 2^32). */
export type TaskValues<F extends Fields> = { readonly [K in keyof F]: number };

/** Bytes from one parameter to the next. */
export const fieldBytes = 8;

export type FieldLocals<F extends Fields> = { readonly [K in keyof F]: Local<F[K]> };

export interface TaskRange {
  readonly from: Local<'i32'>;
  readonly to: Local<'i32'>;
  readonly thread: Local<'i32'>;
}

/** Emits a task; its parameters are in locals when `write` begins. */
export function emitTask<const F extends Fields>(
  module: ModuleBuilder,
  task: Task<F>,
  write: (builder: FunctionBuilder, fields: FieldLocals<F>, range: TaskRange) => void,
): void {
  module.func(task.name, ['i32', 'i32', 'i32', 'i32'], [], (builder, block, from, to, thread) => {
    const locals: Record<string, Local> = {};
    Object.entries(task.fields).forEach(([field, type], index) => {
      locals[field] = loadField(builder, block, type, index * fieldBytes);
    });
    // One local of the declared type for each field.
    write(builder, locals as unknown as FieldLocals<F>, { from, to, thread });
  });
}

function loadField(builder: FunctionBuilder, block: Local<'i32'>, type: FieldType, offset: number): Local {
  if (type === 'i32') {
    const local = builder.local('i32');
    builder.set(local, i32.load(block.get(), offset));
    return local;
  }
  const local = builder.local('f64');
  builder.set(local, f64.load(block.get(), offset));
  return local;
}

/** base + index · stride. */
export function at(
  base: Local<'i32'> | Expression<'i32'>,
  index: Local<'i32'> | Expression<'i32'>,
  stride: Local<'i32'> | number,
): Expression<'i32'> {
  const factor = typeof stride === 'number' ? i32.const(stride) : stride.get();
  return i32.add(valueOf(base), i32.mul(valueOf(index), factor));
}

/** The smaller of two numbers that are not negative. */
export function smaller(a: Expression<'i32'>, b: Expression<'i32'>): Expression<'i32'> {
  return select(a, b, i32.lt_u(a, b));
}

/** index · factor. */
export function scaled(index: Local<'i32'>, factor: number): Expression<'i32'> {
  return i32.mul(index.get(), i32.const(factor));
}

/** local ← local + amount. */
export function advanceBy(builder: FunctionBuilder, local: Local<'i32'>, amount: Local<'i32'> | number): void {
  builder.set(local, i32.add(local.get(), typeof amount === 'number' ? i32.const(amount) : amount.get()));
}

function valueOf(value: Local<'i32'> | Expression<'i32'>): Expression<'i32'> {
  return 'get' in value ? value.get() : value;
}
