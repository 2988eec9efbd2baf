import { fromNested, readSafetensors, slice, tensorOf, transpose, writeSafetensors } from '@rankwise/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checksumOf, createChecksum } from '../../packages/approx/src/journal/checksum.ts';
import { decodeEntry, encodeEntry } from '../../packages/approx/src/journal/entry.ts';
import { decodePlainData, encodePlainData } from '../../packages/approx/src/journal/plainData.ts';
import { runs } from '../kit/runs.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Any JSON value, with the numbers that JSON has no words for. */
const plainData = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    fc.double(),
    fc.constantFrom(NaN, Infinity, -Infinity, -0),
    fc.string(),
    fc.float64Array(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      fc.string().filter((name) => !name.startsWith('$') && name !== '__proto__'),
      tie('value'),
      {
        maxKeys: 4,
        noNullPrototype: true,
      },
    ),
  ),
})).value;

describe('checksum', () => {
  it("has the verification value of MurmurHash3's authors", () => {
    // SMHasher's VerificationTest: keys {}, {0}, {0, 1}, … with seeds 256, 255, …; the hash of all the hashes.
    const key = Uint8Array.from({ length: 256 }, (_, i) => i);
    const hashes = new Uint8Array(256 * 16);
    for (let i = 0; i < 256; i++) hashes.set(checksumOf(key.subarray(0, i), 256 - i), 16 * i);
    expect(new DataView(checksumOf(hashes).buffer).getUint32(0, true)).toBe(0xb3ece62a);
  });

  it('does not depend on how the bytes are cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.array(fc.nat(40), { maxLength: 6 }), (bytes, cuts) => {
        const checksum = createChecksum();
        let at = 0;
        for (const cut of cuts) {
          checksum.update(bytes.subarray(at, at + cut));
          at = Math.min(bytes.length, at + cut);
        }
        checksum.update(bytes.subarray(at));
        expect(checksum.bytes()).toEqual(checksumOf(bytes));
      }),
      { numRuns: runs() },
    );
  });

  it('is the same for a view at any address', () => {
    const bytes = Uint8Array.from({ length: 61 }, (_, i) => 7 * i);
    const shifted = new Uint8Array(80);
    shifted.set(bytes, 3);
    expect(checksumOf(shifted.subarray(3, 64))).toEqual(checksumOf(bytes));
  });
});

describe('plain data', () => {
  it('comes back to the last bit', () => {
    fc.assert(
      fc.property(plainData, (data) => {
        expect(decodePlainData(encodePlainData(data))).toStrictEqual(data);
      }),
      { numRuns: runs() },
    );
  });

  it('keeps tensors, views of them as copies', () => {
    const matrix = fromNested('f32', [
      [1, 2, 3],
      [4, 5, -0],
    ]);
    const data = {
      whole: matrix,
      turned: transpose(matrix),
      rest: slice(matrix, [[1, 2]]),
      bytes: fromNested('u8', [7]),
    };
    const { text, tensors } = encodePlainData(data);
    const back = decodePlainData({ text, tensors: readSafetensors(writeSafetensors(tensors)).tensors });
    expect(back).toStrictEqual({
      whole: matrix,
      turned: fromNested('f32', [
        [1, 4],
        [2, 5],
        [3, -0],
      ]),
      rest: fromNested('f32', [[4, 5, -0]]),
      bytes: fromNested('u8', [7]),
    });
  });

  it('leaves undefined fields out', () => {
    expect(decodePlainData(encodePlainData({ a: undefined, b: 1 }))).toStrictEqual({ b: 1 });
  });

  it('refuses what would come back as something else', () => {
    for (const data of [() => 1, new Map(), { $tensor: '0' }, [undefined], new Float32Array(1), Symbol('s')]) {
      expect(() => encodePlainData({ data })).toThrow(/^encodePlainData: data: expected .*, got /);
    }
    expect(() => decodePlainData({ text: '{"$tensor":"0"}', tensors: {} })).toThrow('a tensor that is there, got 0');
    const bytes = { text: '{"$array":"0"}', tensors: { 0: fromNested('u8', [1]) } };
    expect(() => decodePlainData(bytes)).toThrow('an f64 array, got u8');
  });
});

describe('entry', () => {
  const entry = {
    fingerprint: { model: 'a', kernels: 'simd' },
    about: 'rows of conv2',
    data: { from: 0, rows: [tensorOf(new Float32Array([1, 2]), [1, 2])], offset: new Float64Array([0.1]) },
  };
  const bytes = encodeEntry(entry);

  it('comes back', () => {
    expect(decodeEntry(bytes)).toStrictEqual(entry);
  });

  it('is not there when it is cut short anywhere', () => {
    for (let length = 0; length < bytes.length; length++) expect(decodeEntry(bytes.slice(0, length))).toBeUndefined();
  });

  it('is not there when any byte is another or there are more', () => {
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at]! ^= 1 << (at % 8);
      expect(decodeEntry(changed)).toBeUndefined();
    }
    expect(decodeEntry(Uint8Array.from([...bytes, 0]))).toBeUndefined();
  });

  it('is not there in bytes of another kind, even with their checksum', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (content) => {
        expect(decodeEntry(Uint8Array.from([...content, ...checksumOf(content)]))).toBeUndefined();
      }),
      { numRuns: runs() },
    );
    const file = utf8('{}');
    expect(decodeEntry(Uint8Array.from([...file, ...checksumOf(file)]))).toBeUndefined();
  });
});
