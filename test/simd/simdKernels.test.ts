/** Kernels made by createSimdKernels, as a caller has them: in a network, where WebAssembly is missing, where memory is short. */

import fc from 'fast-check';
import { forward, sequential } from '@rankwise/nn';
import { checkConv2dCall, createReferenceKernels, DomainError, full, referenceKernels, zeros } from '@rankwise/tensor';
import type { Conv2dCall } from '@rankwise/tensor';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { planConvolution } from '../../packages/simd/src/plan/convolutionPlan.ts';
import { MemoryError } from '../../packages/simd/src/run/heap.ts';
import { createSimdKernels } from '../../packages/simd/src/run/simdKernels.ts';
import type { SimdKernels } from '../../packages/simd/src/run/simdKernels.ts';
import { modelCases } from '../nn/randomModel.ts';
import { run } from '../kit/builtPackages.ts';
import { conv2dBound, expectWithin } from '../kit/kernelBounds.ts';
import { conv2dCallOf, plainLayer } from '../kit/kernelCalls.ts';
import { repositoryRoot } from '../kit/repository.ts';
import { runs } from '../kit/runs.ts';
import { seeded } from '../kit/seededTensors.ts';
import { winogradBound } from '../kit/winogradBounds.ts';
import { axesOf, bothKernels, roundings } from './support.ts';

afterEach(() => vi.unstubAllGlobals());

describe('createSimdKernels', () => {
  it('says what it is and uses', () => {
    for (const [, kernels] of bothKernels) expect(kernels).toMatchObject({ name: 'simd', threads: 1 });
    const features = roundings.map((relaxed) => (relaxed ? ['simd128', 'relaxed-simd'] : ['simd128']));
    expect(bothKernels.map(([, kernels]) => kernels.features)).toEqual(features);
  });

  it('fails with the reason where there is no WebAssembly', async () => {
    vi.stubGlobal('WebAssembly', undefined);
    const refused = createSimdKernels();
    await expect(refused).rejects.toBeInstanceOf(DomainError);
    await expect(refused).rejects.toThrow(
      /^createSimdKernels: expected WebAssembly, got this engine has no WebAssembly$/,
    );
  });

  it('fails with the reason where compiling is forbidden', async () => {
    vi.stubGlobal('WebAssembly', {
      ...namesOf(WebAssembly),
      Module: function Module() {
        throw new Error('Wasm code generation disallowed by embedder');
      },
    });
    await expect(createSimdKernels()).rejects.toThrow(
      /^createSimdKernels: expected WebAssembly, got WebAssembly may not compile here: .*disallowed by embedder$/,
    );
  });

  it('fails with the reason where there are no vectors', async () => {
    vi.stubGlobal('WebAssembly', { ...namesOf(WebAssembly), validate: () => false });
    await expect(createSimdKernels()).rejects.toThrow(
      /^createSimdKernels: expected WebAssembly SIMD, got an engine without it$/,
    );
  });

  it('fails with the reason in a real engine without WebAssembly', () => {
    const program = `
      import { createSimdKernels } from './packages/simd/src/run/simdKernels.ts';
      await createSimdKernels().catch((error) => console.log(error.name, error.message));`;
    const source = ['--conditions=rankwise-source', '--import', 'tsx', '--input-type=module', '-e', program];
    const { status, stdout } = run(process.execPath, ['--jitless', ...source], repositoryRoot);
    expect([status, stdout.trim()]).toEqual([
      0,
      'DomainError createSimdKernels: expected WebAssembly, got this engine has no WebAssembly',
    ]);
  });

  it.each([0, -1, 65_536, 2 ** 20 - 1, NaN, -Infinity])('refuses a memory of %d bytes', async (memoryLimit) => {
    const refused = createSimdKernels({ memoryLimit });
    await expect(refused).rejects.toBeInstanceOf(DomainError);
    await expect(refused).rejects.toThrow(
      `createSimdKernels: memoryLimit: expected a number of bytes, at least 1048576, got ${memoryLimit}`,
    );
  });

  it('refuses numbers in words', async () => {
    const message = "createSimdKernels: memoryLimit: expected a number of bytes, at least 1048576, got '1e9'";
    // @ts-expect-error -- what a caller without types may pass
    await expect(createSimdKernels({ memoryLimit: '1e9' })).rejects.toThrow(message);
    // @ts-expect-error -- likewise
    await expect(createSimdKernels({ leastWork: '5' })).rejects.toThrow(
      "leastWork: expected a number of multiply-adds, got '5'",
    );
  });
});

