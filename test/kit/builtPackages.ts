/**
 * The packages as a user gets them: compiled from a copy of packages/ in a temporary folder.
 *
 * The copy leaves dist/ of the repository alone (others may be reading it) and holds nothing stale.
 */

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { packageFolders, repositoryRoot } from './repository.ts';

export interface BuiltPackages {
  /** Absolute path of a folder with packages/<name>/dist, in which `@rankwise/<name>` resolves. */
  readonly root: string;
  readonly dispose: () => void;
}

export interface CommandResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Copies all packages and compiles one with those it needs; the default needs all. Throws with the compiler's output when there is an
 * error.
 */
export function buildPackages(name = 'cli'): BuiltPackages {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'rankwise-built-')));
  const skipped = new Set(['dist', 'node_modules']);
  cpSync(join(repositoryRoot, 'packages'), join(root, 'packages'), {
    recursive: true,
    filter: (source) => !skipped.has(basename(source)),
  });
  cpSync(join(repositoryRoot, 'tsconfig.json'), join(root, 'tsconfig.json'));
  mkdirSync(join(root, 'node_modules/@rankwise'), { recursive: true });
  symlinkSync(join(repositoryRoot, 'node_modules/@types'), join(root, 'node_modules/@types'));
  for (const folder of packageFolders())
    symlinkSync(join(root, 'packages', folder), join(root, 'node_modules/@rankwise', folder));
  const dispose = (): void => rmSync(root, { recursive: true, force: true });
  const { status, stdout } = compile(['-b', `packages/${name}`], root);
  if (status !== 0) {
    dispose();
    throw new Error(`tsc -b packages/${name}: exit ${status}\n${stdout}`);
  }
  return { root, dispose };
}

/** Runs this repository's TypeScript compiler in `folder`. */
export function compile(args: readonly string[], folder: string): CommandResult {
  return run(
    process.execPath,
    [join(repositoryRoot, 'node_modules/typescript/bin/tsc'), ...args, '--pretty', 'false'],
    folder,
  );
}

/** Runs a command to its end, in an environment without traces of the npm and the test runner that started this process. */
export function run(command: string, args: readonly string[], folder: string): CommandResult {
  const environment = Object.entries(process.env).filter(
    ([name]) => !/^(?:npm_|NODE_|VITEST|TEST$|INIT_CWD$)/i.test(name),
  );
  const result = spawnSync(command, args, {
    cwd: folder,
    env: Object.fromEntries(environment),
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (result.error !== undefined) throw result.error;
  return { status: result.status ?? -1, stdout: result.stdout, stderr: result.stderr };
}

/** As run, for a command that must succeed; gives what it printed. */
export function runOrThrow(command: string, args: readonly string[], folder: string): string {
  const { status, stdout, stderr } = run(command, args, folder);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: exit ${status}\n${stdout}\n${stderr}`);
  return stdout;
}
