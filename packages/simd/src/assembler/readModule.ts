/**
 * The sections of a module and their items, with the bytes each stands in; bodies are left as bytes for `readInstruction`.
 *
 * Read are the sections that `moduleBuilder` writes, and imported functions. What else the format knows (data, globals, custom
 * sections, other kinds of tables and memories) is refused with the code 'unsupported'. Only the grammar is checked here:
 * `validateModule` checks that indices exist and types agree. Source: Core Specification 2.0, §5.5.
 */

import type { ByteReader, Span } from './byteReader.ts';
import { byteReader } from './byteReader.ts';
import type { Signature } from './instructions.ts';
import { opcodes } from './opcodes.ts';
import type { ValueType } from './opcodes.ts';
import { externalKinds, limits, sections, structure, valueTypeCodes } from './structure.ts';

/** From the JavaScript Interface's implementation limits (§5.2 there), which engines share. */
const most = { items: 1_000_000, params: 1_000, results: 1_000, elements: 10_000_000, bodyBytes: 7_654_321 };

export type SectionName = keyof typeof sections;

export interface Item<T> extends Span {
  readonly value: T;
}

export interface Limits {
  readonly initial: number;
  /** Infinity when there is none. */
  readonly maximum: number;
  readonly shared: boolean;
}

export type Import = { readonly module: string; readonly name: string } & (
  { readonly kind: 'function'; readonly type: number } | { readonly kind: 'memory'; readonly limits: Limits }
);

export interface Export {
  readonly name: string;
  readonly kind: keyof typeof externalKinds;
  readonly index: number;
}

/** Fills table 0 from `start` with functions. */
export interface Element {
  readonly start: number;
  readonly functions: readonly number[];
}

export interface Body {
  readonly locals: readonly { readonly type: ValueType; readonly count: number }[];
  readonly code: Span;
}

export interface SectionItems {
  readonly type: Signature;
  readonly import: Import;
  /** Index of the type. */
  readonly function: number;
  readonly table: Limits;
  readonly export: Export;
  readonly element: Element;
  readonly code: Body;
}

export interface Section<N extends SectionName = SectionName> extends Span {
  readonly name: N;
  /** Of the first item: the section's id, size and count stand before it. */
  readonly itemsOffset: number;
  readonly items: readonly Item<SectionItems[N]>[];
}

const magic = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** Bytes before the first section. */
export const headerLength = magic.length;

const valueTypes = new Map(
  // The keys of Object.entries are widened to string; they are value types.
  Object.entries(valueTypeCodes).map(([type, code]) => [code, type as ValueType]),
);

const itemReaders: { readonly [N in SectionName]: (reader: ByteReader) => SectionItems[N] } = {
  type: readSignature,
  import: readImport,
  function: (reader) => reader.unsigned('type index'),
  table: readTable,
  export: readExport,
  element: readElement,
  code: readBody,
};

/**
 * @param caller - the function named in messages
 * @throws FormatError where the bytes are no module, or one with sections that are not supported
 */
export function readModule(bytes: Uint8Array, caller: string): readonly Section[] {
  const reader = byteReader(bytes, caller);
  const header = reader.bytes(magic.length, 'header');
  if (magic.some((byte, i) => header[i] !== byte))
    reader.fail('header', 'header', 'a WebAssembly module, version 1', 'other bytes', 0);
  const found: Section[] = [];
  let last = 0;
  while (reader.offset < bytes.length) {
    const offset = reader.offset;
    const id = reader.byte('section');
    const name = sectionName(reader, id, offset);
    if (id <= last) reader.fail('order', 'section', `an id above ${last}`, id, offset);
    last = id;
    found.push(readSection(name, offset, reader.part(reader.unsigned('section size'), `section ${name}`)));
  }
  return found;
}

/** The items of a section, in order; none when it is missing. */
export function itemsOf<N extends SectionName>(found: readonly Section[], name: N): readonly Item<SectionItems[N]>[] {
  // A section of this name has items of its kind: readSection made it so.
  return (found.find((section) => section.name === name)?.items ?? []) as readonly Item<SectionItems[N]>[];
}

/** The type that a byte stands for. */
export function valueTypeOf(code: number): ValueType | undefined {
  return valueTypes.get(code);
}

