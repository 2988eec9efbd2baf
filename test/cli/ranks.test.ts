import { describe, expect, it } from 'vitest';
import {
  calibrate,
  convolutionLayers,
  energyKept,
  flatCap,
  searchRanks,
  selectRanks,
  sensitivityLosses,
} from '@rankwise/approx';
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
  readonly latencies?: Record<string, { original: number; atRank: number[] }>;
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

describe('ranks on images', () => {
  const data = cifar10File(Array.from({ length: 20 }, (_, i) => i % 10));
  const images = folder.file('twenty.bin', data);
  const model = folder.file('other.safetensors', smallModelFile(3, 32, 32));
  const network = smallModel(3, 32, 32);
  const known = convolutionLayers(network);
  const sampling = `--data ${images} --images 20 --positions 5 --seed 2 --kernels reference`;
  const calibrated = (names = ['conv2']) =>
    calibrate(network, imageSourceFor(network, readImages(data)), {
      images: 20,
      positions: 5,
      seed: 2,
      heldOut: 0,
      layers: names,
    });
  const text = async (line: string): Promise<string> => {
    const { code, stdout, stderr } = await run(['ranks', model, ...line.split(' ')]);
    expect(code, stderr).toBe(0);
    return stdout;
  };
  const plans = async (line: string): Promise<(RanksJson & { method: string; requested: number })[]> => {
    const { code, stdout, stderr } = await run(['ranks', model, ...line.split(' '), '--json']);
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout).plans;
  };

  it('without a method: every method at every speed-up, each what the library finds, from one calibration', async () => {
    const calibration = await calibrated();
    const energies = Object.fromEntries(calibration.layers.map((one) => [one.layer.name, one.energies]));
    const losses = await sensitivityLosses(calibration, ['conv2']);
    const methods = ['uniform', 'energy', 'exact', 'sensitivity'] as const;
    const expected = [2, 3].flatMap((speedup) =>
      methods.map((method) => {
        const { ranks: chosen, objective } = selectRanks(known, { method, speedup, energies, losses });
        return { method, requested: speedup, ranks: { ...chosen }, ...(objective === undefined ? {} : { objective }) };
      }),
    );
    const found = await plans(`${sampling} --speedup 2,3`);
    expect(found).toHaveLength(expected.length);
    for (const [i, plan] of expected.entries()) expect(found[i]).toMatchObject(plan);
    const printed = await text(`${sampling} --speedup 2,3`);
    const kept = (100 * energyKept(energies['conv2']!, expected[0]!.ranks['conv2']!)).toFixed(2);
    expect(printed).toMatch(/^speed-up 2×\nlayer +uniform +energy +exact +sensitivity$/m);
    expect(printed).toMatch(/^speed-up 3×$/m);
    expect(printed).toMatch(new RegExp(`^energy kept +${kept}%`, 'm'));
    expect(printed).toMatch(/^effect on answers( +[\d.e-]+){4}$/m);
    expect(printed).toMatch(/^the exact optimum keeps (no|[\d.]+%) more than the greedy$/m);
  });

  it('one method at several speed-ups is a table of them, at one a table of its layers', async () => {
    expect(await text(`${sampling} --speedup 2,3 --energy`)).toMatch(
      /^layer +2× +3×\nconv2 [^]*^energy kept .*\n {2}the most there is .*%$/m,
    );
    expect(await text(`${sampling} --speedup 2,3 --exact`)).toMatch(/^ {2}by the greedy .*%$/m);
    expect(await text(`${sampling} --speedup 2 --energy`)).toMatch(
      /^energy kept by these layers together \d\d\.\d\d%; the exact optimum keeps (no|[\d.]+%) more than that$/m,
    );
    expect(await text(`${sampling} --speedup 2 --exact`)).toMatch(
      /%, the most there is; (no|[\d.]+%) more than the greedy$/m,
    );
    expect(await text(`${sampling} --speedup 2 --sensitivity`)).toMatch(
      /^effect on the answers [\d.e-]+, the sum of each layer's alone; the least there is$/m,
    );
  });

  it('best is what the search finds, and says what it was found by', async () => {
    const search = await searchRanks(await calibrated(), { speedup: 2 });
    const line = `${sampling} --speedup 2 --best`;
    expect(await ranks(`${model} ${line}`)).toMatchObject({
      ranks: { ...search.plan.ranks },
      origin: search.origin,
      judges: search.judges,
      candidates: JSON.parse(JSON.stringify(search.candidates)),
    });
    const count = search.candidates.length;
    expect(await text(line)).toMatch(
      new RegExp(
        `^the best of ${count} plans by the answers to ${search.judges} images, found by ${search.origin}$`,
        'm',
      ),
    );
  });

  it('automatic caps are where energies are flat, and take conv1 along; those by layer hold', async () => {
    const { layers: both } = await calibrated(['conv1', 'conv2']);
    const [first, second] = both.map(({ energies, fitRows }) => flatCap(energies, fitRows));
    const found = await ranks(`${model} ${sampling} --speedup 1 --uniform --caps auto`);
    expect(found.counted).toEqual(['conv2']);
    expect(found.ranks['conv2']).toBeLessThanOrEqual(second!);
    expect([undefined, first]).toContain(found.ranks['conv1']);
    const printed = await text(`${sampling} --speedup 1 --uniform --caps auto`);
    expect(/^conv1 .*  at its cap, not counted$/m.test(printed)).toBe(found.ranks['conv1'] !== undefined);
    expect((await ranks(`${model} --speedup 1.1 --uniform --caps conv2=4`)).ranks).toEqual({ conv2: 4 });
  });

  it.each(['spatial', '3d'])('%s: compared as well', async (decomposition) => {
    const found = await plans(`${sampling} --speedup 1.2,1.5 --decomposition ${decomposition}`);
    expect(found).toHaveLength(8);
    for (const { requested, speedup } of found) expect(speedup).toBeGreaterThanOrEqual(requested);
    const first = decomposition === '3d' ? /^layer \(split\/rank\) +1\.2× +1\.5×\nconv2 +\d+\/\d+ /m : /^layer +1\.2×/m;
    expect(await text(`--speedup 1.2,1.5 --uniform --decomposition ${decomposition}`)).toMatch(first);
  });
});

