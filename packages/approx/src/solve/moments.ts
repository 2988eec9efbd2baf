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
import { lentMemory } from './lentMemory.ts';

/** Rows handled at once: two f64 panels of 512 columns stay within a megabyte-sized cache. */
export const rowsPerChunk = 1024;

/** Columns of a block of a symmetric moment: of 512 columns five eighths of the products are left. */
const columnsOfBlock = 128;

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
  const memory = lentMemory(kernels);
  try {
    const rows = Math.min(rowsPerChunk, count);
    const panelA = memory.tensor('f64', [rows, widthA]);
    const panelB = symmetric ? panelA : memory.tensor('f64', [rows, widthB]);
    for (let from = 0; from < count; from += rowsPerChunk) {
      const to = Math.min(from + rowsPerChunk, count);
      centreInto(panelA, slice(a, [[from, to]]), meanA);
      if (!symmetric) centreInto(panelB, slice(b, [[from, to]]), meanB);
      const [left, right] = [panelA, panelB].map((panel) => slice(panel, [[0, to - from]]));
      if (left && right) addProduct(moment, left, right, symmetric, kernels);
    }
  } finally {
    memory.release();
  }
  if (symmetric) mirrorLower(moment);
  return moment;
}

/** moment += leftᵀ right; where that is symmetric, only blocks that meet the lower triangle. */
function addProduct(
  moment: Tensor<'f64'>,
  left: Tensor<'f64'>,
  right: Tensor<'f64'>,
  symmetric: boolean,
  kernels: Kernels,
): void {
  const [, width = 0] = left.shape;
  if (!symmetric) return kernels.matmul({ a: transpose(left), b: right, out: moment, beta: 1 });
  for (let from = 0; from < width; from += columnsOfBlock) {
    const to = Math.min(from + columnsOfBlock, width);
    const a = transpose(slice(left, [undefined, [from, width]]));
    const b = slice(right, [undefined, [from, to]]);
    kernels.matmul({
      a,
      b,
      out: slice(moment, [
        [from, width],
        [from, to],
      ]),
      beta: 1,
    });
  }
}

function mirrorLower({ data, shape }: Tensor<'f64'>): void {
  const [width = 0] = shape;
  for (let i = 0; i < width; i++) for (let j = 0; j < i; j++) data[j * width + i] = data[i * width + j]!;
}

/** panel ← rows − mean. */
export function centreInto(panel: Tensor<'f64'>, rows: Tensor<'f32'>, mean: Float64Array): void {
  const [count = 0, width = 0] = rows.shape;
  for (let row = 0; row < count; row++) {
    const source = rows.offset + row * (rows.strides[0] ?? width);
    for (let j = 0; j < width; j++) panel.data[row * width + j] = rows.data[source + j]! - mean[j]!;
  }
}
