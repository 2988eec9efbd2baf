/** The kernel pool: the bits of single-threaded kernels, nothing half-written, failures. */

import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { DomainError, full, ShapeError, slice, transpose, zeros } from '@rankwise/tensor';
import type { Conv2dCall, FloatDType, MatmulCall, Tensor } from '@rankwise/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryError } from '../../../packages/simd/src/run/heap.ts';
import { createSimdKernels } from '../../../packages/simd/src/run/simdKernels.ts';
import type { SimdKernels } from '../../../packages/simd/src/run/simdKernels.ts';
import { evenRanges } from '../../../packages/simd/src/threads/kernelParts.ts';
import { createKernelPool } from '../../../packages/simd/src/threads/kernelPool.ts';
import type { KernelPool } from '../../../packages/simd/src/threads/kernelPool.ts';
import { WorkerError } from '../../../packages/simd/src/threads/workerError.ts';
import { runs } from '../../kit/runs.ts';
import { seeded } from '../../kit/seededTensors.ts';

const fromSource = (): Worker =>
  new Worker(new URL('./kernelWorkerFromSource.mjs', import.meta.url), {
    execArgv: ['--conditions=rankwise-source'],
  });

let single: SimdKernels;
let pools: readonly KernelPool[] = [];
beforeAll(async () => {
  single = await createSimdKernels();
  pools = await Promise.all([2, 3].map((threads) => createKernelPool({ threads, createWorker: fromSource })));
});
afterAll(() => {
  single.dispose();
  for (const pool of pools) pool.dispose();
});

/** A view of this shape, contiguous along the first axis if asked for. */
function outOf(dtype: FloatDType, m: number, n: number, transposed: boolean, seed: number): Tensor<FloatDType> {
  if (!transposed) return seeded(dtype, [m, n], seed);
  return transpose(slice(seeded(dtype, [n, m + 1], seed), [undefined, [0, m]]));
}

const matmulCase = fc.record({
  m: fc.constantFrom(0, 1, 2, 3, 11, 40),
  n: fc.constantFrom(0, 1, 2, 5, 17, 33),
  k: fc.constantFrom(0, 1, 7, 130),
  types: fc.array(fc.constantFrom<FloatDType>('f32', 'f64'), { minLength: 3, maxLength: 3 }),
  transposed: fc.array(fc.boolean(), { minLength: 2, maxLength: 2 }),
  alpha: fc.constantFrom(1, 0.3),
  beta: fc.constantFrom(0, -0.7),
  bias: fc.boolean(),
  activation: fc.constantFrom('none' as const, 'relu' as const),
  seed: fc.nat(),
});

describe('matmul of a pool', () => {
  it('gives the bits of one thread, for 2 and 3 workers', async () => {
    await fc.assert(
      fc.asyncProperty(matmulCase, async ({ m, n, k, types, transposed, bias, seed, alpha, beta, activation }) => {
        const call = (): MatmulCall => ({
          a: seeded(types[0] ?? 'f32', [m, k], seed, { transposed: transposed[0] ?? false }),
          b: seeded(types[1] ?? 'f32', [k, n], seed + 1),
          out: outOf(types[2] ?? 'f32', m, n, transposed[1] ?? false, seed + 2),
          ...(bias ? { rowBias: seeded('f32', [m], seed + 3) } : {}),
          alpha,
          beta,
          activation,
        });
        const expected = call();
        single.matmul(expected);
        for (const pool of pools) {
          const got = call();
          await pool.matmul(got);
          expect(got.out.data).toEqual(expected.out.data);
        }
      }),
      { numRuns: runs(40) },
    );
  });

  it('answers calls that wait for each other', async () => {
    const calls = Array.from({ length: 6 }, (_, i) => ({
      a: seeded('f32', [30, 20], i),
      b: seeded('f32', [20, 10], i + 1),
      out: zeros('f32', [30, 10]),
    }));
    for (const pool of pools) {
      for (const { out } of calls) out.data.fill(NaN);
      await Promise.all(calls.map((call) => pool.matmul(call)));
      for (const call of calls) {
        const expected = { ...call, out: zeros('f32', [30, 10]) };
        single.matmul(expected);
        expect(call.out.data).toEqual(expected.out.data);
      }
    }
  });

  it('reads the operands before it returns, and leaves them to the caller', async () => {
    const call = { a: full('f32', [4, 4], 1), b: full('f32', [4, 4], 2), out: zeros('f32', [4, 4]) };
    const promise = pools[0]?.matmul(call);
    call.a.data.fill(5);
    await promise;
    expect([...call.out.data]).toEqual(Array(16).fill(8));
    expect(call.b.data.length).toBe(16);
  });
});

