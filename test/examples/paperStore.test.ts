/** Finished points in a journal, and the pool that makes them. */

import type { Journal } from '@rankwise/approx';
import { referenceKernels } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { runJobs } from '../../examples/lib/workerPool.ts';
import type { Workshop } from '../../examples/lib/workerPool.ts';
import { inOrder, jobKey, oneLayer, severalLayers } from '../../examples/paper/jobs.ts';
import { digestOf, pointStore } from '../../examples/paper/pointStore.ts';

function memoryJournal(entries = new Map<string, Uint8Array>()): Journal {
  return {
    read: async (name) => entries.get(name),
    write: async (name, bytes) => void entries.set(name, bytes),
  };
}

describe('the store of points', () => {
  it('gives back what was written: numbers that JSON has no word for, and bytes', async () => {
    const journal = memoryJournal();
    const store = pointStore(journal, 'run');
    const value = { a: [1.5, Number.NaN, -Infinity], hits: new Uint8Array([1, 0, 1]), none: null };
    expect(await store.read('job')).toBeUndefined();
    await store.write('job', value);
    expect(await store.read('job')).toEqual(value);
    expect(await store.read('other job')).toBeUndefined();
    expect(await pointStore(journal, 'other run').read('job')).toBeUndefined();
  });

  it('takes a damaged entry for none', async () => {
    const entries = new Map<string, Uint8Array>();
    const store = pointStore(memoryJournal(entries), 'run');
    await store.write('job', 1);
    const [[name, bytes] = ['', new Uint8Array()]] = [...entries];
    const whole = new TextDecoder().decode(bytes);
    for (const text of [whole.slice(0, -3), '', '{}', '[]', whole.replace('job', 'jib')]) {
      entries.set(name, new TextEncoder().encode(text));
      expect(await store.read('job')).toBeUndefined();
    }
    await store.write('job', 2);
    expect(await store.read('job')).toBe(2);
  });

  it('digests lists, not what they run together to', () => {
    expect(digestOf('ab', 'c')).not.toBe(digestOf('a', 'bc'));
    expect(digestOf('a', new Uint8Array([98]))).toBe(digestOf('a', 'b'));
  });
});

describe('jobs', () => {
  it('are the same by what they ask for', () => {
    expect(jobKey(oneLayer('a', 2, 'linear'))).toBe(jobKey({ ...oneLayer('a', 3, 'linear'), speedup: 2 }));
    expect(jobKey(severalLayers(['a', 'b'], 2))).not.toBe(jobKey(severalLayers(['a', 'c'], 2)));
  });

  it('are each done once, those that begin with one layer together', () => {
    const [a, b] = [oneLayer('a', 2, 'linear'), oneLayer('b', 2, 'linear')];
    const whole = severalLayers(['a', 'b'], 2);
    expect(inOrder([b, whole, { kind: 'original' }, a, b], ['a', 'b'])).toEqual([{ kind: 'original' }, whole, a, b]);
  });
});

describe('the pool, in this thread', () => {
  const workshop: Workshop<number, number, number, number> = {
    prepare: async (task) => task,
    run: async (prepared, job) => prepared * job,
  };
  const run = (
    jobs: readonly number[],
    options: Partial<Parameters<typeof runJobs<number, number, number, number>>[5]>,
  ) =>
    runJobs(workshop, new URL(import.meta.url), 10, jobs, referenceKernels, {
      threads: 1,
      onProgress: () => {},
      ...options,
    });

  it('gives results in order, and hands each out as it ends', async () => {
    const seen: number[][] = [];
    const fractions: number[] = [];
    const onProgress = (fraction: number): void => void fractions.push(fraction);
    expect(await run([1, 2, 3], { onResult: (result, job) => void seen.push([job, result]), onProgress })).toEqual([
      10, 20, 30,
    ]);
    expect(seen).toEqual([
      [1, 10],
      [2, 20],
      [3, 30],
    ]);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(await run([], {})).toEqual([]);
  });

  it('stops when it is told to, between results', async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const stop = (result: number): void => {
      seen.push(result);
      if (seen.length === 2) controller.abort(new Error('enough'));
    };
    await expect(run([1, 2, 3], { onResult: stop, signal: controller.signal })).rejects.toThrow('enough');
    expect(seen).toEqual([10, 20]);
  });
});
