/**
 * Safetensors files: named tensors and a few strings, with nothing in them that runs.
 *
 * Reading copies: each tensor has memory of its own, wherever its bytes lie, so that changing or transferring one touches no
 * other and the file's bytes can be let go. Nothing is allocated before the header has been checked against the file.
 * Writing is deterministic: tensors go from wide to narrow elements (so each is aligned), floats before integers of the same
 * width, then by name in code-unit order; metadata by key.
 *
 * Reference: https://github.com/huggingface/safetensors, section Format.
 */

import type { DType } from './dtype.ts';
import { bytesPerElement } from './dtype.ts';
import { DomainError } from './errors.ts';
import { MAX_HEADER_BYTES, METADATA_KEY, PREFIX_BYTES, readSafetensorsHeader } from './safetensorsHeader.ts';
import { contiguous } from './copies.ts';
import { sizeOf } from './shape.ts';
import { readElements, writeElementsInPlace } from './storedElements.ts';
import { tensorOf } from './tensor.ts';
import type { Tensor } from './tensor.ts';
import { encodeUtf8 } from './utf8.ts';
import { reshape, slice } from './views.ts';

/** Elements in a part of a file: some megabytes. */
const PART_ELEMENTS = 2 ** 20;

export interface Safetensors {
  /** Without a prototype: a tensor may be called `constructor`. */
  readonly tensors: Record<string, Tensor>;
  readonly metadata: Record<string, string>;
}

/** The format's names, in the order of the file. */
const writtenTypes: readonly (readonly [DType, string])[] = [
  ['f64', 'F64'],
  ['f32', 'F32'],
  ['i32', 'I32'],
  ['u8', 'U8'],
];

/** The reference implementation pads its header to this, so that the tensors' bytes start aligned for any element type. */
const HEADER_ALIGNMENT = 8;

/**
 * The tensors and the metadata of a safetensors file.
 *
 * F64, F32, I32 and U8 are read as they are, F16 and BF16 as f32 (exactly), BOOL as u8, I64 as i32 where every value fits.
 * @throws FormatError with one code for each way to be wrong, listed in safetensorsHeader.ts and storedElements.ts.
 * @example
 * import { fromNested, readSafetensors, toNested, writeSafetensors } from '@rankwise/tensor';
 * const file = writeSafetensors({ bias: fromNested('f32', [0.5, -1]) }, { origin: 'example' });
 * const { tensors, metadata } = readSafetensors(file);
 * Object.entries(tensors).map(([name, tensor]) => [name, toNested(tensor)]) // => [['bias', [0.5, -1]]]
 * metadata['origin'] // => 'example'
 */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  const { entries, metadata, dataStart } = readSafetensorsHeader(bytes);
  const tensors = withoutPrototype<Tensor>();
  for (const { name, stored, shape, begin } of entries) {
    tensors[name] = tensorOf(readElements('readSafetensors', stored, bytes, dataStart + begin, sizeOf(shape)), shape);
  }
  const strings = withoutPrototype<string>();
  for (const [key, text] of metadata) strings[key] = text;
  return { tensors, metadata: strings };
}

/**
 * A safetensors file; the same tensors and metadata always give the same bytes.
 * @param tensors - by name, of any shape and strides
 * @param metadata - strings by key
 * @throws DomainError when a tensor is called `__metadata__`, a name is not whole characters or the header exceeds the
 * format's limit of 100 MB.
 * @example
 * import { full, writeSafetensors } from '@rankwise/tensor';
 * const file = writeSafetensors({ x: full('u8', [2], 7) });
 * [file.length % 2, file.at(-1)] // => [0, 7]
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const parts = safetensorsParts(tensors, metadata);
  const bytes = new Uint8Array(parts.byteLength);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** A file's bytes, a few megabytes at a time: for files that should not be in memory twice. They can be gone through once. */
export interface FileParts extends Iterable<Uint8Array> {
  /** Of all parts together. */
  readonly byteLength: number;
}

