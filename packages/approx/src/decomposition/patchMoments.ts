/**
 * Moments of a layer's input patches and of the responses wanted of them: all that a fit to data in the least squares sense needs.
 *
 * | symbol         | shape  | meaning                                                              |
 * |----------------|--------|----------------------------------------------------------------------|
 * | x̂              | [p]    | a patch, p = c kₕ k_w, in the weight's order (channel, y, x)             |
 * | y              | [d]    | the response wanted there                                             |
 * | patchMoment G  | [p, p] | Σ (x̂ − mean)(x̂ − mean)ᵀ                                               |
 * | crossMoment S  | [d, p] | Σ (y − mean)(x̂ − mean)ᵀ                                               |
 * | energy         |        | Σ ‖y − mean‖²                                                         |
 *
 * Patches come in batches and are not kept; they are summed a chunk of rows at a time, so that the sums do not depend on how they
 * come. Sums are formed in f64 around the mean of the first chunk, so that what the final centring takes away is small (Chan, Golub & LeVeque 1983). Cost: n p (p + d) multiply-adds in f64, and p² · 8 bytes: 170 MB for 512
 * channels of 3×3 (p = 4608), where 30,000 patches take some 640 · 10⁹ multiply-adds.
 */

import {
  DomainError,
  ShapeError,
  assignInPlace,
  formatShape,
  referenceKernels,
  slice,
  transpose,
  zeros,
} from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { centreInto, meanRow, rowsPerChunk } from '../solve/moments.ts';

export interface PatchMoments {
  readonly count: number;
  /** [p]. */
  readonly patchMean: Float64Array;
  /** [d]. */
  readonly responseMean: Float64Array;
  /** [p, p], symmetric. */
  readonly patchMoment: Tensor<'f64'>;
  /** [d, p]. */
  readonly crossMoment: Tensor<'f64'>;
  readonly energy: number;
}

export interface PatchMomentSums {
  /** Adds n patches [n, p] and the n responses [n, d] wanted of them, both contiguous f32. */
  add(patches: Tensor<'f32'>, responses: Tensor<'f32'>): void;
  /** The moments of all that was added; called once, as the last. */
  finish(): PatchMoments;
}

/**
 * Moments that are summed as patches come.
 * @param patchSize - p
 * @param filters - d
 * @throws ShapeError (from `add`) when patches and responses do not fit, (from `finish`) when nothing was added.
 * @throws DomainError (from either) after `finish`.
 * @example
 * import { sumPatchMoments } from '@rankwise/approx';
 * import { fromNested, toNested } from '@rankwise/tensor';
 * const sums = sumPatchMoments(1, 1);
 * sums.add(fromNested('f32', [[1], [3]]), fromNested('f32', [[2], [6]]));
 * const { patchMean, patchMoment, crossMoment } = sums.finish();
 * [patchMean[0], toNested(patchMoment), toNested(crossMoment)] // => [2, [[2]], [[4]]]
 */
export function sumPatchMoments(
  patchSize: number,
  filters: number,
  kernels: Kernels = referenceKernels,
): PatchMomentSums {
  const patches = zeros('f32', [rowsPerChunk, patchSize]);
  const responses = zeros('f32', [rowsPerChunk, filters]);
  const sums = shiftedSums(patchSize, filters, kernels);
  let waiting = 0;
  let isFinished = false;
  const flush = (): void => {
    if (waiting > 0) sums.add(slice(patches, [[0, waiting]]), slice(responses, [[0, waiting]]));
    waiting = 0;
  };
  return {
    add: (x, y) => {
      if (isFinished) throw new DomainError('sumPatchMoments: add: expected to come before finish, got it after');
      const [rows = 0, width = 0] = x.shape;
      if (width !== patchSize || y.shape[0] !== rows || y.shape[1] !== filters) {
        const got = `${formatShape(x.shape)} and ${formatShape(y.shape)}`;
        throw new ShapeError(`sumPatchMoments: add: expected [n, ${patchSize}] and [n, ${filters}], got ${got}`);
      }
      for (let from = 0; from < rows;) {
        const taken = Math.min(rows - from, rowsPerChunk - waiting);
        const range = [waiting, waiting + taken] as const;
        assignInPlace(slice(patches, [range]), slice(x, [[from, from + taken]]));
        assignInPlace(slice(responses, [range]), slice(y, [[from, from + taken]]));
        waiting += taken;
        from += taken;
        if (waiting === rowsPerChunk) flush();
      }
    },
    finish: () => {
      if (isFinished) throw new DomainError('sumPatchMoments: finish: expected one call, got a second');
      flush();
      if (sums.count() === 0) throw new ShapeError('sumPatchMoments: finish: expected patches to be added, got none');
      isFinished = true;
      return sums.centred();
    },
  };
}

interface ShiftedSums {
  add(patches: Tensor<'f32'>, responses: Tensor<'f32'>): void;
  count(): number;
  /** In place. */
  centred(): PatchMoments;
}

/** Sums around the mean of what is added first. */
function shiftedSums(patchSize: number, filters: number, kernels: Kernels): ShiftedSums {
  const patchMoment = zeros('f64', [patchSize, patchSize]);
  const crossMoment = zeros('f64', [filters, patchSize]);
  const patchSum = new Float64Array(patchSize);
  const responseSum = new Float64Array(filters);
  let shifts: { readonly patch: Float64Array; readonly response: Float64Array } = {
    patch: patchSum,
    response: responseSum,
  };
  let squares = 0;
  let count = 0;
  return {
    add: (patches, responses) => {
      if (count === 0) shifts = { patch: meanRow(patches), response: meanRow(responses) };
      const rows = patches.shape[0] ?? 0;
      const x = zeros('f64', [rows, patchSize]);
      const y = zeros('f64', [rows, filters]);
      centreInto(x, patches, shifts.patch);
      centreInto(y, responses, shifts.response);
      kernels.matmul({ a: transpose(x), b: x, out: patchMoment, beta: 1 });
      kernels.matmul({ a: transpose(y), b: x, out: crossMoment, beta: 1 });
      addColumns(patchSum, x);
      addColumns(responseSum, y);
      for (const value of y.data) squares += value * value;
      count += rows;
    },
    count: () => count,
    centred: () => {
      centreInPlace(patchMoment, patchSum, patchSum, count);
      centreInPlace(crossMoment, responseSum, patchSum, count);
      const energy = responseSum.reduce((rest, sum) => rest - (sum * sum) / count, squares);
      return {
        count,
        patchMean: shifts.patch.map((shift, i) => shift + patchSum[i]! / count),
        responseMean: shifts.response.map((shift, i) => shift + responseSum[i]! / count),
        patchMoment,
        crossMoment,
        energy: Math.max(0, energy),
      };
    },
  };
}

function addColumns(sums: Float64Array, rows: Tensor<'f64'>): void {
  const width = sums.length;
  for (let i = 0; i < rows.data.length; i++) sums[i % width]! += rows.data[i]!;
}

/** Σ a bᵀ becomes Σ (a − ā)(b − b̄)ᵀ. */
function centreInPlace(moment: Tensor<'f64'>, sumA: Float64Array, sumB: Float64Array, count: number): void {
  const width = sumB.length;
  for (const [i, a] of sumA.entries()) {
    for (let j = 0; j < width; j++) moment.data[i * width + j]! -= (a * sumB[j]!) / count;
  }
}
