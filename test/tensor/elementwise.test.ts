import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  abs,
  add,
  broadcastShapes,
  divide,
  DomainError,
  exp,
  fromNested,
  map,
  maximum,
  minimum,
  multiply,
  negate,
  ShapeError,
  sqrt,
  subtract,
  toNested,
  zeros,
} from '@rankwise/tensor';
import type { DType, FloatDType, Tensor } from '@rankwise/tensor';
import { isNearestF32, scaledInteger } from '../kit/exact.ts';
import { gamma, expectWithin } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';
import { arbitraryShape, arbitraryView, arbitraryViewOf, at, dtypes, elementsOf, nestedFrom } from '../kit/tensors.ts';

type Binary = (a: Tensor, b: Tensor) => Tensor;

const operations: readonly (readonly [string, Binary, (a: number, b: number) => number])[] = [
  ['add', add, (a, b) => a + b],
  ['subtract', subtract, (a, b) => a - b],
  ['multiply', multiply, (a, b) => a * b],
  ['maximum', maximum, (a, b) => (a > b ? a : b)],
  ['minimum', minimum, (a, b) => (a < b ? a : b)],
];

/** Two shapes that broadcast: parts of one shape, with extents of 1 here and there. */
const arbitraryPair = arbitraryShape(4, 3).chain((shape) => {
  const operand = fc
    .tuple(fc.nat(shape.length), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }))
    .map(([start, ones]) => shape.map((extent, axis) => (ones[axis] === true ? 1 : extent)).slice(start));
  return fc.tuple(operand, operand);
});

/** Stored as the dtype stores it. */
function stored(dtype: DType, value: number): number {
  if (dtype === 'f32') return Math.fround(value);
  if (dtype === 'i32') return Number(BigInt.asIntN(32, BigInt(value)));
  return dtype === 'u8' ? Number(BigInt.asUintN(8, BigInt(value))) : value;
}

describe.each(operations)('%s', (name, operation, scalar) => {
  it('agrees with scalars at every index, broadcast, over any strides', () => {
    const cases = fc
      .tuple(fc.constantFrom(...dtypes), arbitraryPair)
      .chain(([dtype, [a, b]]) => fc.tuple(arbitraryViewOf(dtype, a), arbitraryViewOf(dtype, b)));
    fc.assert(
      fc.property(cases, ([a, b]) => {
        const result = operation(a, b);
        const element = (tensor: Tensor, index: readonly number[]): number => {
          const own = index.slice(index.length - tensor.shape.length);
          return at(
            tensor,
            own.map((i, axis) => (tensor.shape[axis] === 1 ? 0 : i)),
          );
        };
        expect(result.shape).toEqual(broadcastShapes(name, a.shape, b.shape));
        expect(result.dtype).toBe(a.dtype);
        const expected = nestedFrom(result.shape, (index) =>
          stored(a.dtype, scalar(element(a, index), element(b, index))),
        );
        expect(toNested(result)).toEqual(expected);
      }),
      { numRuns: runs() },
    );
  });

  it('takes a number for a scalar on either side', () => {
    const tensor = fromNested('f32', [1.5, -2]);
    const number: (a: Tensor | number, b: Tensor | number) => Tensor = operation as never;
    expect(toNested(number(tensor, 0.1))).toEqual([1.5, -2].map((x) => Math.fround(scalar(x, Math.fround(0.1)))));
    expect(toNested(number(0.1, tensor))).toEqual([1.5, -2].map((x) => Math.fround(scalar(Math.fround(0.1), x))));
    expect(() => number(1, 2)).toThrow(`${name}: a, b: expected at least one tensor, got two numbers`);
  });

  it('refuses other dtypes, numbers an integer dtype does not hold, and shapes that do not fit', () => {
    expect(() => operation(zeros('f32', [2]), zeros('f64', [2]))).toThrow(`${name}: b: expected dtype f32, got f64`);
    expect(() => operation(zeros('f32', [2]), zeros('f32', [3]))).toThrow(ShapeError);
    const number: (a: Tensor, b: number) => Tensor = operation as never;
    for (const value of [0.5, -1, 256, Number.NaN]) {
      expect(() => number(zeros('u8', [1]), value), String(value)).toThrow(DomainError);
    }
    expect(() => number(zeros('i32', [1]), 2 ** 31)).toThrow(DomainError);
  });
});

