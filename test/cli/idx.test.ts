import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readIdx } from '@rankwise/cli';
import { FormatError, toNested } from '@rankwise/tensor';
import { runs } from '../kit/runs.ts';
import { bigEndian, idxFile } from './support.ts';

/** The code and the offset of the error; any other error is a failure of its own. */
function refusal(bytes: Uint8Array): [string, number] {
  try {
    readIdx(bytes);
  } catch (error) {
    if (error instanceof FormatError) return [error.code, error.offset];
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('readIdx', () => {
  it('reads the elements in row-major order', () => {
    const tensor = readIdx(idxFile([2, 1, 3], [1, 2, 3, 4, 5, 255]));
    expect(toNested(tensor)).toEqual([[[1, 2, 3]], [[4, 5, 255]]]);
    expect(tensor.dtype).toBe('u8');
  });

  it('reads from bytes that do not start at their buffer', () => {
    const file = idxFile([2], [8, 9]);
    const buffer = new Uint8Array(file.length + 5);
    buffer.set(file, 5);
    expect(toNested(readIdx(buffer.subarray(5)))).toEqual([8, 9]);
  });

  it('reads arrays without elements', () => {
    expect(readIdx(idxFile([0, 28, 28], [])).shape).toEqual([0, 28, 28]);
  });

  it('names each way to be wrong, and the byte', () => {
    expect(refusal(new Uint8Array([1, 0, 8, 1, 0, 0, 0, 0]))).toEqual(['bad-magic', 0]);
    expect(refusal(new Uint8Array([0, 1, 8, 1, 0, 0, 0, 0]))).toEqual(['bad-magic', 0]);
    expect(refusal(new Uint8Array([0, 0, 0x0d, 1, 0, 0, 0, 0]))).toEqual(['bad-type', 2]);
    expect(refusal(new Uint8Array([0, 0, 8, 0]))).toEqual(['bad-axes', 3]);
    expect(refusal(new Uint8Array([0, 0, 8, 5, ...Array.from<number>({ length: 20 }).fill(0)]))).toEqual([
      'bad-axes',
      3,
    ]);
    expect(refusal(idxFile([2, 2], [1, 2, 3]))).toEqual(['truncated', 15]);
    expect(refusal(idxFile([2, 2], [1, 2, 3, 4, 5]))).toEqual(['trailing-bytes', 16]);
  });

  it('refuses extents of any size without taking memory for them', () => {
    const huge = 2 ** 32 - 1;
    expect(refusal(idxFile([huge, huge, huge, huge], [1]))[0]).toBe('truncated');
    expect(refusal(idxFile([huge, huge, huge, 0], [1]))[0]).toBe('trailing-bytes');
  });

  it('refuses a file cut short at any byte', () => {
    const file = idxFile(
      [2, 3, 4],
      Array.from({ length: 24 }, (_, i) => i),
    );
    for (let length = 0; length < file.length; length++) {
      expect(refusal(file.subarray(0, length)), `${length} bytes`).toEqual(['truncated', length]);
    }
  });

  it('refuses a file in which any one extent lies', () => {
    const shape = [2, 3, 4];
    const file = idxFile(shape, new Uint8Array(24));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }), (axis, extent) => {
        fc.pre(extent !== shape[axis]);
        const lying = file.slice();
        lying.set(bigEndian(extent), 4 + 4 * axis);
        expect(refusal(lying)[0]).toBe(extent > (shape[axis] ?? 0) ? 'truncated' : 'trailing-bytes');
      }),
      { numRuns: runs() },
    );
  });

  it('takes arbitrary bytes or refuses them with a code', () => {
    const header = fc.tuple(fc.constant(0), fc.constant(0), fc.constant(8), fc.integer({ min: 0, max: 6 }));
    const bytes = fc
      .tuple(fc.oneof(fc.constant([]), header), fc.uint8Array({ maxLength: 64 }))
      .map(([start, rest]) => Uint8Array.from([...start, ...rest]));
    fc.assert(
      fc.property(bytes, (file) => {
        try {
          const { shape, data } = readIdx(file);
          expect(data.length).toBe(shape.reduce((size, extent) => size * extent, 1));
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: runs(500) },
    );
  });
});
