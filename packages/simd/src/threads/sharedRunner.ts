/**
 * Runs tasks on several threads over one shared memory: the caller and its workers take chunks of the items until none is left.
 *
 * Items are independent (see emit/task.ts), so the results are the same bits whoever does what. See controlBlock.ts for how a call is
 * opened, shared and closed. A worker that traps, dies in a call or makes no progress for `timeout` milliseconds makes the call throw
 * WorkerError, and every later one: the results of such a call are nowhere, and a worker that hangs might still write. A worker that
 * dies between calls is noticed when the engine reports it; until then calls go on without it.
 */

import type { Fields, Task, TaskValues } from '../emit/task.ts';
import type { Heap } from '../run/heap.ts';
import { allocateFields, disposedError, functionOf, writeFields } from '../run/taskRunner.ts';
import type { TaskFunction, TaskFunctions, TaskRunner } from '../run/taskRunner.ts';
import { controlBytes, controlWords, stateBits } from './controlBlock.ts';
import type { TaskWorkerStart } from './controlBlock.ts';
import { defaultStartTimeout, startWorkers } from './startWorkers.ts';
import type { CreateWorker } from './startWorkers.ts';
import { WorkerError } from './workerError.ts';
import type { WorkerPort } from './workerPort.ts';

/** Milliseconds that idle threads look for work before they sleep: waking one takes 15 to 50 µs, and the caller 5 of them. */
const spinMilliseconds = 0.05;
/** Less work, in vector instructions, takes some 15 µs at most, and is done before a worker takes part. */
const leastSharedWork = 20_000;
/** Chunks for each thread: the last one to finish holds the others up by a sixteenth of its share at most. */
const chunksPerThread = 16;
/** So that no thread's last, futile taking overflows 31 bits. */
const mostSharedItems = 2 ** 29;

export interface SharedRunnerOptions {
  readonly module: WebAssembly.Module;
  readonly functions: TaskFunctions;
  /** Over shared memory. */
  readonly heap: Heap;
  /** The caller and its workers: at least 2. */
  readonly threads: number;
  /** Milliseconds without progress after which workers count as hung. */
  readonly timeout: number;
  readonly createWorker: CreateWorker;
  /** Milliseconds for the workers to start. */
  readonly startTimeout?: number;
}

/** @throws WorkerError when a worker cannot be started. */
export async function sharedRunner(options: SharedRunnerOptions): Promise<TaskRunner> {
  const { heap, module, threads, createWorker, startTimeout = defaultStartTimeout } = options;
  const control = heap.allocate(controlBytes(threads - 1));
  const block = allocateFields(heap);
  const base = control / 4;
  // Growth does not move shared memory: this view stays good.
  const words = new Int32Array(heap.memory.buffer, control, controlBytes(threads - 1) / 4).fill(0);
  const runner = new SharedRunner(options, words, block);
  const ports = await startWorkers({
    kind: 'tasks',
    count: threads - 1,
    create: createWorker,
    timeout: startTimeout,
    greeting: (index): TaskWorkerStart => ({
      module,
      memory: heap.memory,
      thread: index + 1,
      base,
      block,
      spin: spinMilliseconds,
      words: controlWords,
      bits: stateBits,
    }),
    message: () => {},
    stopped: (index, reason) => runner.stopped(index, reason),
  });
  runner.adopt(ports);
  return runner;
}

class SharedRunner implements TaskRunner {
  readonly threads: number;
  private readonly options: SharedRunnerOptions;
  private readonly words: Int32Array;
  private readonly block: number;
  private readonly taskIndex: ReadonlyMap<string, number>;
  private readonly maySleep: boolean;
  private ports: readonly WorkerPort[] = [];
  private disposed = false;
  private broken: string | undefined;

  constructor(options: SharedRunnerOptions, words: Int32Array, block: number) {
    this.options = options;
    this.threads = options.threads;
    this.words = words;
    this.block = block;
    this.taskIndex = new Map(WebAssembly.Module.exports(options.module).map(({ name }, index) => [name, index]));
    this.maySleep = mayWait(words);
  }

  adopt(ports: readonly WorkerPort[]): void {
    this.ports = ports;
    // One may have stopped while others were still starting.
    if (this.broken !== undefined) this.end();
  }

  stopped(index: number, reason: string): void {
    if (!this.disposed) this.fail(`worker ${index + 1} of ${this.threads - 1}: expected it to run, got ${reason}`);
  }

