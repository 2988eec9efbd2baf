/**
 * Where the labels of a set of images come from: a file that is named, or the one that MNIST's naming puts beside the images,
 * where `train-images-idx3-ubyte.gz` has its labels in `train-labels-idx1-ubyte.gz`.
 */

import { access } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { FormatError, readNpy, readSafetensors, sizeOf, tensorOf } from '@rankwise/tensor';
import { inferShapes } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';

import { CommandError, namingFile } from '../failures.ts';
import { gunzipBytes, isGzip, readFileBytes } from '../readFileBytes.ts';
import { asLabels, looksLikeNpy, looksLikeSafetensors } from './arrayFile.ts';
import { looksLikeIdx, readIdx } from './idx.ts';
import type { Labels } from './imageSet.ts';

const largestLabel = 2 ** 31 - 1;

/**
 * Reads labels from IDX (plain or gzipped), .npy, safetensors (tensor `labels`), or text with one integer a line.
 * @throws CommandError, FormatError, ShapeError or DomainError, its message beginning with the file's name.
 */
export async function openLabels(path: string): Promise<Labels> {
  const stored = await readFileBytes(path);
  return namingFile(path, async () => readLabels(isGzip(stored) ? await gunzipBytes(stored) : stored));
}

/**
 * Refuses labels that are no classes of the model, before it is run.
 * @throws CommandError naming the first.
 */
export function checkLabels(model: Model, { data, offset, shape, strides }: Labels): void {
  const classes = sizeOf(inferShapes(model).get(model.output) ?? []);
  for (let image = 0; image < (shape[0] ?? 0); image++) {
    const label = data[offset + image * (strides[0] ?? 1)] ?? -1;
    if (label < 0 || label >= classes) {
      throw new CommandError(`labels: expected classes from 0 to ${classes - 1}, got ${label} for image ${image}`);
    }
  }
}

/** The name MNIST's convention gives the labels of an image file, or undefined when its name does not follow it. */
function labelsNameFor(imagesPath: string): string | undefined {
  const name = basename(imagesPath);
  const labels = name.replace(/images([-.])idx3/, 'labels$1idx1');
  return labels === name ? undefined : join(dirname(imagesPath), labels);
}

/** The file that `labelsNameFor` names (with or without `.gz`), if it is there. */
export async function findLabels(imagesPath: string): Promise<string | undefined> {
  const name = labelsNameFor(imagesPath);
  if (name === undefined) return undefined;
  for (const candidate of [name, name.endsWith('.gz') ? name.slice(0, -3) : `${name}.gz`]) {
    try {
      await access(candidate);
      return candidate;
    } catch {
      // Not there, or not for us: the next name, or no labels.
    }
  }
  return undefined;
}

/**
 * Labels from the bytes of a file; the kind is told from the content.
 * @throws FormatError, ShapeError or DomainError.
 */
function readLabels(bytes: Uint8Array): Labels {
  if (looksLikeNpy(bytes)) return asLabels(readNpy(bytes));
  if (looksLikeSafetensors(bytes)) {
    const { labels } = readSafetensors(bytes).tensors;
    if (labels !== undefined) return asLabels(labels);
    throw new FormatError('no-labels', 0, "readLabels: bytes: expected a tensor called 'labels', got none");
  }
  return looksLikeIdx(bytes) ? asLabels(readIdx(bytes)) : readTextLabels(bytes);
}

function readTextLabels(bytes: Uint8Array): Labels {
  const labels: number[] = [];
  let at = 0;
  for (const line of new TextDecoder('latin1').decode(bytes).split('\n')) {
    const text = line.trim();
    if (text !== '') {
      if (!/^\d{1,10}$/.test(text) || Number(text) > largestLabel) {
        const expected = 'IDX, .npy, safetensors or text with one integer a line';
        throw new FormatError('bad-label', at, `readLabels: bytes: expected ${expected}, got something else`);
      }
      labels.push(Number(text));
    }
    at += line.length + 1;
  }
  return tensorOf(Int32Array.from(labels), [labels.length]);
}
