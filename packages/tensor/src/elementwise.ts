/**
 * Arithmetic element by element, with broadcasting: out(i, j, …) = a(i, j, …) ∘ b(i, j, …).
 *
 * Both operands have one dtype, and so has the result; a number stands for a scalar of the other operand's dtype and is
 * rounded to it first. f32 and f64 results of + − × ÷, minimum, maximum, negate, abs and sqrt are correctly rounded (an f32
 * operation done in f64 and then rounded is, because 53 ≥ 2 · 24 + 2: Figueroa, ACM SIGNUM 30 (1995)). `exp` is as good as
 * the engine's Math.exp, normally within one unit in the last place.
 *
 * Integers wrap around modulo 2^32 (i32) or 2^8 (u8), in `negate` and `abs` too. Division, sqrt and exp are for floats.
 * NaN in an operand makes NaN, in minimum and maximum too; of two zeros, −0 is the smaller.
 */

import { allocate } from './dtype.ts';
import type { DType, FloatDType, TypedArrayOf } from './dtype.ts';
import { DomainError } from './errors.ts';
import { broadcastShapes } from './shape.ts';
import { forEachRow } from './strided.ts';
import type { RowVisitor } from './strided.ts';
import { tensorOf, zeros } from './tensor.ts';
import type { Tensor } from './tensor.ts';
import { broadcastTo } from './views.ts';

type Elements = TypedArrayOf[DType];

/** Makes the visitor of rows [out, a, b]. Each operation has a loop of its own, so that engines can specialize it. */
type BinaryLoop = (out: Elements, a: Elements, b: Elements) => RowVisitor;

/**
 * a + b.
 * @param a - tensor or number; not both numbers
 * @param b - as a, of a's dtype, of a shape that broadcasts with a's
 * @throws DomainError when the dtypes differ, or an integer dtype does not hold the number.
 * @throws ShapeError when the shapes do not broadcast.
 * @example
 * import { add, fromNested, toNested } from '@rankwise/tensor';
 * toNested(add(fromNested('f32', [[1, 2], [3, 4]]), fromNested('f32', [10, 20]))) // => [[11, 22], [13, 24]]
 */
export function add<D extends DType>(a: Tensor<D>, b: Tensor<D> | number): Tensor<D>;
export function add<D extends DType>(a: Tensor<D> | number, b: Tensor<D>): Tensor<D>;
export function add<D extends DType>(a: Tensor<D> | number, b: Tensor<D> | number): Tensor<D> {
  return binary('add', a, b, addLoop);
}

/**
 * a − b; see `add` for operands and errors.
 * @example
 * import { fromNested, subtract, toNested } from '@rankwise/tensor';
 * toNested(subtract(1, fromNested('f64', [0.25, 2]))) // => [0.75, -1]
 */
export function subtract<D extends DType>(a: Tensor<D>, b: Tensor<D> | number): Tensor<D>;
export function subtract<D extends DType>(a: Tensor<D> | number, b: Tensor<D>): Tensor<D>;
export function subtract<D extends DType>(a: Tensor<D> | number, b: Tensor<D> | number): Tensor<D> {
  return binary('subtract', a, b, subtractLoop);
}

/**
 * a × b, element by element; see `add` for operands and errors, matmul.ts for the matrix product.
 * @example
 * import { fromNested, multiply, toNested } from '@rankwise/tensor';
 * toNested(multiply(fromNested('f32', [1, 2, 3]), 2)) // => [2, 4, 6]
 */
export function multiply<D extends DType>(a: Tensor<D>, b: Tensor<D> | number): Tensor<D>;
export function multiply<D extends DType>(a: Tensor<D> | number, b: Tensor<D>): Tensor<D>;
export function multiply<D extends DType>(a: Tensor<D> | number, b: Tensor<D> | number): Tensor<D> {
  return binary('multiply', a, b, multiplyLoop);
}

/**
 * a ÷ b for f32 and f64, with IEEE 754's infinities and NaN for division by zero; see `add` for operands and errors.
 * @throws DomainError also when the operands are integers: cast them first.
 * @example
 * import { divide, fromNested, toNested } from '@rankwise/tensor';
 * toNested(divide(fromNested('f64', [1, 3]), 4)) // => [0.25, 0.75]
 */
export function divide<D extends FloatDType>(a: Tensor<D>, b: Tensor<D> | number): Tensor<D>;
export function divide<D extends FloatDType>(a: Tensor<D> | number, b: Tensor<D>): Tensor<D>;
export function divide<D extends FloatDType>(a: Tensor<D> | number, b: Tensor<D> | number): Tensor<D> {
  for (const operand of [a, b]) if (typeof operand !== 'number') checkFloat('divide', operand);
  return binary('divide', a, b, divideLoop);
}

/**
 * The larger of a and b; see `add` for operands and errors.
 * @example
 * import { fromNested, maximum, toNested } from '@rankwise/tensor';
 * toNested(maximum(fromNested('f32', [-1, 2]), 0)) // => [0, 2]
 */
