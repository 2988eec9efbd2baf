/** Bounds-checked reading of the number formats of the WebAssembly binary format (Core Specification, §5.2). */

import { FormatError } from '@rankwise/tensor';

/** From the JavaScript Interface's implementation limits (§5.2 there). */
const longestName = 100_000;

export interface Span {
  readonly offset: number;
  readonly end: number;
}

export interface ByteReader {
  /** Of the next byte, in the whole module. */
  readonly offset: number;
  readonly end: number;
  byte(what: string): number;
  bytes(count: number, what: string): Uint8Array;
  /** LEB128 of 32 bits. */
  unsigned(what: string): number;
  /** LEB128 of 32, 33 or 64 bits. */
  signed(bits: number, what: string): bigint;
  name(what: string): string;
  /** How many items follow, each of one byte at least. */
  count(what: string, most: number): number;
  /** The next `size` bytes, which this reader passes over. */
  part(size: number, what: string): ByteReader;
  /** @throws FormatError unless every byte was read */
  finish(what: string): void;
  /** @param at - the byte to blame; else the next one */
  fail(code: string, what: string, expected: string, got: string | number, at?: number): never;
}

/** @param caller - the function named in messages */
export function byteReader(bytes: Uint8Array, caller: string, offset = 0, end = bytes.length): ByteReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let next = offset;
  const need = (size: number, what: string): void => {
    if (size > end - next) reader.fail('truncated', what, `${size} bytes`, end - next);
  };
  const reader: ByteReader = {
    get offset() {
      return next;
    },
    end,
    byte: (what) => {
      need(1, what);
      return view.getUint8(next++);
    },
    bytes: (size, what) => {
      need(size, what);
      next += size;
      return bytes.subarray(next - size, next);
    },
    unsigned: (what) => {
      // Nearly all are of one byte.
      const first = next < end ? view.getUint8(next) : 0x80;
      if (first >= 0x80) return Number(readVariable(reader, 32, false, what));
      next++;
      return first;
    },
    signed: (bits, what) => readVariable(reader, bits, true, what),
    name: (what) => readName(reader, what),
    count: (what, most) => {
      const at = next;
      const count = reader.unsigned(what);
      if (count > most) reader.fail('limit', what, `${most} at most`, count, at);
      if (count > end - next) reader.fail('truncated', what, `${count} items`, `${end - next} bytes`, at);
      return count;
    },
    part: (size, what) => {
      need(size, what);
      next += size;
      return byteReader(bytes, caller, next - size, next);
    },
    finish: (what) => {
      if (next < end) reader.fail('trailing', what, 'its end', `${end - next} bytes more`);
    },
    fail: (code, what, expected, got, at = next) => {
      throw new FormatError(code, at, `${caller}: ${what}: expected ${expected}, got ${got}`);
    },
  };
  return reader;
}

/** The bits of the last byte that the value has no room for must be zero, or copies of the sign. */
function readVariable(reader: ByteReader, bits: number, signed: boolean, what: string): bigint {
  const at = reader.offset;
  let value = 0n;
  for (let shift = 0; shift < bits; shift += 7) {
    const byte = reader.byte(what);
    value |= BigInt(byte & 0x7f) << BigInt(shift);
    if (byte >= 0x80) continue;
    const extended = signed ? BigInt.asIntN(shift + 7, value) : value;
    const fits = (signed ? BigInt.asIntN(bits, extended) : BigInt.asUintN(bits, extended)) === extended;
    return fits ? extended : reader.fail('integer', what, `a number of ${bits} bits`, extended.toString(), at);
  }
  return reader.fail('integer', what, `${Math.ceil(bits / 7)} bytes at most`, 'more', at);
}

function readName(reader: ByteReader, what: string): string {
  const at = reader.offset;
  const encoded = reader.bytes(reader.count(what, longestName), what);
  try {
    // A copy, because a decoder refuses shared memory. A byte order mark is part of the name.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(encoded));
  } catch {
    return reader.fail('name', what, 'UTF-8', 'other bytes', at);
  }
}
