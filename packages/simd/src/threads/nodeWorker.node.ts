/** Starts a worker of Node's worker_threads. */

import type { NodeWorkerLike } from './workerPort.ts';

/** @throws where there is no such module: Node has a way to it that bundlers for browsers do not stumble over since 20.16 */
export function startNodeWorker(url: URL): NodeWorkerLike {
  if (typeof process !== 'object' || typeof process.getBuiltinModule !== 'function')
    throw new TypeError('an engine with neither Worker nor worker_threads (Node has them from 20.16 on)');
  const { Worker } = process.getBuiltinModule('node:worker_threads');
  // Loaders and hooks of the main thread are of no use to a plain script, and slow its start down.
  return new Worker(url, { execArgv: [] });
}
