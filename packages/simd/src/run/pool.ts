/**
 * Pools on a window of planes at a time. See Kernels.maxPool2d and emit/pool.ts.
 *
 * A window goes into the linear memory and its outputs come back while both are in the second-level cache.
 */

import { checkPool2dCall, referenceKernels } from '@rankwise/tensor';
import type { AveragePool2dCall, Pool2dCall, Pool2dExtents } from '@rankwise/tensor';
import { slackBytes } from '../emit/lanes.ts';
import { averagePoolTask, lineBytes, maxPoolTask } from '../emit/pool.ts';
import type { PoolTask } from '../emit/pool.ts';
import type { TaskValues } from '../emit/task.ts';
import type { Machine } from './machine.ts';
import { withScratch } from './machine.ts';
import { windowBytes } from './window.ts';

/** Below this many input elements the plain loop is done before the parameters are written. */
const leastElements = 2048;
/** Longest line: above, the kernel or the padding is no pool of any network, and the plain loop does it. */
const mostLineBytes = 2 ** 20;

/** The divisors of an average as row and column factors. */
interface Counts {
  readonly rows: Float32Array;
  readonly columns: Float32Array;
}

export function maxPool2d(machine: Machine, call: Pool2dCall): void {
  const extents = checkPool2dCall('maxPool2d', call);
  if (worthwhile(call, extents)) pool(machine, maxPoolTask, call, extents, undefined);
  else referenceKernels.maxPool2d(call);
}

export function averagePool2d(machine: Machine, call: AveragePool2dCall): void {
  const extents = checkPool2dCall('averagePool2d', call);
  if (!worthwhile(call, extents)) {
    referenceKernels.averagePool2d(call);
    return;
  }
  const { height, width, outputHeight, outputWidth } = extents;
  pool(machine, averagePoolTask, call, extents, {
    rows: countsAlong(call, 0, height, outputHeight),
    columns: countsAlong(call, 1, width, outputWidth),
  });
}

function worthwhile(call: Pool2dCall, extents: Pool2dExtents): boolean {
  const { planes, height, width, outputHeight, outputWidth } = extents;
  const empty = planes * outputHeight * outputWidth === 0;
  return !empty && planes * height * width >= leastElements && lineBytesOf(call, extents) <= mostLineBytes;
}

function pool(
  machine: Machine,
  task: PoolTask,
  call: Pool2dCall,
  extents: Pool2dExtents,
  counts: Counts | undefined,
): void {
  const { planes, height, width, outputHeight, outputWidth } = extents;
  const { input, output, kernel, stride, padding } = call;
  const { heap, runner } = machine;
  const planeSize = height * width;
  const outputSize = outputHeight * outputWidth;
  const planesAtOnce = Math.min(planes, runner.threads * Math.ceil(windowBytes / (4 * planeSize)));
  const line = lineBytesOf(call, extents);
  const resident = residentPlaces(machine, call);
  withScratch(machine, (allocate) => {
    const fields = {
      ...extents,
      input: resident?.input ?? allocate(4 * planesAtOnce * planeSize + slackBytes),
      output: resident?.output ?? allocate(4 * planesAtOnce * outputSize),
      kernelHeight: Math.min(kernel[0], padding[0] + height),
      kernelWidth: clippedKernel(call, width),
      strideY: stride[0],
      strideX: stride[1],
      top: padding[0],
      left: padding[1],
      lines: allocate(runner.threads * line),
      lineBytes: line,
      rowCounts: allocate(4 * outputHeight),
      // A vector is loaded even where a row has fewer outputs.
      columnCounts: allocate(4 * outputWidth + 16),
    };
    const { f32 } = heap;
    if (counts !== undefined) {
      f32.set(counts.rows, fields.rowCounts / 4);
      f32.set(counts.columns, fields.columnCounts / 4);
    }
    if (resident !== undefined) return runner.run(task, fields, planes, planes * workOf(call, extents));
    for (let from = 0; from < planes; from += planesAtOnce) {
      const count = Math.min(planesAtOnce, planes - from);
      const start = input.offset + from * planeSize;
      f32.set(input.data.subarray(start, start + count * planeSize), fields.input / 4);
      runner.run(task, fields, count, count * workOf(call, extents));
      const result = fields.output / 4;
      output.data.set(f32.subarray(result, result + count * outputSize), output.offset + from * outputSize);
    }
  });
}

/** Addresses of input and output when both lie in the linear memory: then nothing is copied. */
function residentPlaces(
  { workspace }: Machine,
  call: Pool2dCall,
): Pick<TaskValues<PoolTask['fields']>, 'input' | 'output'> | undefined {
  const input = workspace?.addressOf(call.input);
  const output = workspace?.addressOf(call.output);
  return input === undefined || output === undefined ? undefined : { input, output };
}

/** Vector instructions of a plane, roughly: a load and a combination down, up to eight instructions for each tap across. */
function workOf({ kernel }: Pool2dCall, { outputHeight, outputWidth, width }: Pool2dExtents): number {
  return (outputHeight * (2 * kernel[0] * width + 8 * kernel[1] * outputWidth)) / 4;
}

function lineBytesOf(call: Pool2dCall, { width, outputWidth }: Pool2dExtents): number {
  return lineBytes(call.padding[1], width, outputWidth, call.stride[1], clippedKernel(call, width));
}

/** The part of a kernel that can meet the input: windows begin at −padding or later. */
function clippedKernel({ kernel, padding }: Pool2dCall, width: number): number {
  return Math.min(kernel[1], padding[1] + width);
}

/** Elements of each window along an axis that count for the mean. */
function countsAlong(
  { kernel, stride, padding, countPadding }: AveragePool2dCall,
  axis: 0 | 1,
  extent: number,
  outputs: number,
): Float32Array {
  const before = padding[axis];
  const after = padding[axis === 0 ? 2 : 3];
  return Float32Array.from({ length: outputs }, (_, i) => {
    const start = i * stride[axis] - before;
    const end = start + kernel[axis];
    return countPadding ? Math.min(extent + after, end) - start : Math.min(extent, end) - Math.max(0, start);
  });
}
