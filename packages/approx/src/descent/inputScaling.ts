/**
 * The variables in which a chain descends: each factor is expressed on whitened inputs.
 *
 *   F = F̃ Wᵀ,  W = U E^-½  from the second moment  C = (1/n) Σ a aᵀ = U E Uᵀ  of the inputs the factor has at the start
 *
 * In F̃ a step of a given length changes the responses alike in every direction of the input; in F, directions that hardly vary
 * would take hundreds of steps. Eigenvalues below 2^-20 of the largest are lifted to it: f32 products do not carry more.
 * The change of variables is linear and fixed, so it moves no minimum.
 *
 * Source: the input side of K-FAC (Martens and Grosse 2015, §2) as a fixed preconditioner.
 */

import { zeros, transpose } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { symmetricEigen } from '@rankwise/linalg';
import type { Factor } from './factorChain.ts';

const leastShare = 2 ** -20;

export interface InputScaling {
  /** F from F̃. */
  toWeight(scaled: Float64Array, out: number): Tensor<'f64'>;
  /** F̃ from F. */
  toScaled(factor: Factor): Tensor<'f64'>;
  /** ∂f/∂F̃ = ∂f/∂F W. */
  gradient(weight: Tensor<'f64'>): Tensor<'f64'>;
}

/** @param moment - C, f64 [in, in] */
export function inputScaling(moment: Tensor<'f64'>, kernels: Kernels): InputScaling {
  const into = moment.shape[0] ?? 0;
  const { values, vectors } = symmetricEigen(moment, { kernels });
  const floor = leastShare * Math.max(0, values.data[0] ?? 0) || 1;
  const roots = values.data.map((value) => Math.sqrt(Math.max(value, floor)));
  const whitener = scaledColumns(
    vectors,
    roots.map((root) => 1 / root),
  );
  const colourer = scaledColumns(vectors, roots);
  const product = (a: Tensor<'f64'>, b: Tensor<'f64'>): Tensor<'f64'> => {
    const out = zeros('f64', [a.shape[0] ?? 0, into]);
    kernels.matmul({ a, b, out });
    return out;
  };
  return {
    toWeight: (scaled, out) =>
      product({ dtype: 'f64', data: scaled, offset: 0, shape: [out, into], strides: [into, 1] }, transpose(whitener)),
    toScaled: ({ weight }) => product(weight, colourer),
    gradient: (weight) => product(weight, whitener),
  };
}

function scaledColumns(matrix: Tensor<'f64'>, factors: Float64Array): Tensor<'f64'> {
  const [rows = 0, columns = 0] = matrix.shape;
  const result = zeros('f64', [rows, columns]);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++)
      result.data[i * columns + j] = matrix.data[matrix.offset + i * columns + j]! * factors[j]!;
  }
  return result;
}