/** Everything of the namespace, which has no enumerable property. */
function namesOf(engine: typeof WebAssembly): object {
  return Object.fromEntries(Object.getOwnPropertyNames(engine).map((name) => [name, Reflect.get(engine, name)]));
}

describe('forward', () => {
  it('gives the exact result on random integer networks', async () => {
    const exact = createReferenceKernels({ winograd: false });
    const all = await Promise.all(roundings.map((relaxedSimd) => createSimdKernels({ relaxedSimd, winograd: 0 })));
    fc.assert(
      fc.property(modelCases(), ({ model, input }) => {
        const expected = forward(model, input, { kernels: exact }).output;
        for (const kernels of all) expect(forward(model, input, { kernels }).output).toEqual(expected);
      }),
      { numRuns: runs(60) },
    );
    all.forEach((kernels) => kernels.dispose());
  });

  it('keeps the bounds layer by layer in a network that takes minimal filtering', () => {
    const model = sequential('small', [3, 20, 22])
      .conv('first', { filters: 32, kernel: 5, stride: 2, padding: 2 })
      .relu()
      .conv('second', { filters: 48, kernel: 3, padding: 1 })
      .relu()
      .maxPool('pool', { kernel: 2, stride: 2 })
      .conv('third', { filters: 24, kernel: 3, padding: 1 })
      .relu()
      .flatten()
      .linear('last', { outputs: 10 })
      .build();
    for (const name of Object.keys(model.parameters)) {
      model.parameters[name]?.data.set(seeded('f32', model.parameters[name].shape, name.length).data);
    }
    for (const [, kernels] of bothKernels) {
      const checked = withBounds(kernels);
      const input = seeded('f32', [3, 3, 20, 22], 1);
      const { output } = forward(model, input, { kernels: checked.kernels });
      expect(new Set(checked.algorithms)).toEqual(new Set(['implicit', 'winograd']));
      expect(output.data.every((value) => Number.isFinite(value))).toBe(true);
      expect(forward(model, input, { kernels }).output).toEqual(output);
    }
  });

  /** The kernels, with every convolution's result held against its bound. */
  function withBounds(kernels: SimdKernels) {
    const algorithms: string[] = [];
    const conv2d = (call: Conv2dCall): void => {
      kernels.conv2d(call);
      const relaxed = kernels.features.includes('relaxed-simd');
      const plan = planConvolution(checkConv2dCall(call), call, { relaxed, largest: 8 });
      algorithms.push(plan.algorithm);
      const bounds = plan.algorithm === 'winograd' ? winogradBound(call, axesOf(plan), 'f32') : conv2dBound(call);
      expectWithin(call.output.data.subarray(call.output.offset), bounds);
    };
    return { kernels: { ...kernels, conv2d }, algorithms };
  }
});

const mebibyte = 2 ** 20;