describe('f32 arithmetic', () => {
  const single = fc.float({ noNaN: true, noDefaultInfinity: true });

  it('is correctly rounded', () => {
    fc.assert(
      fc.property(single, single, (x, y) => {
        const [a, b] = [fromNested('f32', x), fromNested('f32', y)];
        const [p, q] = [scaledInteger(x), scaledInteger(y)];
        const unit = scaledInteger(1);
        const nearest = (result: Tensor, numerator: bigint, denominator: bigint): boolean => {
          const value = result.data[0] ?? Number.NaN;
          return !Number.isFinite(value) || isNearestF32(value, numerator, denominator);
        };
        expect(nearest(add(a, b), p + q, 1n)).toBe(true);
        expect(nearest(subtract(a, b), p - q, 1n)).toBe(true);
        expect(nearest(multiply(a, b), p * q, unit)).toBe(true);
        if (y !== 0) expect(nearest(divide(a, b), p * unit * (q < 0n ? -1n : 1n), q < 0n ? -q : q)).toBe(true);
      }),
      { numRuns: runs(300) },
    );
  });

  it('has square roots whose squares enclose the operand', () => {
    fc.assert(
      fc.property(single, (x) => {
        const root = at(sqrt(fromNested('f32', Math.abs(x))), []);
        // √x within half a unit in the last place: relative error u, so the square is off by at most 2 u + u².
        expectWithin(root * root, Math.abs(x), gamma(3, 'f32') * Math.abs(x) + 2 ** -149);
      }),
      { numRuns: runs() },
    );
  });
});

describe('integers', () => {
  it('wrap around', () => {
    const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(word, word, (x, y) => {
        const [a, b] = [fromNested('i32', x), fromNested('i32', y)];
        const [p, q] = [BigInt(x), BigInt(y)];
        expect(at(add(a, b), [])).toBe(Number(BigInt.asIntN(32, p + q)));
        expect(at(subtract(a, b), [])).toBe(Number(BigInt.asIntN(32, p - q)));
        expect(at(multiply(a, b), [])).toBe(Number(BigInt.asIntN(32, p * q)));
        expect(at(negate(a), [])).toBe(Number(BigInt.asIntN(32, -p)));
      }),
      { numRuns: runs() },
    );
    const bytes = fromNested('u8', [0, 1, 200, 255]);
    expect(toNested(multiply(bytes, bytes))).toEqual([0, 1, 40000 % 256, 65025 % 256]);
    expect(toNested(negate(bytes))).toEqual([0, 255, 56, 1]);
    expect(toNested(abs(fromNested('i32', [-(2 ** 31), -3])))).toEqual([-(2 ** 31), 3]);
  });

  it('are not divided, rooted or exponentiated', () => {
    const float: (tensor: Tensor) => Tensor<FloatDType> = (tensor) => tensor as Tensor<FloatDType>;
    const whole = float(fromNested('i32', [4]));
    expect(() => divide(whole, whole)).toThrow('divide: tensor: expected dtype f32 or f64, got i32');
    expect(() => divide(1, whole)).toThrow(DomainError);
    expect(() => sqrt(whole)).toThrow(DomainError);
    expect(() => exp(whole)).toThrow(DomainError);
  });
});

describe('special values', () => {
  it('follow IEEE 754', () => {
    const values = fromNested('f64', [1, -1, 0]);
    expect(toNested(divide(values, 0))).toEqual([Infinity, -Infinity, Number.NaN]);
    expect(toNested(maximum(fromNested('f32', [Number.NaN, -0]), 0))).toEqual([Number.NaN, 0]);
    expect(toNested(minimum(fromNested('f32', [Number.NaN, 0]), -0))).toEqual([Number.NaN, -0]);
    expect(toNested(negate(fromNested('f32', [0, Infinity])))).toEqual([-0, -Infinity]);
    expect(toNested(sqrt(fromNested('f64', [-1, -0])))).toEqual([Number.NaN, -0]);
    expect(toNested(exp(fromNested('f64', [0, -Infinity, Infinity])))).toEqual([1, 0, Infinity]);
  });
});

describe('map', () => {
  it('calls the function once for each element, in row-major order', () => {
    fc.assert(
      fc.property(arbitraryView('f64'), (tensor) => {
        const seen: number[] = [];
        const result = map(tensor, (value) => seen.push(value));
        expect(seen).toEqual(elementsOf(tensor));
        expect(elementsOf(result)).toEqual(seen.map((_, i) => i + 1));
        expect(elementsOf(abs(negate(tensor)))).toEqual(elementsOf(tensor));
      }),
      { numRuns: runs() },
    );
  });

  it('refuses results that an integer dtype does not hold', () => {
    expect(toNested(map(fromNested('u8', [3]), (x) => x * 85))).toEqual([255]);
    expect(() => map(fromNested('u8', [3]), (x) => x * 86)).toThrow(
      'map: f: expected values that u8 holds, got 258 for 3',
    );
    expect(() => map(fromNested('i32', [3]), (x) => x / 2)).toThrow(DomainError);
    expect(() => map(fromNested('i32', [3]), () => Number.NaN)).toThrow(DomainError);
  });
});
