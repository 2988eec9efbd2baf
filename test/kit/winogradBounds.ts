/**
 * How far minimal filtering may be from the exact convolution (Higham 2002, §3.1, applied to every way through the algorithm).
 *
 * With V the algorithm run on magnitudes, matrices included,
 *
 *   V = |Aᵀ_h| (Σ_c (|G_h| |g_c| |G_w|ᵀ) ⊙ (|Bᵀ_h| |d_c| |B_w|)) |A_w| + |bias|
 *
 * every output is a sum of terms, one for each way from the inputs to it, which together have the magnitude V; a term on whose way
 * n results are rounded is off by at most γ_n of its own. So |error| ≤ γ_n V, u of the precision that the algorithm works in.
 *
 * The roundings n on the longest way. A line of a transform sums L products with coefficients that are rounded once: 1 for the
 * coefficient, 1 for the product, L − 1 for the additions; forming a ± pair of columns first (in Aᵀ) adds 1, and one of rows
 * (in G and Bᵀ) is one of the L − 1. So L + 2 at most, whatever zeros and symmetry spare. Hence
 *
 *   for each axis with a transform: r + 2 for G, α + 2 for Bᵀ, α + 2 for Aᵀ;   1 for the product, C for the channels, 1 for the bias.
 *
 * An axis with one tap has none, and identity matrices in V. A multiply-add that rounds once only shortens the way.
 */

import { cookToom } from '@rankwise/tensor';
import type { Conv2dCall, CookToom, Fraction } from '@rankwise/tensor';
import { activated, element, gamma, magnitudes, underflow, unitRoundoff } from './kernelBounds.ts';
import type { BoundedResult } from './kernelBounds.ts';

/** Vertical and horizontal algorithm. */
export type WinogradAxes = readonly [CookToom, CookToom];

/** F(outputs, taps); one tap means no transform. */
export function winogradAxis(outputs: number, taps: number): CookToom {
  if (taps > 1) return cookToom(outputs, taps);
  const identity = [[[1, 1] as const]];
  return { outputs: 1, taps: 1, size: 1, points: [], output: identity, filter: identity, input: identity };
}

export function squareAxes(outputs: number, taps: number): WinogradAxes {
  const axis = winogradAxis(outputs, taps);
  return [axis, axis];
}

/** n above. */
export function winogradRoundings(channels: number, axes: WinogradAxes): number {
  return axes
    .filter(({ taps }) => taps > 1)
    .reduce((sum, { taps, size }) => sum + taps + 2 + 2 * (size + 2), channels + 2);
}

/**
 * γ_n V, with the oracle's own error beside it: it adds up C r_h r_w products and a bias in f64, and |g| |d| ≤ V. An f64 algorithm
 * rounds its result e-close to f32, which adds u₃₂ (|exact| + e). The activation is a contraction.
 */
export function winogradBound(call: Conv2dCall, axes: WinogradAxes, precision: 'f32' | 'f64'): BoundedResult {
  const [, channels = 0, kernelHeight = 0, kernelWidth = 0] = call.weight.shape;
  const algorithm = gamma(winogradRoundings(channels, axes), unitRoundoff[precision]);
  const relative = algorithm + gamma(channels * kernelHeight * kernelWidth + 1, unitRoundoff.f64);
  const exact = activated(call);
  const bound = winogradMagnitude(magnitudes(call), axes).map((value, i) => {
    const before = relative * value;
    const stored = precision === 'f64' ? unitRoundoff.f32 * (Math.abs(exact[i] ?? 0) + before) : 0;
    return before + stored + underflow.f32;
  });
  return { exact, bound };
}

