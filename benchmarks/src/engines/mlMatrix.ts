/** ml-matrix: plain JavaScript, f64 matrices. */

import { tensorOf } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';

import { joined } from '../workloads/joined.ts';
import type { PreparedDecomposition, PreparedWorkload } from '../workloads/workload.ts';
import type { Engine, Job, NotMeasured } from './engine.ts';
import { packageVersion } from './packageVersion.ts';

type Library = typeof import('ml-matrix');
type Matrix = InstanceType<Library['Matrix']>;
/** Of a decomposition. */
type Part = Matrix | readonly number[];

/** Beyond, its decompositions take more than ten seconds, up to minutes. */
const largestDecomposition = 512;

export async function createMlMatrixEngine(): Promise<Engine> {
  const library = await import('ml-matrix');
  const { Matrix } = library;
  const prepare = (prepared: PreparedWorkload): Promise<Job | NotMeasured> => {
    if ('model' in prepared) return Promise.resolve({ reason: 'no convolution' });
    const { workload, a, b } = prepared;
    if (workload.dtype === 'f32') return Promise.resolve({ reason: 'no f32' });
    const left = Matrix.from1DArray(workload.m, workload.k, [...a.data]);
    const right = Matrix.from1DArray(workload.k, workload.n, [...b.data]);
    return Promise.resolve({
      call: () => void left.mmul(right),
      output: () => Promise.resolve(Float64Array.from(left.mmul(right).to1DArray())),
      dispose: () => undefined,
    });
  };
  const decompose = async (prepared: PreparedDecomposition): Promise<Job | NotMeasured> => {
    const run = decompositionOf(library, prepared);
    if ('reason' in run) return run;
    return { call: () => void run(), output: async () => joined(run().map(tensorFrom)), dispose: () => undefined };
  };
  const version = await packageVersion('ml-matrix');
  return {
    name: 'ml-matrix',
    version,
    threads: 1,
    details: 'JavaScript',
    prepare,
    decompose,
    dispose: () => undefined,
  };
}

function decompositionOf(
  { EigenvalueDecomposition, Matrix, QrDecomposition, SingularValueDecomposition }: Library,
  { workload: { routine, n, count }, a }: PreparedDecomposition,
): (() => readonly Part[]) | NotMeasured {
  if (n > largestDecomposition) return { reason: `measured up to ${largestDecomposition}: it takes too long` };
  const matrix = Matrix.from1DArray(n, n, [...a.data]);
  switch (routine) {
    case 'eigen':
      if (count < n) return { reason: 'all values or none' };
      return () => {
        const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
        return [realEigenvalues, eigenvectorMatrix];
      };
    case 'svd':
      return () => {
        const { diagonal, leftSingularVectors, rightSingularVectors } = new SingularValueDecomposition(matrix);
        return [diagonal, leftSingularVectors, rightSingularVectors];
      };
    case 'qr':
      return () => {
        const { orthogonalMatrix, upperTriangularMatrix } = new QrDecomposition(matrix);
        return [orthogonalMatrix, upperTriangularMatrix];
      };
    case 'regression':
      return { reason: 'no reduced-rank regression' };
  }
}

function tensorFrom(part: Part): Tensor<'f64'> {
  if (!('rows' in part)) return tensorOf(Float64Array.from(part), [part.length]);
  return tensorOf(Float64Array.from(part.to1DArray()), [part.rows, part.columns]);
}
