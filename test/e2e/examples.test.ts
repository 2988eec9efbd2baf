/** Every example runs, with little data, and says what it should. */

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { loadModel, modelCost } from '@rankwise/nn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rankwise-examples-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function runExample(name: string, ...args: string[]): Promise<string> {
  const flags = ['--conditions=rankwise-source', '--import', 'tsx'];
  const { stdout, stderr } = await run(process.execPath, [...flags, `examples/${name}`, ...args], { cwd: root });
  expect(stderr).toBe('');
  return stdout;
}

describe('examples', () => {
  it('are all run here', async () => {
    const numbered = (await readdir(join(root, 'examples'))).filter((name) => /^\d\d-/.test(name));
    expect(numbered.toSorted()).toEqual([
      '01-fashion.ts',
      '02-step-by-step.ts',
      '03-methods.ts',
      '04-paired.ts',
      '05-imagenet-size.ts',
    ]);
  });

  it('01 writes the network it speaks of and a self-contained page', async () => {
    const small = ['--images', '30', '--positions', '3', '--iterations', '2', '--test', '40', '--out', folder];
    const text = await runExample('01-fashion.ts', ...small);
    expect(text).toMatch(/^kernels +simd kernels, 1 thread \([^)]*\)(?: in each of \d workers)?$/m);
    expect(text).toMatch(/the original network: top-1 \d+\.\d%/);
    expect(text).toContain('← written');
    const model = loadModel(new Uint8Array(await readFile(join(folder, 'fashion-chain-4x.safetensors'))));
    const original = loadModel(new Uint8Array(await readFile(join(root, 'examples/data/fashion-chain.safetensors'))));
    const conv1 = modelCost(original).layers.find(({ name }) => name === 'conv1')?.macs ?? 0;
    const ratio = (modelCost(original).convMacs - conv1) / (modelCost(model).convMacs - conv1);
    expect(ratio).toBeGreaterThanOrEqual(4);
    expect(text).toContain(`at ${ratio.toFixed(2)}× fewer`);
    const page = await readFile(join(folder, 'fashion-chain-4x.html'), 'utf8');
    expect(page).toContain('</html>');
    expect(page).not.toMatch(/<script|src="http|href="http/);
  });

  it('02 shows that the nonlinear map is nearer than the linear one on photographs neither has seen', async () => {
    const text = await runExample('02-step-by-step.ts');
    const errorOf = (solver: string): number =>
      Number(new RegExp(`^${solver}: relative error .* (\\d\\.\\d+)$`, 'm').exec(text)?.[1]);
    expect(errorOf('nonlinear')).toBeLessThan(errorOf('linear'));
  });

  it('03 prints one row for each speed-up and one column for each method', async () => {
    const few = ['--images', '20', '--positions', '2', '--iterations', '1', '--count', '10'];
    const text = await runExample('03-methods.ts', ...few, '--speedups', '4,8', '--methods', 'uniform L S,energy L A');
    expect(text).toContain('10 test photographs, simd kernels: ');
    expect(text).toContain('| speed-up | uniform L S | energy L A |');
    expect(text.match(/^\| [48]× \|/gm)).toHaveLength(2);
  });

  it('03 gives the spread over several calibrations, and takes rows from the log', async () => {
    const log = join(folder, 'methods.jsonl');
    const few = ['--images', '20', '--positions', '2', '--iterations', '1', '--count', '10', '--log', log];
    const all = [...few, '--speedups', '8', '--threads', '1', '--methods', 'uniform L A spatial D1'];
    await runExample('03-methods.ts', ...all, '--seeds', '0');
    const text = await runExample('03-methods.ts', ...all, '--seeds', '0,1');
    expect(text).toMatch(/^\| 8× \| \*\*\d+\.\d\d ± \d+\.\d\d\*\* \|$/m);
    expect((await readFile(log, 'utf8')).trimEnd().split('\n')).toHaveLength(2);
  });

  it('04 compares each approximation with the original, and takes rows from the log', async () => {
    const log = join(folder, 'rows.jsonl');
    const row = { method: 'exact L A', excluded: '', speedup: 1.5, reached: 9, wholeModel: 8, outputError: 0.5 };
    await writeFile(log, `${JSON.stringify({ ...row, accuracy: [], leftAlone: [], seconds: 1 })}\n`);
    const few = ['--images', '20', '--positions', '2', '--iterations', '1', '--count', '12', '--log', log];
    const both = ['--speedups', '1.5', '--methods', 'uniform L S,exact L A', '--split'];
    const text = await runExample('04-paired.ts', ...few, ...both);
    expect(text).toContain('20 photographs × 2 positions, judged on 12 others');
    expect(text).toMatch(
      /^uniform L S +1\.5× +\d\.\d\d× +\d\.\d\d× +[\d.]+ → [\d.]+ +\+\d+ −\d+ +[+−][\d.]+ ± [\d.]+ +\d\.\d{3} /m,
    );
    expect(text).toMatch(/^exact L A +1\.5× +9\.00× +8\.00× /m);
    expect((await readFile(log, 'utf8')).trimEnd().split('\n')).toHaveLength(2);
  });

  it('05 says how long each step took', async () => {
    const journal = join(folder, 'journal');
    const few = [
      '--model',
      'examples/data/fashion-chain.safetensors',
      '--images',
      '40',
      '--positions',
      '2',
      '--journal',
      journal,
    ];
    const text = await runExample('05-imagenet-size.ts', ...few);
    expect(text).toMatch(/^fashion-chain, 40 images × 2 positions, simd kernels, \d threads? \(/);
    for (const step of ['calibrate', 'advance conv3', 'solve conv7']) {
      expect(text).toMatch(new RegExp(`^${step} +[\\d.]+ +[\\d.]+ +\\d+$`, 'm'));
    }
    expect(text).toMatch(/ in all, .* of processors, \d+ MiB at most\n$/);
  });
});
