/** relu and add of the emitted kernels against the reference. */

import fc from 'fast-check';
import { full, referenceKernels, ShapeError, tensorOf } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import { createSimdKernels } from '../../packages/simd/src/run/simdKernels.ts';
import { afterAll, describe, expect, it } from 'vitest';
import { runs } from '../kit/runs.ts';
import { expectSameElements } from '../kit/sameElements.ts';
import { seeded } from '../kit/seededTensors.ts';

const kernels = await createSimdKernels();
afterAll(() => kernels.dispose());

const rogue = 12345;

/** Around what is left to the plain loop (512), a block (1024), a turn of the loop (16), a window (16384). */
const sizes: readonly number[] = [0, 1, 511, 512, 513, 515, 1023, 1024, 1025, 1040, 16_383, 16_384, 16_385, 40_003];

const specials = [0, -0, NaN, Infinity, -Infinity, -1, 1e-45, -1e-45, 3e38, -3e38];

function operand(size: number, seed: number): Tensor<'f32'> {
  const tensor = seeded('f32', [size], seed, { offset: seed % 4 });
  for (let i = 0; i < tensor.data.length; i += 3) tensor.data[i] = specials[(i + seed) % specials.length]!;
  return tensor;
}

/** Between two rogue values. */
function outputOf(size: number): Tensor<'f32'> {
  return { ...full('f32', [size], rogue), data: new Float32Array(size + 2).fill(rogue), offset: 1 };
}

function expectRelu(size: number, seed: number): void {
  const ours = outputOf(size);
  const theirs = outputOf(size);
  const input = operand(size, seed);
  const before = input.data.slice();
  kernels.relu(input, ours);
  referenceKernels.relu(input, theirs);
  expectSameElements(ours.data, theirs.data);
  expectSameElements(input.data, before);
  kernels.relu(input, input);
  expectSameElements(input.data.subarray(input.offset), theirs.data.subarray(1, size + 1));
}

function expectAdd(size: number, seed: number): void {
  const a = operand(size, seed);
  const b = operand(size, seed + 1);
  const before = b.data.slice();
  const ours = outputOf(size);
  const theirs = outputOf(size);
  kernels.add(a, b, ours);
  referenceKernels.add(a, b, theirs);
  expectSameElements(ours.data, theirs.data);
  const sum = theirs.data.subarray(1, size + 1);
  kernels.add(a, b, a);
  expectSameElements(a.data.subarray(a.offset), sum);
  expectSameElements(b.data, before);
  const other = operand(size, seed);
  kernels.add(other, b, b);
  expectSameElements(b.data.subarray(b.offset), sum);
}

describe('relu and add', () => {
  it('by hand, with both zeros, infinities and NaN', () => {
    const pattern = [-2, -0, 0, 3, NaN, -Infinity, Infinity, 1e-45];
    const x = tensorOf(
      Float32Array.from({ length: 4096 }, (_, i) => pattern[i % 8]!),
      [4, 1024],
    );
    const y = full('f32', [4, 1024], rogue);
    kernels.relu(x, y);
    expect([...y.data.subarray(4088)]).toEqual([0, 0, 0, 3, NaN, 0, Infinity, Math.fround(1e-45)]);
    kernels.add(x, full('f32', [4, 1024], 1), y);
    expect([...y.data.subarray(4088)]).toEqual([-1, 1, 1, 4, NaN, -Infinity, Infinity, 1]);
    kernels.add(x, x, y);
    expect([...y.data.subarray(4088, 4090)]).toEqual([-4, -0]);
  });

  it.each(sizes)('%i elements', (size) => {
    expectRelu(size, size);
    expectAdd(size, size);
  });

  it('agree with the reference at any size and offset', () => {
    fc.assert(
      fc.property(fc.integer({ min: 400, max: 3000 }), fc.nat(1e6), (size, seed) => {
        expectRelu(size, seed);
        expectAdd(size, seed);
      }),
      { numRuns: runs(50) },
    );
  });

  it('refuse an output that overlaps an input without being it, other shapes and strides', () => {
    const data = new Float32Array(5000);
    const at = (offset: number): Tensor<'f32'> => ({ ...full('f32', [4096], 0), data, offset });
    expect(() => kernels.relu(at(0), at(1))).toThrow(/^relu: output: expected memory of its own/);
    expect(() => kernels.add(at(0), at(0), at(1))).toThrow(/^add: output: expected memory of its own/);
    expect(() => kernels.relu(full('f32', [4096], 1), full('f32', [64, 64], 1))).toThrow(ShapeError);
    const turned = { ...full('f32', [64, 64], 1), strides: [1, 64] };
    expect(() => kernels.relu(turned, full('f32', [64, 64], 1))).toThrow(ShapeError);
    expect(data.every((value) => value === 0)).toBe(true);
  });
});
