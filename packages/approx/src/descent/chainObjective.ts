/**
 * The true objective of a layer's approximation, with its gradient in every factor:
 *
 *   f = Σ_i ‖r(y_i) − r(o_i)‖² / Σ_i ‖r(y_i) − mean of r(y)‖²,   o_i = F_m … F_1 x_i + offset
 *   ∂f/∂o = 2 (r(o) − r(y)) r'(o) / Σ …,   ∂f/∂F_k = (∂f/∂a_k)ᵀ a_{k−1},   ∂f/∂a_{k−1} = ∂f/∂a_k F_k
 *
 * | symbol | shape                   | meaning                                   |
 * |--------|-------------------------|-------------------------------------------|
 * | x      | [n, inputs] f32         | sampled inputs of the chain                |
 * | y      | [n, d] f32              | responses that are wanted, before r        |
 * | a_k    | [rows · strips, out_k]  | activations of a chunk of rows, f32         |
 *
 * Where r has a kink the derivative from one side is taken: f is smooth almost everywhere. Products are in f32 and summed over chunks
 * in f64; the value is summed in f64. Cost per evaluation: three products of the chain with all samples, less one for the first factor.
 */

import { cast, reshape, slice, transpose, zeros } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { columnResponses } from '../solve/nonlinearity.ts';
import type { Nonlinearity, ScalarResponse } from '../solve/nonlinearity.ts';
import { responseEnergy } from '../solve/responseError.ts';
import type { Factor, FactorChain } from './factorChain.ts';

export interface ChainSamples {
  /** x, f32 [n, inputs], contiguous. */
  readonly input: Tensor<'f32'>;
  /** y, f32 [n, d], contiguous. */
  readonly target: Tensor<'f32'>;
}

export interface ChainProblem extends ChainSamples {
  readonly nonlinearity: Nonlinearity;
}

/** Rows handled at once: activations of 2,048 rows stay within the caches' reach and keep products large. */
const rowsPerChunk = 2048;

/** Chunks that the moments of inputs are taken from: a fixed preconditioner need not know every sample. */
const momentChunks = 8;

export interface ChainObjective {
  /** f; `gradient`, when given, is written in the shape of the chain. */
  (chain: FactorChain, gradient?: FactorChain): number;
}

/**
 * The objective for one problem and the layout of one chain, as a function of the chain. Arguments are not checked: descend does that.
 * @param layout - any chain of the shapes that will be asked for
 * @example
 * import { chainObjective } from '@rankwise/approx';
 * import { fromNested, referenceKernels } from '@rankwise/tensor';
 * const y = fromNested('f32', [[-5], [1], [3]]);
 * const chain = { factors: [{ weight: fromNested('f64', [[1]]), strips: 1 }], offset: new Float64Array([1]) };
 * const objective = chainObjective({ input: y, target: y, nonlinearity: { kind: 'relu' } }, chain, referenceKernels);
 * // Outputs 2 and 4 in place of 1 and 3; the first is hidden by the ReLU. Σ (r(y) − mean)² is 14 / 3.
 * Math.round(objective(chain) * 1e4) / 1e4 // => 0.4286
 */
export function chainObjective(problem: ChainProblem, layout: FactorChain, kernels: Kernels): ChainObjective {
  const { input, target, nonlinearity } = problem;
  const [count = 0, width = 0] = target.shape;
  const energy = responseEnergy(target, nonlinearity);
  const responses = columnResponses(nonlinearity, width);
  const scratch = chainScratch(layout, Math.min(rowsPerChunk, count));
  const scale = energy > 0 ? 1 / energy : 1;
  return (chain, gradient) => {
    const weights = chain.factors.map(({ weight }) => cast(weight, 'f32'));
    if (gradient !== undefined) clear(gradient);
    let squares = 0;
    for (let from = 0; from < count; from += rowsPerChunk) {
      const to = Math.min(from + rowsPerChunk, count);
      const activations = forwardChunk(slice(input, [[from, to]]), chain.factors, weights, scratch, kernels);
      const output = activations.at(-1)!;
      squares += residualsInPlace(output, slice(target, [[from, to]]), chain.offset, responses, 2 * scale);
      if (gradient !== undefined) backwardChunk(activations, chain.factors, weights, gradient, scratch, kernels);
    }
    return squares * scale;
  };
}

/**
 * C = (1/rows) Σ a aᵀ of the inputs of each factor, f64 [in, in], on chunks spread evenly over the samples.
 */
