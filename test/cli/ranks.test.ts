import { describe, expect, it } from 'vitest';
import { calibrate, convolutionLayers, selectRanks } from '@rankwise/approx';
import { imageSourceFor, readImages } from '@rankwise/cli';
import { cifar10File, run, smallModel, smallModelFile, temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const layers = ['conv1', 'conv2', 'conv3', 'conv4', 'conv5', 'conv6', 'conv7'];

/** Rows "no rank selection" of Table 2 of Zhang et al. 2015 that its formula gives exactly. */
const paperTable2: [speedup: number, ranks: number[]][] = [
  [3, [32, 77, 139, 153, 153, 153, 153]],
  [4, [32, 57, 104, 115, 115, 115, 115]],
  [5, [32, 46, 83, 92, 92, 92, 92]],
];

interface RanksJson {
  readonly ranks: Record<string, number>;
  readonly speedup: number;
  readonly counted: string[];
}

async function ranks(line: string): Promise<RanksJson> {
  const { code, stdout, stderr } = await run(['ranks', ...line.split(' '), '--json']);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
}

describe('ranks', () => {
  it.each(paperTable2)("is the paper's Table 2 at %d×", async (speedup, expected) => {
    const result = await ranks(`zoo:sppnet7 --speedup ${speedup} --uniform`);
    expect(Object.keys(result)).toEqual(['ranks', 'speedup', 'counted']);
    expect(result.ranks).toEqual(Object.fromEntries(layers.map((name, i) => [name, expected[i]])));
    expect(result.counted).toEqual(layers.slice(1));
    expect(result.speedup).toBeGreaterThanOrEqual(speedup);
  });

  it('prints the same for people', async () => {
    const { stdout } = await run('ranks zoo:sppnet7 --speedup 4 --uniform'.split(' '));
    expect(stdout).toMatch(/^conv1 +32 +96 .* set by hand, not counted$/m);
    expect(stdout).toMatch(/^conv7 +115 +512 /m);
    expect(stdout).toContain('speed-up 4.018× over conv2, conv3, conv4, conv5, conv6, conv7: 4,192,493,568');
  });

  it('takes ranks by hand before those of the authors, and leaves out what is excluded', async () => {
    expect((await ranks('zoo:sppnet7 --speedup 4 --uniform --fixed conv1=20')).ranks['conv1']).toBe(20);
    const without = await ranks('zoo:sppnet7 --speedup 4 --uniform --exclude conv1,conv7');
    expect(Object.keys(without.ranks)).toEqual(layers.slice(1, 6));
  });

  it('counts everything when everything is set by hand', async () => {
    const result = await ranks('zoo:sppnet7 --fixed conv2=57,conv3=104');
    expect(result.ranks).toEqual({ conv2: 57, conv3: 104 });
    expect(result.counted).toEqual(['conv2', 'conv3']);
    const before = 752_640_000 + 382_205_952;
    const after = 57 * (2400 + 256) * 35 * 35 + 104 * (2304 + 512) * 18 * 18;
    expect(result.speedup).toBe(before / after);
  });

  it('3d: both ranks, conv1 by channels', async () => {
    const result = await ranks('zoo:sppnet7 --speedup 4 --uniform --decomposition 3d');
    expect(result).toMatchObject({ ranks: { conv1: 32, conv4: 230 }, spatialRanks: { conv4: 211 } });
    const { stdout } = await run('ranks zoo:sppnet7 --speedup 4 --uniform --decomposition 3d'.split(' '));
    expect(stdout).toMatch(/^layer +split +rank +of /m);
    expect(stdout).toMatch(/^conv1 +32 +96 .* set by hand, not counted$/m);
    expect(stdout).toMatch(/^conv4 +211 +230 +512 +764,411,904 +190,332,504 +4\.02× *$/m);
  });

  it('spatial: the full rank beside it; by energy without data', async () => {
    const { stdout } = await run('ranks zoo:sppnet7 --speedup 4 --uniform --decomposition spatial'.split(' '));
    expect(stdout).toMatch(/^conv4 +192 +1536 /m);
    expect(stdout).not.toMatch(/^conv1/m);
    const energy = `${folder.file('spatial.safetensors', smallModelFile(3, 8, 8))} --speedup 1.2 --energy --decomposition spatial`;
    const result = await ranks(energy);
    expect(Object.keys(result.ranks)).toEqual(['conv2']);
    expect((await run(['ranks', ...energy.split(' ')])).stdout).toMatch(/^conv2 .* \d+\.\d\d% *$/m);
  });

  it('says which layers stay as they are', async () => {
    const { stdout } = await run('ranks zoo:sppnet7 --fixed conv2=256'.split(' '));
    expect(stdout).toMatch(/^conv2 +256 +256 .* 1\.00× .*left as it is: two layers cost no less$/m);
  });

  it('by energy, is what the library finds on the same images', async () => {
    const data = cifar10File(Array.from({ length: 12 }, (_, i) => i % 10));
    const model = folder.file('small.safetensors', smallModelFile(3, 32, 32));
    const images = folder.file('images.bin', data);
    const line = `${model} --speedup 2 --energy --data ${images} --images 8 --positions 5 --seed 3`;
    const result = await ranks(line);
    const source = imageSourceFor(smallModel(3, 32, 32), readImages(data));
    const calibration = await calibrate(smallModel(3, 32, 32), source, {
      images: 8,
      positions: 5,
      seed: 3,
      heldOut: 0,
    });
    const energies = Object.fromEntries(calibration.layers.map((one) => [one.layer.name, one.energies]));
    const plan = selectRanks(convolutionLayers(smallModel(3, 32, 32)), { method: 'energy', speedup: 2, energies });
    expect(result.ranks).toEqual(plan.ranks);
    const { stdout } = await run(['ranks', ...line.split(' ')]);
    expect(stdout).toMatch(/energy kept/);
  });
});

describe('ranks that cannot be had exit 1 with one line', () => {
  it.each([
    ['a speed-up beyond rank 1', 'zoo:sppnet7 --speedup 1000 --uniform', 'speedup: expected at most'],
    ['a rank above the filters', 'zoo:sppnet7 --fixed conv2=257', 'expected an integer from 1 to 256, got 257'],
    ['an unknown layer', 'zoo:sppnet7 --fixed conv9=3', 'got conv9'],
    ['an unknown layer to exclude', 'zoo:sppnet7 --speedup 2 --uniform --exclude conv9', 'got conv9'],
    [
      'nothing left',
      'zoo:sppnet7 --speedup 2 --uniform --exclude conv2,conv3,conv4,conv5,conv6,conv7',
      'at least one layer',
    ],
    ['no such images', 'zoo:sppnet7 --speedup 2 --energy --data /nowhere/images', 'cannot read /nowhere/images'],
  ])('%s', async (_, line, message) => {
    const { code, stdout, stderr } = await run(['ranks', ...line.split(' ')]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^rankwise: [^\n]+\n$/);
    expect(stderr).toContain(message);
  });
});
