/**
 * Writing the protocol-buffers wire format: a message is a list of fields, each a tag (number · 8 + wire type) and a value.
 *
 * | wire type | value                                        | here                      |
 * |-----------|----------------------------------------------|---------------------------|
 * | 0         | varint: 7 bits a byte, low bits first        | `integer`, `integers`     |
 * | 2         | length as varint, then that many bytes       | `bytes`, `text`, `message`|
 *
 * Reference: the encoding guide of Protocol Buffers. Fields are kept as lists of chunks and joined once, so the weights of a
 * network are copied once.
 */

/** Pieces of the encoding, in order. */
export type Chunks = readonly Uint8Array[];

const encoder = new TextEncoder();

/** One integer field. */
export function integer(field: number, value: number): Chunks {
  return [varint(field * 8), varint(value)];
}

/** A repeated integer, one field each: readable for packed and unpacked declarations alike. */
export function integers(field: number, values: readonly number[]): Chunks {
  return values.flatMap((value) => integer(field, value));
}

export function bytes(field: number, value: Uint8Array): Chunks {
  return [varint(field * 8 + 2), varint(value.length), value];
}

export function text(field: number, value: string): Chunks {
  return bytes(field, encoder.encode(value));
}

/** A message within a message. */
export function message(field: number, ...parts: readonly Chunks[]): Chunks {
  const inner = parts.flat();
  return [varint(field * 8 + 2), varint(byteLength(inner)), ...inner];
}

export function join(parts: readonly Chunks[]): Uint8Array {
  const chunks = parts.flat();
  const joined = new Uint8Array(byteLength(chunks));
  let offset = 0;
  for (const chunk of chunks) {
    joined.set(chunk, offset);
    offset += chunk.length;
  }
  return joined;
}

function byteLength(chunks: Chunks): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0);
}

/** @param value - an integer, 0 ≤ value < 2^53 */
function varint(value: number): Uint8Array {
  const digits: number[] = [];
  let rest = value;
  while (rest >= 128) {
    digits.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  digits.push(rest);
  return Uint8Array.from(digits);
}
