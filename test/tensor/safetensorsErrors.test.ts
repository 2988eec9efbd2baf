import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSafetensors } from '@rankwise/tensor';
import { fixture, formatErrorOf, joined, latin1, readsOrRefuses } from '../kit/files.ts';
import { runs } from '../kit/runs.ts';

/** The 8 bytes of a length. */
function prefix(length: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  return bytes;
}

function file(header: string, dataBytes = 0): Uint8Array {
  return joined(prefix(header.length), latin1(header), new Uint8Array(dataBytes));
}

/** A header's entry. */
function entry(name: string, begin: number, end: number, shape = `[${end - begin}]`, dtype = 'U8'): string {
  return `"${name}":{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;
}

function codeOf(bytes: Uint8Array): string {
  return formatErrorOf(readSafetensors, bytes).code;
}

/** A 64-bit integer, little-endian. */
function int64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, value, true);
  return bytes;
}

const good = fixture('tensor/reference.safetensors');

describe('a file cut short or with more behind it', () => {
  it('is noticed at every byte', () => {
    const headerEnd = 8 + new DataView(good.buffer, good.byteOffset).getUint32(0, true);
    for (let length = 0; length < good.length; length++) {
      const expected = length < 8 ? 'truncated' : length < headerEnd ? 'header-beyond-file' : 'data-beyond-file';
      expect(codeOf(good.slice(0, length)), `cut to ${length}`).toBe(expected);
    }
    expect(codeOf(joined(good, Uint8Array.of(0)))).toBe('trailing-bytes');
    expect(codeOf(file('{}', 1))).toBe('trailing-bytes');
  });
});

describe('a header whose length lies', () => {
  it.each([
    ['header-beyond-file', joined(prefix(3), latin1('{}'))],
    ['header-too-large', joined(prefix(100_000_001), latin1('{}'))],
    ['header-too-large', joined(prefix(2n ** 64n - 1n), latin1('{}'))],
    ['header-too-large', joined(prefix(2n ** 32n + 2n), latin1('{}'))],
    ['header-beyond-file', joined(prefix(100_000_000), latin1('{}'))],
    ['header-start', prefix(0)],
    ['header-start', joined(prefix(0), latin1('{}'))],
    ['json', joined(prefix(1), latin1('{}'))],
  ])('%s: %#', (code, bytes) => {
    expect(codeOf(bytes)).toBe(code);
  });
});

describe('a header that is wrong', () => {
  it.each<[string, string, number?]>([
    ['header-start', ' {}'],
    ['header-start', '[]'],
    ['json', '{'],
    ['json', '{} x'],
    ['json', '{"a":}'],
    ['utf8', '{"\xff":1}'],
    ['json-depth', `{"a":${'['.repeat(40)}${']'.repeat(40)}}`],
    ['duplicate-key', `{${entry('a', 0, 1)},${entry('a', 1, 2)}}`, 2],
    ['duplicate-key', '{"__metadata__":{"k":"1","\\u006b":"2"}}'],
    ['duplicate-key', '{"a":{"dtype":"U8","dtype":"U8","shape":[],"data_offsets":[0,1]}}', 1],
    ['metadata', '{"__metadata__":[]}'],
    ['metadata', '{"__metadata__":{"k":1}}'],
    ['metadata', '{"__metadata__":{"k":null}}'],
    ['entry', '{"a":[]}'],
    ['entry', '{"a":null}'],
    ['dtype', '{"a":{"shape":[],"data_offsets":[0,1]}}', 1],
    ['dtype', '{"a":{"dtype":8,"shape":[],"data_offsets":[0,1]}}', 1],
    ['unsupported-dtype', `{${entry('a', 0, 1, '[]', 'F8_E4M3')}}`, 1],
    ['unsupported-dtype', `{${entry('a', 0, 1, '[]', 'toString')}}`, 1],
    ['shape', '{"a":{"dtype":"U8","data_offsets":[0,1]}}', 1],
    ['shape', `{${entry('a', 0, 1, '1')}}`, 1],
    ['shape', `{${entry('a', 0, 1, '[-1,-1]')}}`, 1],
    ['shape', `{${entry('a', 0, 1, '[0.5,2]')}}`, 1],
    ['shape', `{${entry('a', 0, 0, '[-0]')}}`],
    ['shape', `{${entry('a', 0, 1, '["1"]')}}`, 1],
    ['shape', `{${entry('a', 0, 0, '[9007199254740992]')}}`],
    ['shape-overflow', `{${entry('a', 0, 0, '[4294967296,4294967296]')}}`],
    ['shape-overflow', `{${entry('a', 0, 0, '[0,4294967296,4294967296]')}}`],
    ['shape-overflow', `{${entry('a', 0, 8, '[2251799813685248]', 'F64')}}`, 8],
    ['offsets', '{"a":{"dtype":"U8","shape":[]}}', 1],
    ['offsets', '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}', 1],
    ['offsets', '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}}', 1],
    ['offsets', '{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}', 1],
    ['offsets', '{"a":{"dtype":"U8","shape":[1],"data_offsets":[-1,0]}}', 1],
    ['offsets', '{"a":{"dtype":"U8","shape":[1],"data_offsets":["0","1"]}}', 1],
    ['size-mismatch', `{${entry('a', 0, 2, '[1]')}}`, 2],
    ['size-mismatch', `{${entry('a', 0, 2, '[2]', 'F32')}}`, 2],
    ['size-mismatch', `{${entry('a', 0, 1, '[0]')}}`, 1],
    ['overlap', `{${entry('a', 0, 2)},${entry('b', 1, 3)}}`, 3],
    ['overlap', `{${entry('a', 0, 2)},${entry('b', 0, 2)}}`, 2],
    ['overlap', `{${entry('a', 0, 2)},${entry('b', 1, 1)}}`, 2],
    ['hole', `{${entry('a', 1, 2)}}`, 2],
    ['hole', `{${entry('a', 3, 4)},${entry('b', 0, 2)}}`, 4],
    ['data-beyond-file', `{${entry('a', 0, 3)}}`, 2],
    ['data-beyond-file', `{${entry('a', 0, 2 ** 45)}}`],
    ['trailing-bytes', `{${entry('a', 0, 3)}}`, 4],
    ['bool-value', `{${entry('b', 1, 2, '[]', 'BOOL')},${entry('a', 0, 1)}}`, 0],
  ])('%s: %#', (code, header, dataBytes = 0) => {
    const bytes = code === 'bool-value' ? joined(file(header), Uint8Array.of(2, 2)) : file(header, dataBytes);
    expect(codeOf(bytes)).toBe(code);
  });

  it('says where: the tensor that lies is named and pointed at', () => {
    const header = `{${entry('a', 0, 2)},${entry('b', 1, 3)}}`;
    const error = formatErrorOf(readSafetensors, file(header, 3));
    expect(error.message).toBe(
      `readSafetensors: bytes: expected tensor b to begin at 2, got 1 (overlap at byte ${8 + header.indexOf('"b"')})`,
    );
  });
});

describe('a message that quotes the file', () => {
  it('is one line whatever the name', () => {
    const { message } = formatErrorOf(readSafetensors, file(`{${entry('a\\nb\\u001b[31m\\u2028', 0, 2)}}`, 1));
    expect(message).toContain('tensor a\ufffdb\ufffd[31m\ufffd to end');
  });

  it('is short whatever the name, and says where all the same', () => {
    const { message } = formatErrorOf(readSafetensors, file(`{${entry('n'.repeat(100_000), 0, 2)}}`, 1));
    expect(message.length).toBeLessThan(600);
    expect(message).toMatch(/n… \(data-beyond-file at byte \d+\)$/);
  });
});

describe('64-bit integers', () => {
  const read = (value: bigint): number | undefined => {
    const bytes = joined(file(`{${entry('a', 0, 8, '[]', 'I64')}}`), int64(value));
    return readSafetensors(bytes).tensors['a']?.data[0];
  };

  it('are read where 32 bits hold them and refused where not', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.nat(63), (wide, shift) => {
        const value = wide >> BigInt(shift);
        if (BigInt.asIntN(32, value) === value) expect(read(value)).toBe(Number(value));
        else expect(() => read(value)).toThrow('integer-range');
      }),
      { numRuns: runs(300) },
    );
    for (const value of [2n ** 31n, -(2n ** 31n) - 1n, 2n ** 32n, 2n ** 63n - 1n]) {
      expect(() => read(value), String(value)).toThrow('integer-range');
    }
    expect([read(2n ** 31n - 1n), read(-(2n ** 31n)), read(-1n)]).toEqual([2 ** 31 - 1, -(2 ** 31), -1]);
  });
});

describe('16-bit floats', () => {
  /** Every pattern of 16 bits, in order, read as numbers. */
  const readAll = (dtype: string): ArrayLike<number> => {
    const size = 2 ** 17;
    const data = Uint8Array.from({ length: size }, (_, i) => (i % 2 === 0 ? i >> 1 : i >> 9));
    const header = file(`{${entry('a', 0, size, '[65536]', dtype)}}`);
    const bytes = new Uint8Array(header.length + size);
    bytes.set(header);
    bytes.set(data, header.length);
    return readSafetensors(bytes).tensors['a']?.data ?? [];
  };

  it('BF16 is the high half of an f32, for every pattern of bits', () => {
    const expected = new Float32Array(Uint32Array.from({ length: 2 ** 16 }, (_, bits) => bits * 2 ** 16).buffer);
    expect(readAll('BF16')).toEqual(expected);
  });

  it('F16 goes up with its bits by the spacing of each binade, and is odd', () => {
    const values = readAll('F16');
    const expected = new Float32Array(2 ** 16).fill(Number.NaN);
    let magnitude = 0;
    for (let bits = 0; bits < 0x7c00; bits++) {
      expected[bits] = magnitude;
      expected[bits + 2 ** 15] = -magnitude;
      // 2^-24 between subnormals and in the first binade, then doubling with each exponent.
      magnitude += 2 ** (Math.max(bits >> 10, 1) - 25);
    }
    expected[0x7c00] = Infinity;
    expected[0xfc00] = -Infinity;
    expect(values).toEqual(expected);
    expect(values[0x7bff]).toBe(65504);
  });
});

describe('whatever the bytes', () => {
  it('the reader reads or refuses, and never crashes', () => {
    const changes = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    const shape = fc.oneof(fc.json(), fc.constant('[1]'));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), changes, fc.json(), shape, (bytes, changed, json, extents) => {
        readsOrRefuses(readSafetensors, bytes);
        readsOrRefuses(readSafetensors, joined(prefix(bytes.length), bytes));
        readsOrRefuses(readSafetensors, file(`{"a":${json}}`, 1));
        readsOrRefuses(readSafetensors, file(`{${entry('a', 0, 1, extents)}}`, 1));
        const damaged = good.slice();
        for (const [place, value] of changed) damaged[place] = value;
        readsOrRefuses(readSafetensors, damaged);
      }),
      { numRuns: runs(500) },
    );
  });

  it('tensors without elements may stand anywhere, in any order of the header', () => {
    const header = `{${entry('b', 2, 2)},${entry('a', 0, 2)},${entry('c', 0, 0)},${entry('d', 2, 2, '[3,0]')}}`;
    expect(Object.keys(readSafetensors(file(header, 2)).tensors).toSorted()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('unknown entries of a tensor are passed over', () => {
    const header = '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"__proto__":{"x":[1,{}]}}}';
    expect(readSafetensors(file(header, 1)).tensors['a']?.shape).toEqual([1]);
  });
});
