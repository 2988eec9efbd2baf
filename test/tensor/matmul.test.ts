import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  broadcastShapes,
  DomainError,
  fromNested,
  matmul,
  referenceKernels,
  ShapeError,
  toNested,
  transpose,
  zeros,
} from '@rankwise/tensor';
import type { FloatDType, Kernels, MatmulCall, Tensor } from '@rankwise/tensor';
import { runs } from '../kit/runs.ts';
import { arbitraryShape, arbitraryViewOf, at, nestedFrom } from '../kit/tensors.ts';

const arbitraryOperands = fc
  .tuple(
    fc.constantFrom<FloatDType>('f32', 'f64'),
    arbitraryShape(2, 3),
    fc.nat(2),
    fc.nat(2),
    fc.tuple(fc.nat(4), fc.nat(4), fc.nat(4)),
  )
  .chain(([dtype, batch, dropA, dropB, [m, k, n]]) => {
    const ones = batch.map(() => 1);
    const batchA = dropA === 2 ? ones : batch.slice(Math.min(dropA, batch.length));
    const batchB = dropB === 2 ? ones : batch.slice(Math.min(dropB, batch.length));
    return fc.tuple(arbitraryViewOf(dtype, [...batchA, m, k]), arbitraryViewOf(dtype, [...batchB, k, n]));
  });

describe('matmul', () => {
  it('multiplies by hand', () => {
    const a = fromNested('f64', [
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(toNested(matmul(a, transpose(a)))).toEqual([
      [14, 32],
      [32, 77],
    ]);
    expect(toNested(matmul(zeros('f32', [2, 0]), zeros('f32', [0, 1])))).toEqual([[0], [0]]);
  });

  it('is Σ_k a[…, i, k] b[…, k, j] over any strides and broadcast batches', () => {
    fc.assert(
      fc.property(arbitraryOperands, ([a, b]) => {
        const [m = 0, k = 0] = a.shape.slice(-2);
        const n = b.shape.at(-1) ?? 0;
        const batch = broadcastShapes('test', a.shape.slice(0, -2), b.shape.slice(0, -2));
        const element = (tensor: Tensor, index: readonly number[]): number => {
          const own = index.slice(index.length - tensor.shape.length);
          return at(
            tensor,
            own.map((i, axis) => (tensor.shape[axis] === 1 ? 0 : i)),
          );
        };
        const expected = nestedFrom([...batch, m, n], (index) => {
          const [i = 0, j = 0] = index.slice(-2);
          const lead = index.slice(0, -2);
          let dot = 0;
          for (let inner = 0; inner < k; inner++)
            dot += element(a, [...lead, i, inner]) * element(b, [...lead, inner, j]);
          return dot;
        });
        const product = matmul(a, b);
        expect(product.dtype).toBe(a.dtype);
        expect(product.shape).toEqual([...batch, m, n]);
        expect(toNested(product)).toEqual(expected);
      }),
      { numRuns: runs() },
    );
  });

  it('uses the kernels it is given, one call for each matrix of the batch', () => {
    const calls: MatmulCall[] = [];
    const counting: Kernels = {
      ...referenceKernels,
      matmul: (call) => {
        calls.push(call);
        referenceKernels.matmul(call);
      },
    };
    matmul(zeros('f32', [3, 1, 2, 4]), zeros('f32', [5, 4, 6]), counting);
    expect(calls).toHaveLength(15);
    expect(calls[14]).toMatchObject({ a: { shape: [2, 4] }, b: { shape: [4, 6], offset: 96 }, out: { shape: [2, 6] } });
  });

  it('refuses shapes that do not fit, too few axes and dtypes that differ or are integers', () => {
    expect(() => matmul(zeros('f32', [2, 3]), zeros('f32', [2, 3]))).toThrow(
      'matmul: a, b: expected [..., m, k] and [..., k, n], got [2, 3] and [2, 3]',
    );
    expect(() => matmul(zeros('f32', [3]), zeros('f32', [3, 2]))).toThrow(ShapeError);
    expect(() => matmul(zeros('f32', [2, 3]), zeros('f32', [3]))).toThrow(ShapeError);
    expect(() => matmul(zeros('f32', [2, 2, 2]), zeros('f32', [3, 2, 2]))).toThrow(ShapeError);
    expect(() => matmul<FloatDType>(zeros('f32', [1, 1]), zeros('f64', [1, 1]))).toThrow(DomainError);
    const integers: Tensor = zeros('i32', [1, 1]);
    expect(() => matmul(integers as Tensor<'f32'>, integers as Tensor<'f32'>)).toThrow(
      'matmul: a, b: expected both f32 or both f64, got i32 and i32',
    );
  });
});