describe('a memory that is too small', () => {
  it('gives a MemoryError that names what was asked, leaves the output alone, and smaller calls work', async () => {
    for (const relaxedSimd of roundings) {
      const kernels = await createSimdKernels({ memoryLimit: 4 * mebibyte, relaxedSimd });
      const large = {
        a: seeded('f32', [1000, 1000], 1),
        b: seeded('f32', [1000, 1000], 2),
        out: full('f32', [1000, 1000], 7),
      };
      const layer = conv2dCallOf({ ...plainLayer, channels: 64, filters: 64, height: 100, width: 100 }, 'noise');
      for (let turn = 0; turn < 3; turn++) {
        expect(() => kernels.matmul(large)).toThrow(MemoryError);
        expect(() => kernels.matmul(large)).toThrow(/^simd kernels: memory: expected \d+ more bytes, got a refusal/);
        expect(large.out.data.every((value) => value === 7)).toBe(true);
        expect(() => kernels.conv2d(layer)).toThrow(MemoryError);
        expect(layer.output.data.every((value) => Number.isNaN(value))).toBe(true);
        expectUsable(kernels);
      }
      kernels.dispose();
    }
  });

  it('takes no more for calls that failed: one that just fits still does', async () => {
    const kernels = await createSimdKernels({ memoryLimit: 4 * mebibyte });
    const fitting = {
      a: seeded('f32', [380, 380], 1),
      b: seeded('f32', [380, 380], 2),
      out: full('f32', [380, 380], 7),
    };
    const large = { ...fitting, a: seeded('f32', [380, 3000], 1), b: seeded('f32', [3000, 380], 1) };
    for (let turn = 0; turn < 5; turn++) {
      expect(() => kernels.matmul(large)).toThrow(MemoryError);
      kernels.matmul(fitting);
    }
    kernels.dispose();
  });

  it('holds no more weights than leave room for the calls', async () => {
    const kernels = await createSimdKernels({ memoryLimit: 4 * mebibyte });
    const layer = { ...plainLayer, channels: 64, filters: 64, kernel: [1, 1], padding: [0, 0, 0, 0] } as const;
    // Layers that are all alive, whose weights together exceed the memory.
    const calls = Array.from({ length: 400 }, (_, seed) => conv2dCallOf({ ...layer, seed }, 'integers'));
    for (const call of calls) kernels.conv2d(call);
    expectUsable(kernels);
    kernels.dispose();
  });

  it('leaves the output alone when the weights of a later group do not fit', async () => {
    const groups = 8;
    const drawn = { ...plainLayer, groups, channels: 64, filters: 64, height: 4, width: 4 };
    for (const memoryLimit of [1, 1.5, 2, 2.5, 3, 4].map((size) => size * mebibyte)) {
      const kernels = await createSimdKernels({ memoryLimit });
      const call = conv2dCallOf(drawn, 'noise');
      try {
        kernels.conv2d(call);
      } catch (error) {
        expect(error).toBeInstanceOf(MemoryError);
        expect(call.output.data.every((value) => Number.isNaN(value))).toBe(true);
      }
      expectUsable(kernels);
      kernels.dispose();
    }
  });

  function expectUsable(kernels: SimdKernels): void {
    const call = conv2dCallOf({ ...plainLayer, seed: 99 }, 'integers');
    const expected = zeros('f32', call.output.shape);
    createReferenceKernels({ winograd: false }).conv2d({ ...call, output: expected });
    kernels.conv2d(call);
    expect(call.output.data).toEqual(expected.data);
    const product = { a: seeded('f64', [9, 9], 1), b: seeded('f64', [9, 9], 2) };
    const [ours, theirs] = [zeros('f32', [9, 9]), zeros('f32', [9, 9])];
    kernels.matmul({ ...product, out: ours });
    referenceKernels.matmul({ ...product, out: theirs });
    expect(ours.data).toEqual(theirs.data);
  }
});

describe('dispose', () => {
  it('ends the kernels for good, and may be called again', async () => {
    const kernels = await createSimdKernels();
    const call = conv2dCallOf(plainLayer, 'noise');
    kernels.conv2d(call);
    const result = call.output.data.slice();
    kernels.dispose();
    kernels.dispose();
    call.output.data.fill(7);
    // The weights are packed already, and another layer's are not.
    for (const which of [call, conv2dCallOf({ ...plainLayer, seed: 5 }, 'noise')]) {
      expect(() => kernels.conv2d(which)).toThrow(DomainError);
      expect(() => kernels.conv2d(which)).toThrow('simd kernels: call: expected kernels in use, got disposed ones');
    }
    expect(call.output.data.every((value) => value === 7)).toBe(true);
    const others = await createSimdKernels();
    others.conv2d(call);
    expect(call.output.data).toEqual(result);
    others.dispose();
  });

  it('of one leaves the others at work', async () => {
    const [one, other] = await Promise.all([createSimdKernels(), createSimdKernels()]);
    const call = conv2dCallOf({ ...plainLayer, channels: 20, filters: 20 }, 'noise');
    const results = [one, other, one, other].map((kernels) => {
      kernels.conv2d(call);
      return call.output.data.slice();
    });
    one.dispose();
    other.conv2d(call);
    for (const result of results) expect(call.output.data).toEqual(result);
    other.dispose();
  });
});
