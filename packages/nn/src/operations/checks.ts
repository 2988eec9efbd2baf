/**
 * Checks that several shape rules share. Each throws one line that names the node, what was expected and what came.
 */

import { DomainError, ShapeError, formatShape } from '@rankwise/tensor';
import type { Padding, Pair, Shape } from '@rankwise/tensor';

import { describeNode, parameterOf } from '../graph.ts';
import type { Model, Node } from '../model.ts';

/** A feature map without the images axis: [channels, height, width]. */
export type MapShape = readonly [number, number, number];

export function shapeMismatch(node: Node, what: string, expected: string, got: string): ShapeError {
  return new ShapeError(`inferShapes: ${describeNode(node)}: ${what}: expected ${expected}, got ${got}`);
}

export function badAttribute(node: Node, what: string, expected: string, got: unknown): DomainError {
  return new DomainError(
    `inferShapes: ${describeNode(node)}: ${what}: expected ${expected}, got ${JSON.stringify(got)}`,
  );
}

/** @throws ShapeError unless the node reads exactly one value. */
export function onlyInput(node: Node, inputs: readonly Shape[]): Shape {
  const [input] = inputs;
  if (input === undefined || inputs.length !== 1) {
    throw shapeMismatch(node, 'inputs', 'one value', String(inputs.length));
  }
  return input;
}

/** @throws ShapeError unless the node reads exactly one value, and that is a feature map. */
export function onlyMap(node: Node, inputs: readonly Shape[]): MapShape {
  const input = onlyInput(node, inputs);
  const [channels, height, width] = input;
  if (input.length !== 3 || channels === undefined || height === undefined || width === undefined) {
    throw shapeMismatch(node, 'input', 'a feature map [channels, height, width]', formatShape(input));
  }
  return [channels, height, width];
}

/** @throws DomainError unless both numbers are positive integers. */
export function checkPositivePair(node: Node, what: string, pair: Pair): void {
  if (pair.length !== 2 || !pair.every((extent) => Number.isSafeInteger(extent) && extent > 0)) {
    throw badAttribute(node, what, 'two positive integers [vertical, horizontal]', pair);
  }
}

/** @throws DomainError unless the four numbers are non-negative integers. */
export function checkPadding(node: Node, padding: Padding): void {
  if (padding.length !== 4 || !padding.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) {
    throw badAttribute(node, 'padding', 'four non-negative integers [top, left, bottom, right]', padding);
  }
}

/**
 * The shape of a node's weight, all extents positive.
 * @throws DomainError when the parameter does not exist, or is not f32.
 * @throws ShapeError when its rank differs or an extent is 0.
 */
export function weightShape(node: Node, parameters: Model['parameters'], name: string, axes: readonly string[]): Shape {
  const { dtype, shape } = parameterOf(parameters, name, node);
  if (dtype !== 'f32') throw badAttribute(node, `parameter '${name}'`, 'dtype f32', dtype);
  if (shape.length !== axes.length || !shape.every((extent) => extent > 0)) {
    throw shapeMismatch(node, `weight '${name}'`, `[${axes.join(', ')}], none of them 0`, formatShape(shape));
  }
  return shape;
}

/** @throws as weightShape; ShapeError when the bias is not [outputs]. */
export function checkBias(
  node: Node,
  parameters: Model['parameters'],
  name: string | undefined,
  outputs: number,
): void {
  if (name === undefined) return;
  const { dtype, shape } = parameterOf(parameters, name, node);
  if (dtype !== 'f32') throw badAttribute(node, `parameter '${name}'`, 'dtype f32', dtype);
  if (shape.length !== 1 || shape[0] !== outputs) {
    throw shapeMismatch(node, `bias '${name}'`, `[${outputs}]`, formatShape(shape));
  }
}
