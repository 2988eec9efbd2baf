/**
 * out ← a · x for a symmetric matrix. See Kernels.symmetricTimesVector.
 *
 * Copying a matrix into the linear memory would take longer than the plain loops take for the product, which uses each element
 * once: so the task does matrices that lie there already, and the plain loops do the others.
 */

import { checkSymmetricTimesVectorCall, referenceKernels } from '@rankwise/tensor';
import type { SymmetricTimesVectorCall } from '@rankwise/tensor';
import { symmetricTimesVectorTask } from '../emit/symmetricTimesVector.ts';
import type { Machine } from './machine.ts';
import { withScratch } from './machine.ts';

/** Below this extent the loops are done before the task is set up. */
const leastExtent = 32;

export function symmetricTimesVector(machine: Machine, call: SymmetricTimesVectorCall): void {
  const n = checkSymmetricTimesVectorCall(call);
  const { a, x, out } = call;
  const address = machine.workspace?.addressOf(a);
  if (address === undefined || n < leastExtent) return referenceKernels.symmetricTimesVector(call);
  const [rowStride = 0] = a.strides;
  withScratch(machine, (allocate) => {
    const [from, to] = [allocate(8 * n), allocate(8 * n)];
    const { f64 } = machine.heap;
    f64.set(x.data.subarray(x.offset, x.offset + n), from / 8);
    const values = { a: address, rowBytes: 8 * rowStride, x: from, out: to, extent: n };
    machine.runner.run(symmetricTimesVectorTask, values, 1, (n * n) / 2);
    out.data.set(f64.subarray(to / 8, to / 8 + n), out.offset);
  });
}
