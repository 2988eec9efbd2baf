/**
 * Image files of any kind that is known, told apart by what is in them.
 *
 * | format      | told by                                                                       |
 * |-------------|-------------------------------------------------------------------------------|
 * | gzip        | 1f 8b; what is inside is told apart again                                     |
 * | npy         | 93 "NUMPY"                                                                    |
 * | safetensors | a header length that fits, then an opening brace                              |
 * | idx         | 00 00, a known type, 1 to 4 axes; preferred to cifar10 when its lengths agree |
 * | cifar10     | whole records of 3,073 bytes with labels up to 9                              |
 */

import { FormatError, ShapeError } from '@rankwise/tensor';

import { namingFile } from '../failures.ts';
import { defaultGunzipLimit, gunzipBytes, isGzip, readFileBytes } from '../readFileBytes.ts';
import { asImages, looksLikeNpy, looksLikeSafetensors, readNpyImages, readSafetensorsImages } from './arrayFile.ts';
import { looksLikeCifar10, readCifar10 } from './cifar10.ts';
import { looksLikeIdx, readIdx } from './idx.ts';
import type { ImageSet } from './imageSet.ts';
import { findLabels, openLabels } from './labels.ts';

export type ImageFormat = 'cifar10' | 'idx' | 'npy' | 'safetensors';

export const imageFormats: readonly ImageFormat[] = ['idx', 'cifar10', 'npy', 'safetensors'];

export interface OpenImagesOptions {
  /** Default: told from the content. */
  readonly format?: ImageFormat;
  /** File with labels; default: those in the image file, or the one that MNIST's naming puts beside it. */
  readonly labels?: string;
  /** False when labels are not wanted: no file of labels is read then. Default true. */
  readonly withLabels?: boolean;
  /** The most bytes that a gzipped file may hold. Default 1 GiB. */
  readonly gunzipLimit?: number;
}

const readers: Readonly<Record<ImageFormat, (bytes: Uint8Array) => ImageSet>> = {
  cifar10: readCifar10,
  idx: (bytes) => ({ images: asImages(readIdx(bytes)) }),
  npy: readNpyImages,
  safetensors: readSafetensorsImages,
};

/**
 * The images, and the labels if there are any, of a file.
 * @throws CommandError when a file cannot be read.
 * @throws FormatError, ShapeError or DomainError when its content is not what it claims to be, or is of no known kind; the
 * message begins with the file's name.
 */
export async function openImages(path: string, options: OpenImagesOptions = {}): Promise<ImageSet> {
  const stored = await readFileBytes(path);
  const set = await namingFile(path, async () => {
    const bytes = isGzip(stored) ? await gunzipBytes(stored, options.gunzipLimit ?? defaultGunzipLimit) : stored;
    return readImages(bytes, options.format);
  });
  if (options.withLabels === false) return { images: set.images };
  const labelsPath = options.labels ?? (set.labels === undefined ? await findLabels(path) : undefined);
  if (labelsPath === undefined) return set;
  const labels = await openLabels(labelsPath);
  if (labels.shape[0] !== set.images.shape[0]) {
    throw new ShapeError(`${labelsPath}: expected ${set.images.shape[0]} labels, one an image, got ${labels.shape[0]}`);
  }
  return { images: set.images, labels };
}

/**
 * Images from the bytes of a file, gunzipped.
 * @param format - default: told from the content
 * @throws FormatError, ShapeError or DomainError from the reader, FormatError `empty` or `unknown-format`.
 */
export function readImages(bytes: Uint8Array, format?: ImageFormat): ImageSet {
  if (bytes.length === 0) throw new FormatError('empty', 0, 'readImages: bytes: expected images, got none');
  const kind = format ?? imageFormatOf(bytes);
  if (kind === undefined) {
    const expected = `one of ${imageFormats.join(', ')}`;
    throw new FormatError('unknown-format', 0, `readImages: bytes: expected ${expected}, got another format`);
  }
  const set = readers[kind](bytes);
  if (set.labels !== undefined && set.labels.shape[0] !== set.images.shape[0]) {
    throw new ShapeError(`labels: expected ${set.images.shape[0]}, one an image, got ${set.labels.shape[0]}`);
  }
  return set;
}

/** The kind of file the bytes are, or undefined when they are of no known kind. */
export function imageFormatOf(bytes: Uint8Array): ImageFormat | undefined {
  if (looksLikeNpy(bytes)) return 'npy';
  if (looksLikeSafetensors(bytes)) return 'safetensors';
  const idx = looksLikeIdx(bytes);
  if (idx && isWholeIdx(bytes)) return 'idx';
  if (looksLikeCifar10(bytes)) return 'cifar10';
  return idx ? 'idx' : undefined;
}

/** A photograph may begin like an IDX header, but then the lengths do not agree. */
function isWholeIdx(bytes: Uint8Array): boolean {
  try {
    readIdx(bytes);
    return true;
  } catch {
    return false;
  }
}
