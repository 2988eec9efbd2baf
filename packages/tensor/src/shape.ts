/**
 * Shapes and strides.
 *
 * A shape is a list of extents, outermost first; strides count elements (not bytes). A contiguous tensor is row-major:
 * stride[i] = shape[i + 1] · shape[i + 2] · …  The empty shape [] is a scalar and has one element.
 */

import { ShapeError } from './errors.ts';

export type Shape = readonly number[];

/** Number of elements of a tensor of this shape. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
}

/** Row-major strides of a contiguous tensor of this shape. */
export function rowMajorStrides(shape: Shape): number[] {
  const strides = Array.from<number>({ length: shape.length });
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis] ?? 1;
  }
  return strides;
}

/** True when the two shapes agree in rank and in every extent. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** `[2, 3, 4]`, for messages. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/**
 * Refuses extents that are not non-negative integers.
 * @throws ShapeError naming `caller` and the extent.
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
