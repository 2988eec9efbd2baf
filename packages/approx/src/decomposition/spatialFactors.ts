/**
 * The two layers of a spatial decomposition, and the one layer that they make together.
 *
 *   W(f, c, y, x) ≈ W̃(f, c, y, x) = Σ_k H(f, k, x) V(k, c, y)
 *
 * | symbol     | shape               | meaning                                                      |
 * |------------|---------------------|--------------------------------------------------------------|
 * | V vertical | [K, c, kₕ, 1]       | filters of the first layer, which has no bias                 |
 * | H horizontal | [d, K, 1, k_w]    | filters of the second                                        |
 * | A          | [c kₕ, d k_w]       | W rearranged: row (c, y), column (f, x); Ã = Vᵀ H has rank K   |
 *
 * Zero padding does not disturb the equality: the first layer has no bias, so that a padded column gives zeros as well.
 */

import { ShapeError, contiguous, formatShape, reshape, transpose, zeros } from '@rankwise/tensor';
import type { FloatDType, Kernels, Tensor } from '@rankwise/tensor';
import { referenceKernels } from '@rankwise/tensor';

export interface SpatialFactors {
  /** [K, c, kernelHeight, 1]. */
  readonly vertical: Tensor<'f64'>;
  /** [d, K, 1, kernelWidth]. */
  readonly horizontal: Tensor<'f64'>;
  /** [d], in place of the layer's own bias; without it that one stays. */
  readonly bias?: Float64Array;
}

/**
 * A: the weights [d, c, kₕ, k_w] as a matrix [c kₕ, d k_w], with memory of its own.
 * @throws ShapeError naming `caller` when the weights do not have four axes, or an empty one.
 */
export function rearrangeWeights<D extends FloatDType>(caller: string, weight: Tensor<D>): Tensor<D> {
  const [filters, channels, height, width] = weight.shape;
  if (weight.shape.length !== 4 || weight.shape.includes(0) || channels === undefined || height === undefined) {
    throw new ShapeError(
      `${caller}: weight: expected [filters, channels, height, width], got ${formatShape(weight.shape)}`,
    );
  }
  return reshape(contiguous(transpose(weight, [1, 2, 0, 3])), [channels * height, (filters ?? 0) * (width ?? 0)]);
}

/** Factors from Vᵀ [c kₕ, K] and H [K, d k_w] of a matrix Ã = Vᵀ H. */
export function factorsFromMatrices(
  left: Tensor<'f64'>,
  right: Tensor<'f64'>,
  [filters = 0, channels = 0, height = 0, width = 0]: readonly number[],
): SpatialFactors {
  const rank = left.shape[1] ?? 0;
  return {
    vertical: reshape(contiguous(transpose(left)), [rank, channels, height, 1]),
    horizontal: reshape(contiguous(transpose(reshape(right, [rank, filters, width]), [1, 0, 2])), [
      filters,
      rank,
      1,
      width,
    ]),
  };
}

/**
 * The one convolution that the two make together.
 * @returns [d, c, kernelHeight, kernelWidth], f64
 * @throws ShapeError when the factors do not fit each other.
 * @example
 * import { composeSpatial } from '@rankwise/approx';
 * import { fromNested, toNested } from '@rankwise/tensor';
 * const vertical = fromNested('f64', [[[[1], [2]]]]);
 * const horizontal = fromNested('f64', [[[[3, 4]]]]);
 * toNested(composeSpatial({ vertical, horizontal })) // => [[[[3, 4], [6, 8]]]]
 */
export function composeSpatial(
  { vertical, horizontal }: SpatialFactors,
  kernels: Kernels = referenceKernels,
): Tensor<'f64'> {
  const [rank = 0, channels = 0, height = 0, one = 0] = vertical.shape;
  const [filters = 0, read = 0, row = 0, width = 0] = horizontal.shape;
  if (vertical.shape.length !== 4 || horizontal.shape.length !== 4 || one !== 1 || row !== 1 || rank !== read) {
    throw new ShapeError(
      `composeSpatial: factors: expected [K, c, kernelHeight, 1] and [d, K, 1, kernelWidth], got ${formatShape(vertical.shape)} and ${formatShape(horizontal.shape)}`,
    );
  }
  const matrix = zeros('f64', [channels * height, filters * width]);
  kernels.matmul({
    a: transpose(reshape(vertical, [rank, channels * height])),
    b: reshape(transpose(horizontal, [1, 0, 2, 3]), [rank, filters * width]),
    out: matrix,
  });
  return contiguous(transpose(reshape(matrix, [channels, height, filters, width]), [2, 0, 1, 3]));
}
