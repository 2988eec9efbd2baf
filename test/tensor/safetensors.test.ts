import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DomainError,
  fromNested,
  readSafetensors,
  safetensorsParts,
  toNested,
  writeSafetensors,
  zeros,
} from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import { fixture } from '../kit/files.ts';
import { runs } from '../kit/runs.ts';
import { arbitraryView, dtypes, elementsOf } from '../kit/tensors.ts';

const table = [
  [0, 1, 2],
  [3, 4, 5],
];

const content = {
  weight: fromNested(
    'f32',
    table.map((row) => row.map((x) => x / 4)),
  ),
  statistics: fromNested(
    'f64',
    table.map((row) => row.map((x) => x - 2.5)),
  ),
  labels: fromNested('i32', -5),
  'pixel "ü"\n': fromNested('u8', [1, 2, 255]),
  none: zeros('f32', [0, 3]),
};

/** Names that tempt: properties of every object, numbers, escapes, other planes; whole characters only. */
const arbitraryName = fc
  .oneof(
    fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', '0', '', '"\\', '\u0000', '𝛌', 'ﬁ'),
    fc.string({ unit: 'grapheme' }),
  )
  .filter((name) => name !== '__metadata__');

const arbitraryTensors = fc.array(
  fc.tuple(
    arbitraryName,
    fc.constantFrom(...dtypes).chain((dtype) => arbitraryView(dtype, 3, 3)),
  ),
  { maxLength: 5 },
);

/** Own properties only, whatever they are called. */
function record<T>(pairs: readonly (readonly [string, T])[]): Record<string, T> {
  const result: Record<string, T> = Object.create(null);
  for (const [name, value] of pairs) result[name] = value;
  return result;
}

describe('the reference implementation', () => {
  it('writes the same bytes', () => {
    expect([...writeSafetensors(content, { format: 'np' })]).toEqual([...fixture('tensor/reference.safetensors')]);
  });

  it('is understood', () => {
    const { tensors, metadata } = readSafetensors(fixture('tensor/reference.safetensors'));
    expect({ ...metadata }).toEqual({ format: 'np' });
    expect({ ...tensors }).toEqual(content);
  });

  it('is understood where element types have to be converted', () => {
    const { tensors } = readSafetensors(fixture('tensor/converted.safetensors'));
    expect(Object.keys(tensors).toSorted()).toEqual(['half', 'mask', 'steps']);
    expect(tensors['steps']).toEqual(fromNested('i32', [3, -4]));
    expect(tensors['half']).toEqual(fromNested('f32', [1.5, -(2 ** -24)]));
    expect(tensors['mask']).toEqual(fromNested('u8', [1, 0]));
  });
});

describe('reading what was written', () => {
  it('gives back every tensor and every string, in memory of their own', () => {
    const arbitraryMetadata = fc.array(fc.tuple(arbitraryName, fc.string({ unit: 'grapheme' })), { maxLength: 4 });
    fc.assert(
      fc.property(arbitraryTensors, arbitraryMetadata, (pairs, strings) => {
        const [tensors, metadata] = [record<Tensor>(pairs), record(strings)];
        const back = readSafetensors(writeSafetensors(tensors, metadata));
        expect(Object.keys(back.tensors).toSorted()).toEqual(Object.keys(tensors).toSorted());
        expect(Object.entries(back.metadata).toSorted()).toEqual(Object.entries(metadata).toSorted());
        for (const [name, tensor] of Object.entries(tensors)) {
          const copy = back.tensors[name] ?? zeros('u8', []);
          expect(copy).toMatchObject({ dtype: tensor.dtype, shape: tensor.shape });
          expect(elementsOf(copy)).toEqual(elementsOf(tensor));
          expect(copy.data.buffer.byteLength).toBe(copy.data.byteLength);
        }
      }),
      { numRuns: runs() },
    );
  });

  it('gives back every finite and infinite f32 bit for bit', () => {
    fc.assert(
      fc.property(fc.float32Array({ noNaN: true }), (values) => {
        const tensor = fromNested('f32', [...values]);
        const back = readSafetensors(writeSafetensors({ x: tensor })).tensors['x'];
        expect(new Int32Array(back?.data.buffer ?? new ArrayBuffer(0))).toEqual(new Int32Array(values.slice().buffer));
      }),
      { numRuns: runs() },
    );
  });
});

describe('writeSafetensors', () => {
  it('writes the same bytes whatever the order of the properties, each tensor aligned', () => {
    const shuffled = arbitraryTensors.chain((pairs) => {
      const unique = [...new Map(pairs)];
      return fc.tuple(fc.constant(unique), fc.shuffledSubarray(unique, { minLength: unique.length }));
    });
    fc.assert(
      fc.property(shuffled, ([pairs, other]) => {
        const bytes = writeSafetensors(record(pairs));
        expect(writeSafetensors(record(other))).toEqual(bytes);
        const view = new DataView(bytes.buffer);
        expect(view.getUint32(0, true) % 8).toBe(0);
        expect(view.getUint32(4, true)).toBe(0);
      }),
      { numRuns: runs() },
    );
  });

  it('in parts: the same bytes, a few megabytes at a time', () => {
    fc.assert(
      fc.property(arbitraryTensors, (pairs) => {
        const whole = writeSafetensors(record(pairs), { a: 'b' });
        const parts = safetensorsParts(record(pairs), { a: 'b' });
        expect(parts.byteLength).toBe(whole.length);
        expect([...parts].flatMap((part) => [...part])).toEqual([...whole]);
      }),
      { numRuns: runs() },
    );
    const large = Float64Array.from({ length: 2 ** 20 + 3 }, (_, i) => i);
    const rows = { dtype: 'f64', shape: [2 ** 20 + 1, 2], strides: [1, 1], offset: 0, data: large } as const;
    const lengths = Array.from(safetensorsParts({ rows }), ({ length }) => length);
    expect(lengths.slice(1)).toEqual([2 ** 23, 2 ** 23, 16]);
    expect(() => safetensorsParts({ __metadata__: rows })).toThrow('expected names other than __metadata__');
  });

  it('says by hand what it should', () => {
    const header = '{"__metadata__":{"a":"1","b":"2"},"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}  ';
    const bytes = writeSafetensors({ x: fromNested('u8', [7, 8]) }, { b: '2', a: '1' });
    expect(String.fromCharCode(...bytes.subarray(8, -2))).toBe(header);
    expect([...bytes.subarray(0, 8), ...bytes.subarray(-2)]).toEqual([header.length, 0, 0, 0, 0, 0, 0, 0, 7, 8]);
    expect(String.fromCharCode(...writeSafetensors({}).subarray(8))).toBe('{}      ');
    expect(
      toNested(readSafetensors(writeSafetensors({ s: fromNested('f64', 3) })).tensors['s'] ?? zeros('u8', [])),
    ).toBe(3);
  });

  it('refuses names that a file cannot hold', () => {
    expect(() => writeSafetensors({ __metadata__: zeros('u8', []) })).toThrow(
      'writeSafetensors: tensors: expected names other than __metadata__, got it',
    );
    expect(() => writeSafetensors({ '\ud800': zeros('u8', []) })).toThrow(DomainError);
    expect(() => writeSafetensors({}, { x: '\udc00' })).toThrow(DomainError);
  });
});
