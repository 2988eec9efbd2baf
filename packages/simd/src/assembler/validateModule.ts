/**
 * Validation of modules without an engine: what is wrong is said in the names of the opcode table, with its byte.
 *
 * The rules are those of Core Specification 2.0 (§3.4), relaxed SIMD and threads, for the sections that `moduleBuilder` writes. A
 * module that passes compiles in every engine with the features it uses; one with other sections or newer instructions is refused
 * with the code 'unsupported'. Time is linear in the length, but for calls and branches that carry many values.
 */

import { FormatError } from '@rankwise/tensor';
import { byteReader } from './byteReader.ts';
import type { Signature } from './instructions.ts';
import type { Feature } from './opcodes.ts';
import { itemsOf, readModule } from './readModule.ts';
import type { Item, Limits, Section } from './readModule.ts';
import { validateBody } from './validateBody.ts';
import type { ModuleTypes } from './validateBody.ts';

/** Pages of 64 KiB in 2^32 bytes. */
const mostPages = 2 ** 16;

/** From the JavaScript Interface's implementation limits. */
const mostTableEntries = 10_000_000;

export interface ModuleSummary {
  /** Names of the exports, in order. */
  readonly exports: readonly string[];
  /** Proposals that the bodies' instructions are from, sorted. */
  readonly features: readonly Feature[];
}

/**
 * Checks a module as an engine would before it compiles it.
 *
 * @throws FormatError at the first byte that is wrong; its `code` is one of header, truncated, trailing, order, integer, name, limit,
 * index, duplicate, immediate, alignment, type, structure, unsupported
 * @example
 * import { f32x4, moduleBuilder, validateModule } from '@rankwise/simd';
 * const module = moduleBuilder({ initial: 1, maximum: 1, shared: false });
 * module.func('sum', ['v128', 'v128'], ['v128'], (f, a, b) => f.result(f32x4.add(a.get(), b.get())));
 * const bytes = module.encode();
 * validateModule(bytes) // => { exports: ['sum'], features: ['simd'] }
 * bytes[bytes.length - 6] = 0x41; // i32.const 1 instead of local.get 1
 * validateModule(bytes) // => throws FormatError: validateModule: function 0: f32x4.add: expected v128, got i32
 */
export function validateModule(bytes: Uint8Array): ModuleSummary {
  const sections = readModule(bytes, caller);
  const module = moduleTypes(sections);
  checkExports(sections, module);
  for (const { value, offset } of itemsOf(sections, 'element')) {
    if (module.tables === 0) fail('index', offset, 'element', 'a table', 'none');
    for (const index of value.functions) checkIndex(index, module.functions.length, offset, 'element: function');
  }
  const used = validateBodies(bytes, sections, module);
  return { exports: itemsOf(sections, 'export').map(({ value }) => value.name), features: [...used].toSorted() };
}

const caller = 'validateModule';

function moduleTypes(sections: readonly Section[]): ModuleTypes {
  const types = itemsOf(sections, 'type').map(({ value }) => value);
  const typeAt = (index: number, offset: number): Signature =>
    types[index] ?? fail('index', offset, 'type index', `below ${types.length}`, index);
  const functions: Signature[] = [];
  let memories = 0;
  for (const { value, offset } of itemsOf(sections, 'import')) {
    if (value.kind === 'function') functions.push(typeAt(value.type, offset));
    else {
      if (memories++ > 0) fail('unsupported', offset, 'import', 'one memory', 'a second');
      checkLimits(value.limits, mostPages, mostPages, offset, 'memory');
    }
  }
  for (const { value, offset } of itemsOf(sections, 'function')) functions.push(typeAt(value, offset));
  const tables = itemsOf(sections, 'table');
  for (const [i, { value, offset }] of tables.entries()) {
    if (i > 0) fail('unsupported', offset, 'table', 'one table', 'a second');
    checkLimits(value, mostTableEntries, Infinity, offset, 'table');
  }
  return { types, functions, memories, tables: tables.length };
}

function checkLimits(
  { initial, maximum }: Limits,
  mostInitial: number,
  mostMaximum: number,
  offset: number,
  what: string,
): void {
  if (initial > mostInitial) fail('limit', offset, `${what}: initial`, `${mostInitial} at most`, initial);
  if (maximum === Infinity) return;
  if (maximum > mostMaximum) fail('limit', offset, `${what}: maximum`, `${mostMaximum} at most`, maximum);
  if (maximum < initial) fail('limit', offset, `${what}: maximum`, `${initial} at least`, maximum);
}

function checkExports(sections: readonly Section[], { functions, memories, tables }: ModuleTypes): void {
  const counts = { function: functions.length, table: tables, memory: memories };
  const names = new Set<string>();
  for (const { value, offset } of itemsOf(sections, 'export')) {
    if (names.has(value.name)) fail('duplicate', offset, 'export', 'a new name', value.name);
    names.add(value.name);
    checkIndex(value.index, counts[value.kind], offset, `export: ${value.kind}`);
  }
}

function validateBodies(bytes: Uint8Array, sections: readonly Section[], module: ModuleTypes): ReadonlySet<Feature> {
  const bodies: readonly Item<unknown>[] = itemsOf(sections, 'code');
  const declared = itemsOf(sections, 'function').length;
  if (bodies.length !== declared)
    fail('structure', bodies[0]?.offset ?? bytes.length, 'bodies', `${declared}`, bodies.length);
  const used = new Set<Feature>();
  const imported = module.functions.length - declared;
  for (const [i, { value, offset }] of itemsOf(sections, 'code').entries()) {
    const index = imported + i;
    const signature = module.functions[index] ?? fail('index', offset, 'body', 'a function', index);
    const reader = byteReader(bytes, caller, value.code.offset, value.code.end);
    validateBody(reader, `function ${index}`, signature, value, module, used);
  }
  return used;
}

function checkIndex(index: number, count: number, offset: number, what: string): void {
  if (index >= count) fail('index', offset, what, `below ${count}`, index);
}

function fail(code: string, offset: number, what: string, expected: string, got: string | number): never {
  throw new FormatError(code, offset, `${caller}: ${what}: expected ${expected}, got ${got}`);
}
