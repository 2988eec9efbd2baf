/** Products too thin to be packed, and those whose factor is applied at the end. */

import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { createKernelPool, createSimdKernels } from '@rankwise/simd';
import { fromNested, slice, toNested, transpose, zeros } from '@rankwise/tensor';
import type { MatmulCall } from '@rankwise/tensor';
import { isThin } from '../../packages/simd/src/run/thinProduct.ts';
import { elementsOf, expectWithin, matmulBound } from '../kit/kernelBounds.ts';
import { withOwnOutput } from '../kit/kernelCalls.ts';
import { runs } from '../kit/runs.ts';
import { seeded } from '../kit/seededTensors.ts';
import { bothKernels } from './support.ts';

const fromSource = (): Worker =>
  new Worker(new URL('./threads/kernelWorkerFromSource.mjs', import.meta.url), {
    execArgv: ['--conditions=rankwise-source'],
  });
const twoThreads = await createSimdKernels({ threads: 2, leastWork: 0 });
afterAll(() => {
  twoThreads.dispose();
  for (const [, kernels] of bothKernels) kernels.dispose();
});

/** Depths around the steps of 16 elements (8 in f64) and around the window. */
const depth = fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constantFrom(255, 256, 257, 1000));
const thinCalls = fc
  .record({
    m: fc.integer({ min: 1, max: 40 }),
    n: fc.integer({ min: 1, max: 8 }),
    k: depth,
    gap: fc.integer({ min: 0, max: 3 }),
    dtype: fc.constantFrom('f32' as const, 'f64' as const),
    turned: fc.boolean(),
    alpha: fc.constantFrom(1, -0.5),
    beta: fc.constantFrom(0, 1, 0.25),
    activation: fc.constantFrom('none' as const, 'relu' as const),
  })
  .map(({ m, n, k, gap, dtype, turned, ...rest }): MatmulCall => {
    // Rows with a gap behind each, beginning in the middle of the data.
    const a = slice(seeded(dtype, [m + 1, k + gap], 1), [[1], [gap]]);
    const b = turned ? transpose(seeded(dtype, [n, k], 2)) : seeded(dtype, [k, n], 2);
    const out = turned ? transpose(seeded(dtype, [n, m], 3)) : seeded(dtype, [m, n], 3);
    return { a, b, out, rowBias: seeded('f32', [m], 4), ...rest };
  });

describe.each(bothKernels)('thin products with %s', (_, kernels) => {
  it('add up rows by hand', () => {
    const a = fromNested('f32', [
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const out = zeros('f32', [2, 1]);
    kernels.matmul({ a, b: fromNested('f32', [[1], [10], [100]]), out, rowBias: fromNested('f32', [0.5, -1000]) });
    expect(toNested(out)).toEqual([[321.5], [-346]]);
  });

  it('keep the bound of the contract', () => {
    fc.assert(
      fc.property(thinCalls, (call) => {
        expect(isThin(call)).toBe(true);
        const mine = withOwnOutput(call);
        const expected = matmulBound(call);
        kernels.matmul(mine);
        expectWithin(elementsOf(mine.out), expected);
      }),
      { numRuns: runs() },
    );
  });

  it.each(['f32', 'f64'] as const)('are exact where the sums of integers are, in %s', (dtype) => {
    const [m, n, k] = [130, 3, 777];
    const values = 'integers';
    const [a, b] = [seeded(dtype, [m, k], 1, { values }), seeded(dtype, [k, n], 2, { values })];
    const out = zeros(dtype, [m, n]);
    kernels.matmul({ a, b, out });
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let l = 0; l < k; l++) sum += a.data[i * k + l]! * b.data[l * n + j]!;
        expect(out.data[i * n + j]).toBe(sum + 0);
      }
    }
  });

  it('keep a NaN in the row it stands in, and read nothing behind a row', () => {
    const a = seeded('f32', [5, 19], 1);
    a.data[2 * 19 + 18] = NaN;
    const out = zeros('f32', [5, 2]);
    kernels.matmul({ a, b: seeded('f32', [19, 2], 2), out });
    const bad = Array.from(out.data, (value) => Number.isNaN(value));
    expect(bad).toEqual([false, false, false, false, true, true, false, false, false, false]);
  });

  it('leave the product in range when only the factor would not be', () => {
    for (const columns of [1, 40]) {
      const a = fromNested('f32', [[2 ** 127]]);
      const b = zeros('f32', [1, columns]);
      b.data.fill(2 ** -10);
      const out = zeros('f32', [1, columns]);
      kernels.matmul({ a, b, out, alpha: 4 });
      expect([...out.data]).toEqual(Array(columns).fill(2 ** 119));
    }
  });
});

describe('thin products on several threads', () => {
  it('have the bits of one thread, in shared memory and in messages', async () => {
    const one = bothKernels.at(-1)![1];
    const pool = await createKernelPool({ threads: 2, leastWork: 0, createWorker: fromSource });
    for (const [dtype, m, n, k] of [
      ['f32', 300, 1, 500],
      ['f32', 700, 8, 129],
      ['f64', 300, 1, 500],
      ['f32', 40, 12, 64],
      ['f32', 12, 40, 64],
    ] as const) {
      const call = { a: seeded(dtype, [m, k], 1), b: seeded(dtype, [k, n], 2), out: zeros(dtype, [m, n]) };
      one.matmul(call);
      const [shared, sent] = [zeros(dtype, [m, n]), zeros(dtype, [m, n])];
      twoThreads.matmul({ ...call, out: shared });
      await pool.matmul({ ...call, out: sent });
      expect(shared.data).toEqual(call.out.data);
      expect(sent.data).toEqual(call.out.data);
    }
    pool.dispose();
  });
});
