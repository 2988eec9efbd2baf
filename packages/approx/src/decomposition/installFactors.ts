/**
 * Puts a chain of convolutions in the place of one: the one mechanism behind every decomposition.
 *
 * The last of the chain keeps the old node's name, so that whatever read the layer reads its replacement; the others are called
 * `name/suffix`. Only the last has a bias. Parameters are named after their nodes, and those that nothing reads any more go.
 */

import { DomainError } from '@rankwise/tensor';
import type { ConvolutionGeometry, Tensor } from '@rankwise/tensor';
import { withoutUnusedParameters } from '@rankwise/nn';
import type { Conv2dNode, Model } from '@rankwise/nn';

export interface ConvolutionFactor extends Pick<ConvolutionGeometry, 'dilation' | 'padding' | 'stride'> {
  /** Ends the new node's name. */
  readonly suffix: string;
  /** [filters, channels, kernelHeight, kernelWidth], f32. */
  readonly weight: Tensor<'f32'>;
}

/** The last of a chain; it keeps the old name. */
export interface LastFactor extends Omit<ConvolutionFactor, 'suffix'> {
  /** [filters]. */
  readonly bias?: Tensor<'f32'> | undefined;
}

/** Of a convolution that is computed at each position by itself. */
export const pointwise = { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1] } as const;

/**
 * The convolution of that name and its parameters.
 * @throws DomainError naming `caller` when there is no such node, it has several groups, or its weight does not exist.
 */
export function findConvolution(
  caller: string,
  model: Model,
  name: string,
): { readonly node: Conv2dNode; readonly weight: Tensor<'f32'>; readonly bias: Tensor<'f32'> | undefined } {
  const node = model.nodes.find((candidate) => candidate.name === name);
  if (node?.op !== 'conv2d' || node.groups !== 1) {
    throw new DomainError(`${caller}: name: expected a convolution with one group, got ${name}`);
  }
  const weight = model.parameters[node.weight];
  if (weight === undefined) {
    throw new DomainError(`${caller}: model: expected a parameter named ${node.weight}, got none`);
  }
  return { node, weight, bias: node.bias === undefined ? undefined : model.parameters[node.bias] };
}

/** A model in which `node` is replaced by the chain `first`, `last`. The given model is not changed. */
export function installFactors(
  model: Model,
  node: Conv2dNode,
  first: readonly ConvolutionFactor[],
  last: LastFactor,
): Model {
  const nodeNames = new Set([model.input.name, ...model.nodes.map((other) => other.name)]);
  const kept = withoutUnusedParameters({ ...model, nodes: model.nodes.filter((other) => other !== node) }).parameters;
  const parameterNames = new Set(Object.keys(kept));
  const parameters: Record<string, Tensor<'f32'>> = { ...kept };
  const added: Conv2dNode[] = [];
  const addParameter = (wanted: string, value: Tensor<'f32'>): string => {
    const name = freeName(wanted, parameterNames);
    parameters[name] = value;
    return name;
  };
  let inputs = node.inputs;
  for (const { suffix, weight, stride, padding, dilation } of first) {
    const name = freeName(`${node.name}/${suffix}`, nodeNames);
    const weightName = addParameter(`${name}.weight`, weight);
    added.push({ op: 'conv2d', name, inputs, weight: weightName, stride, padding, dilation, groups: 1 });
    inputs = [name];
  }
  const { weight, bias, stride, padding, dilation } = last;
  const weightName = addParameter(`${node.name}.weight`, weight);
  const biased = bias === undefined ? {} : { bias: addParameter(`${node.name}.bias`, bias) };
  added.push({
    op: 'conv2d',
    name: node.name,
    inputs,
    weight: weightName,
    ...biased,
    stride,
    padding,
    dilation,
    groups: 1,
  });
  const nodes = model.nodes.flatMap((other) => (other === node ? added : [other]));
  return { ...model, nodes, parameters };
}

/** `wanted`, or `wanted` with a number where it is taken already; taken from then on. */
function freeName(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let i = 2; taken.has(name); i++) name = `${wanted}${i}`;
  taken.add(name);
  return name;
}
