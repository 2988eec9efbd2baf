/**
 * A WebAssembly module: functions over one imported memory, all exported by name, and a table of those that are called by index.
 *
 * Source: WebAssembly Core Specification 2.0, §5.5.
 */

import { DomainError } from '@rankwise/tensor';
import type { ByteWriter } from './byteWriter.ts';
import { byteWriter } from './byteWriter.ts';
import { checkBody } from './checkBody.ts';
import { encodeBody } from './encodeBody.ts';
import { buildBody } from './functionBuilder.ts';
import type { FunctionBody, FunctionBuilder, Local } from './functionBuilder.ts';
import type { Callee, Signature } from './instructions.ts';
import { opcodes } from './opcodes.ts';
import type { ValueType } from './opcodes.ts';
import { externalKinds, limits, sections, structure, valueTypeCodes } from './structure.ts';

/** 4 GiB: what a 32-bit address reaches. */
const mostPages = 2 ** 16;

/** Limits in pages of 64 KiB. The memory is imported as `env.memory`. */
export interface MemoryLimits {
  readonly initial: number;
  readonly maximum: number;
  readonly shared: boolean;
}

export interface ModuleBuilder {
  /**
   * Defines and exports a function.
   * @throws DomainError where the body is not valid: see checkBody
   */
  func<const P extends readonly ValueType[]>(
    name: string,
    params: P,
    results: readonly ValueType[],
    write: (builder: FunctionBuilder, ...locals: { -readonly [I in keyof P]: Local<P[I]> }) => void,
  ): Callee;
  /** The functions that call_indirect reaches, by index. */
  table(functions: readonly Callee[]): void;
  encode(): Uint8Array<ArrayBuffer>;
}

/**
 * A module to be filled with functions.
 *
 * @param memory - of the memory to import; 65,536 pages at most
 * @throws DomainError when the limits are not whole numbers with initial <= maximum <= 65,536
 * @example
 * import { i32, moduleBuilder } from '@rankwise/simd';
 * const module = moduleBuilder({ initial: 1, maximum: 1, shared: false });
 * module.func('add', ['i32', 'i32'], ['i32'], (f, x, y) => f.result(i32.add(x.get(), y.get())));
 * const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
 * const instance = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env: { memory } });
 * const add = instance.exports['add'] as (x: number, y: number) => number;
 * add(2, 3) // => 5
 */
export function moduleBuilder(memory: MemoryLimits): ModuleBuilder {
  const { initial, maximum } = memory;
  if (!(Number.isInteger(initial) && Number.isInteger(maximum) && initial >= 0 && initial <= maximum))
    throw new DomainError(
      `moduleBuilder: memory: expected whole numbers initial <= maximum, got ${initial}, ${maximum}`,
    );
  if (maximum > mostPages)
    throw new DomainError(`moduleBuilder: maximum: expected ${mostPages} pages at most, got ${maximum}`);
  const functions: (Callee & { readonly body: FunctionBody })[] = [];
  let table: readonly Callee[] = [];
  return {
    func: (name, params, results, write) => {
      if (functions.some((other) => other.name === name))
        throw new DomainError(`func: name: expected another than those of before, got '${name}'`);
      const body = buildBody(params, write);
      checkBody(name, { params, results }, body);
      functions.push({ name, params, results, body });
      return { name, params, results };
    },
    table: (callees) => {
      table = callees;
    },
    encode: () => encodeModule(memory, functions, table),
  };
}

function encodeModule(
  memory: MemoryLimits,
  functions: readonly (Callee & { readonly body: FunctionBody })[],
  table: readonly Callee[],
): Uint8Array<ArrayBuffer> {
  const types: Signature[] = [];
  const typeIndex = (signature: Signature): number => {
    const known = types.findIndex((other) => sameSignature(other, signature));
    return known >= 0 ? known : types.push(signature) - 1;
  };
  const indexByName = new Map(functions.map(({ name }, index) => [name, index]));
  const functionIndex = (name: string): number => {
    const index = indexByName.get(name);
    if (index === undefined)
      throw new DomainError(`encode: call or table: expected a function of this module, got '${name}'`);
    return index;
  };
  const typeOfFunction = functions.map(typeIndex);
  // Bodies first: call_indirect may need a type of its own.
  const bodies = functions.map(({ body }) => encodeBody(body, { functionIndex, typeIndex }));
  const writer = byteWriter();
  writer.bytes([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  writeSection(writer, sections.type, types, writeSignature);
  writeSection(writer, sections.import, [memory], writeMemoryImport);
  writeSection(writer, sections.function, typeOfFunction, (inner, index) => inner.unsigned(index));
  if (table.length > 0) writeSection(writer, sections.table, [table.length], writeTable);
  writeSection(writer, sections.export, functions, (inner, { name }) => {
    inner.name(name);
    inner.byte(externalKinds.function);
    inner.unsigned(functionIndex(name));
  });
  if (table.length > 0) {
    writeSection(writer, sections.element, [table], (inner, callees) => {
      // Active segment of table 0 from offset i32.const 0.
      inner.bytes([0, opcodes['i32.const'].code, 0, structure.end]);
      vector(inner, callees, (each, { name }) => each.unsigned(functionIndex(name)));
    });
  }
  writeSection(writer, sections.code, bodies, (inner, body) => {
    inner.unsigned(body.length);
    inner.bytes(body);
  });
  return writer.finish();
}

function writeSection<T>(
  writer: ByteWriter,
  id: number,
  items: readonly T[],
  write: (writer: ByteWriter, item: T) => void,
): void {
  writer.byte(id);
  writer.sized((inner) => vector(inner, items, write));
}

function writeSignature(writer: ByteWriter, { params, results }: Signature): void {
  writer.byte(structure.functionType);
  for (const list of [params, results]) vector(writer, list, (inner, type) => inner.byte(valueTypeCodes[type]));
}

function writeTable(writer: ByteWriter, count: number): void {
  writer.bytes([structure.funcref, limits.initialOnly]);
  writer.unsigned(count);
}

function writeMemoryImport(writer: ByteWriter, { initial, maximum, shared }: MemoryLimits): void {
  writer.name('env');
  writer.name('memory');
  writer.bytes([externalKinds.memory, shared ? limits.shared : limits.withMaximum]);
  writer.unsigned(initial);
  writer.unsigned(maximum);
}

function vector<T>(writer: ByteWriter, items: readonly T[], write: (writer: ByteWriter, item: T) => void): void {
  writer.unsigned(items.length);
  for (const item of items) write(writer, item);
}

function sameSignature(a: Signature, b: Signature): boolean {
  return a.params.join() === b.params.join() && a.results.join() === b.results.join();
}
