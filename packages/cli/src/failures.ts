/**
 * How a command ends when it cannot do its work: one line on stderr and an exit code.
 *
 * | code | meaning                                                                                        |
 * |------|------------------------------------------------------------------------------------------------|
 * | 0    | done                                                                                           |
 * | 1    | the work failed: an unreadable file, bad content, an unreachable speed-up, a wrong report, an interrupt |
 * | 2    | bad usage: an unknown command or option, a missing argument, a malformed or senseless value    |
 */

export const exitCodes = { done: 0, failed: 1, usage: 2 } as const;

/** The command line itself is wrong; nothing has been read or written. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The work cannot be done; the message is complete as it stands. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

const systemMessages: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EEXIST: 'it exists already',
  EISDIR: 'it is a folder',
  ELOOP: 'too many symbolic links',
  EMFILE: 'too many open files',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'no such file or folder',
  ENOSPC: 'no space left on the device',
  ENOTDIR: 'a part of the path is no folder',
  EPERM: 'operation not permitted',
  EROFS: 'the file system is read-only',
  ERR_FS_FILE_TOO_LARGE: 'files of 2 GiB and more are not read',
};

/** What went wrong with a file, in words: `permission denied`. */
export function describeSystemError(error: unknown): string {
  const code = codeOf(error);
  const known = code === undefined ? undefined : systemMessages[code];
  return known ?? (error instanceof Error ? error.message : String(error));
}

/** The code of a Node error (`ENOENT`), if it has one. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The message as one line without control characters, which file names and headers may carry. */
export function oneLine(message: string): string {
  const line = message.replaceAll(/\s*\n\s*/g, ' ');
  return Array.from(line, (c) => (isControl(c) ? '\ufffd' : c)).join('');
}

/** Runs `work`; an error from it is thrown on, the same object, with the file's name before its message. */
export async function namingFile<T>(path: string, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error) error.message = `${path}: ${error.message}`;
    throw error;
  }
}

function isControl(c: string): boolean {
  return c < ' ' || (c >= '\u007f' && c <= '\u009f');
}