describe('ranks in multiples and other units', () => {
  it('several speed-ups make a table, and multiples are kept', async () => {
    const { stdout } = await run('ranks zoo:sppnet7 --speedup 3,4,5 --uniform --multiple-of 8'.split(' '));
    expect(stdout).toMatch(/^layer +3× +4× +5×$/m);
    expect(stdout).toMatch(/^conv7 +152 +112 +88$/m);
    expect(stdout).not.toContain('energy');
  });

  it('parameters', async () => {
    const { stdout } = await run('ranks zoo:sppnet7 --speedup 4 --uniform --budget parameters'.split(' '));
    expect(stdout).toMatch(/^speed-up 4\.\d+× in parameters over conv2, .*: [\d,]+ become [\d,]+$/m);
    expect(stdout).toMatch(/^speed-up 4\.\d+× in multiply-adds: /m);
  });

  it('milliseconds, timed here: the table of each layer, and its figures as JSON', async () => {
    const model = folder.file('timed.safetensors', smallModelFile(3, 32, 32));
    // Small layers may gain nothing, so that 1× is all that can be asked for.
    const line = `${model} --speedup 1 --uniform --budget milliseconds`;
    const { stdout } = await run(['ranks', ...line.split(' ')]);
    expect(stdout).toMatch(/^layer +rank +of +multiply-adds +after +speed-up +ms +after/m);
    expect(stdout).toMatch(/× in milliseconds over conv2: [\d.]+ become [\d.]+ an image$/m);
    const found = await ranks(line);
    expect(found).toMatchObject({ cost: { budget: 'milliseconds' }, kernels: { name: 'simd' } });
    const { original, atRank } = found.latencies!['conv2']!;
    expect(original).toBeGreaterThan(0);
    expect(atRank).toHaveLength(12);
    expect(atRank).toEqual(atRank.toSorted((a, b) => a - b));
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
    ['a cap above the filters', 'zoo:sppnet7 --speedup 2 --uniform --caps conv2=257', 'caps of conv2: expected'],
    ['a cap of an unknown layer', 'zoo:sppnet7 --speedup 2 --uniform --caps conv9=3', 'got conv9'],
    ['the largest of several', 'zoo:sppnet7 --speedup 2,1000 --uniform', 'speedup: expected at most'],
    ['multiples beyond reach', 'zoo:sppnet7 --speedup 9 --uniform --multiple-of 200', 'expected at most'],
    ['no such images', 'zoo:sppnet7 --speedup 2 --energy --data /nowhere/images', 'cannot read /nowhere/images'],
  ])('%s', async (_, line, message) => {
    const { code, stdout, stderr } = await run(['ranks', ...line.split(' ')]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^rankwise: [^\n]+\n$/);
    expect(stderr).toContain(message);
  });
});
