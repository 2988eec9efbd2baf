/**
 * Spatial decomposition in the metric of the data: the pair k×1, 1×k whose responses, not whose weights, are nearest.
 *
 * | symbol | shape             | meaning                                                              |
 * |--------|-------------------|----------------------------------------------------------------------|
 * | x      | [n, k_w · s] f32  | strips of the patches that the layer gets, s = c · k_h (gatherStrips) |
 * | C      | [s, s]            | second moment of one strip                                            |
 * | A      | [d · k_w, s]      | the layer's weights, one row for each filter and column               |
 *
 * V: the best rank-K approximation of A C^½, by the K largest eigenvectors of C^½ Aᵀ A C^½ (Eckart–Young in the metric C): exact
 * where different strips of a patch were uncorrelated. H and the bias: least squares of y on the answers V x of all k_w strips, which
 * makes up for those correlations. In the asymmetric case x̂ is what the approximated layers below deliver and y the original's.
 *
 * It is the data reconstruction of Jaderberg et al. 2014, §3.2, in closed form for each half; descend.ts goes on from it with both halves
 * together. Cost: one symmetric eigenproblem of size s, another for its K largest, products of n k_w s (K + s) multiply-adds.
 */

import { DomainError, contiguous, reshape, transpose, zeros } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { prepareRegressor, reducedRankRegression, symmetricEigen } from '@rankwise/linalg';
import type { FactorChain } from '../descent/factorChain.ts';
import { inputMoments } from '../descent/chainObjective.ts';
import { inputScaling } from '../descent/inputScaling.ts';
import { centredMoment, meanRow } from '../solve/moments.ts';
import type { ChainSamples } from '../descent/chainObjective.ts';

/**
 * The pair as a chain on strips.
 * @param samples - input x, target y (before r); checked by who calls
 * @param weight - f32 [d, c, k_h, k_w]
 * @param rank - K, 1…min(s, d · k_w)
 * @throws DomainError when the rank is out of range.
 * @example
 * import { metricReconstruction } from '@rankwise/approx';
 * import { fromNested, referenceKernels } from '@rankwise/tensor';
 * // A 1×2 kernel on one channel whose two inputs always agree: one vertical filter says it all.
 * const input = fromNested('f32', [[1, 1], [2, 2], [-1, -1]]);
 * const weight = fromNested('f32', [[[[2, 1]]], [[[0, 5]]]]);
 * const target = fromNested('f32', [[3, 5], [6, 10], [-3, -5]]);
 * const { factors } = metricReconstruction({ input, target }, weight, 1, referenceKernels);
 * factors.map((factor) => [factor.weight.shape, factor.strips]) // => [[[1, 1], 2], [[2, 2], 1]]
 */
export function metricReconstruction(
  samples: ChainSamples,
  weight: Tensor<'f32'>,
  rank: number,
  kernels: Kernels,
): FactorChain {
  const [filters = 0, channels = 0, height = 0, width = 0] = weight.shape;
  const side = channels * height;
  const most = Math.min(side, filters * width);
  if (!Number.isInteger(rank) || rank < 1 || rank > most) {
    throw new DomainError(`metricReconstruction: rank: expected an integer from 1 to ${most}, got ${rank}`);
  }
  const rows = reshape(contiguous(transpose(weight, [0, 3, 1, 2])), [filters * width, side]);
  const vertical = verticalFactor(samples, rows, { rank, width }, kernels);
  const { horizontal, offset } = horizontalFactor(samples, vertical, width, kernels);
  return {
    factors: [
      { weight: vertical, strips: width },
      { weight: horizontal, strips: 1 },
    ],
    offset,
  };
}

/** V [K, s]. */
function verticalFactor(
  samples: ChainSamples,
  rows: Tensor<'f32'>,
  { rank, width }: { readonly rank: number; readonly width: number },
  kernels: Kernels,
): Tensor<'f64'> {
  const [count = 0, side = 0] = rows.shape;
  const shape: FactorChain = {
    factors: [{ weight: zeros('f64', [1, side]), strips: width }],
    offset: new Float64Array(width),
  };
  const [moment = zeros('f64', [side, side])] = inputMoments(samples, shape, kernels);
  const scaling = inputScaling(moment, kernels);
  const coloured = scaling.toScaled({ weight: promoted(rows), strips: 1 });
  const gram = zeros('f64', [side, side]);
  kernels.matmul({ a: transpose(coloured), b: coloured, out: gram });
  const { vectors } = symmetricEigen(gram, { count: Math.min(rank, count), kernels });
  const scaled = contiguous(transpose(vectors));
  return scaling.toWeight(scaled.data.slice(scaled.offset, scaled.offset + rank * side), rank);
}

function promoted(matrix: Tensor<'f32'>): Tensor<'f64'> {
  return { ...matrix, dtype: 'f64', data: Float64Array.from(matrix.data) };
}

/** H [d, k_w · K] and b, by least squares on the vertical layer's answers. */
function horizontalFactor(
  { input, target }: ChainSamples,
  vertical: Tensor<'f64'>,
  width: number,
  kernels: Kernels,
): { readonly horizontal: Tensor<'f64'>; readonly offset: Float64Array } {
  const [count = 0] = input.shape;
  const [rank = 0, side = 0] = vertical.shape;
  const answers = zeros('f32', [count, width * rank]);
  kernels.matmul({
    a: reshape(input, [count * width, side]),
    b: transpose(vertical),
    out: reshape(answers, [count * width, rank]),
  });
  const answerMean = meanRow(answers);
  const targetMean = meanRow(target);
  const regressor = prepareRegressor(centredMoment(answers, answerMean, answers, answerMean, kernels), { kernels });
  const cross = centredMoment(target, targetMean, answers, answerMean, kernels);
  const filters = targetMean.length;
  const most = Math.min(filters, width * rank);
  const horizontal = zeros('f64', [filters, width * rank]);
  const { left, right } = reducedRankRegression(regressor, cross, most, { kernels });
  kernels.matmul({ a: left, b: right, out: horizontal });
  const offset = targetMean.slice();
  for (let j = 0; j < filters; j++) {
    for (let k = 0; k < width * rank; k++) offset[j]! -= horizontal.data[j * width * rank + k]! * answerMean[k]!;
  }
  return { horizontal, offset };
}
