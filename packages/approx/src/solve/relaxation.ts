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

import { cast, slice, transpose, zeros } from '@rankwise/tensor';
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
  /** The same, and a chunk's part of the moment, for passes in single precision; undefined where the samples are not fit for them. */
  readonly single: SingleScratch | undefined;
}

interface SingleScratch {
  readonly projected: Tensor<'f32'>;
  readonly predicted: Tensor<'f32'>;
  readonly moment: Tensor<'f32'>;
}

/** Precision of the products of a pass. */
export type Precision = 'single' | 'double';

/**
 * Samples whose largest magnitude lies between the inverse of this and itself keep every product of a pass in single precision
 * far inside the range of f32: factors are below 2^33 d, and what underflows is below a rounding of the largest.
 */
const moderate = 2 ** 32;

export function relaxationScratch(samples: ResponseSamples, rank: number): RelaxationScratch {
  const [count = 0, width = 0] = samples.target.shape;
  const rows = Math.min(wholeWindows(rowsPerChunk, samples.window ?? 1), count);
  return { projected: zeros('f64', [rows, rank]), predicted: zeros('f64', [rows, width]), single: undefined };
}

/** Scratch for passes in either precision. */
export function singleScratch(samples: ResponseSamples, rank: number): RelaxationScratch {
  const scratch = relaxationScratch(samples, rank);
  if (![samples.target, samples.regressor].every(isModerate)) return scratch;
  const [rows = 0, width = 0] = scratch.predicted.shape;
  const single = {
    projected: zeros('f32', [rows, rank]),
    predicted: zeros('f32', [rows, width]),
    moment: zeros('f32', [width, width]),
  };
  return { ...scratch, single };
}

/**
 * Makes the z step for every element at the given λ and returns the sums; `scratch` is overwritten.
 * @param precision - `single` is taken as `double` where the scratch has no room for it
 */
export function relax(
  samples: ResponseSamples,
  map: LowRankMap,
  nonlinearity: Nonlinearity,
  lambda: number,
  scratch: RelaxationScratch,
  kernels: Kernels,
  precision: Precision = 'double',
): RelaxationSums {
  const [count = 0, width = 0] = samples.target.shape;
  const auxiliarySum = new Float64Array(width);
  const shiftSum = new Float64Array(width);
  const shiftMoment = zeros('f64', [width, width]);
  const { window = 1 } = samples;
  const step = auxiliaryStep(nonlinearity, width, kernels, window);
  const chunkRows = wholeWindows(rowsPerChunk, window);
  const factors = precision === 'single' ? singleFactors(map, scratch) : undefined;
  let sums: AuxiliaryStepSums = { nonlinear: 0, relaxed: 0, shiftSquares: 0, auxiliarySquares: 0 };
  for (let from = 0; from < count; from += chunkRows) {
    const to = Math.min(from + chunkRows, count);
    const target = slice(samples.target, [[from, to]]);
    const regressor = slice(samples.regressor, [[from, to]]);
    const predicted =
      factors === undefined
        ? predictInto(scratch, regressor, map, kernels)
        : predictSingleInto(scratch, factors, regressor, kernels);
    const { offset } = map;
    const chunk = step({ target, predicted, offset, lambda, auxiliarySum, shiftSum });
    sums = {
      nonlinear: sums.nonlinear + chunk.nonlinear,
      relaxed: sums.relaxed + chunk.relaxed,
      shiftSquares: sums.shiftSquares + chunk.shiftSquares,
      auxiliarySquares: sums.auxiliarySquares + chunk.auxiliarySquares,
    };
    if (factors === undefined) {
      kernels.matmul({ a: transpose(predicted), b: regressor, out: shiftMoment, beta: from === 0 ? 0 : 1 });
    } else addSingleMoment(shiftMoment, factors, predicted, regressor, kernels);
  }
  return { ...sums, auxiliarySum, shiftSum, shiftMoment };
}

/** The rows of as many whole windows as there are in a number of rows, of one at least. */
export function wholeWindows(rows: number, window: number): number {
  return Math.max(window, rows - (rows % window));
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

/** The scratch of single precision with the map's factors rounded to it. */
interface SingleFactors extends SingleScratch {
  readonly left: Tensor<'f32'>;
  readonly right: Tensor<'f32'>;
}

function singleFactors({ left, right }: LowRankMap, { single }: RelaxationScratch): SingleFactors | undefined {
  return single && { ...single, left: cast(left, 'f32'), right: cast(right, 'f32') };
}

/** As predictInto; the result is exactly that of the f32 products. */
function predictSingleInto(
  scratch: RelaxationScratch,
  { left, right, ...single }: SingleFactors,
  regressor: Tensor<'f32'>,
  kernels: Kernels,
): Tensor<'f64'> {
  const rows = regressor.shape[0] ?? 0;
  const projected = slice(single.projected, [[0, rows]]);
  const predicted = slice(single.predicted, [[0, rows]]);
  kernels.matmul({ a: regressor, b: transpose(right), out: projected });
  kernels.matmul({ a: projected, b: transpose(left), out: predicted });
  scratch.predicted.data.set(single.predicted.data);
  return slice(scratch.predicted, [[0, rows]]);
}

/** moment += eᵀ ŷ, a chunk's product in f32, the sum of the chunks in f64. */
function addSingleMoment(
  moment: Tensor<'f64'>,
  single: SingleFactors,
  shift: Tensor<'f64'>,
  regressor: Tensor<'f32'>,
  kernels: Kernels,
): void {
  const rows = regressor.shape[0] ?? 0;
  single.predicted.data.set(shift.data);
  const chunk = slice(single.predicted, [[0, rows]]);
  kernels.matmul({ a: transpose(chunk), b: regressor, out: single.moment });
  const { data } = single.moment;
  for (let i = 0; i < data.length; i++) moment.data[i]! += data[i]!;
}

function isModerate({ data, offset, shape }: Tensor<'f32'>): boolean {
  const end = offset + shape.reduce((size, extent) => size * extent, 1);
  let largest = 0;
  for (let i = offset; i < end; i++) largest = Math.max(largest, Math.abs(data[i]!));
  return largest >= 1 / moderate && largest <= moderate;
}
