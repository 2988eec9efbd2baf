/** The Kernels of plain TypeScript: one thread, f64 arithmetic, each result rounded once. Always there, and the oracle. */

import type { Conv2dCall, Kernels } from '../kernels.ts';
import { checkConv2dCall } from './checkCalls.ts';
import { conv2dImplicit } from './conv2dImplicit.ts';
import { conv2dWinograd } from './conv2dWinograd.ts';
import { planConvolution } from './convolutionPlan.ts';
import { add, relu } from './elementwise.ts';
import { matmulBlocked } from './matmulBlocked.ts';
import { averagePool2d, maxPool2d } from './pool.ts';
import { symmetricTimesVector } from './symmetricTimesVector.ts';

export interface ReferenceOptions {
  /**
   * Whether convolutions may use minimal filtering where the plan finds it cheaper. Default true. Without it a convolution
   * has the bits of conv2dDirect, and a NaN or infinite input reaches only the outputs whose windows hold it; with it, the
   * whole tile.
   */
  readonly winograd?: boolean;
}

/**
 * Kernels in plain TypeScript.
 * @example
 * import { createReferenceKernels } from '@rankwise/tensor';
 * createReferenceKernels({ winograd: false }).name // => "reference"
 */
export function createReferenceKernels({ winograd = true }: ReferenceOptions = {}): Kernels {
  return {
    name: 'reference',
    threads: 1,
    features: [],
    matmul: matmulBlocked,
    symmetricTimesVector,
    conv2d: (call) => conv2dPlanned(call, winograd),
    maxPool2d,
    averagePool2d,
    relu,
    add,
  };
}

/**
 * The kernels to use when there is no reason for others.
 * @example
 * import { fromNested, referenceKernels, toNested, zeros } from '@rankwise/tensor';
 * const out = zeros('f64', [1, 1]);
 * referenceKernels.matmul({ a: fromNested('f32', [[1, 2]]), b: fromNested('f64', [[3], [4]]), out });
 * toNested(out) // => [[11]]
 */
export const referenceKernels: Kernels = createReferenceKernels();

function conv2dPlanned(call: Conv2dCall, winograd: boolean): void {
  const extents = checkConv2dCall(call);
  const plan = planConvolution(extents, call, winograd);
  if (plan.algorithm === 'winograd') conv2dWinograd(call, extents, plan);
  else conv2dImplicit(call, extents);
}
