/** The reference kernels with memory to lend, full of NaN, that knows what was not given back. */

import { referenceKernels, rowMajorStrides } from '@rankwise/tensor';
import type { FloatDType, Kernels, Shape, Tensor } from '@rankwise/tensor';

export interface LendingKernels {
  readonly kernels: Kernels;
  /** Tensors lent so far. */
  readonly lent: () => number;
  /** Tensors that were not given back. */
  readonly onLoan: () => number;
}

export function lendingKernels(): LendingKernels {
  const loans = new Set<Tensor['data']>();
  let lent = 0;
  const borrow = <D extends FloatDType>(dtype: D, shape: Shape): Tensor<D> => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    const data = (dtype === 'f32' ? new Float32Array(size) : new Float64Array(size)).fill(Number.NaN);
    loans.add(data);
    lent++;
    // The compiler does not follow that the array is the one of dtype.
    return { dtype, shape, strides: rowMajorStrides(shape), offset: 0, data } as unknown as Tensor<D>;
  };
  const release = ({ data }: Tensor): void => void loans.delete(data);
  return {
    kernels: { ...referenceKernels, workspace: { borrow, release } },
    lent: () => lent,
    onLoan: () => loans.size,
  };
}
