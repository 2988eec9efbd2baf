/**
 * Max and average pooling over the windows
 *
 *   rows y s_y − p_top … + kernel height, columns x s_x − p_left … + kernel width,
 *
 * clipped at the input's edges. The output's extents say how many windows there are; the last may run past the far edge.
 */

import type { AveragePool2dCall, Pool2dCall } from '../kernels.ts';
import { checkPool2dCall } from './checkCalls.ts';

/** First and one-past-last input index of each window along one axis, and its length inside the padded input. */
interface Windows {
  readonly first: Int32Array;
  readonly end: Int32Array;
  readonly padded: Int32Array;
}

/** The greatest element of each window; NaN when it holds one. See Kernels.maxPool2d. */
export function maxPool2d(call: Pool2dCall): void {
  const { planes, height, width, outputHeight, outputWidth } = checkPool2dCall('maxPool2d', call);
  const rows = windows(call, 0, height, outputHeight);
  const columns = windows(call, 1, width, outputWidth);
  const source = call.input.data;
  const target = call.output.data;
  let next = call.output.offset;
  for (let plane = 0; plane < planes; plane++) {
    const base = call.input.offset + plane * height * width;
    for (let y = 0; y < outputHeight; y++) {
      const rowEnd = rows.end[y]!;
      for (let x = 0; x < outputWidth; x++) {
        const first = columns.first[x]!;
        const end = columns.end[x]!;
        let greatest = -Infinity;
        for (let row = rows.first[y]!; row < rowEnd; row++) {
          for (let at = base + row * width + first; at < base + row * width + end; at++) {
            greatest = Math.max(greatest, source[at]!);
          }
        }
        target[next++] = greatest;
      }
    }
  }
}

/** The mean of each window, summed in f64. See Kernels.averagePool2d. */
export function averagePool2d(call: AveragePool2dCall): void {
  const { planes, height, width, outputHeight, outputWidth } = checkPool2dCall('averagePool2d', call);
  const rows = windows(call, 0, height, outputHeight);
  const columns = windows(call, 1, width, outputWidth);
  const source = call.input.data;
  const target = call.output.data;
  let next = call.output.offset;
  for (let plane = 0; plane < planes; plane++) {
    const base = call.input.offset + plane * height * width;
    for (let y = 0; y < outputHeight; y++) {
      const rowFirst = rows.first[y]!;
      const rowEnd = rows.end[y]!;
      for (let x = 0; x < outputWidth; x++) {
        const first = columns.first[x]!;
        const end = columns.end[x]!;
        let sum = 0;
        for (let row = rowFirst; row < rowEnd; row++) {
          for (let at = base + row * width + first; at < base + row * width + end; at++) sum += source[at]!;
        }
        const inside = (rowEnd - rowFirst) * (end - first);
        target[next++] = sum / (call.countPadding ? rows.padded[y]! * columns.padded[x]! : inside);
      }
    }
  }
}

function windows({ kernel, stride, padding }: Pool2dCall, axis: 0 | 1, extent: number, count: number): Windows {
  const first = new Int32Array(count);
  const end = new Int32Array(count);
  const padded = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const start = i * stride[axis] - padding[axis];
    const stop = start + kernel[axis];
    first[i] = Math.max(0, start);
    end[i] = Math.min(extent, stop);
    padded[i] = Math.min(extent + padding[axis === 0 ? 2 : 3], stop) - start;
  }
  return { first, end, padded };
}
