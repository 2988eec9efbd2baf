/** Whole files as bytes, gunzipped where asked for, with limits: a file never decides alone how much memory is taken. */

import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

import { FormatError } from '@rankwise/tensor';

import { CommandError, codeOf, describeSystemError } from './failures.ts';

/** 1 GiB: twenty times the training images of MNIST, gunzipped. */
export const defaultGunzipLimit = 2 ** 30;

const inflate = promisify(gunzip);

/**
 * The bytes of a file (or named pipe).
 * @throws CommandError when it cannot be read, is a folder or a device, or has 2 GiB or more.
 */
export async function readFileBytes(path: string): Promise<Uint8Array> {
  try {
    const information = await stat(path);
    if (information.isDirectory()) throw new CommandError(`cannot read ${path}: it is a folder`);
    // A device such as /dev/zero has no end.
    if (!information.isFile() && !information.isFIFO()) throw new CommandError(`cannot read ${path}: it is no file`);
    return await readFile(path);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`cannot read ${path}: ${describeSystemError(error)}`, { cause: error });
  }
}

/** True when the bytes start as a gzip stream does (RFC 1952, 2.3.1). */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * The contents of a gzip stream.
 * @param limit - the most bytes that are taken
 * @throws FormatError `bad-gzip` when the stream is damaged or cut short, `too-large` when there are more bytes than `limit`.
 */
export async function gunzipBytes(bytes: Uint8Array, limit: number = defaultGunzipLimit): Promise<Uint8Array> {
  try {
    return await inflate(bytes, { maxOutputLength: limit });
  } catch (error) {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') {
      throw new FormatError(
        'too-large',
        0,
        `gunzipBytes: bytes: expected at most ${limit} bytes in the stream, got more`,
      );
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new FormatError('bad-gzip', 0, `gunzipBytes: bytes: expected a whole gzip stream, got one with ${reason}`);
  }
}