/**
 * The bytes of a safetensors file in parts, one after the other those that `writeSafetensors` gives.
 * @throws as writeSafetensors, at once.
 * @example
 * import { full, safetensorsParts, writeSafetensors } from '@rankwise/tensor';
 * const tensors = { x: full('u8', [2], 7) };
 * [...safetensorsParts(tensors)].flatMap((part) => [...part]) // => [...writeSafetensors(tensors)]
 */
export function safetensorsParts(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): FileParts {
  if (Object.hasOwn(tensors, METADATA_KEY)) {
    throw new DomainError(`writeSafetensors: tensors: expected names other than ${METADATA_KEY}, got it`);
  }
  const ordered = Object.entries(tensors).toSorted(
    ([nameA, a], [nameB, b]) => typeRank(a) - typeRank(b) || compareText(nameA, nameB),
  );
  const header = encodeHeader(ordered, metadata);
  const dataBytes = ordered.reduce((sum, [, tensor]) => sum + byteSize(tensor), 0);
  const beginning = new Uint8Array(PREFIX_BYTES + header.length);
  new DataView(beginning.buffer).setUint32(0, header.length, true);
  beginning.set(header, PREFIX_BYTES);
  const parts = partsOf(
    beginning,
    ordered.map(([, tensor]) => tensor),
  );
  return { byteLength: beginning.length + dataBytes, [Symbol.iterator]: () => parts };
}

function* partsOf(beginning: Uint8Array, tensors: readonly Tensor[]): Generator<Uint8Array, void, void> {
  yield beginning;
  for (const tensor of tensors) {
    const size = sizeOf(tensor.shape);
    const flat = reshape(contiguous(tensor), [size]);
    for (let from = 0; from < size; from += PART_ELEMENTS) {
      const part = slice(flat, [[from, Math.min(from + PART_ELEMENTS, size)]]);
      const bytes = new Uint8Array(byteSize(part));
      writeElementsInPlace(part, bytes, 0);
      yield bytes;
    }
  }
}

function encodeHeader(
  ordered: readonly (readonly [string, Tensor])[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const members: string[] = [];
  const strings = Object.entries(metadata).toSorted(([a], [b]) => compareText(a, b));
  if (strings.length > 0) {
    const pairs = strings.map(([key, text]) => `${quote(key)}:${quote(text)}`);
    members.push(`${quote(METADATA_KEY)}:{${pairs.join(',')}}`);
  }
  let begin = 0;
  for (const [name, tensor] of ordered) {
    const end = begin + byteSize(tensor);
    const type = writtenTypes.find(([dtype]) => dtype === tensor.dtype)?.[1] ?? '';
    members.push(
      `${quote(name)}:{"dtype":"${type}","shape":[${tensor.shape.join(',')}],"data_offsets":[${begin},${end}]}`,
    );
    begin = end;
  }
  const text = encodeUtf8('writeSafetensors', `{${members.join(',')}}`);
  const length = Math.ceil(text.length / HEADER_ALIGNMENT) * HEADER_ALIGNMENT;
  if (length > MAX_HEADER_BYTES) {
    throw new DomainError(
      `writeSafetensors: tensors: expected a header of at most ${MAX_HEADER_BYTES} bytes, got ${length}`,
    );
  }
  const header = new Uint8Array(length).fill(0x20);
  header.set(text);
  return header;
}

/** JSON.stringify writes half a surrogate pair as an escape, which readers refuse. */
function quote(text: string): string {
  if (/\p{Surrogate}/u.test(text)) {
    throw new DomainError('writeSafetensors: names: expected whole characters, got half a surrogate pair');
  }
  return JSON.stringify(text);
}

function typeRank(tensor: Tensor): number {
  return writtenTypes.findIndex(([dtype]) => dtype === tensor.dtype);
}

function byteSize(tensor: Tensor): number {
  return sizeOf(tensor.shape) * bytesPerElement[tensor.dtype];
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function withoutPrototype<T>(): Record<string, T> {
  // Object.create is typed as any; an object without a prototype is an empty record.
  return Object.create(null) as Record<string, T>;
}
