/**
 * Means and centred second moments of samples, in f64.
 *
 *   mean = (1/n) Σ y_i        moment = Σ (y_i − ȳ)(x_i − x̄)ᵀ
 *
 * Two passes: the mean first, then products of centred rows, so that a response that hardly varies around a large mean
 * (a dead filter with a bias) keeps a second moment near zero instead of the rounding of a large difference.
 */

import { slice, transpose, zeros } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';

/** Rows handled at once: two f64 panels of 512 columns stay within a megabyte-sized cache. */
export const rowsPerChunk = 1024;

/** The mean row of an [n, d] tensor. */
export function meanRow(samples: Tensor<'f32'>): Float64Array {
  const [count = 0, width = 0] = samples.shape;
  const mean = new Float64Array(width);
  for (let row = 0; row < count; row++) {
    const base = samples.offset + row * (samples.strides[0] ?? width);
    for (let j = 0; j < width; j++) mean[j]! += samples.data[base + j]!;
  }
  for (let j = 0; j < width; j++) mean[j]! /= count;
  return mean;
}

/** Σ (a_i − ā)(b_i − b̄)ᵀ, [columns of a, columns of b]; `a` and `b` are [n, ·] with the given mean rows. */
export function centredMoment(
  a: Tensor<'f32'>,
  meanA: Float64Array,
  b: Tensor<'f32'>,
  meanB: Float64Array,
  kernels: Kernels,
): Tensor<'f64'> {
  const [count = 0, widthA = 0] = a.shape;
  const widthB = b.shape[1] ?? 0;
  const moment = zeros('f64', [widthA, widthB]);
  const symmetric = a.data === b.data && a.offset === b.offset;
  const panelA = zeros('f64', [Math.min(rowsPerChunk, count), widthA]);
  const panelB = symmetric ? panelA : zeros('f64', [Math.min(rowsPerChunk, count), widthB]);
  for (let from = 0; from < count; from += rowsPerChunk) {
    const to = Math.min(from + rowsPerChunk, count);
    centreInto(panelA, slice(a, [[from, to]]), meanA);
    if (!symmetric) centreInto(panelB, slice(b, [[from, to]]), meanB);
    kernels.matmul({
      a: transpose(slice(panelA, [[0, to - from]])),
      b: slice(panelB, [[0, to - from]]),
      out: moment,
      beta: from === 0 ? 0 : 1,
    });
  }
  return moment;
}

/** panel ← rows − mean. */
export function centreInto(panel: Tensor<'f64'>, rows: Tensor<'f32'>, mean: Float64Array): void {
  const [count = 0, width = 0] = rows.shape;
  for (let row = 0; row < count; row++) {
    const source = rows.offset + row * (rows.strides[0] ?? width);
    for (let j = 0; j < width; j++) panel.data[row * width + j] = rows.data[source + j]! - mean[j]!;
  }
}
