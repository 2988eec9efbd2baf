/**
 * An engine's output is compared with the reference kernels' (exact products summed in f64, one rounding) before it is timed.
 * Two measures, each reported as error / limit; above 1 the engine is reported as wrong and not timed.
 *
 * | workload               | error                  | limit                                                         |
 * |------------------------|------------------------|---------------------------------------------------------------|
 * | layer, matrix product  | max over elements of   | 1, with B(y) = (Π_l (1 + 2 γ_l) − 1) · Y                      |
 * |                        | abs(ŷ − y) / B(y)      |                                                               |
 * | stack                  | norm(ŷ − y) / norm(y)  | 10 Σ_l u √k_l                                                 |
 *
 * k_l is the number of products in an output of layer l, γ_l = k u / (1 − k u) with k = k_l + 2, u = 2^-24 (2^-53 for f64), and Y
 * the same computation on absolute values: the bound of the Kernels interface, composed over layers (Higham, Accuracy and
 * Stability of Numerical Algorithms, 2002, §3.5). Composed over seven layers it says nothing any more, as Y outgrows y by
 * about √k at each; there rounding is taken as random, which makes the error of a sum grow as √k u (Higham, Mary, SIAM J.
 * Sci. Comput. 41, 2019), ten deviations are granted, and relu and max pooling do not raise it. Both are far above what
 * is seen and far below what one wrong element, edge or channel makes: in a stack's 165,888 outputs one wrong by its own size
 * counts 1 / √165888 = 2.5e-3 against a limit of 4e-4.
 */

import { createReferenceKernels, map, zeros } from '@rankwise/tensor';
import type { FloatDType, Tensor } from '@rankwise/tensor';
import { forward } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';

import type { PreparedWorkload } from './workloads/workload.ts';

type Floats = Float32Array | Float64Array;

export interface Check {
  readonly measure: 'elementwise' | 'normwise';
  /** Error over limit: at most 1 when the output is right. */
  readonly ratio: number;
}

/** Compares one output with what was expected. */
export type Checker = (output: Floats) => Check;

/** Without fast algorithms: the plain sums. */
const kernels = createReferenceKernels({ winograd: false });
const unitRoundoff: Readonly<Record<FloatDType, number>> = { f32: 2 ** -24, f64: 2 ** -53 };
/** Standard deviations granted to rounding taken as random. */
const deviations = 10;

/** Computes what the workload should give. */
export function createChecker(prepared: PreparedWorkload): Checker {
  if ('model' in prepared) {
    const { workload, model, input } = prepared;
    const expected = forward(model, input, { kernels }).output.data;
    if (workload.group === 'stack') return (output) => normwise(output, expected, stackLimit(model));
    const magnitude = forward(absoluteModel(model), map(input, Math.abs), { kernels }).output.data;
    return (output) => elementwise(output, expected, magnitude, growth(summands(model), 'f32'));
  }
  const { workload, a, b } = prepared;
  const expected = product(a, b);
  const magnitude = product(map(a, Math.abs), map(b, Math.abs));
  return (output) => elementwise(output, expected, magnitude, growth([workload.k], workload.dtype));
}

function product(a: Tensor<FloatDType>, b: Tensor<FloatDType>): Floats {
  const out = zeros(a.dtype, [a.shape[0] ?? 0, b.shape[1] ?? 0]);
  kernels.matmul({ a, b, out });
  return out.data;
}

function absoluteModel(model: Model): Model {
  const parameters = Object.entries(model.parameters).map(([name, tensor]) => [name, map(tensor, Math.abs)] as const);
  return { ...model, parameters: Object.fromEntries(parameters) };
}

/** k of each convolution. */
function summands(model: Model): number[] {
  return model.nodes.flatMap((node) => {
    if (node.op !== 'conv2d') return [];
    const [, ...window] = model.parameters[node.weight]?.shape ?? [];
    return [window.reduce((count, extent) => count * extent, 1)];
  });
}

/** Π (1 + 2 γ) − 1. */
function growth(counts: readonly number[], dtype: FloatDType): number {
  const u = unitRoundoff[dtype];
  const factors = counts.map((count) => 1 + (2 * (count + 2) * u) / (1 - (count + 2) * u));
  return factors.reduce((total, factor) => total * factor, 1) - 1;
}

function stackLimit(model: Model): number {
  return deviations * unitRoundoff.f32 * summands(model).reduce((sum, count) => sum + Math.sqrt(count), 0);
}

function elementwise(output: Floats, expected: Floats, magnitude: Floats, bound: number): Check {
  let worst = output.length === expected.length ? 0 : Infinity;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs((output[i] ?? NaN) - expected[i]!);
    const ratio = error === 0 ? 0 : error / (bound * magnitude[i]!);
    // Written so that NaN counts as wrong.
    if (!(ratio <= worst)) worst = Number.isNaN(ratio) ? Infinity : ratio;
  }
  return { measure: 'elementwise', ratio: worst };
}

function normwise(output: Floats, expected: Floats, limit: number): Check {
  let error = output.length === expected.length ? 0 : Infinity;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    error += ((output[i] ?? NaN) - expected[i]!) ** 2;
    norm += expected[i]! ** 2;
  }
  const ratio = Math.sqrt(error / norm) / limit;
  return { measure: 'normwise', ratio: Number.isNaN(ratio) ? Infinity : ratio };
}
