/**
 * Typed instructions as expression trees: `i32.add(i32.const(1), x.get())`.
 *
 * The constructors are made from the opcode table, and so are their types: a wrong operand is a TypeScript error. An expression is
 * encoded operands first, which is WebAssembly's stack order.
 */

import { opcodes } from './opcodes.ts';
import type { ImmediateKind, Opcode, OpcodeName, ValueType } from './opcodes.ts';

/** What an instruction leaves on the stack. */
export type ResultType = ValueType | 'none';

export interface Expression<T extends ResultType = ResultType> {
  readonly type: T;
  readonly operation: Operation;
  readonly operands: readonly Expression[];
}

/** An instruction without its operands. */
export type Operation =
  | { readonly kind: 'plain'; readonly name: OpcodeName; readonly immediate: Immediate }
  | { readonly kind: 'local.get' | 'local.set' | 'local.tee'; readonly index: number }
  | { readonly kind: 'drop' | 'select' }
  | { readonly kind: 'call'; readonly callee: Callee }
  | { readonly kind: 'call_indirect'; readonly signature: Signature };

export interface Signature {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** A function of the module, defined or imported; its index is known once the module is built. */
export interface Callee extends Signature {
  readonly name: string;
}

export type Immediate =
  | undefined
  | number
  | bigint
  | readonly number[]
  | { readonly align: number; readonly offset: number; readonly lane?: number };

type Operands<T extends readonly ValueType[]> = { -readonly [I in keyof T]: Expression<T[I]> };

type ImmediateArguments<K extends ImmediateKind> = K extends 'none' | 'memoryIndex' | 'memoryPair' | 'fence'
  ? []
  : K extends 'memory'
    ? [offset?: number]
    : K extends 'memoryLane'
      ? [lane: number, offset?: number]
      : K extends 'i64'
        ? [value: bigint]
        : K extends 'lanes' | 'v128'
          ? [bytes: readonly number[]]
          : [value: number];

/** Operands first, then the immediate: `v128.load(address, 16)`, `i8x16.shuffle(a, b, lanes)`. */
type Constructor<O> =
  O extends Opcode<infer T, infer G, infer K>
    ? (...args: [...Operands<T>, ...ImmediateArguments<K>]) => Expression<G>
    : never;

type Namespace = OpcodeName extends infer N ? (N extends `${infer P}.${string}` ? P : never) : never;

type Instructions = {
  readonly [P in Namespace]: {
    readonly [N in OpcodeName as N extends `${P}.${infer S}` ? S : never]: Constructor<(typeof opcodes)[N]>;
  };
};

/** All constructors by namespace. */
export const { i32, i64, f32, f64, v128, i8x16, i16x8, i32x4, i64x2, f32x4, f64x2, memory, atomic } =
  makeConstructors();

function makeConstructors(): Instructions {
  const spaces: Record<string, Record<string, unknown>> = {};
  for (const [name, opcode] of Object.entries(opcodes)) {
    const dot = name.indexOf('.');
    const space = (spaces[name.slice(0, dot)] ??= {});
    // The keys of Object.entries are widened to string; they are the table's.
    space[name.slice(dot + 1)] = constructorOf(name as OpcodeName, opcode);
  }
  // Built row by row from the table that the type is derived from.
  return spaces as unknown as Instructions;
}

function constructorOf(name: OpcodeName, { takes, gives, immediate, width }: Opcode) {
  const arity = takes.length;
  return (...args: readonly unknown[]): Expression => ({
    type: gives,
    // The typed signature above admits expressions first and immediates behind them.
    operands: args.slice(0, arity) as Expression[],
    operation: { kind: 'plain', name, immediate: immediateOf(immediate, width, args.slice(arity)) },
  });
}

function immediateOf(kind: ImmediateKind, width: number, args: readonly unknown[]): Immediate {
  if (kind === 'memory') return { align: width, offset: (args[0] as number | undefined) ?? 0 };
  if (kind === 'memoryLane')
    return { align: width, offset: (args[1] as number | undefined) ?? 0, lane: args[0] as number };
  return args[0] as Immediate;
}

/**
 * Calls a function of the module.
 * @param type - of its result, or 'none'
 * @example
 * import { call, f64, moduleBuilder } from '@rankwise/simd';
 * const module = moduleBuilder({ initial: 0, maximum: 0, shared: false });
 * const square = module.func('square', ['f64'], ['f64'], (f, x) => f.result(f64.mul(x.get(), x.get())));
 * module.func('fourth', ['f64'], ['f64'], (f, x) => f.result(call(square, 'f64', call(square, 'f64', x.get()))));
 * const memory = new WebAssembly.Memory({ initial: 0, maximum: 0 });
 * const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env: { memory } });
 * (exports['fourth'] as (x: number) => number)(3) // => 81
 */
export function call<T extends ResultType>(callee: Callee, type: T, ...operands: Expression[]): Expression<T> {
  return { type, operation: { kind: 'call', callee }, operands };
}

/**
 * Calls the function at `index` of the table.
 * @param signature - of that function; another one traps
 * @example
 * import { callIndirect, f64, moduleBuilder } from '@rankwise/simd';
 * const module = moduleBuilder({ initial: 0, maximum: 0, shared: false });
 * const square = module.func('square', ['f64'], ['f64'], (f, x) => f.result(f64.mul(x.get(), x.get())));
 * const root = module.func('root', ['f64'], ['f64'], (f, x) => f.result(f64.sqrt(x.get())));
 * module.table([square, root]);
 * module.func('apply', ['i32', 'f64'], ['f64'], (f, which, x) =>
 *   f.result(callIndirect(square, 'f64', which.get(), x.get())),
 * );
 * const memory = new WebAssembly.Memory({ initial: 0, maximum: 0 });
 * const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env: { memory } });
 * const apply = exports['apply'] as (which: number, x: number) => number;
 * [apply(0, 9), apply(1, 9)] // => [81, 3]
 */
export function callIndirect<T extends ResultType>(
  signature: Signature,
  type: T,
  index: Expression<'i32'>,
  ...operands: Expression[]
): Expression<T> {
  return { type, operation: { kind: 'call_indirect', signature }, operands: [...operands, index] };
}

/**
 * `whenTrue` if the condition is not zero, else `whenFalse`; both are evaluated.
 * @example
 * import { i32, moduleBuilder, select } from '@rankwise/simd';
 * const module = moduleBuilder({ initial: 0, maximum: 0, shared: false });
 * module.func('larger', ['i32', 'i32'], ['i32'], (f, x, y) =>
 *   f.result(select(x.get(), y.get(), i32.gt_s(x.get(), y.get()))),
 * );
 * const memory = new WebAssembly.Memory({ initial: 0, maximum: 0 });
 * const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env: { memory } });
 * (exports['larger'] as (x: number, y: number) => number)(-2, 5) // => 5
 */
export function select<T extends ValueType>(
  whenTrue: Expression<T>,
  whenFalse: Expression<T>,
  condition: Expression<'i32'>,
): Expression<T> {
  return { type: whenTrue.type, operation: { kind: 'select' }, operands: [whenTrue, whenFalse, condition] };
}
