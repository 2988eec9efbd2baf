import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { imageSourceFor, readImages } from '@rankwise/cli';
import { forward, saveModel, sequential, topK } from '@rankwise/nn';
import { fromNested, tensorOf, writeNpy, writeSafetensors } from '@rankwise/tensor';
import { cifar10File, idxFile, pattern, run, smallModel, smallModelFile, temporaryFolder } from './support.ts';

const folder = temporaryFolder();

interface Accuracy {
  readonly top1: number;
  readonly top3: number;
  readonly top5: number;
  readonly images: number;
  readonly seconds: number;
}

async function accuracy(...args: string[]): Promise<Accuracy> {
  const { code, stdout, stderr } = await run(['evaluate', ...args, '--json']);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
}

async function failure(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(['evaluate', ...args]);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^rankwise: [^\n]+\n$/);
  return stderr;
}

/** A model whose answer to an image is the image itself, 4 classes. */
function transparentModel(): Uint8Array {
  return saveModel(sequential('transparent', [1, 2, 2]).flatten('answer').build());
}

describe('evaluate', () => {
  const labels = Array.from({ length: 20 }, (_, i) => (i * 7) % 10);
  const data = cifar10File(labels);

  it('is topK of the forward pass, in any number of batches', async () => {
    const model = smallModel(3, 32, 32);
    const set = readImages(data);
    const { output } = forward(model, await imageSourceFor(model, set).batch(0, 20));
    const expected = topK(output, fromNested('i32', labels), [1, 3, 5]);
    const result = await accuracy(
      folder.file('small.safetensors', smallModelFile(3, 32, 32)),
      '--data',
      folder.file('twenty.bin', data),
    );
    expect(Object.keys(result)).toEqual(['top1', 'top3', 'top5', 'images', 'seconds', 'kernels']);
    expect([result.top1, result.top3, result.top5]).toEqual(expected);
    expect(result.images).toBe(20);
  });

  it('counts by hand, with more guesses than classes', async () => {
    const images = fromNested('f32', [
      [
        [4, 3],
        [2, 1],
      ],
      [
        [4, 3],
        [2, 1],
      ],
      [
        [4, 3],
        [2, 1],
      ],
      [
        [1, 1],
        [1, 1],
      ],
    ]);
    const file = folder.file('hand.safetensors', writeSafetensors({ images, labels: fromNested('i32', [0, 2, 3, 1]) }));
    const model = folder.file('transparent.safetensors', transparentModel());
    const { top1, top3, top5 } = await accuracy(model, '--data', file);
    expect([top1, top3, top5]).toEqual([0.25, 0.75, 1]);
    const { stdout } = await run(['evaluate', model, '--data', file]);
    expect(stdout).toMatch(
      /^transparent: top-1 25\.00%, top-3 75\.00%, top-5 100\.00% of 4 images, [\d.e+-]+ ms each on \w+ kernels, /,
    );
  });

  it('uses the first images only when asked to, and labels from a file', async () => {
    const images = fromNested('f32', [
      [
        [1, 0],
        [0, 0],
      ],
      [
        [0, 1],
        [0, 0],
      ],
    ]);
    const model = folder.file('transparent2.safetensors', transparentModel());
    const file = folder.file('two.npy', writeNpy(images));
    const wrongSecond = folder.file('two.txt', '0\n3\n');
    expect((await accuracy(model, '--data', file, '--labels', wrongSecond)).top1).toBe(0.5);
    const first = await accuracy(model, '--data', file, '--labels', wrongSecond, '--images', '1');
    expect([first.top1, first.images]).toEqual([1, 1]);
  });

  it('finds labels beside gzipped IDX images', async () => {
    const model = folder.file('grey.safetensors', smallModelFile(1, 4, 5));
    const file = folder.file('t-images-idx3-ubyte.gz', gzipSync(idxFile([3, 4, 5], pattern(60))));
    folder.file('t-labels-idx1-ubyte.gz', gzipSync(idxFile([3], [1, 2, 3])));
    expect((await accuracy(model, '--data', file)).images).toBe(3);
  });

  it('shows progress on a terminal only, on stderr, and takes it away', async () => {
    const model = folder.file('grey2.safetensors', smallModelFile(1, 4, 5));
    const file = folder.file('u-images-idx3-ubyte', idxFile([40, 4, 5], pattern(800)));
    const text = folder.file('u.txt', '1\n'.repeat(40));
    const args = ['evaluate', model, '--data', file, '--labels', text, '--json'];
    expect((await run(args)).stderr).toBe('');
    const { stdout, stderr } = await run(args, { isTerminal: true });
    const [start, line, end] = stderr.split('\r\u001b[K');
    expect([start, end]).toEqual(['', '']);
    expect(line).toMatch(/^█+░* \d+% .* running the network$/);
    expect(JSON.parse(stdout)).toMatchObject({ images: 40 });
  });

  it('ends in good order when interrupted', async () => {
    const model = folder.file('grey3.safetensors', smallModelFile(1, 4, 5));
    const file = folder.file('v-images-idx3-ubyte', idxFile([40, 4, 5], pattern(800)));
    const text = folder.file('v.txt', '1\n'.repeat(40));
    const options = { interrupt: (press: () => void) => setImmediate(press) };
    const { code, stdout, stderr } = await run(['evaluate', model, '--data', file, '--labels', text], options);
    expect([code, stdout, stderr]).toEqual([1, '', 'rankwise: interrupted; nothing was written\n']);
  });
});

