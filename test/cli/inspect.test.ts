import { describe, expect, it } from 'vitest';
import { writeSafetensors } from '@rankwise/tensor';
import { run, smallModel, smallModelFile, temporaryFolder } from './support.ts';

const folder = temporaryFolder();

/** Table 1 of Zhang et al. 2015: output side, share of the convolutions' cost in percent as printed. */
const paperTable1 = [
  { name: 'conv1', filter: '7×7', channels: 3, filters: 96, stride: 2, side: 109, share: '3.8%' },
  { name: 'conv2', filter: '5×5', channels: 96, filters: 256, stride: 1, side: 35, share: '17.3%' },
  { name: 'conv3', filter: '3×3', channels: 256, filters: 512, stride: 1, side: 18, share: '8.8%' },
  { name: 'conv4', filter: '3×3', channels: 512, filters: 512, stride: 1, side: 18, share: '17.5%' },
  { name: 'conv5', filter: '3×3', channels: 512, filters: 512, stride: 1, side: 18, share: '17.5%' },
  { name: 'conv6', filter: '3×3', channels: 512, filters: 512, stride: 1, side: 18, share: '17.5%' },
  { name: 'conv7', filter: '3×3', channels: 512, filters: 512, stride: 1, side: 18, share: '17.5%' },
];

describe('inspect', () => {
  it("prints the paper's Table 1", async () => {
    const { code, stdout, stderr } = await run(['inspect', 'zoo:sppnet7']);
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.split('\n');
    for (const row of paperTable1) {
      const cells = lines.find((line) => line.startsWith(`${row.name} `))?.split(/\s+/) ?? [];
      const output = `${row.filters}×${row.side}×${row.side}`;
      expect(cells.slice(0, 7)).toEqual(
        [row.name, 'conv', row.filter, row.channels, row.filters, row.stride, output].map(String),
      );
      expect(cells[8]).toBe(row.share);
    }
    expect(stdout).toMatch(/multiply-adds of the convolutions\s+4,360,158,240\n/);
    expect(stdout).toMatch(/parameters\s+136,988,264\n/);
  });

  it.each(['sppnet7', 'alexnet', 'vgg16'])('keeps the table of zoo:%s within 110 columns', async (name) => {
    const { stdout } = await run(['inspect', `zoo:${name}`]);
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(110);
  });

  it('has the fields it promises as JSON, and nothing else', async () => {
    const { code, stdout } = await run(['inspect', 'zoo:sppnet7', '--json']);
    const cost: Record<string, unknown> = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(Object.keys(cost)).toEqual(['layers', 'convMacs', 'macs', 'parameters']);
    expect(cost).toMatchObject({ convMacs: 4_360_158_240, macs: 4_485_889_056, parameters: 136_988_264 });
    const layers = cost['layers'] as Record<string, unknown>[];
    for (const layer of layers) {
      expect(Object.keys(layer)).toEqual(['name', 'op', 'outputShape', 'macs', 'share', 'parameters']);
    }
    expect(layers[0]).toEqual({
      name: 'conv1',
      op: 'conv2d',
      outputShape: [96, 109, 109],
      macs: 167_664_672,
      share: 167_664_672 / 4_360_158_240,
      parameters: 14_208,
    });
  });

  it('reads model files and layer lists', async () => {
    const file = folder.file('small.safetensors', smallModelFile(3, 8, 8));
    expect((await run(['inspect', file])).stdout).toMatch(/^small, input 3×8×8/);
    const { parameters } = smallModel(3, 8, 8);
    const weights = { 'conv1.weight': parameters['conv1.weight'], 'conv1.bias': parameters['conv1.bias'] };
    const layers = [{ op: 'conv', name: 'conv1', pad: 1 }, { op: 'relu' }];
    const description = { name: 'list', input: { shape: [3, 8, 8] }, layers };
    folder.file('list.safetensors', writeSafetensors(weights as typeof parameters));
    const list = folder.file('architecture.json', JSON.stringify(description));
    expect((await run(['inspect', list])).stdout).toMatch(/^list, input 3×8×8/);
  });
});

describe('models that cannot be read exit 1 with one line', () => {
  const lone = temporaryFolder();
  const crowded = temporaryFolder();

  async function failure(path: string): Promise<string> {
    const { code, stdout, stderr } = await run(['inspect', path]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^rankwise: [^\n]+\n$/);
    expect(stderr).toContain(path);
    return stderr;
  }

  it('missing, a folder, empty', async () => {
    expect(await failure(`${folder.path}/nowhere`)).toContain('cannot read');
    expect(await failure(folder.path)).toContain('it is a folder');
    expect(await failure(folder.file('empty', ''))).toContain('(truncated at byte 0)');
  });

  it('cut short at any byte', async () => {
    const bytes = smallModelFile(1, 4, 4);
    const cuts = [1, 7, 8, 9, 100, bytes.length - 4, bytes.length - 1];
    for (const length of cuts) await failure(folder.file(`cut${length}`, bytes.subarray(0, length)));
  });

  it('with NaN among the weights', async () => {
    const bytes = smallModelFile(1, 4, 4);
    // f32 NaN, little-endian, in the last element of the file.
    bytes.set([0, 0, 0xc0, 0x7f], bytes.length - 4);
    expect(await failure(folder.file('nan', bytes))).toContain('expected finite values, got NaN');
  });

  it('a safetensors file without a model', async () => {
    expect(await failure(folder.file('weights', writeSafetensors({})))).toContain('model-missing');
  });

  it('a layer list that is no JSON, or has no weights beside it, or too many', async () => {
    expect(await failure(lone.file('bad.json', '{"name": '))).toContain('expected JSON');
    const text = JSON.stringify({ name: 'list', input: { shape: [3, 8, 8] }, layers: [] });
    expect(await failure(lone.file('list.json', text))).toContain('expected list.safetensors');
    crowded.file('a.safetensors', '');
    crowded.file('b.safetensors', '');
    expect(await failure(crowded.file('list.json', text))).toContain('got a.safetensors, b.safetensors');
  });

  it('a layer list whose name would lead to another folder', async () => {
    const text = JSON.stringify({ name: '../x', input: { shape: [3, 8, 8] }, layers: [] });
    expect(await failure(crowded.file('outside.json', text))).toContain('expected one .safetensors file beside it');
  });
});
