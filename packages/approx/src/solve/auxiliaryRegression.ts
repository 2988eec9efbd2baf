/**
 * What step (i) of the alternation regresses: the auxiliary responses z, or beyond them.
 *
 *   w = y' + ω e,   e = z − y',   y' = M ŷ + b of the map so far
 *
 * With ω = 1 that is z, and the paper's step (Zhang et al. 2015, §2.2 (i)); ω above 1 is over-relaxation, as in successive
 * over-relaxation (D. M. Young, "Iterative Methods for Solving Partial Difference Equations of Elliptic Type", 1954). Only sums over the
 * samples are needed, which step (ii) collects (relaxation.ts).
 */

import { transpose, zeros } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import type { ProblemMoments } from './linearSolver.ts';
import type { RelaxationSums } from './relaxation.ts';
import type { LowRankMap } from './samples.ts';

/** The moments that step (i) needs of w = y' + ω e, which is z where ω is 1. */
export interface AuxiliaryMoments {
  /** w̄, [d]. */
  readonly mean: Float64Array;
  /** Σ (w − w̄)(ŷ − ŷ̄)ᵀ = M Σ (ŷ − ŷ̄)(ŷ − ŷ̄)ᵀ + ω (Σ e ŷᵀ − n ē ŷ̄ᵀ), [d, d]. */
  readonly cross: Tensor<'f64'>;
  /** Σ ‖w − w̄‖². */
  readonly deviation: number;
}

/** The moments of w from the sums of step (ii), without w: the samples are not looked at again. */
export function auxiliaryRegression({
  map,
  sums,
  moments,
  count,
  overRelaxation,
  kernels,
}: {
  readonly map: LowRankMap;
  readonly sums: RelaxationSums;
  readonly moments: ProblemMoments;
  readonly count: number;
  readonly overRelaxation: number;
  readonly kernels: Kernels;
}): AuxiliaryMoments {
  const width = map.offset.length;
  const rank = map.left.shape[1] ?? 0;
  const projected = zeros('f64', [rank, width]);
  kernels.matmul({ a: map.right, b: moments.regressorMoment, out: projected });
  const { shiftMoment, shiftSum, auxiliarySum } = sums;
  const cross: Tensor<'f64'> = { ...shiftMoment, data: shiftMoment.data.map((value) => overRelaxation * value) };
  kernels.matmul({ a: map.left, b: projected, out: cross, beta: 1 });
  const mean = auxiliarySum.map((sum, i) => (sum + (overRelaxation - 1) * shiftSum[i]!) / count);
  // Σ ‖w‖² from Σ ‖z‖².
  const further =
    overRelaxation === 1
      ? 0
      : 2 * (overRelaxation - 1) * shiftProduct(map, sums, kernels) + (overRelaxation ** 2 - 1) * sums.shiftSquares;
  let deviation = sums.auxiliarySquares + further;
  for (let i = 0; i < width; i++) {
    deviation -= count * mean[i]! * mean[i]!;
    for (let j = 0; j < width; j++) {
      cross.data[i * width + j]! -= overRelaxation * shiftSum[i]! * moments.regressorMean[j]!;
    }
  }
  return { mean, cross, deviation };
}

/** Σ ‖z − p‖² of the new answers p = M' ŷ + b', from Σ ‖w − p‖²: z = w − (ω − 1) e, and w = y' + ω e. */
export function residualOf(
  missed: number,
  before: LowRankMap,
  after: LowRankMap,
  sums: RelaxationSums,
  overRelaxation: number,
  kernels: Kernels,
): number {
  const further = overRelaxation - 1;
  const { shiftSquares } = sums;
  const shiftMiss =
    shiftProduct(before, sums, kernels) + overRelaxation * shiftSquares - shiftProduct(after, sums, kernels);
  return Math.max(0, missed - 2 * further * shiftMiss + further * further * shiftSquares);
}

/** Σ e · (M ŷ + b) = ⟨M, Σ e ŷᵀ⟩ + b · Σ e. */
function shiftProduct(
  { left, right, offset }: LowRankMap,
  { shiftMoment, shiftSum }: RelaxationSums,
  kernels: Kernels,
): number {
  const onLeft = zeros('f64', left.shape);
  kernels.matmul({ a: shiftMoment, b: transpose(right), out: onLeft });
  let sum = 0;
  for (let i = 0; i < offset.length; i++) sum += offset[i]! * shiftSum[i]!;
  for (let i = 0; i < onLeft.data.length; i++) sum += onLeft.data[i]! * left.data[left.offset + i]!;
  return sum;
}
