/**
 * The header of a .npy file: a Python dictionary with exactly three entries, as text,
 *
 *   {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
 *
 * It is read by a small scanner for just this form; nothing is evaluated.
 *
 * | code               | way to be wrong                                                    |
 * |--------------------|--------------------------------------------------------------------|
 * | `header`           | not a dictionary of literals, an entry twice, missing or unknown   |
 * | `object-array`     | elements that are Python objects (they would need to be unpickled) |
 * | `structured-dtype` | records                                                            |
 * | `unsupported-dtype`| any other element type that is not read here                       |
 * | `shape-overflow`   | too many bytes to count                                            |
 */

import { FormatError } from './errors.ts';
import type { Shape } from './shape.ts';
import { storedTypes } from './storedElements.ts';
import type { StoredType } from './storedElements.ts';

export interface NpyHeader {
  readonly stored: StoredType;
  readonly littleEndian: boolean;
  /** True when the first index varies fastest. */
  readonly fortranOrder: boolean;
  readonly shape: Shape;
}

/** NumPy's type strings after the byte-order character. */
const storedByCode: ReadonlyMap<string, StoredType> = new Map([
  ['f8', 'f64'],
  ['f4', 'f32'],
  ['f2', 'f16'],
  ['i8', 'i64'],
  ['i4', 'i32'],
  ['u1', 'u8'],
  ['b1', 'bool'],
]);

const codeByStored: Readonly<Record<'f32' | 'f64' | 'i32' | 'u8', string>> = {
  f64: '<f8',
  f32: '<f4',
  i32: '<i4',
  u8: '|u1',
};

/** One token: a quoted string without escapes, a word or an integer, or a mark. */
const TOKEN = /\s*(?:(?<quote>['"])(?<text>[^'"\\]*)\k<quote>|(?<word>[A-Za-z0-9_]+)|(?<mark>[{}(),:[\]]))/y;

interface Token {
  readonly kind: 'text' | 'word' | 'mark' | 'end';
  readonly value: string;
  readonly at: number;
}

type Literal = string | boolean | readonly number[];

/**
 * @param text - the header
 * @param offset - byte of the file where it starts, for error messages
 * @throws FormatError as listed above.
 */
export function parseNpyHeader(text: string, offset: number): NpyHeader {
  const entries = parseDictionary(text, offset);
  const descr = entries.get('descr');
  const fortranOrder = entries.get('fortran_order');
  const shape = entries.get('shape');
  if (entries.size !== 3 || typeof descr !== 'string' || typeof fortranOrder !== 'boolean' || !isShape(shape)) {
    throw refuse(
      'header',
      offset,
      "the entries 'descr', 'fortran_order' and 'shape'",
      `'${[...entries.keys()].join("', '")}'`,
    );
  }
  if (/^[|<>=]?O/.test(descr)) throw refuse('object-array', offset, 'elements that are numbers', 'Python objects');
  const stored = storedByCode.get(descr.slice(1));
  const order = descr.slice(0, 1);
  const orderMatters = stored !== undefined && storedTypes[stored].bytes > 1;
  if (stored === undefined || !(orderMatters ? ['<', '>'] : ['|', '<', '>']).includes(order)) {
    throw refuse('unsupported-dtype', offset, `one of ${[...storedByCode.keys()].join(', ')}`, `'${descr}'`);
  }
  const product = shape.reduce((size, extent) => size * Math.max(extent, 1), storedTypes[stored].bytes);
  if (!Number.isSafeInteger(product)) throw refuse('shape-overflow', offset, 'fewer than 2^53 bytes', String(product));
  return { stored, littleEndian: order !== '>', fortranOrder, shape };
}

/** The dictionary NumPy writes for a C-ordered array, without padding. */
export function formatNpyHeader(dtype: 'f32' | 'f64' | 'i32' | 'u8', shape: Shape): string {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  return `{'descr': '${codeByStored[dtype]}', 'fortran_order': False, 'shape': ${tuple}, }`;
}

function parseDictionary(text: string, offset: number): Map<string, Literal> {
  const entries = new Map<string, Literal>();
  let at = 0;
  const next = (): Token => {
    const token = tokenAt(text, at, offset);
    at = token.at;
    return token;
  };
  const expectMark = (token: Token, mark: string): void => {
    if (token.kind !== 'mark' || token.value !== mark) throw refuse('header', offset + token.at, mark, token.value);
  };
  expectMark(next(), '{');
  for (;;) {
    const key = next();
    if (key.kind === 'mark' && key.value === '}') break;
    if (key.kind !== 'text') throw refuse('header', offset + key.at, 'a quoted key', key.value);
    if (entries.has(key.value)) throw refuse('header', offset + key.at, 'each key once', `'${key.value}' again`);
    expectMark(next(), ':');
    entries.set(key.value, parseLiteral(next, offset));
    const after = next();
    if (after.kind === 'mark' && after.value === '}') break;
    expectMark(after, ',');
  }
  const last = next();
  if (last.kind !== 'end') throw refuse('header', offset + last.at, 'the end', last.value);
  return entries;
}

/** A quoted string, True, False or a tuple of non-negative integers. A list can only be a record's fields. */
function parseLiteral(next: () => Token, offset: number): Literal {
  const first = next();
  if (first.kind === 'text') return first.value;
  if (first.kind === 'word' && (first.value === 'True' || first.value === 'False')) return first.value === 'True';
  if (first.kind === 'mark' && first.value === '[') {
    throw refuse('structured-dtype', offset + first.at, 'elements that are numbers', 'records');
  }
  if (first.kind !== 'mark' || first.value !== '(') {
    throw refuse('header', offset + first.at, 'a string, True, False or a tuple', first.value);
  }
  const extents: number[] = [];
  for (;;) {
    const item = next();
    if (item.kind === 'mark' && item.value === ')') return extents;
    // Python 2 wrote long integers with an L.
    if (item.kind !== 'word' || !/^(0|[1-9][0-9]*)L?$/.test(item.value)) {
      throw refuse('header', offset + item.at, 'a non-negative integer', item.value);
    }
    extents.push(Number.parseInt(item.value, 10));
    const after = next();
    if (after.kind === 'mark' && after.value === ')') return extents;
    if (after.kind !== 'mark' || after.value !== ',') throw refuse('header', offset + after.at, 'a comma', after.value);
  }
}

/** The token at or after `at`; its own `at` is where the next one may start. */
function tokenAt(text: string, at: number, offset: number): Token {
  TOKEN.lastIndex = at;
  const groups = TOKEN.exec(text)?.groups;
  if (groups === undefined) {
    if (text.slice(at).trim() === '') return { kind: 'end', value: 'the end', at: text.length };
    throw refuse('header', offset + at, 'a literal', 'another character');
  }
  const end = TOKEN.lastIndex;
  if (groups['text'] !== undefined) return { kind: 'text', value: groups['text'], at: end };
  if (groups['word'] !== undefined) return { kind: 'word', value: groups['word'], at: end };
  return { kind: 'mark', value: groups['mark'] ?? '', at: end };
}

function isShape(literal: Literal | undefined): literal is readonly number[] {
  return Array.isArray(literal);
}

function refuse(code: string, offset: number, expected: string, got: string): FormatError {
  return new FormatError(code, offset, `readNpy: bytes: expected ${expected}, got ${got}`);
}
