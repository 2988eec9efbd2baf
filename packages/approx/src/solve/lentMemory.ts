/** Memory for a pass over samples: where the kernels compute, so that their products need no copies, if they lend any. */

import { slice, zeros } from '@rankwise/tensor';
import type { FloatDType, Kernels, Shape, Tensor } from '@rankwise/tensor';

export interface LentMemory {
  /** A contiguous tensor with arbitrary contents of the kernels' own memory; undefined where there is none left. */
  borrow<D extends FloatDType>(dtype: D, shape: Shape): Tensor<D> | undefined;
  /** The same, or else an ordinary tensor. */
  tensor<D extends FloatDType>(dtype: D, shape: Shape): Tensor<D>;
  /** Gives back all of them. */
  release(): void;
}

export function lentMemory({ workspace }: Kernels): LentMemory {
  const onLoan: Tensor[] = [];
  const borrow = <D extends FloatDType>(dtype: D, shape: Shape): Tensor<D> | undefined => {
    const tensor = workspace?.borrow(dtype, shape);
    if (tensor !== undefined) onLoan.push(tensor);
    return tensor;
  };
  return {
    borrow,
    tensor: (dtype, shape) => borrow(dtype, shape) ?? zeros(dtype, shape),
    release: () => {
      for (const tensor of onLoan) workspace?.release(tensor);
    },
  };
}

/** Rows from…to of a contiguous matrix, copied into the first rows of `room` if there is any: for rows that several products read. */
export function rowsIn(
  room: Tensor<'f32'> | undefined,
  matrix: Tensor<'f32'>,
  from: number,
  to: number,
): Tensor<'f32'> {
  const rows = slice(matrix, [[from, to]]);
  if (room === undefined) return rows;
  const [, width = 0] = matrix.shape;
  room.data.set(matrix.data.subarray(rows.offset, rows.offset + (to - from) * width), room.offset);
  return slice(room, [[0, to - from]]);
}
