/**
 * IDX, the format of MNIST and its successors.
 *
 * | bytes       | meaning                                                            |
 * |-------------|--------------------------------------------------------------------|
 * | 0, 1        | 0                                                                  |
 * | 2           | type of the elements: 0x08 is unsigned byte, the only one read here |
 * | 3           | number of axes, 1…4                                                |
 * | 4 + 4·i     | extent of axis i, big-endian, unsigned                             |
 * | then        | the elements, row-major, and nothing after them                    |
 *
 * Reference: Y. LeCun, C. Cortes, C. J. C. Burges, The MNIST Database of Handwritten Digits, "the IDX file format".
 */

import { FormatError, sizeOf, tensorOf } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';

const unsignedByte = 0x08;
/** Types that the format knows: unsigned byte, byte, short, int, float, double. */
const elementTypes = new Set([0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x0e]);
const mostAxes = 4;

/** True when the first bytes are those of an IDX file of any type. */
export function looksLikeIdx(bytes: Uint8Array): boolean {
  const [first, second, type = 0, axes = 0] = bytes;
  return bytes.length >= 4 && first === 0 && second === 0 && elementTypes.has(type) && axes >= 1 && axes <= mostAxes;
}

/**
 * The array in an IDX file, as a view of its bytes.
 * @param bytes - the whole file, gunzipped
 * @throws FormatError `bad-magic`, `bad-type` (not unsigned bytes), `bad-axes` (0 or more than 4), `truncated` or `trailing-bytes`.
 * @example
 * import { readIdx } from '@rankwise/cli';
 * const bytes = new Uint8Array([0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 7, 8, 9]);
 * readIdx(bytes).shape // => [1, 3]
 */
export function readIdx(bytes: Uint8Array): Tensor<'u8'> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4) throw refused('truncated', bytes.length, 'a header of 4 bytes', `${bytes.length} bytes`);
  if (view.getUint16(0) !== 0) throw refused('bad-magic', 0, 'two zero bytes first', `${bytes[0]} and ${bytes[1]}`);
  const type = view.getUint8(2);
  if (type !== unsignedByte) throw refused('bad-type', 2, 'elements of type 0x08 (unsigned byte)', hex(type));
  const axes = view.getUint8(3);
  if (axes < 1 || axes > mostAxes) throw refused('bad-axes', 3, `1 to ${mostAxes} axes`, `${axes}`);
  const start = 4 + 4 * axes;
  if (bytes.length < start) {
    throw refused('truncated', bytes.length, `${axes} extents up to byte ${start}`, `${bytes.length} bytes`);
  }
  const shape = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis));
  // The product of four 32-bit extents may round, but a rounded one is far beyond any length a file can have.
  const size = sizeOf(shape);
  const expected = `${size} elements for shape [${shape.join(', ')}]`;
  if (bytes.length - start < size) throw refused('truncated', bytes.length, expected, `${bytes.length - start}`);
  if (bytes.length - start > size) throw refused('trailing-bytes', start + size, expected, `${bytes.length - start}`);
  return tensorOf(bytes.subarray(start), shape);
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(2, '0')}`;
}

function refused(code: string, offset: number, expected: string, got: string): FormatError {
  return new FormatError(code, offset, `readIdx: bytes: expected ${expected}, got ${got}`);
}
