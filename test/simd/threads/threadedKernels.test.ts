/** Kernels on several threads: the same bits as on one, options, processes that end. */

import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { DomainError, full, zeros } from '@rankwise/tensor';
import type { MatmulCall } from '@rankwise/tensor';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { MemoryError } from '../../../packages/simd/src/run/heap.ts';
import { createSimdKernels } from '../../../packages/simd/src/run/simdKernels.ts';
import type { SimdKernels } from '../../../packages/simd/src/run/simdKernels.ts';
import { WorkerError } from '../../../packages/simd/src/threads/workerError.ts';
import { elementsOf, expectWithin, matmulBound } from '../../kit/kernelBounds.ts';
import { repositoryRoot } from '../../kit/repository.ts';
import { runs } from '../../kit/runs.ts';
import { seeded } from '../../kit/seededTensors.ts';
import { faulty } from './support.ts';

function sameBits(a: ArrayBufferView | undefined, b: ArrayBufferView | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));
}

const counts = [1, 2, 3, 5];
let kernels: readonly SimdKernels[] = [];
beforeAll(async () => {
  kernels = await Promise.all(counts.map((threads) => createSimdKernels({ threads })));
});
afterAll(() => kernels.forEach((each) => each.dispose()));

/** About the edges of tiles of 2 to 6 rows and 4 to 16 columns, large enough to be shared. */
const extent = fc.constantFrom(1, 5, 47, 48, 49, 95, 96, 97, 129, 192, 193);
const call = fc.record({
  m: extent,
  n: extent,
  k: fc.constantFrom(0, 1, 63, 64, 65, 257),
  dtype: fc.constantFrom('f32' as const, 'f64' as const),
  transposed: fc.boolean(),
  relu: fc.boolean(),
  seed: fc.nat(),
});

describe('matmul', () => {
  it('gives the same bits on 1, 2, 3 and 5 threads', () => {
    fc.assert(
      fc.property(call, ({ m, n, k, dtype, transposed, relu, seed }) => {
        const a = seeded(dtype, [m, k], seed, { transposed });
        const b = seeded('f32', [k, n], seed + 1);
        const outs = kernels.map((each) => {
          const out = zeros(dtype, [m, n]);
          out.data.fill(NaN);
          const given: MatmulCall = { a, b, out, rowBias: seeded('f32', [m], seed + 2) };
          each.matmul(relu ? { ...given, activation: 'relu' } : given);
          return out.data;
        });
        for (const out of outs.slice(1)) expect(sameBits(out, outs[0])).toBe(true);
      }),
      { numRuns: runs(40) },
    );
  });

  it.each([
    [601, 601, 33],
    [13, 2000, 300],
    [2000, 13, 300],
  ])('gives the same bits for %i × %i over %i, with many items, again and again', (m, n, k) => {
    const outs = kernels.flatMap((each) => {
      const given = { a: seeded('f32', [m, k], 1), b: seeded('f32', [k, n], 2), out: zeros('f32', [m, n]) };
      return [1, 2, 3].map(() => {
        each.matmul(given);
        return given.out.data.slice();
      });
    });
    for (const out of outs) expect(sameBits(out, outs[0])).toBe(true);
  });

  it('is computed by two kernels in turns', async () => {
    const [a, b] = await Promise.all([createSimdKernels({ threads: 2 }), createSimdKernels({ threads: 2 })]);
    const operands = { a: seeded('f32', [200, 200], 1), b: seeded('f32', [200, 200], 2) };
    const outs = [a, b, a, b].map((each) => {
      const out = zeros('f32', [200, 200]);
      each.matmul({ ...operands, out });
      return out.data;
    });
    for (const out of outs) expect(sameBits(out, outs[0])).toBe(true);
    a.dispose();
    const out = zeros('f32', [200, 200]);
    expect(() => a.matmul({ ...operands, out })).toThrow(DomainError);
    expect([...out.data].every((value) => value === 0)).toBe(true);
    b.matmul({ ...operands, out });
    expect(out.data).toEqual(outs[0]);
    b.dispose();
  });

  it('leaves the output alone when a worker fails', async () => {
    const broken = await createSimdKernels({ threads: 2, timeout: 200, createWorker: faulty('hang') });
    const operands = { a: seeded('f32', [200, 200], 1), b: seeded('f32', [200, 200], 2) };
    for (let calls = 0; calls < 100_000; calls++) {
      const out = zeros('f32', [200, 200]);
      try {
        broken.matmul({ ...operands, out });
      } catch (error) {
        expect(error).toBeInstanceOf(WorkerError);
        expect([...out.data].every((value) => value === 0)).toBe(true);
        break;
      }
    }
    expect(() => broken.matmul({ ...operands, out: zeros('f32', [200, 200]) })).toThrow(WorkerError);
    broken.dispose();
  });
});

