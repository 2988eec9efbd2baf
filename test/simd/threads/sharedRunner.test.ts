/** The shared runner: every item once, on any number of threads, whatever fails. */

import { once } from 'node:events';
import { DomainError } from '@rankwise/tensor';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { TaskWorkerStart } from '../../../packages/simd/src/threads/controlBlock.ts';
import { WorkerError } from '../../../packages/simd/src/threads/workerError.ts';
import type { WebWorkerLike } from '../../../packages/simd/src/threads/workerPort.ts';
import { countTask, faulty, keptWorkers, muchWork, testRunner, trapTask } from './support.ts';
import type { TestRunner } from './support.ts';

const open: TestRunner[] = [];
async function runnerOf(...args: Parameters<typeof testRunner>): Promise<TestRunner> {
  const made = await testRunner(...args);
  open.push(made);
  return made;
}
afterEach(() => {
  vi.restoreAllMocks();
  for (const { runner } of open.splice(0)) runner.dispose();
});

/** Counts how often each item was done in a call of many, and fails unless it was once a call. */
function expectEachItemOnce({ runner, heap }: TestRunner, items: number, calls: number, turns: number): void {
  const target = heap.allocate(4 * items + 4);
  const counts = heap.i32.subarray(target / 4, target / 4 + items + 1).fill(0);
  for (let i = 0; i < calls; i++) runner.run(countTask, { target, turns }, items, muchWork);
  expect([...counts]).toEqual([...Array<number>(items).fill(calls), 0]);
  heap.free(target);
}

/** Calls again and again until it throws, for some seconds: a worker takes part only in some calls. */
function repeat(call: () => void): void {
  const end = performance.now() + 5000;
  while (performance.now() < end) call();
}

describe('the shared runner', () => {
  it.each([2, 3, 5])('does every item once on %i threads', async (threads) => {
    const made = await runnerOf(threads);
    for (const items of [1, 2, 3, threads, 31, 32, 33, 97, 1000]) expectEachItemOnce(made, items, 60, 20);
    // Long enough for every thread to take part, and for the caller to sleep.
    expectEachItemOnce(made, 33, 3, 100_000);
  });

  it('does every item once when more threads than items, or than processors, take part', async () => {
    const made = await runnerOf(12);
    for (const items of [1, 2, 5, 11, 12, 13]) expectEachItemOnce(made, items, 20, 100);
  });

  it('has nothing to do for no items', async () => {
    const { runner } = await runnerOf(2);
    runner.run(trapTask, { good: -1, turns: 0 }, 0, muchWork);
  });

  it('keeps little work on the caller', async () => {
    const { runner } = await runnerOf(2);
    for (let i = 0; i < 100; i++) runner.run(trapTask, { good: 0, turns: 0 }, 100, 10);
  });

  it('follows growth of the memory', async () => {
    const made = await runnerOf(2);
    made.heap.allocate(2 ** 22);
    expectEachItemOnce(made, 1000, 20, 100);
  });

  it('works where the caller may not sleep', async () => {
    vi.spyOn(Atomics, 'wait').mockImplementation(() => {
      throw new TypeError('Atomics.wait cannot be called in this context');
    });
    const made = await runnerOf(2);
    expectEachItemOnce(made, 33, 3, 100_000);
  });

  it('takes workers with the face of a browser', async () => {
    const { workers, create } = keptWorkers();
    const made = await runnerOf(2, {
      createWorker: async (kind) => {
        await create(kind);
        const worker = workers.at(-1);
        if (worker === undefined) throw new TypeError('expected a worker');
        const face: WebWorkerLike = {
          postMessage: (message, transfer) => worker.postMessage(message, transfer as never[]),
          terminate: () => worker.terminate(),
          addEventListener: (type: string, listener: (event: { readonly data: unknown }) => void) =>
            void worker.on(type, (data: unknown) => listener({ data })),
        };
        return face;
      },
    });
    expectEachItemOnce(made, 33, 10, 10_000);
  });

  it('lets a worker that wakes late take nothing of a closed call', async () => {
    const { workers, create } = keptWorkers();
    const greetings: TaskWorkerStart[] = [];
    const made = await runnerOf(2, {
      createWorker: async (kind) => {
        await create(kind);
        const [worker] = workers;
        if (worker === undefined) throw new TypeError('expected a worker');
        const post = worker.postMessage.bind(worker);
        worker.postMessage = (message: TaskWorkerStart) => {
          greetings.push(message);
          post(message);
        };
        return worker;
      },
    });
    const [greeting] = greetings;
    if (greeting === undefined) throw new TypeError('expected a greeting');
    const { words, base } = greeting;
    const control = new Int32Array(made.heap.memory.buffer, 4 * base);
    const target = made.heap.allocate(256);
    const counts = made.heap.i32.subarray(target / 4, target / 4 + 64).fill(0);
    made.runner.run(countTask, { target, turns: 10 }, 64, muchWork);
    // As if items were left, in a call that is not open.
    Atomics.store(control, words.next, 0);
    Atomics.add(control, words.generation, 1);
    Atomics.notify(control, words.generation);
    await vi.waitFor(() => expect(Atomics.load(control, words.sleepers)).toBe(1));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(Atomics.load(control, words.next)).toBe(0);
    expect([...counts]).toEqual(Array(64).fill(1));
  });

  it('throws after dispose, which may come twice', async () => {
    const { runner, heap } = await runnerOf(2);
    const target = heap.allocate(64);
    runner.dispose();
    runner.dispose();
    expect(() => runner.run(countTask, { target, turns: 0 }, 2, muchWork)).toThrow(DomainError);
  });
});

