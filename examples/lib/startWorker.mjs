/** Starts a worker thread from its TypeScript source: a thread does not inherit the loader that the main thread was started with. */

import { workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();
await import(workerData.module);
