/**
 * The body of a WebAssembly function, statement by statement: assignments, stores, loops and branches over typed expressions.
 *
 * Structured control only, as in the format itself: a branch leaves a block or repeats a loop that encloses it.
 */

import type { Expression, ResultType } from './instructions.ts';
import { i32 } from './instructions.ts';
import type { ValueType } from './opcodes.ts';

/** A parameter or local variable. */
export interface Local<T extends ValueType = ValueType> {
  readonly type: T;
  readonly index: number;
  get(): Expression<T>;
  /** Assigns and leaves the value. */
  tee(value: Expression<T>): Expression<T>;
}

/** The target of branches: leaving a block, or repeating a loop. */
export interface Label {
  readonly kind: 'block' | 'loop';
}

export type Statement =
  | { readonly kind: 'do'; readonly expression: Expression }
  | { readonly kind: 'block' | 'loop'; readonly label: Label; readonly body: readonly Statement[] }
  | {
      readonly kind: 'if';
      readonly condition: Expression<'i32'>;
      readonly body: readonly Statement[];
      readonly otherwise: readonly Statement[];
    }
  | { readonly kind: 'branch'; readonly label: Label; readonly condition: Expression<'i32'> | undefined }
  | {
      readonly kind: 'branchTable';
      readonly index: Expression<'i32'>;
      readonly labels: readonly Label[];
      readonly otherwise: Label;
    }
  | { readonly kind: 'return'; readonly value: Expression | undefined }
  | { readonly kind: 'unreachable' };

export interface FunctionBuilder {
  local<T extends ValueType>(type: T): Local<T>;
  set<T extends ValueType>(local: Local<T>, value: Expression<T>): void;
  /** A store or a call without a result. */
  do(expression: Expression<'none'>): void;
  /** The value is computed and dropped. */
  drop(expression: Expression<ValueType>): void;
  block(body: (exit: Label) => void): void;
  loop(body: (again: Label) => void): void;
  if(condition: Expression<'i32'>, then: () => void, otherwise?: () => void): void;
  branch(label: Label, condition?: Expression<'i32'>): void;
  /** Branches to `labels[index]`, or to `otherwise` when there is none. */
  branchTable(index: Expression<'i32'>, labels: readonly Label[], otherwise: Label): void;
  /** Leaves the function, with the value if it has a result. */
  return(value?: Expression<ValueType>): void;
  /** Traps. */
  unreachable(): void;
  /**
   * for (counter = from; counter < to; counter += step) body, unsigned; `to` is evaluated once and `step` on each turn.
   * The counter may be read in the body.
   */
  count(counter: Local<'i32'>, from: Expression<'i32'>, to: Expression<'i32'>, step: number, body: () => void): void;
  /** The value on top is the function's result: the last statement of a function with one. */
  result(expression: Expression<ValueType>): void;
}

export interface FunctionBody {
  readonly locals: readonly ValueType[];
  readonly statements: readonly Statement[];
}

/**
 * Builds a body.
 * @param params - types of the parameters; they are the first locals
 */
export function buildBody<const P extends readonly ValueType[]>(
  params: P,
  write: (builder: FunctionBuilder, ...locals: { -readonly [I in keyof P]: Local<P[I]> }) => void,
): FunctionBody {
  const types: ValueType[] = [];
  const root: Statement[] = [];
  let current = root;
  const within = (body: () => void): readonly Statement[] => {
    const outer = current;
    const inner: Statement[] = [];
    current = inner;
    body();
    current = outer;
    return inner;
  };
  const local = <T extends ValueType>(type: T): Local<T> => {
    types.push(type);
    return localAt(type, types.length - 1);
  };
  const push = (expression: Expression): void => void current.push({ kind: 'do', expression });
  const builder: FunctionBuilder = {
    local,
    set: (target, value) =>
      push({ type: 'none', operation: { kind: 'local.set', index: target.index }, operands: [value] }),
    do: push,
    drop: (expression) => push({ type: 'none', operation: { kind: 'drop' }, operands: [expression] }),
    block: (body) => nest('block', body),
    loop: (body) => nest('loop', body),
    if: (condition, then, otherwise = () => {}) =>
      void current.push({ kind: 'if', condition, body: within(then), otherwise: within(otherwise) }),
    branch: (label, condition) => void current.push({ kind: 'branch', label, condition }),
    branchTable: (index, labels, otherwise) => void current.push({ kind: 'branchTable', index, labels, otherwise }),
    return: (value) => void current.push({ kind: 'return', value }),
    unreachable: () => void current.push({ kind: 'unreachable' }),
    count: (counter, from, to, step, body) => {
      const end = local('i32');
      builder.set(counter, from);
      builder.set(end, to);
      builder.block((exit) => {
        builder.branch(exit, i32.ge_u(counter.get(), end.get()));
        builder.loop((again) => {
          body();
          builder.branch(again, i32.lt_u(counter.tee(i32.add(counter.get(), i32.const(step))), end.get()));
        });
      });
    },
    result: push,
  };
  function nest(kind: 'block' | 'loop', body: (label: Label) => void): void {
    const label: Label = { kind };
    current.push({ kind, label, body: within(() => body(label)) });
  }
  const parameters = params.map((type) => local(type));
  // One local for each parameter, in order and of its type.
  write(builder, ...(parameters as unknown as { -readonly [I in keyof P]: Local<P[I]> }));
  return { locals: types.slice(params.length), statements: root };
}

function localAt<T extends ValueType>(type: T, index: number): Local<T> {
  const expression = <R extends ResultType>(kind: 'local.get' | 'local.tee', result: R, operands: Expression[]) => ({
    type: result,
    operation: { kind, index },
    operands,
  });
  return {
    type,
    index,
    get: () => expression('local.get', type, []),
    tee: (value) => expression('local.tee', type, [value]),
  };
}
