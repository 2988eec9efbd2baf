/** The types of a function's body (Core Specification 2.0, §3.3 and appendix A.3). */

import type { ByteReader } from './byteReader.ts';
import type { Signature } from './instructions.ts';
import type { Feature, ValueType } from './opcodes.ts';
import { readInstruction } from './readInstruction.ts';
import type { BlockType, Instruction } from './readInstruction.ts';
import type { Body } from './readModule.ts';
import { labelTypes, typeStack } from './typeStack.ts';
import type { Frame, TypeStack } from './typeStack.ts';

/** Parameters and locals of a function, from the JavaScript Interface's implementation limits. */
const mostLocals = 50_000;

/** What bodies may refer to. */
export interface ModuleTypes {
  readonly types: readonly Signature[];
  /** Imported ones first. */
  readonly functions: readonly Signature[];
  readonly memories: number;
  readonly tables: number;
}

interface Context extends ModuleTypes {
  readonly stack: TypeStack;
  readonly results: readonly ValueType[];
  localType(index: number): ValueType;
  fail(code: string, expected: string, got: string | number): never;
}

/**
 * @param what - the function's name in messages
 * @param used - the features of the instructions read are added
 * @throws FormatError at the first instruction that has not the types it needs
 */
export function validateBody(
  reader: ByteReader,
  what: string,
  signature: Signature,
  { locals }: Body,
  module: ModuleTypes,
  used: Set<Feature>,
): void {
  let at = reader.offset;
  let name = 'locals';
  const fail = (code: string, expected: string, got: string | number): never =>
    reader.fail(code, `${what}: ${name}`, expected, got, at);
  const stack = typeStack((expected, got) => fail('type', expected, got));
  const runs = [...signature.params.map((type) => ({ type, count: 1 })), ...locals];
  const context: Context = {
    ...module,
    stack,
    results: signature.results,
    localType: findLocal(runs, fail),
    fail,
  };
  stack.open('function', { params: [], results: signature.results });
  while (stack.frame(0) !== undefined) {
    at = reader.offset;
    name = 'body';
    const instruction = readInstruction(reader);
    ({ name } = instruction);
    if (instruction.kind === 'plain') used.add(instruction.opcode.feature);
    validateInstruction(instruction, context);
  }
  reader.finish(what);
}

/** Types by index from run lengths: a few bytes may declare very many locals. */
function findLocal(
  runs: readonly { readonly type: ValueType; readonly count: number }[],
  fail: Context['fail'],
): Context['localType'] {
  const ends: number[] = [];
  let total = 0;
  for (const { count } of runs) ends.push((total += count));
  if (total > mostLocals) fail('limit', `${mostLocals} at most`, total);
  return (index) => {
    let low = 0;
    let high = ends.length;
    // The first run that ends beyond the index.
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] ?? total) > index) high = middle;
      else low = middle + 1;
    }
    return runs[low]?.type ?? fail('index', `a local below ${total}`, index);
  };
}

function validateInstruction(instruction: Instruction, context: Context): void {
  const { stack } = context;
  switch (instruction.kind) {
    case 'plain':
      checkImmediate(instruction, context);
      stack.pop(instruction.opcode.takes);
      if (instruction.opcode.gives !== 'none') stack.push([instruction.opcode.gives]);
      return;
    case 'bare':
      return validateBare(instruction.name, context);
    case 'block': {
      if (instruction.name === 'if') stack.pop(['i32']);
      const type = blockSignature(instruction.type, context);
      stack.pop(type.params);
      return stack.open(instruction.name, type);
    }
    case 'index':
      return validateIndex(instruction.name, instruction.index, context);
    case 'branchTable':
      return validateBranchTable(instruction.labels, context);
    case 'indirect': {
      if (context.tables === 0) context.fail('index', 'a table', 'none');
      stack.pop(['i32']);
      return apply(typeAt(instruction.type, context), stack);
    }
  }
}

