/** Random well-typed modules, for the agreement of encoder, validator and engine. */

import { callIndirect, call, moduleBuilder, select } from '@rankwise/simd';
import type { Callee, Expression, FunctionBuilder, Label, Local, ValueType } from '@rankwise/simd';
import type { Random } from '@rankwise/tensor';
import { opcodes } from '../../../../packages/simd/src/assembler/opcodes.ts';
import type { Opcode } from '../../../../packages/simd/src/assembler/opcodes.ts';
import { constructorOf, immediatesOf } from './execute.ts';

const types: readonly ValueType[] = ['i32', 'i64', 'f32', 'f64', 'v128'];
const rows = Object.entries<Opcode>(opcodes);

interface Scope {
  readonly random: Random;
  readonly f: FunctionBuilder;
  readonly locals: readonly Local[];
  readonly callees: readonly Callee[];
  readonly labels: readonly Label[];
  readonly result: ValueType | undefined;
}

/** @param relaxed - whether relaxed instructions may occur */
export function randomModule(random: Random, relaxed: boolean): Uint8Array<ArrayBuffer> {
  const module = moduleBuilder({ initial: 1, maximum: 2, shared: true });
  const callees: Callee[] = [];
  for (let i = 0; i <= random.integer(4); i++) {
    const params = Array.from({ length: random.integer(4) }, () => pick(random, types));
    const result = random.integer(3) === 0 ? undefined : pick(random, types);
    callees.push(
      module.func(`f${i}`, params, result === undefined ? [] : [result], (f, ...parameters) => {
        const more = Array.from({ length: random.integer(4) }, () => f.local(pick(random, types)));
        const locals = [...parameters, ...more];
        const scope: Scope = { random, f, locals, callees: callees.slice(), labels: [], result };
        statements(scope, relaxed, 3);
        if (result !== undefined) f.result(value(scope, result, relaxed, 3));
      }),
    );
  }
  module.table(callees);
  return module.encode();
}

function pick<T>(random: Random, list: readonly T[]): T {
  // No list here is empty.
  return list[random.integer(list.length)] as T;
}

function statements(scope: Scope, relaxed: boolean, depth: number): void {
  for (let i = scope.random.integer(5); i > 0; i--) statement(scope, relaxed, depth);
}

function statement(scope: Scope, relaxed: boolean, depth: number): void {
  const { f, random, labels, result } = scope;
  const condition = (): Expression<'i32'> => value(scope, 'i32', relaxed, 1);
  const within = (label: Label): void => statements({ ...scope, labels: [...labels, label] }, relaxed, depth - 1);
  const local = scope.locals.length > 0 ? pick(random, scope.locals) : undefined;
  const kind = random.integer(depth > 0 ? 10 : 6);
  if (kind === 0 && labels.length > 0) f.branch(pick(random, labels), condition());
  else if (kind === 1 && labels.length > 0) f.branchTable(condition(), labels, pick(random, labels));
  else if (kind === 2 && random.integer(3) === 0)
    f.return(result === undefined ? undefined : value(scope, result, relaxed, 2));
  else if (kind === 3 && random.integer(8) === 0) f.unreachable();
  else if (kind === 4 && local !== undefined) f.set(local, value(scope, local.type, relaxed, 3));
  else if (kind <= 5) {
    const [name, opcode] = pick(
      random,
      rows.filter(([, { gives }]) => gives === 'none'),
    );
    f.do(instruction(scope, name, opcode, relaxed, 2) as Expression<'none'>);
  } else if (kind === 6) f.block(within);
  else if (kind === 7) f.loop(within);
  else if (kind === 8) f.if(condition(), () => statements(scope, relaxed, depth - 1));
  else
    f.if(
      condition(),
      () => statements(scope, relaxed, depth - 1),
      () => statements(scope, relaxed, depth - 1),
    );
}

function value<T extends ValueType>(scope: Scope, type: T, relaxed: boolean, depth: number): Expression<T> {
  const { random } = scope;
  // Filtered by type; the type checker cannot follow that.
  const of = <X extends { readonly type: unknown }>(list: readonly X[]): readonly X[] =>
    list.filter((x) => x.type === type);
  const local = of(scope.locals)[0];
  const kind = random.integer(10);
  if (local !== undefined && (depth === 0 || kind === 0)) return local.get() as Expression<T>;
  if (local !== undefined && kind === 1) return local.tee(value(scope, type, relaxed, depth - 1)) as Expression<T>;
  if (depth > 0 && kind === 2)
    return select(
      value(scope, type, relaxed, depth - 1),
      value(scope, type, relaxed, depth - 1),
      value(scope, 'i32', relaxed, depth - 1),
    );
  const callee = scope.callees.find(({ results }) => results[0] === type);
  if (depth > 0 && kind <= 4 && callee !== undefined) {
    const operands = callee.params.map((param) => value(scope, param, relaxed, depth - 1));
    if (kind === 3) return call(callee, type, ...operands);
    return callIndirect(callee, type, value(scope, 'i32', relaxed, depth - 1), ...operands);
  }
  const fitting = rows.filter(
    ([, { gives, takes, feature }]) =>
      gives === type && (depth > 0 || takes.length === 0) && (relaxed || feature !== 'relaxed'),
  );
  const [name, opcode] = pick(random, fitting);
  return instruction(scope, name, opcode, relaxed, depth) as Expression<T>;
}

function instruction(scope: Scope, name: string, opcode: Opcode, relaxed: boolean, depth: number): Expression {
  const operands = opcode.takes.map((type) => value(scope, type, relaxed, Math.max(0, depth - 1)));
  return constructorOf(name, opcode, pick(scope.random, immediatesOf(opcode)))(operands);
}
