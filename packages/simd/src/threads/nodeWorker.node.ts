/** Starts a worker of Node's worker_threads. */

import type { NodeWorkerLike } from './workerPort.ts';

/** @throws where there is no such module */
export async function startNodeWorker(url: URL): Promise<NodeWorkerLike> {
  // The comments keep bundlers for browsers from looking for the module.
  const { Worker } = await import(/* webpackIgnore: true */ /* @vite-ignore */ 'node:worker_threads');
  // Loaders and hooks of the main thread are of no use to a plain script, and slow its start down.
  return new Worker(url, { execArgv: [] });
}