describe('a worker that fails', () => {
  const call = ({ runner }: TestRunner, target: number): void =>
    runner.run(countTask, { target, turns: 20_000 }, 64, muchWork);

  it('killed between calls: every later call throws', async () => {
    const { workers, create } = keptWorkers();
    const made = await runnerOf(3, { createWorker: create });
    const target = made.heap.allocate(256);
    call(made, target);
    await workers[1]?.terminate();
    const message = /^simd kernels: worker 2 of 2: expected it to run, got it ended with exit code 1$/;
    for (let i = 0; i < 2; i++) expect(() => call(made, target)).toThrow(message);
    expect(() => call(made, target)).toThrow(WorkerError);
    // The others are ended too.
    await once(workers[0] ?? process, 'exit');
  });

  it('killed at any moment: a call is right, or throws', async () => {
    for (let round = 0; round < 5; round++) {
      const { workers, create } = keptWorkers();
      const made = await runnerOf(2, { createWorker: create, timeout: 300 });
      const target = made.heap.allocate(256);
      const counts = made.heap.i32.subarray(target / 4, target / 4 + 64).fill(0);
      void workers[0]?.terminate();
      let done = 0;
      try {
        for (; done < 4; done++) call(made, target);
        expect([...counts]).toEqual(Array(64).fill(4));
      } catch (error) {
        expect(error).toBeInstanceOf(WorkerError);
        expect(() => call(made, target)).toThrow(WorkerError);
      }
    }
  });

  it.each(['hang', 'exit'] as const)(
    'in mid-call (%s): the call throws in time, and every later one',
    async (fault) => {
      const made = await runnerOf(2, { createWorker: faulty(fault), timeout: 200 });
      const target = made.heap.allocate(256);
      const message = /^simd kernels: worker 1 of 1: expected progress in 'count', got none for 200 ms$/;
      const untilItEnters = (): void => {
        for (let i = 0; i < 100_000; i++) call(made, target);
      };
      expect(untilItEnters).toThrow(message);
      expect(() => call(made, target)).toThrow(WorkerError);
    },
  );

  it('in mid-call where the caller may not sleep', async () => {
    vi.spyOn(Atomics, 'wait').mockImplementation(() => {
      throw new TypeError('Atomics.wait cannot be called in this context');
    });
    const made = await runnerOf(2, { createWorker: faulty('hang'), timeout: 200 });
    const target = made.heap.allocate(256);
    expect(() => repeat(() => call(made, target))).toThrow(WorkerError);
  });

  it('a trap on a worker: the call throws', async () => {
    const made = await runnerOf(2);
    const trap = (): void => made.runner.run(trapTask, { good: 0, turns: 1_000_000 }, 64, muchWork);
    expect(() => repeat(trap)).toThrow(/^simd kernels: worker 1 of 1: expected 'trap' to finish, got a trap$/);
    expect(trap).toThrow(WorkerError);
  });

  it('a trap on the caller is thrown as it is, when no worker is in the call any more', async () => {
    const made = await runnerOf(2);
    const trap = (): void => made.runner.run(trapTask, { good: 1, turns: 1000 }, 64, muchWork);
    let traps = 0;
    for (let i = 0; i < 50; i++) {
      try {
        trap();
      } catch (error) {
        expect(error).toBeInstanceOf(WebAssembly.RuntimeError);
        traps++;
      }
    }
    // On a busy machine the worker may do a whole call before the caller has claimed an item of it.
    expect(traps).toBeGreaterThan(0);
    expectEachItemOnce(made, 33, 10, 1000);
  });

  it('waits for an honest item that takes longer than the spinning', async () => {
    const made = await runnerOf(2);
    expectEachItemOnce(made, 2, 1, 30_000_000);
  });
});

describe('workers that cannot start', () => {
  it.each([
    ['mute', /^simd kernels: worker 1 of 2: expected it to start, got no answer within 300 ms$/],
    ['crash', /^simd kernels: worker 1 of 2: expected it to start, got planted$/],
    ['refuse', /^simd kernels: worker 1 of 2: expected it to start, got a planted refusal$/],
  ] as const)('%s', async (fault, message) => {
    const startTimeout = fault === 'mute' ? 300 : 30_000;
    const refused = testRunner(3, { createWorker: faulty(fault), startTimeout });
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toBeInstanceOf(WorkerError);
  });

  it('an error of the one who makes them', async () => {
    const refused = testRunner(2, {
      createWorker: () => {
        throw new Error('no workers under this policy');
      },
    });
    await expect(refused).rejects.toThrow(
      'simd kernels: worker 1 of 1: expected it to start, got no workers under this policy',
    );
  });

  it('something that is no worker, and a message that cannot be sent', async () => {
    // What a program in JavaScript may return.
    const nothing = undefined as unknown as WebWorkerLike;
    await expect(testRunner(2, { createWorker: () => nothing })).rejects.toThrow(/got what is not a worker$/);
    const deaf: WebWorkerLike = {
      postMessage: () => {
        throw new Error('#<Memory> could not be cloned.');
      },
      addEventListener: () => {},
      terminate: () => {},
    };
    await expect(testRunner(2, { createWorker: () => deaf })).rejects.toThrow(/got #<Memory> could not be cloned\.$/);
  });

  it('ends those that did start', async () => {
    const { workers, create } = keptWorkers();
    let made = 0;
    const second = faulty('refuse');
    await expect(
      testRunner(3, { createWorker: (kind) => (made++ === 0 ? create(kind) : second(kind)) }),
    ).rejects.toThrow('worker 2 of 2');
    await once(workers[0] ?? process, 'exit');
  });
});
