/** One instruction from its bytes (Core Specification, §5.4): the opcode table read backwards, and structured control. */

import type { ByteReader, Span } from './byteReader.ts';
import { opcodes } from './opcodes.ts';
import type { ImmediateKind, Opcode, OpcodeName, ValueType } from './opcodes.ts';
import { valueTypeOf } from './readModule.ts';
import { structure } from './structure.ts';

/** Of a block: one result, none, or the index of a function type. */
export type BlockType = ValueType | 'none' | number;

/** Of br_table; engines agree on this bound. */
const mostLabels = 65_520;

/** Bit 6 of an alignment says that the index of another memory follows (multiple memories). */
const firstAlignmentWithIndex = 0x40;

const bareNames = ['unreachable', 'nop', 'else', 'end', 'return', 'drop', 'select'] as const;
const blockNames = ['block', 'loop', 'if'] as const;
const indexNames = ['br', 'br_if', 'call', 'local.get', 'local.set', 'local.tee'] as const;

export type ReadImmediate =
  | { readonly kind: 'none' | 'memoryIndex' | 'memoryPair' | 'fence' }
  | { readonly kind: 'memory'; readonly align: number; readonly offset: number }
  | { readonly kind: 'memoryLane'; readonly align: number; readonly offset: number; readonly lane: number }
  | { readonly kind: 'lane'; readonly lane: number }
  | { readonly kind: 'i32' | 'i64'; readonly value: bigint }
  /** As they stand in the module: a number would lose the payload of a NaN. */
  | { readonly kind: 'lanes' | 'f32' | 'f64' | 'v128'; readonly bytes: Uint8Array };

export type Instruction = Span &
  (
    | { readonly kind: 'bare'; readonly name: (typeof bareNames)[number] }
    | { readonly kind: 'block'; readonly name: (typeof blockNames)[number]; readonly type: BlockType }
    | { readonly kind: 'index'; readonly name: (typeof indexNames)[number]; readonly index: number }
    | { readonly kind: 'branchTable'; readonly name: 'br_table'; readonly labels: readonly number[] }
    | { readonly kind: 'indirect'; readonly name: 'call_indirect'; readonly type: number }
    | {
        readonly kind: 'plain';
        readonly name: OpcodeName;
        readonly opcode: Opcode;
        readonly immediate: ReadImmediate;
      }
  );

/** What follows the opcode, still without its place. */
type Rest = Instruction extends infer I ? (I extends Span ? Omit<I, 'offset' | 'end'> : never) : never;

const readers: ReadonlyMap<number, (reader: ByteReader) => Rest> = makeReaders();
const prefixes = new Set(Object.values<Opcode>(opcodes).map(({ prefix }) => prefix));

/** Passes over one instruction. */
export function readInstruction(reader: ByteReader): Instruction {
  const { offset } = reader;
  const first = reader.byte('opcode');
  // Prefix 0 means that there is none.
  const second = first !== 0 && prefixes.has(first) ? reader.unsigned('opcode') : undefined;
  const read = readers.get(second === undefined ? first : keyOf(first, second));
  if (read === undefined) {
    const got = `0x${first.toString(16)}${second === undefined ? '' : ` ${second}`}`;
    return reader.fail('unsupported', 'opcode', 'an instruction of the table', got, offset);
  }
  const rest = read(reader);
  return { ...rest, offset, end: reader.offset };
}

/** One number for both bytes; a code is below 2^32. */
function keyOf(prefix: number, code: number): number {
  return prefix * 2 ** 32 + code;
}

function makeReaders(): Map<number, (reader: ByteReader) => Rest> {
  const made = new Map<number, (reader: ByteReader) => Rest>();
  for (const name of bareNames) made.set(structure[name], () => ({ kind: 'bare', name }));
  for (const name of blockNames)
    made.set(structure[name], (reader) => ({ kind: 'block', name, type: readBlockType(reader) }));
  for (const name of indexNames)
    made.set(structure[name], (reader) => ({ kind: 'index', name, index: reader.unsigned(name) }));
  made.set(structure.br_table, readBranchTable);
  made.set(structure.call_indirect, (reader) => {
    const type = reader.unsigned('call_indirect: type');
    expectZero(reader, 'call_indirect: table');
    return { kind: 'indirect', name: 'call_indirect', type };
  });
  for (const [key, opcode] of Object.entries<Opcode>(opcodes)) {
    // The keys of Object.entries are widened to string; they are the table's.
    const name = key as OpcodeName;
    made.set(opcode.prefix === 0 ? opcode.code : keyOf(opcode.prefix, opcode.code), (reader) => {
      const immediate = readImmediate(reader, opcode.immediate, name);
      return { kind: 'plain', name, opcode, immediate };
    });
  }
  return made;
}

function readBranchTable(reader: ByteReader): Rest {
  const count = reader.count('br_table', mostLabels);
  // The last one is taken when the index is beyond the others.
  const labels = Array.from({ length: count + 1 }, () => reader.unsigned('br_table'));
  return { kind: 'branchTable', name: 'br_table', labels };
}

function readBlockType(reader: ByteReader): BlockType {
  const at = reader.offset;
  const code = reader.signed(33, 'block type');
  if (code >= 0n) return Number(code);
  // Types are the negative numbers of one byte.
  const byte = Number(code + 0x80n);
  if (byte === structure.emptyBlock) return 'none';
  return valueTypeOf(byte) ?? reader.fail('unsupported', 'block type', 'a number or vector type', code.toString(), at);
}

function readImmediate(reader: ByteReader, kind: ImmediateKind, name: string): ReadImmediate {
  switch (kind) {
    case 'none':
      return { kind };
    case 'memory':
      return { kind, ...readAddress(reader, name) };
    case 'memoryLane':
      return { kind, ...readAddress(reader, name), lane: reader.byte(`${name}: lane`) };
    case 'lane':
      return { kind, lane: reader.byte(`${name}: lane`) };
    case 'lanes':
    case 'v128':
      return { kind, bytes: reader.bytes(16, name) };
    case 'f32':
      return { kind, bytes: reader.bytes(4, name) };
    case 'f64':
      return { kind, bytes: reader.bytes(8, name) };
    case 'i32':
      return { kind, value: reader.signed(32, name) };
    case 'i64':
      return { kind, value: reader.signed(64, name) };
    case 'memoryPair':
      expectZero(reader, name);
      expectZero(reader, name);
      return { kind };
    case 'memoryIndex':
    case 'fence':
      expectZero(reader, name);
      return { kind };
  }
}

function readAddress(reader: ByteReader, name: string): { readonly align: number; readonly offset: number } {
  const at = reader.offset;
  const align = reader.unsigned(`${name}: align`);
  if (align >= firstAlignmentWithIndex) reader.fail('unsupported', `${name}: align`, 'the only memory', align, at);
  return { align, offset: reader.unsigned(`${name}: offset`) };
}

function expectZero(reader: ByteReader, what: string): void {
  const at = reader.offset;
  const got = reader.byte(what);
  if (got !== 0) reader.fail('unsupported', what, '0', got, at);
}
