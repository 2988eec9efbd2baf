/**
 * The header of a safetensors file: read, and every claim in it checked against the file before any element is touched.
 *
 *   8 bytes: length n of the header, little-endian | n bytes: JSON, padded with spaces | the tensors' bytes, without gaps
 *
 * | code                 | way to be wrong                                                        |
 * |----------------------|------------------------------------------------------------------------|
 * | `truncated`          | fewer than 8 bytes                                                     |
 * | `header-too-large`   | n above 100,000,000, the format's own limit                            |
 * | `header-beyond-file` | n past the end of the file                                             |
 * | `header-start`       | the header does not begin with an opening brace                        |
 * | `utf8`, `json`, `json-depth`, `duplicate-key` | see strictJson.ts                             |
 * | `metadata`           | `__metadata__` is not an object of strings                             |
 * | `entry`              | a tensor's entry is not an object                                      |
 * | `dtype`, `unsupported-dtype` | no dtype; one that is not read here                            |
 * | `shape`, `shape-overflow` | no list of non-negative integers; too many bytes to count          |
 * | `offsets`            | no pair of integers with 0 ≤ begin ≤ end                               |
 * | `size-mismatch`      | end − begin is not the shape's number of bytes                         |
 * | `overlap`, `hole`    | two tensors share bytes; bytes between tensors belong to none          |
 * | `data-beyond-file`, `trailing-bytes` | the last tensor ends after, before the end of the file |
 */

import { FormatError } from './errors.ts';
import type { Shape } from './shape.ts';
import { storedTypes } from './storedElements.ts';
import type { StoredType } from './storedElements.ts';
import { parseStrictJson } from './strictJson.ts';
import type { JsonMember, JsonObject, JsonValue } from './strictJson.ts';

export const METADATA_KEY = '__metadata__';
export const MAX_HEADER_BYTES = 100_000_000;
/** Bytes of the header's length. */
export const PREFIX_BYTES = 8;

export interface SafetensorsEntry {
  readonly name: string;
  readonly stored: StoredType;
  readonly shape: Shape;
  /** Bytes from the start of the data. */
  readonly begin: number;
  readonly end: number;
  /** Byte of the file where the header names the tensor. */
  readonly offset: number;
}

export interface SafetensorsHeader {
  /** By position in the file. */
  readonly entries: readonly SafetensorsEntry[];
  readonly metadata: ReadonlyMap<string, string>;
  /** Byte of the file where the tensors' bytes start. */
  readonly dataStart: number;
}

/** The format's names of element types. */
const storedByName: ReadonlyMap<string, StoredType> = new Map([
  ['F64', 'f64'],
  ['F32', 'f32'],
  ['F16', 'f16'],
  ['BF16', 'bf16'],
  ['I64', 'i64'],
  ['I32', 'i32'],
  ['U8', 'u8'],
  ['BOOL', 'bool'],
]);

const OPENING_BRACE = 0x7b;

/** @throws FormatError as listed above. */
export function readSafetensorsHeader(bytes: Uint8Array): SafetensorsHeader {
  const dataStart = PREFIX_BYTES + headerLength(bytes);
  if (bytes[PREFIX_BYTES] !== OPENING_BRACE || dataStart === PREFIX_BYTES) {
    throw refuse('header-start', PREFIX_BYTES, 'a header that starts with {', 'another byte');
  }
  // The value is an object, since its first byte is an opening brace.
  const members = parseStrictJson('readSafetensors', bytes, PREFIX_BYTES, dataStart) as JsonObject;
  const metadata = readMetadata(members.get(METADATA_KEY));
  const entries = [...members]
    .filter(([name]) => name !== METADATA_KEY)
    .map(([name, member]) => readEntry(name, member))
    .toSorted((a, b) => a.begin - b.begin || a.end - b.end);
  checkPlaces(entries, dataStart, bytes.length);
  return { entries, metadata, dataStart };
}

