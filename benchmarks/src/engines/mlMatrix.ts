/** ml-matrix: plain JavaScript, f64 matrices. */

import type { PreparedWorkload } from '../workloads/workload.ts';
import type { Engine, Job, NotMeasured } from './engine.ts';
import { packageVersion } from './packageVersion.ts';

export async function createMlMatrixEngine(): Promise<Engine> {
  const { Matrix } = await import('ml-matrix');
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
  const version = await packageVersion('ml-matrix');
  return { name: 'ml-matrix', version, threads: 1, details: 'JavaScript', prepare, dispose: () => undefined };
}
