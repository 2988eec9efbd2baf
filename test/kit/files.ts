/** Checks that hold for every reader of files. */

import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { FormatError } from '@rankwise/tensor';

/** The bytes of test/fixtures/<name>, in memory that starts at an odd address, as a slice of a larger file might. */
export function fixture(name: string): Uint8Array {
  const file = readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
  const memory = new Uint8Array(file.length + 1);
  memory.set(file, 1);
  return memory.subarray(1);
}

/** The FormatError that reading throws, checked to be one and to point into the file or just behind it. */
export function formatErrorOf(read: (bytes: Uint8Array) => unknown, bytes: Uint8Array): FormatError {
  let thrown: unknown;
  try {
    read(bytes);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(FormatError);
  if (!(thrown instanceof FormatError)) throw new Error('not reached');
  expect(thrown.offset >= 0 && thrown.offset <= bytes.length, `offset ${thrown.offset} of ${bytes.length}`).toBe(true);
  expect(thrown.message).toContain(`(${thrown.code} at byte ${thrown.offset})`);
  return thrown;
}

/** Either reads or refuses with a FormatError of one line; any other error is a crash. */
export function readsOrRefuses(read: (bytes: Uint8Array) => unknown, bytes: Uint8Array): void {
  try {
    read(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    expect(String(error)).not.toMatch(/[\r\n]/);
  }
}

/** Bytes of a text whose characters all are below 256. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
