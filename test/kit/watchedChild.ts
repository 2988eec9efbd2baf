/** Runs a file in a process of its own, from source, and ends it when it hangs. */

import { fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A process has this long to load before it first speaks. */
const LOADING_SECONDS = 120;

/**
 * The child sends `{ starts: what }` before each step, and at last `{ result }`, which is what is returned.
 * @param path - relative to the repository
 * @param silence - seconds a step may take, by the clock
 * @throws Error naming the step that did not end in time or in which the child died
 */
export function runWatched(path: string, args: readonly string[], silence: number): Promise<unknown> {
  const child = fork(join(root, path), args, {
    cwd: root,
    execArgv: ['--conditions=rankwise-source', '--import', 'tsx'],
  });
  return new Promise((resolve, reject) => {
    let step = 'loading';
    const hangs = (seconds: number): void => {
      child.kill('SIGKILL');
      reject(new Error(`no end after ${seconds} s: ${step}`));
    };
    let timer = setTimeout(hangs, LOADING_SECONDS * 1000, LOADING_SECONDS);
    child.on('message', (message: { readonly starts?: string; readonly result?: unknown }) => {
      clearTimeout(timer);
      if (message.starts === undefined) {
        resolve(message.result);
        return;
      }
      step = message.starts;
      timer = setTimeout(hangs, silence * 1000, silence);
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      // After a result this changes nothing.
      reject(new Error(`ended with ${code ?? signal}: ${step}`));
    });
  });
}
