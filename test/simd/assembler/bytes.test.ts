import { FormatError } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteReader } from '../../../packages/simd/src/assembler/byteReader.ts';
import type { ByteReader } from '../../../packages/simd/src/assembler/byteReader.ts';
import { byteWriter } from '../../../packages/simd/src/assembler/byteWriter.ts';
import type { ByteWriter } from '../../../packages/simd/src/assembler/byteWriter.ts';
import { runs } from '../../kit/runs.ts';

const written = (write: (writer: ByteWriter) => void): number[] => {
  const writer = byteWriter();
  write(writer);
  return [...writer.finish()];
};
const reader = (...bytes: number[]): ByteReader => byteReader(Uint8Array.from(bytes), 'test');

describe('LEB128', () => {
  it.each<[number, number[]]>([
    [0, [0]],
    [1, [1]],
    [127, [0x7f]],
    [128, [0x80, 0x01]],
    [16_383, [0xff, 0x7f]],
    [16_384, [0x80, 0x80, 0x01]],
    [624_485, [0xe5, 0x8e, 0x26]],
    [2 ** 31, [0x80, 0x80, 0x80, 0x80, 0x08]],
    [2 ** 32 - 1, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])('writes %d', (value, bytes) => {
    expect(written((w) => w.unsigned(value))).toEqual(bytes);
    expect(reader(...bytes).unsigned('n')).toBe(value);
  });

  it.each<[bigint, number[]]>([
    [0n, [0]],
    [-1n, [0x7f]],
    [63n, [0x3f]],
    [64n, [0xc0, 0x00]],
    [-64n, [0x40]],
    [-65n, [0xbf, 0x7f]],
    [-123_456n, [0xc0, 0xbb, 0x78]],
    [2n ** 31n - 1n, [0xff, 0xff, 0xff, 0xff, 0x07]],
    [-(2n ** 31n), [0x80, 0x80, 0x80, 0x80, 0x78]],
    [2n ** 63n - 1n, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00]],
    [-(2n ** 63n), [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f]],
  ])('writes %d with its sign', (value, bytes) => {
    expect(written((w) => w.signed(value))).toEqual(bytes);
    expect(reader(...bytes).signed(64, 'n')).toBe(value);
  });

  it('reads what it writes', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.nat(2 ** 32 - 1), (signed, unsigned) => {
        const bytes = written((w) => {
          w.signed(signed);
          w.unsigned(unsigned);
        });
        const both = reader(...bytes);
        expect([both.signed(64, 'n'), both.unsigned('n')]).toEqual([signed, unsigned]);
        both.finish('test');
      }),
      { numRuns: runs() },
    );
  });

  it('reads more bytes than needed, up to the most there may be', () => {
    expect(reader(0x80, 0x80, 0x80, 0x80, 0x00).unsigned('n')).toBe(0);
    expect(reader(0xff, 0xff, 0xff, 0xff, 0x7f).signed(32, 'n')).toBe(-1n);
    expect(reader(0x81, 0x00).signed(33, 'n')).toBe(1n);
  });

  it.each<[string, number[], (r: ByteReader) => unknown]>([
    ['six bytes for 32 bits', [0x80, 0x80, 0x80, 0x80, 0x80, 0x00], (r) => r.unsigned('n')],
    ['2^32', [0x80, 0x80, 0x80, 0x80, 0x10], (r) => r.unsigned('n')],
    ['2^31 with a sign', [0x80, 0x80, 0x80, 0x80, 0x08], (r) => r.signed(32, 'n')],
    ['-2^31 - 1', [0xff, 0xff, 0xff, 0xff, 0x77], (r) => r.signed(32, 'n')],
    ['2^32 of 33 bits', [0x80, 0x80, 0x80, 0x80, 0x10], (r) => r.signed(33, 'n')],
    ['2^63', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], (r) => r.signed(64, 'n')],
    ['eleven bytes for 64 bits', [...Array.from({ length: 10 }, () => 0xff), 0x7f], (r) => r.signed(64, 'n')],
  ])('refuses %s', (_, bytes, read) => {
    expect(() => read(reader(...bytes))).toThrow(/\(integer at byte 0\)$/);
  });
});

describe('byteReader', () => {
  it('never reads beyond its end', () => {
    expect(() => reader(0x80, 0x80).unsigned('size')).toThrow(
      'test: size: expected 1 bytes, got 0 (truncated at byte 2)',
    );
    expect(() => reader(1).bytes(2, 'body')).toThrow(FormatError);
    expect(() => reader(5, 1).count('items', 10)).toThrow('expected 5 items, got 1 bytes (truncated at byte 0)');
    expect(() => reader(5, 1).count('items', 4)).toThrow('expected 4 at most, got 5 (limit at byte 0)');
    const part = reader(9, 8, 7).part(2, 'part');
    expect([part.byte('a'), part.byte('b')]).toEqual([9, 8]);
    expect(() => part.byte('c')).toThrow('(truncated at byte 2)');
    expect(() => reader(1).finish('part')).toThrow(
      'test: part: expected its end, got 1 bytes more (trailing at byte 0)',
    );
  });

  it('reads names, and refuses what is not UTF-8', () => {
    const bytes = written((w) => w.name('\ufeffφ😀'));
    expect(bytes).toEqual([9, 0xef, 0xbb, 0xbf, 0xcf, 0x86, 0xf0, 0x9f, 0x98, 0x80]);
    expect(reader(...bytes).name('name')).toBe('\ufeffφ😀');
    expect(() => reader(2, 0xc0, 0x80).name('name')).toThrow('expected UTF-8, got other bytes (name at byte 0)');
  });

  it('reads a view into a larger buffer', () => {
    const inner = Uint8Array.of(9, 9, 1, 2, 9).subarray(2, 4);
    const view = byteReader(inner, 'test');
    expect([view.byte('a'), view.byte('b')]).toEqual([1, 2]);
    expect(() => view.byte('c')).toThrow(FormatError);
  });
});
