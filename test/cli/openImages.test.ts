import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CommandError, gunzipBytes, imageSourceFor, openImages, openLabels, readImages } from '@rankwise/cli';
import {
  FormatError,
  DomainError,
  ShapeError,
  fromNested,
  tensorOf,
  toNested,
  writeNpy,
  writeSafetensors,
} from '@rankwise/tensor';
import type { DType, Nested, Shape, Tensor } from '@rankwise/tensor';
import { runs } from '../kit/runs.ts';
import { cifar10File, idxFile, pattern, smallModel, temporaryFolder } from './support.ts';

const folder = temporaryFolder();

function ramp<D extends DType>(dtype: D, shape: Shape): Tensor {
  const length = shape.reduce((size, extent) => size * extent, 1);
  const values = Array.from({ length }, (_, i) => i % 251);
  return dtype === 'u8' ? tensorOf(Uint8Array.from(values), shape) : tensorOf(Float32Array.from(values), shape);
}

async function firstImages(file: string, channels: 1 | 3, height: number, width: number): Promise<Nested> {
  const source = imageSourceFor(smallModel(channels, height, width), await openImages(file));
  return toNested(await source.batch(0, source.count));
}

describe('openImages', () => {
  it('reads IDX, plain and gzipped, and the labels beside it', async () => {
    const images = idxFile([2, 2, 3], pattern(12));
    const plain = folder.file('train-images-idx3-ubyte', images);
    const zipped = folder.file('test-images.idx3-ubyte.gz', gzipSync(images));
    folder.file('train-labels-idx1-ubyte.gz', gzipSync(idxFile([2], [7, 8])));
    folder.file('test-labels.idx1-ubyte', idxFile([2], [5, 6]));
    const [first, second] = [await openImages(plain), await openImages(zipped)];
    expect(toNested(first.images)).toEqual(toNested(second.images));
    expect(first.images.shape).toEqual([2, 2, 3]);
    expect(first.labels && toNested(first.labels)).toEqual([7, 8]);
    expect(second.labels && toNested(second.labels)).toEqual([5, 6]);
  });

  it('goes without labels where there are none', async () => {
    const file = folder.file('lonely-images-idx3-ubyte', idxFile([1, 1, 1], [4]));
    expect((await openImages(file)).labels).toBeUndefined();
  });

  it('reads CIFAR-10, .npy and safetensors', async () => {
    const cifar = await openImages(folder.file('a.bin', cifar10File([4, 2])));
    expect([cifar.images.shape, cifar.labels && toNested(cifar.labels)]).toEqual([
      [2, 3, 32, 32],
      [4, 2],
    ]);
    const npy = await openImages(folder.file('a.npy', writeNpy(ramp('u8', [2, 4, 5, 3]))));
    expect([npy.images.dtype, npy.images.shape]).toEqual(['u8', [2, 4, 5, 3]]);
    const tensors = { images: ramp('f32', [2, 3, 4, 5]), labels: fromNested('i32', [1, 0]) };
    const safetensors = await openImages(folder.file('a.safetensors', writeSafetensors(tensors)));
    expect([safetensors.images.dtype, safetensors.labels && toNested(safetensors.labels)]).toEqual(['f32', [1, 0]]);
  });

  it('takes labels from a named file of any kind', async () => {
    const images = folder.file('b.npy', writeNpy(ramp('u8', [3, 2, 2])));
    const files = [
      folder.file('labels.npy', writeNpy(fromNested('i32', [2, 1, 0]))),
      folder.file('labels.idx', idxFile([3], [2, 1, 0])),
      folder.file('labels.gz', gzipSync(idxFile([3], [2, 1, 0]))),
      folder.file('labels.safetensors', writeSafetensors({ labels: fromNested('u8', [2, 1, 0]) })),
      folder.file('labels.txt', '2\r\n1\n\n0\n'),
    ];
    for (const labels of files) {
      const set = await openImages(images, { labels });
      expect(set.labels && toNested(set.labels), labels).toEqual([2, 1, 0]);
    }
  });

  it('says which file is wrong, and how', async () => {
    const bad = async (name: string, content: Uint8Array | string): Promise<string> => {
      const file = folder.file(name, content);
      const error: unknown = await openImages(file).catch((caught: unknown) => caught);
      if (!(error instanceof FormatError || error instanceof ShapeError || error instanceof DomainError)) throw error;
      expect(error.message.startsWith(`${file}: `), error.message).toBe(true);
      return error instanceof FormatError ? error.code : error.name;
    };
    expect(await bad('empty', '')).toBe('empty');
    expect(await bad('text', 'not an image')).toBe('unknown-format');
    expect(await bad('cut.gz', gzipSync(pattern(500)).subarray(0, 100))).toBe('bad-gzip');
    expect(await bad('float.idx', new Uint8Array([0, 0, 0x0d, 1, 0, 0, 0, 0]))).toBe('bad-type');
    expect(await bad('axes.idx', idxFile([4], [1, 2, 3, 4]))).toBe('ShapeError');
    expect(await bad('i32.npy', writeNpy(fromNested('i32', [[[1]]])))).toBe('DomainError');
    expect(await bad('none.safetensors', writeSafetensors({ image: ramp('u8', [1, 2, 2]) }))).toBe('no-images');
    const two = { images: ramp('u8', [2, 2, 2]), labels: fromNested('i32', [1]) };
    expect(await bad('labels.safetensors', writeSafetensors(two))).toBe('ShapeError');
  });

  it('refuses labels that are none, or too few', async () => {
    const images = folder.file('c.npy', writeNpy(ramp('u8', [3, 2, 2])));
    await expect(openImages(images, { labels: folder.file('few.txt', '1\n2\n') })).rejects.toThrow(
      'few.txt: expected 3 labels, one an image, got 2',
    );
    await expect(openLabels(folder.file('words.txt', '1\ncat\n'))).rejects.toMatchObject({
      code: 'bad-label',
      offset: 2,
    });
    await expect(openLabels(folder.file('large.txt', '2147483648\n'))).rejects.toMatchObject({ code: 'bad-label' });
    await expect(openLabels(folder.file('float.npy', writeNpy(fromNested('f32', [1]))))).rejects.toThrow(DomainError);
    await expect(openLabels(folder.file('axes.npy', writeNpy(fromNested('i32', [[1]]))))).rejects.toThrow(ShapeError);
  });

  it('refuses what is no file', async () => {
    await expect(openImages(`${folder.path}/missing`)).rejects.toThrow(CommandError);
    await expect(openImages(folder.path)).rejects.toThrow('it is a folder');
    await expect(openImages('/dev/zero')).rejects.toThrow('it is no file');
  });
});

