/**
 * Puts a spatial decomposition into the model (Jaderberg et al. 2014, §3.1, scheme 2), alone or with a low-rank map on top of it.
 *
 * | new node          | shape          | stride, padding, dilation            |
 * |-------------------|----------------|--------------------------------------|
 * | `name/vertical`   | K × k×1×c      | the vertical ones of the old layer   |
 * | `name`            | d × 1×k×K      | the horizontal ones                  |
 *
 * With a map M = P Qᵀ of the pair's responses ("asymmetric (3d)") the second becomes `name/horizontal`, Qᵀ H with d' filters, and `name`
 * the 1×1 layer P, as replaceConvolution does it to any convolution. The pair's weights are rounded to f32 once; those of `name/horizontal`
 * are formed from the rounded ones.
 */

import { ShapeError, cast, checkFinite, formatShape, referenceKernels, sameShape, tensorOf } from '@rankwise/tensor';
import type { ConvolutionGeometry, Kernels } from '@rankwise/tensor';
import type { Conv2dNode, Model } from '@rankwise/nn';
import type { LowRankMap } from '../solve/samples.ts';
import { findConvolution, installFactors } from './installFactors.ts';
import { replaceConvolution } from './replaceConvolution.ts';
import type { SpatialFactors } from './spatialFactors.ts';

/**
 * A model in which one convolution is replaced by a vertical and a horizontal one, or, with a map, by those and a 1×1 one. The given
 * model is not changed.
 * @param name - a conv2d node with one group, [d, c, kernelHeight, kernelWidth]
 * @param factors - vertical [K, c, kernelHeight, 1], horizontal [d, K, 1, kernelWidth], bias [d] or none, f64
 * @param map - left [d, k], right [k, d], offset [d], f64, of the responses of the pair
 * @throws DomainError when no such node exists or it has several groups, or a value is not finite.
 * @throws ShapeError when the factors or the map do not fit the layer.
 * @example
 * import { filterReconstruction, replaceSpatially } from '@rankwise/approx';
 * import { sequential } from '@rankwise/nn';
 * const model = sequential('tiny', [2, 6, 6], { seed: 1 }).conv('conv1', { filters: 4, kernel: 3, padding: 1 }).build();
 * const { factors } = filterReconstruction(model.parameters['conv1.weight'], 3);
 * const replaced = replaceSpatially(model, 'conv1', factors);
 * replaced.nodes.map(({ name }) => name) // => ['conv1/vertical', 'conv1']
 * replaced.parameters['conv1/vertical.weight'].shape // => [3, 2, 3, 1]
 */
export function replaceSpatially(
  model: Model,
  name: string,
  factors: SpatialFactors,
  map?: LowRankMap,
  kernels: Kernels = referenceKernels,
): Model {
  const { node, weight, bias } = findConvolution('replaceSpatially', model, name);
  checkFactors(factors, weight.shape);
  const geometry = pairGeometry(node);
  const split = installFactors(
    model,
    node,
    [{ suffix: 'vertical', weight: cast(factors.vertical, 'f32'), ...geometry.vertical }],
    {
      weight: cast(factors.horizontal, 'f32'),
      bias: factors.bias === undefined ? bias : cast(tensorOf(factors.bias, [factors.bias.length]), 'f32'),
      ...geometry.horizontal,
    },
  );
  return map === undefined ? split : replaceConvolution(split, name, map, kernels, 'horizontal');
}

/** How the two layers of a pair share a convolution's stride, padding and dilation. */
export function pairGeometry({
  padding: [top, left, bottom, right],
  stride,
  dilation,
}: Conv2dNode): Record<'horizontal' | 'vertical', Pick<ConvolutionGeometry, 'dilation' | 'padding' | 'stride'>> {
  return {
    vertical: { padding: [top, 0, bottom, 0], stride: [stride[0], 1], dilation: [dilation[0], 1] },
    horizontal: { padding: [0, left, 0, right], stride: [1, stride[1]], dilation: [1, dilation[1]] },
  };
}

function checkFactors({ vertical, horizontal, bias }: SpatialFactors, shape: readonly number[]): void {
  const [filters = 0, channels = 0, height = 0, width = 0] = shape;
  const [rank = 0] = vertical.shape;
  const biasLength = bias?.length ?? filters;
  const fits =
    rank > 0 &&
    sameShape(vertical.shape, [rank, channels, height, 1]) &&
    sameShape(horizontal.shape, [filters, rank, 1, width]) &&
    biasLength === filters;
  if (!fits) {
    throw new ShapeError(
      `replaceSpatially: factors: expected [K, ${channels}, ${height}, 1] and [${filters}, K, 1, ${width}] with K ≥ 1 and a bias [${filters}], ` +
        `got ${formatShape(vertical.shape)}, ${formatShape(horizontal.shape)} and [${biasLength}]`,
    );
  }
  checkFinite('replaceSpatially', 'factors.vertical', vertical);
  checkFinite('replaceSpatially', 'factors.horizontal', horizontal);
  if (bias !== undefined) checkFinite('replaceSpatially', 'factors.bias', tensorOf(bias, [filters]));
}
