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
 * Products are formed in f64 and rounded once.
 */

import { cast, referenceKernels, reshape, tensorOf, zeros } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import type { Model } from '@rankwise/nn';
import { checkMap } from '../solve/samples.ts';
import type { LowRankMap } from '../solve/samples.ts';
import { findConvolution, installFactors, pointwise } from './installFactors.ts';

/**
 * A model in which one convolution is replaced by two. The given model is not changed.
 * @param name - a conv2d node with one group
 * @param map - left [d, k], right [k, d], offset [d], f64
 * @param suffix - ends the name of the first of the two; `horizontal` where the layer is the 1×k half of a spatial decomposition
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
  suffix = 'basis',
): Model {
  const { node, weight, bias } = findConvolution('replaceConvolution', model, name);
  const [filters = 0, channels = 0, kernelHeight = 0, kernelWidth = 0] = weight.shape;
  checkMap('replaceConvolution', map, filters);
  const rank = map.left.shape[1] ?? 0;
  const patchSize = channels * kernelHeight * kernelWidth;
  const basis = zeros('f32', [rank, channels, kernelHeight, kernelWidth]);
  kernels.matmul({
    a: map.right,
    b: reshape(weight, [filters, patchSize]),
    out: reshape(basis, [rank, patchSize]),
  });
  const { stride, padding, dilation } = node;
  return installFactors(model, node, [{ suffix, weight: basis, stride, padding, dilation }], {
    ...pointwise,
    weight: reshape(cast(map.left, 'f32'), [filters, rank, 1, 1]),
    bias: projectedBias(map, bias, kernels),
  });
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
