/**
 * Shapes and strides.
 *
 * A shape is a list of extents, outermost first; strides count elements (not bytes). A contiguous tensor is row-major:
 * stride[i] = shape[i + 1] · shape[i + 2] · …  The empty shape [] is a scalar and has one element.
 */

import { ShapeError } from './errors.ts';

export type Shape = readonly number[];

/**
 * Number of elements of a tensor of this shape.
 * @example
 * import { sizeOf } from '@rankwise/tensor';
 * [sizeOf([2, 3]), sizeOf([]), sizeOf([4, 0])] // => [6, 1, 0]
 */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
}

/**
 * Row-major strides of a contiguous tensor of this shape.
 * @example
 * import { rowMajorStrides } from '@rankwise/tensor';
 * rowMajorStrides([2, 3, 4]) // => [12, 4, 1]
 */
export function rowMajorStrides(shape: Shape): number[] {
  const strides = Array.from<number>({ length: shape.length });
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis] ?? 1;
  }
  return strides;
}

/**
 * True when the two shapes agree in rank and in every extent.
 * @example
 * import { sameShape } from '@rankwise/tensor';
 * [sameShape([2, 3], [2, 3]), sameShape([2, 3], [2, 3, 1])] // => [true, false]
 */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/**
 * `[2, 3, 4]`, for messages.
 * @example
 * import { formatShape } from '@rankwise/tensor';
 * formatShape([2, 3, 4]) // => '[2, 3, 4]'
 */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/**
 * Refuses extents that are not non-negative integers.
 * @throws ShapeError naming `caller` and the extent.
 * @example
 * import { checkShape } from '@rankwise/tensor';
 * checkShape('myFunction', [2, 0, 3]) // => undefined
 */
export function checkShape(caller: string, shape: Shape): void {
  for (const extent of shape) {
    if (!Number.isSafeInteger(extent) || extent < 0) {
      throw new ShapeError(`${caller}: shape: expected non-negative integers, got ${formatShape(shape)}`);
    }
  }
}

/**
 * The shape of an elementwise result: extents are aligned at the last axis, and 1 stretches to any extent.
 * @throws ShapeError when two extents differ and neither is 1.
 * @example
 * import { broadcastShapes } from '@rankwise/tensor';
 * broadcastShapes('myFunction', [5, 1, 3], [4, 1]) // => [5, 4, 3]
 */
export function broadcastShapes(caller: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new ShapeError(
        `${caller}: shapes: expected extents that are equal or 1, got ${formatShape(a)} and ${formatShape(b)}`,
      );
    }
    return left === 1 ? right : left;
  });
}
