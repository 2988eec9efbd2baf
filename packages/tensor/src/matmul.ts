/**
 * The matrix product of two tensors, out[…, i, j] = Σ_k a[…, i, k] · b[…, k, j], on whichever kernels are passed in.
 *
 * The last two axes are the matrices'; leading axes are a batch and broadcast. Cost: 2 m k n operations for each matrix of
 * the batch. Error: that of Kernels.matmul, |out − exact| ≤ 2 γ_{k+2} |a| |b| elementwise.
 */

import type { FloatDType } from './dtype.ts';
import { DomainError, ShapeError } from './errors.ts';
import type { Kernels } from './kernels.ts';
import { referenceKernels } from './reference/referenceKernels.ts';
import { broadcastShapes, formatShape } from './shape.ts';
import type { Shape } from './shape.ts';
import { planRows } from './strided.ts';
import { zeros } from './tensor.ts';
import type { Tensor } from './tensor.ts';
import { broadcastTo } from './views.ts';

/**
 * a · b, a new contiguous tensor in the operands' precision.
 * @param a - [batch…, m, k]; any strides
 * @param b - [batch…, k, n]; any strides, of a's dtype
 * @param kernels - default the reference kernels
 * @throws ShapeError when an operand has fewer than two axes, the inner extents differ or the batches do not broadcast.
 * @throws DomainError when the dtypes differ or are not f32 or f64.
 * @example
 * import { fromNested, matmul, toNested } from '@rankwise/tensor';
 * toNested(matmul(fromNested('f32', [[1, 2]]), fromNested('f32', [[3], [4]]))) // => [[11]]
 */
export function matmul<D extends FloatDType>(
  a: Tensor<D>,
  b: Tensor<D>,
  kernels: Kernels = referenceKernels,
): Tensor<D> {
  const rankA = a.shape.length;
  const rankB = b.shape.length;
  const [m, k] = a.shape.slice(-2);
  const [kOfB, n] = b.shape.slice(-2);
  if (m === undefined || k === undefined || n === undefined || k !== kOfB) {
    throw new ShapeError(
      `matmul: a, b: expected [..., m, k] and [..., k, n], got ${formatShape(a.shape)} and ${formatShape(b.shape)}`,
    );
  }
  if (a.dtype !== b.dtype || (a.dtype !== 'f32' && a.dtype !== 'f64')) {
    throw new DomainError(`matmul: a, b: expected both f32 or both f64, got ${a.dtype} and ${b.dtype}`);
  }
  const batch = broadcastShapes('matmul', a.shape.slice(0, rankA - 2), b.shape.slice(0, rankB - 2));
  const out = zeros(a.dtype, [...batch, m, n]);
  const left = broadcastTo(a, [...batch, m, k]);
  const right = broadcastTo(b, [...batch, k, n]);
  const operands = [left, right, out];
  planRows(
    batch,
    operands.map((operand) => operand.strides.slice(0, batch.length)),
  )(
    operands.map((operand) => operand.offset),
    ([atA = 0, atB = 0, atOut = 0], [stepA = 0, stepB = 0, stepOut = 0], length) => {
      for (let i = 0; i < length; i++) {
        kernels.matmul({
          a: matrixAt(left, [m, k], atA + i * stepA),
          b: matrixAt(right, [k, n], atB + i * stepB),
          out: matrixAt(out, [m, n], atOut + i * stepOut),
        });
      }
    },
  );
  return out;
}

function matrixAt<D extends FloatDType>(tensor: Tensor<D>, shape: Shape, offset: number): Tensor<D> {
  return { ...tensor, shape, strides: tensor.strides.slice(-2), offset };
}
