/**
 * What TypeScript's types cannot see in a function: labels, locals of another function, operands of calls, immediates out of range,
 * values left on the stack. Found here, a mistake is reported where the function is written, in the names it is written in.
 *
 * Throws DomainError; after it, the encoded body is valid if the functions it calls exist (`validateModule` proves that).
 */

import { DomainError } from '@rankwise/tensor';
import { checkImmediate } from './checkImmediate.ts';
import type { FunctionBody, Label, Statement } from './functionBuilder.ts';
import type { Expression, Operation, ResultType, Signature } from './instructions.ts';
import { opcodes } from './opcodes.ts';
import type { ValueType } from './opcodes.ts';

interface Scope {
  readonly name: string;
  readonly locals: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** @throws DomainError with the first mistake. */
export function checkBody(name: string, { params, results }: Signature, body: FunctionBody): void {
  const scope: Scope = { name, locals: [...params, ...body.locals], results };
  const left = checkStatements(body.statements, [], scope, true);
  // After a `return` anything may be missing below what is left.
  const wanted = left.reachable ? results : results.slice(results.length - left.values.length);
  expectEqual(scope, 'values left at the end', wanted.join(', '), left.values.join(', '));
}

/** @param outermost - the only place where values may be left: they are the function's results */
function checkStatements(
  statements: readonly Statement[],
  labels: readonly Label[],
  scope: Scope,
  outermost: boolean,
): { readonly values: readonly ValueType[]; readonly reachable: boolean } {
  let values: ValueType[] = [];
  let reachable = true;
  for (const statement of statements) {
    checkStatement(statement, labels, scope, values);
    if (statement.kind === 'do') {
      const { type } = statement.expression;
      if (type !== 'none') {
        if (!outermost) fail(scope, 'a statement within a block', 'no value left', type);
        values.push(type);
      }
    } else if (leaves(statement)) {
      values = [];
      reachable = false;
    }
  }
  return { values, reachable };
}

function leaves(statement: Statement): boolean {
  return (
    statement.kind === 'return' ||
    statement.kind === 'unreachable' ||
    statement.kind === 'branchTable' ||
    (statement.kind === 'branch' && statement.condition === undefined)
  );
}

/** @param values - what the statements before it left on the stack */
function checkStatement(
  statement: Statement,
  labels: readonly Label[],
  scope: Scope,
  values: readonly ValueType[],
): void {
  switch (statement.kind) {
    case 'do':
      return checkExpression(statement.expression, scope);
    case 'block':
    case 'loop':
      checkStatements(statement.body, [...labels, statement.label], scope, false);
      return;
    case 'if':
      checkOperands('if', [statement.condition], ['i32'], scope);
      checkStatements(statement.body, labels, scope, false);
      checkStatements(statement.otherwise, labels, scope, false);
      return;
    case 'branch':
      if (statement.condition !== undefined) checkOperands('branch', [statement.condition], ['i32'], scope);
      return checkLabels(scope, [statement.label], labels);
    case 'branchTable':
      checkOperands('branchTable', [statement.index], ['i32'], scope);
      return checkLabels(scope, [...statement.labels, statement.otherwise], labels);
    case 'return': {
      const { value } = statement;
      if (value !== undefined) checkExpression(value, scope);
      const given = [...values, ...(value === undefined ? [] : [value.type])];
      return expectEqual(scope, 'return', scope.results.join(', '), given.join(', '));
    }
    case 'unreachable':
      return;
  }
}

function checkLabels(scope: Scope, targets: readonly Label[], labels: readonly Label[]): void {
  if (!targets.every((label) => labels.includes(label)))
    fail(scope, 'branch', 'the label of an enclosing block or loop', 'another');
}

function checkExpression(expression: Expression, scope: Scope): void {
  const { takes, gives } = typeOf(expression, scope);
  const what = nameOf(expression.operation);
  checkOperands(what, expression.operands, takes, scope);
  expectEqual(scope, `${what}: result`, gives, expression.type);
  if (expression.operation.kind !== 'plain') return;
  const reason = checkImmediate(opcodes[expression.operation.name], expression.operation.immediate);
  if (reason !== undefined) fail(scope, `${what}: ${reason.what}`, reason.expected, reason.got);
}

function checkOperands(what: string, operands: readonly Expression[], takes: readonly ValueType[], scope: Scope): void {
  for (const operand of operands) checkExpression(operand, scope);
  expectEqual(scope, `${what}: operands`, takes.join(', '), operands.map(({ type }) => type).join(', '));
}

/** What the operation takes and gives in this function. */
function typeOf(
  { operation, operands }: Expression,
  scope: Scope,
): { readonly takes: readonly ValueType[]; readonly gives: ResultType } {
  switch (operation.kind) {
    case 'plain':
      return opcodes[operation.name];
    case 'local.get':
    case 'local.set':
    case 'local.tee': {
      const type = scope.locals[operation.index];
      if (type === undefined)
        return fail(scope, operation.kind, 'a local of this function', `number ${operation.index}`);
      if (operation.kind === 'local.get') return { takes: [], gives: type };
      return { takes: [type], gives: operation.kind === 'local.tee' ? type : 'none' };
    }
    case 'drop':
    case 'select': {
      const type = operands[0]?.type ?? 'none';
      if (type === 'none') return fail(scope, operation.kind, 'a value', 'none');
      return operation.kind === 'drop' ? { takes: [type], gives: 'none' } : { takes: [type, type, 'i32'], gives: type };
    }
    case 'call':
      return { takes: operation.callee.params, gives: resultOf(operation.callee, scope) };
    case 'call_indirect':
      return { takes: [...operation.signature.params, 'i32'], gives: resultOf(operation.signature, scope) };
  }
}

function resultOf({ results }: Signature, scope: Scope): ResultType {
  if (results.length > 1) fail(scope, 'call', 'a function with at most one result', `${results.length} results`);
  return results[0] ?? 'none';
}

function nameOf(operation: Operation): string {
  if (operation.kind === 'plain') return operation.name;
  return operation.kind === 'call' ? `call '${operation.callee.name}'` : operation.kind;
}

function expectEqual(scope: Scope, what: string, expected: string, got: string): void {
  if (expected !== got) fail(scope, what, `(${expected})`, `(${got})`);
}

function fail(scope: Scope, what: string, expected: string, got: string): never {
  throw new DomainError(`func '${scope.name}': ${what}: expected ${expected}, got ${got}`);
}
