/** Threads of the built package, where it runs: plain Node, and a browser with and without shared memory. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPackages, runOrThrow } from '../kit/builtPackages.ts';
import type { BuiltPackages } from '../kit/builtPackages.ts';
import { chromium, runPage } from '../kit/chromium.ts';

/** Computes a product and a convolution on one thread, on two, and by a pool, and tells what differs. */
const program = (simd: string, tensor: string): string => `
  const { createKernelPool, createSimdKernels } = await import('${simd}');
  const { tensorOf, zeros } = await import('${tensor}');
  const noise = (...shape) =>
    tensorOf(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * i)), shape);
  const compute = async (kernels) => {
    const out = zeros('f32', [301, 203]);
    const output = zeros('f32', [2, 24, 30, 30]);
    await kernels.matmul({ a: noise(301, 129), b: noise(129, 203), out });
    await kernels.conv2d({
      input: noise(2, 16, 30, 30), weight: noise(24, 16, 3, 3), output,
      stride: [1, 1], padding: [1, 1, 1, 1], dilation: [1, 1], groups: 1,
    });
    kernels.dispose();
    return [...out.data, ...output.data];
  };
  const single = await compute(await createSimdKernels());
  const shared = await createSimdKernels({ threads: 2 });
  const pool = await createKernelPool({ threads: 2 });
  const differing = async (kernels) => (await compute(kernels)).filter((value, i) => value !== single[i]).length;
  const told = {
    threads: [shared.threads, pool.threads],
    alone: shared.features.includes('one thread: no shared memory'),
    differing: [await differing(shared), await differing(pool)],
    computed: single.filter((value) => value !== 0).length > 40_000,
  };
`;

const onTwo = { threads: [2, 2], alone: false, differing: [0, 0], computed: true };
const onOne = { threads: [1, 2], alone: true, differing: [0, 0], computed: true };

describe('threads of the built package', () => {
  let built: BuiltPackages;
  beforeAll(() => {
    built = buildPackages('simd');
  });
  afterAll(() => built?.dispose());

  it('under plain node', () => {
    const path = join(built.root, 'threads.mjs');
    writeFileSync(path, `${program('@rankwise/simd', '@rankwise/tensor')} console.log(JSON.stringify(told));`);
    expect(JSON.parse(runOrThrow(process.execPath, [path], built.root))).toEqual(onTwo);
  });

  const page = `${program('/packages/simd/dist/index.js', '/packages/tensor/dist/index.js')} report(told);`;
  const missing = chromium === undefined ? ' — skipped: no chromium on the path' : '';

  it.skipIf(chromium === undefined)(`on a page isolated from other origins${missing}`, async () => {
    const headers = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };
    expect(await runPage(chromium ?? '', { root: built.root, script: page, headers })).toEqual(onTwo);
  });

  it.skipIf(chromium === undefined)(`on any page, under a strict policy${missing}`, async () => {
    const policy = "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'";
    const headers = { 'content-security-policy': policy };
    expect(await runPage(chromium ?? '', { root: built.root, script: page, headers })).toEqual(onOne);
  });
});
