import { existsSync, linkSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { imageSourceFor, readImages } from '@rankwise/cli';
import { approximate } from '@rankwise/approx';
import type { ApproximationReport } from '@rankwise/approx';
import { loadModel, saveModel } from '@rankwise/nn';
import { tensorOf, writeNpy, writeSafetensors } from '@rankwise/tensor';
import { idxFile, pattern, run, smallModel, smallModelFile, temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const data = writeNpy(tensorOf(pattern(30 * 192), [30, 8, 8, 3]));
const modelFile = folder.file('model.safetensors', smallModelFile(3, 8, 8));
const dataFile = folder.file('data.npy', data);
const labelsFile = folder.file('labels.txt', '1\n'.repeat(30));

function outputIn(name: string): string {
  return join(folder.path, name);
}

async function report(output: string, ...args: string[]): Promise<ApproximationReport> {
  const line = ['approximate', modelFile, '--data', dataFile, '-o', output, '--images', '20', '--json', ...args];
  const { code, stdout, stderr } = await run(line);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

describe('approximate', () => {
  it('writes what the library makes of the same images, and its report', async () => {
    const output = outputIn('small.safetensors');
    const written = await report(output, '--speedup', '2', '--positions', '6', '--seed', '5', '--kernels', 'reference');
    const model = smallModel(3, 8, 8);
    const source = imageSourceFor(model, readImages(data));
    const expected = await approximate(model, source, { speedup: 2, images: 20, positions: 6, seed: 5 });
    expect([...readFileSync(output)]).toEqual([...saveModel(expected.model)]);
    expect(written).toMatchObject({ format: 'rankwise-report', version: 1, model: 'small', counted: ['conv2'] });
    expect(written.settings).toEqual(expected.report.settings);
    expect(written.theoretical).toEqual(expected.report.theoretical);
    expect(written.theoretical.speedup).toBeGreaterThanOrEqual(2);
    const beside: ApproximationReport = JSON.parse(readFileSync(outputIn('small.report.json'), 'utf8'));
    expect({ ...beside, kernels: 0 }).toEqual({ ...written, kernels: 0 });
    expect(beside.digests).toEqual(expected.report.digests);
  });

  it('is a model that evaluate reads, with one layer more for each that was replaced', async () => {
    const output = outputIn('again.safetensors');
    await report(output, '--speedup', '2', '--ranks', 'uniform', '--solver', 'linear');
    const model = loadModel(new Uint8Array(readFileSync(output)));
    expect(model.nodes).toHaveLength(smallModel(3, 8, 8).nodes.length + 1);
    const { code, stdout } = await run(['evaluate', output, '--data', dataFile, '--labels', labelsFile, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ images: 30 });
  });

  it('reads no labels: those beside the images may be bad, and may be written over', async () => {
    const images = folder.file('a-images-idx3-ubyte', idxFile([30, 8, 8], pattern(30 * 64)));
    const labels = folder.file('a-labels-idx1-ubyte', 'no labels');
    const grey = folder.file('grey.safetensors', smallModelFile(1, 8, 8));
    const { code, stderr } = await run(['approximate', grey, '--data', images, '--speedup', '2', '-o', labels]);
    expect([code, stderr]).toEqual([0, '']);
    expect(loadModel(new Uint8Array(readFileSync(labels))).name).toBe('small');
  });

  it('where all images are alike, says how many name the same class, and of the difference nothing', async () => {
    const one = pattern(192);
    const alike = Uint8Array.from({ length: 20 * 192 }, (_, i) => one[i % 192]!);
    const file = folder.file('alike.npy', writeNpy(tensorOf(alike, [20, 8, 8, 3])));
    const line = ['approximate', modelFile, '--data', file, '--speedup', '5', '-o', outputIn('alike')];
    expect((await run(line)).stdout).toMatch(/\non held-out images (0|100)\.0% name the same class\n/);
    const { outputError, outputAgreement } = JSON.parse((await run([...line, '--json'])).stdout);
    expect([outputError, typeof outputAgreement]).toEqual([null, 'number']);
  });

  it('hands every setting on', async () => {
    const line =
      '--speedup 2 --ranks energy,conv1=3 --solver linear --reconstruction symmetric --decomposition 3d --split data';
    const args = line.split(' ');
    const { settings, layers, counted } = await report(outputIn('settings.safetensors'), ...args);
    expect(settings).toMatchObject({
      solver: 'linear',
      reconstruction: 'symmetric',
      decomposition: '3d',
      spatialReconstruction: 'data',
      ranks: 'energy',
      requestedSpeedup: 2,
      images: 20,
      positions: 10,
      seed: 0,
    });
    expect(layers.map(({ name, rank }) => (name === 'conv1' ? [name, rank] : name))).toEqual([['conv1', 3], 'conv2']);
    expect(counted).toEqual(['conv2']);
  });

  it('takes the accelerated schedule, and windows of pools', async () => {
    const args = ['--speedup', '1.3', '--ranks', 'uniform'];
    const accelerated = await report(outputIn('fast.safetensors'), ...args, '--schedule', 'accelerated', '--pooled');
    expect(accelerated.layers.map(({ trace }) => trace.map(({ lambda }) => lambda))).toEqual([Array(20).fill(1)]);
    expect(accelerated.settings.pooled).toBe(true);
    const { layers, settings } = await report(outputIn('slow.safetensors'), ...args);
    expect(layers.map(({ iterations }) => iterations)).toEqual([50]);
    expect(settings.pooled).toBe(false);
    const line = ['approximate', modelFile, '--data', dataFile, '-o', outputIn('bad.safetensors'), ...args];
    expect((await run([...line, '--schedule', 'slow'])).stderr).toContain('--schedule: expected paper or accelerated');
  });

  it.each([
    ['--pooled --descent 2', '--pooled: not with --descent'],
    ['--pooled --decomposition spatial', '--pooled: not with --decomposition spatial'],
    ['--pooled --solver linear', '--pooled: not with --solver linear'],
    ['--schedule accelerated --solver linear', '--schedule accelerated: not with --solver linear'],
    ['--schedule accelerated --decomposition spatial', '--schedule accelerated: not with --decomposition spatial'],
    ['--solver linear --decomposition spatial', '--solver linear: not with --decomposition spatial'],
    ['--split data', '--split data: only with --decomposition spatial or 3d'],
    ['--split data --decomposition spatial --descent 2', '--split data: not with --descent'],
  ])('refuses %s, where one would have no effect', async (words, message) => {
    const output = outputIn('bad.safetensors');
    const line = ['approximate', modelFile, '--data', dataFile, '-o', output, '--speedup', '2', ...words.split(' ')];
    const { code, stderr } = await run(line);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    expect(existsSync(output)).toBe(false);
  });

  it('chooses ranks in multiples under caps, counts in other units, and says so', async () => {
    const output = outputIn('units.safetensors');
    const args = `--speedup 1.3 --budget parameters --multiple-of 2 --caps conv2=6 --positions 6`.split(' ');
    const model = smallModel(3, 8, 8);
    const options = { speedup: 1.3, budget: 'parameters', multipleOf: 2, caps: { conv2: 6 }, positions: 6 } as const;
    for (const ranks of ['sensitivity', 'exact', 'energy'] as const) {
      const written = await report(output, ...args, '--ranks', ranks, '--kernels', 'reference');
      const source = imageSourceFor(model, readImages(data));
      const expected = await approximate(model, source, { ...options, ranks, images: 20 });
      expect(written.rankSelection).toEqual(JSON.parse(JSON.stringify(expected.report.rankSelection)));
      expect(written.layers.map(({ rank }) => rank)).toEqual(expected.report.layers.map(({ rank }) => rank));
      expect([2, 4, 6]).toContain(written.layers[0]?.rank);
    }
    const line = ['approximate', modelFile, '--data', dataFile, '-o', output, ...args, '--ranks', 'energy'];
    const { stdout } = await run(line);
    expect(stdout).toMatch(/^\d\.\d\d× in parameters, which were [\d,]+ and are [\d,]+$/m);
    expect(stdout).toMatch(/^energy kept by these layers together [\d.]+%; the exact optimum keeps [\d.]+%$/m);
  });

  it('counts in milliseconds that it measures, with automatic caps, in three layers, with a descent', async () => {
    const args = '--speedup 1 --budget milliseconds --caps auto --decomposition 3d --descent 1 --ranks uniform'.split(
      ' ',
    );
    const output = outputIn('timed.safetensors');
    const { code, stdout, stderr } = await run([
      'approximate',
      modelFile,
      '--data',
      dataFile,
      '-o',
      output,
      ...args,
      '--json',
    ]);
    // What so small a layer takes is chance on a busy machine: then three layers may take longer than it does, at any rank.
    if (code !== 0) {
      expect(stderr).toMatch(
        /^rankwise: selectRanks: speedup: expected at most 0\.\d+ \(rank 1 in all of conv2\), got 1\n$/,
      );
      return;
    }
    const { rankSelection, layers } = JSON.parse(stdout) as ApproximationReport;
    expect(rankSelection.cost).toMatchObject({ budget: 'milliseconds' });
    expect(rankSelection.cost.before).toBeGreaterThanOrEqual(rankSelection.cost.after);
    expect(layers.find(({ name }) => name === 'conv2')?.counted).toBe(true);
  });

  it('says how many plans the best one was chosen from', async () => {
    const args = ['--data', dataFile, '--speedup', '1.3', '--images', '20', '-o', outputIn('best.safetensors')];
    const { stdout } = await run(['approximate', modelFile, ...args]);
    expect(stdout).toMatch(/^ranks are the best of \d+ plans by the answers to \d+ images$/m);
  });

  it('takes ranks by hand without a speed-up', async () => {
    const { settings, layers } = await report(outputIn('hand.safetensors'), '--ranks', 'conv2=4');
    expect(settings).toMatchObject({ ranks: 'manual', requestedSpeedup: null });
    expect(layers.map(({ name, rank }) => [name, rank])).toEqual([['conv2', 4]]);
  });

  it('prints a table, the speed-ups and the files for people', async () => {
    const [output, html] = [outputIn('table.safetensors'), outputIn('table.html')];
    const args = ['--data', dataFile, '--speedup', '2', '--images', '20', '-o', output, '--report', html];
    const { code, stdout, stderr } = await run(['approximate', modelFile, ...args]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^small: nonlinear solver, asymmetric, ranks best \([a-z]+\); 20 images \(2 held out\) × 10 positions; \d s on simd kernels, \d threads? /,
    );
    expect(stdout).toMatch(/^conv2 +\d+ +12 +41,472 +[\d,]+ +[\d.]+% +[\d.]+ +[\d.]+ +[\d.]+$/m);
    expect(stdout).toMatch(/^theoretical speed-up \d\.\d\d× over conv2 \(41,472 multiply-adds become [\d,]+\)$/m);
    expect(stdout).toMatch(/^whole model \d\.\d\d× in multiply-adds$/m);
    expect(stdout).toMatch(/^measured [\d.]+×: .* ms an image become .* ms \(simd kernels\)$/m);
    expect(stdout).toContain(`wrote ${output}, ${outputIn('table.report.json')} and ${html}\n`);
    expect(readFileSync(html, 'utf8')).toMatch(/^<!doctype html>/i);
  });

  it('prints the split of spatial decompositions and of those in three', async () => {
    const args = (name: string): string[] => {
      const output = outputIn('split.safetensors');
      const line = `approximate ${modelFile} --data ${dataFile} --speedup 1.2 --images 20 -o ${output} --decomposition ${name}`;
      return line.split(' ');
    };
    const three = await run(args('3d'));
    expect(three.stdout).toMatch(/^small: 3d by filter reconstruction, nonlinear solver, asymmetric, ranks best/);
    expect(three.stdout).toMatch(/^layer +split +rank +of .* split error +linear error +error /m);
    const spatial = await run([...args('spatial'), '--split', 'data', '--ranks', 'uniform']);
    expect(spatial.stdout).toMatch(/^small: spatial by data reconstruction, ranks uniform; /);
    expect(spatial.stdout).toMatch(/^layer +rank +of .* split error /m);
  });

  it('shows progress on a terminal only, and takes it away', async () => {
    const args = ['--data', dataFile, '--speedup', '2', '--images', '20', '-o', outputIn('bar.safetensors')];
    const { stderr } = await run(['approximate', modelFile, ...args], { isTerminal: true });
    expect(stderr).toContain('% ');
    expect(stderr.endsWith('\r\u001b[K')).toBe(true);
    expect(stderr).not.toContain('\n');
  });
});

describe('approximations that fail write nothing', () => {
  async function failure(code: number, ...args: string[]): Promise<string> {
    const before = readdirSync(folder.path);
    const result = await run(['approximate', ...args]);
    expect([result.code, result.stdout]).toEqual([code, '']);
    expect(result.stderr).toMatch(/^rankwise: [^\n]+\n$/);
    expect(readdirSync(folder.path)).toEqual(before);
    return result.stderr;
  }

  it('when the output cannot be written, before the data is even opened', async () => {
    const nowhere = ['--data', '/nowhere/data', '--speedup', '2'];
    expect(await failure(1, modelFile, ...nowhere, '-o', outputIn('missing/out'))).toContain('cannot write');
    expect(await failure(1, modelFile, ...nowhere, '-o', folder.path)).toContain('it is a folder');
    const html = ['--report', outputIn('missing/report.html')];
    expect(await failure(1, modelFile, ...nowhere, '-o', outputIn('fine'), ...html)).toContain('missing/report.html');
  });

  it('when it would replace the model or the images, under whatever name', async () => {
    const hard = outputIn('hard.safetensors');
    linkSync(modelFile, hard);
    const before = readFileSync(modelFile);
    for (const output of [modelFile, hard, `${folder.path}/../${folder.path.split('/').at(-1)}/model.safetensors`]) {
      const line = [modelFile, '--data', dataFile, '--speedup', '2', '-o', output];
      expect(await failure(2, ...line)).toContain('expected another file than the input');
    }
    const onto = ['-o', outputIn('fine'), '--report', dataFile];
    expect(await failure(2, modelFile, '--data', dataFile, '--speedup', '2', ...onto)).toContain('another file');
    expect(readFileSync(modelFile).equals(before)).toBe(true);
  });

  it('when it would replace the weights of a layer list', async () => {
    const { parameters } = smallModel(3, 8, 8);
    const names = ['conv1.weight', 'conv1.bias', 'conv2.weight', 'conv2.bias'];
    const tensors = Object.fromEntries(names.flatMap((name) => (parameters[name] ? [[name, parameters[name]]] : [])));
    const layers = ['conv1', 'conv2'].flatMap((name) => [{ op: 'conv', name, pad: 1 }, { op: 'relu' }]);
    const weights = folder.file('chain.safetensors', writeSafetensors(tensors));
    const input = { shape: [3, 8, 8], order: 'RGB' };
    const list = folder.file('chain.json', JSON.stringify({ name: 'chain', input, layers }));
    const line = [list, '--data', dataFile, '--speedup', '2'];
    expect(await failure(2, ...line, '-o', weights)).toContain('expected another file than the input');
    expect((await run(['approximate', ...line, '--images', '5', '-o', outputIn('chain-small')])).code).toBe(0);
  });

  it('when the speed-up is out of reach, before the data is even opened', async () => {
    const line = [modelFile, '--data', '/nowhere/data', '-o', outputIn('x')];
    expect(await failure(1, ...line, '--speedup', '1000')).toContain('speedup: expected at most');
    expect(await failure(2, ...line, '--speedup', '0.5')).toContain("expected a number ≥ 1, got '0.5'");
  });

  it('when the images are missing, of another size, none, or no numbers', async () => {
    const line = [modelFile, '--speedup', '2', '-o', outputIn('y'), '--data'];
    expect(await failure(1, ...line, outputIn('nowhere'))).toContain('cannot read');
    const small = folder.file('small.npy', writeNpy(tensorOf(pattern(48), [1, 4, 4, 3])));
    expect(await failure(1, ...line, small)).toContain('expected images of 3×8×8');
    const none = folder.file('none.npy', writeNpy(tensorOf(new Uint8Array(0), [0, 8, 8, 3])));
    expect(await failure(1, ...line, none)).toContain('expected at least one image, got none');
    const nan = tensorOf(new Float32Array(1536).fill(NaN), [8, 3, 8, 8]);
    expect(await failure(1, ...line, folder.file('nan.npy', writeNpy(nan)))).toContain('expected finite values');
  });

  it('when the model is cut short', async () => {
    const cut = folder.file('cut', smallModelFile(3, 8, 8).subarray(0, 500));
    expect(await failure(1, cut, '--data', dataFile, '--speedup', '2', '-o', outputIn('z'))).toContain(cut);
  });

  it('when it is interrupted', async () => {
    const line = ['approximate', modelFile, '--data', dataFile, '--speedup', '2', '-o', outputIn('interrupted')];
    const before = readdirSync(folder.path);
    const { code, stdout, stderr } = await run(line, { interrupt: (press) => press() });
    expect([code, stdout, stderr]).toEqual([1, '', 'rankwise: interrupted; nothing was written\n']);
    expect(readdirSync(folder.path)).toEqual(before);
  });

  it('when labels are given: they are not used', async () => {
    const line = [modelFile, '--data', dataFile, '--speedup', '2', '-o', outputIn('l'), '--labels', labelsFile];
    expect(await failure(2, ...line)).toContain("Unknown option '--labels'");
  });
});
