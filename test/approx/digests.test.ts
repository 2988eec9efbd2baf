import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { approximate, calibrate, createSha256, modelDigest, sha256 } from '@rankwise/approx';
import { imageSourceOf, saveModel, selectImages } from '@rankwise/nn';
import { runs } from '../kit/runs.ts';
import { chainNetwork, imagesFor, quick } from './networks.ts';

const nodeDigest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('sha256', () => {
  it('is right for the examples of FIPS 180-4 and at the edges of a block', () => {
    expect(sha256(new TextEncoder().encode('abc'))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
    for (const length of [0, 1, 54, 55, 56, 57, 63, 64, 65, 118, 119, 120, 127, 128, 129, 1000]) {
      const bytes = Uint8Array.from({ length }, (_, i) => i * 7 + 3);
      expect([length, sha256(bytes)]).toEqual([length, nodeDigest(bytes)]);
    }
  });

  it('is what node:crypto says, wherever the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 150 }), { maxLength: 6 }), (parts: Uint8Array[]) => {
        const hash = createSha256();
        for (const part of parts) {
          hash.update(part);
          hash.digest();
        }
        expect(hash.digest()).toBe(nodeDigest(Uint8Array.from(parts.flatMap((part) => [...part]))));
      }),
      { numRuns: runs() },
    );
  });
});

describe('what a report says it is about', () => {
  const model = chainNetwork();
  const images = imagesFor(model, 40);

  it('is the two files, to the byte', async () => {
    const { model: made, report } = await approximate(model, images, { ...quick, speedup: 2, ranks: 'uniform' });
    expect(report.digests.original).toBe(nodeDigest(saveModel(model)));
    expect(report.digests.approximated).toBe(nodeDigest(saveModel(made)));
    const other = chainNetwork(2);
    expect(modelDigest(other)).not.toBe(modelDigest(model));
  });

  it('is the same images whatever the batches, and others when one value differs', async () => {
    const options = { positions: 2, images: 30 };
    const first = await calibrate(model, images, { ...options, batchSize: 4 });
    const second = await calibrate(
      model,
      selectImages(
        imageSourceOf(images),
        Array.from({ length: 40 }, (_, i) => i),
      ),
      {
        ...options,
        batchSize: 7,
      },
    );
    expect(first.source).toEqual({ count: 40, digest: second.source.digest });
    expect(first.heldOutDigest).toBe(second.heldOutDigest);
    const otherSeed = await calibrate(model, images, { ...options, seed: 1 });
    expect(otherSeed.source).toEqual(first.source);
    expect(otherSeed.heldOutDigest).not.toBe(first.heldOutDigest);
    const changed = { ...images, data: Float32Array.from(images.data, (value, i) => (i === 50 ? value + 1 : value)) };
    expect((await calibrate(model, changed, options)).source.digest).not.toBe(first.source.digest);
    expect((await calibrate(model, images, { ...options, heldOut: 0 })).heldOutDigest).toBe(null);
  });
});
