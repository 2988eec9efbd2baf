import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ApproximationReport, Verification } from '@rankwise/approx';
import { loadModel, saveModel } from '@rankwise/nn';
import { tensorOf, writeNpy, writeSafetensors } from '@rankwise/tensor';
import { pattern, run, smallModel, smallModelFile, temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const original = folder.file('model.safetensors', smallModelFile(3, 8, 8));
const data = folder.file('data.npy', writeNpy(tensorOf(pattern(30 * 192), [30, 8, 8, 3])));
const others = folder.file('others.npy', writeNpy(tensorOf(pattern(40 * 192).subarray(10 * 192), [30, 8, 8, 3])));
const labels = folder.file('labels.txt', '1\n'.repeat(30));
const made = join(folder.path, 'small.safetensors');
const beside = join(folder.path, 'small.report.json');
const line = ['verify', original, made, '--data', data, '--kernels', 'reference'];

beforeAll(async () => {
  const args = ['--speedup', '2', '--images', '24', '--kernels', 'reference'];
  expect((await run(['approximate', original, '--data', data, '-o', made, ...args])).code).toBe(0);
});

function reportWith(change: (report: ApproximationReport) => unknown): string {
  const report: ApproximationReport = JSON.parse(readFileSync(beside, 'utf8'));
  return folder.file('changed.json', JSON.stringify(change(report)));
}

describe('verify', () => {
  it('bears out the report beside the model, and prints what it found', async () => {
    const { code, stdout, stderr } = await run([...line, '--fit']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^small: 1 convolution replaced; 2 held-out images of the report × 10 positions, on reference kernels/,
    );
    expect(stdout).toMatch(/^conv2 +channel +\d +12 +\d +41,472 +[\d,]+ +660 +\d+ +[\d.]+ +[\d.]+$/m);
    expect(stdout).toMatch(/^speed-up \d\.\d\d× over the replaced layers, \d\.\d\d× over the whole model \(/m);
    expect(stdout).toMatch(
      /^on these images the answers differ by [\d.e-]+ \(relative\); [\d.]+% name the same class$/m,
    );
    expect(stdout).toMatch(
      /small\.report\.json: \d+ figures are equal, \d+ within rounding, 0 wrong, \d+ cannot be checked$/m,
    );
    expect(stdout).toMatch(/^conv2 +fitting error +0\.\d+ +0\.\d+ +\d/m);
    expect(stdout).not.toContain('\nwrong:');
    expect(stdout).not.toContain('top-1');
    for (const row of stdout.split('\n')) expect(row).toBe(row.trimEnd());
  });

  it('says the same as JSON', async () => {
    const { code, stdout } = await run([...line, '--json', '--labels', labels]);
    expect(code).toBe(0);
    const found: Verification = JSON.parse(stdout);
    expect(found).toMatchObject({
      format: 'rankwise-verification',
      version: 1,
      images: { kind: 'held-out', count: 2, positions: 10, seed: 0 },
      report: beside,
      refuted: false,
      kernels: { name: 'reference' },
    });
    expect(found.accuracy?.map(({ places, images }) => [places, images])).toEqual([
      [1, 2],
      [5, 2],
    ]);
    expect(found.layers.map(({ name, nodes }) => [name, nodes])).toEqual([['conv2', ['conv2/basis', 'conv2']]]);
  });

  it('fails and names what is wrong when the report claims something else', async () => {
    const wrong = reportWith((report) => ({
      ...report,
      outputError: 0.5 * (report.outputError ?? 1),
      layers: report.layers.map((layer) => ({ ...layer, macsAfter: layer.macsAfter - 64 })),
    }));
    const { code, stdout, stderr } = await run([...line, '--report', wrong]);
    expect([code, stderr]).toEqual([1, `rankwise: ${wrong}: 2 of its figures are wrong\n`]);
    expect(stdout).toMatch(
      /^wrong:\nlayer +figure +report +found +may differ by\n +output error .*\nconv2 +multiply-adds after /m,
    );
    const json = await run([...line, '--report', wrong, '--json']);
    expect([json.code, JSON.parse(json.stdout).refuted]).toEqual([1, true]);
  });

  it('fails when the approximated model is another than the report says', async () => {
    const model = loadModel(new Uint8Array(readFileSync(made)));
    const bias = model.parameters['fc.bias'];
    if (bias === undefined) throw new Error('no bias');
    const parameters = { ...model.parameters, 'fc.bias': { ...bias, data: bias.data.map((value) => value + 1) } };
    const moved = folder.file('moved.safetensors', saveModel({ ...model, parameters }));
    const { code, stdout } = await run(['verify', original, moved, ...line.slice(3), '--report', beside]);
    expect(code).toBe(1);
    expect(stdout).toContain('also different: fc (linear) has another bias');
    expect(stdout).toMatch(/^ *approximated \(SHA-256\) /m);
    // Without its report beside it nothing is claimed.
    const alone = await run(['verify', original, moved, ...line.slice(3)]);
    expect([alone.code, alone.stderr]).toEqual([0, '']);
    expect(alone.stdout).toContain('no report was given or is beside the approximated model');
  });

  it('measures on other images too, and says that they are others', async () => {
    const args = ['verify', original, made, '--data', others, '--images', '7', '--positions', '3', '--labels', labels];
    const { code, stdout, stderr } = await run(args);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^small: 1 convolution replaced; 7 images × 3 positions/);
    expect(stdout).toMatch(
      /^top-1 [\d.]+% becomes [\d.]+% \(\d+ images became right, \d+ wrong: [+−][\d.]+ ± [\d.]+ points, p = [\d.]+\)$/m,
    );
    expect(stdout).toContain('cannot be checked, as other images were given');
    expect(stdout).toContain('cannot be checked, as its held-out images are not at hand');
  });

  it('compares a model with itself', async () => {
    const { code, stdout } = await run(['verify', original, original, '--data', data]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^small: 0 convolutions replaced; 30 images/);
    expect(stdout).toContain('on these images the answers differ by 0.00 (relative); 100.0% name the same class');
  });

  it('shows progress on a terminal only, and takes it away', async () => {
    const { stderr } = await run(line, { isTerminal: true });
    expect(stderr).toContain('running both networks, image');
    expect(stderr.endsWith('\r\u001b[K')).toBe(true);
  });
});

describe('what cannot be verified ends in one line', () => {
  async function failure(code: number, ...args: string[]): Promise<string> {
    const result = await run(['verify', ...args]);
    expect([result.code, result.stdout]).toEqual([code, '']);
    expect(result.stderr).toMatch(/^rankwise: [^\n]+\n$/);
    return result.stderr;
  }
  const images = ['--data', data];

  it('when a file is missing, or is something else', async () => {
    expect(await failure(1, join(folder.path, 'none'), made, ...images)).toContain('cannot read');
    expect(await failure(1, original, join(folder.path, 'none'), ...images)).toContain('cannot read');
    expect(await failure(1, original, made, '--data', join(folder.path, 'none'))).toContain('cannot read');
    expect(await failure(1, original, made, ...images, '--report', join(folder.path, 'none'))).toContain('cannot read');
    expect(await failure(1, original, made, ...images, '--report', labels)).toContain(
      'labels.txt: verify: report: expected JSON',
    );
    const list = folder.file('list.json', '[1, 2]');
    expect(await failure(1, original, made, ...images, '--report', list)).toContain(
      'list.json: readReport: report: expected an object',
    );
    const empty = reportWith(({ format, version }) => ({ format, version }));
    expect(await failure(1, original, made, ...images, '--report', empty)).toContain(
      'model: expected a string, got nothing',
    );
    expect(await failure(1, original, data, ...images)).toContain(data);
  });

  it('when the models or the images do not fit each other', async () => {
    const grey = folder.file('grey.safetensors', smallModelFile(1, 8, 8));
    expect(await failure(1, original, grey, ...images)).toContain('approximated: expected images [3, 8, 8]');
    const tiny = folder.file('tiny.npy', writeNpy(tensorOf(pattern(48), [1, 4, 4, 3])));
    expect(await failure(1, original, made, '--data', tiny)).toContain('expected images of 3×8×8');
    const nan = folder.file('nan.npy', writeNpy(tensorOf(new Float32Array(384).fill(NaN), [2, 3, 8, 8])));
    expect(await failure(1, original, made, '--data', nan)).toContain('expected finite values');
    const high = folder.file('high.txt', '11\n'.repeat(30));
    expect(await failure(1, original, made, ...images, '--labels', high)).toContain(
      'expected classes from 0 to 9, got 11',
    );
    const few = folder.file('few.txt', '1\n');
    expect(await failure(1, original, made, ...images, '--labels', few)).toContain('expected 30 labels');
  });

  it('when a model has weights that are no numbers', async () => {
    const { parameters } = smallModel(3, 8, 8);
    const weight = parameters['conv2.weight'];
    if (weight === undefined) throw new Error('no weight');
    const bytes = new Uint8Array(readFileSync(original));
    // The data of a file begin behind its header; NaN is all ones.
    const start = 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
    bytes.fill(255, start, start + 4);
    expect(await failure(1, original, folder.file('nan.safetensors', bytes), ...images)).toContain(
      'expected finite values',
    );
    expect(await failure(1, folder.file('bare', writeSafetensors({ weight })), made, ...images)).toContain(
      'model-missing',
    );
  });

  it('when the command line is wrong', async () => {
    expect(await failure(2, original, ...images)).toContain('expected APPROXIMATED, got nothing');
    expect(await failure(2, original, made)).toContain('expected --data IMAGES');
    expect(await failure(2, original, made, ...images, '--positions', '0')).toContain(
      '--positions: expected an integer ≥ 1',
    );
    expect(await failure(2, original, made, ...images, '--images', 'all')).toContain('--images: expected an integer');
    expect(await failure(2, original, made, ...images, '--seed', '-1')).toContain('--seed');
  });

  it('when it is interrupted', async () => {
    const { code, stdout, stderr } = await run(line, { interrupt: (press) => press() });
    expect([code, stdout, stderr]).toEqual([1, '', 'rankwise: interrupted; nothing was written\n']);
  });
});