const convCase = fc.record({
  images: fc.constantFrom(0, 1, 2, 3, 4),
  groups: fc.constantFrom(1, 2, 3),
  channels: fc.constantFrom(1, 3, 8),
  filters: fc.constantFrom(1, 2, 9),
  size: fc.constantFrom(5, 12),
  kernel: fc.constantFrom([1, 1], [3, 3], [5, 5], [3, 1]),
  stride: fc.constantFrom(1, 2),
  activation: fc.constantFrom('none' as const, 'relu' as const),
  seed: fc.nat(),
});

interface ConvCase {
  readonly images: number;
  readonly groups: number;
  /** Of a group. */
  readonly channels: number;
  readonly filters: number;
  readonly size: number;
  readonly kernel: readonly number[];
  readonly stride: number;
  readonly activation: 'none' | 'relu';
  readonly seed: number;
}

function convCall(drawn: ConvCase): Conv2dCall {
  const { images, groups, channels, filters, size, kernel, stride, activation, seed } = drawn;
  const [kh = 1, kw = 1] = kernel;
  const extent = (k: number): number => Math.floor((size + 2 - k) / stride) + 1;
  return {
    input: seeded('f32', [images, groups * channels, size, size], seed),
    weight: seeded('f32', [groups * filters, channels, kh, kw], seed + 1),
    bias: seeded('f32', [groups * filters], seed + 2),
    output: full('f32', [images, groups * filters, extent(kh), extent(kw)], NaN),
    stride: [stride, stride],
    padding: [1, 1, 1, 1],
    dilation: [1, 1],
    groups,
    activation,
  };
}

describe('conv2d of a pool', () => {
  it('gives the bits of one thread, for 2 and 3 workers', async () => {
    await fc.assert(
      fc.asyncProperty(convCase, async (drawn) => {
        const expected = convCall(drawn);
        single.conv2d(expected);
        for (const pool of pools) {
          const got = convCall(drawn);
          await pool.conv2d(got);
          expect(got.output.data).toEqual(expected.output.data);
        }
      }),
      { numRuns: runs(40) },
    );
  });

  it('keeps the plan of the whole call where a part would take another', async () => {
    const shape = {
      groups: 1,
      channels: 64,
      size: 12,
      kernel: [3, 3],
      stride: 1,
      activation: 'none' as const,
      seed: 1,
    };
    for (const [images, filters] of [
      [6, 32],
      [1, 64],
    ] as const) {
      const expected = convCall({ ...shape, images, filters });
      single.conv2d(expected);
      for (const pool of pools) {
        const got = convCall({ ...shape, images, filters });
        await pool.conv2d(got);
        expect(got.output.data).toEqual(expected.output.data);
      }
    }
  });
});

