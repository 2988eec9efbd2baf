/**
 * Cross-correlation with zero padding, as the definition reads:
 *
 *   out[i, o, y, x] = bias[o] + Σ_{c, v, u} weight[o, c, v, u] · input[i, c', y s_y + v d_y − p_top, x s_x + u d_x − p_left]
 *
 * with c' = c plus the first channel of o's group, stride s, dilation d, padding p, and 0 outside the input. Sums run over
 * (c, v, u) in ascending order in f64 and are rounded once to f32. This is the oracle of every other convolution here.
 */

import type { Conv2dCall } from '../kernels.ts';
import { checkConv2dCall } from './checkCalls.ts';
import type { Conv2dExtents } from './checkCalls.ts';

/**
 * The convolution by nested loops.
 * @param call - input [images, channels, h, w], weight [filters, channels / groups, kh, kw], bias [filters]
 * @throws ShapeError when the shapes do not fit, a tensor is not contiguous or output overlaps an operand.
 * @throws DomainError when stride, dilation or groups is below 1, or padding below 0.
 * @example
 * import { conv2dDirect, full, toNested, zeros } from '@rankwise/tensor';
 * const output = zeros('f32', [1, 1, 2, 2]);
 * const geometry = { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1 } as const;
 * conv2dDirect({ input: full('f32', [1, 2, 3, 3], 1), weight: full('f32', [1, 2, 2, 2], 3), output, ...geometry });
 * toNested(output) // => [[[[24, 24], [24, 24]]]]
 */
export function conv2dDirect(call: Conv2dCall): void {
  const extents = checkConv2dCall(call);
  const { images, groups, filters, outputHeight, outputWidth } = extents;
  const { bias, output, activation = 'none' } = call;
  let next = output.offset;
  for (let image = 0; image < images; image++) {
    for (let filter = 0; filter < groups * filters; filter++) {
      const start = bias === undefined ? 0 : bias.data[bias.offset + filter * (bias.strides[0] ?? 0)]!;
      for (let y = 0; y < outputHeight; y++) {
        for (let x = 0; x < outputWidth; x++) {
          const value = correlationAt(call, extents, image, filter, y, x) + start;
          output.data[next++] = activation === 'relu' && value <= 0 ? 0 : value;
        }
      }
    }
  }
}

/** The sum over (c, v, u) at one output position. */
function correlationAt(
  { input, weight, stride, padding, dilation }: Conv2dCall,
  { groups, channels, filters, height, width, kernelHeight, kernelWidth }: Conv2dExtents,
  image: number,
  filter: number,
  y: number,
  x: number,
): number {
  const firstPlane = image * groups * channels + Math.floor(filter / filters) * channels;
  let sum = 0;
  let tap = weight.offset + filter * channels * kernelHeight * kernelWidth;
  for (let c = 0; c < channels; c++) {
    for (let v = 0; v < kernelHeight; v++) {
      const row = y * stride[0] + v * dilation[0] - padding[0];
      for (let u = 0; u < kernelWidth; u++, tap++) {
        const column = x * stride[1] + u * dilation[1] - padding[1];
        if (row < 0 || row >= height || column < 0 || column >= width) continue;
        const source = input.offset + ((firstPlane + c) * height + row) * width + column;
        sum += weight.data[tap]! * input.data[source]!;
      }
    }
  }
  return sum;
}
