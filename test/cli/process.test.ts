import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
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
): Promise<Ended> {
  const options = ['--conditions=rankwise-source', '--import', 'tsx', join(repositoryRoot, 'test/cli/program.ts')];
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
    const ended = await start(args, (child) => child.stderr?.once('data', () => child.kill('SIGINT')));
    expect([ended.code, ended.stdout, ended.stderr]).toEqual([
      1,
      '',
      'listening\nrankwise: interrupted; nothing was written\n',
    ]);
    expect(readdirSync(folder.path)).toEqual(before);
  });
});
