/**
 * The repository's own files for the guards, read from disk: a copy without `.git` is checked like a clone.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the repository, without a trailing slash. */
export const repositoryRoot = fileURLToPath(new URL('../..', import.meta.url)).replace(/[/\\]$/, '');

/** What each package may import, and no more. Order: from the bottom up. */
export const layers: Readonly<Record<string, readonly string[]>> = {
  tensor: [],
  linalg: ['tensor'],
  nn: ['tensor'],
  approx: ['tensor', 'linalg', 'nn'],
  simd: ['tensor'],
  cli: ['tensor', 'linalg', 'nn', 'approx', 'simd'],
};

/** The packages that run anywhere: no Node, no code generation. */
export const corePackages: readonly string[] = ['tensor', 'linalg', 'nn', 'approx'];

/** Folders that git ignores (see .gitignore) and git's own. */
const ignoredFolders = new Set(['.git', 'node_modules', 'dist', 'out', '.generated', 'coverage']);

export interface SourceFile {
  /** Relative to the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** Paths of all files under the given folders (of the whole repository by default), sorted, relative to the root. */
export function listFiles(folders: readonly string[] = ['.']): string[] {
  const found: string[] = [];
  const visit = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!ignoredFolders.has(entry.name)) visit(path);
      } else if (entry.isFile()) {
        found.push(relative(repositoryRoot, path).split(sep).join('/'));
      }
    }
  };
  for (const folder of folders) visit(join(repositoryRoot, folder));
  return found.toSorted();
}

/** The TypeScript files under the given folders with their text. */
export function typescriptFiles(folders: readonly string[]): SourceFile[] {
  return listFiles(folders)
    .filter((path) => path.endsWith('.ts'))
    .map(readSource);
}

export function readSource(path: string): SourceFile {
  return { path, text: readFileSync(join(repositoryRoot, path), 'utf8') };
}

/** Names of the folders in packages/. */
export function packageFolders(): string[] {
  return readdirSync(join(repositoryRoot, 'packages'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted();
}

export function readJson(path: string): Record<string, unknown> {
  const value: unknown = JSON.parse(readSource(path).text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${path}: not an object`);
  return { ...value };
}

/** Fails with one line for each violation when there is any. */
export function expectNoViolations(violations: readonly string[]): void {
  if (violations.length > 0) throw new Error(`${violations.length} violation(s):\n${violations.join('\n')}`);
}
