/** What the tests of the solvers share: samples of known kinds, maps as dense matrices, objectives by plain loops. */

import type { LowRankMap, Nonlinearity, ResponseSamples } from '@rankwise/approx';
import { smoothActivations } from '@rankwise/nn';
import { tensorOf, zeros } from '@rankwise/tensor';
import type { Random, Tensor } from '@rankwise/tensor';
import { at, matrixFrom, multiply } from '../kit/matrices/gallery.ts';
import type { Matrix } from '../kit/matrices/gallery.ts';

export type Samples = Tensor<'f32'>;

/** An [n, d] sample matrix from a function of row and column. */
export function samplesFrom(n: number, d: number, f: (row: number, column: number) => number): Samples {
  const samples = zeros('f32', [n, d]);
  for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) samples.data[i * d + j] = f(i, j);
  return samples;
}

/** Normal samples, correlated by a random mixing, each column around a mean of its own. */
export function mixedSamples(n: number, d: number, random: Random): Samples {
  const mixing = matrixFrom(d, d, (i, j) => random.normal() / (1 + j) + (i === j ? 1 : 0));
  const means = Array.from({ length: d }, () => random.normal() / 2);
  const sources = matrixFrom(n, d, () => random.normal());
  return samplesFrom(n, d, (row, j) => {
    let sum = means[j] ?? 0;
    for (let k = 0; k < d; k++) sum += at(mixing, j, k) * at(sources, row, k);
    return sum;
  });
}

/** Small integers, −magnitude…magnitude. */
export function integerSamples(n: number, d: number, magnitude: number, random: Random): Samples {
  return samplesFrom(n, d, () => random.integer(2 * magnitude + 1) - magnitude);
}

/** The element of an f32 [n, d] sample matrix. */
export function sampleAt(samples: Samples, row: number, column: number): number {
  return samples.data[samples.offset + row * (samples.shape[1] ?? 0) + column] ?? Number.NaN;
}

/** M = left · right. */
export function mapMatrix(map: LowRankMap): Matrix {
  return multiply(map.left, map.right);
}

/** An affine map of rank k with elements from `draw`. */
export function mapFrom(d: number, k: number, draw: () => number): LowRankMap {
  return {
    left: matrixFrom(d, k, draw),
    right: matrixFrom(k, d, draw),
    offset: Float64Array.from({ length: d }, draw),
  };
}

/** M ŷ + b for every row, by plain loops. */
export function predictions(regressor: Samples, m: Matrix, offset: ArrayLike<number>): Matrix {
  const [n = 0, d = 0] = regressor.shape;
  return matrixFrom(n, d, (row, i) => {
    let sum = offset[i] ?? 0;
    for (let j = 0; j < d; j++) sum += at(m, i, j) * sampleAt(regressor, row, j);
    return sum;
  });
}

/** Σ ‖r(y) − r(M ŷ + b)‖². */
export function objective({ target, regressor }: ResponseSamples, map: LowRankMap, nonlinearity: Nonlinearity): number {
  const [n = 0, d = 0] = target.shape;
  const predicted = predictions(regressor, mapMatrix(map), map.offset);
  let sum = 0;
  for (let i = 0; i < n; i++)
    for (let j = 0; j < d; j++) {
      const r = (x: number): number => activate(nonlinearity, j, x);
      sum += (r(sampleAt(target, i, j)) - r(at(predicted, i, j))) ** 2;
    }
  return sum;
}

/** r of a channel, as the definitions read. */
export function activate(nonlinearity: Nonlinearity, channel: number, x: number): number {
  switch (nonlinearity.kind) {
    case 'identity':
      return x;
    case 'relu':
      return x > 0 ? x : 0;
    case 'leakyRelu':
      return x > 0 ? x : nonlinearity.slope * x;
    case 'prelu':
      return x > 0 ? x : (nonlinearity.slopes.data[nonlinearity.slopes.offset + channel] ?? Number.NaN) * x;
    case 'clip':
      return x < nonlinearity.low ? nonlinearity.low : x > nonlinearity.high ? nonlinearity.high : x;
    case 'softplus':
      return x > 30 ? x + Math.exp(-x) : Math.log1p(Math.exp(x));
    default:
      return smoothActivations[nonlinearity.kind](x);
  }
}

/** Σ y², the scale of every rounding error in sums over samples. */
export function sumOfSquares(...matrices: readonly Samples[]): number {
  let sum = 0;
  for (const { data } of matrices) for (const value of data) sum += value * value;
  return sum;
}

export function columnMeans(samples: Samples): number[] {
  const [n = 0, d = 0] = samples.shape;
  return Array.from({ length: d }, (_, j) => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += sampleAt(samples, i, j);
    return sum / n;
  });
}

/** Σ (a − ā)(b − b̄)ᵀ by plain loops. */
export function centredProducts(a: Samples, b: Samples): Matrix {
  const meanA = columnMeans(a);
  const meanB = columnMeans(b);
  const n = a.shape[0] ?? 0;
  return matrixFrom(a.shape[1] ?? 0, b.shape[1] ?? 0, (i, j) => {
    let sum = 0;
    for (let row = 0; row < n; row++) {
      sum += (sampleAt(a, row, i) - (meanA[i] ?? 0)) * (sampleAt(b, row, j) - (meanB[j] ?? 0));
    }
    return sum;
  });
}

/** X with X A = B, by Gauss–Jordan elimination with row exchanges on Aᵀ. */
export function solveFromRight(b: Matrix, a: Matrix): Matrix {
  const [d = 0] = a.shape;
  const [p = 0] = b.shape;
  const rows = Array.from({ length: d }, (_, i) =>
    Float64Array.from({ length: d + p }, (__, j) => (j < d ? at(a, j, i) : at(b, j - d, i))),
  );
  for (let k = 0; k < d; k++) {
    let pivot = k;
    for (let i = k + 1; i < d; i++) if (Math.abs(rows[i]![k]!) > Math.abs(rows[pivot]![k]!)) pivot = i;
    [rows[k], rows[pivot]] = [rows[pivot]!, rows[k]!];
    const top = rows[k]!;
    for (let i = 0; i < d; i++) {
      if (i === k) continue;
      const row = rows[i]!;
      const factor = row[k]! / top[k]!;
      for (let j = k; j < d + p; j++) row[j]! -= factor * top[j]!;
    }
  }
  return matrixFrom(p, d, (i, j) => rows[j]![d + i]! / rows[j]![j]!);
}

/** A contiguous f64 copy of a sample matrix. */
export function inDoubles(samples: Samples): Matrix {
  return tensorOf(Float64Array.from(samples.data), samples.shape);
}
