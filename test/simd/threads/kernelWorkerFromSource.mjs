/** Starts the worker of a kernel pool from its TypeScript source: a thread does not inherit the loader of the main thread. */

import { register } from 'tsx/esm/api';

register();
await import('../../../packages/simd/src/threads/kernelWorker.ts');
