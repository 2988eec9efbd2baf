/**
 * A worker: sleeps until a call is opened, takes its share of the items, and sleeps again. See controlBlock.ts.
 *
 * Plain JavaScript that imports nothing, so that it runs as it is, from the sources, from the package, and copied elsewhere.
 *
 * @typedef {import('./controlBlock.ts').TaskWorkerStart} Start
 * @typedef {(block: number, from: number, to: number, thread: number) => void} TaskFunction
 */

if (typeof addEventListener === 'function' && typeof postMessage === 'function') {
  addEventListener('message', ({ data }) => start(data, (answer) => postMessage(answer)), { once: true });
} else {
  const { parentPort } = process.getBuiltinModule('node:worker_threads');
  parentPort?.once('message', (/** @type {Start} */ data) => start(data, (answer) => parentPort.postMessage(answer)));
}

/**
 * @param {Start} options
 * @param {(answer: { kind: 'ready' } | { kind: 'failed', message: string }) => void} answer
 */
async function start(options, answer) {
  /** @type {TaskFunction[]} */
  let tasks;
  try {
    const { exports } = await WebAssembly.instantiate(options.module, { env: { memory: options.memory } });
    // The order of the module's exports is known to the caller as well; the functions that take other arguments are never asked for.
    tasks = WebAssembly.Module.exports(options.module).map(({ name }) => /** @type {TaskFunction} */ (exports[name]));
  } catch (error) {
    answer({ kind: 'failed', message: String(error) });
    return;
  }
  answer({ kind: 'ready' });
  work(options, tasks, new Int32Array(options.memory.buffer, 4 * options.base));
}

/**
 * Until `stop` is set.
 *
 * @param {Start} options
 * @param {readonly TaskFunction[]} tasks
 * @param {Int32Array} control
 */
function work(options, tasks, control) {
  const { words, bits, thread, spin } = options;
  const slot = words.slots + (thread - 1) * words.slotStride;
  let seen = 0;
  for (;;) {
    awaitChange(control, words, seen, spin);
    if (Atomics.load(control, words.stop) !== 0) return;
    seen = Atomics.load(control, words.generation);
    if ((Atomics.add(control, words.state, 1) & bits.open) !== 0) {
      Atomics.store(control, slot + words.busy, 1);
      try {
        takeItems(options, tasks, control, slot + words.finished);
      } catch {
        Atomics.store(control, words.failed, thread);
      }
      Atomics.store(control, slot + words.busy, 0);
    }
    const left = Atomics.sub(control, words.state, 1) - 1;
    if ((left & bits.waiting) !== 0 && (left & bits.count) === 0) Atomics.notify(control, words.state);
  }
}

/**
 * @param {Start} options
 * @param {readonly TaskFunction[]} tasks
 * @param {Int32Array} control
 * @param {number} finished
 */
function takeItems({ words, block, thread }, tasks, control, finished) {
  const task = /** @type {TaskFunction} */ (tasks[Atomics.load(control, words.task)]);
  const items = Atomics.load(control, words.items);
  const chunk = Atomics.load(control, words.chunk);
  for (;;) {
    const from = Atomics.add(control, words.next, chunk);
    if (from >= items) return;
    task(block, from, Math.min(from + chunk, items), thread);
    Atomics.add(control, finished, 1);
  }
}

/**
 * Returns when the number of the call is no longer `seen`: looks for a while, as calls come one after the other, then sleeps.
 *
 * @param {Int32Array} control
 * @param {Start['words']} words
 * @param {number} seen
 * @param {number} spin
 */
function awaitChange(control, { generation, sleepers }, seen, spin) {
  const end = performance.now() + spin;
  do {
    for (let look = 0; look < 64; look++) if (Atomics.load(control, generation) !== seen) return;
  } while (performance.now() < end);
  Atomics.add(control, sleepers, 1);
  while (Atomics.load(control, generation) === seen) Atomics.wait(control, generation, seen);
  Atomics.sub(control, sleepers, 1);
}
