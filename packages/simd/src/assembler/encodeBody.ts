/** Bytes of a function's body, which `checkBody` has seen, from its statements (Core Specification, §5.4 and §5.5.13). */

import type { ByteWriter } from './byteWriter.ts';
import { byteWriter } from './byteWriter.ts';
import type { FunctionBody, Label, Statement } from './functionBuilder.ts';
import type { Expression, Immediate, Operation, Signature } from './instructions.ts';
import { opcodes } from './opcodes.ts';
import type { ImmediateKind, Opcode, ValueType } from './opcodes.ts';
import { structure, valueTypeCodes } from './structure.ts';

/** What a body needs to know of its module. */
export interface ModuleIndices {
  functionIndex(name: string): number;
  typeIndex(signature: Signature): number;
}

export function encodeBody(body: FunctionBody, indices: ModuleIndices): Uint8Array<ArrayBuffer> {
  const writer = byteWriter();
  const runs = runLengths(body.locals);
  writer.unsigned(runs.length);
  for (const [type, count] of runs) {
    writer.unsigned(count);
    writer.byte(valueTypeCodes[type]);
  }
  encodeStatements(writer, body.statements, [], indices);
  writer.byte(structure.end);
  return writer.finish();
}

/** @param labels - the enclosing labels, innermost last; an `if` counts as one that nobody names */
function encodeStatements(
  writer: ByteWriter,
  statements: readonly Statement[],
  labels: readonly (Label | undefined)[],
  indices: ModuleIndices,
): void {
  for (const statement of statements) encodeStatement(writer, statement, labels, indices);
}

function encodeStatement(
  writer: ByteWriter,
  statement: Statement,
  labels: readonly (Label | undefined)[],
  indices: ModuleIndices,
): void {
  switch (statement.kind) {
    case 'do':
      return encodeExpression(writer, statement.expression, indices);
    case 'block':
    case 'loop':
      writer.byte(structure[statement.kind]);
      writer.byte(structure.emptyBlock);
      encodeStatements(writer, statement.body, [...labels, statement.label], indices);
      return writer.byte(structure.end);
    case 'if':
      encodeExpression(writer, statement.condition, indices);
      writer.byte(structure.if);
      writer.byte(structure.emptyBlock);
      encodeStatements(writer, statement.body, [...labels, undefined], indices);
      if (statement.otherwise.length > 0) {
        writer.byte(structure.else);
        encodeStatements(writer, statement.otherwise, [...labels, undefined], indices);
      }
      return writer.byte(structure.end);
    case 'branch':
      if (statement.condition !== undefined) encodeExpression(writer, statement.condition, indices);
      writer.byte(statement.condition === undefined ? structure.br : structure.br_if);
      return writer.unsigned(depthOf(statement.label, labels));
    case 'branchTable':
      encodeExpression(writer, statement.index, indices);
      writer.byte(structure.br_table);
      writer.unsigned(statement.labels.length);
      for (const label of [...statement.labels, statement.otherwise]) writer.unsigned(depthOf(label, labels));
      return;
    case 'return':
      if (statement.value !== undefined) encodeExpression(writer, statement.value, indices);
      return writer.byte(structure.return);
    case 'unreachable':
      return writer.byte(structure[statement.kind]);
  }
}

/** Labels are numbered from the innermost outwards. */
function depthOf(label: Label, labels: readonly (Label | undefined)[]): number {
  return labels.length - 1 - labels.lastIndexOf(label);
}

function encodeExpression(writer: ByteWriter, expression: Expression, indices: ModuleIndices): void {
  for (const operand of expression.operands) encodeExpression(writer, operand, indices);
  encodeOperation(writer, expression.operation, indices);
}

function encodeOperation(writer: ByteWriter, operation: Operation, indices: ModuleIndices): void {
  switch (operation.kind) {
    case 'plain': {
      const opcode: Opcode = opcodes[operation.name];
      if (opcode.prefix === 0) writer.byte(opcode.code);
      else {
        writer.byte(opcode.prefix);
        writer.unsigned(opcode.code);
      }
      return encodeImmediate(writer, opcode.immediate, operation.immediate);
    }
    case 'local.get':
    case 'local.set':
    case 'local.tee':
      writer.byte(structure[operation.kind]);
      return writer.unsigned(operation.index);
    case 'drop':
    case 'select':
      return writer.byte(structure[operation.kind]);
    case 'call':
      writer.byte(structure.call);
      return writer.unsigned(indices.functionIndex(operation.callee.name));
    case 'call_indirect':
      writer.byte(structure.call_indirect);
      writer.unsigned(indices.typeIndex(operation.signature));
      return writer.byte(0);
  }
}

function encodeImmediate(writer: ByteWriter, kind: ImmediateKind, immediate: Immediate): void {
  switch (kind) {
    case 'none':
      return;
    case 'memory':
    case 'memoryLane': {
      if (typeof immediate !== 'object' || !('align' in immediate)) throw new TypeError('encodeBody: memory immediate');
      writer.unsigned(immediate.align);
      writer.unsigned(immediate.offset);
      if (kind === 'memoryLane') writer.byte(immediate.lane ?? 0);
      return;
    }
    case 'lane':
      return writer.byte(Number(immediate));
    case 'lanes':
    case 'v128':
      // The constructors' types admit 16 numbers here.
      return writer.bytes(immediate as readonly number[]);
    case 'i32':
      // 2^31 to 2^32 - 1 are written as the negative numbers with the same bits.
      return writer.signed(BigInt(Number(immediate) | 0));
    case 'i64':
      return writer.signed(BigInt.asIntN(64, immediate as bigint));
    case 'f32':
      return writer.f32(Number(immediate));
    case 'f64':
      return writer.f64(Number(immediate));
    case 'memoryIndex':
    case 'fence':
      return writer.byte(0);
    case 'memoryPair':
      return writer.bytes([0, 0]);
  }
}

function runLengths(types: readonly ValueType[]): readonly (readonly [ValueType, number])[] {
  const runs: [ValueType, number][] = [];
  for (const type of types) {
    const last = runs.at(-1);
    if (last?.[0] === type) last[1]++;
    else runs.push([type, 1]);
  }
  return runs;
}
