/**
 * What is timed: a network (a single layer is a small one) on one image or a few, a matrix product, or a decomposition.
 *
 * Inputs are normal with mean 0 and variance 1 from a fixed seed, weights He-initialised, so every engine, run and machine
 * gets the same numbers. `macs` counts the multiply-adds of the definition, whatever algorithm an engine takes: a fast
 * algorithm may show more GFLOP/s than the machine can do.
 */

import { createRandom, zeros } from '@rankwise/tensor';
import type { FloatDType, Shape, Tensor } from '@rankwise/tensor';
import type { Model } from '@rankwise/nn';

export const groups = ['layers', 'stack', 'shapes', 'matmul', 'small', 'linalg'] as const;
export type Group = (typeof groups)[number];

interface WorkloadBase {
  readonly group: Group;
  /** Unique. */
  readonly name: string;
  /** For the tables. */
  readonly description: string;
  /** Of one call; 0 where no definition says how many. */
  readonly macs: number;
}

export interface NetworkWorkload extends WorkloadBase {
  readonly kind: 'network';
  readonly images: number;
  /** Makes the weights anew at each call; they are always the same. */
  readonly model: () => Model;
}

export interface MatmulWorkload extends WorkloadBase {
  readonly kind: 'matmul';
  readonly dtype: FloatDType;
  /** [m, k] times [k, n]. */
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

/** See decompositions.ts. */
export interface DecompositionWorkload extends WorkloadBase {
  readonly kind: 'decomposition';
  readonly routine: 'eigen' | 'svd' | 'qr' | 'regression';
  /** Of a square matrix. */
  readonly n: number;
  /** Values and vectors wanted. */
  readonly count: number;
}

export type Workload = NetworkWorkload | MatmulWorkload | DecompositionWorkload;

export interface PreparedNetwork {
  readonly workload: NetworkWorkload;
  readonly model: Model;
  /** [images, channels, height, width]. */
  readonly input: Tensor<'f32'>;
}

export interface PreparedMatmul {
  readonly workload: MatmulWorkload;
  readonly a: Tensor<FloatDType>;
  readonly b: Tensor<FloatDType>;
}

export interface PreparedDecomposition {
  readonly workload: DecompositionWorkload;
  readonly a: Tensor<'f64'>;
  /** [n, n], for a regression. */
  readonly cross?: Tensor<'f64'>;
}

/** A workload with its tensors, made once and given to every engine. */
export type PreparedWorkload = PreparedNetwork | PreparedMatmul;

/** Any seed will do, as long as it stays. */
export const seed = 7;

export function prepareWorkload(workload: NetworkWorkload | MatmulWorkload): PreparedWorkload {
  if (workload.kind === 'network') {
    const model = workload.model();
    return { workload, model, input: normal('f32', [workload.images, ...model.input.shape], 'input') };
  }
  const { dtype, m, k, n } = workload;
  return { workload, a: normal(dtype, [m, k], 'a'), b: normal(dtype, [k, n], 'b') };
}

function normal<D extends FloatDType>(dtype: D, shape: Shape, label: string): Tensor<D> {
  return createRandom(seed).fork(label).fillNormalInPlace(zeros(dtype, shape));
}
