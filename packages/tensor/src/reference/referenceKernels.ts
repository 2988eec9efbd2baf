/** The Kernels of plain TypeScript: one thread, f64 arithmetic, each result rounded once. Always there, and the oracle. */

import type { Kernels } from '../kernels.ts';
import { conv2dImplicit } from './conv2dImplicit.ts';
import { add, relu } from './elementwise.ts';
import { matmulBlocked } from './matmulBlocked.ts';
import { averagePool2d, maxPool2d } from './pool.ts';

/**
 * Kernels in plain TypeScript.
 * @example
 * import { fromNested, referenceKernels, toNested, zeros } from '@rankwise/tensor';
 * const out = zeros('f64', [1, 1]);
 * referenceKernels.matmul({ a: fromNested('f32', [[1, 2]]), b: fromNested('f64', [[3], [4]]), out });
 * toNested(out) // => [[11]]
 */
export const referenceKernels: Kernels = {
  name: 'reference',
  threads: 1,
  features: [],
  matmul: matmulBlocked,
  conv2d: conv2dImplicit,
  maxPool2d,
  averagePool2d,
  relu,
  add,
};
