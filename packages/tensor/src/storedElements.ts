/**
 * Elements as array files store them, to and from typed arrays.
 *
 * | stored | bytes | becomes | note                                                          |
 * |--------|-------|---------|---------------------------------------------------------------|
 * | f64, f32, i32, u8 | 8, 4, 4, 1 | itself | bit for bit                                    |
 * | f16    | 2     | f32     | IEEE 754 binary16; exact                                      |
 * | bf16   | 2     | f32     | the high half of an f32; exact                                |
 * | i64    | 8     | i32     | refused out of range (class labels and counters fit)          |
 * | bool   | 1     | u8      | 0 or 1, anything else refused                                 |
 *
 * The result always has memory of its own: it does not keep the file's bytes alive, and no alignment is asked of them.
 */

import { allocate, bytesPerElement } from './dtype.ts';
import type { DType, TypedArrayOf } from './dtype.ts';
import { FormatError } from './errors.ts';
import type { Tensor } from './tensor.ts';
import { contiguous } from './copies.ts';

export type StoredType = DType | 'f16' | 'bf16' | 'i64' | 'bool';

export const storedTypes: Readonly<Record<StoredType, { readonly bytes: number; readonly dtype: DType }>> = {
  f64: { bytes: 8, dtype: 'f64' },
  f32: { bytes: 4, dtype: 'f32' },
  i32: { bytes: 4, dtype: 'i32' },
  u8: { bytes: 1, dtype: 'u8' },
  f16: { bytes: 2, dtype: 'f32' },
  bf16: { bytes: 2, dtype: 'f32' },
  i64: { bytes: 8, dtype: 'i32' },
  bool: { bytes: 1, dtype: 'u8' },
};

const hostIsLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * `count` elements from byte `offset` on, which must lie inside `bytes`.
 * @throws FormatError `integer-range` for an i64 that i32 cannot hold, `bool-value` for a bool other than 0 and 1.
 */
export function readElements(
  caller: string,
  stored: StoredType,
  bytes: Uint8Array,
  offset: number,
  count: number,
  littleEndian = true,
): TypedArrayOf[DType] {
  const { bytes: width, dtype } = storedTypes[stored];
  const result = allocate(dtype, count);
  if (stored === dtype && (width === 1 || littleEndian === hostIsLittleEndian)) {
    new Uint8Array(result.buffer).set(bytes.subarray(offset, offset + count * width));
    return result;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, count * width);
  for (let i = 0; i < count; i++) {
    const value = readElement(stored, view, i * width, littleEndian);
    if (stored === 'i64' && value !== (value | 0)) {
      throw outOfDomain(caller, 'integer-range', offset + i * width, 'an integer that fits 32 bits', value);
    }
    if (stored === 'bool' && value > 1) {
      throw outOfDomain(caller, 'bool-value', offset + i * width, '0 or 1', value);
    }
    result[i] = value;
  }
  return result;
}

/** Writes the tensor's elements in row-major order, little-endian, from byte `offset` on. */
export function writeElementsInPlace(tensor: Tensor, bytes: Uint8Array, offset: number): void {
  const { data, offset: first, shape, dtype } = contiguous(tensor);
  const width = bytesPerElement[dtype];
  const count = shape.reduce((product, extent) => product * extent, 1);
  const source = new Uint8Array(data.buffer, data.byteOffset + first * width, count * width);
  bytes.set(source, offset);
  if (!hostIsLittleEndian && width > 1) {
    for (let i = 0; i < count; i++) bytes.subarray(offset + i * width, offset + (i + 1) * width).reverse();
  }
}

function readElement(stored: StoredType, view: DataView, at: number, littleEndian: boolean): number {
  switch (stored) {
    case 'f64':
      return view.getFloat64(at, littleEndian);
    case 'f32':
      return view.getFloat32(at, littleEndian);
    case 'i32':
      return view.getInt32(at, littleEndian);
    case 'u8':
    case 'bool':
      return view.getUint8(at);
    case 'f16':
      return halfToNumber(view.getUint16(at, littleEndian));
    case 'bf16':
      return brainToNumber(view.getUint16(at, littleEndian));
    case 'i64': {
      // Exact whenever the value fits 32 bits; otherwise only its being out of range matters.
      const high = view.getInt32(at + (littleEndian ? 4 : 0), littleEndian);
      return high * 2 ** 32 + view.getUint32(at + (littleEndian ? 0 : 4), littleEndian);
    }
  }
}

/** binary16: 1 sign bit, 5 exponent bits with bias 15, 10 fraction bits. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** bfloat16: 1 sign bit, 8 exponent bits with bias 127, 7 fraction bits. */
function brainToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 7) & 0xff;
  const fraction = bits & 0x7f;
  if (exponent === 0xff) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -133 : sign * (128 + fraction) * 2 ** (exponent - 134);
}

function outOfDomain(caller: string, code: string, offset: number, expected: string, value: number): FormatError {
  return new FormatError(code, offset, `${caller}: bytes: expected ${expected}, got ${value}`);
}
