/** Matrices to work on, where the kernels reach them without copies if they lend memory for that. */

import { zeros } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';

/**
 * Calls `use` with a contiguous matrix of arbitrary contents, which is its own until it returns or throws.
 * What is kept must be copied out.
 */
export function withWorkMatrix<T>(
  kernels: Kernels,
  rows: number,
  columns: number,
  use: (matrix: Tensor<'f64'>) => T,
): T {
  const { workspace } = kernels;
  const borrowed = workspace?.borrow('f64', [rows, columns]);
  try {
    return use(borrowed ?? zeros('f64', [rows, columns]));
  } finally {
    if (borrowed !== undefined) workspace?.release(borrowed);
  }
}
