/**
 * Questions about a model's graph that need no shapes and no values.
 *
 * Values are known by the name of the node that makes them; `model.input.name` names the network's input, which counts as
 * made at index -1. Every function is linear in the number of nodes.
 */

import { DomainError } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';

import type { Model, Node } from './model.ts';

/**
 * The names of the parameters a node reads: its weight (a PReLU's slopes), then its bias if it has one; none for other operations.
 * @example
 * import { parameterNames, sequential } from '@rankwise/nn';
 * const model = sequential('tiny', [1, 4, 4]).conv('conv1', { filters: 2, kernel: 3 }).relu().build();
 * model.nodes.map((node) => parameterNames(node)) // => [['conv1.weight', 'conv1.bias'], []]
 */
export function parameterNames(node: Node): readonly string[] {
  if (node.op === 'prelu') return [node.weight];
  if (node.op !== 'conv2d' && node.op !== 'linear') return [];
  return node.bias === undefined ? [node.weight] : [node.weight, node.bias];
}

/**
 * The parameter of this name.
 * @throws DomainError when the model has none. Names that every JavaScript object has (`constructor`) are no exception.
 */
export function parameterOf(parameters: Model['parameters'], name: string, node: Node): Tensor<'f32'> {
  const parameter = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
  if (parameter === undefined) {
    throw new DomainError(`model: ${describeNode(node)}: expected a parameter named '${name}', got none`);
  }
  return parameter;
}

/**
 * The position of a node in the topological order.
 * @throws DomainError when the model has no node of that name.
 * @example
 * import { nodeIndex, sequential } from '@rankwise/nn';
 * const model = sequential('tiny', [1, 4, 4]).conv('conv1', { filters: 2, kernel: 3 }).relu('relu1').build();
 * nodeIndex(model, 'relu1') // => 1
 */
export function nodeIndex(model: Model, name: string): number {
  const index = model.nodes.findIndex((node) => node.name === name);
  if (index < 0) throw new DomainError(`nodeIndex: name: expected a node of model '${model.name}', got '${name}'`);
  return index;
}

/**
 * For every value, the nodes that read it, in order; a node that reads a value twice stands once.
 * @example
 * import { readersOf, sequential } from '@rankwise/nn';
 * const model = sequential('tiny', [1, 4, 4]).relu('relu1').relu('relu2').build();
 * (readersOf(model).get('relu1') ?? []).map((node) => node.name) // => ['relu2']
 */
export function readersOf(model: Model): Map<string, Node[]> {
  const readers = new Map<string, Node[]>([[model.input.name, []]]);
  for (const node of model.nodes) {
    readers.set(node.name, readers.get(node.name) ?? []);
    for (const input of new Set(node.inputs)) {
      const known = readers.get(input);
      if (known === undefined) readers.set(input, [node]);
      else known.push(node);
    }
  }
  return readers;
}

/**
 * The names of the values that must exist once nodes 0…index have run so that the rest can: those made by then (the input
 * included) that a later node reads, and the output if it is made. In the order they are made. `index` -1 is before the first.
 * @example
 * import { liveAfter, sequential } from '@rankwise/nn';
 * const model = sequential('tiny', [1, 4, 4]).relu('relu1').relu('relu2').build();
 * liveAfter(model, 0) // => ['relu1']
 */
export function liveAfter(model: Model, index: number): string[] {
  const wanted = new Set<string>([model.output]);
  for (const node of model.nodes.slice(index + 1)) for (const input of node.inputs) wanted.add(input);
  const made = [model.input.name, ...model.nodes.slice(0, index + 1).map((node) => node.name)];
  return made.filter((name) => wanted.has(name));
}

/**
 * The same model without the parameters that no node reads, the others in the order of their first reader.
 * @throws DomainError when a node names a parameter that does not exist.
 * @example
 * import { sequential, withoutUnusedParameters } from '@rankwise/nn';
 * import { zeros } from '@rankwise/tensor';
 * const model = sequential('tiny', [1, 4, 4]).relu().build();
 * Object.keys(withoutUnusedParameters({ ...model, parameters: { old: zeros('f32', [2]) } }).parameters) // => []
 */
export function withoutUnusedParameters(model: Model): Model {
  const entries = new Map<string, Tensor<'f32'>>();
  for (const node of model.nodes) {
    for (const name of parameterNames(node)) entries.set(name, parameterOf(model.parameters, name, node));
  }
  return { ...model, parameters: Object.fromEntries(entries) };
}

/** `node 'conv2' (conv2d)`, for messages. */
export function describeNode(node: Node): string {
  return `node '${node.name}' (${node.op})`;
}
