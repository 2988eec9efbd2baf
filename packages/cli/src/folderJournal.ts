/**
 * A journal in a folder: one file for each entry, whole or not there.
 *
 * The folder is made with the first entry, so that short work leaves nothing behind. A kill in the middle of a write leaves a file under a
 * temporary name, which nothing reads; it is taken away with the rest.
 */

import { mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { Journal } from '@rankwise/approx';

import { CommandError, codeOf, describeSystemError } from './failures.ts';
import { readFileBytes } from './readFileBytes.ts';
import { writeFileAtomically } from './writeFileAtomically.ts';

const ending = '.rankwise-entry';
/** Names of entries, and the temporary ones of writeFileAtomically. */
const ours = /^[a-z0-9-]+\.rankwise-entry$|^\.[a-z0-9-]+\.rankwise-entry\.\d+-\d+\.tmp$/;

export interface FolderJournal extends Journal {
  readonly path: string;
  /** How many entries there are. */
  count(): Promise<number>;
  /** Takes the entries away, and the folder if nothing else is in it. */
  remove(): Promise<void>;
}

/**
 * The journal in a folder, which need not be there yet.
 * @param interval - milliseconds of work that a kill may cost
 */
export function folderJournal(path: string, interval: number): FolderJournal {
  const fileOf = (name: string): string => join(path, `${name}${ending}`);
  return {
    path,
    interval,
    read: async (name) => {
      try {
        return await readFileBytes(fileOf(name));
      } catch (error) {
        if (error instanceof CommandError && codeOf(error.cause) === 'ENOENT') return undefined;
        throw error;
      }
    },
    write: async (name, bytes) => {
      await mkdir(path, { recursive: true }).catch((error: unknown) => {
        throw cannot('make the folder', path, error);
      });
      await writeFileAtomically(fileOf(name), bytes);
    },
    count: async () => (await filesIn(path)).filter((file) => file.endsWith(ending)).length,
    remove: async () => {
      for (const file of await filesIn(path)) {
        await rm(join(path, file), { force: true }).catch((error: unknown) => {
          throw cannot('remove', join(path, file), error);
        });
      }
      // A folder that was not made, or in which somebody keeps other files, is no failure.
      await rmdir(path).catch(() => {});
    },
  };
}

async function filesIn(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).filter((file) => ours.test(file));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw cannot('read', path, error);
  }
}

function cannot(what: string, path: string, error: unknown): CommandError {
  return new CommandError(`cannot ${what} ${path}: ${describeSystemError(error)}`, { cause: error });
}
