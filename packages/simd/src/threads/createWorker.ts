/** Makes the workers where the embedder does not: each form of `new Worker` is the one that bundlers know. */

import { startNodeWorker } from './nodeWorker.node.ts';
import type { WorkerKind } from './startWorkers.ts';
import type { WorkerLike } from './workerPort.ts';

/** @throws where the engine has no workers, or refuses one */
export async function createWorker(kind: WorkerKind): Promise<WorkerLike> {
  if (typeof Worker === 'function') return kind === 'tasks' ? webTaskWorker() : webKernelWorker();
  return startNodeWorker(
    kind === 'tasks' ? new URL('./worker.js', import.meta.url) : new URL('./kernelWorker.js', import.meta.url),
  );
}

function webTaskWorker(): WorkerLike {
  return new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
}

function webKernelWorker(): WorkerLike {
  return new Worker(new URL('./kernelWorker.js', import.meta.url), { type: 'module' });
}
