/**
 * jax-js with its WebAssembly backend, which compiles a kernel for each expression when it is first run. An operation consumes
 * its operands; `.ref` keeps them. Under Node it has one thread (its pool needs Web Workers).
 */

import { contiguous } from '@rankwise/tensor';
import type { Conv2dNode } from '@rankwise/nn';

import type { PreparedMatmul, PreparedNetwork, PreparedWorkload } from '../workloads/workload.ts';
import type { Engine, Job, NotMeasured } from './engine.ts';
import { packageVersion } from './packageVersion.ts';

type Jax = typeof import('@jax-js/jax');

/** The one network workload that it runs: a single convolution, of the shape that the model has most of. */
const timedConvolution = 'seven/conv4';

export async function createJaxEngine(): Promise<Engine | NotMeasured> {
  hideWorkers();
  const jax = await import('@jax-js/jax');
  const devices = await jax.init('wasm');
  if (!devices.includes('wasm')) return { reason: 'its WebAssembly backend did not start' };
  jax.defaultDevice('wasm');
  const prepare = (workload: PreparedWorkload): Promise<Job | NotMeasured> =>
    Promise.resolve('model' in workload ? convolutionJob(jax, workload) : matmulJob(jax, workload));
  const version = await packageVersion('@jax-js/jax');
  return { name: 'jax-js', version, threads: 1, details: 'WebAssembly SIMD', prepare, dispose: () => undefined };
}

/**
 * jax-js takes a global `Worker` as the sign of a browser and then shares memory with a pool. ONNX Runtime Web defines one under
 * Node after jax-js has started without, and the kernels of jax-js no longer fit its memory. With one thread neither needs it.
 */
function hideWorkers(): void {
  Object.defineProperty(globalThis, 'Worker', { get: () => undefined, set: () => {}, configurable: true });
}

function matmulJob({ numpy }: Jax, { a, b }: PreparedMatmul): Job {
  const left = numpy.array(a.data).reshape(a.shape);
  const right = numpy.array(b.data).reshape(b.shape);
  const run = (): Promise<Float32Array | Float64Array> => numpy.matmul(left.ref, right.ref).data();
  const dispose = (): void => {
    left.dispose();
    right.dispose();
  };
  return { call: run, output: run, dispose };
}

function convolutionJob({ numpy, lax }: Jax, prepared: PreparedNetwork): Job | NotMeasured {
  const { workload, model, input } = prepared;
  if (workload.name !== timedConvolution) {
    return { reason: `a convolution takes it seconds (see ${timedConvolution}); the others are left out` };
  }
  // The workload's model is this one node; its bias is zero.
  const node = model.nodes[0] as Conv2dNode;
  const weight = model.parameters[node.weight];
  if (weight === undefined) return { reason: `no parameter '${node.weight}'` };
  const [top, left, bottom, right] = node.padding;
  const image = numpy.array(input.data).reshape(input.shape);
  const filters = numpy.array(contiguous(weight).data).reshape(weight.shape);
  const padding = [[top, bottom] as const, [left, right] as const];
  const run = (): Promise<Float32Array | Float64Array> =>
    lax.convGeneralDilated(image.ref, filters.ref, node.stride, padding).data();
  const dispose = (): void => {
    image.dispose();
    filters.dispose();
  };
  return { call: run, output: run, dispose };
}
