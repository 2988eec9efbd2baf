import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assignInPlace,
  cast,
  contiguous,
  copyOf,
  DomainError,
  fromNested,
  full,
  hasDType,
  isContiguous,
  ShapeError,
  slice,
  toNested,
  transpose,
  zeros,
} from '@rankwise/tensor';
import type { DType } from '@rankwise/tensor';
import { runs } from '../kit/runs.ts';
import { arbitraryView, dtypes, elementsOf } from '../kit/tensors.ts';

describe.each(dtypes)('copies of %s', (dtype) => {
  it('hold the same elements in row-major order, in memory of their own', () => {
    fc.assert(
      fc.property(arbitraryView(dtype), (tensor) => {
        const copy = copyOf(tensor);
        expect([...copy.data]).toEqual(elementsOf(tensor));
        expect(copy).toMatchObject({ dtype, shape: tensor.shape, offset: 0 });
        expect(isContiguous(copy)).toBe(true);
        expect(copy.data).not.toBe(tensor.data);
        expect(contiguous(tensor) === tensor).toBe(isContiguous(tensor));
        expect(elementsOf(contiguous(tensor))).toEqual(elementsOf(tensor));
      }),
      { numRuns: runs(50) },
    );
  });

  it('copy rows longer than a loop is used for', () => {
    const long = fromNested(
      dtype,
      Array.from({ length: 3 }, (_, row) => Array.from({ length: 70 }, (__, i) => row * 80 + i)),
    );
    expect(toNested(copyOf(slice(long, [undefined, [5, 69]])))).toEqual(toNested(slice(long, [undefined, [5, 69]])));
    expect(toNested(copyOf(transpose(long)))).toEqual(toNested(transpose(long)));
  });

  it('write only where they should', () => {
    const target = full(dtype, [4, 5], 77);
    assignInPlace(
      slice(target, [
        [1, 3],
        [0, 5, 2],
      ]),
      fromNested(dtype, [
        [1, 2, 3],
        [4, 5, 6],
      ]),
    );
    expect(toNested(target)).toEqual([
      [77, 77, 77, 77, 77],
      [1, 77, 2, 77, 3],
      [4, 77, 5, 77, 6],
      [77, 77, 77, 77, 77],
    ]);
  });
});

describe('assignInPlace', () => {
  it('refuses another shape or dtype', () => {
    expect(() => assignInPlace(zeros('f32', [2]), zeros('f32', [1]))).toThrow(ShapeError);
    expect(() => assignInPlace<DType>(zeros('f32', [2]), zeros('f64', [2]))).toThrow(
      'assignInPlace: source: expected dtype f32, got f64',
    );
  });
});

describe('cast', () => {
  it('keeps every value that all element types hold', () => {
    const anyDType = fc.constantFrom(...dtypes);
    fc.assert(
      fc.property(
        anyDType.chain((dtype) => arbitraryView(dtype)),
        anyDType,
        (tensor, dtype) => {
          const result = cast(tensor, dtype);
          expect(hasDType(result, dtype)).toBe(true);
          expect(elementsOf(result)).toEqual(elementsOf(tensor));
          expect(result === tensor).toBe(tensor.dtype === dtype);
        },
      ),
      { numRuns: runs() },
    );
  });

  it('rounds f64 to the nearest f32 and widens exactly', () => {
    fc.assert(
      fc.property(fc.double({ min: -3e38, max: 3e38 }), (value) => {
        const single = cast(fromNested('f64', value), 'f32');
        expect(single.data[0]).toBe(Math.fround(value));
        expect(cast(single, 'f64').data[0]).toBe(Math.fround(value));
      }),
      { numRuns: runs() },
    );
    const special = [Number.NaN, Infinity, -Infinity];
    expect(toNested(cast(fromNested('f64', special), 'f32'))).toEqual(special);
  });

  it('refuses what the new type does not hold, at its borders too', () => {
    const refused = (from: DType, to: DType, value: number): void =>
      expect(() => cast(fromNested(from, [0, value]), to), `${value} to ${to}`).toThrow(DomainError);
    for (const value of [Number.NaN, Infinity, 0.5, 2 ** 31, -(2 ** 31) - 1]) refused('f64', 'i32', value);
    for (const value of [Number.NaN, -1, 256, 1.5]) refused('f32', 'u8', value);
    for (const value of [-1, 256]) refused('i32', 'u8', value);
    // The greatest f32 and half a unit in its last place more: the tie goes to the even neighbour, 2^128.
    const greatest = (2 - 2 ** -23) * 2 ** 127;
    refused('f64', 'f32', greatest + 2 ** 103);
    expect(cast(fromNested('f64', greatest + 2 ** 102), 'f32').data[0]).toBe(greatest);
    expect(toNested(cast(fromNested('f64', [2 ** 31 - 1, -(2 ** 31), -0]), 'i32'))).toEqual([
      2 ** 31 - 1,
      -(2 ** 31),
      0,
    ]);
    expect(() =>
      cast(
        fromNested('f64', [
          [1, 2],
          [3, Number.NaN],
        ]),
        'u8',
      ),
    ).toThrow('cast: tensor: expected values that u8 holds, got NaN at [1, 1]');
  });
});
