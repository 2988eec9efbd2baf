/** Memory for a pass over samples: where the kernels compute, so that their products need no copies, if they lend any. */

import { zeros } from '@rankwise/tensor';
import type { FloatDType, Kernels, Shape, Tensor } from '@rankwise/tensor';

export interface LentMemory {
  /** A contiguous tensor with arbitrary contents: of the kernels' own memory, or an ordinary one where there is none left. */
  tensor<D extends FloatDType>(dtype: D, shape: Shape): Tensor<D>;
  /** Gives back all of them. */
  release(): void;
}

export function lentMemory({ workspace }: Kernels): LentMemory {
  const onLoan: Tensor[] = [];
  return {
    tensor: (dtype, shape) => {
      const tensor = workspace?.borrow(dtype, shape);
      if (tensor === undefined) return zeros(dtype, shape);
      onLoan.push(tensor);
      return tensor;
    },
    release: () => {
      for (const tensor of onLoan) workspace?.release(tensor);
    },
  };
}
