/**
 * A second evaluation of models, one image at a time, written from the definitions alone: f64, nothing fused, nothing batched,
 * no code shared with the packages under test. Slow and plain.
 */

import type { Model, Node } from '@rankwise/nn';
import type { Tensor } from '@rankwise/tensor';

/** A value of one image; flat features have only the first axis (height and width 1, `flat`). */
export interface OracleValue {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly flat: boolean;
  /** (channel, y, x), outermost first. */
  readonly elements: readonly number[];
}

/** Every value of the model for one image, by name. */
export function evaluate(model: Model, image: readonly number[]): Map<string, OracleValue> {
  const [channels, height, width] = model.input.shape;
  const values = new Map<string, OracleValue>();
  values.set(model.input.name, { channels, height, width, flat: false, elements: [...image] });
  for (const node of model.nodes) {
    const inputs = node.inputs.map((name) => {
      const value = values.get(name);
      if (value === undefined) throw new Error(`oracle: no value ${name}`);
      return value;
    });
    values.set(node.name, apply(node, inputs, model.parameters));
  }
  return values;
}

/** Number of pooling windows on an axis, by walking along it. */
export function countWindows(
  extent: number,
  before: number,
  after: number,
  kernel: number,
  stride: number,
  ceil: boolean,
) {
  let count = 0;
  for (let start = -before; ; start += stride) {
    const fits = start + kernel <= extent + after;
    // With rounding up, one more window may hang over the edge if the one before left something and it starts inside.
    const leftOver = start - stride + kernel < extent + after && start < extent;
    if (!fits && !(ceil && leftOver)) return count;
    count++;
    if (!fits) return count;
  }
}

function apply(node: Node, inputs: readonly OracleValue[], parameters: Model['parameters']): OracleValue {
  const [x] = inputs;
  if (x === undefined) throw new Error('oracle: no input');
  switch (node.op) {
    case 'conv2d':
      return convolve(x, node, parameters);
    case 'linear': {
      const weight = elements(parameters[node.weight]);
      const bias = node.bias === undefined ? [] : elements(parameters[node.bias]);
      const outputs = parameters[node.weight]?.shape[0] ?? 0;
      return features(outputs, (o) => {
        return x.elements.reduce(
          (sum, value, i) => sum + value * (weight[o * x.elements.length + i] ?? NaN),
          bias[o] ?? 0,
        );
      });
    }
    case 'maxPool2d':
      return pool(x, node, (inside) => Math.max(...inside));
    case 'averagePool2d':
      return pool(x, node, (inside, padded) => {
        return inside.reduce((sum, value) => sum + value, 0) / (node.countPadding ? padded : inside.length);
      });
    case 'globalAveragePool':
      return map(x.channels, 1, 1, (c) => plane(x, c).reduce((sum, value) => sum + value, 0) / plane(x, c).length);
    case 'spatialPyramidPool':
      return pyramid(x, node.levels);
    case 'add':
      return {
        ...x,
        elements: x.elements.map((_, i) => inputs.reduce((sum, { elements: e }) => sum + (e[i] ?? NaN), 0)),
      };
    case 'concat':
      return {
        ...x,
        channels: inputs.reduce((sum, { channels }) => sum + channels, 0),
        elements: inputs.flatMap(({ elements: e }) => e),
      };
    case 'relu':
      return { ...x, elements: x.elements.map((value) => Math.max(value, 0)) };
    case 'leakyRelu':
      return { ...x, elements: x.elements.map((value) => (value < 0 ? node.slope * value : value)) };
    case 'prelu': {
      const slopes = elements(parameters[node.weight]);
      const area = x.height * x.width;
      const slopeAt = (i: number): number => slopes[Math.floor(i / area)] ?? NaN;
      return { ...x, elements: x.elements.map((value, i) => (value < 0 ? slopeAt(i) * value : value)) };
    }
    case 'clip': {
      const inside = (value: number): number => (value < node.low ? node.low : value > node.high ? node.high : value);
      return { ...x, elements: x.elements.map(inside) };
    }
    case 'sigmoid':
    case 'tanh':
    case 'gelu':
    case 'silu':
    case 'softplus':
      return { ...x, elements: x.elements.map(formulas[node.op]) };
    case 'softmax': {
      const total = x.elements.reduce((sum, value) => sum + Math.exp(value), 0);
      return { ...x, elements: x.elements.map((value) => Math.exp(value) / total) };
    }
    case 'flatten':
      return features(x.elements.length, (i) => x.elements[i] ?? NaN);
    case 'dropout':
      return x;
  }
}