describe('a pool that fails', () => {
  const call = (size = 20): MatmulCall => ({
    a: full('f32', [size, size], 1),
    b: full('f32', [size, size], 1),
    out: full('f32', [size, size], 7),
  });

  it('refuses wrong calls and options', async () => {
    const wrong = { a: zeros('f32', [2, 3]), b: zeros('f32', [2, 3]), out: zeros('f32', [2, 3]) };
    await expect(pools[0]?.matmul(wrong)).rejects.toBeInstanceOf(ShapeError);
    await expect(createKernelPool({ threads: 0 })).rejects.toBeInstanceOf(DomainError);
    await expect(createKernelPool({ memoryLimit: 0 })).rejects.toThrow(/^createKernelPool: memoryLimit/);
  });

  it('a worker killed before or in a call: it is rejected, nothing is written, and later ones too', async () => {
    const workers: Worker[] = [];
    const createWorker = (): Worker => {
      const worker = fromSource();
      workers.push(worker);
      return worker;
    };
    const pool = await createKernelPool({ threads: 2, createWorker });
    const given = call(600);
    const promise = pool.matmul(given);
    void workers[1]?.terminate();
    await expect(promise).rejects.toThrow(
      /^kernel pool: worker 2 of 2: expected it to run, got it ended with exit code 1$/,
    );
    await expect(pool.matmul(call())).rejects.toBeInstanceOf(WorkerError);
    expect(new Set(given.out.data)).toEqual(new Set([7]));
    pool.dispose();
  });

  it('a worker that does not answer in time', async () => {
    const createWorker = (): Worker =>
      new Worker(
        "const { parentPort } = require('node:worker_threads');" +
          "parentPort.once('message', () => parentPort.postMessage({ kind: 'ready' }));" +
          'setInterval(() => {}, 1000);',
        { eval: true },
      );
    const pool = await createKernelPool({ threads: 2, timeout: 100, createWorker });
    const [first, second] = await Promise.allSettled([pool.matmul(call()), pool.matmul(call())]);
    for (const result of [first, second]) {
      expect(result.status === 'rejected' && result.reason).toBeInstanceOf(WorkerError);
      expect(String(result.status === 'rejected' && result.reason)).toMatch(/expected an answer, got none for 100 ms$/);
    }
    await expect(pool.matmul(call())).rejects.toBeInstanceOf(WorkerError);
  });

  it('a worker out of memory: the call is rejected, and the pool works on', async () => {
    const pool = await createKernelPool({ threads: 1, memoryLimit: 2 ** 21, createWorker: fromSource });
    const large = call(1000);
    await expect(pool.matmul(large)).rejects.toBeInstanceOf(MemoryError);
    expect(new Set(large.out.data)).toEqual(new Set([7]));
    const small = call();
    await pool.matmul(small);
    expect(new Set(small.out.data)).toEqual(new Set([20]));
    pool.dispose();
  });

  it('dispose rejects what is under way, and later calls', async () => {
    const pool = await createKernelPool({ threads: 1, createWorker: fromSource });
    const promise = pool.matmul(call());
    pool.dispose();
    pool.dispose();
    await expect(promise).rejects.toBeInstanceOf(DomainError);
    await expect(pool.matmul(call())).rejects.toThrow('simd kernels: call: expected kernels in use, got disposed ones');
  });

  it('a worker that cannot start', async () => {
    const createWorker = (): Worker => new Worker('throw new Error("planted")', { eval: true });
    await expect(createKernelPool({ threads: 2, createWorker })).rejects.toThrow(/expected it to start, got planted$/);
  });
});

describe('evenRanges', () => {
  it('covers the extent in order, as evenly as can be', () => {
    expect(evenRanges(7, 3)).toEqual([
      [0, 2],
      [2, 4],
      [4, 7],
    ]);
    expect(evenRanges(2, 3)).toEqual([
      [0, 1],
      [1, 2],
    ]);
    expect(evenRanges(0, 3)).toEqual([]);
  });

  it('stays well when a call cannot be sent', async () => {
    const pool = await createKernelPool({ threads: 2, timeout: 300, createWorker: fromSource });
    const call = { a: seeded('f32', [3, 4], 1), b: seeded('f32', [4, 5], 2), out: zeros('f32', [3, 5]) };
    const unsendable = { ...call, extra: () => 1 };
    await expect(pool.matmul(unsendable)).rejects.toThrow(/could not be cloned/);
    await new Promise((resolve) => setTimeout(resolve, 600));
    await pool.matmul(call);
    expect(call.out.data.some((value) => value !== 0)).toBe(true);
    pool.dispose();
  });
});
