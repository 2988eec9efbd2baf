/**
 * One pass over the samples: the z step for every element, and the sums the next fit needs.
 *
 * | symbol        | shape  | meaning                                                        |
 * |---------------|--------|----------------------------------------------------------------|
 * | y'            | [n, d] | left · right · ŷ + offset, made a chunk of rows at a time       |
 * | e             | [n, d] | z − y', what the z step moved                                   |
 * | shiftMoment   | [d, d] | Σ e_i ŷ_iᵀ                                                      |
 *
 * Regressing z on ŷ needs Σ z ŷᵀ = M Σ ŷ ŷᵀ + Σ e ŷᵀ; the first part is known, so only e, which is zero wherever an element is
 * already right, is multiplied here. No [n, d] array is kept: memory is one chunk.
 *
 * Cost per pass: n d (2 k + d) multiply-adds.
 */

import { slice, transpose, zeros } from '@rankwise/tensor';
import type { AuxiliaryStepSums, Kernels, Tensor } from '@rankwise/tensor';
import { auxiliaryStep } from './auxiliaryStep.ts';
import { rowsPerChunk } from './moments.ts';
import type { Nonlinearity } from './nonlinearity.ts';
import type { LowRankMap, ResponseSamples } from './samples.ts';

/** AuxiliaryStepSums over all samples, and what the next fit needs. */
export interface RelaxationSums extends AuxiliaryStepSums {
  /** [d]: Σ z. */
  readonly auxiliarySum: Float64Array;
  /** [d]: Σ e. */
  readonly shiftSum: Float64Array;
  /** [d, d]: Σ e ŷᵀ. */
  readonly shiftMoment: Tensor<'f64'>;
}

/** Scratch for passes over samples of one shape and rank; made once per solve. */
export interface RelaxationScratch {
  readonly projected: Tensor<'f64'>;
  readonly predicted: Tensor<'f64'>;
}

export function relaxationScratch(samples: ResponseSamples, rank: number): RelaxationScratch {
  const [count = 0, width = 0] = samples.target.shape;
  const rows = Math.min(rowsPerChunk, count);
  return { projected: zeros('f64', [rows, rank]), predicted: zeros('f64', [rows, width]) };
}

/** Makes the z step for every element at the given λ and returns the sums; `scratch` is overwritten. */
export function relax(
  samples: ResponseSamples,
  map: LowRankMap,
  nonlinearity: Nonlinearity,
  lambda: number,
  scratch: RelaxationScratch,
  kernels: Kernels,
): RelaxationSums {
  const [count = 0, width = 0] = samples.target.shape;
  const auxiliarySum = new Float64Array(width);
  const shiftSum = new Float64Array(width);
  const shiftMoment = zeros('f64', [width, width]);
  const step = auxiliaryStep(nonlinearity, width, kernels);
  let sums: AuxiliaryStepSums = { nonlinear: 0, relaxed: 0, shiftSquares: 0, auxiliarySquares: 0 };
  for (let from = 0; from < count; from += rowsPerChunk) {
    const to = Math.min(from + rowsPerChunk, count);
    const target = slice(samples.target, [[from, to]]);
    const regressor = slice(samples.regressor, [[from, to]]);
    const predicted = predictInto(scratch, regressor, map, kernels);
    const { offset } = map;
    const chunk = step({ target, predicted, offset, lambda, auxiliarySum, shiftSum });
    sums = {
      nonlinear: sums.nonlinear + chunk.nonlinear,
      relaxed: sums.relaxed + chunk.relaxed,
      shiftSquares: sums.shiftSquares + chunk.shiftSquares,
      auxiliarySquares: sums.auxiliarySquares + chunk.auxiliarySquares,
    };
    kernels.matmul({ a: transpose(predicted), b: regressor, out: shiftMoment, beta: from === 0 ? 0 : 1 });
  }
  return { ...sums, auxiliarySum, shiftSum, shiftMoment };
}

/** left · right · ŷ for a chunk of rows, without the offset; a view of the scratch. */
export function predictInto(
  scratch: RelaxationScratch,
  regressor: Tensor<'f32'>,
  map: LowRankMap,
  kernels: Kernels,
): Tensor<'f64'> {
  const rows = regressor.shape[0] ?? 0;
  const projected = slice(scratch.projected, [[0, rows]]);
  const predicted = slice(scratch.predicted, [[0, rows]]);
  kernels.matmul({ a: regressor, b: transpose(map.right), out: projected });
  kernels.matmul({ a: projected, b: transpose(map.left), out: predicted });
  return predicted;
}