/** Access needs a memory and an alignment up to natural, atomic access exactly that (V8 is laxer); lanes must exist. */
function checkImmediate(instruction: Instruction & { readonly kind: 'plain' }, context: Context): void {
  const { opcode, immediate } = instruction;
  switch (immediate.kind) {
    case 'memory':
    case 'memoryLane':
      if (immediate.align > opcode.width || (opcode.feature === 'threads' && immediate.align < opcode.width))
        context.fail('alignment', `an alignment of ${2 ** opcode.width} bytes`, `2^${immediate.align}`);
      break;
    case 'memoryIndex':
    case 'memoryPair':
    case 'lane':
      break;
    case 'lanes':
      for (const lane of immediate.bytes) checkLane(lane, opcode.lanes, context);
      return;
    default:
      return;
  }
  if ('lane' in immediate) checkLane(immediate.lane, opcode.lanes, context);
  if (immediate.kind !== 'lane' && context.memories === 0) context.fail('index', 'a memory', 'none');
}

function checkLane(lane: number, lanes: number, context: Context): void {
  if (lane >= lanes) context.fail('immediate', `a lane below ${lanes}`, lane);
}

function validateBare(name: (Instruction & { readonly kind: 'bare' })['name'], context: Context): void {
  const { stack } = context;
  switch (name) {
    case 'nop':
      return;
    case 'unreachable':
      return stack.abandon();
    case 'return':
      stack.pop(context.results);
      return stack.abandon();
    case 'drop':
      stack.popAny();
      return;
    case 'select': {
      stack.pop(['i32']);
      const second = stack.popAny();
      const first = stack.popAny();
      if (first !== second && first !== 'unknown' && second !== 'unknown') context.fail('type', first, second);
      return stack.push([first === 'unknown' ? second : first]);
    }
    case 'else': {
      const frame = stack.close();
      if (frame.kind !== 'if') context.fail('structure', 'an if before it', frame.kind);
      return stack.open('else', frame.type);
    }
    case 'end': {
      const frame = stack.close();
      const { params, results } = frame.type;
      if (frame.kind === 'if' && params.join() !== results.join())
        context.fail('type', `an else that makes (${results.join()}) of (${params.join()})`, 'none');
      return stack.push(results);
    }
  }
}

function validateIndex(
  name: (Instruction & { readonly kind: 'index' })['name'],
  index: number,
  context: Context,
): void {
  const { stack } = context;
  switch (name) {
    case 'br':
      stack.pop(labelTypes(frameAt(index, context)));
      return stack.abandon();
    case 'br_if': {
      stack.pop(['i32']);
      const types = labelTypes(frameAt(index, context));
      stack.pop(types);
      return stack.push(types);
    }
    case 'call':
      return apply(
        context.functions[index] ?? context.fail('index', `a function below ${context.functions.length}`, index),
        stack,
      );
    case 'local.get':
      return stack.push([context.localType(index)]);
    case 'local.set':
      stack.pop([context.localType(index)]);
      return;
    case 'local.tee': {
      const type = context.localType(index);
      stack.pop([type]);
      return stack.push([type]);
    }
  }
}

/** All labels carry as many values as the last; in code that is not reached each may name other types. */
function validateBranchTable(labels: readonly number[], context: Context): void {
  const { stack } = context;
  stack.pop(['i32']);
  const last = labelTypes(frameAt(labels.at(-1) ?? 0, context));
  // Once for each label: a table of thousands names a few.
  for (const label of new Set(labels)) {
    const types = labelTypes(frameAt(label, context));
    if (types.length !== last.length) context.fail('type', `labels of ${last.length} values`, types.length);
    stack.push(stack.pop(types));
  }
  stack.abandon();
}

function apply({ params, results }: Signature, stack: TypeStack): void {
  stack.pop(params);
  stack.push(results);
}

function frameAt(depth: number, { stack, fail }: Context): Frame {
  return stack.frame(depth) ?? fail('index', 'the label of an enclosing block', depth);
}

function blockSignature(type: BlockType, context: Context): Signature {
  if (typeof type === 'number') return typeAt(type, context);
  return { params: [], results: type === 'none' ? [] : [type] };
}

function typeAt(index: number, { types, fail }: Context): Signature {
  return types[index] ?? fail('index', `a type below ${types.length}`, index);
}
