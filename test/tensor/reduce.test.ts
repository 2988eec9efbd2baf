import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  argmax,
  cast,
  contiguous,
  DomainError,
  fromNested,
  max,
  mean,
  min,
  reshape,
  ShapeError,
  sum,
  tensorOf,
  toNested,
  zeros,
} from '@rankwise/tensor';
import type { Axes, ReduceOptions, Tensor } from '@rankwise/tensor';
import { exactSum } from '../kit/exact.ts';
import { expectWithin, gamma, unitRoundoff } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';
import { arbitraryView, at, dtypes, elementsOf, indicesOf, nestedFrom } from '../kit/tensors.ts';

type Reduce = (tensor: Tensor, axes?: Axes, options?: ReduceOptions) => Tensor;

const total = (values: readonly number[]): number => values.reduce((sofar, value) => sofar + value, 0);
const reductions: readonly (readonly [string, Reduce, (values: readonly number[]) => number])[] = [
  ['sum', sum, total],
  ['min', min, (values) => values.toSorted((a, b) => a - b)[0] ?? Number.NaN],
  ['max', max, (values) => values.toSorted((a, b) => b - a)[0] ?? Number.NaN],
  ['argmax', argmax, (values) => values.findIndex((value) => values.every((other) => other <= value))],
];

const arbitraryCase = fc
  .constantFrom(...dtypes)
  .chain((dtype) => arbitraryView(dtype))
  .chain((tensor) => fc.tuple(fc.constant(tensor), fc.shuffledSubarray([...tensor.shape.keys()])));

/** The elements that meet in one result, in row-major order of the reduced axes. */
function group(tensor: Tensor, axes: readonly number[], kept: readonly number[]): number[] {
  return indicesOf(tensor.shape)
    .filter((index) => index.filter((_, axis) => !axes.includes(axis)).every((i, k) => i === kept[k]))
    .map((index) => at(tensor, index));
}

describe.each(reductions)('%s', (name, reduce, oracle) => {
  it('agrees with lists of elements over any axes and strides', () => {
    fc.assert(
      fc.property(arbitraryCase, ([tensor, axes]) => {
        const outShape = tensor.shape.filter((_, axis) => !axes.includes(axis));
        const keptShape = tensor.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
        const empty = axes.some((axis) => tensor.shape[axis] === 0);
        if (name !== 'sum' && empty && indicesOf(outShape).length > 0) {
          expect(() => reduce(tensor, axes)).toThrow(DomainError);
          return;
        }
        const result = reduce(tensor, axes);
        expect(toNested(result)).toEqual(nestedFrom(outShape, (kept) => oracle(group(tensor, axes, kept))));
        const negative = axes.map((axis) => axis - tensor.shape.length);
        const keeping = reduce(tensor, negative, { keepDims: true });
        expect(keeping.shape).toEqual(keptShape);
        expect(elementsOf(keeping)).toEqual(elementsOf(result));
      }),
      { numRuns: runs() },
    );
  });

  it('refuses axes that are not there or come twice', () => {
    const tensor = zeros('f32', [2, 3]);
    expect(() => reduce(tensor, 2)).toThrow(`${name}: axis: expected an integer from -2 to 1, got 2`);
    expect(() => reduce(tensor, [0, -2])).toThrow(ShapeError);
    expect(() => reduce(tensor, [0.5])).toThrow(ShapeError);
  });
});

describe('result dtypes', () => {
  it('are the tensor’s, f64 for sums of integers, i32 for places', () => {
    for (const dtype of dtypes) {
      const tensor = zeros(dtype, [2]);
      const expected = dtype === 'f32' ? 'f32' : 'f64';
      expect([sum(tensor).dtype, mean(tensor).dtype]).toEqual([expected, expected]);
      expect([min(tensor).dtype, max(tensor).dtype, argmax(tensor).dtype]).toEqual([dtype, dtype, 'i32']);
    }
    expect(toNested(sum(fromNested('i32', [2 ** 31 - 1, 2 ** 31 - 1])))).toBe(2 ** 32 - 2);
  });
});

describe('mean', () => {
  it('divides the sum by the number of elements, rounding once more', () => {
    fc.assert(
      fc.property(arbitraryView('f32'), (tensor) => {
        const elements = elementsOf(tensor);
        if (elements.length === 0) {
          expect(() => mean(tensor)).toThrow(DomainError);
          return;
        }
        // Sums of these small integers are exact, so one f64 division and one rounding to f32 remain.
        expect(at(mean(tensor), [])).toBe(Math.fround(total(elements) / elements.length));
      }),
      { numRuns: runs() },
    );
  });
});

