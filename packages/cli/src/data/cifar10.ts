/**
 * The binary version of CIFAR-10: records of 3,073 bytes, one a photograph.
 *
 * | bytes of a record | meaning                                                       |
 * |-------------------|---------------------------------------------------------------|
 * | 0                 | label, 0…9                                                    |
 * | 1…1024            | red, 32 rows of 32                                            |
 * | 1025…2048         | green                                                         |
 * | 2049…3072         | blue                                                          |
 *
 * There is no header. Reference: A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images (2009), and the data
 * set's page, "binary version".
 */

import { FormatError } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';

const side = 32;
const channels = 3;
const recordBytes = 1 + channels * side * side;
const classes = 10;

export interface Cifar10 {
  /** [images, 3, 32, 32], a view of the bytes. */
  readonly images: Tensor<'u8'>;
  /** [images], a view of the bytes. */
  readonly labels: Tensor<'u8'>;
}

/** True when the bytes are whole records whose labels are all classes. */
export function looksLikeCifar10(bytes: Uint8Array): boolean {
  return bytes.length > 0 && bytes.length % recordBytes === 0 && firstBadLabel(bytes) < 0;
}

/**
 * The photographs and labels of one file.
 * @throws FormatError `truncated` when the length is no multiple of 3,073, `bad-label` when a label is no class.
 * @example
 * import { readCifar10 } from '@rankwise/cli';
 * const { images, labels } = readCifar10(new Uint8Array(2 * 3073));
 * images.shape // => [2, 3, 32, 32]
 * labels.shape // => [2]
 */
export function readCifar10(bytes: Uint8Array): Cifar10 {
  const count = Math.floor(bytes.length / recordBytes);
  if (bytes.length !== count * recordBytes) {
    const expected = `whole records of ${recordBytes} bytes`;
    throw new FormatError(
      'truncated',
      bytes.length,
      `readCifar10: bytes: expected ${expected}, got ${bytes.length} bytes, ${bytes.length - count * recordBytes} too many`,
    );
  }
  const bad = firstBadLabel(bytes);
  if (bad >= 0) {
    const message = `readCifar10: bytes: expected labels from 0 to ${classes - 1}, got ${bytes[bad]}`;
    throw new FormatError('bad-label', bad, message);
  }
  const plane = side * side;
  return {
    images: {
      dtype: 'u8',
      shape: [count, channels, side, side],
      strides: [recordBytes, plane, side, 1],
      offset: 1,
      data: bytes,
    },
    labels: { dtype: 'u8', shape: [count], strides: [recordBytes], offset: 0, data: bytes },
  };
}

/** Offset of the first label that is no class, or −1. */
function firstBadLabel(bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length; at += recordBytes) if ((bytes[at] ?? 0) >= classes) return at;
  return -1;
}
