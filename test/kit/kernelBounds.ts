/**
 * How far a kernel may be from the exact result, elementwise (Higham, "Accuracy and Stability of Numerical Algorithms", §3.1):
 *
 *   an inner product of n terms, added in any order, is off by at most γ_n |a||b|,   γ_n = n u / (1 − n u)
 *
 * Comparisons report the worst ratio error / bound and where it is; a ratio of 1 is the limit.
 */

import { zeros } from '@rankwise/tensor';
import type { Conv2dCall, MatmulCall, SymmetricTimesVectorCall, Tensor } from '@rankwise/tensor';

export const unitRoundoff = { f32: 2 ** -24, f64: 2 ** -53 } as const;

/** The absolute error of rounding a result that underflows: half the smallest positive number (for f64 twice that, as 2^-1075 is none). */
export const underflow = { f32: 2 ** -150, f64: Number.MIN_VALUE } as const;

/** γ_n for unit roundoff u. */
export function gamma(terms: number, u: number): number {
  return (terms * u) / (1 - terms * u);
}

export interface BoundedResult {
  readonly exact: Float64Array;
  readonly bound: Float64Array;
}

/**
 * Throws unless |actual − exact| ≤ bound in every element; NaN is outside every bound.
 * @returns the largest error / bound.
 */
export function expectWithin(actual: ArrayLike<number>, { exact, bound }: BoundedResult): number {
  if (actual.length !== exact.length) throw new Error(`expected ${exact.length} elements, got ${actual.length}`);
  let worst = 0;
  let where = -1;
  for (let i = 0; i < exact.length; i++) {
    const error = Math.abs((actual[i] ?? NaN) - (exact[i] ?? NaN));
    const ratio = error === 0 ? 0 : error / (bound[i] ?? 0);
    if (!(ratio <= worst)) [worst, where] = [ratio, i];
    if (Number.isNaN(worst)) break;
  }
  if (worst <= 1) return worst;
  throw new Error(`element ${where}: got ${actual[where]}, expected ${exact[where]}, error / bound = ${worst}`);
}

/**
 * What Kernels.matmul promises: 2 γ_{k+2} (|alpha| |a||b| + |beta out| + |bias|), u of out's dtype, before the activation,
 * which is a contraction. `out` is read as it is before the call. The sums here are in f64 and naive.
 */
export function matmulBound(call: MatmulCall): BoundedResult {
  const { a, b, out, rowBias, alpha = 1, beta = 0, activation = 'none' } = call;
  const [m = 0, k = 0] = a.shape;
  const n = b.shape[1] ?? 0;
  const exact = new Float64Array(m * n);
  const bound = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      const bias = rowBias === undefined ? 0 : element(rowBias, i);
      const kept = beta === 0 ? 0 : beta * element(out, i, j);
      let sum = 0;
      let size = 0;
      for (let p = 0; p < k; p++) {
        const term = element(a, i, p) * element(b, p, j);
        sum += term;
        size += Math.abs(term);
      }
      const value = alpha * sum + kept + bias;
      exact[i * n + j] = activation === 'relu' ? Math.max(0, value) : value;
      const magnitude = Math.abs(alpha) * size + Math.abs(kept) + Math.abs(bias);
      bound[i * n + j] = 2 * gamma(k + 2, unitRoundoff[out.dtype]) * magnitude + underflow[out.dtype];
    }
  }
  return { exact, bound };
}

/** The elements of a view in row-major order. */
export function elementsOf(tensor: Tensor<'f32' | 'f64'>): Float64Array {
  const [rows = 0, columns = 0] = tensor.shape;
  return Float64Array.from({ length: rows * columns }, (_, at) =>
    element(tensor, Math.floor(at / columns), at % columns),
  );
}

/** Copies of a convolution's operands with every value replaced by its magnitude. */
export function magnitudes(call: Conv2dCall): Conv2dCall {
  const { input, weight, bias, output } = call;
  return {
    ...call,
    input: absolute(input),
    weight: absolute(weight),
    ...(bias === undefined ? {} : { bias: absolute(bias) }),
    output: zeros('f32', output.shape),
    activation: 'none',
  };
}

