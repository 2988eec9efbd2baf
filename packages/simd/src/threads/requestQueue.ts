/** Requests to one worker, answered in order; its silence ends them all. */

import type { FloatDType, Tensor } from '@rankwise/tensor';
import { MemoryError } from '../run/heap.ts';
import { memoryOf } from './kernelMessages.ts';
import type { KernelAnswer, KernelRequest, KernelWork } from './kernelMessages.ts';
import { WorkerError } from './workerError.ts';
import type { WorkerPort } from './workerPort.ts';

export interface RequestQueue {
  /** Rejects with WorkerError when the worker fails, and with the error that the worker reports. */
  request(work: KernelWork): Promise<Tensor<FloatDType>>;
  receive(data: unknown): void;
  /** The worker failed. */
  fail(reason: string): void;
  /** Ends the worker and rejects what is under way. */
  close(error: Error): void;
}

export interface QueueOptions {
  readonly port: WorkerPort;
  /** Milliseconds that a request may take once it is the first. */
  readonly timeout: number;
  readonly name: string;
  /** Told when the worker fails. */
  readonly failed: (error: Error) => void;
}

interface Pending {
  readonly resolve: (out: Tensor<FloatDType>) => void;
  readonly reject: (error: Error) => void;
}

export function requestQueue({ port, timeout, name, failed }: QueueOptions): RequestQueue {
  const pending = new Map<number, Pending>();
  let next = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const fail = (reason: string): void => failed(new WorkerError(`kernel pool: ${name}: ${reason}`));
  /** Waits for the first of the requests. */
  const watch = (): void => {
    clearTimeout(timer);
    if (pending.size > 0) timer = setTimeout(() => fail(`expected an answer, got none for ${timeout} ms`), timeout);
  };
  return {
    request: (work) =>
      new Promise((resolve, reject) => {
        const request: KernelRequest = { id: next++, work };
        pending.set(request.id, { resolve, reject });
        if (pending.size === 1) watch();
        try {
          port.post(request, memoryOf(work));
        } catch (error) {
          // What cannot be sent is the caller's error, and gets no answer.
          pending.delete(request.id);
          watch();
          reject(error);
        }
      }),
    receive: (data) => {
      // Only the pool's own script answers; what else comes has no request.
      const answer = data as KernelAnswer;
      const request = pending.get(answer.id);
      if (request === undefined) return;
      pending.delete(answer.id);
      watch();
      if (answer.kind === 'done') request.resolve(answer.out);
      else request.reject(reported(answer.error, `${name}: ${answer.message}`));
    },
    fail,
    close: (error) => {
      port.terminate();
      clearTimeout(timer);
      for (const { reject } of pending.values()) reject(error);
      pending.clear();
    },
  };
}

/** The worker's error, made here again. */
function reported(error: string, message: string): Error {
  return error === 'MemoryError' ? new MemoryError(message) : new WorkerError(`kernel pool: ${message}`);
}
