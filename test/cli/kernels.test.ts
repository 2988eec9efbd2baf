import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultThreads, describeKernels, imageSourceFor, openKernels, readImages, withKernels } from '@rankwise/cli';
import type { DisposableKernels, SimdPackage } from '@rankwise/cli';
import { forward } from '@rankwise/nn';
import { referenceKernels, tensorOf, writeNpy } from '@rankwise/tensor';
import { expectWithin } from '../kit/rounding.ts';
import { pattern, run, smallModel, smallModelFile, temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const data = writeNpy(tensorOf(pattern(30 * 192), [30, 8, 8, 3]));
const modelFile = folder.file('model.safetensors', smallModelFile(3, 8, 8));
const dataFile = folder.file('data.npy', data);
const labelsFile = folder.file('labels.txt', Array.from({ length: 30 }, (_, i) => i % 10).join('\n'));
const evaluation = ['evaluate', modelFile, '--data', dataFile, '--labels', labelsFile];

async function jsonOf(...args: string[]) {
  const { code, stdout, stderr } = await run([...args, '--json']);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

describe('the commands', () => {
  it('say which kernels computed: in the text, and in the JSON by name, threads and features', async () => {
    const { kernels } = await jsonOf(...evaluation);
    expect(kernels).toEqual({
      name: 'simd',
      threads: defaultThreads(),
      features: expect.arrayContaining(['simd128']),
      fallback: null,
    });
    const { stdout } = await run([...evaluation, '--threads', '1']);
    expect(stdout).toMatch(/ ms each on simd kernels, 1 thread \(simd128.*\)\n$/);
    const reference = await run([...evaluation, '--kernels', 'reference']);
    expect(reference.stdout).toMatch(/ ms each on reference kernels, 1 thread\n$/);
    const sampled = ['ranks', modelFile, '--speedup', '2', '--energy', '--data', dataFile, '--threads', '2'];
    expect((await jsonOf(...sampled)).kernels).toMatchObject({ name: 'simd', threads: 2 });
  });

  it('find the same accuracy on either kind and any number of threads', async () => {
    const accuracies = [];
    for (const choice of [
      ['--kernels', 'reference'],
      ['--kernels', 'simd'],
      ['--threads', '1'],
      ['--threads', '3'],
    ]) {
      const { top1, top3, top5, images } = await jsonOf(...evaluation, ...choice);
      accuracies.push({ top1, top3, top5, images });
    }
    for (const accuracy of accuracies) expect(accuracy).toEqual(accuracies[0]);
  });

  it('report the same approximation on either kind', async () => {
    const line = ['approximate', modelFile, '--data', dataFile, '--speedup', '2', '--ranks', 'uniform'];
    const reports = [];
    for (const kind of ['reference', 'simd']) {
      const report = await jsonOf(...line, '--kernels', kind, '-o', join(folder.path, `${kind}.safetensors`));
      expect([report.kernels.name, report.measured.kernels]).toEqual([kind, kind]);
      expect(report.measured).toMatchObject({ threads: report.kernels.threads, features: report.kernels.features });
      reports.push(report);
    }
    const [reference, simd] = reports;
    for (const part of ['settings', 'theoretical', 'counted', 'samples', 'warnings']) {
      expect(simd[part]).toEqual(reference[part]);
    }
    const [a, b] = [reference.layers[0], simd.layers[0]];
    expect([b.name, b.rank, b.effectiveRank]).toEqual([a.name, a.rank, a.effectiveRank]);
    // Both the energy in all directions but the first few, and that in all, are squares of norms of the responses, which move
    // by no more than the responses do (Mirsky); `spectrum` has the energy in each direction per response.
    const energy = a.spectrum.reduce((sum: number, value: number) => sum + value, 0);
    const moved = (await responseDifference()) * Math.sqrt(a.filters / energy);
    expectWithin(b.energyKept, a.energyKept, 4 * moved, 'energy kept');
  });

  it('refuse kinds and threads that are none', async () => {
    for (const [words, message] of [
      ['--kernels foo', "--kernels: expected auto or simd or reference, got 'foo'"],
      ['--threads 0', "--threads: expected an integer from 1 to 64, got '0'"],
      ['--threads abc', "--threads: expected an integer from 1 to 64, got 'abc'"],
      ['--threads 1e9', "--threads: expected an integer from 1 to 64, got '1e9'"],
      ['--threads 65', "--threads: expected an integer from 1 to 64, got '65'"],
      ['--kernels reference --threads 2', '--threads: expected 1 with --kernels reference, got 2'],
    ] as const) {
      for (const command of ['evaluate m', 'approximate m --speedup 2', 'ranks m --speedup 2 --energy --data d']) {
        const { code, stdout, stderr } = await run([...command.split(' '), ...words.split(' ')]);
        expect([code, stdout, stderr.startsWith(`rankwise: ${message} (see`)], stderr).toEqual([2, '', true]);
      }
    }
  });
});

/** The largest difference that the kernels make to a response of conv2, on all images. */
async function responseDifference(): Promise<number> {
  const model = smallModel(3, 8, 8);
  const images = await imageSourceFor(model, readImages(data)).batch(0, 30);
  const { kernels, dispose } = await openKernels({ choice: 'simd', threads: 1 });
  const responses = [referenceKernels, kernels].map(
    (one) => forward(model, images, { kernels: one, taps: ['conv2'] }).taps.get('conv2')?.data ?? [],
  );
  dispose();
  const [expected = [], actual = []] = responses;
  return Math.max(...Array.from(expected, (value, i) => Math.abs(value - (actual[i] ?? NaN))));
}

describe('openKernels', () => {
  const fake = (threads: number, disposed: () => void = () => {}): DisposableKernels => ({
    ...referenceKernels,
    name: 'simd',
    threads,
    dispose: disposed,
  });
  const missing = Object.assign(new Error("Cannot find package '@rankwise/simd' imported from here"), {
    code: 'ERR_MODULE_NOT_FOUND',
  });
  const simd = (create: SimdPackage['createSimdKernels'], reason?: string) => async () => ({
    probeFeatures: () => ({ reason }),
    createSimdKernels: create,
  });
  const noThreads = simd(async ({ threads }) => {
    if (threads > 1) throw new Error('no worker may start');
    return fake(threads);
  });

  it('without the package: reference kernels, and the reason', async () => {
    const load = () => Promise.reject(missing);
    const { kernels, fallback } = await openKernels({ load });
    expect([kernels, fallback]).toEqual([referenceKernels, 'the package @rankwise/simd is not installed']);
    await expect(openKernels({ choice: 'simd', load })).rejects.toThrow(
      '--kernels simd: the package @rankwise/simd is not installed',
    );
  });

  it('in an engine that forbids WebAssembly: reference kernels, and the reason', async () => {
    const load = simd(async ({ threads }) => fake(threads), 'it is forbidden');
    const { kernels, fallback } = await openKernels({ load });
    expect([kernels.name, fallback]).toEqual(['reference', 'it is forbidden']);
    await expect(openKernels({ choice: 'simd', load })).rejects.toThrow('--kernels simd: it is forbidden');
  });

  it('where threads are refused: one of them, and the reason', async () => {
    const { kernels, fallback } = await openKernels({ threads: 2, load: noThreads });
    expect([kernels.name, kernels.threads, fallback]).toEqual(['simd', 1, 'no worker may start']);
    await expect(openKernels({ choice: 'simd', threads: 2, load: noThreads })).rejects.toThrow('no worker may start');
    expect((await openKernels({ choice: 'simd', threads: 1, load: noThreads })).fallback).toBeUndefined();
  });

  it('takes a thread for each processor, at most 8', async () => {
    expect(defaultThreads()).toBe(Math.min(8, availableParallelism()));
    const { kernels } = await openKernels({ load: simd(async ({ threads }) => fake(threads)) });
    expect(kernels.threads).toBe(defaultThreads());
  });

  it('describes kernels', () => {
    const shared = { ...referenceKernels, name: 'simd', threads: 2, features: ['simd128', 'shared memory'] };
    expect(describeKernels(shared)).toBe('simd kernels, 2 threads (simd128, shared memory)');
    expect(describeKernels(referenceKernels)).toBe('reference kernels, 1 thread');
  });

  it('withKernels ends them when the work is done and when it fails, and notes a fallback', async () => {
    let [disposed, stderr] = [0, ''];
    const terminal = { stderr: { write: (text: string) => void (stderr += text), isTerminal: false, columns: 80 } };
    const load = simd(async ({ threads }) => fake(threads, () => disposed++));
    expect(await withKernels({ load }, terminal, async ({ kernels }) => kernels.name)).toBe('simd');
    expect([disposed, stderr]).toEqual([1, '']);
    const failing = (error: Error) => withKernels({ load }, terminal, () => Promise.reject(error));
    await expect(failing(new Error('as it was'))).rejects.toThrow(/^as it was$/);
    const stopped = Object.assign(new Error('worker 1 of 1 stopped'), { name: 'WorkerError' });
    await expect(failing(stopped)).rejects.toThrow(/^worker 1 of 1 stopped; --threads 1 or --kernels reference/);
    expect([disposed, stderr]).toEqual([3, '']);
    await withKernels({ threads: 2, load: noThreads }, terminal, async () => {});
    expect(stderr).toBe('note: computing with simd kernels on one thread: no worker may start\n');
  });
});