/** The convolution in f64 without its activation and without the last rounding, by seven loops of its own. */
export function convolveInF64(call: Conv2dCall): Float64Array {
  const [filters = 0] = call.weight.shape;
  const [images = 0, , outputHeight = 0, outputWidth = 0] = call.output.shape;
  const result = new Float64Array(images * filters * outputHeight * outputWidth);
  let next = 0;
  for (let image = 0; image < images; image++) {
    for (let o = 0; o < filters; o++) {
      const bias = call.bias === undefined ? 0 : element(call.bias, o);
      for (let y = 0; y < outputHeight; y++) {
        for (let x = 0; x < outputWidth; x++) result[next++] = windowSum(call, image, o, y, x) + bias;
      }
    }
  }
  return result;
}

function windowSum(call: Conv2dCall, image: number, o: number, y: number, x: number): number {
  const { input, weight, stride, padding, dilation, groups } = call;
  const [, allChannels = 0, height = 0, width = 0] = input.shape;
  const [filters = 0, channels = 0, kernelHeight = 0, kernelWidth = 0] = weight.shape;
  const firstPlane = image * allChannels + Math.floor((o * groups) / filters) * channels;
  let sum = 0;
  for (let c = 0; c < channels; c++) {
    for (let v = 0; v < kernelHeight; v++) {
      const row = y * stride[0] + v * dilation[0] - padding[0];
      if (row < 0 || row >= height) continue;
      for (let u = 0; u < kernelWidth; u++) {
        const column = x * stride[1] + u * dilation[1] - padding[1];
        if (column < 0 || column >= width) continue;
        const tap = weight.offset + ((o * channels + c) * kernelHeight + v) * kernelWidth + u;
        const at = input.offset + ((firstPlane + c) * height + row) * width + column;
        sum += (weight.data[tap] ?? NaN) * (input.data[at] ?? NaN);
      }
    }
  }
  return sum;
}

/** What Kernels.conv2d promises for sums of products: 2 γ_{taps + 2} (|weight| * |input| + |bias|), in f32. */
export function conv2dBound(call: Conv2dCall): BoundedResult {
  const size = convolveInF64(magnitudes(call));
  const [, channels = 0, kernelHeight = 0, kernelWidth = 0] = call.weight.shape;
  const factor = 2 * gamma(channels * kernelHeight * kernelWidth + 2, unitRoundoff.f32);
  return { exact: activated(call), bound: size.map((value) => factor * value + underflow.f32) };
}

/** convolveInF64 with the activation. */
export function activated(call: Conv2dCall): Float64Array {
  const exact = convolveInF64(call);
  return call.activation === 'relu' ? exact.map((value) => Math.max(0, value)) : exact;
}

function absolute(tensor: Tensor<'f32'>): Tensor<'f32'> {
  return { ...tensor, data: tensor.data.map((value) => Math.abs(value)) };
}

/** The element at [i, j], or [i]. */
export function element(tensor: Tensor<'f32' | 'f64'>, i: number, j = 0): number {
  return tensor.data[tensor.offset + i * (tensor.strides[0] ?? 0) + j * (tensor.strides[1] ?? 0)] ?? NaN;
}

/** What Kernels.symmetricTimesVector promises: 2 γ_{n+2} |a||x|, with the lower triangle mirrored. */
export function symmetricTimesVectorBound({ a, x }: SymmetricTimesVectorCall): BoundedResult {
  const n = a.shape[0] ?? 0;
  const exact = new Float64Array(n);
  const bound = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const term = element(a, Math.max(i, j), Math.min(i, j)) * element(x, j);
      exact[i]! += term;
      bound[i]! += 2 * gamma(n + 2, unitRoundoff.f64) * Math.abs(term);
    }
  }
  return { exact, bound };
}
