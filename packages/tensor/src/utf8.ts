/**
 * UTF-8, strictly: overlong forms, surrogates, code points above U+10FFFF and cut-off sequences are refused.
 *
 * TextDecoder is not used because some engines that this code runs on do not have it. Reference: RFC 3629, section 4.
 */

import { DomainError, FormatError } from './errors.ts';

/** For lead bytes with 2, 3 and 4 bytes in all: the fixed bits, their mask, and the least code point that needs so many. */
const sequences = [
  { length: 2, mask: 0xe0, lead: 0xc0, least: 0x80 },
  { length: 3, mask: 0xf0, lead: 0xe0, least: 0x800 },
  { length: 4, mask: 0xf8, lead: 0xf0, least: 0x10000 },
] as const;

/**
 * The text in bytes start … end − 1.
 * @throws FormatError `utf8` at the first sequence that is not UTF-8.
 */
export function decodeUtf8(caller: string, bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  let at = start;
  while (at < end) {
    const lead = bytes[at]!;
    if (lead < 0x80) {
      text += String.fromCharCode(lead);
      at += 1;
      continue;
    }
    const form = sequences.find((candidate) => (lead & candidate.mask) === candidate.lead);
    if (form === undefined || at + form.length > end) throw notUtf8(caller, at, lead);
    let point = lead & ~form.mask;
    for (let i = 1; i < form.length; i++) {
      const next = bytes[at + i]!;
      if ((next & 0xc0) !== 0x80) throw notUtf8(caller, at, lead);
      point = (point << 6) | (next & 0x3f);
    }
    if (point < form.least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
      throw notUtf8(caller, at, lead);
    }
    text += String.fromCodePoint(point);
    at += form.length;
  }
  return text;
}

/**
 * The bytes of a text.
 * @throws DomainError when it holds half of a surrogate pair.
 */
export function encodeUtf8(caller: string, text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    if (point >= 0xd800 && point <= 0xdfff) {
      throw new DomainError(`${caller}: text: expected whole characters, got half a surrogate pair`);
    }
    const form = sequences.findLast((candidate) => point >= candidate.least);
    if (form === undefined) {
      bytes.push(point);
      continue;
    }
    const shift = 6 * (form.length - 1);
    bytes.push(form.lead | (point >>> shift));
    for (let rest = shift - 6; rest >= 0; rest -= 6) bytes.push(0x80 | ((point >>> rest) & 0x3f));
  }
  return Uint8Array.from(bytes);
}

function notUtf8(caller: string, offset: number, lead: number): FormatError {
  return new FormatError('utf8', offset, `${caller}: bytes: expected UTF-8, got a wrong sequence led by ${lead}`);
}
