/**
 * Our own kernels: a network runs through @rankwise/nn's `forward`, as users run it, checks and copies of its arrays included;
 * a matrix product is one call of `Kernels.matmul`, a decomposition one of @rankwise/linalg with the kernels.
 */

import { referenceKernels, zeros } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { forward } from '@rankwise/nn';
import { prepareRegressor, qr, reducedRankRegression, svd, symmetricEigen } from '@rankwise/linalg';

import { joined } from '../workloads/joined.ts';
import type { PreparedDecomposition, PreparedWorkload } from '../workloads/workload.ts';
import type { Engine, Job } from './engine.ts';

export function createReferenceEngine(): Engine {
  return kernelsEngine('reference', referenceKernels, () => undefined);
}

export interface SimdSettings {
  readonly threads: number;
  /** Points of the largest transform of minimal filtering; 0 for none. */
  readonly winograd?: 0;
}

/**
 * @param name - `simd`, or another when it runs beside itself with other settings
 * @throws DomainError when WebAssembly or its SIMD is missing.
 */
export async function createSimdEngine(settings: SimdSettings, name = 'simd'): Promise<Engine> {
  const { createSimdKernels } = await import('@rankwise/simd');
  const kernels = await createSimdKernels(settings);
  return kernelsEngine(name, kernels, () => kernels.dispose());
}

function kernelsEngine(name: string, kernels: Kernels, dispose: () => void): Engine {
  const details = [kernels.name, ...kernels.features].join(', ');
  const prepare = (workload: PreparedWorkload): Promise<Job> => Promise.resolve(kernelsJob(kernels, workload));
  const decompose = (workload: PreparedDecomposition): Promise<Job> =>
    Promise.resolve(decompositionJob(kernels, workload));
  return { name, version: 'this tree', threads: kernels.threads, details, prepare, decompose, dispose };
}

function decompositionJob(kernels: Kernels, prepared: PreparedDecomposition): Job {
  const run = decompositionOf(kernels, prepared);
  return { call: () => void run(), output: async () => joined(run()), dispose: () => undefined };
}

function decompositionOf(
  kernels: Kernels,
  { workload: { routine, n, count }, a, cross }: PreparedDecomposition,
): () => readonly Tensor<'f64'>[] {
  switch (routine) {
    case 'eigen':
      return () => {
        const { values, vectors } = symmetricEigen(a, count === n ? { kernels } : { kernels, count });
        return [values, vectors];
      };
    case 'svd':
      return () => {
        const { u, s, v } = svd(a, { kernels });
        return [s, u, v];
      };
    case 'qr':
      return () => {
        const { q, r } = qr(a, { kernels });
        return [q, r];
      };
    case 'regression': {
      const regressor = prepareRegressor(a, { kernels });
      return () => {
        const { left, right } = reducedRankRegression(regressor, cross ?? a, count, { kernels });
        return [left, right];
      };
    }
  }
}

function kernelsJob(kernels: Kernels, workload: PreparedWorkload): Job {
  if ('model' in workload) {
    const { model, input } = workload;
    const run = (): Float32Array => forward(model, input, { kernels }).output.data;
    return { call: () => void run(), output: () => Promise.resolve(run()), dispose: () => undefined };
  }
  const { a, b } = workload;
  const { dtype, m, n } = workload.workload;
  const out = zeros(dtype, [m, n]);
  const call = (): void => kernels.matmul({ a, b, out });
  const output = (): Promise<Float32Array | Float64Array> => {
    call();
    return Promise.resolve(out.data);
  };
  return { call, output, dispose: () => undefined };
}
