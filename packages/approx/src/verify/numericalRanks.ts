/**
 * The ranks that a chain of convolutions really has, from its weights.
 *
 * A chain maps a patch to d responses linearly. Cut behind its i-th layer it is a product A B whose inner side is that layer's filters:
 *
 *   A  [everything behind the cut, r]     the later layers' composed kernel, rearranged
 *   B  [r, everything before the cut]     the earlier layers' composed kernel
 *
 * and its rank is at most r. With A = Q₁ R₁ and Bᵀ = Q₂ R₂ it is the rank of R₁ R₂ᵀ, [r, r]: the number of singular values above
 * r u σ₁, u = 2⁻²⁴, since the weights are f32 and known no better (Golub & Van Loan, 4th ed., §5.4.1). A rank below r means that
 * filters could have been saved.
 *
 * Cost: two QR factorisations and one SVD of r columns a cut.
 */

import { cast, contiguous, reshape, transpose, zeros } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { qrFactors, rank } from '@rankwise/linalg';
import type { Conv2dNode, Model } from '@rankwise/nn';

/** Of f32. */
const unitRoundoff = 2 ** -24;

/** Numerical rank at each cut of a chain, first to last. */
export function numericalRanks(chain: readonly Conv2dNode[], model: Model, kernels: Kernels): number[] {
  const weights = chain.flatMap((node) => {
    const weight = model.parameters[node.weight];
    return weight === undefined ? [] : [cast(weight, 'f64')];
  });
  return weights.slice(1).map((_, i) => {
    const before = weights.slice(0, i + 1).reduce((sum, weight) => composed(sum, weight, kernels));
    const behind = weights.slice(i + 1).reduce((sum, weight) => composed(sum, weight, kernels));
    return productRank(behind, before, kernels);
  });
}

/** rank(A B) for kernels behind [d, r, h, w] and before [r, c, h', w'] a cut. */
function productRank(behind: Tensor<'f64'>, before: Tensor<'f64'>, kernels: Kernels): number {
  const [filters = 0, inner = 0, height = 0, width = 0] = behind.shape;
  // [d, h, w, r] so that r is the last axis.
  const a = reshape(contiguous(transpose(behind, [0, 2, 3, 1])), [filters * height * width, inner]);
  const b = reshape(before, [inner, before.data.length / inner]);
  const left = qrFactors(a, { kernels }).r;
  const right = qrFactors(transpose(b), { kernels }).r;
  const product = zeros('f64', [left.shape[0] ?? 0, right.shape[0] ?? 0]);
  kernels.matmul({ a: left, b: transpose(right), out: product });
  return rank(product, { kernels, tolerance: Math.min(0.5, inner * unitRoundoff) });
}

/**
 * The kernel of `second` after `first`: both [filters, channels, h, w], strides 1. Along each axis one of the two is 1 wide at most in
 * the chains that are made here, but any are right: h + h' − 1 rows.
 */
function composed(first: Tensor<'f64'>, second: Tensor<'f64'>, kernels: Kernels): Tensor<'f64'> {
  const [inner = 0, channels = 0, height = 0, width = 0] = first.shape;
  const [filters = 0, , rows = 0, columns = 0] = second.shape;
  const result = zeros('f64', [filters, channels, height + rows - 1, width + columns - 1]);
  const [, , fullHeight = 0, fullWidth = 0] = result.shape;
  const spread = zeros('f64', [filters, channels * height * width]);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const tap = zeros('f64', [filters, inner]);
      for (let i = 0; i < filters * inner; i++) tap.data[i] = second.data[(i * rows + y) * columns + x]!;
      kernels.matmul({ a: tap, b: reshape(first, [inner, channels * height * width]), out: spread });
      for (let i = 0; i < filters * channels; i++) {
        for (let v = 0; v < height; v++) {
          for (let u = 0; u < width; u++) {
            result.data[(i * fullHeight + v + y) * fullWidth + u + x]! += spread.data[(i * height + v) * width + u]!;
          }
        }
      }
    }
  }
  return result;
}
