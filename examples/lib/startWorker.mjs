/** Starts the worker thread from its TypeScript source: a thread does not inherit the loader that the main thread was started with. */

import { register } from 'tsx/esm/api';

register();
await import('./methodWorker.ts');
