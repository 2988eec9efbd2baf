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
 * Both arrays are reused from row to row.
 */
export type RowVisitor = (positions: Float64Array, steps: Float64Array, length: number) => void;

/** Walks the planned shape with operand k starting at offsets[k]. */
export type RowWalker = (offsets: readonly number[], visit: RowVisitor) => void;

interface MergedAxis {
  readonly extent: number;
  /** One for each operand. */
  readonly strides: Float64Array;
}

/** Plans the walk once for operands of one shape, so that it can be repeated from other offsets. */
export function planRows(shape: Shape, strides: readonly (readonly number[])[]): RowWalker {
  if (sizeOf(shape) === 0) return () => {};
  const outer = mergeAxes(shape, strides);
  const row = outer.pop() ?? { extent: 1, strides: new Float64Array(strides.length) };
  const positions = new Float64Array(strides.length);
  return (offsets, visit) => {
    positions.set(offsets);
    const walk = (depth: number): void => {
      const axis = outer[depth];
      if (axis === undefined) {
        visit(positions, row.strides, row.extent);
        return;
      }
      for (let i = 0; i < axis.extent; i++) {
        walk(depth + 1);
        advanceInPlace(positions, axis.strides, 1);
      }
      advanceInPlace(positions, axis.strides, -axis.extent);
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
    const start = positions[0]!;
    const step = steps[0]!;
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
    const own = Float64Array.from(strides, (operand) => operand[axis] ?? 0);
    const outer = merged.at(-1);
    if (outer !== undefined && outer.strides.every((stride, k) => stride === own[k]! * extent)) {
      merged[merged.length - 1] = { extent: outer.extent * extent, strides: own };
    } else {
      merged.push({ extent, strides: own });
    }
  }
  return merged;
}

function advanceInPlace(positions: Float64Array, strides: Float64Array, times: number): void {
  for (let k = 0; k < positions.length; k++) positions[k] = positions[k]! + strides[k]! * times;
}
