/**
 * By which a report names what it is about: two networks and the images, each by a SHA-256 digest.
 *
 * | digest of   | is taken of                                                                                      |
 * |-------------|--------------------------------------------------------------------------------------------------|
 * | a model     | the bytes that saveModel gives it, so that `sha256sum` of such a file is the same                |
 * | a source    | the f32 values of some images spread evenly over it: cheap, and it does not depend on a seed     |
 * | some images | all their f32 values, preprocessed, in order                                                     |
 */

import { modelFileParts } from '@rankwise/nn';
import type { ImageSource, Model } from '@rankwise/nn';
import { sizeOf } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import { createSha256 } from './sha256.ts';
import type { Sha256 } from './sha256.ts';

/** Enough to tell sets of images apart, few enough not to be felt. */
const spreadImages = 16;

/**
 * The digest of a model, which is that of its file.
 * @throws as saveModel does: when the model is not valid.
 * @example
 * import { modelDigest } from '@rankwise/approx';
 * import { loadModel, saveModel, sequential } from '@rankwise/nn';
 * const model = sequential('tiny', [1, 4, 4], { seed: 1 }).conv('conv1', { filters: 2, kernel: 3 }).build();
 * modelDigest(loadModel(saveModel(model))) === modelDigest(model) // => true
 */
export function modelDigest(model: Model): string {
  const hash = createSha256();
  for (const part of modelFileParts(model)) hash.update(part);
  return hash.digest();
}

/** The digest of a source of images, by a few of them. */
export async function sourceDigest(source: ImageSource): Promise<string> {
  const hash = createSha256();
  const count = Math.min(spreadImages, source.count);
  for (let i = 0; i < count; i++) {
    const index = Math.floor((i * source.count) / count);
    updateWithImages(hash, await source.batch(index, index + 1));
  }
  return hash.digest();
}

/** Feeds a contiguous batch of images to a digest. */
export function updateWithImages(hash: Sha256, { data, offset, shape }: Tensor<'f32'>): void {
  const bytes = sizeOf(shape) * data.BYTES_PER_ELEMENT;
  hash.update(new Uint8Array(data.buffer, data.byteOffset + offset * data.BYTES_PER_ELEMENT, bytes));
}
