/**
 * Finished points in a journal, so that an interrupted run goes on where it ended: one entry for each, named after everything that decides its
 * numbers (the job, the settings, the contents of the files that are read, and the code).
 */

import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Journal } from '@rankwise/approx';

export interface PointStore {
  /** What was stored under a key, or undefined; a damaged entry counts as none. */
  read(key: string): Promise<unknown>;
  write(key: string, value: unknown): Promise<void>;
}

/**
 * Points in a journal.
 * @param identity - of what all points of a run have in common
 */
export function pointStore(journal: Journal, identity: string): PointStore {
  const nameOf = (key: string): string => digestOf(identity, key).slice(0, 32);
  return {
    read: async (key) => {
      const bytes = await journal.read(nameOf(key));
      return bytes === undefined ? undefined : entryOf(bytes, key);
    },
    write: (key, value) =>
      journal.write(nameOf(key), new TextEncoder().encode(JSON.stringify({ key, value }, replaceBytes))),
  };
}

/** What an entry holds, or undefined where it is damaged or another's. */
function entryOf(bytes: Uint8Array, key: string): unknown {
  try {
    const stored: unknown = JSON.parse(new TextDecoder().decode(bytes), reviveBytes);
    return isEntry(stored) && stored.key === key ? stored.value : undefined;
  } catch {
    return undefined;
  }
}

/** One digest of several texts and byte strings. */
export function digestOf(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  // Each with its length before it: no two lists run together.
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex');
}

/** Digest of a file's content. */
export async function fileDigest(path: string): Promise<string> {
  return digestOf(await readFile(path));
}

/** Digest of the code that computes the points: another version may give other numbers. */
export async function codeDigest(): Promise<string> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const packages = ['tensor', 'linalg', 'nn', 'approx', 'simd'].map((name) => join(root, 'packages', name, 'src'));
  const files: string[] = [];
  for (const folder of [...packages, join(root, 'examples/lib')]) {
    const found = await readdir(folder, { recursive: true, withFileTypes: true });
    files.push(...found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)));
  }
  for (const name of ['experiment.ts', 'table1.ts', 'timedNetworks.ts', 'timing.ts'])
    files.push(join(root, 'examples/paper', name));
  return digestOf(...(await Promise.all(files.toSorted().map((file) => readFile(file)))));
}

function isEntry(stored: unknown): stored is { readonly key: unknown; readonly value: unknown } {
  return typeof stored === 'object' && stored !== null && 'key' in stored && 'value' in stored;
}

/** Bytes as base64; a number that JSON has no word for as its name. */
function replaceBytes(_: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString('base64') };
  return typeof value === 'number' && !Number.isFinite(value) ? { number: String(value) } : value;
}

function reviveBytes(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('base64' in value && typeof value.base64 === 'string') return new Uint8Array(Buffer.from(value.base64, 'base64'));
  return 'number' in value && typeof value.number === 'string' ? Number(value.number) : value;
}