describe('gunzipBytes', () => {
  it('stops a bomb at the limit', async () => {
    const bomb = gzipSync(new Uint8Array(2 ** 20));
    expect(bomb.length).toBeLessThan(2 ** 11);
    await expect(gunzipBytes(bomb, 2 ** 16)).rejects.toMatchObject({ code: 'too-large' });
    expect((await gunzipBytes(bomb, 2 ** 20)).length).toBe(2 ** 20);
    const file = folder.file('bomb.gz', bomb);
    await expect(openImages(file, { gunzipLimit: 2 ** 16 })).rejects.toMatchObject({ code: 'too-large' });
  });

  it('refuses a stream cut short at any byte', async () => {
    const stream = gzipSync(pattern(40));
    for (let length = 2; length < stream.length; length++) {
      await expect(gunzipBytes(stream.subarray(0, length)), `${length}`).rejects.toMatchObject({ code: 'bad-gzip' });
    }
  });
});

describe('readImages', () => {
  it('takes arbitrary bytes or refuses them with an error that explains itself', () => {
    const starts = [[], [0, 0, 8, 3], [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0], [9, 0, 0, 0, 0, 0, 0, 0, 0x7b]];
    const bytes = fc
      .tuple(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 80 }))
      .map(([start, rest]) => Uint8Array.from([...start, ...rest]));
    const formats = fc.constantFrom(undefined, 'idx', 'cifar10', 'npy', 'safetensors');
    fc.assert(
      fc.property(bytes, formats, (file, format) => {
        try {
          readImages(file, format as Parameters<typeof readImages>[1]);
        } catch (error) {
          const known = [FormatError, ShapeError, DomainError].some((kind) => error instanceof kind);
          if (!known) throw error;
        }
      }),
      { numRuns: runs(500) },
    );
  });
});

