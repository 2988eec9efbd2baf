/**
 * What the kit needs of vitest, to be named in `setupFiles`: when a test file ends, its worst ratios and its notes travel to
 * the reporter (ratioReporter.ts) as metadata of the file, from whichever process it ran in.
 */

import { afterAll } from 'vitest';
import { worstRatios } from './worstRatios.ts';
import type { WorstRatio } from './worstRatios.ts';

declare module 'vitest' {
  interface TaskMeta {
    worstRatios?: WorstRatio[];
    notes?: string[];
  }
}

const notes: string[] = [];

/** A line to be printed after the table. */
export function note(line: string): void {
  notes.push(line);
}

// vitest reads the pattern to learn which fixtures are wanted: none.
// oxlint-disable-next-line no-empty-pattern
afterAll(({}, suite) => {
  const found = worstRatios();
  if (found.length > 0) suite.meta.worstRatios = found;
  if (notes.length > 0) suite.meta.notes = notes;
});
