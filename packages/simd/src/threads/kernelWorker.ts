/** The script of a kernel pool's worker: single-threaded kernels of its own, and one request after the other. */

import { convolvePlanned } from '../run/conv2d.ts';
import { createMachine } from '../run/createMachine.ts';
import type { Machine } from '../run/machine.ts';
import { matmul } from '../run/matmul.ts';
import { listen } from './channel.node.ts';
import type { Send } from './channel.node.ts';
import type { KernelAnswer, KernelRequest, KernelWork, KernelWorkerStart } from './kernelMessages.ts';
import type { FloatDType, Tensor } from '@rankwise/tensor';

let machine: Machine | undefined;

// The pool sends a start, waits for the answer, and then sends requests.
listen((message, send) => {
  if (machine === undefined) void start(message as KernelWorkerStart, send);
  else answer(machine, message as KernelRequest, send);
});

async function start({ options }: KernelWorkerStart, send: Send): Promise<void> {
  try {
    machine = await createMachine(options);
    send({ kind: 'ready' });
  } catch (error) {
    send({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
}

function answer(on: Machine, { id, work }: KernelRequest, send: Send): void {
  try {
    const out = compute(on, work);
    const done: KernelAnswer = { kind: 'done', id, out };
    send(done, out.data.buffer instanceof ArrayBuffer ? [out.data.buffer] : []);
  } catch (error) {
    const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
    const refused: KernelAnswer = { kind: 'refused', id, error: name, message };
    send(refused);
  } finally {
    // Each request brings its weights in memory of its own: none is seen again.
    on.weights.clear();
  }
}

function compute(on: Machine, work: KernelWork): Tensor<FloatDType> {
  if (work.kind === 'matmul') {
    matmul(on, work.call, work.way);
    return work.call.out;
  }
  convolvePlanned(on, work.call, work.plan);
  return work.call.output;
}
