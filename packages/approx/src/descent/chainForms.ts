/** Maps, spatial pairs and chains: one thing in the forms that solvers, descents and models read. */

import { cast, contiguous, reshape, transpose, zeros } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import type { SpatialFactors } from '../decomposition/spatialFactors.ts';
import type { LowRankMap } from '../solve/samples.ts';
import type { FactorChain } from './factorChain.ts';

/** P Qᵀ ŷ + b as a chain on responses. */
export function mapChain({ left, right, offset }: LowRankMap): FactorChain {
  return {
    factors: [
      { weight: right, strips: 1 },
      { weight: left, strips: 1 },
    ],
    offset,
  };
}

/** A chain of two factors on responses as a map. */
export function chainMap({ factors: [right, left], offset }: FactorChain): LowRankMap {
  const none = zeros('f64', [0, 0]);
  return { left: left?.weight ?? none, right: right?.weight ?? none, offset };
}

/** P Qᵀ on the responses of a pair: V, Qᵀ H and P, with the bias P Qᵀ b_H + b. */
export function mapOnPair(pair: FactorChain, { left, right, offset }: LowRankMap, kernels: Kernels): FactorChain {
  const [filters = 0, rank = 0] = left.shape;
  const [vertical, horizontal] = pair.factors;
  const [, width = 0] = horizontal?.weight.shape ?? [];
  const inner = zeros('f64', [rank, width]);
  if (horizontal !== undefined) kernels.matmul({ a: right, b: horizontal.weight, out: inner });
  const bias = offset.slice();
  for (let k = 0; k < rank; k++) {
    let projected = 0;
    for (let j = 0; j < filters; j++) projected += right.data[k * filters + j]! * pair.offset[j]!;
    for (let i = 0; i < filters; i++) bias[i]! += left.data[i * rank + k]! * projected;
  }
  return {
    factors: [...(vertical === undefined ? [] : [vertical]), { weight: inner, strips: 1 }, { weight: left, strips: 1 }],
    offset: bias,
  };
}

/** The first two factors of a chain on strips as convolutions; the chain's offset is not among them. */
export function pairFactors(
  { factors: [vertical, horizontal] }: FactorChain,
  [, channels = 0, height = 0, width = 0]: readonly number[],
): SpatialFactors {
  const none = zeros('f64', [0, 0]);
  const { weight: v } = vertical ?? { weight: none };
  const { weight: h } = horizontal ?? { weight: none };
  const [rank = 0] = v.shape;
  const [filters = 0] = h.shape;
  // Rows of h are in the order (x, channel).
  const byChannel = contiguous(transpose(reshape(h, [filters, width, rank]), [0, 2, 1]));
  return {
    vertical: reshape(v, [rank, channels, height, 1]),
    horizontal: reshape(byChannel, [filters, rank, 1, width]),
  };
}

/**
 * What a chain answers to its inputs.
 * @param input - f32 [n, inputs], contiguous
 * @returns f32 [n, d], before any nonlinearity
 * @example
 * import { chainResponses } from '@rankwise/approx';
 * import { fromNested, referenceKernels, toNested } from '@rankwise/tensor';
 * // The sum of each of two strips, then their difference.
 * const sums = { weight: fromNested('f64', [[1, 1]]), strips: 2 };
 * const difference = { weight: fromNested('f64', [[1, -1]]), strips: 1 };
 * const chain = { factors: [sums, difference], offset: new Float64Array([10]) };
 * toNested(chainResponses(fromNested('f32', [[1, 2, 3, 4]]), chain, referenceKernels)) // => [[6]]
 */
export function chainResponses(
  input: Tensor<'f32'>,
  { factors, offset }: FactorChain,
  kernels: Kernels,
): Tensor<'f32'> {
  const [count = 0] = input.shape;
  let current = input;
  for (const { weight, strips } of factors) {
    const [out = 0, into = 0] = weight.shape;
    const answers = zeros('f32', [count, strips * out]);
    kernels.matmul({
      a: reshape(current, [count * strips, into]),
      b: transpose(cast(weight, 'f32')),
      out: reshape(answers, [count * strips, out]),
    });
    current = answers;
  }
  for (let row = 0; row < count; row++) {
    for (let j = 0; j < offset.length; j++) current.data[row * offset.length + j]! += offset[j]!;
  }
  return current;
}