describe('evaluations that fail exit 1 with one line', () => {
  const model = folder.file('colour.safetensors', smallModelFile(3, 4, 4));

  it('images of another size', async () => {
    const file = folder.file('grey.idx', idxFile([1, 28, 28], pattern(784)));
    expect(await failure(model, '--data', file)).toBe(
      `rankwise: ${file}: expected images of 3×4×4 (channels × height × width) for model 'small', got an array of shape [1, 28, 28]\n`,
    );
  });

  it('no images', async () => {
    const file = folder.file('none.npy', writeNpy(tensorOf(new Uint8Array(0), [0, 4, 4, 3])));
    expect(await failure(model, '--data', file)).toContain('expected at least one image, got none');
    expect(await failure(model, '--data', folder.file('empty.idx', ''))).toContain('(empty at byte 0)');
  });

  it('values that are no numbers', async () => {
    const images = fromNested('f32', [
      [
        [0, 1],
        [2, NaN],
      ],
    ]);
    const file = folder.file('nan.safetensors', writeSafetensors({ images, labels: fromNested('u8', [0]) }));
    const transparent = folder.file('t.safetensors', transparentModel());
    expect(await failure(transparent, '--data', file)).toContain('expected finite values, got NaN');
  });

  it('labels that are no classes', async () => {
    const images = fromNested('f32', [
      [
        [0, 1],
        [2, 3],
      ],
    ]);
    const file = folder.file('high.safetensors', writeSafetensors({ images, labels: fromNested('u8', [4]) }));
    const transparent = folder.file('t2.safetensors', transparentModel());
    expect(await failure(transparent, '--data', file)).toContain('expected classes from 0 to 3, got 4 for image 0');
  });

  it('a file of another kind than it is said to be', async () => {
    const file = folder.file('text.bin', 'text');
    expect(await failure(model, '--data', file, '--format', 'cifar10')).toContain('(truncated at byte 4)');
    expect(await failure(model, '--data', file)).toContain('unknown-format');
  });

  it('but no labels at all is bad usage', async () => {
    const file = folder.file('w.npy', writeNpy(tensorOf(pattern(48), [1, 4, 4, 3])));
    const { code, stderr } = await run(['evaluate', model, '--data', file]);
    expect([code, stderr]).toEqual([
      2,
      `rankwise: --labels: expected a file, as there are none in or beside ${file} (see rankwise evaluate --help)\n`,
    ]);
  });
});
