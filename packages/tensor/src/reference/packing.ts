/**
 * Operands as offset tables, and their panels.
 *
 * Element (lane, t) of an operand is data[base + lanes[lane] + depths[t]], where a lane is a row of A or a column of B and
 * t runs over the summed dimension. Strided and transposed matrices are of this form, and so is the patch matrix of a
 * convolution (lane = output position, t = kernel tap), which therefore never exists in memory as a whole.
 *
 *   panel q = [depth][3], element (t, l) = operand(3 q + l, t)
 *
 * A last panel that is not full repeats its last lane; those products are computed and not stored. The depth is padded
 * with zeros to an even number of at least 2. f32 becomes f64 here and nowhere else.
 */

import { panelWidth } from './microKernel.ts';

export interface Operand {
  readonly data: Float32Array | Float64Array;
  readonly base: number;
  /** Offset of each lane. The sums base + lane + depth stay below 2^31. */
  readonly lanes: Int32Array;
  /** Offset of each step along the summed dimension. */
  readonly depths: Int32Array;
}

/** Depth of a panel that holds `depth` steps. */
export function paddedDepth(depth: number): number {
  return Math.max(2, depth + (depth % 2));
}

/** Number of panels that hold `lanes` lanes. */
export function panelCount(lanes: number): number {
  return Math.ceil(lanes / panelWidth);
}

/** Offsets 0, stride, 2 stride, … */
export function strideTable(count: number, stride: number): Int32Array {
  const table = new Int32Array(count);
  for (let i = 0; i < count; i++) table[i] = i * stride;
  return table;
}

/** Writes the panels of lanes first … first + count − 1 to `target` from its start on. */
export function packPanels(operand: Operand, first: number, count: number, target: Float64Array): void {
  const { data, base, lanes, depths } = operand;
  if (data instanceof Float32Array) packF32(data, base, lanes, depths, first, count, target);
  else packF64(data, base, lanes, depths, first, count, target);
}

// The two functions below differ in the type of `data` only. V8 keeps type feedback per function text, so one function for
// both would load through a check of the kind for each element.

function packF32(
  data: Float32Array,
  base: number,
  lanes: Int32Array,
  depths: Int32Array,
  first: number,
  count: number,
  target: Float64Array,
): void {
  const depth = depths.length;
  const last = first + count - 1;
  const padding = (paddedDepth(depth) - depth) * panelWidth;
  let next = 0;
  for (let lane = first; lane <= last; lane += panelWidth) {
    const lane0 = base + lanes[lane]!;
    const lane1 = base + lanes[Math.min(lane + 1, last)]!;
    const lane2 = base + lanes[Math.min(lane + 2, last)]!;
    for (let t = 0; t < depth; t++) {
      const step = depths[t]!;
      const to = next & 0x3fffffff;
      target[to] = data[(lane0 + step) >>> 0]!;
      target[to + 1] = data[(lane1 + step) >>> 0]!;
      target[to + 2] = data[(lane2 + step) >>> 0]!;
      next = to + 3;
    }
    if (padding > 0) target.fill(0, next, next + padding);
    next += padding;
  }
}

function packF64(
  data: Float64Array,
  base: number,
  lanes: Int32Array,
  depths: Int32Array,
  first: number,
  count: number,
  target: Float64Array,
): void {
  const depth = depths.length;
  const last = first + count - 1;
  const padding = (paddedDepth(depth) - depth) * panelWidth;
  let next = 0;
  for (let lane = first; lane <= last; lane += panelWidth) {
    const lane0 = base + lanes[lane]!;
    const lane1 = base + lanes[Math.min(lane + 1, last)]!;
    const lane2 = base + lanes[Math.min(lane + 2, last)]!;
    for (let t = 0; t < depth; t++) {
      const step = depths[t]!;
      const to = next & 0x3fffffff;
      target[to] = data[(lane0 + step) >>> 0]!;
      target[to + 1] = data[(lane1 + step) >>> 0]!;
      target[to + 2] = data[(lane2 + step) >>> 0]!;
      next = to + 3;
    }
    if (padding > 0) target.fill(0, next, next + padding);
    next += padding;
  }
}
