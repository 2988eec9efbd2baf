import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromNested, isContiguous, readNpy, toNested, writeNpy, zeros } from '@rankwise/tensor';
import { fixture, formatErrorOf, joined, latin1, readsOrRefuses } from '../kit/files.ts';
import { runs } from '../kit/runs.ts';
import { arbitraryView, dtypes, elementsOf } from '../kit/tensors.ts';

const table = [
  [0, 1, 2],
  [3, 4, 5],
];

/** A version 1.0 file with this header and these bytes after it. */
function file(header: string, data = new Uint8Array(0), version = [1, 0]): Uint8Array {
  const text = latin1(header);
  return joined(latin1('\x93NUMPY'), Uint8Array.from([...version, text.length & 255, text.length >> 8]), text, data);
}

function codeOf(bytes: Uint8Array): string {
  return formatErrorOf(readNpy, bytes).code;
}

describe('files written by NumPy', () => {
  const scaled = (f: (value: number) => number): number[][] => table.map((row) => row.map(f));

  it.each([
    ['cOrder', 'f32', scaled((x) => x / 4)],
    ['fortranOrder', 'f64', scaled((x) => x - 2.5)],
    ['bigEndian', 'i32', scaled((x) => x * 1000003 - 5)],
    ['bigEndianFortran', 'f64', scaled((x) => x / 8)],
    ['scalar', 'u8', 200],
    ['empty', 'f32', []],
    ['bool', 'u8', [1, 0, 1]],
    ['int64', 'i32', [-(2 ** 31), 7, 2 ** 31 - 1]],
    ['half', 'f32', [0, -0, 1, -2.5, 65504, 2 ** -24, 2 ** -14, Infinity, -Infinity, Number.NaN]],
    ['version2', 'i32', table],
    ['version3', 'i32', table],
  ])('%s is read', (name, dtype, expected) => {
    const tensor = readNpy(fixture(`tensor/${name}.npy`));
    expect(tensor.dtype).toBe(dtype);
    expect(toNested(tensor)).toEqual(expected);
    expect(isContiguous(tensor)).toBe(true);
  });

  it('keep the shape of an empty array', () => {
    expect(readNpy(fixture('tensor/empty.npy')).shape).toEqual([0, 3]);
  });

  it.each([
    ['objects', 'object-array'],
    ['records', 'structured-dtype'],
    ['complex', 'unsupported-dtype'],
    ['int64TooLarge', 'integer-range'],
  ])('%s are refused', (name, code) => {
    expect(codeOf(fixture(`tensor/${name}.npy`))).toBe(code);
  });
});

describe('writeNpy', () => {
  it('says byte for byte what it should', () => {
    const header = "{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }".padEnd(117) + '\n';
    const expected = joined(
      latin1('\x93NUMPY\x01\x00\x76\x00'),
      latin1(header),
      Uint8Array.of(1, 0, 0, 0, 254, 255, 255, 255),
    );
    expect([...writeNpy(fromNested('i32', [1, -2]))]).toEqual([...expected]);
  });

  it('leaves room for the header and its line end, however long', () => {
    for (let rank = 0; rank <= 64; rank++) {
      const shape = Array.from({ length: rank }, () => 1);
      const bytes = writeNpy(zeros('u8', shape));
      expect([bytes.length % 64, bytes.at(-2)], `rank ${rank}`).toEqual([1, 0x0a]);
      expect(readNpy(bytes).shape).toEqual(shape);
    }
  });

  it('takes format 2.0 when the header is too long for 1.0', () => {
    const tensor = zeros(
      'u8',
      Array.from({ length: 22_000 }, () => 1),
    );
    const bytes = writeNpy(tensor);
    expect(bytes[6]).toBe(2);
    expect(bytes.length % 64).toBe(1);
    expect(readNpy(bytes).shape).toEqual(tensor.shape);
  });
});

