/** Table 3: milliseconds an image, every network by turns on one thread, and ONNX Runtime beside them where it is installed. */

import { createRequire } from 'node:module';
import { setImmediate } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { advance, startExecution } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';
import { createRandom, zeros } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { onnxNetwork } from '../../benchmarks/src/onnx/onnxModel.ts';
import type { TimedNetwork } from './results.ts';
import type { TimedModel } from './timedNetworks.ts';

/** Milliseconds of each turn. */
export interface Times {
  readonly network: TimedNetwork;
  readonly convolutions: readonly number[];
  readonly rest: readonly number[];
  readonly native: readonly number[] | null;
}

export interface TimingOptions {
  /** Timed turns; one more of each network goes first. */
  readonly turns: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
}

interface Timed {
  readonly model: TimedModel;
  readonly input: Tensor<'f32'>;
  readonly session: NativeSession | null;
  readonly convolutions: number[];
  readonly rest: number[];
  readonly native: number[];
}

/** Times all networks by turns. `native` is what nativeRuntime gave. */
export async function timeModels(
  models: readonly TimedModel[],
  kernels: Kernels,
  native: NativeRuntime | null,
  { turns, seed, signal, onProgress }: TimingOptions,
): Promise<Times[]> {
  const timed: Timed[] = [];
  try {
    for (const model of models) {
      const input = createRandom(seed).fillNormalInPlace(zeros('f32', [1, ...model.convolutions.input.shape]));
      const session = native === null ? null : await native.open(model.convolutions);
      timed.push({ model, input, session, convolutions: [], rest: [], native: [] });
    }
    for (let turn = -1; turn < turns; turn++) {
      for (const one of timed) {
        await setImmediate();
        signal.throwIfAborted();
        await takeTurn(one, kernels, turn >= 0);
      }
      onProgress((turn + 2) / (turns + 1));
    }
  } finally {
    for (const { session } of timed) await session?.release();
  }
  return timed.map(({ model, convolutions, rest, native: times, session }) => ({
    network: model.network,
    convolutions,
    rest,
    native: session === null ? null : times,
  }));
}

async function takeTurn(one: Timed, kernels: Kernels, counts: boolean): Promise<void> {
  const { model, input, session } = one;
  const { convolutions } = model;
  const started = performance.now();
  const state = advance(convolutions, startExecution(convolutions, input), 0, convolutions.nodes.length, { kernels });
  const between = performance.now();
  const output = state.values.get(convolutions.output);
  const { model: whole, from } = model.rest;
  const read = whole.nodes[from]?.inputs[0];
  if (output === undefined || read === undefined) throw new Error(`${model.label}: expected an output, got none`);
  advance(whole, { images: 1, values: new Map([[read, output]]) }, from, whole.nodes.length, { kernels });
  const ended = performance.now();
  await session?.run(input);
  const native = performance.now() - ended;
  if (!counts) return;
  one.convolutions.push(between - started);
  one.rest.push(ended - between);
  one.native.push(native);
}

export interface NativeSession {
  run(input: Tensor<'f32'>): Promise<unknown>;
  release(): Promise<void>;
}

export interface NativeRuntime {
  readonly name: string;
  open(model: Model): Promise<NativeSession>;
}

/** What this file uses of onnxruntime-node, which is not a dependency. */
interface OnnxRuntime {
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => object;
  readonly InferenceSession: {
    create(
      file: Uint8Array,
      options: object,
    ): Promise<{
      run(feeds: Record<string, object>): Promise<unknown>;
      release(): Promise<void>;
    }>;
  };
}

/** ONNX Runtime where the benchmarks have installed it, on one thread; null where they have not, or it does not load. */
export async function nativeRuntime(): Promise<NativeRuntime | null> {
  try {
    const require = createRequire(new URL('../../benchmarks/package.json', import.meta.url));
    const imported: unknown = await import(pathToFileURL(require.resolve('onnxruntime-node')).href);
    const { Tensor: OnnxTensor, InferenceSession } = imported as OnnxRuntime; // the package's documented interface
    // Found beside the module that was resolved; a package need not export its own package.json.
    return {
      name: 'ONNX Runtime',
      open: async (model) => {
        const session = await InferenceSession.create(onnxNetwork(model, 1), {
          executionProviders: ['cpu'],
          intraOpNumThreads: 1,
          interOpNumThreads: 1,
          executionMode: 'sequential',
          graphOptimizationLevel: 'all',
          logSeverityLevel: 3,
        });
        return {
          run: (input) => session.run({ [model.input.name]: new OnnxTensor('float32', input.data, input.shape) }),
          release: () => session.release(),
        };
      },
    };
  } catch {
    return null;
  }
}
