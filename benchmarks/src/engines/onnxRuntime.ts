/** ONNX Runtime, native (onnxruntime-node) and compiled to WebAssembly (onnxruntime-web), with all graph optimisations. */

import type { OnnxTensor } from 'onnxruntime-web';

import { onnxMatmul, onnxNetwork } from '../onnx/onnxModel.ts';
import type { PreparedWorkload } from '../workloads/workload.ts';
import type { Engine, Job } from './engine.ts';
import { packageVersion } from './packageVersion.ts';

type Runtime = typeof import('onnxruntime-web');

export async function createNativeEngine(threads: number): Promise<Engine> {
  const runtime = await import('onnxruntime-node');
  return onnxEngine('onnxruntime-node', runtime, threads, 'cpu');
}

export async function createWebEngine(threads: number): Promise<Engine> {
  const runtime = await import('onnxruntime-web');
  runtime.env.logLevel = 'error';
  runtime.env.wasm.numThreads = threads;
  return onnxEngine('onnxruntime-web', runtime, threads, 'wasm');
}

/** @param provider - named at each session, because the two packages share one list of providers */
async function onnxEngine(name: string, runtime: Runtime, threads: number, provider: 'cpu' | 'wasm'): Promise<Engine> {
  const version = await packageVersion(name);
  const prepare = (workload: PreparedWorkload): Promise<Job> => onnxJob(runtime, threads, provider, workload);
  const details = provider === 'cpu' ? 'native' : 'WebAssembly SIMD';
  return { name, version, threads, details, prepare, dispose: () => undefined };
}

async function onnxJob(
  runtime: Runtime,
  threads: number,
  provider: 'cpu' | 'wasm',
  workload: PreparedWorkload,
): Promise<Job> {
  const { file, feeds, result } = graphOf(runtime, workload);
  const session = await runtime.InferenceSession.create(file, {
    executionProviders: [provider],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  });
  const run = async (): Promise<Float32Array | Float64Array> => {
    const { [result]: output } = await session.run(feeds);
    if (output === undefined) throw new Error(`onnxruntime: no output '${result}'`);
    return output.data;
  };
  return { call: run, output: run, dispose: () => session.release() };
}

function graphOf(
  { Tensor }: Runtime,
  prepared: PreparedWorkload,
): { file: Uint8Array; feeds: Record<string, OnnxTensor>; result: string } {
  if ('model' in prepared) {
    const { workload, model, input } = prepared;
    const feeds = { [model.input.name]: new Tensor('float32', input.data, input.shape) };
    return { file: onnxNetwork(model, workload.images), feeds, result: model.output };
  }
  const { workload, a, b } = prepared;
  const { dtype, m, k, n } = workload;
  const type = dtype === 'f32' ? 'float32' : 'float64';
  const feeds = { a: new Tensor(type, a.data, a.shape), b: new Tensor(type, b.data, b.shape) };
  return { file: onnxMatmul(m, k, n, dtype), feeds, result: 'c' };
}
