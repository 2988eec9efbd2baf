/**
 * An engine's output is compared with the reference kernels' (products summed in f64, one rounding) before it is timed:
 *
 *   error = max_i abs(ŷ_i − y_i) / rms(y)         limit = 10 Σ_l G_l u √k_l
 *
 * | name | meaning                                                                                         |
 * |------|-------------------------------------------------------------------------------------------------|
 * | u    | 2^-24 for f32, 2^-53 for f64                                                                    |
 * | k_l  | products in an output of layer l                                                                |
 * | G_l  | growth of minimal filtering with the largest transform that an engine here uses (see growth.ts),|
 * |      | 1 where it does not apply: a matrix product, a stride, a dilation, kernels of more than 5 taps  |
 *
 * Why: inputs and weights are independent and normal, and with rounding taken as random the error of a sum of k terms has a deviation
 * near u √k times its size (Higham, Mary, SIAM J. Sci. Comput. 41, 2019, theorem 2.4); relu and max pooling do not raise it,
 * and layers add theirs. Ten deviations leave room for the largest of a million elements. The worst-case bound of the
 * Kernels interface would be looser by √k and says nothing about seven layers; this one still finds a single wrong element, whose
 * error is near rms(y), against a limit below 2e-3 for each layer.
 */

import { createReferenceKernels, zeros } from '@rankwise/tensor';
import type { FloatDType } from '@rankwise/tensor';
import { forward } from '@rankwise/nn';
import type { Conv2dNode, Model } from '@rankwise/nn';

import { filteringGrowth } from './growth.ts';
import { createDecompositionChecker } from './checkDecomposition.ts';
import type { PreparedDecomposition, PreparedWorkload } from './workloads/workload.ts';

type Floats = Float32Array | Float64Array;

export interface Check {
  /** As above. */
  readonly error: number;
  /** Error over limit: at most 1 when the output is right. */
  readonly ratio: number;
}

/** Compares one output with what was expected. */
export type Checker = (output: Floats) => Check;

/** Without fast algorithms: the plain sums. */
const kernels = createReferenceKernels({ winograd: false });
const unitRoundoff: Readonly<Record<FloatDType, number>> = { f32: 2 ** -24, f64: 2 ** -53 };
const deviations = 10;

/** Computes what the workload should give. */
export function createChecker(prepared: PreparedWorkload | PreparedDecomposition): Checker {
  if (isDecomposition(prepared)) return createDecompositionChecker(prepared);
  if ('model' in prepared) {
    const { model, input } = prepared;
    const expected = forward(model, input, { kernels }).output.data;
    return (output) => compare(output, expected, networkLimit(model));
  }
  const { workload, a, b } = prepared;
  const { dtype, m, k, n } = workload;
  const out = zeros(dtype, [m, n]);
  kernels.matmul({ a, b, out });
  return (output) => compare(output, out.data, deviations * unitRoundoff[dtype] * Math.sqrt(k));
}

export function isDecomposition(prepared: PreparedWorkload | PreparedDecomposition): prepared is PreparedDecomposition {
  return prepared.workload.kind === 'decomposition';
}

function networkLimit(model: Model): number {
  const parts = model.nodes.map((node) => (node.op === 'conv2d' ? layerDeviation(model, node) : 0));
  return deviations * unitRoundoff.f32 * parts.reduce((sum, part) => sum + part, 0);
}

/** G √k. */
function layerDeviation({ parameters }: Model, { weight, stride, dilation }: Conv2dNode): number {
  const [, channels = 1, height = 1, width = 1] = parameters[weight]?.shape ?? [];
  const unitSteps = [...stride, ...dilation].every((step) => step === 1);
  const growth = unitSteps ? filteringGrowth(height) * filteringGrowth(width) : 1;
  return growth * Math.sqrt(channels * height * width);
}

function compare(output: Floats, expected: Floats, limit: number): Check {
  if (output.length !== expected.length) return { error: Infinity, ratio: Infinity };
  let worst = 0;
  let squares = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(output[i]! - expected[i]!);
    // Written so that NaN counts as wrong.
    if (!(error <= worst)) worst = Number.isNaN(error) ? Infinity : error;
    squares += expected[i]! ** 2;
  }
  const error = worst / Math.sqrt(squares / expected.length);
  return { error, ratio: error / limit };
}
