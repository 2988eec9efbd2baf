/**
 * The checks every implementation of Kernels makes before it computes or writes anything.
 *
 * Each returns the extents it has read out of the shapes, so that a kernel needs no second look at them.
 */

import { DomainError, ShapeError } from '../errors.ts';
import type {
  AuxiliaryStepCall,
  AveragePool2dCall,
  Conv2dCall,
  ConvolutionGeometry,
  MatmulCall,
  Padding,
  Pair,
  Pool2dCall,
} from '../kernels.ts';
import { formatShape, sameShape, sizeOf } from '../shape.ts';
import { isContiguous, tensorOf } from '../tensor.ts';
import type { Tensor } from '../tensor.ts';

export interface MatmulExtents {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** Extents of a convolution; channels and filters are per group. */
export interface Conv2dExtents {
  readonly images: number;
  readonly groups: number;
  readonly channels: number;
  readonly filters: number;
  readonly height: number;
  readonly width: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly outputHeight: number;
  readonly outputWidth: number;
}

export interface Pool2dExtents {
  readonly planes: number;
  readonly height: number;
  readonly width: number;
  readonly outputHeight: number;
  readonly outputWidth: number;
}

/**
 * Extents of a product.
 * @throws ShapeError when the shapes do not fit together or `out` overlaps an operand.
 * @throws DomainError when alpha or beta is not finite, or `constant` names no operand.
 * @example
 * import { checkMatmulCall, zeros } from '@rankwise/tensor';
 * const call = { a: zeros('f32', [2, 3]), b: zeros('f32', [3, 4]), out: zeros('f32', [2, 4]) };
 * checkMatmulCall(call) // => { m: 2, n: 4, k: 3 }
 */
export function checkMatmulCall({ a, b, out, rowBias, alpha = 1, beta = 0, constant }: MatmulCall): MatmulExtents {
  expectRank('matmul', 'a', a, 2);
  expectRank('matmul', 'b', b, 2);
  const [m = 0, k = 0] = a.shape;
  const [rows = 0, n = 0] = b.shape;
  if (rows !== k) throw new ShapeError(`matmul: b: expected ${k} rows as a has columns, got ${formatShape(b.shape)}`);
  expectShape('matmul', 'out', out, [m, n]);
  if (rowBias !== undefined) expectShape('matmul', 'rowBias', rowBias, [m]);
  for (const [name, value] of Object.entries({ alpha, beta })) {
    if (!Number.isFinite(value)) throw new DomainError(`matmul: ${name}: expected a finite number, got ${value}`);
  }
  if (constant !== undefined && constant !== 'a' && constant !== 'b') {
    throw new DomainError(`matmul: constant: expected 'a' or 'b', got ${String(constant)}`);
  }
  expectApart('matmul', 'out', out, { a, b, rowBias });
  return { m, n, k };
}

/**
 * Extents of a convolution.
 * @throws ShapeError when shapes do not fit together, a tensor is not contiguous or `output` overlaps an operand.
 * @throws DomainError when stride, dilation or groups is not a positive integer, or padding not a non-negative one.
 * @example
 * import { checkConv2dCall, zeros } from '@rankwise/tensor';
 * const geometry = { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 2 } as const;
 * const input = zeros('f32', [1, 4, 5, 5]);
 * const extents = checkConv2dCall({ input, weight: zeros('f32', [6, 2, 3, 3]), output: zeros('f32', [1, 6, 3, 3]), ...geometry });
 * [extents.channels, extents.filters, extents.outputHeight] // => [2, 3, 3]
 */
export function checkConv2dCall(call: Conv2dCall): Conv2dExtents {
  const { input, weight, bias, output, groups } = call;
  expectRank('conv2d', 'input', input, 4);
  expectRank('conv2d', 'weight', weight, 4);
  expectGeometry(call);
  const [images = 0, allChannels = 0, height = 0, width = 0] = input.shape;
  const [allFilters = 0, channels = 0, kernelHeight = 0, kernelWidth = 0] = weight.shape;
  if (channels * groups !== allChannels) {
    throw new ShapeError(
      `conv2d: weight: expected ${allChannels} input channels / ${groups} groups, got ${formatShape(weight.shape)}`,
    );
  }
  if (allFilters % groups !== 0) {
    throw new ShapeError(`conv2d: weight: expected filters that divide into ${groups} groups, got ${allFilters}`);
  }
  if (kernelHeight < 1 || kernelWidth < 1) {
    throw new ShapeError(`conv2d: weight: expected a kernel of 1 or more, got ${formatShape(weight.shape)}`);
  }
  const [outputHeight, outputWidth] = convolvedExtent(call, [height, width], [kernelHeight, kernelWidth]);
  expectShape('conv2d', 'output', output, [images, allFilters, outputHeight, outputWidth]);
  if (bias !== undefined) expectShape('conv2d', 'bias', bias, [allFilters]);
  expectContiguous('conv2d', { input, weight, output });
  expectApart('conv2d', 'output', output, { input, weight, bias });
  const filters = allFilters / groups;
  return { images, groups, channels, filters, height, width, kernelHeight, kernelWidth, outputHeight, outputWidth };
}

/**
 * Height and width of a convolution's output: floor((extent + padding − dilation (kernel − 1) − 1) / stride) + 1, at least 0.
 * @example
 * import { convolvedExtent } from '@rankwise/tensor';
 * convolvedExtent({ stride: [2, 1], padding: [1, 1, 1, 1], dilation: [1, 1] }, [7, 7], [3, 3]) // => [4, 7]
 */
export function convolvedExtent(geometry: Omit<ConvolutionGeometry, 'groups'>, input: Pair, kernel: Pair): Pair {
  const { stride, padding, dilation } = geometry;
  const along = (axis: 0 | 1): number => {
    const room = input[axis] + padding[axis] + padding[axis === 0 ? 2 : 3] - dilation[axis] * (kernel[axis] - 1) - 1;
    return Math.max(0, Math.floor(room / stride[axis]) + 1);
  };
  return [along(0), along(1)];
}

/**
 * Extents of a pooling call. The output's extents are free as long as each window meets the input.
 * @throws ShapeError when shapes do not fit together, a tensor is not contiguous or `output` overlaps `input`.
 * @throws DomainError when kernel or stride is not a positive integer, or padding not a non-negative one.
 * @example
 * import { checkPool2dCall, zeros } from '@rankwise/tensor';
 * const call = { input: zeros('f32', [2, 3, 5, 5]), output: zeros('f32', [2, 3, 3, 3]) };
 * checkPool2dCall('maxPool2d', { ...call, kernel: [2, 2], stride: [2, 2], padding: [0, 0, 0, 0] }).planes // => 6
 */
export function checkPool2dCall(caller: string, call: Pool2dCall | AveragePool2dCall): Pool2dExtents {
  const { input, output, kernel, stride, padding } = call;
  expectRank(caller, 'input', input, 4);
  expectRank(caller, 'output', output, 4);
  expectIntegers(caller, 'kernel', kernel, 1);
  expectIntegers(caller, 'stride', stride, 1);
  expectIntegers(caller, 'padding', padding, 0);
  const [images = 0, channels = 0, height = 0, width = 0] = input.shape;
  const [, , outputHeight = 0, outputWidth = 0] = output.shape;
  expectShape(caller, 'output', output, [images, channels, outputHeight, outputWidth]);
  expectWindows(caller, [outputHeight, outputWidth], [height, width], call);
  expectContiguous(caller, { input, output });
  expectApart(caller, 'output', output, { input });
  return { planes: images * channels, height, width, outputHeight, outputWidth };
}

/**
 * Number of elements of an elementwise call.
 * @throws ShapeError when shapes differ, a tensor is not contiguous, or `output` overlaps an input without being it.
 * @example
 * import { checkElementwise, zeros } from '@rankwise/tensor';
 * const x = zeros('f32', [2, 3]);
 * checkElementwise('relu', { input: x }, x) // => 6
 */
export function checkElementwise(caller: string, inputs: Record<string, Tensor>, output: Tensor): number {
  for (const [name, input] of Object.entries(inputs)) {
    expectShape(caller, name, input, output.shape);
    const same = input.data.buffer === output.data.buffer && firstByte(input) === firstByte(output);
    if (!same) expectApart(caller, 'output', output, { [name]: input });
  }
  expectContiguous(caller, { ...inputs, output });
  return sizeOf(output.shape);
}

/**
 * Extents of an auxiliary step.
 * @throws ShapeError when shapes do not fit together, a tensor is not contiguous, or what is written overlaps what is read.
 * @throws DomainError when lambda is not positive and finite.
 * @example
 * import { checkAuxiliaryStepCall, zeros } from '@rankwise/tensor';
 * const columns = () => new Float64Array(3);
 * checkAuxiliaryStepCall({
 *   nonlinearity: 'relu', target: zeros('f32', [2, 3]), predicted: zeros('f64', [2, 3]), lambda: 1,
 *   offset: columns(), auxiliarySum: columns(), shiftSum: columns(),
 * }) // => { rows: 2, width: 3 }
 */
export function checkAuxiliaryStepCall(call: AuxiliaryStepCall): { readonly rows: number; readonly width: number } {
  const caller = 'auxiliaryStepInPlace';
  const { target, predicted, lambda } = call;
  expectRank(caller, 'target', target, 2);
  expectShape(caller, 'predicted', predicted, target.shape);
  const [rows = 0, width = 0] = target.shape;
  const column = (name: 'offset' | 'auxiliarySum' | 'shiftSum'): Tensor<'f64'> => {
    const tensor = tensorOf(call[name], [call[name].length]);
    expectShape(caller, name, tensor, [width]);
    return tensor;
  };
  const offset = column('offset');
  const auxiliarySum = column('auxiliarySum');
  const shiftSum = column('shiftSum');
  if (!(lambda > 0 && lambda < Infinity)) {
    throw new DomainError(`${caller}: lambda: expected a positive finite number, got ${lambda}`);
  }
  expectContiguous(caller, { target, predicted });
  expectApart(caller, 'predicted', predicted, { target, offset, auxiliarySum, shiftSum });
  expectApart(caller, 'auxiliarySum', auxiliarySum, { target, offset, shiftSum });
  expectApart(caller, 'shiftSum', shiftSum, { target, offset });
  return { rows, width };
}

function expectGeometry({ stride, padding, dilation, groups }: ConvolutionGeometry): void {
  expectIntegers('conv2d', 'stride', stride, 1);
  expectIntegers('conv2d', 'dilation', dilation, 1);
  expectIntegers('conv2d', 'padding', padding, 0);
  expectIntegers('conv2d', 'groups', [groups], 1);
}

function expectIntegers(caller: string, name: string, values: Pair | Padding | readonly number[], least: number): void {
  for (const value of values) {
    if (!Number.isSafeInteger(value) || value < least) {
      throw new DomainError(`${caller}: ${name}: expected integers of at least ${least}, got ${values.join(', ')}`);
    }
  }
}

function expectWindows(caller: string, output: Pair, input: Pair, { kernel, stride, padding }: Pool2dCall): void {
  for (const axis of [0, 1] as const) {
    if (output[axis] === 0) continue;
    const lastStart = (output[axis] - 1) * stride[axis] - padding[axis];
    if (kernel[axis] <= padding[axis] || lastStart >= input[axis]) {
      throw new ShapeError(
        `${caller}: output: expected every window to meet the input ${formatShape(input)}, got ${formatShape(output)}`,
      );
    }
  }
}

function expectRank(caller: string, name: string, tensor: Tensor, rank: number): void {
  if (tensor.shape.length !== rank) {
    throw new ShapeError(`${caller}: ${name}: expected ${rank} axes, got ${formatShape(tensor.shape)}`);
  }
}

function expectShape(caller: string, name: string, tensor: Tensor, shape: readonly number[]): void {
  if (!sameShape(tensor.shape, shape)) {
    throw new ShapeError(`${caller}: ${name}: expected shape ${formatShape(shape)}, got ${formatShape(tensor.shape)}`);
  }
}

function expectContiguous(caller: string, tensors: Record<string, Tensor>): void {
  for (const [name, tensor] of Object.entries(tensors)) {
    if (!isContiguous(tensor)) {
      throw new ShapeError(`${caller}: ${name}: expected contiguous strides, got ${formatShape(tensor.strides)}`);
    }
  }
}

/** Views that interleave in one range count as overlapping: telling them apart is not worth a number-theoretic test. */
function expectApart(caller: string, name: string, out: Tensor, inputs: Record<string, Tensor | undefined>): void {
  const [outFirst, outEnd] = byteRange(out);
  for (const [other, input] of Object.entries(inputs)) {
    if (input === undefined || input.data.buffer !== out.data.buffer) continue;
    const [first, end] = byteRange(input);
    if (first < outEnd && outFirst < end) {
      throw new ShapeError(`${caller}: ${name}: expected memory of its own, got a tensor that overlaps ${other}`);
    }
  }
}

function firstByte({ data, offset }: Tensor): number {
  return data.byteOffset + offset * data.BYTES_PER_ELEMENT;
}

/** First byte and one past the last byte that the view can touch. */
function byteRange(tensor: Tensor): readonly [number, number] {
  const { shape, strides, data } = tensor;
  const start = firstByte(tensor);
  if (sizeOf(shape) === 0) return [start, start];
  let low = 0;
  let high = 0;
  shape.forEach((extent, axis) => {
    const reach = (extent - 1) * (strides[axis] ?? 0);
    if (reach < 0) low += reach;
    else high += reach;
  });
  return [start + low * data.BYTES_PER_ELEMENT, start + (high + 1) * data.BYTES_PER_ELEMENT];
}
