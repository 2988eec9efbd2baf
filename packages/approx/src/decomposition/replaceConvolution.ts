/**
 * Puts a low-rank map of a convolution's responses into the model (Zhang et al. 2015, §2.1 and Figure 1).
 *
 *   y ↦ M y + b with M = P Qᵀ and y = W x + b0   becomes   x ↦ P (Qᵀ W x) + (M b0 + b)
 *
 * | new node      | shape        | what it is                                                          |
 * |---------------|--------------|---------------------------------------------------------------------|
 * | `name/basis`  | d' × k×k×c   | W' = Qᵀ W, with the old stride, padding and dilation, without bias     |
 * | `name`        | d × 1×1×d'   | P, with the bias M b0 + b                                           |
 *
 * The second keeps the old name, so that whatever read the layer reads its replacement. Products are formed in f64 and rounded once.
 */

import { DomainError, cast, referenceKernels, reshape, tensorOf, zeros } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { withoutUnusedParameters } from '@rankwise/nn';
import type { Conv2dNode, Model } from '@rankwise/nn';
import { checkMap } from '../solve/samples.ts';
import type { LowRankMap } from '../solve/samples.ts';

/**
 * A model in which one convolution is replaced by two. The given model is not changed.
 * @param name - a conv2d node with one group
 * @param map - left [d, k], right [k, d], offset [d], f64
 * @throws DomainError when no such node exists or it has several groups, or a value of the map is not finite.
 * @throws ShapeError when the map's shape does not fit the layer's filters.
 * @example
 * import { replaceConvolution } from '@rankwise/approx';
 * import { sequential } from '@rankwise/nn';
 * import { fromNested } from '@rankwise/tensor';
 * const model = sequential('tiny', [1, 4, 4], { seed: 1 }).conv('conv1', { filters: 2, kernel: 3 }).build();
 * // Both filters answer with the mean of the two.
 * const map = { left: fromNested('f64', [[1], [1]]), right: fromNested('f64', [[0.5, 0.5]]), offset: new Float64Array(2) };
 * const replaced = replaceConvolution(model, 'conv1', map);
 * replaced.parameters['conv1/basis.weight'].shape // => [1, 1, 3, 3]
 * replaced.parameters['conv1.weight'].shape // => [2, 1, 1, 1]
 */
export function replaceConvolution(
  model: Model,
  name: string,
  map: LowRankMap,
  kernels: Kernels = referenceKernels,
): Model {
  const node = model.nodes.find((candidate) => candidate.name === name);
  if (node?.op !== 'conv2d' || node.groups !== 1) {
    throw new DomainError(`replaceConvolution: name: expected a convolution with one group, got ${name}`);
  }
  const weight = model.parameters[node.weight];
  const [filters = 0, channels = 0, kernelHeight = 0, kernelWidth = 0] = weight?.shape ?? [];
  if (weight === undefined) {
    throw new DomainError(`replaceConvolution: model: expected a parameter named ${node.weight}, got none`);
  }
  checkMap('replaceConvolution', map, filters);
  const rank = map.left.shape[1] ?? 0;
  const basisName = freeName(`${name}/basis`, new Set([model.input.name, ...model.nodes.map((other) => other.name)]));
  const kept = withoutUnusedParameters({ ...model, nodes: model.nodes.filter((other) => other !== node) }).parameters;
  const taken = new Set(Object.keys(kept));
  const names: ReplacementNames = {
    basisNode: basisName,
    basis: freeName(`${basisName}.weight`, taken),
    weight: freeName(`${name}.weight`, taken),
    bias: freeName(`${name}.bias`, taken),
  };
  const patchSize = channels * kernelHeight * kernelWidth;
  const basis = zeros('f32', [rank, channels, kernelHeight, kernelWidth]);
  kernels.matmul({
    a: map.right,
    b: reshape(weight, [filters, patchSize]),
    out: reshape(basis, [rank, patchSize]),
  });
  const parameters = {
    ...kept,
    [names.basis]: basis,
    [names.weight]: reshape(cast(map.left, 'f32'), [filters, rank, 1, 1]),
    [names.bias]: projectedBias(map, node.bias === undefined ? undefined : model.parameters[node.bias], kernels),
  };
  const nodes = model.nodes.flatMap((other) => (other === node ? replacementNodes(node, names) : [other]));
  return { ...model, nodes, parameters };
}

interface ReplacementNames {
  readonly basisNode: string;
  readonly basis: string;
  readonly weight: string;
  readonly bias: string;
}

function replacementNodes(node: Conv2dNode, names: ReplacementNames): Conv2dNode[] {
  const { bias: _, ...geometry } = node;
  return [
    { ...geometry, name: names.basisNode, weight: names.basis },
    {
      op: 'conv2d',
      name: node.name,
      inputs: [names.basisNode],
      weight: names.weight,
      bias: names.bias,
      stride: [1, 1],
      padding: [0, 0, 0, 0],
      dilation: [1, 1],
      groups: 1,
    },
  ];
}

/** M b0 + b: the layer's own bias is a response like any other and goes through the map. */
function projectedBias(map: LowRankMap, bias: Tensor<'f32'> | undefined, kernels: Kernels): Tensor<'f32'> {
  const [filters = 0, rank = 0] = map.left.shape;
  const result = zeros('f32', [filters]);
  const projected = zeros('f64', [rank, 1]);
  if (bias !== undefined) kernels.matmul({ a: map.right, b: reshape(bias, [filters, 1]), out: projected });
  const rowBias = tensorOf(map.offset, [filters]);
  kernels.matmul({ a: map.left, b: projected, out: reshape(result, [filters, 1]), rowBias });
  return result;
}

/** `wanted`, or `wanted` with a number where `taken` has it already. */
function freeName(wanted: string, taken: ReadonlySet<string>): string {
  let name = wanted;
  for (let i = 2; taken.has(name); i++) name = `${wanted}${i}`;
  return name;
}
