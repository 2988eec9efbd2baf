/** Tensors inside the linear memory: what is borrowed, given back, and computed where it lies. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forward, sequential } from '@rankwise/nn';
import { createRandom, zeros } from '@rankwise/tensor';
import type { FloatDType, Shape, Tensor } from '@rankwise/tensor';
import { createMachine } from '../../packages/simd/src/run/createMachine.ts';
import { createHeap } from '../../packages/simd/src/run/heap.ts';
import { maxPool2d } from '../../packages/simd/src/run/pool.ts';
import { createSimdKernels } from '../../packages/simd/src/run/simdKernels.ts';
import { createWorkspace } from '../../packages/simd/src/run/workspace.ts';
import { runs } from '../kit/runs.ts';

const maximum = 64;
const pageBytes = 65_536;

function workspaceOf(budget = maximum * pageBytes) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum, shared: true });
  const heap = createHeap(memory, maximum);
  return { heap, workspace: createWorkspace(heap, budget) };
}

describe('the workspace', () => {
  it('lends contiguous tensors that do not overlap, and takes them back', () => {
    const { heap, workspace } = workspaceOf();
    const a = workspace.borrow('f32', [2, 3])!;
    const b = workspace.borrow('f32', [5])!;
    expect(a).toMatchObject({ dtype: 'f32', shape: [2, 3], strides: [3, 1], offset: 0 });
    expect(a.data).toHaveLength(6);
    a.data.fill(1);
    b.data.fill(2);
    expect([...a.data]).toEqual(Array(6).fill(1));
    const used = heap.used;
    workspace.release(a);
    expect(heap.used).toBeLessThan(used);
    expect([...b.data]).toEqual(Array(5).fill(2));
    workspace.release(b);
    expect(heap.used).toBe(0);
    expect(workspace.borrowed).toBe(0);
  });

  it('takes back by a view, once, and leaves other tensors alone', () => {
    const { heap, workspace } = workspaceOf();
    const lent = workspace.borrow('f32', [4, 4])!;
    const view = { ...lent, shape: [16], strides: [1] };
    workspace.release(zeros('f32', [4, 4]));
    workspace.release(view);
    workspace.release(lent);
    expect(heap.used).toBe(0);
  });

  it('says where a tensor lies, views included, and nothing of others', () => {
    const { workspace } = workspaceOf();
    const lent = workspace.borrow('f32', [4])!;
    const address = workspace.addressOf(lent)!;
    expect(address).toBe(lent.data.byteOffset);
    expect(workspace.addressOf({ ...lent, shape: [2], offset: 2 })).toBe(address + 8);
    expect(workspace.addressOf(zeros('f32', [4]))).toBeUndefined();
    workspace.release(lent);
    expect(workspace.addressOf(lent)).toBeUndefined();
    const double = workspace.borrow('f64', [4])!;
    expect(double.data).toBeInstanceOf(Float64Array);
    expect(double.data).toHaveLength(4);
    expect(workspace.addressOf({ ...double, offset: 2 })).toBe(double.data.byteOffset + 16);
    workspace.release(double);
    expect(workspace.borrowed).toBe(0);
  });

  it('refuses by undefined: over its budget, and where the memory cannot grow', () => {
    const small = workspaceOf(1000).workspace;
    expect(small.borrow('f32', [1000])).toBeUndefined();
    expect(small.borrow('f32', [100])).toBeDefined();
    const { workspace } = workspaceOf(2 ** 40);
    expect(workspace.borrow('f32', [(maximum * pageBytes) / 4])).toBeUndefined();
    expect(workspace.borrow('f32', [10])).toBeDefined();
  });

  it('keeps what it lent while the memory grows', () => {
    const { heap, workspace } = workspaceOf();
    const lent = workspace.borrow('f32', [3])!;
    lent.data.set([1, 2, 3]);
    const before = heap.memory.buffer.byteLength;
    heap.allocate(10 * pageBytes);
    expect(heap.memory.buffer.byteLength).toBeGreaterThan(before);
    expect([...lent.data]).toEqual([1, 2, 3]);
    expect(heap.f32[workspace.addressOf(lent)! / 4 + 2]).toBe(3);
  });
});

describe('kernels on borrowed tensors', () => {
  it('give the bits that they give on ordinary ones, whichever of the operands is borrowed', async () => {
    const kernels = await createSimdKernels();
    const workspace = kernels.workspace!;
    const borrowed = ({ shape, data }: Tensor<'f32'>): Tensor<'f32'> => {
      const copy = workspace.borrow('f32', shape)!;
      copy.data.set(data);
      return copy;
    };
    const property = fc.property(
      fc.record({
        images: fc.integer({ min: 1, max: 3 }),
        channels: fc.integer({ min: 1, max: 6 }),
        filters: fc.integer({ min: 1, max: 9 }),
        extent: fc.integer({ min: 3, max: 13 }),
        kernel: fc.constantFrom(1, 3, 5),
        padding: fc.integer({ min: 0, max: 2 }),
        where: fc.tuple(fc.boolean(), fc.boolean()),
      }),
      ({ images, channels, filters, extent, kernel, padding, where }) => {
        const outputExtent = extent + 2 * padding - kernel + 1;
        fc.pre(outputExtent >= 2);
        const random = createRandom(7);
        const input = random.fillNormalInPlace(zeros('f32', [images, channels, extent, extent]));
        const weight = random.fillNormalInPlace(zeros('f32', [filters, channels, kernel, kernel]));
        const shape: Shape = [images, filters, outputExtent, outputExtent];
        const geometry = {
          stride: [1, 1],
          dilation: [1, 1],
          padding: [padding, padding, padding, padding],
          groups: 1,
        } as const;
        const output = zeros('f32', shape);
        kernels.conv2d({ input, weight, output, ...geometry });
        const other = where[1] ? workspace.borrow('f32', shape)! : zeros('f32', shape);
        other.data.fill(NaN);
        const place = where[0] ? borrowed(input) : input;
        kernels.conv2d({ input: place, weight, output: other, ...geometry });
        expect([...other.data]).toEqual([...output.data]);
        const pooledShape: Shape = [images, filters, Math.floor(outputExtent / 2), Math.floor(outputExtent / 2)];
        const pools = [output, other].map((source) => {
          const pooled =
            source === other && where[1] ? workspace.borrow('f32', pooledShape)! : zeros('f32', pooledShape);
          kernels.maxPool2d({ input: source, output: pooled, kernel: [2, 2], stride: [2, 2], padding: [0, 0, 0, 0] });
          return [...pooled.data];
        });
        expect(pools[1]).toEqual(pools[0]);
      },
    );
    fc.assert(property, { numRuns: runs() });
    kernels.dispose();
  });

  it('give pools no windows where nothing is copied', async () => {
    const machine = await createMachine({ relaxed: false, maximumPages: 1024, leastWork: 0 });
    const call = { kernel: [2, 2], stride: [2, 2], padding: [0, 0, 0, 0] } as const;
    const lent = {
      input: machine.workspace!.borrow('f32', [1, 8, 64, 64])!,
      output: machine.workspace!.borrow('f32', [1, 8, 32, 32])!,
    };
    const own = { input: zeros('f32', [1, 8, 64, 64]), output: zeros('f32', [1, 8, 32, 32]) };
    const [resident, copied] = [lent, own].map((tensors) => {
      let allocated = 0;
      const allocate = (bytes: number): number => {
        allocated += bytes;
        return machine.heap.allocate(bytes);
      };
      maxPool2d(
        { ...machine, heap: Object.create(machine.heap, { allocate: { value: allocate } }) },
        { ...call, ...tensors },
      );
      return allocated;
    });
    expect(copied! - resident!).toBeGreaterThanOrEqual(4 * (8 * 64 * 64 + 8 * 32 * 32));
  });

  it('leave nothing on loan after a forward pass, whose results are ordinary memory', async () => {
    const kernels = await createSimdKernels();
    const lent = new Set<unknown>();
    const watched = {
      ...kernels,
      workspace: {
        borrow: <D extends FloatDType>(dtype: D, shape: Shape) => {
          const tensor = kernels.workspace!.borrow(dtype, shape);
          lent.add(tensor?.data);
          return tensor;
        },
        release: (tensor: Tensor) => {
          lent.delete(tensor.data);
          kernels.workspace!.release(tensor);
        },
      },
    };
    const model = sequential('net', [3, 16, 16])
      .conv('conv1', { filters: 8, kernel: 3, padding: 1 })
      .relu()
      .maxPool('pool1', { kernel: 2 })
      .conv('conv2', { filters: 8, kernel: 3, padding: 1 })
      .relu()
      .flatten('features')
      .linear('fc', { outputs: 4 })
      .build();
    const input = createRandom(3).fillNormalInPlace(zeros('f32', [2, 3, 16, 16]));
    const { output, taps } = forward(model, input, { kernels: watched, taps: ['conv1', 'features'] });
    expect(lent.size).toBe(0);
    expect(output.data.buffer).toBeInstanceOf(ArrayBuffer);
    expect(taps.get('conv1')?.data.buffer).toBeInstanceOf(ArrayBuffer);
    const { workspace: _, ...plain } = kernels;
    const again = forward(model, input, { kernels: plain, taps: ['conv1', 'features'] });
    expect([...output.data]).toEqual([...again.output.data]);
    expect([...taps.get('features')!.data]).toEqual([...again.taps.get('features')!.data]);
    kernels.dispose();
  });
});
