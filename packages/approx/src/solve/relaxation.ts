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
 * Cost per pass: n d (2 k + d) multiply-adds. In `single` precision, which takes half the time, the three products are formed in f32 from
 * factors rounded to f32, each chunk's part of the moment is added in f64, and all else is as before. With u = 2^-24, γ_m = m u / (1 − m u),
 * per element
 *
 *   |y' − exact y'| ≤ δ = (γ_{2 (d + k) + 10}) |left| |right| |ŷ|        |Σ e ŷᵀ − exact| ≤ Σ (δ + (γ_{2 m + 6}) (|e| + δ)) |ŷ|
 *
 * for chunks of m rows, as long as no element lies so near the step's jump that δ takes it across. The relaxed objective moves by
 * no more than λ Σ (2 |e| + δ) δ, since its derivative by y' is −2 λ e.
 */

import { transpose, zeros } from '@rankwise/tensor';
import type { AuxiliaryStepSums, FloatDType, Kernels, Tensor } from '@rankwise/tensor';
import { auxiliaryStep } from './auxiliaryStep.ts';
import type { Nonlinearity } from './nonlinearity.ts';
import { predictedChunks } from './predictedChunks.ts';
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

/** Precision of the products of a pass. */
export type Precision = 'single' | 'double';

/**
 * Samples whose largest magnitude lies between the inverse of this and itself keep every product of a pass in single precision
 * far inside the range of f32: factors are below 2^33 d, and what underflows is below a rounding of the largest.
 */
const moderate = 2 ** 32;

/** Whether passes over these samples may be in single precision. */
export function isSingleFit({ target, regressor }: ResponseSamples): boolean {
  return [target, regressor].every(isModerate);
}

/** Makes the z step for every element at the given λ and returns the sums. */
export function relax(
  samples: ResponseSamples,
  map: LowRankMap,
  nonlinearity: Nonlinearity,
  lambda: number,
  kernels: Kernels,
  precision: Precision = 'double',
): RelaxationSums {
  const [, width = 0] = samples.target.shape;
  const { offset } = map;
  const auxiliarySum = new Float64Array(width);
  const shiftSum = new Float64Array(width);
  const moment = momentOf(width, precision, kernels);
  const step = auxiliaryStep(nonlinearity, width, kernels, samples.window ?? 1);
  let sums: AuxiliaryStepSums = { nonlinear: 0, relaxed: 0, shiftSquares: 0, auxiliarySquares: 0 };
  const dtype = precision === 'single' ? 'f32' : 'f64';
  for (const { target, regressor, predicted } of predictedChunks(samples, map, dtype, kernels)) {
    const chunk = step({ target, predicted, offset, lambda, auxiliarySum, shiftSum });
    sums = {
      nonlinear: sums.nonlinear + chunk.nonlinear,
      relaxed: sums.relaxed + chunk.relaxed,
      shiftSquares: sums.shiftSquares + chunk.shiftSquares,
      auxiliarySquares: sums.auxiliarySquares + chunk.auxiliarySquares,
    };
    moment.add(predicted, regressor);
  }
  return { ...sums, auxiliarySum, shiftSum, shiftMoment: moment.sum };
}

/** Σ e ŷᵀ: a chunk's product in the precision of the pass, the sum of the chunks in f64. */
function momentOf(
  width: number,
  precision: Precision,
  kernels: Kernels,
): { readonly sum: Tensor<'f64'>; readonly add: (shift: Tensor<FloatDType>, regressor: Tensor<'f32'>) => void } {
  const sum = zeros('f64', [width, width]);
  if (precision === 'double') {
    return { sum, add: (shift, regressor) => kernels.matmul({ a: transpose(shift), b: regressor, out: sum, beta: 1 }) };
  }
  const part = zeros('f32', [width, width]);
  return {
    sum,
    add: (shift, regressor) => {
      kernels.matmul({ a: transpose(shift), b: regressor, out: part });
      for (let i = 0; i < part.data.length; i++) sum.data[i]! += part.data[i]!;
    },
  };
}

function isModerate({ data, offset, shape }: Tensor<'f32'>): boolean {
  const end = offset + shape.reduce((size, extent) => size * extent, 1);
  let largest = 0;
  for (let i = offset; i < end; i++) largest = Math.max(largest, Math.abs(data[i]!));
  return largest >= 1 / moderate && largest <= moderate;
}