describe('empty reductions', () => {
  it('sum to 0 and have no mean, least, greatest or place', () => {
    const empty = zeros('f32', [0, 2]);
    expect(toNested(sum(empty))).toBe(0);
    expect(toNested(sum(empty, 0))).toEqual([0, 0]);
    expect(() => mean(empty, 0)).toThrow('mean: tensor: expected at least one element, got shape [0, 2]');
    for (const reduce of [min, max, argmax]) expect(() => reduce(empty)).toThrow(DomainError);
    expect(max(empty, 1).shape).toEqual([0]);
    expect(mean(empty, [1], { keepDims: true }).shape).toEqual([0, 1]);
  });
});

describe('NaN and infinities', () => {
  it('reach every result they should', () => {
    const values = fromNested('f64', [1, Number.NaN, 3, Number.NaN]);
    for (const reduce of [sum, mean, min, max]) expect(toNested(reduce(values))).toBe(Number.NaN);
    expect(toNested(argmax(values))).toBe(1);
    expect(toNested(argmax(fromNested('f64', [Infinity, Number.NaN])))).toBe(1);
    expect(toNested(argmax(fromNested('f64', [-Infinity, -Infinity])))).toBe(0);
    expect(toNested(argmax(fromNested('f64', [2, 5, 5])))).toBe(1);
    expect(toNested(sum(fromNested('f32', [Infinity, 1])))).toBe(Infinity);
    expect(toNested(sum(fromNested('f32', [Infinity, -Infinity])))).toBe(Number.NaN);
  });

  it('do not linger in the next group', () => {
    const rows = fromNested('f64', [
      [Number.NaN, 1],
      [2, 3],
    ]);
    expect(toNested(sum(rows, 1))).toEqual([Number.NaN, 5]);
    expect(toNested(argmax(rows, 1))).toEqual([0, 1]);
    expect(toNested(min(rows, 1))).toEqual([Number.NaN, 2]);
  });
});

describe('long sums', () => {
  const lengths = [1, 127, 128, 129, 255, 256, 257, 1000, 128 * 7 + 5, 20_000];
  const arbitraryValues = fc
    .constantFrom(...lengths)
    .chain((length) =>
      fc
        .tuple(fc.integer({ min: 1, max: 1000 }), fc.constantFrom(1, 1e3, 1e6))
        .map(([seed, spread]) =>
          Float64Array.from({ length }, (_, i) => Math.sin(seed * (i + 1)) * spread ** Math.cos(seed + i)),
        ),
    );

  it('stay within γ_k Σ|x|, k = 128 + 2 ⌈log₂(n / 128)⌉ + 1', () => {
    fc.assert(
      fc.property(arbitraryValues, (values) => {
        const k = 128 + 2 * Math.max(0, Math.ceil(Math.log2(values.length / 128))) + 1;
        const magnitude = exactSum(values.map(Math.abs));
        // Two roundings more for the exact sums' own conversion to doubles.
        const bound = gamma(Math.min(k, values.length) + 2, 'f64') * magnitude;
        const exact = exactSum(values);
        expectWithin(at(sum(tensorOf(values, [values.length])), []), exact, bound, 'f64 sum');
        const single = cast(tensorOf(values, [values.length]), 'f32');
        const exactSingle = exactSum(single.data);
        const rounding = unitRoundoff.f32 * (Math.abs(exactSingle) + 2 * bound) + 2 * bound;
        expectWithin(at(sum(single), []), exactSingle, rounding, 'f32 sum');
      }),
      { numRuns: runs(30) },
    );
  });

  it('are better than one by one where that is bad', () => {
    const n = 2 ** 20;
    const tenths = new Float64Array(n).fill(0.1);
    const exact = n * 0.1; // a power of two times a double is exact
    const bound = gamma(128 + 2 * 13 + 1, 'f64') * exact;
    const oneByOne = tenths.reduce((sofar, value) => sofar + value, 0);
    expectWithin(at(sum(tensorOf(tenths, [n])), []), exact, bound);
    expect(Math.abs(oneByOne - exact)).toBeGreaterThan(bound);
  });

  it('start anew for every group', () => {
    const values = Float64Array.from({ length: 3 * 300 }, (_, i) => Math.sin(i));
    const rows = elementsOf(sum(tensorOf(values, [3, 300]), 1));
    const alone = [0, 1, 2].map((row) => at(sum(tensorOf(values.slice(300 * row, 300 * row + 300), [300])), []));
    expect(rows).toEqual(alone);
  });

  it('do not depend on strides: a view and its copy give the same bits', () => {
    const values = Float64Array.from({ length: 60 * 70 }, (_, i) => Math.sin(i) / (i + 1));
    const tensor: Tensor<'f64'> = { dtype: 'f64', shape: [70, 60], strides: [1, 70], offset: 0, data: values };
    const copy = contiguous(tensor);
    expect(at(sum(tensor), [])).toBe(at(sum(copy), []));
    expect(at(sum(reshape(copy, [-1])), [])).toBe(at(sum(tensor), []));
    expect(elementsOf(sum(tensor, 0))).toEqual(elementsOf(sum(copy, 0)));
    expect(elementsOf(mean(tensor, [1, 0]))).toEqual(elementsOf(mean(copy, [0, 1])));
  });
});