  run<const F extends Fields>(task: Task<F>, values: TaskValues<F>, items: number, work: number): void {
    if (this.disposed) throw disposedError();
    this.throwIfBroken();
    if (items <= 0) return;
    writeFields(this.options.heap, this.block, task, values);
    const compute = functionOf(this.options.functions, task.name);
    if (items === 1 || work < leastSharedWork || items > mostSharedItems) compute(this.block, 0, items, 0);
    else this.share(task.name, compute, items);
    this.throwIfBroken();
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.end();
  }

  private share(name: string, compute: TaskFunction, items: number): void {
    const { words } = this;
    const chunk = Math.ceil(items / (this.threads * chunksPerThread));
    words[controlWords.task] = this.taskIndex.get(name) ?? -1;
    words[controlWords.items] = items;
    words[controlWords.chunk] = chunk;
    Atomics.store(words, controlWords.next, 0);
    Atomics.or(words, controlWords.state, stateBits.open);
    Atomics.add(words, controlWords.generation, 1);
    if (Atomics.load(words, controlWords.sleepers) > 0) Atomics.notify(words, controlWords.generation);
    try {
      for (;;) {
        const from = Atomics.add(words, controlWords.next, chunk);
        if (from >= items) break;
        compute(this.block, from, Math.min(from + chunk, items), 0);
      }
    } finally {
      // Also after a trap: the caller may then free the memory that workers still use.
      Atomics.and(words, controlWords.state, ~stateBits.open);
      this.awaitWorkers(name);
    }
    const failed = Atomics.load(words, controlWords.failed);
    if (failed !== 0) this.fail(`worker ${failed} of ${this.threads - 1}: expected '${name}' to finish, got a trap`);
  }

  /** Returns when no worker is in the call, or when none has made progress in time. */
  private awaitWorkers(name: string): void {
    const { words } = this;
    let finished = this.finishedChunks();
    let start = performance.now();
    for (let now = start; (Atomics.load(words, controlWords.state) & stateBits.count) !== 0; now = performance.now()) {
      if (now - start < spinMilliseconds || !this.maySleep) spin();
      else this.sleep(start + this.options.timeout - now);
      const progress = this.finishedChunks();
      if (progress !== finished) [finished, start] = [progress, now];
      else if (now - start > this.options.timeout) return this.giveUp(name);
    }
    Atomics.and(words, controlWords.state, ~stateBits.waiting);
  }

  private sleep(milliseconds: number): void {
    const { words } = this;
    const state = Atomics.or(words, controlWords.state, stateBits.waiting) | stateBits.waiting;
    if ((state & stateBits.count) !== 0) Atomics.wait(words, controlWords.state, state, Math.max(0, milliseconds) + 1);
  }

  private giveUp(name: string): void {
    const busy = this.slots().flatMap((slot, index) =>
      Atomics.load(this.words, slot + controlWords.busy) === 0 ? [] : [index + 1],
    );
    const who = busy.length === 0 ? 'a worker' : `worker ${busy.join(', ')} of ${this.threads - 1}`;
    this.fail(`${who}: expected progress in '${name}', got none for ${this.options.timeout} ms`);
  }

  private finishedChunks(): number {
    return this.slots().reduce((sum, slot) => sum + Atomics.load(this.words, slot + controlWords.finished), 0);
  }

  private slots(): readonly number[] {
    return Array.from({ length: this.threads - 1 }, (_, index) => controlWords.slots + index * controlWords.slotStride);
  }

  private fail(reason: string): void {
    this.broken ??= reason;
    this.end();
  }

  private throwIfBroken(): void {
    if (this.broken !== undefined) throw new WorkerError(`simd kernels: ${this.broken}`);
  }

  private end(): void {
    Atomics.store(this.words, controlWords.stop, 1);
    Atomics.add(this.words, controlWords.generation, 1);
    Atomics.notify(this.words, controlWords.generation);
    for (const port of this.ports) port.terminate();
  }
}

/** Some dozen looks' time. */
function spin(): void {
  for (let i = 0; i < 100; i++);
}

/** False on a page's main thread, where Atomics.wait throws whatever it is asked. */
function mayWait(words: Int32Array): boolean {
  try {
    Atomics.wait(words, controlWords.stop, 1, 0);
    return true;
  } catch {
    return false;
  }
}