/** V above, tile by tile, by plain matrix products, for a call on magnitudes. */
export function winogradMagnitude(call: Conv2dCall, axes: WinogradAxes): Float64Array {
  const [, filters = 0, outputHeight = 0, outputWidth = 0] = call.output.shape;
  const [images = 0] = call.input.shape;
  const result = new Float64Array(images * filters * outputHeight * outputWidth);
  const [y, x] = axes;
  const kernels = transformedKernels(call, axes);
  eachIndex([images, Math.ceil(outputHeight / y.outputs), Math.ceil(outputWidth / x.outputs)], (tile) => {
    const [image = 0, tileY = 0, tileX = 0] = tile;
    const patches = transformedPatches(call, axes, tile);
    for (let o = 0; o < filters; o++) {
      const bias = call.bias === undefined ? 0 : element(call.bias, o);
      sandwich(absolute(y.output), sumOverChannels(call, kernels, patches, o), absolute(x.output)).forEach(
        (line, i) => {
          line.forEach((value, j) => {
            const row = tileY * y.outputs + i;
            const column = tileX * x.outputs + j;
            if (row >= outputHeight || column >= outputWidth) return;
            result[((image * filters + o) * outputHeight + row) * outputWidth + column] = value + bias;
          });
        },
      );
    }
  });
  return result;
}

type Matrix = readonly (readonly number[])[];

/** |G_h| |g| |G_w|ᵀ for each filter and channel. */
function transformedKernels({ weight }: Conv2dCall, [y, x]: WinogradAxes): Matrix[] {
  const [filters = 0, channels = 0] = weight.shape;
  return Array.from({ length: filters * channels }, (_, at) => {
    const kernel = matrix(y.taps, x.taps, (v, u) => weight.data[weight.offset + (at * y.taps + v) * x.taps + u] ?? NaN);
    return sandwich(absolute(y.filter), kernel, absolute(x.filter));
  });
}

/** |Bᵀ_h| |d| |B_w| for each channel of a tile, zeros around the input. */
function transformedPatches(call: Conv2dCall, [y, x]: WinogradAxes, tile: readonly number[]): Matrix[] {
  const { input, padding } = call;
  const [, channels = 0, height = 0, width = 0] = input.shape;
  const [image = 0, tileY = 0, tileX = 0] = tile;
  return Array.from({ length: channels }, (_, c) => {
    const plane = input.offset + (image * channels + c) * height * width;
    const patch = matrix(y.size, x.size, (i, j) => {
      const row = tileY * y.outputs + i - padding[0];
      const column = tileX * x.outputs + j - padding[1];
      const inside = row >= 0 && column >= 0 && row < height && column < width;
      return inside ? (input.data[plane + row * width + column] ?? NaN) : 0;
    });
    return sandwich(absolute(y.input), patch, absolute(x.input));
  });
}

function sumOverChannels(call: Conv2dCall, kernels: readonly Matrix[], patches: readonly Matrix[], o: number): Matrix {
  const [filters = 0, channels = 0] = call.weight.shape;
  const firstChannel = Math.floor(o / (filters / call.groups)) * channels;
  return matrix(patches[0]?.length ?? 0, patches[0]?.[0]?.length ?? 0, (i, j) => {
    let total = 0;
    for (let c = 0; c < channels; c++) {
      total += (kernels[o * channels + c]?.[i]?.[j] ?? NaN) * (patches[firstChannel + c]?.[i]?.[j] ?? NaN);
    }
    return total;
  });
}

function absolute(fractions: readonly (readonly Fraction[])[]): Matrix {
  return fractions.map((row) => row.map(([numerator, denominator]) => Math.abs(numerator / denominator)));
}

/** L S Rᵀ. */
function sandwich(left: Matrix, s: Matrix, right: Matrix): Matrix {
  const half = left.map((row) => (s[0] ?? []).map((_, x) => dot(row, (j) => s[j]?.[x] ?? NaN)));
  return half.map((row) => right.map((other) => dot(other, (j) => row[j] ?? NaN)));
}

function dot(row: readonly number[], at: (j: number) => number): number {
  return row.reduce((sum, value, j) => sum + value * at(j), 0);
}

function matrix(rows: number, columns: number, at: (y: number, x: number) => number): Matrix {
  return Array.from({ length: rows }, (_, y) => Array.from({ length: columns }, (__, x) => at(y, x)));
}

/** Calls `visit` for every index below `extents`, the last one running fastest. */
function eachIndex(extents: readonly number[], visit: (index: readonly number[]) => void, index: number[] = []): void {
  if (index.length === extents.length) {
    visit(index);
    return;
  }
  for (let i = 0; i < (extents[index.length] ?? 0); i++) eachIndex(extents, visit, [...index, i]);
}
