/**
 * Files that are whole or not there: written under a temporary name in the same folder, flushed, then renamed.
 *
 * A symbolic link is followed, so that the file it leads to is replaced and not the link. Devices, pipes, read-only files and
 * links to nothing are refused: a rename would put a file in their place.
 */

import { access, constants, lstat, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { CommandError, codeOf, describeSystemError } from './failures.ts';

/** Bytes, text, or bytes in parts. */
export type FileContent = Uint8Array | string | Iterable<Uint8Array>;

let counter = 0;

/**
 * Writes a file as a whole; one of that name is replaced.
 * @throws CommandError when it cannot be written; what was there before is still there then.
 */
export async function writeFileAtomically(path: string, content: FileContent): Promise<void> {
  const target = await checkTarget(path);
  const temporary = temporaryNameFor(target);
  try {
    const file = await open(temporary, 'wx');
    try {
      const isWhole = typeof content === 'string' || content instanceof Uint8Array;
      // Each goes on where the last one ended.
      for (const part of isWhole ? [content] : content) await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw cannotWrite(path, error);
  }
}

/**
 * Finds out, before long work, whether the file could be written afterwards: a file is made beside it and taken away again.
 * @throws CommandError when it could not.
 */
export async function checkWritable(path: string): Promise<void> {
  const temporary = temporaryNameFor(await checkTarget(path));
  try {
    await (await open(temporary, 'wx')).close();
    await rm(temporary, { force: true });
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

/** True when both names lead to one file, through links too; false when either is not there. */
export async function isSameFile(a: string, b: string): Promise<boolean> {
  if (resolve(a) === resolve(b)) return true;
  try {
    const [first, second] = await Promise.all([stat(a, { bigint: true }), stat(b, { bigint: true })]);
    return first.dev === second.dev && first.ino === second.ino;
  } catch {
    return false;
  }
}

/** The path with links followed, once it is known that there is nothing there or a regular file. */
async function checkTarget(path: string): Promise<string> {
  if (path === '') throw new CommandError("cannot write '': the name is empty");
  try {
    const target = await realpath(path);
    const information = await stat(target);
    if (information.isDirectory()) throw new CommandError(`cannot write ${path}: it is a folder`);
    if (!information.isFile()) throw new CommandError(`cannot write ${path}: it is no file`);
    // A rename would replace even a file that its owner has made read-only; root may open one for writing.
    if ((information.mode & 0o222) === 0) throw new CommandError(`cannot write ${path}: it is read-only`);
    await access(target, constants.W_OK);
    return target;
  } catch (error) {
    if (error instanceof CommandError) throw error;
    if (codeOf(error) !== 'ENOENT') throw cannotWrite(path, error);
    if (await isLink(path)) throw new CommandError(`cannot write ${path}: it is a link to nothing`);
    return resolve(path);
  }
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink();
  } catch {
    return false;
  }
}

function temporaryNameFor(target: string): string {
  counter += 1;
  return join(dirname(target), `.${basename(target)}.${process.pid}-${counter}.tmp`);
}

function cannotWrite(path: string, error: unknown): CommandError {
  return new CommandError(`cannot write ${path}: ${describeSystemError(error)}`, { cause: error });
}
