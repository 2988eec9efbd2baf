/**
 * What was done to a network, found by comparing its graph with the original's, node by node; no report is asked.
 *
 * A convolution counts as replaced when a node of its name still answers and what leads from the convolution's old input to that node is
 * a chain of convolutions that the original does not have. Everything else must be as it was, to the last bit of every parameter;
 * what is not stands in `differences`.
 *
 *   original:       … → input → name → …
 *   approximated:   … → input → name/vertical → name/horizontal → name → …        (one, two or more new names)
 *
 * Cost: every parameter is read once.
 */

import { contiguous, sameShape } from '@rankwise/tensor';
import { parameterNames, readersOf } from '@rankwise/nn';
import type { Conv2dNode, Model, Node } from '@rankwise/nn';
import { convolutionLayers } from '../layers.ts';
import type { ConvolutionLayer } from '../layers.ts';
import { describeChain } from './describeChain.ts';
import type { ChainKind } from './describeChain.ts';

/** One replaced convolution. */
export interface Replacement {
  /** The layer as the original has it. */
  readonly layer: ConvolutionLayer;
  readonly kind: ChainKind;
  /** The new convolutions, from the old input to the node of the old name. */
  readonly chain: readonly Conv2dNode[];
  /** Filters of all but the last of them. */
  readonly ranks: readonly number[];
}

export interface ModelMatch {
  /** In the order of the original's graph. */
  readonly replacements: readonly Replacement[];
  /** What else differs, one sentence each; empty when nothing does. */
  readonly differences: readonly string[];
}

/**
 * Compares an approximated model with its original.
 * @throws ShapeError or DomainError when the shapes of a model do not fit.
 * @example
 * import { matchModels, replaceConvolution } from '@rankwise/approx';
 * import { sequential } from '@rankwise/nn';
 * import { fromNested } from '@rankwise/tensor';
 * const model = sequential('tiny', [1, 4, 4], { seed: 1 }).conv('conv1', { filters: 2, kernel: 3 }).build();
 * const map = { left: fromNested('f64', [[1], [1]]), right: fromNested('f64', [[0.5, 0.5]]), offset: new Float64Array(2) };
 * const { replacements, differences } = matchModels(model, replaceConvolution(model, 'conv1', map));
 * replacements.map(({ layer, kind, ranks }) => [layer.name, kind, ranks]) // => [['conv1', 'channel', [1]]]
 * differences // => []
 */
export function matchModels(original: Model, approximated: Model): ModelMatch {
  const differences = differingHeads(original, approximated);
  const layers = new Map(convolutionLayers(original).map((layer) => [layer.name, layer]));
  const byName = new Map(approximated.nodes.map((node) => [node.name, node]));
  const known = new Set(original.nodes.map((node) => node.name));
  const replacements: Replacement[] = [];
  const accounted = new Set<string>();
  for (const node of original.nodes) {
    const other = byName.get(node.name);
    accounted.add(node.name);
    if (other === undefined) {
      differences.push(`${node.name} (${node.op}) is missing`);
      continue;
    }
    const layer = layers.get(node.name);
    const chain = layer === undefined ? undefined : chainTo(other, layer, byName, known);
    if (layer === undefined || chain === undefined) {
      differences.push(...differingNodes(original, node, approximated, other));
      continue;
    }
    for (const link of chain) accounted.add(link.name);
    const described = describeChain(layer, original, chain, approximated);
    replacements.push({ layer, chain, ...described });
    if (described.kind === 'other')
      differences.push(`${layer.name} is replaced by ${chain.length} convolutions of another geometry`);
  }
  differences.push(...strayReaders(approximated, replacements));
  for (const node of approximated.nodes)
    if (!accounted.has(node.name)) differences.push(`${node.name} (${node.op}) is new`);
  return { replacements, differences };
}

/** The convolutions from the layer's old input to the node that has its name now, or undefined when there is no such chain of two or more. */
function chainTo(
  last: Node,
  layer: ConvolutionLayer,
  byName: ReadonlyMap<string, Node>,
  known: ReadonlySet<string>,
): Conv2dNode[] | undefined {
  const chain: Conv2dNode[] = [];
  for (let node: Node | undefined = last; ; node = byName.get(node.inputs[0] ?? '')) {
    if (node?.op !== 'conv2d' || node.groups !== 1 || (chain.length > 0 && known.has(node.name))) return undefined;
    chain.unshift(node);
    if (node.inputs[0] === layer.node.inputs[0]) return chain.length > 1 ? chain : undefined;
  }
}

function differingHeads(original: Model, approximated: Model): string[] {
  const fields = ['name', 'input', 'output', 'preprocessing', 'classNames', 'fixedRanks'] as const;
  return fields
    .filter((field) => inOrder(original[field]) !== inOrder(approximated[field]))
    .map((field) => `the model's ${field} differs`);
}

function differingNodes(original: Model, node: Node, approximated: Model, other: Node): string[] {
  if (withoutParameters(node) !== withoutParameters(other))
    return [`${node.name} (${node.op}) is another node: ${changedFields(node, other)}`];
  const names = parameterNames(node);
  const others = parameterNames(other);
  return names.flatMap((name, i) =>
    sameParameter(original, name, approximated, others[i] ?? '')
      ? []
      : [`${node.name} (${node.op}) has another ${i === 0 ? 'weight' : 'bias'}`],
  );
}

/** A node as text, its parameters' names left out: those may be others. */
function withoutParameters(node: Node): string {
  return inOrder({ ...node, weight: 'weight' in node, bias: 'bias' in node });
}

function changedFields(node: Node, other: Node): string {
  const [before, after] = [node, other].map((of) => new Map<string, unknown>(Object.entries(of)));
  const fields = [...new Set([...Object.keys(node), ...Object.keys(other)])];
  return fields
    .filter((field) => !['weight', 'bias'].includes(field) || before?.has(field) !== after?.has(field))
    .filter((field) => inOrder(before?.get(field)) !== inOrder(after?.get(field)))
    .join(', ');
}

function sameParameter(original: Model, name: string, approximated: Model, otherName: string): boolean {
  const [a, b] = [original.parameters[name], approximated.parameters[otherName]];
  if (a === undefined || b === undefined || !sameShape(a.shape, b.shape)) return false;
  const [left, right] = [contiguous(a), contiguous(b)];
  const count = left.shape.reduce((size, extent) => size * extent, 1);
  for (let i = 0; i < count; i++) {
    if (!Object.is(left.data[left.offset + i], right.data[right.offset + i])) return false;
  }
  return true;
}

/** A value inside a chain is the chain's own: nothing else may read it, nor may it be the answer. */
function strayReaders(approximated: Model, replacements: readonly Replacement[]): string[] {
  const readers = readersOf(approximated);
  return replacements.flatMap(({ chain }) =>
    chain.slice(0, -1).flatMap(({ name }) => {
      const others = (readers.get(name) ?? []).length > 1 || approximated.output === name;
      return others ? [`${name}, inside a replacement, is read from outside`] : [];
    }),
  );
}

/** JSON with the keys of every object in order, so that equal data gives equal text. */
function inOrder(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) => withSortedKeys(field)) ?? '';
}

function withSortedKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
