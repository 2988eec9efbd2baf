/**
 * Text of a module, in the manner of the WebAssembly text format: a line for each item and each instruction.
 *
 * The text is for reading; `(;…;)` comments say what the binary format has and the text format has not. Types are not checked, so
 * that a module which `validateModule` refuses can be looked at.
 */

import { byteReader } from './byteReader.ts';
import type { Span } from './byteReader.ts';
import type { Signature } from './instructions.ts';
import { readInstruction } from './readInstruction.ts';
import type { Instruction } from './readInstruction.ts';
import { headerLength, itemsOf, readModule } from './readModule.ts';
import type { Export, Import, Item, Limits, Section, SectionItems, SectionName } from './readModule.ts';
import { instructionText } from './instructionText.ts';

/** Bytes and what they say. The lines of a module follow one another without gap or overlap, from its first byte to its last. */
export interface Line extends Span {
  readonly depth: number;
  readonly text: string;
}

/** Deeper lines are not indented further: the text stays linear in the module. */
const deepest = 40;

const caller = 'disassemble';

/**
 * The module as text.
 *
 * @throws FormatError where the bytes are no module, or one with sections or instructions that are not supported
 * @example
 * import { disassemble, f32x4, moduleBuilder } from '@rankwise/simd';
 * const module = moduleBuilder({ initial: 1, maximum: 1, shared: false });
 * module.func('twice', ['v128'], ['v128'], (f, x) => f.result(f32x4.add(x.get(), x.get())));
 * disassemble(module.encode()).split('\n').slice(-6) // => [
 * //   '  (;code: 1 item;)',
 * //   '  (func (;0;)',
 * //   '    local.get 0',
 * //   '    local.get 0',
 * //   '    f32x4.add',
 * //   '  end)',
 * // ]
 */
export function disassemble(bytes: Uint8Array): string {
  return disassembleLines(bytes)
    .map(({ depth, text }) => `${'  '.repeat(Math.min(depth, deepest))}${text}`)
    .join('\n');
}

/** The lines with the bytes they stand for. */
export function disassembleLines(bytes: Uint8Array): readonly Line[] {
  const sections = readModule(bytes, caller);
  const imported = itemsOf(sections, 'import').filter(({ value }) => value.kind === 'function').length;
  const lines: Line[] = [{ offset: 0, end: headerLength, depth: 0, text: '(module (;version 1;)' }];
  for (const section of sections) {
    const count = `${section.items.length} ${section.items.length === 1 ? 'item' : 'items'}`;
    lines.push({
      offset: section.offset,
      end: section.itemsOffset,
      depth: 1,
      text: `(;${section.name}: ${count};)`,
    });
    if (section.name === 'code')
      for (const [i, item] of itemsOf(sections, 'code').entries()) bodyLines(bytes, item, imported + i, lines);
    else for (const [i, item] of section.items.entries()) lines.push(itemLine(section, item, i, imported));
  }
  return lines;
}

type Texts = { readonly [N in Exclude<SectionName, 'code'>]: (value: SectionItems[N], index: number) => string };

const itemTexts: Texts = {
  type: (value, index) => `(type (;${index};) (func${signatureText(value)}))`,
  import: importText,
  function: (value, index) => `(;func ${index} has type ${value};)`,
  table: (value, index) => `(table (;${index};) ${limitsText(value)} funcref)`,
  export: exportText,
  element: ({ start, functions }, index) =>
    `(elem (;${index};) (i32.const ${start}) ${['func', ...functions].join(' ')})`,
};

function itemLine(section: Section, { offset, end, value }: Item<unknown>, index: number, imported: number): Line {
  const { name } = section;
  // An item's value is of its section's kind: readModule made it so. Imported functions come before those with bodies.
  const text = (itemTexts as Record<string, (value: unknown, index: number) => string>)[name];
  return { offset, end, depth: 1, text: text?.(value, name === 'function' ? imported + index : index) ?? name };
}

function bodyLines(
  bytes: Uint8Array,
  { offset, value }: Item<SectionItems['code']>,
  index: number,
  lines: Line[],
): void {
  const { code, locals } = value;
  const declared = locals.map(({ type, count }) => ` (local (;${count} of;) ${type})`).join('');
  lines.push({ offset, end: code.offset, depth: 1, text: `(func (;${index};)${declared}` });
  const reader = byteReader(bytes, caller, code.offset, code.end);
  let depth = 2;
  while (reader.offset < code.end) {
    const instruction = readInstruction(reader);
    const closes = instruction.name === 'end' || instruction.name === 'else';
    if (closes && depth > 1) depth--;
    const { offset: start, end } = instruction;
    lines.push({ offset: start, end, depth, text: textOf(instruction, end === code.end) });
    if (instruction.kind === 'block' || instruction.name === 'else') depth++;
  }
}

function textOf(instruction: Instruction, last: boolean): string {
  return `${instructionText(instruction)}${last ? ')' : ''}`;
}

function signatureText({ params, results }: Signature): string {
  return typesText('param', params) + typesText('result', results);
}

function typesText(name: string, types: readonly string[]): string {
  return types.length === 0 ? '' : ` (${name} ${types.join(' ')})`;
}

function importText(value: Import): string {
  const what = value.kind === 'function' ? `(func (type ${value.type}))` : `(memory ${limitsText(value.limits)})`;
  return `(import ${JSON.stringify(value.module)} ${JSON.stringify(value.name)} ${what})`;
}

function exportText({ name, kind, index }: Export): string {
  return `(export ${JSON.stringify(name)} (${kind === 'function' ? 'func' : kind} ${index}))`;
}

function limitsText({ initial, maximum, shared }: Limits): string {
  return `${initial}${maximum === Infinity ? '' : ` ${maximum}`}${shared ? ' shared' : ''}`;
}
