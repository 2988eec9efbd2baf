/** Symmetric matrix times vector: the plain loops, and the emitted task on matrices inside and outside of the linear memory. */

import { fromNested, referenceKernels, slice, zeros } from '@rankwise/tensor';
import type { Kernels, SymmetricTimesVectorCall, Tensor } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectWithin, symmetricTimesVectorBound } from '../kit/kernelBounds.ts';
import { runs } from '../kit/runs.ts';
import { seeded } from '../kit/seededTensors.ts';
import { bothKernels } from './support.ts';

const rogue = 12345;

/** Copies a matrix with rows `stride` apart, its upper triangle poisoned, to the kernels' workspace if they have one. */
function poisoned(kernels: Kernels, n: number, stride: number, seed: number): Tensor<'f64'> {
  const whole = kernels.workspace?.borrow('f64', [n, stride]) ?? zeros('f64', [n, stride]);
  whole.data.fill(NaN);
  const values = seeded('f64', [n, n], seed);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) whole.data[i * stride + j] = values.data[values.offset + i * n + j]!;
  }
  return slice(whole, [undefined, [0, n]]);
}

function expectCall(kernels: Kernels, n: number, stride: number, seed: number): void {
  const a = poisoned(kernels, n, stride, seed);
  const x = { ...zeros('f64', [n]), data: new Float64Array(n + 2).map((_, i) => Math.cos(seed + i)), offset: 1 };
  const out = { ...zeros('f64', [n]), data: new Float64Array(n + 2).fill(rogue), offset: 1 };
  const call: SymmetricTimesVectorCall = { a, x, out };
  kernels.symmetricTimesVector(call);
  expectWithin(out.data.subarray(1, n + 1), symmetricTimesVectorBound(call));
  expect([out.data[0], out.data[n + 1]]).toEqual([rogue, rogue]);
  kernels.workspace?.release(a);
}

function withoutWorkspace(kernels: Kernels): Kernels {
  const { workspace: _, ...others } = kernels;
  return others;
}

const all: readonly (readonly [string, Kernels])[] = [
  ['reference', referenceKernels],
  ...bothKernels,
  ...bothKernels.map(
    ([name, kernels]) => [`${name}, outside of the linear memory`, withoutWorkspace(kernels)] as const,
  ),
];

describe.each(all)('symmetricTimesVector: %s', (_name, kernels) => {
  it('by hand', () => {
    const out = zeros('f64', [2]);
    const a = fromNested('f64', [
      [1, 99],
      [2, 3],
    ]);
    kernels.symmetricTimesVector({ a, x: fromNested('f64', [10, 1]), out });
    expect([...out.data]).toEqual([12, 23]);
  });

  it('stays within 2 γ of the definition at every extent, and reads and writes nothing beside', () => {
    for (let n = 0; n <= 70; n++) expectCall(kernels, n, n + (n % 3), n);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 130 }), fc.integer({ min: 0, max: 3 }), fc.nat(), (n, gap, seed) =>
        expectCall(kernels, n, n + gap, seed % 1000),
      ),
      { numRuns: runs(50) },
    );
  });

  it('carries NaN and infinities to the elements that they reach', () => {
    const n = 40;
    const a = kernels.workspace?.borrow('f64', [n, n]) ?? zeros('f64', [n, n]);
    a.data.fill(0);
    for (let i = 0; i < n; i++) a.data[i * n + i] = 1;
    a.data[20 * n + 3] = NaN;
    const x = zeros('f64', [n]);
    x.data.fill(1);
    const out = zeros('f64', [n]);
    kernels.symmetricTimesVector({ a, x, out });
    expect([...out.data.keys()].filter((i) => Number.isNaN(out.data[i]!))).toEqual([3, 20]);
    kernels.workspace?.release(a);
  });

  it('refuses what does not fit', () => {
    const [a, x, out] = [zeros('f64', [3, 3]), zeros('f64', [3]), zeros('f64', [3])];
    const refused = (call: object, message: RegExp): void => {
      expect(() => kernels.symmetricTimesVector({ a, x, out, ...call })).toThrow(message);
    };
    refused({ a: zeros('f64', [3, 2]) }, /symmetricTimesVector: a: expected \[3, 3\], got \[3, 2\]/);
    refused({ x: zeros('f64', [2]) }, /x: expected \[3\], got \[2\]/);
    refused({ out: zeros('f64', [3, 1]) }, /out: expected \[3\], got \[3, 1\]/);
    refused({ a: zeros('f32', [3, 3]) }, /a: expected dtype f64, got f32/);
    refused({ a: { ...a, strides: [1, 3] } }, /contiguous rows, got a step of 3/);
    refused({ x: { ...x, strides: [2] } }, /contiguous rows, got a step of 2/);
  });
});
