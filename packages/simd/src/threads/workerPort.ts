/** One face for the two kinds of worker: those of browsers (also Deno, Bun) and those of Node's worker_threads. */

/** What is used of a browser's Worker. */
export interface WebWorkerLike {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'error' | 'messageerror', listener: (event: object) => void): void;
  terminate(): unknown;
}

/** What is used of a Worker of Node's worker_threads. */
export interface NodeWorkerLike {
  // Node's list of what can be transferred has types of its own.
  postMessage(message: unknown, transfer: never[]): void;
  on(event: 'message' | 'error' | 'messageerror', listener: (value: unknown) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
  terminate(): unknown;
  unref(): void;
}

export type WorkerLike = WebWorkerLike | NodeWorkerLike;

export interface WorkerPort {
  post(message: unknown, transfer?: readonly Transferable[]): void;
  terminate(): void;
  /** Where that can be chosen: the worker no longer keeps the process alive. */
  unref(): void;
}

export interface WorkerListener {
  message(data: unknown): void;
  /** The worker stopped or failed; may be called more than once. */
  stopped(reason: string): void;
}

/** @throws TypeError when it is no worker */
export function connectWorker(worker: WorkerLike, listener: WorkerListener): WorkerPort {
  if (!(worker instanceof Object && 'postMessage' in worker)) throw new TypeError('what is not a worker');
  if ('addEventListener' in worker) {
    worker.addEventListener('message', ({ data }) => listener.message(data));
    worker.addEventListener('error', (event) => listener.stopped(reasonOf(event)));
    worker.addEventListener('messageerror', () => listener.stopped('a message that could not be read'));
    return {
      post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
      terminate: () => void worker.terminate(),
      unref: () => {},
    };
  }
  worker.on('message', (data) => listener.message(data));
  worker.on('error', (error) => listener.stopped(reasonOf(error)));
  worker.on('messageerror', () => listener.stopped('a message that could not be read'));
  worker.on('exit', (code) => listener.stopped(`it ended with exit code ${code}`));
  return {
    // Array buffers and nothing else: both lists have them.
    post: (message, transfer = []) => worker.postMessage(message, [...transfer] as never[]),
    terminate: () => void worker.terminate(),
    unref: () => worker.unref(),
  };
}

/** From an error, or from an event that has its message, or has none (a script that could not be loaded). */
export function reasonOf(cause: unknown): string {
  const message = cause instanceof Object && 'message' in cause ? cause.message : undefined;
  return typeof message === 'string' && message !== '' ? message : 'an error without a message';
}
