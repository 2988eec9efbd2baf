/** What the reference kernels refuse, before they write anything. */

import { DomainError, full, referenceKernels, ShapeError, tensorOf, zeros } from '@rankwise/tensor';
import type { Conv2dCall, MatmulCall, Pool2dCall, Tensor } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';

type Refusal<Call> = readonly [string, Partial<Call>, new (message: string) => Error, RegExp];

const shared = new Float32Array(64);
const sharedView = (shape: readonly number[], offset: number): Tensor<'f32'> => ({
  ...tensorOf(
    shared.subarray(
      0,
      shape.reduce((size, extent) => size * extent, 1),
    ),
    shape,
  ),
  data: shared,
  offset,
});

describe('matmul', () => {
  const call = (): MatmulCall => ({ a: zeros('f32', [2, 3]), b: zeros('f32', [3, 4]), out: full('f32', [2, 4], 7) });
  const refusals: readonly Refusal<MatmulCall>[] = [
    ['rank', { a: zeros('f32', [6]) }, ShapeError, /^matmul: a: expected 2 axes, got \[6\]$/],
    ['inner extents', { b: zeros('f32', [2, 4]) }, ShapeError, /^matmul: b: expected 3 rows/],
    ['output', { out: zeros('f32', [4, 2]) }, ShapeError, /^matmul: out: expected shape \[2, 4\], got \[4, 2\]$/],
    ['bias', { rowBias: zeros('f32', [4]) }, ShapeError, /^matmul: rowBias: expected shape \[2\]/],
    ['alpha', { alpha: NaN }, DomainError, /^matmul: alpha: expected a finite number, got NaN$/],
    // @ts-expect-error -- what a caller without types may pass
    ['constant', { constant: 'c' }, DomainError, /^matmul: constant: expected 'a' or 'b', got c$/],
    ['beta', { beta: Infinity }, DomainError, /^matmul: beta: expected a finite number, got Infinity$/],
    [
      'overlap',
      { a: sharedView([2, 3], 4), out: sharedView([2, 4], 9) },
      ShapeError,
      /^matmul: out: expected memory of its own, got a tensor that overlaps a$/,
    ],
  ];
  it.each(refusals)('refuses a wrong %s', (_, change, kind, message) => {
    const wrong = { ...call(), ...change };
    const before = wrong.out.data.slice();
    expect(() => referenceKernels.matmul(wrong)).toThrow(kind);
    expect(() => referenceKernels.matmul(wrong)).toThrow(message);
    expect(wrong.out.data).toEqual(before);
  });

  it('takes views that share a buffer side by side', () => {
    referenceKernels.matmul({ a: sharedView([2, 3], 4), b: zeros('f32', [3, 4]), out: sharedView([2, 4], 10) });
  });
});

describe('conv2d', () => {
  const call = (): Conv2dCall => ({
    input: zeros('f32', [1, 4, 5, 5]),
    weight: zeros('f32', [6, 4, 3, 3]),
    output: full('f32', [1, 6, 3, 3], 7),
    stride: [1, 1],
    padding: [0, 0, 0, 0],
    dilation: [1, 1],
    groups: 1,
  });
  const transposed: Tensor<'f32'> = { ...zeros('f32', [1, 4, 5, 5]), strides: [100, 25, 1, 5] };
  const refusals: readonly Refusal<Conv2dCall>[] = [
    ['rank', { input: zeros('f32', [4, 5, 5]) }, ShapeError, /^conv2d: input: expected 4 axes/],
    ['channels', { weight: zeros('f32', [6, 3, 3, 3]) }, ShapeError, /^conv2d: weight: expected 4 input channels/],
    ['groups', { groups: 4, weight: zeros('f32', [6, 1, 3, 3]) }, ShapeError, /divide into 4 groups, got 6$/],
    ['kernel', { weight: zeros('f32', [6, 4, 0, 3]) }, ShapeError, /^conv2d: weight: expected a kernel of 1 or more/],
    ['output', { padding: [1, 0, 0, 0] }, ShapeError, /^conv2d: output: expected shape \[1, 6, 4, 3\]/],
    ['bias', { bias: zeros('f32', [4]) }, ShapeError, /^conv2d: bias: expected shape \[6\]/],
    ['layout', { input: transposed }, ShapeError, /^conv2d: input: expected contiguous strides/],
    ['stride', { stride: [0, 1] }, DomainError, /^conv2d: stride: expected integers of at least 1, got 0, 1$/],
    ['padding', { padding: [0, -1, 0, 0] }, DomainError, /^conv2d: padding:/],
    ['dilation', { dilation: [1, 1.5] }, DomainError, /^conv2d: dilation:/],
    ['number of groups', { groups: 0 }, DomainError, /^conv2d: groups:/],
  ];
  it.each(refusals)('refuses a wrong %s', (_, change, kind, message) => {
    const wrong = { ...call(), ...change };
    expect(() => referenceKernels.conv2d(wrong)).toThrow(kind);
    expect(() => referenceKernels.conv2d(wrong)).toThrow(message);
    expect(wrong.output.data.every((value) => value === 7)).toBe(true);
  });

  it('refuses an output in the memory of an operand', () => {
    const input = sharedView([1, 1, 3, 3], 0);
    const overlapping = { ...call(), input, weight: zeros('f32', [1, 1, 1, 1]), output: sharedView([1, 1, 3, 3], 8) };
    expect(() => referenceKernels.conv2d(overlapping)).toThrow(/overlaps input$/);
  });
});

describe('pools and elementwise', () => {
  const call = (): Pool2dCall => ({
    input: zeros('f32', [1, 2, 4, 4]),
    output: zeros('f32', [1, 2, 2, 2]),
    kernel: [2, 2],
    stride: [2, 2],
    padding: [0, 0, 0, 0],
  });
  const refusals: readonly Refusal<Pool2dCall>[] = [
    ['channels', { output: zeros('f32', [1, 3, 2, 2]) }, ShapeError, /Pool2d: output: expected shape/],
    ['windows', { output: zeros('f32', [1, 2, 3, 2]) }, ShapeError, /expected every window to meet the input/],
    ['padding', { padding: [2, 0, 0, 0] }, ShapeError, /expected every window to meet the input/],
    ['kernel', { kernel: [0, 2] }, DomainError, /Pool2d: kernel: expected integers of at least 1/],
    ['stride', { stride: [2, 0] }, DomainError, /Pool2d: stride:/],
  ];
  it.each(refusals)('refuses a wrong %s', (_, change, kind, message) => {
    const wrong = { ...call(), ...change };
    for (const run of [
      () => referenceKernels.maxPool2d(wrong),
      () => referenceKernels.averagePool2d({ ...wrong, countPadding: true }),
    ]) {
      expect(run).toThrow(kind);
      expect(run).toThrow(message);
    }
  });

  it('refuses shapes that differ and outputs that overlap an input without being it', () => {
    const { relu, add } = referenceKernels;
    expect(() => relu(zeros('f32', [3]), zeros('f32', [4]))).toThrow(ShapeError);
    expect(() => relu(sharedView([3], 0), sharedView([3], 1))).toThrow(/^relu: output: expected memory of its own/);
    expect(() => add(zeros('f32', [3]), zeros('f32', [2]), zeros('f32', [3]))).toThrow(/^add: b: expected shape \[3\]/);
    relu(sharedView([3], 5), sharedView([3], 5));
  });
});