export function inputMoments({ input }: ChainSamples, chain: FactorChain, kernels: Kernels): Tensor<'f64'>[] {
  const [count = 0] = input.shape;
  const weights = chain.factors.map(({ weight }) => cast(weight, 'f32'));
  const scratch = chainScratch(chain, Math.min(rowsPerChunk, count));
  const moments = chain.factors.map(({ weight }) => zeros('f64', [weight.shape[1] ?? 0, weight.shape[1] ?? 0]));
  const chunks = Math.ceil(count / rowsPerChunk);
  const step = Math.max(1, Math.floor(chunks / momentChunks));
  let rows = 0;
  for (let chunk = 0; chunk < chunks; chunk += step) {
    const from = chunk * rowsPerChunk;
    const to = Math.min(from + rowsPerChunk, count);
    const activations = forwardChunk(slice(input, [[from, to]]), chain.factors, weights, scratch, kernels);
    for (const [i, out] of moments.entries()) {
      const a = activations[i]!;
      kernels.matmul({ a: transpose(a), b: a, out, beta: rows === 0 ? 0 : 1 });
    }
    rows += to - from;
  }
  for (const [i, { data }] of moments.entries()) {
    const samples = rows * chain.factors[i]!.strips;
    for (let k = 0; k < data.length; k++) data[k]! /= samples;
  }
  return moments;
}

interface ChainScratch {
  /** Activations behind each factor, [rows · outputs]. */
  readonly forward: readonly Float32Array[];
  /** Derivatives in front of each factor but the first. */
  readonly backward: readonly Float32Array[];
  /** One chunk's derivative of each weight. */
  readonly weights: readonly Tensor<'f32'>[];
}

function chainScratch({ factors }: FactorChain, rows: number): ChainScratch {
  const inputs = factors.map(({ weight, strips }) => (weight.shape[1] ?? 0) * strips);
  const outputs = factors.map(({ weight, strips }) => (weight.shape[0] ?? 0) * strips);
  return {
    forward: outputs.map((size) => new Float32Array(rows * size)),
    backward: inputs.map((size, i) => new Float32Array(i === 0 ? 0 : rows * size)),
    weights: factors.map(({ weight }) => zeros('f32', weight.shape)),
  };
}

/** Activations in front of each factor and behind the last, each as the factor behind it reads it. */
function forwardChunk(
  input: Tensor<'f32'>,
  factors: readonly Factor[],
  weights: readonly Tensor<'f32'>[],
  scratch: ChainScratch,
  kernels: Kernels,
): Tensor<'f32'>[] {
  const rows = input.shape[0] ?? 0;
  const activations: Tensor<'f32'>[] = [];
  let current = input;
  for (const [i, { weight, strips }] of factors.entries()) {
    const [out = 0, into = 0] = weight.shape;
    const a = reshape(current, [rows * strips, into]);
    activations.push(a);
    current = view(scratch.forward[i]!, [rows * strips, out]);
    kernels.matmul({ a, b: transpose(weights[i]!), out: current });
  }
  activations.push(reshape(current, [rows, current.data.length === 0 ? 0 : sizeOfRow(current, rows)]));
  return activations;
}

function sizeOfRow({ shape }: Tensor, rows: number): number {
  return ((shape[0] ?? 0) / rows) * (shape[1] ?? 0);
}

function view(data: Float32Array, shape: readonly [number, number]): Tensor<'f32'> {
  return { dtype: 'f32', data, offset: 0, shape, strides: [shape[1], 1] };
}

/** Replaces outputs (without offset) by their derivatives; returns Σ (r(y) − r(o))². */
function residualsInPlace(
  output: Tensor<'f32'>,
  target: Tensor<'f32'>,
  offset: Float64Array,
  responses: readonly ScalarResponse[],
  scale: number,
): number {
  const [rows = 0, width = 0] = target.shape;
  let squares = 0;
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < width; j++) {
      const { value, derivative } = responses[j]!;
      const at = row * width + j;
      const guess = output.data[at]! + offset[j]!;
      const error = value(guess) - value(target.data[target.offset + at]!);
      squares += error * error;
      output.data[at] = scale * error * derivative(guess);
    }
  }
  return squares;
}

/** Adds one chunk's derivatives, from those of its outputs backwards. */
function backwardChunk(
  activations: readonly Tensor<'f32'>[],
  factors: readonly Factor[],
  weights: readonly Tensor<'f32'>[],
  gradient: FactorChain,
  scratch: ChainScratch,
  kernels: Kernels,
): void {
  let current = activations.at(-1)!;
  const [rows = 0, width = 0] = current.shape;
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < width; j++) gradient.offset[j]! += current.data[row * width + j]!;
  }
  for (let i = factors.length - 1; i >= 0; i--) {
    const { weight, strips } = factors[i]!;
    const derivative = reshape(current, [rows * strips, weight.shape[0] ?? 0]);
    const partial = scratch.weights[i]!;
    kernels.matmul({ a: transpose(derivative), b: activations[i]!, out: partial });
    const sum = gradient.factors[i]!.weight.data;
    for (let k = 0; k < sum.length; k++) sum[k]! += partial.data[k]!;
    if (i === 0) return;
    current = view(scratch.backward[i]!, [rows * strips, weight.shape[1] ?? 0]);
    kernels.matmul({ a: derivative, b: weights[i]!, out: current });
  }
}

function clear({ factors, offset }: FactorChain): void {
  for (const { weight } of factors) weight.data.fill(0);
  offset.fill(0);
}