describe('reading what was written', () => {
  it.each(dtypes)('gives back every %s tensor, in memory of its own', (dtype) => {
    fc.assert(
      fc.property(arbitraryView(dtype), (tensor) => {
        const bytes = writeNpy(tensor);
        const back = readNpy(bytes);
        expect(back).toMatchObject({ dtype, shape: tensor.shape });
        expect(elementsOf(back)).toEqual(elementsOf(tensor));
        expect(back.data.buffer.byteLength).toBe(back.data.byteLength);
        expect((bytes.length - back.data.byteLength) % 64).toBe(0);
      }),
      { numRuns: runs(50) },
    );
  });

  it('gives back every double', () => {
    fc.assert(
      fc.property(fc.array(fc.double()), (values) => {
        expect([...readNpy(writeNpy(fromNested('f64', values))).data]).toEqual(values);
      }),
      { numRuns: runs() },
    );
  });
});

describe('what is no .npy file', () => {
  it('is told by where it ends: every cut is noticed, and every byte too many', () => {
    for (const name of ['cOrder', 'version2', 'bigEndian']) {
      const whole = fixture(`tensor/${name}.npy`);
      for (let length = 0; length < whole.length; length++) {
        expect(codeOf(whole.slice(0, length)), `${name} cut to ${length}`).toBe('truncated');
      }
      expect(codeOf(joined(whole, Uint8Array.of(0)))).toBe('trailing-bytes');
    }
  });

  it.each([
    ['magic', latin1('\x93NUMPZ')],
    ['magic', latin1('PK\x03\x04')],
    ['version', latin1('\x93NUMPY\x04\x00\x00\x00')],
    ['version', latin1('\x93NUMPY\x01\x01\x00\x00')],
    ['truncated', latin1('\x93NUMPY\x02\x00\xff\xff\xff\xff')],
    ['utf8', joined(latin1('\x93NUMPY\x03\x00\x01\x00\x00\x00\xff'))],
    ['header', file('')],
    ['header', file('[]')],
    ['header', file("{'descr': '<f4', 'fortran_order': False}")],
    ['header', file("{'descr': '<f4', 'fortran_order': False, 'shape': (), 'more': ()}")],
    ['header', file("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}")],
    ['header', file("{'descr': '<f4', 'fortran_order': 0, 'shape': ()}")],
    ['header', file("{'descr': '<f4', 'fortran_order': False, 'shape': 3}")],
    ['header', file("{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}")],
    ['header', file("{'descr': '<f4', 'fortran_order': False, 'shape': (1 2)}")],
    ['header', file("{'descr': '<f4', 'fortran_order': False, 'shape': (__import__('os'),)}")],
    ['header', file("{'descr': '<f4', 'fortran_order': False, 'shape': ()} {")],
    ['header', file("{'descr': '<f4' 'fortran_order': False, 'shape': ()}")],
    ['header', file("{'descr': '<f4, 'fortran_order': False, 'shape': ()}")],
    ['structured-dtype', file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': ()}")],
    ['object-array', file("{'descr': 'O', 'fortran_order': False, 'shape': ()}")],
    ['unsupported-dtype', file("{'descr': '<U4', 'fortran_order': False, 'shape': ()}")],
    ['unsupported-dtype', file("{'descr': '|f4', 'fortran_order': False, 'shape': ()}")],
    ['unsupported-dtype', file("{'descr': '', 'fortran_order': False, 'shape': ()}")],
    ['shape-overflow', file("{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}")],
    ['shape-overflow', file("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 9999999999999999999999)}")],
    ['truncated', file("{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000,)}")],
    ['bool-value', file("{'descr': '|b1', 'fortran_order': False, 'shape': ()}", Uint8Array.of(2))],
  ])('%s: %#', (code, bytes) => {
    expect(codeOf(bytes)).toBe(code);
  });

  it('is read all the same when only the spelling differs', () => {
    const bytes = file('{"shape":(1L,),"descr":"<i4","fortran_order":True}', Uint8Array.of(5, 0, 0, 0));
    expect(toNested(readNpy(bytes))).toEqual([5]);
  });

  it('never crashes the reader: arbitrary bytes, and files with a few bytes changed', () => {
    const whole = fixture('tensor/cOrder.npy');
    const changes = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), changes, (bytes, changed) => {
        readsOrRefuses(readNpy, bytes);
        readsOrRefuses(readNpy, joined(latin1('\x93NUMPY'), bytes));
        const damaged = whole.slice();
        for (const [place, value] of changed) damaged[place] = value;
        readsOrRefuses(readNpy, damaged);
      }),
      { numRuns: runs(500) },
    );
  });
});
