/** Reading results in tests. */

import type { Model, Node } from '@rankwise/nn';
import { sizeOf } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';

/** The value under this name; its absence is a failure. */
export function valueOf<T>(values: ReadonlyMap<string, T>, name: string): T {
  const value = values.get(name);
  if (value === undefined) throw new Error(`expected a value named ${name}, got ${[...values.keys()].join(', ')}`);
  return value;
}

/** Image `index` of a contiguous batch, as plain numbers. */
export function imageOf(batch: Tensor, index: number): number[] {
  const length = sizeOf(batch.shape.slice(1));
  return Array.from(batch.data.subarray(batch.offset + index * length, batch.offset + (index + 1) * length));
}

/** A model of one node (or a few) on an input named `x`, without parameters unless given. */
export function modelOf(
  shape: readonly [number, number, number],
  nodes: readonly Node[],
  parameters: Model['parameters'] = {},
): Model {
  return { name: 'test', input: { name: 'x', shape }, nodes, output: nodes.at(-1)?.name ?? 'x', parameters };
}