describe('imageSourceFor', () => {
  it('gives the same input for every layout of the same bytes', async () => {
    // Element (n, c, y, x) of two 3 × 2 × 4 images, as planes and interleaved.
    const planes = pattern(48);
    const interleaved = new Uint8Array(48);
    for (let i = 0; i < 48; i++) {
      const [n, c, position] = [Math.floor(i / 24), Math.floor(i / 8) % 3, i % 8];
      interleaved[n * 24 + position * 3 + c] = planes[i] ?? 0;
    }
    const a = await firstImages(folder.file('planes.npy', writeNpy(tensorOf(planes, [2, 3, 2, 4]))), 3, 2, 4);
    const b = await firstImages(folder.file('inter.npy', writeNpy(tensorOf(interleaved, [2, 2, 4, 3]))), 3, 2, 4);
    expect(a).toEqual(b);
    // (value / 255 − 0.5) / 0.5 of the model's preprocessing, rounded once.
    const value = planes[0] ?? 0;
    expect([a].flat(5)[0]).toBe(Math.fround((value * (1 / 255) - 0.5) / 0.5));
  });

  it('takes f32 images as they are, in both layouts', async () => {
    const planes = ramp('f32', [2, 1, 2, 3]);
    const a = await firstImages(folder.file('f32planes.npy', writeNpy(planes)), 1, 2, 3);
    const b = await firstImages(folder.file('f32inter.npy', writeNpy(ramp('f32', [2, 2, 3, 1]))), 1, 2, 3);
    const c = await firstImages(folder.file('f32grey.npy', writeNpy(ramp('f32', [2, 2, 3]))), 1, 2, 3);
    expect(a).toEqual(toNested(planes));
    expect(b).toEqual(a);
    expect(c).toEqual(a);
  });

  it('where both layouts fit, takes bytes as interleaved and floats as planes', async () => {
    const bytes = await firstImages(folder.file('cube8.npy', writeNpy(ramp('u8', [1, 3, 3, 3]))), 3, 3, 3);
    const [red = 0, green = 0] = [bytes].flat(5);
    expect([red, green]).toEqual([0, 3].map((value) => Math.fround((value * (1 / 255) - 0.5) / 0.5)));
    const floats = await firstImages(folder.file('cube32.npy', writeNpy(ramp('f32', [1, 3, 3, 3]))), 3, 3, 3);
    expect([floats].flat(5).slice(0, 3)).toEqual([0, 1, 2]);
  });

  it('reads any range of any batch alike', async () => {
    const set = readImages(cifar10File([0, 1, 2, 3, 4]));
    const source = imageSourceFor(smallModel(3, 32, 32), set);
    const all = [toNested(await source.batch(0, 5))].flat(1) as Nested[];
    expect([toNested(await source.batch(2, 4))].flat(1)).toEqual(all.slice(2, 4));
  });

  it('takes the first images only when asked to', () => {
    const set = readImages(cifar10File([0, 1, 2]));
    expect(imageSourceFor(smallModel(3, 32, 32), set, 2).count).toBe(2);
    expect(imageSourceFor(smallModel(3, 32, 32), set, 20).count).toBe(3);
  });

  it('refuses no images, another size, and bytes for a model that names no preprocessing', () => {
    const model = smallModel(3, 32, 32);
    expect(() => imageSourceFor(model, { images: tensorOf(new Uint8Array(0), [0, 32, 32, 3]) })).toThrow(
      'at least one',
    );
    expect(() => imageSourceFor(model, { images: tensorOf(new Uint8Array(28 * 28), [1, 28, 28]) })).toThrow(
      "expected images of 3×32×32 (channels × height × width) for model 'small', got an array of shape [1, 28, 28]",
    );
    const { preprocessing: _, ...bare } = model;
    expect(() => imageSourceFor(bare, readImages(cifar10File([0])))).toThrow('names no preprocessing');
  });
});
