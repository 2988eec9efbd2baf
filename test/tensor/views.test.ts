import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  broadcastTo,
  copyOf,
  DomainError,
  expandDims,
  fromNested,
  isContiguous,
  reshape,
  ShapeError,
  slice,
  squeeze,
  toNested,
  transpose,
  zeros,
} from '@rankwise/tensor';
import type { Nested, SliceRange } from '@rankwise/tensor';
import { runs } from '../kit/runs.ts';
import { arbitraryShape, arbitraryView, at, elementsOf, indicesOf, nestedFrom } from '../kit/tensors.ts';

const table = fromNested('i32', [
  [1, 2, 3],
  [4, 5, 6],
]);

const arbitraryBound = fc.option(fc.integer({ min: -7, max: 7 }), { nil: undefined });
const arbitraryRange: fc.Arbitrary<SliceRange | undefined> = fc.option(
  fc.tuple(arbitraryBound, arbitraryBound, fc.constantFrom(undefined, 1, 2, 3, -1, -2, -3)),
  { nil: undefined },
);

/** The indices a range selects, found by walking from its start for as long as they are inside. */
function selected(range: SliceRange | undefined, extent: number): number[] {
  const [start, stop, step = 1] = range ?? [];
  const fromEnd = (bound: number): number => (bound < 0 ? bound + extent : bound);
  const first = start === undefined ? (step > 0 ? 0 : extent - 1) : fromEnd(start);
  const beyond = stop === undefined ? (step > 0 ? extent : -1) : fromEnd(stop);
  // A start outside is moved to the nearest place inside before the walk begins.
  let i = step > 0 ? Math.max(first, 0) : Math.min(first, extent - 1);
  const indices: number[] = [];
  for (; step > 0 ? i < Math.min(beyond, extent) : i > Math.max(beyond, -1); i += step) indices.push(i);
  return indices;
}

/** The same selection made on nested arrays. */
function sliceNested(nested: Nested, ranges: readonly (SliceRange | undefined)[]): Nested {
  const [range, ...rest] = ranges;
  if (typeof nested === 'number' || ranges.length === 0) return nested;
  return selected(range, nested.length).map((i) => sliceNested(nested[i] ?? [], rest));
}

describe('slice', () => {
  it('selects by hand', () => {
    expect(toNested(slice(table, [[1], [0, 2]]))).toEqual([[4, 5]]);
    expect(toNested(slice(table, [[-1, undefined, -1]]))).toEqual([
      [4, 5, 6],
      [1, 2, 3],
    ]);
    expect(toNested(slice(table, [undefined, [-2, 100]]))).toEqual([
      [2, 3],
      [5, 6],
    ]);
    expect(slice(table, [[2, 1]]).shape).toEqual([0, 3]);
  });

  it('agrees with nested arrays, once and twice', () => {
    const cases = arbitraryView('i32').chain((tensor) => {
      const ranges = fc.array(arbitraryRange, { maxLength: tensor.shape.length });
      return fc.tuple(fc.constant(tensor), ranges, ranges);
    });
    fc.assert(
      fc.property(cases, ([tensor, first, second]) => {
        // Nested arrays do not show the extents behind an empty axis, so shapes are compared as well.
        const once = slice(tensor, first);
        const twice = slice(once, second);
        expect(toNested(once)).toEqual(sliceNested(toNested(tensor), first));
        expect(toNested(twice)).toEqual(sliceNested(toNested(once), second));
        expect(once.shape).toEqual(tensor.shape.map((extent, axis) => selected(first[axis], extent).length));
        expect(twice.data).toBe(tensor.data);
        expect(once.offset).toBeLessThan(tensor.data.length);
      }),
      { numRuns: runs(300) },
    );
  });

  it('refuses what is no range', () => {
    expect(() => slice(table, [undefined, undefined, [0]])).toThrow(ShapeError);
    expect(() => slice(table, [[0, 1, 0]])).toThrow(DomainError);
    expect(() => slice(table, [[0.5]])).toThrow(DomainError);
    expect(() => slice(table, [[0, Number.NaN]])).toThrow('slice: ranges: expected integers, got NaN in [0, NaN]');
  });
});

describe('transpose', () => {
  it('moves the axes: out(i0, i1, …) is in with index i_k at axis axes[k]', () => {
    const cases = arbitraryView('f32').chain((tensor) =>
      fc.tuple(fc.constant(tensor), fc.shuffledSubarray([...tensor.shape.keys()], { minLength: tensor.shape.length })),
    );
    fc.assert(
      fc.property(cases, ([tensor, axes]) => {
        const moved = transpose(tensor, axes);
        for (const index of indicesOf(moved.shape)) {
          const original = axes.map((_, axis) => index[axes.indexOf(axis)] ?? 0);
          expect(at(moved, index)).toBe(at(tensor, original));
        }
        const inverse = axes.map((_, axis) => axes.indexOf(axis));
        expect(transpose(moved, inverse)).toEqual(tensor);
        expect(transpose(transpose(tensor))).toEqual(tensor);
        expect(moved.data).toBe(tensor.data);
      }),
      { numRuns: runs() },
    );
  });

  it('counts negative axes from the end and refuses what is no permutation', () => {
    expect(transpose(zeros('u8', [2, 3, 4]), [-1, 0, 1]).shape).toEqual([4, 2, 3]);
    expect(() => transpose(table, [0])).toThrow('transpose: axes: expected 2 axes, got [0]');
    expect(() => transpose(table, [0, 0])).toThrow(ShapeError);
    expect(() => transpose(table, [0, -2])).toThrow(ShapeError);
    expect(() => transpose(table, [0, 2])).toThrow(ShapeError);
  });
});

