/** Axes as callers name them: negative ones count from the end. */

import { ShapeError } from './errors.ts';

/**
 * The axis as a number from 0 to rank − 1.
 * @throws ShapeError when it is not an integer or lies outside −rank … rank − 1.
 */
export function resolveAxis(caller: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new ShapeError(`${caller}: axis: expected an integer from ${-rank} to ${rank - 1}, got ${axis}`);
  }
  return axis < 0 ? axis + rank : axis;
}

/**
 * One axis or several, resolved, in the given order; undefined means all.
 * @throws ShapeError when one is out of range or named twice.
 */
export function resolveAxes(caller: string, axes: number | readonly number[] | undefined, rank: number): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  const resolved = (typeof axes === 'number' ? [axes] : axes).map((axis) => resolveAxis(caller, axis, rank));
  if (new Set(resolved).size !== resolved.length) {
    throw new ShapeError(`${caller}: axes: expected each axis once, got [${resolved.join(', ')}]`);
  }
  return resolved;
}
