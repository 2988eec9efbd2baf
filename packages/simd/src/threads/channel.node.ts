/** A worker's side of its messages, in browsers and in Node. */

export type Send = (message: unknown, transfer?: readonly Transferable[]) => void;

/** What a worker's global object has in browsers. */
interface WorkerGlobal {
  postMessage(message: unknown, transfer: readonly Transferable[]): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
}

/** Calls `receive` with each message. */
export function listen(receive: (message: unknown, send: Send) => void): void {
  // A module for Node and browsers alike; which one it is shows below.
  const scope = globalThis as unknown as Partial<WorkerGlobal>;
  if (typeof scope.postMessage === 'function' && typeof scope.addEventListener === 'function') {
    const send: Send = (message, transfer = []) => scope.postMessage?.(message, transfer);
    scope.addEventListener('message', ({ data }) => receive(data, send));
    return;
  }
  const { parentPort } = process.getBuiltinModule('node:worker_threads');
  // Array buffers and nothing else: both lists of what can be transferred have them.
  const send: Send = (message, transfer = []) => parentPort?.postMessage(message, [...transfer] as ArrayBuffer[]);
  parentPort?.on('message', (message: unknown) => receive(message, send));
}
