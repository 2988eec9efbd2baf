/**
 * A journal's entry as bytes: a safetensors file, then the 16 bytes of its checksum.
 *
 * | key of `__metadata__` | meaning                                                                                   |
 * |-----------------------|-------------------------------------------------------------------------------------------|
 * | `fingerprint`         | what the work was done with, by name, as JSON; all of it must agree with ours             |
 * | `about`               | which part of the work it is, as text; another part's entry is of no use but does no harm |
 * | `data`                | what was done, as JSON that names the file's tensors (plainData.ts)                       |
 *
 * An entry cut short anywhere, or with a byte changed, is torn: it is as if it were not there.
 */

import { readSafetensors, writeSafetensors } from '@rankwise/tensor';
import { checksumOf } from './checksum.ts';
import { decodePlainData, encodePlainData } from './plainData.ts';

/** What work was done with, by name: checksums, and settings as text. */
export type Fingerprint = Readonly<Record<string, string>>;

export interface Entry {
  readonly fingerprint: Fingerprint;
  readonly about: string;
  readonly data: unknown;
}

const checksumBytes = 16;

/** The entry's bytes. */
export function encodeEntry({ fingerprint, about, data }: Entry): Uint8Array {
  const { text, tensors } = encodePlainData(data);
  const content = writeSafetensors(tensors, { fingerprint: JSON.stringify(fingerprint), about, data: text });
  const bytes = new Uint8Array(content.length + checksumBytes);
  bytes.set(content);
  bytes.set(checksumOf(content), content.length);
  return bytes;
}

/** The entry, or undefined when the bytes are not a whole one. */
export function decodeEntry(bytes: Uint8Array): Entry | undefined {
  if (bytes.length < checksumBytes) return undefined;
  const content = bytes.subarray(0, bytes.length - checksumBytes);
  const checksum = checksumOf(content);
  if (checksum.some((byte, i) => byte !== bytes[content.length + i])) return undefined;
  try {
    const { tensors, metadata } = readSafetensors(content);
    const { fingerprint = '', about = '', data = '' } = metadata;
    return { fingerprint: textsOf(JSON.parse(fingerprint)), about, data: decodePlainData({ text: data, tensors }) };
  } catch {
    // Whole by its checksum but no entry: somebody else's bytes.
    return undefined;
  }
}

function textsOf(json: unknown): Record<string, string> {
  const fields = typeof json === 'object' && json !== null ? Object.entries(json) : [];
  return Object.fromEntries(fields.map(([name, value]) => [name, String(value)]));
}
