/**
 * How much more rounding minimal filtering F(m, r) leaves in an output than the plain sum of r products, along one axis:
 *
 *   G² = max_i Σ_k (Aᵀ_ik)² (Σ_j G_kj²) (Σ_l Bᵀ_kl²) / r
 *
 * The sum is the variance of the terms Aᵀ_ik (G g)_k (Bᵀ d)_k that an output is made of, when taps g and inputs d are
 * independent with variance 1; r is the variance of the output itself. Rounding is relative to the former, the result
 * has the size of the latter. In two dimensions the factors of the axes multiply. (Aᵀ, G, Bᵀ: cookToom.ts in
 * @rankwise/tensor; the use of norms of the three matrices follows Barabasz et al., ACM TOMS 46, 2020.)
 */

import { cookToom } from '@rankwise/tensor';
import type { Fraction } from '@rankwise/tensor';

/** Points of the largest transform that one of the engines computes in f32: F(6, 3), F(4, 5). */
const largestTransform = 8;
/** Kernels of more taps are computed as plain sums by all. */
const mostTaps = 5;

/** @param taps - extent of the kernel along the axis */
export function filteringGrowth(taps: number): number {
  if (taps < 2 || taps > mostTaps) return 1;
  const { output, filter, input } = cookToom(largestTransform - taps + 1, taps);
  const products = filter.map((row, k) => squares(row) * squares(input[k] ?? []));
  const variances = output.map((row) => row.reduce((sum, entry, k) => sum + value(entry) ** 2 * (products[k] ?? 0), 0));
  return Math.sqrt(Math.max(...variances) / taps);
}

function squares(row: readonly Fraction[]): number {
  return row.reduce((sum, entry) => sum + value(entry) ** 2, 0);
}

function value([numerator, denominator]: Fraction): number {
  return numerator / denominator;
}
