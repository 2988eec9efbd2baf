/**
 * A worker of tasks that fails in the way its `workerData` says:
 * `mute` never answers; `crash` throws at once; `refuse` answers that it failed;
 * `hang` enters the first call and never leaves it; `exit` enters it and ends the thread.
 */

import { parentPort, workerData } from 'node:worker_threads';

if (workerData === 'crash') throw new Error('planted');

parentPort?.once('message', ({ memory, thread, base, words, bits }) => {
  if (workerData === 'mute') return setInterval(() => {}, 1000);
  if (workerData === 'refuse') return parentPort?.postMessage({ kind: 'failed', message: 'a planted refusal' });
  parentPort?.postMessage({ kind: 'ready' });
  const control = new Int32Array(memory.buffer, 4 * base);
  while (Atomics.load(control, words.generation) === 0) Atomics.wait(control, words.generation, 0, 10);
  while ((Atomics.add(control, words.state, 1) & bits.open) === 0) Atomics.sub(control, words.state, 1);
  Atomics.store(control, words.slots + (thread - 1) * words.slotStride + words.busy, 1);
  if (workerData === 'exit') process.exit(3);
  for (;;);
});
