/** Samples as the rows of a matrix, with their mean taken off, at a scale that can be squared. */

import type { FloatDType, Tensor } from '@rankwise/tensor';
import { copyMatrix, matrixTensor, scaleToSafeRangeInPlace, unscaleInPlace } from '../dense/denseMatrix.ts';

export interface SampleMatrix {
  /** [n, d]: power · (y_i − ȳ). */
  readonly rows: Tensor<'f64'>;
  /** ȳ [d]; zeros when not centred or when there are no samples. */
  readonly mean: Float64Array;
  /** A power of two. */
  readonly power: number;
}

/**
 * A copy of samples. The mean is taken off before any product, so that a variable that hardly varies around a large mean keeps
 * a small second moment instead of the rounding of a large difference; one that never varies becomes zero exactly.
 * @throws ShapeError when the tensor is not 2-D; DomainError when it is not f32 or f64, or not finite.
 */
export function copySamples(
  caller: string,
  argument: string,
  samples: Tensor<FloatDType>,
  isCentred: boolean,
): SampleMatrix {
  const matrix = copyMatrix(caller, argument, samples);
  const { rows: n, columns: d, data } = matrix;
  const power = scaleToSafeRangeInPlace(data);
  const mean = new Float64Array(d);
  if (isCentred && n > 0) {
    for (let j = 0; j < d; j++) {
      const origin = data[j]!;
      let sum = 0;
      for (let i = j; i < n * d; i += d) sum += data[i]! - origin;
      mean[j] = origin + sum / n;
      for (let i = j; i < n * d; i += d) data[i] = data[i]! - mean[j]!;
    }
  }
  unscaleInPlace(mean, power);
  return { rows: matrixTensor(matrix), mean, power };
}
