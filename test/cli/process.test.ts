import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tensorOf, writeNpy } from '@rankwise/tensor';
import { repositoryRoot } from '../kit/repository.ts';
import { cifar10File, smallModelFile, temporaryFolder } from './support.ts';

const folder = temporaryFolder();

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Child = ReturnType<typeof spawn>;

/** Starts the program as a process and waits for its end. */
function start(
  args: readonly string[],
  meanwhile: (child: Child) => void = () => {},
  output: number | 'pipe' = 'pipe',
  flags: readonly string[] = [],
): Promise<Ended> {
  const options = [
    ...flags,
    '--conditions=rankwise-source',
    '--import',
    'tsx',
    join(repositoryRoot, 'test/cli/program.ts'),
  ];
  const child = spawn(process.execPath, [...options, ...args], {
    cwd: repositoryRoot,
    stdio: ['pipe', output, 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  meanwhile(child);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

describe('as a process', () => {
  it('writes to the streams and ends with the exit code', async () => {
    const [done, failed, misused] = await Promise.all([
      start(['inspect', 'zoo:sppnet7', '--json']),
      start(['inspect', join(folder.path, 'missing')]),
      start(['inspect', '--wrong']),
    ]);
    expect([done.code, done.stderr]).toEqual([0, '']);
    expect(JSON.parse(done.stdout)).toMatchObject({ convMacs: 4_360_158_240 });
    expect([failed.code, failed.stdout]).toEqual([1, '']);
    expect(failed.stderr).toMatch(/^rankwise: cannot read [^\n]*: no such file or folder\n$/);
    expect([misused.code, misused.stdout]).toEqual([2, '']);
    expect(misused.stderr).toMatch(/^rankwise: Unknown option '--wrong' [^\n]*\n$/);
  });

  it('is content with a reader that goes away', async () => {
    const { code, stderr } = await start(['inspect', 'zoo:vgg16', '--json'], (child) => child.stdout?.destroy());
    expect([code, stderr]).toEqual([0, '']);
  });

  it.skipIf(!existsSync('/dev/full'))('output that cannot be written is a failure, in one line', async () => {
    const full = openSync('/dev/full', 'w');
    const { code, stderr } = await start(['inspect', 'zoo:sppnet7'], () => {}, full);
    closeSync(full);
    expect([code, stderr]).toEqual([1, 'rankwise: cannot write the output: no space left on the device\n']);
  });

  it('stops at an interrupt and leaves nothing behind', async () => {
    const model = folder.file('model.safetensors', smallModelFile(3, 32, 32));
    const data = folder.file('many.bin', cifar10File(Array.from({ length: 2000 }, (_, i) => i % 10)));
    const output = join(folder.path, 'out.safetensors');
    const before = readdirSync(folder.path);
    const args = ['approximate', model, '--data', data, '--speedup', '2', '--positions', '200', '-o', output];
    const ended = await start(args, (child) =>
      child.stderr?.on('data', (text: string) => text.includes('listening') && child.kill('SIGINT')),
    );
    expect([ended.code, ended.stdout, ended.stderr]).toEqual([
      1,
      '',
      'listening\nrankwise: interrupted; nothing was written\n',
    ]);
    expect(readdirSync(folder.path)).toEqual(before);
  });

  const small = folder.file('small.safetensors', smallModelFile(3, 32, 32));
  const twenty = folder.file('twenty.bin', cifar10File(Array.from({ length: 20 }, (_, i) => i % 10)));
  const evaluation = ['evaluate', small, '--data', twenty, '--json'];

  it('ends although threads of its own were at work', async () => {
    // Found out by the forward pass.
    const failing = folder.file(
      'nan.npy',
      writeNpy(tensorOf(new Float32Array(4 * 3 * 32 * 32).fill(NaN), [4, 3, 32, 32])),
    );
    const [done, failed] = await Promise.all([
      start([...evaluation, '--threads', '2']),
      start([
        'approximate',
        small,
        '--data',
        failing,
        '--speedup',
        '2',
        '--threads',
        '2',
        '-o',
        join(folder.path, 'o'),
      ]),
    ]);
    expect(done.code).toBe(0);
    expect(JSON.parse(done.stdout).kernels).toMatchObject({ name: 'simd', threads: 2, fallback: null });
    expect([failed.code, failed.signal]).toEqual([1, null]);
    expect(failed.stderr).toContain('got NaN');
  });

  it('without WebAssembly falls back to the reference kernels and says why; insisted on, simd fails', async () => {
    const jitless = ['--jitless'];
    const [auto, simd] = await Promise.all([
      start(evaluation, () => {}, 'pipe', jitless),
      start([...evaluation, '--kernels', 'simd'], () => {}, 'pipe', jitless),
    ]);
    const reason = 'this engine has no WebAssembly';
    expect(auto.code).toBe(0);
    expect(auto.stderr).toContain(`note: computing with the reference kernels, which are slower: ${reason}\n`);
    expect(JSON.parse(auto.stdout).kernels).toEqual({ name: 'reference', threads: 1, features: [], fallback: reason });
    expect([simd.code, simd.stdout]).toEqual([1, '']);
    expect(simd.stderr).toContain(`rankwise: --kernels simd: ${reason}\n`);
  });
});
