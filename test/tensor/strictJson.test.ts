import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '@rankwise/tensor';
import { parseStrictJson } from '../../packages/tensor/src/strictJson.ts';
import type { JsonValue } from '../../packages/tensor/src/strictJson.ts';
import { decodeUtf8, encodeUtf8 } from '../../packages/tensor/src/utf8.ts';
import { runs } from '../kit/runs.ts';

function parse(text: string): JsonValue {
  const bytes = new TextEncoder().encode(`#${text}#`);
  return parseStrictJson('test', bytes, 1, bytes.length - 1);
}

/** Maps as objects without a prototype, for comparison with JSON.parse. */
function plain(value: JsonValue): unknown {
  if (value instanceof Map) {
    const object: Record<string, unknown> = Object.create(null);
    for (const [key, member] of value) object[key] = plain(member.value);
    return object;
  }
  return Array.isArray(value) ? value.map(plain) : value;
}

function codeOf(text: string): string {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof FormatError) return error.code;
    throw error;
  }
  return 'read';
}

describe('parseStrictJson', () => {
  it('agrees with JSON.parse', () => {
    const spaced = fc.constantFrom(undefined, 1, '\t');
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), spaced, (value, space) => {
        const text = JSON.stringify(value, undefined, space);
        fc.pre(!/\\ud[89a-f]/.test(text));
        expect(JSON.stringify(plain(parse(text)))).toBe(JSON.stringify(JSON.parse(text)));
      }),
      { numRuns: runs(300) },
    );
  });

  it('accepts and refuses the texts JSON.parse does', () => {
    const piece = fc.constantFrom(
      ...'{}[],:"0123456789-+.eE \t\n\\/bfnrtu',
      'true',
      'false',
      'null',
      '"a"',
      '"b":',
      '\u0001',
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
        (text) => {
          let accepted = true;
          try {
            JSON.parse(text);
          } catch {
            accepted = false;
          }
          const code = codeOf(text);
          if (code !== 'duplicate-key') expect(code === 'read', text).toBe(accepted);
        },
      ),
      { numRuns: runs(1000) },
    );
  });

  it('knows escapes, the numbers’ grammar and nothing more', () => {
    expect(parse(' "\\u00fc\\ud835\\udecc\\/\\n" ')).toBe('ü𝛌/\n');
    expect(parse('[-0.5e+2, 1E-2, 0]')).toEqual([-50, 0.01, 0]);
    for (const text of [
      '01',
      '1.',
      '.5',
      '+1',
      'NaN',
      'tru',
      "'a'",
      '[1,]',
      '{"a":1,}',
      '{a:1}',
      '"\\x"',
      '"\\u12"',
      '',
    ]) {
      expect(codeOf(text), text).toBe('json');
    }
    expect(codeOf('"\\ud800"')).toBe('utf8');
    expect(codeOf(`${'['.repeat(33)}${']'.repeat(33)}`)).toBe('read');
    expect(codeOf(`${'['.repeat(34)}${']'.repeat(34)}`)).toBe('json-depth');
    expect(codeOf('1'.repeat(65))).toBe('json');
  });

  it('keeps keys like __proto__, and the byte where each member starts', () => {
    const value = parse('{"ü": 1, "__proto__": {"x": 2}}');
    if (!(value instanceof Map)) throw new Error('expected an object');
    expect([...value.keys()]).toEqual(['ü', '__proto__']);
    expect([...value.values()].map(({ offset }) => offset)).toEqual([2, 11]);
    expect(codeOf('{"a":1,"\\u0061":2}')).toBe('duplicate-key');
  });
});

describe('UTF-8', () => {
  it('is encoded as TextEncoder does, and decoded back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const bytes = encodeUtf8('test', text);
        expect([...bytes]).toEqual([...new TextEncoder().encode(text)]);
        expect(decodeUtf8('test', bytes, 0, bytes.length)).toBe(text);
      }),
      { numRuns: runs() },
    );
    expect(() => encodeUtf8('test', 'a\ud800')).toThrow('test: text: expected whole characters');
  });

  it('is not read past its end', () => {
    const bytes = Uint8Array.of(0x61, 0xc3, 0xbc);
    expect(decodeUtf8('test', bytes, 1, 3)).toBe('ü');
    expect(() => decodeUtf8('test', bytes, 0, 2)).toThrow('(utf8 at byte 1)');
  });

  it('is accepted and refused as a fatal TextDecoder does', () => {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const byte = fc.oneof(
      fc.nat(255),
      fc.constantFrom(0x80, 0xbf, 0xc0, 0xc2, 0xe0, 0xa0, 0xed, 0xf0, 0x90, 0xf4, 0x8f),
    );
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 6 }), (list) => {
        const bytes = Uint8Array.from(list);
        let expected: string | undefined;
        try {
          expected = decoder.decode(bytes);
        } catch {
          expect(() => decodeUtf8('test', bytes, 0, bytes.length)).toThrow(FormatError);
          return;
        }
        expect(decodeUtf8('test', bytes, 0, bytes.length)).toBe(expected);
      }),
      { numRuns: runs(1000) },
    );
  });
});
