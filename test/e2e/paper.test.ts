/** `npm run paper` from end to end, on a small network and few photographs. */

import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { saveModel, sequential } from '@rankwise/nn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { claims } from '../../examples/paper/claims.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
const flags = ['--conditions=rankwise-source', '--import', 'tsx', 'examples/paper/main.ts'];

let folder = '';
let small: string[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rankwise-paper-'));
  let chain = sequential('little-chain', [1, 28, 28], { seed: 1 })
    .conv('conv1', { filters: 4, kernel: 3, stride: 2 })
    .relu();
  for (const number of [2, 3, 4, 5]) chain = chain.conv(`conv${number}`, { filters: 12, kernel: 3, stride: 1 }).relu();
  const model = join(folder, 'little-chain.safetensors');
  await writeFile(
    model,
    saveModel(
      chain
        .flatten()
        .linear('fc', { outputs: 10 })
        .build({ preprocessing: { scale: 1, mean: [73], std: [90], channelOrder: 'grey' } }),
    ),
  );
  small = [
    '--model',
    model,
    '--quick',
    '--images',
    '20',
    '--positions',
    '3',
    '--iterations',
    '1',
    '--count',
    '30',
    '--turns',
    '0',
  ];
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function paper(...args: string[]): Promise<string> {
  const { stdout, stderr } = await run(process.execPath, [...flags, ...args], { cwd: root });
  expect(stderr).toBe('');
  return stdout;
}

interface Failure {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function refused(...args: string[]): Promise<Failure> {
  // execFile rejects with an error that has these.
  return run(process.execPath, [...flags, ...args], { cwd: root }).then(
    () => expect.fail('expected a failure'),
    (error: unknown) => error as Failure,
  );
}

/** The record without what differs from run to run. */
async function recordOf(out: string): Promise<unknown> {
  const record = JSON.parse(await readFile(join(out, 'paper.json'), 'utf8')) as { results: object; claims: unknown };
  // How long each solution took is measured anew where points are computed again.
  return JSON.parse(
    JSON.stringify({ claims: record.claims, results: record.results }, (key, value: unknown) =>
      key === 'seconds' ? 0 : value,
    ),
  );
}

describe('npm run paper', () => {
  it('is that script', async () => {
    const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    expect(scripts['paper']).toBe(`node ${flags.join(' ')}`);
  });

  it('writes the page and the record, judges every claim, and computes nothing twice', async () => {
    const out = join(folder, 'whole');
    const first = await paper(...small, '--out', out);
    for (const { says } of Object.values(claims).flat()) expect(first).toContain(says);
    expect(first).toMatch(/^Of \d+ claims \d+ reproduced, \d+ not reproduced, \d+ undecided\.$/m);
    expect(first).toContain(join(out, 'paper.html'));
    const page = await readFile(join(out, 'paper.html'), 'utf8');
    expect(page).toContain('little-chain');
    expect(page).toContain('</html>');
    expect((await readdir(out)).toSorted()).toEqual(['paper.html', 'paper.json', 'points']);

    const before = await recordOf(out);
    const points = Number(/(\d+) points,/.exec(first)?.[1]);
    expect(await paper(...small, '--out', out)).toContain(`${points} points were there from an earlier run.`);
    expect(await recordOf(out)).toEqual(before);
  });

  it('killed at work, goes on to the same numbers', async () => {
    const out = join(folder, 'killed');
    const child = spawn(process.execPath, [...flags, ...small, '--threads', '1', '--out', out], {
      cwd: root,
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => child.once('close', resolve));
    const finished = async (): Promise<string[]> => readdir(join(out, 'points')).catch(() => []);
    while (
      (await finished()).filter((name) => name.endsWith('.rankwise-entry') && !name.startsWith('.')).length < 3 &&
      child.exitCode === null
    ) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    child.kill('SIGKILL');
    await ended;
    expect(await readdir(out)).toEqual(['points']);
    const resumed = await paper(...small, '--threads', '1', '--out', out);
    expect(resumed).toMatch(/^\d+ points were there from an earlier run\.$/m);
    expect(await recordOf(out)).toEqual(await recordOf(join(folder, 'whole')));
  });

  it('refuses what it cannot do in one line, before any work', async () => {
    const blocked = join(folder, 'blocked');
    await mkdir(join(blocked, 'paper.html'), { recursive: true });
    const [usage, missing, unwritable] = await Promise.all([
      refused('--count', '0'),
      refused('--model', join(folder, 'nothing.safetensors'), '--out', join(folder, 'refused')),
      refused('--out', blocked),
    ]);
    expect(usage).toMatchObject({ code: 2, stdout: '', stderr: "--count: expected a number from 2 on, got '0'\n" });
    expect(missing).toMatchObject({ code: 1, stdout: '' });
    expect(missing.stderr).toMatch(/^.*nothing\.safetensors.*\n$/);
    expect(unwritable.stderr).toMatch(/^cannot write .*paper\.html: it is a folder\n$/);
  });
});
