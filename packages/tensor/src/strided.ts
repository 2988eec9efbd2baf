/**
 * Visiting the elements of strided operands, row by row, in row-major order of their common shape.
 *
 * Neighbouring axes are merged wherever every operand allows it: stride[outer] = stride[inner] · extent[inner]. Contiguous
 * operands therefore arrive as one single row, and the caller's inner loop is both the fast path and the general one.
 * The order of the elements never depends on the strides, so neither does any result that depends on order.
 */

import { sizeOf } from './shape.ts';
import type { Shape } from './shape.ts';
import type { Tensor } from './tensor.ts';

/**
 * Called with a row of `length` elements; element i of operand k is data[positions[k] + i · steps[k]].
 * Both arrays are reused from row to row. (They are plain arrays because engines keep small integers in them as such, which
 * makes the caller's index arithmetic several times faster than with doubles, and still have room for larger ones.)
 */
export type RowVisitor = (positions: readonly number[], steps: readonly number[], length: number) => void;

/** Walks the planned shape with operand k starting at offsets[k]. */
export type RowWalker = (offsets: readonly number[], visit: RowVisitor) => void;

interface MergedAxis {
  readonly extent: number;
  /** One for each operand. */
  readonly strides: readonly number[];
}

/** Plans the walk once for operands of one shape, so that it can be repeated from other offsets. */
export function planRows(shape: Shape, strides: readonly (readonly number[])[]): RowWalker {
  if (sizeOf(shape) === 0) return () => {};
  const outer = mergeAxes(shape, strides);
  const row = outer.pop() ?? { extent: 1, strides: strides.map(() => 0) };
  if (outer.length === 0) return (offsets, visit) => visit(offsets, row.strides, row.extent);
  return (offsets, visit) => {
    const positions = [...offsets];
    const walk = (depth: number): void => {
      const axis = outer[depth];
      if (axis === undefined) {
        visit(positions, row.strides, row.extent);
        return;
      }
      for (let i = 0; i < axis.extent; i++) {
        walk(depth + 1);
        moveInPlace(positions, axis.strides, 1);
      }
      moveInPlace(positions, axis.strides, -axis.extent);
    };
    walk(0);
  };
}

/** Visits the rows of tensors that all have the given shape (their own shapes are not looked at). */
export function forEachRow(
  shape: Shape,
  operands: readonly Pick<Tensor, 'strides' | 'offset'>[],
  visit: RowVisitor,
): void {
  planRows(
    shape,
    operands.map((operand) => operand.strides),
  )(
    operands.map((operand) => operand.offset),
    visit,
  );
}

/** The first element, in row-major order, that the predicate accepts; undefined when there is none. */
export function findFirst(
  tensor: Tensor,
  accept: (value: number) => boolean,
): { readonly index: readonly number[]; readonly value: number } | undefined {
  let found: { index: number[]; value: number } | undefined;
  let before = 0;
  const { data } = tensor;
  forEachRow(tensor.shape, [tensor], (positions, steps, length) => {
    const [start = 0] = positions;
    const [step = 0] = steps;
    for (let i = 0; i < length && found === undefined; i++) {
      const value = data[start + i * step]!;
      if (accept(value)) found = { index: indexAt(before + i, tensor.shape), value };
    }
    before += length;
  });
  return found;
}

/** The multi-index of the element with this row-major number. */
function indexAt(number: number, shape: Shape): number[] {
  let rest = number;
  return shape
    .toReversed()
    .map((extent) => {
      const index = rest % extent;
      rest = (rest - index) / extent;
      return index;
    })
    .toReversed();
}

function mergeAxes(shape: Shape, strides: readonly (readonly number[])[]): MergedAxis[] {
  const merged: MergedAxis[] = [];
  for (const [axis, extent] of shape.entries()) {
    if (extent === 1) continue;
    const own = strides.map((operand) => operand[axis] ?? 0);
    const outer = merged.at(-1);
    if (outer !== undefined && outer.strides.every((stride, k) => stride === (own[k] ?? 0) * extent)) {
      merged[merged.length - 1] = { extent: outer.extent * extent, strides: own };
    } else {
      merged.push({ extent, strides: own });
    }
  }
  return merged;
}

function moveInPlace(positions: number[], strides: readonly number[], times: number): void {
  for (const [k, stride] of strides.entries()) {
    // A product with 0 could be −0, which would turn an engine's array of integers into one of doubles.
    if (stride !== 0) positions[k] = (positions[k] ?? 0) + stride * times;
  }
}