function sectionName(reader: ByteReader, id: number, offset: number): SectionName {
  for (const [name, code] of Object.entries(sections)) {
    // The keys of Object.entries are widened to string; they are sections.
    if (code === id) return name as SectionName;
  }
  return reader.fail('unsupported', 'section', 'one that the builder writes', `id ${id}`, offset);
}

function readSection<N extends SectionName>(name: N, offset: number, reader: ByteReader): Section<N> {
  const count = reader.count(`items of section ${name}`, most.items);
  const itemsOffset = reader.offset;
  const items: Item<SectionItems[N]>[] = [];
  for (let i = 0; i < count; i++) {
    const start = reader.offset;
    items.push({ offset: start, value: itemReaders[name](reader), end: reader.offset });
  }
  reader.finish(`section ${name}`);
  return { name, offset, itemsOffset, end: reader.end, items };
}

function readSignature(reader: ByteReader): Signature {
  expectByte(reader, structure.functionType, 'type', 'a function type');
  return { params: readTypes(reader, most.params, 'params'), results: readTypes(reader, most.results, 'results') };
}

function readTypes(reader: ByteReader, limit: number, what: string): readonly ValueType[] {
  return Array.from({ length: reader.count(what, limit) }, () => readType(reader, what));
}

function readType(reader: ByteReader, what: string): ValueType {
  const at = reader.offset;
  const code = reader.byte(what);
  return valueTypes.get(code) ?? reader.fail('unsupported', what, 'a number or vector type', code, at);
}

function readImport(reader: ByteReader): Import {
  const names = { module: reader.name('import: module'), name: reader.name('import: name') };
  const at = reader.offset;
  const kind = reader.byte('import: kind');
  if (kind === externalKinds.function)
    return { ...names, kind: 'function', type: reader.unsigned('import: type index') };
  if (kind === externalKinds.memory) return { ...names, kind: 'memory', limits: readLimits(reader, 'memory') };
  return reader.fail('unsupported', 'import: kind', 'a function or a memory', kind, at);
}

function readTable(reader: ByteReader): Limits {
  expectByte(reader, structure.funcref, 'table', 'functions as its elements');
  const at = reader.offset;
  const read = readLimits(reader, 'table');
  return read.shared ? reader.fail('unsupported', 'table', 'a table that is not shared', 'a shared one', at) : read;
}

function readLimits(reader: ByteReader, what: string): Limits {
  const at = reader.offset;
  const flags = reader.byte(what);
  if (!Object.values<number>(limits).includes(flags))
    reader.fail('unsupported', what, 'limits of 32 bits, with a maximum if shared', `flags ${flags}`, at);
  const initial = reader.unsigned(`${what}: initial`);
  const maximum = flags === limits.initialOnly ? Infinity : reader.unsigned(`${what}: maximum`);
  return { initial, maximum, shared: flags === limits.shared };
}

function readExport(reader: ByteReader): Export {
  const name = reader.name('export: name');
  const at = reader.offset;
  const code = reader.byte('export: kind');
  for (const kind of ['function', 'table', 'memory'] as const)
    if (externalKinds[kind] === code) return { name, kind, index: reader.unsigned('export: index') };
  return reader.fail('unsupported', 'export: kind', 'a function, table or memory', code, at);
}

function readElement(reader: ByteReader): Element {
  expectByte(reader, 0, 'element', 'an active segment of table 0');
  expectByte(reader, opcodes['i32.const'].code, 'element: start', 'i32.const');
  const start = Number(reader.signed(32, 'element: start'));
  expectByte(reader, structure.end, 'element: start', 'its end');
  const count = reader.count('element: functions', most.elements);
  return { start, functions: Array.from({ length: count }, () => reader.unsigned('element: function')) };
}

function readBody(whole: ByteReader): Body {
  const at = whole.offset;
  const size = whole.unsigned('body: size');
  if (size > most.bodyBytes) whole.fail('limit', 'body: size', `${most.bodyBytes} bytes at most`, size, at);
  const reader = whole.part(size, 'body');
  const runs = reader.count('body: locals', size);
  const locals = Array.from({ length: runs }, () => {
    const count = reader.unsigned('body: locals');
    return { count, type: readType(reader, 'body: locals') };
  });
  return { locals, code: { offset: reader.offset, end: reader.end } };
}

function expectByte(reader: ByteReader, byte: number, what: string, expected: string): void {
  const at = reader.offset;
  const got = reader.byte(what);
  if (got !== byte) reader.fail('unsupported', what, expected, got, at);
}
