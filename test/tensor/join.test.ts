import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, DomainError, fromNested, pad, ShapeError, slice, stack, toNested, zeros } from '@rankwise/tensor';
import type { DType } from '@rankwise/tensor';
import { runs } from '../kit/runs.ts';
import { arbitraryShape, arbitraryView, arbitraryViewOf, at, elementsOf, nestedFrom } from '../kit/tensors.ts';

describe('concat', () => {
  it('gives back each operand as a slice', () => {
    const cases = arbitraryShape()
      .filter((shape) => shape.length > 0)
      .chain((shape) =>
        fc
          .tuple(
            fc.integer({ min: -shape.length, max: shape.length - 1 }),
            fc.array(fc.nat(3), { minLength: 1, maxLength: 4 }),
          )
          .chain(([axis, extents]) =>
            fc.tuple(
              fc.constant(axis),
              fc.tuple(...extents.map((extent) => arbitraryViewOf('i32', shape.with(axis, extent)))),
            ),
          ),
      );
    fc.assert(
      fc.property(cases, ([axis, tensors]) => {
        const joined = concat(tensors, axis);
        const place = axis < 0 ? axis + joined.shape.length : axis;
        let start = 0;
        for (const tensor of tensors) {
          const stop = start + (tensor.shape[place] ?? 0);
          const ranges = joined.shape.map((_, i) => (i === place ? ([start, stop] as const) : undefined));
          expect(toNested(slice(joined, ranges))).toEqual(toNested(tensor));
          start = stop;
        }
        expect(joined.shape[place]).toBe(start);
      }),
      { numRuns: runs() },
    );
  });

  it('refuses nothing at all, other extents, other dtypes and axes that are not there', () => {
    expect(() => concat([], 0)).toThrow('concat: tensors: expected at least one, got none');
    expect(() => concat([zeros('f32', [2, 3]), zeros('f32', [2, 4])], 0)).toThrow(
      'concat: tensors: expected shape [2, 3] except along axis 0, got [2, 4]',
    );
    expect(() => concat([zeros('f32', [2]), zeros('f32', [2, 1])], 0)).toThrow(ShapeError);
    expect(() => concat([zeros('f32', [2])], 1)).toThrow(ShapeError);
    expect(() => concat([zeros('f32', [])], 0)).toThrow(ShapeError);
    expect(() => concat<DType>([zeros('f32', [2]), zeros('i32', [2])], 0)).toThrow(DomainError);
  });
});

describe('stack', () => {
  it('puts each operand at one index of the new axis', () => {
    const cases = arbitraryShape(3).chain((shape) =>
      fc.tuple(
        fc.integer({ min: -shape.length - 1, max: shape.length }),
        fc.array(arbitraryViewOf('f32', shape), { minLength: 1, maxLength: 3 }),
      ),
    );
    fc.assert(
      fc.property(cases, ([axis, tensors]) => {
        const stacked = stack(tensors, axis);
        const place = axis < 0 ? axis + stacked.shape.length : axis;
        expect(stacked.shape).toEqual((tensors[0]?.shape ?? []).toSpliced(place, 0, tensors.length));
        const expected = nestedFrom(stacked.shape, (index) => {
          const tensor = tensors[index[place] ?? 0];
          return tensor === undefined ? Number.NaN : at(tensor, index.toSpliced(place, 1));
        });
        expect(toNested(stacked)).toEqual(expected);
      }),
      { numRuns: runs() },
    );
  });

  it('refuses other shapes', () => {
    expect(() => stack([zeros('f32', [2]), zeros('f32', [3])])).toThrow('stack: tensors: expected shape [2], got [3]');
    expect(() => stack([])).toThrow(ShapeError);
    expect(() => stack([zeros('f32', [2])], 2)).toThrow(ShapeError);
  });
});

describe('pad', () => {
  it('surrounds the tensor with the value', () => {
    const cases = arbitraryView('f64', 3).chain((tensor) => {
      const rank = tensor.shape.length;
      return fc.tuple(
        fc.constant(tensor),
        fc.array(fc.tuple(fc.nat(2), fc.nat(2)), { minLength: rank, maxLength: rank }),
      );
    });
    fc.assert(
      fc.property(cases, ([tensor, widths]) => {
        const padded = pad(tensor, widths, -1);
        const expected = nestedFrom(padded.shape, (index) => {
          const inner = index.map((i, axis) => i - (widths[axis]?.[0] ?? 0));
          return inner.every((i, axis) => i >= 0 && i < (tensor.shape[axis] ?? 0)) ? at(tensor, inner) : -1;
        });
        expect(toNested(padded)).toEqual(expected);
        expect(padded.shape).toEqual(
          tensor.shape.map((extent, axis) => extent + (widths[axis]?.[0] ?? 0) + (widths[axis]?.[1] ?? 0)),
        );
      }),
      { numRuns: runs() },
    );
  });

  it('pads with 0 when not told, and with NaN when told', () => {
    expect(toNested(pad(fromNested('u8', [3]), [[1, 1]]))).toEqual([0, 3, 0]);
    expect(elementsOf(pad(fromNested('f32', [3]), [[0, 1]], Number.NaN))).toEqual([3, Number.NaN]);
    expect(elementsOf(pad(fromNested('f32', [3]), [[0, 1]], 0.1))).toEqual([3, Math.fround(0.1)]);
  });

  it('refuses widths and values that make no sense', () => {
    expect(() => pad(zeros('f32', [2]), [])).toThrow('pad: widths: expected 1 pairs, got 0');
    expect(() => pad(zeros('f32', [2]), [[0, -1]])).toThrow(DomainError);
    expect(() => pad(zeros('f32', [2]), [[0.5, 0]])).toThrow(DomainError);
    expect(() => pad(zeros('u8', [2]), [[0, 0]], 256)).toThrow('pad: value: expected one that u8 holds, got 256');
    expect(() => pad(zeros('i32', [2]), [[0, 0]], Number.NaN)).toThrow(DomainError);
  });
});