const convolution = fc.record({
  images: fc.constantFrom(1, 2, 5),
  groups: fc.constantFrom(1, 2),
  channels: fc.constantFrom(3, 16, 33),
  filters: fc.constantFrom(4, 17, 48),
  size: fc.constantFrom(7, 18, 30),
  kernel: fc.constantFrom(1, 3, 5),
  stride: fc.constantFrom(1, 2),
  seed: fc.nat(),
});

describe('conv2d', () => {
  it('gives the same bits on 1, 2, 3 and 5 threads', () => {
    fc.assert(
      fc.property(convolution, ({ images, groups, channels, filters, size, kernel, stride, seed }) => {
        const side = Math.floor((size + 2 - kernel) / stride) + 1;
        const shared = {
          input: seeded('f32', [images, groups * channels, size, size], seed),
          weight: seeded('f32', [groups * filters, channels, kernel, kernel], seed + 1),
          bias: seeded('f32', [groups * filters], seed + 2),
          stride: [stride, stride],
          padding: [1, 1, 1, 1],
          dilation: [1, 1],
          groups,
        } as const;
        const outs = kernels.map((each) => {
          const output = full('f32', [images, groups * filters, side, side], NaN);
          each.conv2d({ ...shared, output });
          return output.data;
        });
        for (const out of outs.slice(1)) expect(sameBits(out, outs[0])).toBe(true);
        expect(outs[0]?.includes(NaN)).toBe(false);
      }),
      { numRuns: runs(30) },
    );
  });
});

describe('createSimdKernels', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('says how many threads it uses', () => {
    expect(kernels.map(({ threads }) => threads)).toEqual(counts);
    expect(kernels.map(({ features }) => features.includes('shared memory'))).toEqual([false, true, true, true]);
  });

  it('uses one thread where no memory can be shared, and says so', async () => {
    vi.stubGlobal('SharedArrayBuffer', undefined);
    const single = await createSimdKernels({ threads: 4, createWorker: faulty('crash') });
    expect(single.threads).toBe(1);
    expect(single.features).toContain('one thread: no shared memory');
    single.dispose();
    single.dispose();
    const out = zeros('f32', [1, 1]);
    expect(() => single.matmul({ a: zeros('f32', [1, 1]), b: zeros('f32', [1, 1]), out })).toThrow(DomainError);
  });

  it.each([0, -1, NaN, 1.5, 65, Infinity])('refuses %d threads', async (threads) => {
    const refused = createSimdKernels({ threads });
    await expect(refused).rejects.toBeInstanceOf(DomainError);
    await expect(refused).rejects.toThrow(
      `createSimdKernels: threads: expected a whole number from 1 to 64, got ${threads}`,
    );
  });

  it.each([0, -5, NaN, Infinity])('refuses a timeout of %d ms', async (timeout) => {
    await expect(createSimdKernels({ timeout })).rejects.toThrow(/^createSimdKernels: timeout: expected milliseconds/);
  });

  it.each([0, -1, NaN, 65_535])('refuses a memory of %d bytes', async (memoryLimit) => {
    await expect(createSimdKernels({ memoryLimit })).rejects.toThrow(/^createSimdKernels: memoryLimit: expected/);
  });

  it.each([1, 2])('runs out of a limited memory, with %i threads, and works on', async (threads) => {
    const limited = await createSimdKernels({ threads, memoryLimit: 2 ** 21 });
    const large = { a: zeros('f32', [800, 800]), b: zeros('f32', [800, 800]), out: zeros('f32', [800, 800]) };
    large.out.data.fill(7);
    expect(() => limited.matmul(large)).toThrow(MemoryError);
    expect([...large.out.data].every((value) => value === 7)).toBe(true);
    const small = { a: seeded('f32', [50, 50], 1), b: seeded('f32', [50, 50], 2), out: zeros('f32', [50, 50]) };
    limited.matmul(small);
    expectWithin(elementsOf(small.out), matmulBound(small));
    limited.dispose();
  });

  it('passes on why workers cannot start', async () => {
    await expect(createSimdKernels({ threads: 2, createWorker: faulty('refuse') })).rejects.toThrow(
      'simd kernels: worker 1 of 1: expected it to start, got a planted refusal',
    );
  });
});

describe('a process with threads', () => {
  const script = (end: string): string => `
    import { createSimdKernels } from './packages/simd/src/run/simdKernels.ts';
    import { zeros } from '@rankwise/tensor';
    const kernels = await createSimdKernels({ threads: 3 });
    const square = () => zeros('f32', [128, 128]);
    kernels.matmul({ a: square(), b: square(), out: square() });
    ${end}
    console.log('done');
  `;

  it.each([
    ['after dispose', 'kernels.dispose();'],
    ['though dispose was forgotten', ''],
  ])('ends %s', (_, end) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--conditions=rankwise-source', '--import', 'tsx', '--input-type=module', '-e', script(end)],
      { cwd: repositoryRoot, encoding: 'utf8', timeout: 60_000 },
    );
    expect(stderr).toBe('');
    expect(stdout).toBe('done\n');
    expect(status).toBe(0);
  });
});