/** As textbooks write them; good in absolute terms for inputs of ordinary size. */
const formulas = {
  sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
  tanh: (x: number) => 1 - 2 / (1 + Math.exp(2 * x)),
  gelu: (x: number) => x * normalShare(x),
  silu: (x: number) => x / (1 + Math.exp(-x)),
  softplus: (x: number) => Math.log(1 + Math.exp(x)),
} as const;

/** Φ(x) = 1/2 + φ(x) (x + x³/3 + x⁵/(3·5) + …), Abramowitz & Stegun 26.2.11. */
function normalShare(x: number): number {
  let term = x;
  let sum = x;
  for (let odd = 3; odd < 200; odd += 2) {
    term *= (x * x) / odd;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}

function convolve(x: OracleValue, node: Node & { op: 'conv2d' }, parameters: Model['parameters']): OracleValue {
  const weight = elements(parameters[node.weight]);
  const bias = node.bias === undefined ? [] : elements(parameters[node.bias]);
  const [filters = 0, perGroup = 0, kernelY = 0, kernelX = 0] = parameters[node.weight]?.shape ?? [];
  const [top, left, bottom, right] = node.padding;
  const spanY = (kernelY - 1) * node.dilation[0] + 1;
  const spanX = (kernelX - 1) * node.dilation[1] + 1;
  const outY = countWindows(x.height, top, bottom, spanY, node.stride[0], false);
  const outX = countWindows(x.width, left, right, spanX, node.stride[1], false);
  return map(filters, outY, outX, (f, y, column) => {
    const firstChannel = Math.floor(f / (filters / node.groups)) * perGroup;
    let sum = bias[f] ?? 0;
    for (let c = 0; c < perGroup; c++) {
      for (let i = 0; i < kernelY; i++) {
        for (let j = 0; j < kernelX; j++) {
          const row = y * node.stride[0] - top + i * node.dilation[0];
          const col = column * node.stride[1] - left + j * node.dilation[1];
          const w = weight[((f * perGroup + c) * kernelY + i) * kernelX + j] ?? NaN;
          sum += w * (at(x, firstChannel + c, row, col) ?? 0);
        }
      }
    }
    return sum;
  });
}

function pool(
  x: OracleValue,
  node: Node & { op: 'maxPool2d' | 'averagePool2d' },
  reduce: (inside: number[], padded: number) => number,
): OracleValue {
  const [top, left, bottom, right] = node.padding;
  const outY = countWindows(x.height, top, bottom, node.kernel[0], node.stride[0], node.ceil);
  const outX = countWindows(x.width, left, right, node.kernel[1], node.stride[1], node.ceil);
  return map(x.channels, outY, outX, (c, y, column) => {
    const inside: number[] = [];
    let padded = 0;
    for (let i = 0; i < node.kernel[0]; i++) {
      for (let j = 0; j < node.kernel[1]; j++) {
        const row = y * node.stride[0] - top + i;
        const col = column * node.stride[1] - left + j;
        if (row < x.height + bottom && col < x.width + right) padded++;
        const value = at(x, c, row, col);
        if (value !== undefined) inside.push(value);
      }
    }
    return reduce(inside, padded);
  });
}

function pyramid(x: OracleValue, levels: readonly number[]): OracleValue {
  const found: number[] = [];
  for (const n of levels) {
    for (let c = 0; c < x.channels; c++) {
      for (let y = 0; y < n; y++) {
        for (let column = 0; column < n; column++) {
          const rows = range(y * Math.floor(x.height / n), Math.ceil(x.height / n));
          const columns = range(column * Math.floor(x.width / n), Math.ceil(x.width / n));
          found.push(Math.max(...rows.flatMap((row) => columns.map((col) => at(x, c, row, col) ?? NaN))));
        }
      }
    }
  }
  return features(found.length, (i) => found[i] ?? NaN);
}

function elements(parameter: Tensor | undefined): number[] {
  return [...(parameter?.data ?? [])];
}

function at(x: OracleValue, channel: number, row: number, column: number): number | undefined {
  if (row < 0 || column < 0 || row >= x.height || column >= x.width) return undefined;
  return x.elements[(channel * x.height + row) * x.width + column];
}

function plane(x: OracleValue, channel: number): readonly number[] {
  return x.elements.slice(channel * x.height * x.width, (channel + 1) * x.height * x.width);
}

function map(
  channels: number,
  height: number,
  width: number,
  f: (c: number, y: number, x: number) => number,
): OracleValue {
  const found = range(0, channels).flatMap((c) =>
    range(0, height).flatMap((y) => range(0, width).map((x) => f(c, y, x))),
  );
  return { channels, height, width, flat: false, elements: found };
}

function features(count: number, f: (i: number) => number): OracleValue {
  return { channels: count, height: 1, width: 1, flat: true, elements: range(0, count).map(f) };
}

function range(start: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => start + i);
}
