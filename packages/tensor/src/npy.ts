/**
 * NumPy's .npy files, format versions 1.0, 2.0 and 3.0.
 *
 *   93 'NUMPY' | major, minor | length of the header, u16 (1.0) or u32 (2.0, 3.0) | header, see npyHeader.ts | elements
 *
 * | code              | way to be wrong                                                |
 * |-------------------|----------------------------------------------------------------|
 * | `magic`           | does not begin as a .npy file                                  |
 * | `version`         | another format version                                         |
 * | `truncated`       | ends before the header or the elements do                      |
 * | `utf8`            | a 3.0 header that is not UTF-8                                 |
 * | see npyHeader.ts  | a header that says something else than these files do          |
 * | `integer-range`, `bool-value` | see storedElements.ts                              |
 * | `trailing-bytes`  | goes on after the elements                                     |
 *
 * Reference: NumPy Enhancement Proposal 1, and numpy.lib.format.
 */

import { contiguous } from './copies.ts';
import { bytesPerElement } from './dtype.ts';
import { FormatError } from './errors.ts';
import { formatNpyHeader, parseNpyHeader } from './npyHeader.ts';
import { sizeOf } from './shape.ts';
import { readElements, storedTypes, writeElementsInPlace } from './storedElements.ts';
import { tensorOf } from './tensor.ts';
import type { Tensor } from './tensor.ts';
import { encodeUtf8, decodeUtf8 } from './utf8.ts';
import { transpose } from './views.ts';

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const VERSION_AT = MAGIC.length;
const LENGTH_AT = VERSION_AT + 2;

/** The elements start at a multiple of this, says the format. */
const ALIGNMENT = 64;

/**
 * The array in a .npy file, contiguous and with memory of its own.
 *
 * f8, f4, i4 and u1 of either byte order are read as they are, f2 as f32 (exactly), b1 as u8, i8 as i32 where every value
 * fits. Arrays in Fortran order come out in row-major order.
 * @throws FormatError with one code for each way to be wrong, listed above.
 * @example
 * import { fromNested, readNpy, toNested, writeNpy } from '@rankwise/tensor';
 * toNested(readNpy(writeNpy(fromNested('f32', [[1, 2], [3, 4.5]])))) // => [[1, 2], [3, 4.5]]
 */
export function readNpy(bytes: Uint8Array): Tensor {
  const { text, start, end } = locateHeader(bytes);
  const { stored, littleEndian, fortranOrder, shape } = parseNpyHeader(text, start);
  const count = sizeOf(shape);
  const expected = end + count * storedTypes[stored].bytes;
  if (bytes.length < expected) throw refuse('truncated', bytes.length, `${expected} bytes`, bytes.length);
  if (bytes.length > expected) throw refuse('trailing-bytes', expected, `${expected} bytes`, bytes.length);
  const elements = readElements('readNpy', stored, bytes, end, count, littleEndian);
  return fortranOrder ? contiguous(transpose(tensorOf(elements, shape.toReversed()))) : tensorOf(elements, shape);
}

/**
 * A .npy file: little-endian, C order, format 1.0 (2.0 when the header is too long for it).
 * @param tensor - any shape and strides
 * @example
 * import { writeNpy, zeros } from '@rankwise/tensor';
 * const file = writeNpy(zeros('f64', [2, 3]));
 * [file.length, String.fromCharCode(...file.subarray(1, 6))] // => [176, 'NUMPY']
 */
export function writeNpy(tensor: Tensor): Uint8Array {
  const text = encodeUtf8('writeNpy', formatNpyHeader(tensor.dtype, tensor.shape));
  const total = (lengthBytes: number): number =>
    Math.ceil((LENGTH_AT + lengthBytes + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const major = total(2) - LENGTH_AT - 2 < 2 ** 16 ? 1 : 2;
  const lengthBytes = major === 1 ? 2 : 4;
  const end = total(lengthBytes);
  const bytes = new Uint8Array(end + sizeOf(tensor.shape) * bytesPerElement[tensor.dtype]);
  bytes.set([...MAGIC, major, 0]);
  const length = end - LENGTH_AT - lengthBytes;
  const view = new DataView(bytes.buffer);
  if (major === 1) view.setUint16(LENGTH_AT, length, true);
  else view.setUint32(LENGTH_AT, length, true);
  bytes.fill(0x20, LENGTH_AT + lengthBytes, end);
  bytes.set(text, LENGTH_AT + lengthBytes);
  bytes[end - 1] = 0x0a;
  writeElementsInPlace(tensor, bytes, end);
  return bytes;
}

/** The header's text and the bytes start … end − 1 that it takes. */
function locateHeader(bytes: Uint8Array): { text: string; start: number; end: number } {
  const wrong = MAGIC.findIndex((byte, i) => i < bytes.length && bytes[i] !== byte);
  if (wrong >= 0) throw refuse('magic', wrong, `byte ${MAGIC[wrong]}`, bytes[wrong] ?? 0);
  const need = (count: number): void => {
    if (bytes.length < count) throw refuse('truncated', bytes.length, `at least ${count} bytes`, bytes.length);
  };
  need(LENGTH_AT);
  const major = bytes[VERSION_AT] ?? 0;
  const minor = bytes[VERSION_AT + 1] ?? 0;
  if (![1, 2, 3].includes(major) || minor !== 0) {
    throw refuse('version', VERSION_AT, 'version 1.0, 2.0 or 3.0', `${major}.${minor}`);
  }
  const start = LENGTH_AT + (major === 1 ? 2 : 4);
  need(start);
  const view = new DataView(bytes.buffer, bytes.byteOffset, start);
  const end = start + (major === 1 ? view.getUint16(LENGTH_AT, true) : view.getUint32(LENGTH_AT, true));
  need(end);
  const text =
    major === 3
      ? decodeUtf8('readNpy', bytes, start, end)
      : Array.from(bytes.subarray(start, end), (byte) => String.fromCharCode(byte)).join('');
  return { text, start, end };
}

function refuse(code: string, offset: number, expected: string, got: string | number): FormatError {
  return new FormatError(code, offset, `readNpy: bytes: expected ${expected}, got ${got}`);
}
