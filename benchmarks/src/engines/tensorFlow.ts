/**
 * TensorFlow.js with its WebAssembly and its pure JavaScript (CPU) backend.
 *
 * Tensors are [1, height, width, channels] and filters [height, width, channels, filters], the only layout these backends have;
 * both are arranged before the clock starts. A relu after a convolution is fused into it.
 */

import type { TfTensor } from '@tensorflow/tfjs';
import type { Conv2dNode, MaxPool2dNode, Model, Node } from '@rankwise/nn';
import { contiguous, transpose } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';

import type { PreparedMatmul, PreparedNetwork, PreparedWorkload } from '../workloads/workload.ts';
import type { Engine, Job, NotMeasured } from './engine.ts';
import { packageVersion } from './packageVersion.ts';

type TensorFlow = typeof import('@tensorflow/tfjs');

/** −(2 − 2^-23) 2^127. */
const leastFloat32 = -(2 - 2 ** -23) * 2 ** 127;

/** A step of the network: from the value before it to the value after it. */
type Step = (value: TfTensor) => TfTensor;

export async function createTfWasmEngine(threads: number): Promise<Engine | NotMeasured> {
  const tf = await import('@tensorflow/tfjs');
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  wasm.setThreadsCount(threads);
  await tf.setBackend('wasm');
  await tf.ready();
  const actual = threads === 1 ? 1 : wasm.getThreadsCount();
  if (actual < threads) return { reason: `its WebAssembly backend has ${Math.max(1, actual)} thread under Node` };
  return tfEngine('tfjs-wasm', tf, threads, 'WebAssembly SIMD');
}

export async function createTfCpuEngine(): Promise<Engine> {
  const tf = await import('@tensorflow/tfjs');
  await import('@tensorflow/tfjs-backend-cpu');
  return tfEngine('tfjs-cpu', tf, 1, 'JavaScript');
}

async function tfEngine(name: string, tf: TensorFlow, threads: number, details: string): Promise<Engine> {
  tf.enableProdMode();
  const backend = name === 'tfjs-wasm' ? 'wasm' : 'cpu';
  const prepare = async (workload: PreparedWorkload): Promise<Job | NotMeasured> => {
    if ('a' in workload && workload.workload.dtype === 'f64') return { reason: 'no f64' };
    await tf.setBackend(backend);
    return 'model' in workload ? networkJob(tf, backend, workload) : matmulJob(tf, backend, workload);
  };
  return {
    name,
    version: await packageVersion('@tensorflow/tfjs'),
    threads,
    details,
    prepare,
    dispose: () => undefined,
  };
}

function matmulJob(tf: TensorFlow, backend: string, { a, b }: PreparedMatmul): Job {
  const left = tf.tensor(Float32Array.from(a.data), a.shape);
  const right = tf.tensor(Float32Array.from(b.data), b.shape);
  const run = (): Float32Array => readAndDispose(tf.matMul(left, right));
  return jobOf(tf, backend, run, run, [left, right]);
}

function networkJob(tf: TensorFlow, backend: string, { model, input }: PreparedNetwork): Job {
  const owned: TfTensor[] = [];
  const keep = (tensor: Tensor<'f32'>): TfTensor => {
    const made = tf.tensor(contiguous(tensor).data, tensor.shape);
    owned.push(made);
    return made;
  };
  const image = keep(contiguous(transpose(input, [0, 2, 3, 1])));
  const steps = model.nodes.flatMap((node, index) => stepOf(tf, model, node, model.nodes[index + 1], keep) ?? []);
  const forward = (): TfTensor => tf.tidy(() => steps.reduce((value, step) => step(value), image));
  const run = (): Float32Array => readAndDispose(forward());
  const channelsFirst = (): Float32Array => readAndDispose(tf.tidy(() => tf.transpose(forward(), [0, 3, 1, 2])));
  return jobOf(tf, backend, run, channelsFirst, owned);
}

/** Several backends take turns in one process, so each call names its own: a switch of backend costs nothing once made. */
function jobOf(
  tf: TensorFlow,
  backend: string,
  call: () => Float32Array,
  output: () => Float32Array,
  owned: readonly TfTensor[],
): Job {
  return {
    call: async () => {
      await tf.setBackend(backend);
      return call();
    },
    output: async () => {
      await tf.setBackend(backend);
      return output();
    },
    dispose: () => {
      for (const tensor of owned) tensor.dispose();
    },
  };
}

/** The step of a node; none for a relu, which the convolution before it has taken. */
function stepOf(
  tf: TensorFlow,
  model: Model,
  node: Node,
  next: Node | undefined,
  keep: (tensor: Tensor<'f32'>) => TfTensor,
): Step | undefined {
  if (node.op === 'relu') return undefined;
  if (node.op === 'conv2d') return convolution(tf, model, node, next?.op === 'relu', keep);
  if (node.op === 'maxPool2d') return maxPool(tf, node);
  throw new Error(`tensorFlow: model: expected conv2d, relu and maxPool2d, got ${node.op}`);
}

function convolution(
  tf: TensorFlow,
  { parameters }: Model,
  node: Conv2dNode,
  fuseRelu: boolean,
  keep: (tensor: Tensor<'f32'>) => TfTensor,
): Step {
  const weight = parameters[node.weight];
  const bias = node.bias === undefined ? undefined : parameters[node.bias];
  if (weight === undefined) throw new Error(`tensorFlow: model: no parameter '${node.weight}'`);
  const filter = keep(contiguous(transpose(weight, [2, 3, 1, 0])));
  const kept = bias === undefined ? {} : { bias: keep(bias) };
  const [top, left, bottom, right] = node.padding;
  const call = {
    filter,
    ...kept,
    strides: [...node.stride] as [number, number], // A copy of a Pair has two elements.
    pad: [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ] as [[number, number], [number, number], [number, number], [number, number]], // Literal widened by the spread.
    activation: fuseRelu ? ('relu' as const) : ('linear' as const),
  };
  return (x) => tf.fused.conv2d({ x, ...call });
}

/**
 * Windows that run past the far edge are padded to full ones with the least f32, which is exact: the WebAssembly backend's own
 * rounding up ('ceil', 4.22.0) gives wrong numbers there.
 */
function maxPool(tf: TensorFlow, { kernel, stride, ceil }: MaxPool2dNode): Step {
  const [kernelHeight, kernelWidth] = kernel;
  const [down, across] = stride;
  return (x) => {
    const [, height = 0, width = 0] = x.shape;
    const below = ceil ? overhang(height, kernelHeight, down) : 0;
    const right = ceil ? overhang(width, kernelWidth, across) : 0;
    const sides: [number, number][] = [
      [0, 0],
      [0, below],
      [0, right],
      [0, 0],
    ];
    const padded = below + right === 0 ? x : tf.pad(x, sides, leastFloat32);
    return tf.maxPool(padded, [kernelHeight, kernelWidth], [down, across], 'valid');
  };
}

/** Elements that the last window lacks when the number of windows is rounded up. */
function overhang(extent: number, kernel: number, stride: number): number {
  return Math.ceil((extent - kernel) / stride) * stride + kernel - extent;
}

function readAndDispose(tensor: TfTensor): Float32Array {
  const data = tensor.dataSync();
  tensor.dispose();
  return data;
}