export function maximum<D extends DType>(a: Tensor<D>, b: Tensor<D> | number): Tensor<D>;
export function maximum<D extends DType>(a: Tensor<D> | number, b: Tensor<D>): Tensor<D>;
export function maximum<D extends DType>(a: Tensor<D> | number, b: Tensor<D> | number): Tensor<D> {
  return binary('maximum', a, b, maximumLoop);
}

/**
 * The smaller of a and b; see `add` for operands and errors.
 * @example
 * import { fromNested, minimum, toNested } from '@rankwise/tensor';
 * toNested(minimum(fromNested('f32', [-1, 2]), 0)) // => [-1, 0]
 */
export function minimum<D extends DType>(a: Tensor<D>, b: Tensor<D> | number): Tensor<D>;
export function minimum<D extends DType>(a: Tensor<D> | number, b: Tensor<D>): Tensor<D>;
export function minimum<D extends DType>(a: Tensor<D> | number, b: Tensor<D> | number): Tensor<D> {
  return binary('minimum', a, b, minimumLoop);
}

function binary<D extends DType>(
  caller: string,
  a: Tensor<D> | number,
  b: Tensor<D> | number,
  loop: BinaryLoop,
): Tensor<D> {
  const model = typeof a === 'number' ? b : a;
  if (typeof model === 'number')
    throw new DomainError(`${caller}: a, b: expected at least one tensor, got two numbers`);
  const left = operandOf(caller, 'a', a, model.dtype);
  const right = operandOf(caller, 'b', b, model.dtype);
  const shape = broadcastShapes(caller, left.shape, right.shape);
  const result = zeros(model.dtype, shape);
  const operands = [result, broadcastTo(left, shape), broadcastTo(right, shape)];
  forEachRow(shape, operands, loop(result.data, left.data, right.data));
  return result;
}

function operandOf<D extends DType>(caller: string, name: string, operand: Tensor<D> | number, dtype: D): Tensor {
  if (typeof operand !== 'number') {
    if (operand.dtype === dtype) return operand;
    throw new DomainError(`${caller}: ${name}: expected dtype ${dtype}, got ${operand.dtype}`);
  }
  const scalar = allocate(dtype, 1);
  scalar[0] = operand;
  if ((dtype === 'i32' || dtype === 'u8') && scalar[0] !== operand) {
    throw new DomainError(`${caller}: ${name}: expected a number that ${dtype} holds, got ${operand}`);
  }
  return tensorOf(scalar, []);
}

/** @throws DomainError when the tensor's dtype is an integer one. */
export function checkFloat(caller: string, tensor: Tensor): void {
  if (tensor.dtype === 'i32' || tensor.dtype === 'u8') {
    throw new DomainError(`${caller}: tensor: expected dtype f32 or f64, got ${tensor.dtype}`);
  }
}

const addLoop: BinaryLoop = (out, a, b) => (positions, steps, length) => {
  const [o = 0, p = 0, q = 0] = positions;
  const [step = 0, left = 0, right = 0] = steps;
  for (let i = 0; i < length; i++) out[o + i * step] = a[p + i * left]! + b[q + i * right]!;
};

const subtractLoop: BinaryLoop = (out, a, b) => (positions, steps, length) => {
  const [o = 0, p = 0, q = 0] = positions;
  const [step = 0, left = 0, right = 0] = steps;
  for (let i = 0; i < length; i++) out[o + i * step] = a[p + i * left]! - b[q + i * right]!;
};

/** A product of two i32 can need 62 bits: Math.imul keeps the low 32 exactly, as wrapping around asks. */
const multiplyLoop: BinaryLoop = (out, a, b) => (positions, steps, length) => {
  const [o = 0, p = 0, q = 0] = positions;
  const [step = 0, left = 0, right = 0] = steps;
  if (out instanceof Int32Array) {
    for (let i = 0; i < length; i++) out[o + i * step] = Math.imul(a[p + i * left]!, b[q + i * right]!);
  } else {
    for (let i = 0; i < length; i++) out[o + i * step] = a[p + i * left]! * b[q + i * right]!;
  }
};

const divideLoop: BinaryLoop = (out, a, b) => (positions, steps, length) => {
  const [o = 0, p = 0, q = 0] = positions;
  const [step = 0, left = 0, right = 0] = steps;
  for (let i = 0; i < length; i++) out[o + i * step] = a[p + i * left]! / b[q + i * right]!;
};

const maximumLoop: BinaryLoop = (out, a, b) => (positions, steps, length) => {
  const [o = 0, p = 0, q = 0] = positions;
  const [step = 0, left = 0, right = 0] = steps;
  for (let i = 0; i < length; i++) out[o + i * step] = Math.max(a[p + i * left]!, b[q + i * right]!);
};

const minimumLoop: BinaryLoop = (out, a, b) => (positions, steps, length) => {
  const [o = 0, p = 0, q = 0] = positions;
  const [step = 0, left = 0, right = 0] = steps;
  for (let i = 0; i < length; i++) out[o + i * step] = Math.min(a[p + i * left]!, b[q + i * right]!);
};
