/**
 * Messages between a kernel pool and its workers.
 *
 * Tensors in a message have memory of their own, which moves with it: a request's to the worker, the output's back.
 */

import type { Conv2dCall, FloatDType, MatmulCall, Tensor } from '@rankwise/tensor';
import type { ProductWay } from '../run/matmul.ts';
import type { ConvolutionWay } from '../plan/convolutionPlan.ts';
import type { MachineOptions } from '../run/createMachine.ts';

/** The first message to a worker; answered as startWorkers.ts says. */
export interface KernelWorkerStart {
  readonly options: MachineOptions;
}

/** A part of a call. `plan` is that of the whole call: a part's own could differ, and with it the bits. */
export type KernelWork =
  | { readonly kind: 'matmul'; readonly call: MatmulCall; readonly way: ProductWay }
  | { readonly kind: 'conv2d'; readonly call: Conv2dCall; readonly plan: ConvolutionWay };

export interface KernelRequest {
  readonly id: number;
  readonly work: KernelWork;
}

export type KernelAnswer =
  | { readonly kind: 'done'; readonly id: number; readonly out: Tensor<FloatDType> }
  | { readonly kind: 'refused'; readonly id: number; readonly error: string; readonly message: string };

/** The memory of the tensors of some work, to be transferred. */
export function memoryOf({ kind, call }: KernelWork): readonly Transferable[] {
  const tensors =
    kind === 'matmul' ? [call.a, call.b, call.out, call.rowBias] : [call.input, call.weight, call.output, call.bias];
  return tensors.flatMap((tensor) => (tensor?.data.buffer instanceof ArrayBuffer ? [tensor.data.buffer] : []));
}