describe('reshape', () => {
  it('keeps the elements in row-major order, as a view exactly when the tensor is contiguous', () => {
    const cases = arbitraryView('f64').chain((tensor) => {
      const size = elementsOf(tensor).length;
      const divisors = Array.from({ length: size }, (_, i) => i + 1).filter((d) => size % d === 0);
      return fc.tuple(fc.constant(tensor), fc.constantFrom(...divisors, 1), fc.boolean());
    });
    fc.assert(
      fc.property(cases, ([tensor, rows, open]) => {
        const elements = elementsOf(tensor);
        const result = reshape(tensor, [rows, open && rows > 0 ? -1 : elements.length / rows]);
        expect(elementsOf(result)).toEqual(elements);
        expect(isContiguous(result)).toBe(true);
        expect(result.data === tensor.data).toBe(isContiguous(tensor));
        expect(elementsOf(reshape(result, tensor.shape))).toEqual(elements);
      }),
      { numRuns: runs() },
    );
  });

  it('goes to scalars, through empty tensors and back', () => {
    expect(toNested(reshape(fromNested('u8', [[7]]), []))).toBe(7);
    expect(reshape(fromNested('u8', 7), [1, 1]).shape).toEqual([1, 1]);
    expect(reshape(zeros('f32', [0, 3]), [3, 0, 5]).shape).toEqual([3, 0, 5]);
    expect(reshape(zeros('f32', [0, 3]), [-1, 3]).shape).toEqual([0, 3]);
  });

  it('refuses another number of elements, two open extents and an open extent nothing determines', () => {
    expect(() => reshape(table, [4])).toThrow('reshape: shape: expected 6 elements as in [2, 3], got [4]');
    expect(() => reshape(table, [4, -1])).toThrow(ShapeError);
    expect(() => reshape(table, [-1, -1])).toThrow(ShapeError);
    expect(() => reshape(table, [-2, -3])).toThrow(ShapeError);
    expect(() => reshape(zeros('f32', [0]), [0, -1])).toThrow(ShapeError);
  });
});

describe('broadcastTo', () => {
  it('repeats along stretched and new axes', () => {
    const cases = arbitraryView('f32', 3).chain((tensor) =>
      fc.tuple(
        fc.constant(tensor),
        arbitraryShape(2),
        fc.array(fc.integer({ min: 0, max: 3 }), {
          minLength: tensor.shape.length,
          maxLength: tensor.shape.length,
        }),
      ),
    );
    fc.assert(
      fc.property(cases, ([tensor, added, stretched]) => {
        const inner = tensor.shape.map((extent, axis) => (extent === 1 ? (stretched[axis] ?? 1) : extent));
        const shape = [...added, ...inner];
        const expected = nestedFrom(shape, (index) =>
          at(
            tensor,
            tensor.shape.map((extent, axis) => (extent === 1 ? 0 : (index[axis + added.length] ?? 0))),
          ),
        );
        const result = broadcastTo(tensor, shape);
        expect(toNested(result)).toEqual(expected);
        expect(result.data).toBe(tensor.data);
      }),
      { numRuns: runs() },
    );
  });

  it('refuses extents that differ, fewer axes and no shape at all', () => {
    expect(() => broadcastTo(table, [3, 3])).toThrow(
      'broadcastTo: shape: expected one that [2, 3] stretches to, got [3, 3]',
    );
    expect(() => broadcastTo(table, [3])).toThrow(ShapeError);
    expect(() => broadcastTo(zeros('f32', [1]), [-1])).toThrow(ShapeError);
  });
});

describe('expandDims and squeeze', () => {
  it('undo each other and keep every element', () => {
    const cases = arbitraryView('u8', 3).chain((tensor) =>
      fc.tuple(fc.constant(tensor), fc.integer({ min: -tensor.shape.length - 1, max: tensor.shape.length })),
    );
    fc.assert(
      fc.property(cases, ([tensor, axis]) => {
        const expanded = expandDims(tensor, axis);
        const place = axis < 0 ? axis + tensor.shape.length + 1 : axis;
        expect(expanded.shape[place]).toBe(1);
        expect(elementsOf(expanded)).toEqual(elementsOf(tensor));
        expect(squeeze(expanded, axis)).toEqual(tensor);
        expect(squeeze(expanded).shape).toEqual(tensor.shape.filter((extent) => extent !== 1));
        expect(isContiguous(expandDims(copyOf(tensor), axis))).toBe(true);
      }),
      { numRuns: runs() },
    );
  });

  it('refuse axes that are not there or have another extent', () => {
    expect(() => expandDims(table, 3)).toThrow(ShapeError);
    expect(() => squeeze(table, 0)).toThrow('squeeze: axes: expected extent 1 at axis 0, got shape [2, 3]');
    expect(() => squeeze(table, 2)).toThrow(ShapeError);
    expect(squeeze(zeros('u8', [1, 2, 1]), [0, -1]).shape).toEqual([2]);
  });
});

describe('views', () => {
  it('share their data', () => {
    const base = fromNested('i32', [
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const column = slice(transpose(base), [[-1]]);
    base.data[5] = 60;
    expect(toNested(column)).toEqual([[3, 60]]);
    expect(toNested(reshape(base, [6]))).toEqual([1, 2, 3, 4, 5, 60]);
  });
});
