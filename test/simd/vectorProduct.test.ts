/** Products with one vector of f64 matrices that lie in the linear memory: rows and columns, whole and as views. */

import { referenceKernels, slice, transpose, zeros } from '@rankwise/tensor';
import type { Kernels, MatmulCall, Tensor } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isResidentVectorProduct } from '../../packages/simd/src/run/vectorProduct.ts';
import { expectWithin, matmulBound } from '../kit/kernelBounds.ts';
import { runs } from '../kit/runs.ts';
import { seeded } from '../kit/seededTensors.ts';
import { bothKernels, bothMachines } from './support.ts';

interface Case {
  readonly m: number;
  readonly k: number;
  /** The matrix is a view of the transpose. */
  readonly turned: boolean;
  /** The vector is a row, and the matrix stands right of it. */
  readonly fromLeft: boolean;
  readonly gap: number;
  readonly alpha: number;
  readonly beta: number;
  readonly bias: boolean;
  readonly relu: boolean;
  /** The vectors lie in the linear memory too. */
  readonly residentVectors: boolean;
  readonly seed: number;
}

/** Around groups of four rows, pairs of columns and items of 128 columns. */
const extents = fc.constantFrom(1, 2, 3, 4, 5, 7, 33, 64, 127, 128, 129, 130, 257, 300);

const cases: fc.Arbitrary<Case> = fc.record({
  m: extents,
  k: extents,
  turned: fc.boolean(),
  fromLeft: fc.boolean(),
  gap: fc.nat(2),
  alpha: fc.constantFrom(1, -1, 0.5),
  beta: fc.constantFrom(0, 1, -0.5),
  bias: fc.boolean(),
  relu: fc.boolean(),
  residentVectors: fc.boolean(),
  seed: fc.nat(1000),
});

/** A matrix [m, k] in the workspace with poison around it, and the memory to give back. */
function residentMatrix(kernels: Kernels, { m, k, turned, gap, seed }: Case): readonly [Tensor<'f64'>, Tensor<'f64'>] {
  const [rows, columns] = turned ? [k, m] : [m, k];
  const whole = kernels.workspace!.borrow('f64', [rows + 2, columns + gap])!;
  whole.data.fill(NaN);
  const values = seeded('f64', [rows, columns], seed);
  const view = slice(whole, [
    [1, rows + 1],
    [gap, columns + gap],
  ]);
  for (let i = 0; i < rows; i++) {
    const from = values.offset + i * columns;
    whole.data.set(values.data.subarray(from, from + columns), view.offset + i * (columns + gap));
  }
  return [turned ? transpose(view) : view, whole];
}

function callOf(matrix: Tensor<'f64'>, { m, k, fromLeft, alpha, beta, bias, relu, seed }: Case): MatmulCall {
  const x = seeded('f64', fromLeft ? [1, k] : [k, 1], seed + 1);
  const out = seeded('f64', fromLeft ? [1, m] : [m, 1], seed + 2);
  if (beta === 0) out.data.fill(NaN);
  return {
    ...(fromLeft ? { a: x, b: transpose(matrix) } : { a: matrix, b: x }),
    out,
    alpha,
    beta,
    ...(bias ? { rowBias: seeded('f64', [fromLeft ? 1 : m], seed + 3) } : {}),
    ...(relu ? { activation: 'relu' as const } : {}),
  };
}

/** A contiguous copy in the workspace. */
function moved(kernels: Kernels, tensor: MatmulCall['a']): Tensor<'f64'> {
  const copy = kernels.workspace!.borrow('f64', tensor.shape)!;
  const [rows = 0, columns = 0] = tensor.shape;
  const [rowStride = 0, columnStride = 0] = tensor.strides;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      copy.data[i * columns + j] = tensor.data[tensor.offset + i * rowStride + j * columnStride]!;
    }
  }
  return copy;
}

describe.each([...bothKernels])('resident matrix times vector, %s', (_name, kernels) => {
  it('stays within the bounds of a product', () => {
    fc.assert(
      fc.property(cases, (drawn) => {
        const [matrix, whole] = residentMatrix(kernels, drawn);
        const call = callOf(matrix, drawn);
        const limits = matmulBound(call);
        const lent = drawn.residentVectors ? [call.a, call.b, call.out].map((tensor) => moved(kernels, tensor)) : [];
        const vectors = drawn.fromLeft ? { a: lent[0] ?? call.a } : { b: lent[1] ?? call.b };
        const out = lent[2] ?? call.out;
        kernels.matmul({ ...call, ...vectors, out });
        expectWithin(out.data.subarray(out.offset, out.offset + drawn.m), limits);
        for (const tensor of [whole, ...lent]) kernels.workspace!.release(tensor);
      }),
      { numRuns: runs(200) },
    );
  });
});

describe.each([...(await bothMachines())])('what is done in the linear memory, %s', (_name, machine) => {
  it('is f64 products of resident matrices with unit steps along an axis, and one vector', () => {
    const lent = machine.workspace!.borrow('f64', [8, 6])!;
    const [x, out] = [zeros('f64', [6, 1]), zeros('f64', [8, 1])];
    const isOne = (call: MatmulCall): boolean => isResidentVectorProduct(machine.workspace, call);
    expect(isOne({ a: lent, b: x, out })).toBe(true);
    expect(isOne({ a: transpose(out), b: lent, out: transpose(x) })).toBe(true);
    expect(isOne({ a: zeros('f64', [8, 6]), b: x, out })).toBe(false);
    expect(isOne({ a: lent, b: zeros('f64', [6, 2]), out: zeros('f64', [8, 2]) })).toBe(false);
    expect(isOne({ a: lent, b: zeros('f32', [6, 1]), out })).toBe(false);
    expect(isOne({ a: slice(lent, [undefined, [0, 6, 2]]), b: zeros('f64', [3, 1]), out })).toBe(false);
    machine.workspace!.release(lent);
  });
});

it('the reference has the bits of the sums in order', () => {
  const a = seeded('f64', [9, 7], 1);
  const x = seeded('f64', [7, 1], 2);
  for (const matrix of [a, transpose(seeded('f64', [7, 9], 3))]) {
    const out = zeros('f64', [9, 1]);
    referenceKernels.matmul({ a: matrix, b: x, out });
    const sums = Array.from({ length: 9 }, (_, i) => {
      let sum = 0;
      for (let p = 0; p < 7; p++) {
        const [rowStride = 0, columnStride = 0] = matrix.strides;
        sum += matrix.data[matrix.offset + i * rowStride + p * columnStride]! * x.data[x.offset + p]!;
      }
      return sum;
    });
    expect([...out.data]).toEqual(sums);
  }
});
