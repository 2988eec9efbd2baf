/** Calls too small to set up tasks for, and parts of calls that are too large for the memory at once. */

import { afterAll, describe, expect, it } from 'vitest';
import { createKernelPool, createSimdKernels } from '@rankwise/simd';
import {
  DomainError,
  ShapeError,
  createReferenceKernels,
  full,
  referenceKernels,
  transpose,
  zeros,
} from '@rankwise/tensor';
import { matmul, productWay } from '../../packages/simd/src/run/matmul.ts';
import { chooseConvolution } from '../../packages/simd/src/plan/convolutionPlan.ts';
import { conv2dCallOf, plainLayer } from '../kit/kernelCalls.ts';
import { seeded } from '../kit/seededTensors.ts';
import { bothKernels, bothMachines } from './support.ts';

const kernels = await createSimdKernels();
afterAll(() => kernels.dispose());

describe('small calls', () => {
  it('are the plain loops, to the bit', () => {
    const call = { a: seeded('f32', [4, 4], 1), b: seeded('f32', [4, 4], 2) };
    const [mine, plain] = [zeros('f32', [4, 4]), zeros('f32', [4, 4])];
    kernels.matmul({ ...call, out: mine });
    referenceKernels.matmul({ ...call, out: plain });
    expect(mine.data).toEqual(plain.data);
    const layer = conv2dCallOf({ ...plainLayer, channels: 1, filters: 1, groups: 16, height: 5, width: 5 }, 'noise');
    const output = zeros('f32', layer.output.shape);
    kernels.conv2d(layer);
    createReferenceKernels({ winograd: false }).conv2d({ ...layer, output });
    expect(layer.output.data).toEqual(output.data);
  });

  it('end where the option says', () => {
    const at = (leastWork: number) =>
      productWay({ leastWork }, { a: zeros('f32', [10, 10]), b: zeros('f32', [10, 10]), out: zeros('f32', [10, 10]) });
    expect([at(0), at(1000), at(1001)]).toEqual(['packed', 'packed', 'plain']);
    const extents = {
      images: 1,
      groups: 2,
      channels: 1,
      filters: 1,
      height: 10,
      width: 10,
      kernelHeight: 1,
      kernelWidth: 1,
      outputHeight: 10,
      outputWidth: 10,
    };
    const geometry = { stride: [1, 1], dilation: [1, 1] } as const;
    const way = (leastWork: number) =>
      chooseConvolution(extents, geometry, { relaxed: false, largest: 8, leastWork }).algorithm;
    expect([way(100), way(101)]).toEqual(['implicit', 'plain']);
  });

  it('take products of f64 columns with one vector, which are done before they would be copied', () => {
    const way = (m: number, n: number, dtype: 'f32' | 'f64', turned: boolean) => {
      const a = turned ? transpose(zeros(dtype, [40, m])) : zeros(dtype, [m, 40]);
      const b = turned ? transpose(zeros(dtype, [n, 40])) : zeros(dtype, [40, n]);
      return productWay({ leastWork: 0 }, { a, b, out: zeros(dtype, [m, n]) });
    };
    expect([way(40, 1, 'f64', true), way(1, 40, 'f64', false)]).toEqual(['plain', 'plain']);
    expect([way(40, 1, 'f64', false), way(40, 1, 'f32', false)]).toEqual(['thin', 'thin']);
    expect([way(40, 1, 'f32', true), way(40, 9, 'f64', true)]).toEqual(['packed', 'packed']);
  });

  it('are refused an option that is no number', async () => {
    await expect(createSimdKernels({ leastWork: NaN })).rejects.toThrow(/^createSimdKernels: leastWork: expected/);
    await expect(createSimdKernels({ leastWork: -1 })).rejects.toBeInstanceOf(DomainError);
    // @ts-expect-error -- what a caller without types may pass
    await expect(createSimdKernels({ winograd: 5 })).rejects.toThrow('winograd: expected 0, 4, 6, 8, got 5');
    // @ts-expect-error -- what a caller without types may pass
    await expect(createKernelPool({ winograd: true })).rejects.toThrow(/^createKernelPool: winograd/);
  });
});

describe.each(await bothMachines())('a product deeper than the memory holds at once with %s', (_, machine) => {
  it('is summed in parts', () => {
    // 8 (4 k + 9 k) bytes exceed 2^28; integers below 2^24 are exact in any order.
    const [m, n, k] = [4, 9, 2_700_000];
    const [a, b] = [full('f32', [m, k], 1), full('f32', [k, n], 2)];
    a.data[k - 1] = -5;
    const out = full('f32', [m, n], 7);
    matmul(machine, { a, b, out, beta: 1, rowBias: full('f32', [m], 100), activation: 'relu' });
    const rest = 2 * k + 107;
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) expect(out.data[i * n + j]).toBe(i === 0 ? rest - 12 : rest);
  });
});

describe('the workspace of kernels', () => {
  it('refuses shapes that are none and keeps nothing of them', () => {
    const workspace = bothKernels[0]![1].workspace!;
    for (const shape of [[-1], [1.5], [NaN]]) expect(() => workspace.borrow('f32', shape)).toThrow(ShapeError);
  });

  it('lends nothing after dispose', async () => {
    const ended = await createSimdKernels();
    const lent = ended.workspace!.borrow('f32', [4])!;
    ended.dispose();
    expect(() => ended.workspace!.borrow('f32', [4])).toThrow(DomainError);
    ended.workspace!.release(lent);
  });
});