function headerLength(bytes: Uint8Array): number {
  if (bytes.length < PREFIX_BYTES) {
    throw refuse('truncated', bytes.length, `at least ${PREFIX_BYTES} bytes`, bytes.length);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, PREFIX_BYTES);
  // Rounded above 2^53, which is far beyond the limit anyway.
  const length = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
  if (length > MAX_HEADER_BYTES) {
    throw refuse('header-too-large', 0, `a header of at most ${MAX_HEADER_BYTES} bytes`, length);
  }
  if (length > bytes.length - PREFIX_BYTES) {
    throw refuse('header-beyond-file', 0, `a header of at most ${bytes.length - PREFIX_BYTES} bytes`, length);
  }
  return length;
}

function readMetadata(member: JsonMember | undefined): ReadonlyMap<string, string> {
  const metadata = new Map<string, string>();
  if (member === undefined) return metadata;
  if (!isObject(member.value)) throw refuse('metadata', member.offset, 'metadata as an object', typeof member.value);
  for (const [key, { value, offset }] of member.value) {
    if (typeof value !== 'string') throw refuse('metadata', offset, 'metadata as strings', typeof value);
    metadata.set(key, value);
  }
  return metadata;
}

function readEntry(name: string, { value, offset }: JsonMember): SafetensorsEntry {
  if (!isObject(value)) throw refuse('entry', offset, `an object for tensor ${name}`, typeof value);
  const dtype = value.get('dtype')?.value;
  if (typeof dtype !== 'string') throw refuse('dtype', offset, `a dtype for tensor ${name}`, typeof dtype);
  const stored = storedByName.get(dtype);
  if (stored === undefined) {
    throw refuse(
      'unsupported-dtype',
      offset,
      `one of ${[...storedByName.keys()].join(', ')} for tensor ${name}`,
      dtype,
    );
  }
  const shape = value.get('shape')?.value;
  if (!isExtents(shape)) throw refuse('shape', offset, `a list of non-negative integers for tensor ${name}`, 'another');
  const range = value.get('data_offsets')?.value;
  const [begin, end] = isExtents(range) ? range : [];
  if (!isExtents(range) || range.length !== 2 || begin === undefined || end === undefined || begin > end) {
    throw refuse('offsets', offset, `data_offsets [begin, end] for tensor ${name}`, 'another');
  }
  const size = byteSize(name, offset, shape, storedTypes[stored].bytes);
  if (end - begin !== size) throw refuse('size-mismatch', offset, `${size} bytes for tensor ${name}`, end - begin);
  return { name, stored, shape, begin, end, offset };
}

/** Extents of 0 do not hide an overflow of the others. */
function byteSize(name: string, offset: number, shape: Shape, width: number): number {
  const product = shape.reduce((size, extent) => size * Math.max(extent, 1), width);
  if (!Number.isSafeInteger(product)) {
    throw refuse('shape-overflow', offset, `fewer than 2^53 bytes for tensor ${name}`, product);
  }
  return shape.includes(0) ? 0 : product;
}

function checkPlaces(entries: readonly SafetensorsEntry[], dataStart: number, fileLength: number): void {
  let reached = 0;
  for (const { name, begin, end, offset } of entries) {
    if (begin < reached) throw refuse('overlap', offset, `tensor ${name} to begin at ${reached}`, begin);
    if (begin > reached) throw refuse('hole', offset, `tensor ${name} to begin at ${reached}`, begin);
    if (end > fileLength - dataStart) {
      throw refuse('data-beyond-file', offset, `tensor ${name} to end by ${fileLength - dataStart}`, end);
    }
    reached = end;
  }
  if (dataStart + reached !== fileLength) {
    throw refuse('trailing-bytes', dataStart + reached, `a file of ${dataStart + reached} bytes`, fileLength);
  }
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return value instanceof Map;
}

function isExtents(value: JsonValue | undefined): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0 && !Object.is(item, -0));
}

function refuse(code: string, offset: number, expected: string, got: string | number): FormatError {
  return new FormatError(code, offset, `readSafetensors: bytes: expected ${expected}, got ${got}`);
}
