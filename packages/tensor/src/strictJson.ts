/**
 * JSON (RFC 8259) read from bytes, for file headers that nobody vouches for.
 *
 * Unlike JSON.parse it refuses an object that names a key twice, keeps the byte offset of every member for error messages,
 * limits the depth of nesting, and returns Maps, so that a key such as `__proto__` is a key like any other.
 *
 * | code            | way to be wrong                                    |
 * |-----------------|----------------------------------------------------|
 * | `utf8`          | a string that is not UTF-8, or half a surrogate pair |
 * | `json`          | anything else that is not JSON                     |
 * | `json-depth`    | nested deeper than 32                              |
 * | `duplicate-key` | an object with a key twice                         |
 */

import { FormatError } from './errors.ts';
import { decodeUtf8 } from './utf8.ts';

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export type JsonObject = ReadonlyMap<string, JsonMember>;

export interface JsonMember {
  readonly value: JsonValue;
  /** Byte where the member's key starts. */
  readonly offset: number;
}

/** A safetensors header is three deep; this leaves room and keeps the recursion far from any stack limit. */
const MAX_DEPTH = 32;

/** Longer than any double needs (24 digits and an exponent); bounds the work spent on a word that is none. */
const MAX_WORD = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** Where the reader stands; `at` moves on. */
interface Cursor {
  readonly caller: string;
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;
}

/**
 * The one value in bytes start … end − 1, with white space around it allowed.
 * @throws FormatError as listed above.
 */
export function parseStrictJson(caller: string, bytes: Uint8Array, start: number, end: number): JsonValue {
  const cursor: Cursor = { caller, bytes, end, at: start };
  const value = parseValue(cursor, 0);
  skipSpace(cursor);
  if (cursor.at < end) throw refused(cursor, 'nothing after the value');
  return value;
}

function parseValue(cursor: Cursor, depth: number): JsonValue {
  skipSpace(cursor);
  if (depth > MAX_DEPTH) {
    throw new FormatError(
      'json-depth',
      cursor.at,
      `${cursor.caller}: bytes: expected at most ${MAX_DEPTH} levels, got more`,
    );
  }
  switch (peek(cursor)) {
    case OPEN_OBJECT:
      return parseObject(cursor, depth);
    case OPEN_LIST:
      return parseList(cursor, depth);
    case QUOTE:
      return parseString(cursor);
    default:
      return parseWord(cursor);
  }
}

function parseObject(cursor: Cursor, depth: number): JsonObject {
  const members = new Map<string, JsonMember>();
  cursor.at += 1;
  skipSpace(cursor);
  if (takeIf(cursor, CLOSE_OBJECT)) return members;
  for (;;) {
    skipSpace(cursor);
    const offset = cursor.at;
    if (peek(cursor) !== QUOTE) throw refused(cursor, 'a key');
    const key = parseString(cursor);
    if (members.has(key)) {
      throw new FormatError(
        'duplicate-key',
        offset,
        `${cursor.caller}: bytes: expected each key once, got ${JSON.stringify(key)} again`,
      );
    }
    skipSpace(cursor);
    if (!takeIf(cursor, COLON)) throw refused(cursor, 'a colon');
    members.set(key, { value: parseValue(cursor, depth + 1), offset });
    skipSpace(cursor);
    if (takeIf(cursor, CLOSE_OBJECT)) return members;
    if (!takeIf(cursor, COMMA)) throw refused(cursor, 'a comma or a closing brace');
  }
}

function parseList(cursor: Cursor, depth: number): JsonValue[] {
  const items: JsonValue[] = [];
  cursor.at += 1;
  skipSpace(cursor);
  if (takeIf(cursor, CLOSE_LIST)) return items;
  for (;;) {
    items.push(parseValue(cursor, depth + 1));
    skipSpace(cursor);
    if (takeIf(cursor, CLOSE_LIST)) return items;
    if (!takeIf(cursor, COMMA)) throw refused(cursor, 'a comma or a closing bracket');
  }
}

function parseString(cursor: Cursor): string {
  const opening = cursor.at;
  let text = '';
  let start = opening + 1;
  cursor.at = start;
  for (;;) {
    const byte = peek(cursor);
    if (byte === undefined || byte < 0x20) throw refused(cursor, 'a closed string without control characters');
    if (byte !== QUOTE && byte !== BACKSLASH) {
      cursor.at += 1;
      continue;
    }
    text += decodeUtf8(cursor.caller, cursor.bytes, start, cursor.at);
    if (byte === QUOTE) break;
    text += parseEscape(cursor);
    start = cursor.at;
  }
  cursor.at += 1;
  // With the u flag the class matches surrogates that have no partner only.
  if (/\p{Surrogate}/u.test(text)) {
    throw new FormatError(
      'utf8',
      opening,
      `${cursor.caller}: bytes: expected whole characters, got half a surrogate pair`,
    );
  }
  return text;
}

function parseEscape(cursor: Cursor): string {
  const letter = String.fromCharCode(cursor.bytes[cursor.at + 1] ?? 0);
  const plain = escapes[letter];
  if (plain !== undefined && cursor.at + 1 < cursor.end) {
    cursor.at += 2;
    return plain;
  }
  const digits = asciiBetween(cursor, cursor.at + 2, Math.min(cursor.at + 6, cursor.end));
  if (letter !== 'u' || !/^[0-9a-fA-F]{4}$/.test(digits)) throw refused(cursor, 'an escape sequence of JSON');
  cursor.at += 6;
  return String.fromCharCode(Number.parseInt(digits, 16));
}

/** true, false, null or a number. */
function parseWord(cursor: Cursor): JsonValue {
  const last = Math.min(cursor.end, cursor.at + MAX_WORD);
  let stop = cursor.at;
  while (stop < last && isWordByte(cursor.bytes[stop]!)) stop += 1;
  const word = asciiBetween(cursor, cursor.at, stop);
  const known = { true: true, false: false, null: null };
  if (word === 'true' || word === 'false' || word === 'null') {
    cursor.at = stop;
    return known[word];
  }
  if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(word)) throw refused(cursor, 'a value');
  cursor.at = stop;
  return Number(word);
}

function isWordByte(byte: number): boolean {
  return /[-+.0-9A-Za-z]/.test(String.fromCharCode(byte));
}

function asciiBetween(cursor: Cursor, start: number, stop: number): string {
  return Array.from(cursor.bytes.subarray(start, stop), (byte) => String.fromCharCode(byte)).join('');
}

function skipSpace(cursor: Cursor): void {
  while (cursor.at < cursor.end && [0x20, 0x09, 0x0a, 0x0d].includes(cursor.bytes[cursor.at]!)) cursor.at += 1;
}

function peek(cursor: Cursor): number | undefined {
  return cursor.at < cursor.end ? cursor.bytes[cursor.at] : undefined;
}

function takeIf(cursor: Cursor, byte: number): boolean {
  if (peek(cursor) !== byte) return false;
  cursor.at += 1;
  return true;
}

function refused(cursor: Cursor, expected: string): FormatError {
  const byte = peek(cursor);
  const got = byte === undefined ? 'the end' : `byte ${byte}`;
  return new FormatError('json', cursor.at, `${cursor.caller}: bytes: expected ${expected}, got ${got}`);
}
