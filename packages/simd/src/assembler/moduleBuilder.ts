/**
 * A WebAssembly module: functions over one imported memory, all exported by name, and a table of those that are called by index.
 *
 * Source: WebAssembly Core Specification 2.0, §5.5.
 */

import type { ByteWriter } from './byteWriter.ts';
import { byteWriter } from './byteWriter.ts';
import { encodeBody } from './encodeBody.ts';
import { buildBody } from './functionBuilder.ts';
import type { FunctionBody, FunctionBuilder, Local } from './functionBuilder.ts';
import type { Callee, Signature } from './instructions.ts';
import type { ValueType } from './opcodes.ts';
import { sections, structure, valueTypeCodes } from './structure.ts';

/** Limits in pages of 64 KiB. The memory is imported as `env.memory`. */
export interface MemoryLimits {
  readonly initial: number;
  readonly maximum: number;
  readonly shared: boolean;
}

export interface ModuleBuilder {
  /** Defines and exports a function. */
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

export function moduleBuilder(memory: MemoryLimits): ModuleBuilder {
  const functions: (Callee & { readonly body: FunctionBody })[] = [];
  let table: readonly Callee[] = [];
  return {
    func: (name, params, results, write) => {
      if (functions.some((other) => other.name === name))
        throw new RangeError(`moduleBuilder: two functions '${name}'`);
      functions.push({ name, params, results, body: buildBody(params, write) });
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
    if (index === undefined) throw new RangeError(`moduleBuilder: no function '${name}'`);
    return index;
  };
  const typeOfFunction = functions.map(typeIndex);
  // Bodies first: call_indirect may need a type of its own.
  const bodies = functions.map(({ body }) => encodeBody(body, { functionIndex, typeIndex }));
  const writer = byteWriter();
  writer.bytes([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  const section = (id: number, write: (inner: ByteWriter) => void): void => {
    writer.byte(id);
    writer.sized(write);
  };
  section(sections.type, (inner) => vector(inner, types, writeSignature));
  section(sections.import, (inner) => vector(inner, [memory], writeMemoryImport));
  section(sections.function, (inner) => vector(inner, typeOfFunction, (w, index) => w.unsigned(index)));
  if (table.length > 0) {
    section(sections.table, (inner) =>
      vector(inner, [table.length], (w, count) => {
        w.bytes([structure.funcref, 0]);
        w.unsigned(count);
      }),
    );
  }
  section(sections.export, (inner) =>
    vector(inner, functions, (w, { name }) => {
      w.name(name);
      w.byte(0);
      w.unsigned(functionIndex(name));
    }),
  );
  if (table.length > 0) {
    section(sections.element, (inner) =>
      vector(inner, [table], (w, callees) => {
        // Active segment of table 0 from offset i32.const 0.
        w.bytes([0, 0x41, 0, structure.end]);
        vector(w, callees, (each, { name }) => each.unsigned(functionIndex(name)));
      }),
    );
  }
  section(sections.code, (inner) =>
    vector(inner, bodies, (w, body) => {
      w.unsigned(body.length);
      w.bytes(body);
    }),
  );
  return writer.finish();
}

function writeSignature(writer: ByteWriter, { params, results }: Signature): void {
  writer.byte(structure.functionType);
  for (const list of [params, results]) vector(writer, list, (inner, type) => inner.byte(valueTypeCodes[type]));
}

function writeMemoryImport(writer: ByteWriter, { initial, maximum, shared }: MemoryLimits): void {
  writer.name('env');
  writer.name('memory');
  writer.bytes([2, shared ? 3 : 1]);
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
